/* icmp.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "icmp.h"

#include <epan/ipproto.h>

#include "../compat.h"
#include "../clock.h"

enum {
    /* where fields of an ICMP header lie, in bytes */
    ICMP_TYPE = 0,
    ICMP_CODE = 1,
    ICMP_MTU = 6,                   /* RFC 1191 section 4 */
    ICMPV6_MTU = 4,                 /* RFC 4443 section 3.2 */
    ICMP_QUOTE = 8,
    /* types */
    ICMP_UNREACHABLE = 3,
    ICMP_SOURCE_QUENCH = 4,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_LAST_ERROR = 127,
    /* codes */
    ICMP_TOO_BIG = 4,
    /* in what is quoted */
    SPI_SIZE = 4,
    AH_SPI = 4,
    NON_ESP_MARKER = 4,
    IKE_SPIS = 16
};

static bool
is_error(bool is_ipv4, uint8_t type)
{
    if (!is_ipv4)
        return type <= ICMPV6_LAST_ERROR;
    return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

static uint32_t
mtu_of(bool is_ipv4, const uint8_t *header)
{
    if (is_ipv4)
        return header[ICMP_TYPE] == ICMP_UNREACHABLE && header[ICMP_CODE] == ICMP_TOO_BIG ? pntohu16(header + ICMP_MTU) : 0;
    return header[ICMP_TYPE] == ICMPV6_TOO_BIG ? pntohu32(header + ICMPV6_MTU) : 0;
}

static bool
is_port(const struct carrier *quote, uint16_t port)
{
    return quote->source_port == port || quote->destination_port == port;
}

static void
take_ike(const struct carrier *quote, int at, struct icmp_error *error)
{
    error->is_ike = true;
    error->protocol = 0;
    if (!span_holds(&quote->span, at, IKE_SPIS))
        return;
    error->initiator_spi = pntohu64(quote->span.bytes + at);
    error->responder_spi = pntohu64(quote->span.bytes + at + sizeof error->initiator_spi);
}

/* What is quoted behind a UDP header; a quote may end right there. */
static bool
take_udp(struct carrier *quote, struct icmp_error *error)
{
    if (quote->is_fragment && quote->offset != 0)
        return false;
    if (!carrier_step_udp(quote) || (!is_port(quote, PORT_IKE) && !is_port(quote, PORT_NAT_T)))
        return false;
    if (!is_port(quote, PORT_NAT_T)) {
        take_ike(quote, quote->at, error);
        return true;
    }
    error->protocol = IPSEC_ESP;
    error->spi = span_holds(&quote->span, quote->at, SPI_SIZE) ? pntohu32(quote->span.bytes + quote->at) : 0;
    if (error->spi == 0 && span_holds(&quote->span, quote->at, SPI_SIZE))
        take_ike(quote, quote->at + NON_ESP_MARKER, error);
    return true;
}

static bool
take_quote(struct carrier *quote, struct icmp_error *error)
{
    int at = quote->at + (quote->next == IP_PROTO_AH ? AH_SPI : 0);

    switch (quote->next) {
    case IP_PROTO_UDP:
        return take_udp(quote, error);
    case IP_PROTO_ESP:
    case IP_PROTO_AH:
        error->protocol = (uint8_t)quote->next;
        if (quote->offset == 0 && span_holds(&quote->span, at, SPI_SIZE))
            error->spi = pntohu32(quote->span.bytes + at);
        return true;
    default:
        return false;
    }
}

bool
icmp_read(const packet_info *pinfo, const struct place *place, struct icmp_error *error)
{
    enum { IPV4 = 4, IPV6 = 6 };
    const struct carrier *carrier = place->carrier;
    const uint8_t *header = carrier->span.bytes + carrier->at;
    bool is_ipv4 = carrier->address_length == IPV4_LENGTH;
    struct endpoint reporter, told;
    struct carrier quote;

    if (!is_error(is_ipv4, header[ICMP_TYPE])
            || !carrier_begin(&quote, &carrier->span, carrier->at + ICMP_QUOTE, is_ipv4 ? IPV4 : IPV6, CERTAIN))
        return false;
    memset(error, 0, sizeof *error);
    if (!take_quote(&quote, error))
        return false;
    error->frame = pinfo->num;
    error->time = clock_of(&pinfo->abs_ts);
    carrier_endpoints(carrier, &reporter, &told);
    error->reporter = reporter.address;
    carrier_endpoints(&quote, &error->source, &error->destination);
    error->type = header[ICMP_TYPE];
    error->code = header[ICMP_CODE];
    error->mtu = mtu_of(is_ipv4, header);
    error->fingerprint = wmem_strong_hash(header, (size_t)(MIN(carrier->span.captured, carrier->end) - carrier->at));
    return true;
}

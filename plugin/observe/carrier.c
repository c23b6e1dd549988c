/* carrier.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "carrier.h"

#include <epan/ipproto.h>

#include "../compat.h"

/* Where fields of an IPv4 header lie (RFC 791 section 3.1), in bytes. */
enum {
    IPV4_TOTAL_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_FRAGMENT = 6,
    IPV4_PROTOCOL = 9,
    IPV4_CHECKSUM = 10,
    IPV4_SOURCE = 12,
    IPV4_DESTINATION = 16,
    IPV4_HEADER = 20,               /* without options */
    /* in the first byte: the header's length in words of four bytes */
    IPV4_IHL = 0x0f,
    IPV4_WITHOUT_OPTIONS = 0x45,
    IPV4_MORE = 0x2000,
    IPV4_OFFSET = 0x1fff
};

/* Of an IPv6 header (RFC 8200 section 3) and its extension headers (section 4). */
enum {
    IPV6_PAYLOAD_LENGTH = 4,
    IPV6_NEXT_HEADER = 6,
    IPV6_SOURCE = 8,
    IPV6_DESTINATION = 24,
    IPV6_HEADER = 40,
    EXTENSION_UNIT = 8,             /* an extension header's length is a multiple of it, and at least that */
    FRAGMENT_OFFSET = 2,
    FRAGMENT_ID = 4,
    FRAGMENT_MORE = 1,
    FRAGMENT_OFFSET_MASK = 0xfff8
};

/* Versions in the first byte of an IP header (IANA: IP Version Numbers). */
enum {
    VERSION_IPV4 = 4,
    VERSION_IPV6 = 6
};

enum {
    WORD = 4,
    UDP_HEADER = 8,
    UDP_DESTINATION = 2,
    TCP_HEADER = 20,
    TCP_DATA_OFFSET = 12,           /* in words, in the upper half of the byte */
    AH_HEADER = 12,
    AH_LENGTH = 1,                  /* in words, less two (RFC 4302 section 2.2) */
    AH_LENGTH_LESS = 2,
    EXTENSIONS_AT_MOST = 8,
    FRAGMENT_UNIT = 8
};

static struct span
span_of_lengths(tvbuff_t *tvb, uint32_t captured, uint32_t reported)
{
    struct span span = { .captured = (int)captured, .reported = (int)MIN(reported, INT_MAX) };

    if (span.captured > 0)
        span.bytes = tvb_get_ptr(tvb, 0, span.captured);
    return span;
}

struct span
span_of(tvbuff_t *tvb)
{
    return span_of_lengths(tvb, tvb_captured_length(tvb), tvb_reported_length(tvb));
}

struct span
span_of_frame(tvbuff_t *tvb, const packet_info *pinfo)
{
    return span_of_lengths(tvb, pinfo->fd->cap_len, pinfo->fd->pkt_len);
}

/* The header checksum of an IPv4 header, or no checksum at all (offloaded to the interface). */
static bool
checksum_fits(const struct span *span, int start, int header)
{
    enum { WORD_BITS = 16 };
    const uint8_t *ip = span->bytes + start;
    uint32_t sum = 0;

    if (!span_holds(span, start, header))
        return false;
    for (int i = 0; i < header; i += 2)
        sum += pntohu16(ip + i);
    while (sum >> WORD_BITS)
        sum = (sum & UINT16_MAX) + (sum >> WORD_BITS);
    return sum == UINT16_MAX || pntohu16(ip + IPV4_CHECKSUM) == 0;
}

static bool
begin_ipv4(struct carrier *carrier, const struct span *span, int start, enum certainty certainty)
{
    const uint8_t *ip = span->bytes + start;
    int header = (ip[0] & IPV4_IHL) * WORD;
    int total = pntohu16(ip + IPV4_TOTAL_LENGTH);
    int there = span->reported - start;

    if (total == 0)                 /* segmentation offload */
        total = there;
    if (header < IPV4_HEADER || total < header || header > there)
        return false;
    if (certainty != CERTAIN && (certainty == WHOLE ? total > there : !checksum_fits(span, start, header)))
        return false;
    carrier->at = start + header;
    carrier->end = start + MIN(total, there);
    carrier->next = ip[IPV4_PROTOCOL];
    carrier->address_length = IPV4_LENGTH;
    carrier->source = ip + IPV4_SOURCE;
    carrier->destination = ip + IPV4_DESTINATION;
    uint16_t fragment = pntohu16(ip + IPV4_FRAGMENT) & (IPV4_OFFSET | IPV4_MORE);
    carrier->is_fragment = fragment != 0;
    carrier->offset = (uint16_t)((fragment & IPV4_OFFSET) * FRAGMENT_UNIT);
    if (!carrier->is_fragment)
        return true;
    carrier->more = (fragment & IPV4_MORE) != 0;
    carrier->id = pntohu16(ip + IPV4_ID);
    return true;
}

bool
carrier_begin_plain(struct carrier *carrier, int start)
{
    const uint8_t *ip = carrier->span.bytes + start;

    if (!span_holds(&carrier->span, start, IPV4_HEADER) || ip[0] != IPV4_WITHOUT_OPTIONS
            || (pntohu16(ip + IPV4_FRAGMENT) & (IPV4_OFFSET | IPV4_MORE)) != 0)
        return false;
    int end = start + pntohu16(ip + IPV4_TOTAL_LENGTH);
    carrier->at = start + IPV4_HEADER;
    if (end < carrier->at || end > carrier->span.reported)
        return false;
    carrier->end = end;
    carrier->next = ip[IPV4_PROTOCOL];
    carrier->address_length = IPV4_LENGTH;
    carrier->source = ip + IPV4_SOURCE;
    carrier->destination = ip + IPV4_DESTINATION;
    return true;
}

/* Over IPv6's extension headers. */
static bool
step_extensions(struct carrier *carrier)
{
    for (int i = 0; i < EXTENSIONS_AT_MOST; i++) {
        bool is_fragment = carrier->next == IP_PROTO_FRAGMENT;
        if (!is_fragment && carrier->next != IP_PROTO_HOPOPTS && carrier->next != IP_PROTO_ROUTING && carrier->next != IP_PROTO_DSTOPTS)
            return true;
        if (!span_holds(&carrier->span, carrier->at, EXTENSION_UNIT))
            return false;
        const uint8_t *header = carrier->span.bytes + carrier->at;
        carrier->next = header[0];
        carrier->at += is_fragment ? EXTENSION_UNIT : (header[1] + 1) * EXTENSION_UNIT;
        if (!is_fragment)
            continue;
        uint16_t fragment = pntohu16(header + FRAGMENT_OFFSET);
        carrier->more = (fragment & FRAGMENT_MORE) != 0;
        carrier->offset = fragment & FRAGMENT_OFFSET_MASK;
        carrier->is_fragment = carrier->more || carrier->offset != 0;
        carrier->id = pntohu32(header + FRAGMENT_ID);
        if (carrier->offset != 0)
            return true;            /* what follows is no header */
    }
    return false;
}

static bool
begin_ipv6(struct carrier *carrier, const struct span *span, int start, enum certainty certainty)
{
    const uint8_t *ip = span->bytes + start;
    int there = span->reported - start - IPV6_HEADER;

    if (!span_holds(span, start, IPV6_HEADER))
        return false;
    int payload = pntohu16(ip + IPV6_PAYLOAD_LENGTH);
    if (payload == 0)
        payload = there;
    if (certainty != CERTAIN && payload > there)
        return false;
    carrier->at = start + IPV6_HEADER;
    carrier->end = carrier->at + MIN(payload, there);
    carrier->next = ip[IPV6_NEXT_HEADER];
    carrier->address_length = IPV6_LENGTH;
    carrier->source = ip + IPV6_SOURCE;
    carrier->destination = ip + IPV6_DESTINATION;
    carrier->is_fragment = false;
    carrier->offset = 0;
    return step_extensions(carrier);
}

bool
carrier_begin(struct carrier *carrier, const struct span *span, int start, unsigned version, enum certainty certainty)
{
    if (!span_holds(span, start, IPV4_HEADER))
        return false;
    unsigned found = span->bytes[start] >> 4;
    if (version != 0 && found != version)
        return false;
    carrier->span = *span;
    carrier->has_ports = carrier->was_reassembled = false;
    if (found == VERSION_IPV4)
        return begin_ipv4(carrier, span, start, certainty);
    return found == VERSION_IPV6 && begin_ipv6(carrier, span, start, certainty);
}

bool
carrier_step_ah(struct carrier *carrier)
{
    if (!span_holds(&carrier->span, carrier->at, AH_HEADER))
        return false;
    const uint8_t *header = carrier->span.bytes + carrier->at;
    carrier->next = header[0];
    carrier->at += (header[AH_LENGTH] + AH_LENGTH_LESS) * WORD;
    return step_extensions(carrier);
}

bool
carrier_step_udp(struct carrier *carrier)
{
    if (!span_holds(&carrier->span, carrier->at, UDP_HEADER))
        return false;
    const uint8_t *header = carrier->span.bytes + carrier->at;
    carrier->has_ports = true;
    carrier->source_port = pntohu16(header);
    carrier->destination_port = pntohu16(header + UDP_DESTINATION);
    carrier->at += UDP_HEADER;
    carrier->next = NEXT_PAYLOAD;
    return true;
}

bool
carrier_step_tcp(struct carrier *carrier)
{
    if (!span_holds(&carrier->span, carrier->at, TCP_HEADER))
        return false;
    carrier->at += (carrier->span.bytes[carrier->at + TCP_DATA_OFFSET] >> 4) * WORD;
    carrier->next = NEXT_PAYLOAD;
    return true;
}

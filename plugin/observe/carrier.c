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
    IPV4_FRAGMENT = 6,
    IPV4_PROTOCOL = 9,
    IPV4_CHECKSUM = 10,
    IPV4_SOURCE = 12,
    IPV4_DESTINATION = 16,
    IPV4_HEADER = 20,               /* without options */
    /* in the first byte: the header's length in words of four bytes */
    IPV4_IHL = 0x0f,
    IPV4_FRAGMENT_OFFSET = 0x1fff
};

/* Of an IPv6 header (RFC 8200 section 3) and its extension headers (section 4). */
enum {
    IPV6_PAYLOAD_LENGTH = 4,
    IPV6_NEXT_HEADER = 6,
    IPV6_SOURCE = 8,
    IPV6_DESTINATION = 24,
    IPV6_HEADER = 40,
    EXTENSION_UNIT = 8,             /* an extension header's length is a multiple of it, and at least that */
    FRAGMENT_HEADER = 8,
    FRAGMENT_OFFSET = 0xfff8
};

/* Versions in the first byte of an IP header (IANA: IP Version Numbers). */
enum {
    VERSION_IPV4 = 4,
    VERSION_IPV6 = 6
};

enum {
    UDP_HEADER = 8,
    ESP_HEADER = 8,
    /* how far into a frame an IP header that carries IPsec is searched for */
    SEARCH_AT_MOST = 2048,
    /* how far before the header the IP header may begin: options, extension headers, an AH */
    REACH_AT_MOST = 320,
    /* headers between the two */
    CHAIN_AT_MOST = 8
};

/* A position in a chain of headers. */
struct walk {
    const struct span *span;
    int at;
    int end;                        /* of the IP payload */
    uint8_t next;                   /* protocol of the header at at */
    bool fragment;                  /* not the first one */
    uint16_t source_port;
    uint16_t destination_port;
};

struct span
span_of(tvbuff_t *tvb)
{
    struct span span = { .captured = (int)tvb_captured_length(tvb), .reported = (int)tvb_reported_length(tvb) };

    if (span.captured > 0)
        span.bytes = tvb_get_ptr(tvb, 0, span.captured);
    return span;
}

static bool
holds(const struct span *span, int offset, int length)
{
    return offset >= 0 && length >= 0 && offset <= span->captured - length;
}

static void
take_endpoint(struct endpoint *endpoint, const uint8_t *bytes, uint8_t length, uint16_t port)
{
    *endpoint = (struct endpoint){ .address.length = length, .port = port };
    if (length == IPV4_LENGTH)
        memcpy(endpoint->address.bytes, bytes, IPV4_LENGTH);
    else
        memcpy(endpoint->address.bytes, bytes, IPV6_LENGTH);
}

static inline bool
begin_ipv4(struct walk *walk, int start)
{
    const uint8_t *ip = walk->span->bytes + start;
    int header = (ip[0] & IPV4_IHL) * 4;
    int total = pntohu16(ip + IPV4_TOTAL_LENGTH);
    int there = walk->span->reported - start;

    if (header < IPV4_HEADER)
        return false;
    if (total == 0)                 /* segmentation offload */
        total = there;
    if (total < header || total > there)
        return false;
    walk->at = start + header;
    walk->end = start + total;
    walk->next = ip[IPV4_PROTOCOL];
    walk->fragment = (pntohu16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENT_OFFSET) != 0;
    return true;
}

static bool
begin_ipv6(struct walk *walk, int start)
{
    const uint8_t *ip = walk->span->bytes + start;
    int payload = pntohu16(ip + IPV6_PAYLOAD_LENGTH);
    int there = walk->span->reported - start - IPV6_HEADER;

    if (payload == 0)
        payload = there;
    if (payload > there)
        return false;
    walk->at = start + IPV6_HEADER;
    walk->end = walk->at + payload;
    walk->next = ip[IPV6_NEXT_HEADER];
    walk->fragment = false;
    return true;
}

static inline bool
begin(struct walk *walk, int start)
{
    if (!holds(walk->span, start, IPV4_HEADER))
        return false;
    switch (walk->span->bytes[start] >> 4) {
    case VERSION_IPV4:
        return begin_ipv4(walk, start);
    case VERSION_IPV6:
        return holds(walk->span, start, IPV6_HEADER) && begin_ipv6(walk, start);
    default:
        return false;
    }
}

/* Over one header; false at the end of what can stand before ESP or AH. */
static bool
step(struct walk *walk)
{
    if (!holds(walk->span, walk->at, EXTENSION_UNIT))
        return false;
    const uint8_t *header = walk->span->bytes + walk->at;
    switch (walk->next) {
    case IP_PROTO_HOPOPTS:
    case IP_PROTO_ROUTING:
    case IP_PROTO_DSTOPTS:
        walk->next = header[0];
        walk->at += (header[1] + 1) * EXTENSION_UNIT;
        return true;
    case IP_PROTO_FRAGMENT:
        walk->next = header[0];
        walk->fragment = (pntohu16(header + 2) & FRAGMENT_OFFSET) != 0;
        walk->at += FRAGMENT_HEADER;
        return true;
    case IP_PROTO_AH:
        walk->next = header[0];
        walk->at += (header[1] + 2) * 4;
        return true;
    case IP_PROTO_UDP:
        walk->source_port = pntohu16(header);
        walk->destination_port = pntohu16(header + 2);
        walk->at += UDP_HEADER;
        walk->next = IP_PROTO_ESP;      /* RFC 3948 carries nothing else */
        return true;
    default:
        return false;
    }
}

static bool
ends_here(const struct walk *walk, uint8_t protocol)
{
    return walk->next == protocol && !walk->fragment && walk->end >= walk->at + ESP_HEADER;
}

static inline bool
leads_to(struct walk *walk, int offset, uint8_t protocol)
{
    for (int i = 0; i < CHAIN_AT_MOST; i++) {
        if (walk->at >= offset)
            break;
        if (walk->fragment || !step(walk))
            return false;
    }
    return walk->at == offset && ends_here(walk, protocol);
}

static inline void
take(const struct walk *walk, int start, struct ipsec_packet *packet)
{
    const uint8_t *ip = walk->span->bytes + start;
    bool is_ipv4 = ip[0] >> 4 == VERSION_IPV4;
    uint8_t length = is_ipv4 ? IPV4_LENGTH : IPV6_LENGTH;

    take_endpoint(&packet->source, ip + (is_ipv4 ? IPV4_SOURCE : IPV6_SOURCE), length, walk->source_port);
    take_endpoint(&packet->destination, ip + (is_ipv4 ? IPV4_DESTINATION : IPV6_DESTINATION), length, walk->destination_port);
    packet->length = (uint32_t)(walk->end - walk->at);
}

bool
carrier_find(const struct span *span, int offset, uint8_t protocol, struct ipsec_packet *packet)
{
    for (int back = IPV4_HEADER; back <= REACH_AT_MOST && back <= offset; back += 4) {
        struct walk walk = { .span = span };
        if (begin(&walk, offset - back) && leads_to(&walk, offset, protocol)) {
            take(&walk, offset - back, packet);
            return true;
        }
    }
    return false;
}

/* The header checksum of an IPv4 header, or no checksum at all (offloaded to the interface). */
static bool
checksum_fits(const struct span *span, int start)
{
    enum { WORD_BITS = 16 };
    const uint8_t *ip = span->bytes + start;
    int header = (ip[0] & IPV4_IHL) * 4;
    uint32_t sum = 0;

    if (!holds(span, start, header))
        return false;
    for (int i = 0; i < header; i += 2)
        sum += pntohu16(ip + i);
    while (sum >> WORD_BITS)
        sum = (sum & UINT16_MAX) + (sum >> WORD_BITS);
    return sum == UINT16_MAX || pntohu16(ip + IPV4_CHECKSUM) == 0;
}

/* Whether an IP header seems to begin here, where nothing says so but its own bytes. */
static bool
begin_unsaid(struct walk *walk, int start)
{
    return begin(walk, start) && (walk->span->bytes[start] >> 4 != VERSION_IPV4 || checksum_fits(walk->span, start));
}

/* Inside UDP only where the port is ESP's (RFC 3948 section 2.1): it may be any tunnel. */
static bool
is_usual(uint16_t source_port, uint16_t destination_port)
{
    return source_port == 0 || source_port == PORT_NAT_T || destination_port == PORT_NAT_T;
}

bool
carrier_is_usual(const struct ipsec_packet *packet)
{
    return is_usual(packet->source.port, packet->destination.port);
}

int
carrier_search(const struct span *span, int from, uint8_t protocol)
{
    for (int start = 0; start <= span->captured - IPV4_HEADER && start <= SEARCH_AT_MOST; start++) {
        struct walk walk = { .span = span };
        if (!begin_unsaid(&walk, start))
            continue;
        for (int i = 0; i < CHAIN_AT_MOST && !walk.fragment; i++) {
            if (walk.at > from && ends_here(&walk, protocol) && is_usual(walk.source_port, walk.destination_port))
                return walk.at;
            if (!step(&walk))
                break;
        }
    }
    return -1;
}

bool
carrier_find_fragment(const struct span *span, uint8_t protocol, struct ipsec_packet *packet, bool *in_udp)
{
    for (int start = 0; start <= span->captured - IPV4_HEADER && start <= REACH_AT_MOST; start++) {
        struct walk walk = { .span = span };
        if (!begin_unsaid(&walk, start))
            continue;
        for (int i = 0; i < CHAIN_AT_MOST && !walk.fragment && step(&walk); i++)
            ;
        *in_udp = walk.next == IP_PROTO_UDP;
        if (walk.fragment && (walk.next == protocol || *in_udp)) {
            take(&walk, start, packet);
            return true;
        }
    }
    return false;
}

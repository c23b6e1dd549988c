/* carrier.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "carrier.h"

#include <epan/ipproto.h>

#include "../compat.h"

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    UDP_HEADER = 8,
    FRAGMENT_HEADER = 8,
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
    if (length == 4)
        memcpy(endpoint->address.bytes, bytes, 4);
    else
        memcpy(endpoint->address.bytes, bytes, 16);
}

static inline bool
begin_ipv4(struct walk *walk, int start)
{
    const uint8_t *ip = walk->span->bytes + start;
    int header = (ip[0] & 0x0f) * 4;
    int total = pntohu16(ip + 2);
    int there = walk->span->reported - start;

    if (header < IPV4_HEADER)
        return false;
    if (total == 0)                 /* segmentation offload */
        total = there;
    if (total < header || total > there)
        return false;
    walk->at = start + header;
    walk->end = start + total;
    walk->next = ip[9];
    walk->fragment = (pntohu16(ip + 6) & 0x1fff) != 0;
    return true;
}

static bool
begin_ipv6(struct walk *walk, int start)
{
    const uint8_t *ip = walk->span->bytes + start;
    int payload = pntohu16(ip + 4);
    int there = walk->span->reported - start - IPV6_HEADER;

    if (payload == 0)
        payload = there;
    if (payload > there)
        return false;
    walk->at = start + IPV6_HEADER;
    walk->end = walk->at + payload;
    walk->next = ip[6];
    walk->fragment = false;
    return true;
}

static inline bool
begin(struct walk *walk, int start)
{
    if (!holds(walk->span, start, IPV4_HEADER))
        return false;
    switch (walk->span->bytes[start] >> 4) {
    case 4:
        return begin_ipv4(walk, start);
    case 6:
        return holds(walk->span, start, IPV6_HEADER) && begin_ipv6(walk, start);
    default:
        return false;
    }
}

/* Over one header; false at the end of what can stand before ESP or AH. */
static bool
step(struct walk *walk)
{
    if (!holds(walk->span, walk->at, 8))
        return false;
    const uint8_t *header = walk->span->bytes + walk->at;
    switch (walk->next) {
    case IP_PROTO_HOPOPTS:
    case IP_PROTO_ROUTING:
    case IP_PROTO_DSTOPTS:
        walk->next = header[0];
        walk->at += (header[1] + 1) * 8;
        return true;
    case IP_PROTO_FRAGMENT:
        walk->next = header[0];
        walk->fragment = (pntohu16(header + 2) & 0xfff8) != 0;
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
    bool is_ipv4 = ip[0] >> 4 == 4;

    take_endpoint(&packet->source, ip + (is_ipv4 ? 12 : 8), is_ipv4 ? 4 : 16, walk->source_port);
    take_endpoint(&packet->destination, ip + (is_ipv4 ? 16 : 24), is_ipv4 ? 4 : 16, walk->destination_port);
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
    const uint8_t *ip = span->bytes + start;
    int header = (ip[0] & 0x0f) * 4;
    uint32_t sum = 0;

    if (!holds(span, start, header))
        return false;
    for (int i = 0; i < header; i += 2)
        sum += pntohu16(ip + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff || pntohu16(ip + 10) == 0;
}

/* Whether an IP header seems to begin here, where nothing says so but its own bytes. */
static bool
begin_unsaid(struct walk *walk, int start)
{
    return begin(walk, start) && (walk->span->bytes[start] >> 4 != 4 || checksum_fits(walk->span, start));
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

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
    /* how far before the header the IP header may begin: options, extension headers, an AH */
    REACH_AT_MOST = 320,
    /* headers between the two */
    CHAIN_AT_MOST = 8
};

/* A position in a chain of headers. */
struct walk {
    tvbuff_t *tvb;
    int at;
    int end;                        /* of the IP payload */
    uint8_t next;                   /* protocol of the header at at */
    bool fragment;                  /* not the first one */
    uint16_t source_port;
    uint16_t destination_port;
};

static uint8_t
byte_at(tvbuff_t *tvb, int offset)
{
    return tvb_get_uint8(tvb, offset);
}

static void
take_address(struct ip_address *address, tvbuff_t *tvb, int offset, uint8_t length)
{
    memset(address, 0, sizeof *address);
    address->length = length;
    tvb_memcpy(tvb, address->bytes, offset, length);
}

static bool
begin_ipv4(struct walk *walk, int start)
{
    tvbuff_t *tvb = walk->tvb;
    int header = (byte_at(tvb, start) & 0x0f) * 4;
    int total = tvb_get_ntohs(tvb, start + 2);
    int there = tvb_reported_length_remaining(tvb, start);

    if (header < IPV4_HEADER)
        return false;
    if (total == 0)                 /* segmentation offload */
        total = there;
    if (total < header || total > there)
        return false;
    walk->at = start + header;
    walk->end = start + total;
    walk->next = byte_at(tvb, start + 9);
    walk->fragment = (tvb_get_ntohs(tvb, start + 6) & 0x1fff) != 0;
    return true;
}

static bool
begin_ipv6(struct walk *walk, int start)
{
    int payload = tvb_get_ntohs(walk->tvb, start + 4);
    int there = tvb_reported_length_remaining(walk->tvb, start) - IPV6_HEADER;

    if (payload == 0)
        payload = there;
    if (payload > there)
        return false;
    walk->at = start + IPV6_HEADER;
    walk->end = walk->at + payload;
    walk->next = byte_at(walk->tvb, start + 6);
    walk->fragment = false;
    return true;
}

static bool
begin(struct walk *walk, int start)
{
    if (!tvb_bytes_exist(walk->tvb, start, IPV4_HEADER))
        return false;
    switch (byte_at(walk->tvb, start) >> 4) {
    case 4:
        return begin_ipv4(walk, start);
    case 6:
        return tvb_bytes_exist(walk->tvb, start, IPV6_HEADER) && begin_ipv6(walk, start);
    default:
        return false;
    }
}

/* Over one header; false at the end of what can stand before ESP or AH. */
static bool
step(struct walk *walk)
{
    tvbuff_t *tvb = walk->tvb;
    uint8_t this = walk->next;

    if (!tvb_bytes_exist(tvb, walk->at, 8))
        return false;
    switch (this) {
    case IP_PROTO_HOPOPTS:
    case IP_PROTO_ROUTING:
    case IP_PROTO_DSTOPTS:
        walk->next = byte_at(tvb, walk->at);
        walk->at += (byte_at(tvb, walk->at + 1) + 1) * 8;
        return true;
    case IP_PROTO_FRAGMENT:
        walk->next = byte_at(tvb, walk->at);
        walk->fragment = (tvb_get_ntohs(tvb, walk->at + 2) & 0xfff8) != 0;
        walk->at += FRAGMENT_HEADER;
        return true;
    case IP_PROTO_AH:
        walk->next = byte_at(tvb, walk->at);
        walk->at += (byte_at(tvb, walk->at + 1) + 2) * 4;
        return true;
    case IP_PROTO_UDP:
        walk->source_port = tvb_get_ntohs(tvb, walk->at);
        walk->destination_port = tvb_get_ntohs(tvb, walk->at + 2);
        walk->at += UDP_HEADER;
        walk->next = IP_PROTO_ESP;      /* RFC 3948 carries nothing else */
        return true;
    default:
        return false;
    }
}

static bool
leads_to(struct walk *walk, int offset, uint8_t protocol)
{
    for (int i = 0; i < CHAIN_AT_MOST; i++) {
        if (walk->at >= offset)
            break;
        if (walk->fragment || !step(walk))
            return false;
    }
    return walk->at == offset && walk->next == protocol && !walk->fragment && walk->end >= offset + 8;
}

static void
take(const struct walk *walk, int start, int offset, struct carrier *carrier)
{
    if (byte_at(walk->tvb, start) >> 4 == 4) {
        take_address(&carrier->source.address, walk->tvb, start + 12, 4);
        take_address(&carrier->destination.address, walk->tvb, start + 16, 4);
    } else {
        take_address(&carrier->source.address, walk->tvb, start + 8, 16);
        take_address(&carrier->destination.address, walk->tvb, start + 24, 16);
    }
    carrier->source.port = walk->source_port;
    carrier->destination.port = walk->destination_port;
    carrier->length = (uint32_t)(walk->end - offset);
}

bool
carrier_find(tvbuff_t *tvb, int offset, uint8_t protocol, struct carrier *carrier)
{
    for (int back = IPV4_HEADER; back <= REACH_AT_MOST && back <= offset; back += 4) {
        struct walk walk = { .tvb = tvb };
        if (begin(&walk, offset - back) && leads_to(&walk, offset, protocol)) {
            take(&walk, offset - back, offset, carrier);
            return true;
        }
    }
    return false;
}

/* The header checksum of an IPv4 header, or no checksum at all (offloaded to the interface). */
static bool
checksum_fits(tvbuff_t *tvb, int start)
{
    uint32_t sum = 0;
    int header = (byte_at(tvb, start) & 0x0f) * 4;

    if (!tvb_bytes_exist(tvb, start, header))
        return false;
    for (int i = 0; i < header; i += 2)
        sum += tvb_get_ntohs(tvb, start + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff || tvb_get_ntohs(tvb, start + 10) == 0;
}

bool
carrier_find_fragment(tvbuff_t *tvb, uint8_t protocol, struct carrier *carrier)
{
    int last = (int)tvb_captured_length(tvb) - IPV4_HEADER;

    for (int start = 0; start <= last && start <= REACH_AT_MOST; start++) {
        struct walk walk = { .tvb = tvb };
        if (!begin(&walk, start))
            continue;
        if (byte_at(tvb, start) >> 4 == 4 && !checksum_fits(tvb, start))
            continue;
        for (int i = 0; i < CHAIN_AT_MOST && !walk.fragment && step(&walk); i++)
            ;
        if (walk.fragment && (walk.next == protocol || walk.next == IP_PROTO_UDP)) {
            take(&walk, start, walk.at, carrier);
            return true;
        }
    }
    return false;
}

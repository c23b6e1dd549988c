/* fragments.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fragments.h"

#include <epan/ipproto.h>

#include "../compat.h"
#include "../clock.h"

/* Packets in fragments that are waited for at once; a further one takes the oldest's place, of which nothing is said then. */
#define WAITING_AT_MOST 64

/* Seconds that a receiver waits (Linux: net.ipv4.ipfrag_time; RFC 8200 section 4.5 has 60). */
#define WAIT 30

/* Seconds after which a sender may take a packet for lost (RFC 6298 section 2.4). Once it has sent further packets in fragments
 * so much later, what is missing of the one before was overtaken by more than paths reorder: nobody need wait until the capture ends.
 * Two, as the first whole packet of a flow makes it known. */
#define OVERTAKEN_AFTER 1
#define OVERTAKEN_BY 2

enum { WORD_AT_START = 4 };

struct waiting {
    bool is_used;
    bool is_ipsec;                  /* a fragment with ports, or the protocol, says so */
    unsigned overtaken;             /* later packets of the same sender */
    uint32_t id;
    uint16_t protocol;              /* behind the IP header */
    struct lost_packet packet;
};

struct fragments {
    struct waiting waiting[WAITING_AT_MOST];    /* a ring */
    unsigned next;
    unsigned used;
};

struct fragments *
fragments_create(wmem_allocator_t *pool)
{
    return wmem_new0(pool, struct fragments);
}

static bool
is_between(const struct waiting *waiting, const struct endpoint *source, const struct endpoint *destination)
{
    return ip_address_equal(&waiting->packet.source.address, &source->address)
            && ip_address_equal(&waiting->packet.destination.address, &destination->address);
}

static struct waiting *
find(struct fragments *fragments, const struct carrier *carrier)
{
    struct endpoint source, destination;

    if (fragments->used == 0)
        return NULL;
    carrier_endpoints(carrier, &source, &destination);
    for (unsigned i = 0; i < WAITING_AT_MOST; i++) {
        struct waiting *waiting = &fragments->waiting[i];
        if (waiting->is_used && waiting->id == carrier->id && is_between(waiting, &source, &destination))
            return waiting;
    }
    return NULL;
}

static void
overtake(struct fragments *fragments, const struct waiting *newest)
{
    for (unsigned i = 0; i < WAITING_AT_MOST; i++) {
        struct waiting *waiting = &fragments->waiting[i];
        if (waiting->is_used && waiting->protocol == newest->protocol
                && is_between(waiting, &newest->packet.source, &newest->packet.destination)
                && clock_passed(&waiting->packet.time, &newest->packet.time, OVERTAKEN_AFTER))
            waiting->overtaken++;
    }
}

static struct waiting *
open_waiting(struct fragments *fragments, const packet_info *pinfo, const struct carrier *carrier)
{
    struct waiting *waiting = &fragments->waiting[fragments->next++ % WAITING_AT_MOST];

    if (!waiting->is_used)
        fragments->used++;
    memset(waiting, 0, sizeof *waiting);
    waiting->is_used = true;
    waiting->id = carrier->id;
    waiting->protocol = (uint16_t)carrier->next;
    waiting->packet.frame = pinfo->num;
    waiting->packet.time = clock_of(&pinfo->abs_ts);
    carrier_endpoints(carrier, &waiting->packet.source, &waiting->packet.destination);
    overtake(fragments, waiting);
    return waiting;
}

/* Only the first fragment of UDP says what it carries. */
static void
read_ports(struct waiting *waiting, const struct carrier *carrier)
{
    struct carrier udp = *carrier;

    if (!carrier_step_udp(&udp))
        return;
    waiting->packet.source.port = udp.source_port;
    waiting->packet.destination.port = udp.destination_port;
    bool is_nat_t = udp.source_port == PORT_NAT_T || udp.destination_port == PORT_NAT_T;
    bool is_ike_port = udp.source_port == PORT_IKE || udp.destination_port == PORT_IKE;
    bool has_marker = is_nat_t && span_holds(&udp.span, udp.at, WORD_AT_START) && pntohu32(udp.span.bytes + udp.at) == 0;

    waiting->is_ipsec = is_nat_t || is_ike_port;
    waiting->packet.is_ike = has_marker || (is_ike_port && !is_nat_t);
}

void
fragments_take(struct fragments *fragments, const packet_info *pinfo, const struct carrier *carrier)
{
    bool is_ipsec = carrier->next == IP_PROTO_ESP || carrier->next == IP_PROTO_AH;

    if (!is_ipsec && carrier->next != IP_PROTO_UDP)
        return;
    struct waiting *waiting = find(fragments, carrier);
    if (!waiting)
        waiting = open_waiting(fragments, pinfo, carrier);
    waiting->is_ipsec |= is_ipsec;
    waiting->packet.fragments++;
    waiting->packet.bytes += (uint32_t)MAX(carrier->end - carrier->at, 0);
    if (!is_ipsec && carrier->offset == 0)
        read_ports(waiting, carrier);
}

static void
close_waiting(struct fragments *fragments, struct waiting *waiting)
{
    waiting->is_used = false;
    fragments->used--;
}

void
fragments_forget(struct fragments *fragments, const struct carrier *carrier)
{
    struct waiting *waiting = find(fragments, carrier);

    if (waiting)
        close_waiting(fragments, waiting);
}

bool
fragments_wait(const struct fragments *fragments)
{
    return fragments->used > 0;
}

bool
fragments_expired(struct fragments *fragments, const nstime_t *now, struct lost_packet *lost)
{
    for (unsigned i = 0; i < WAITING_AT_MOST; i++) {
        struct waiting *waiting = &fragments->waiting[i];
        if (!waiting->is_used || !(waiting->overtaken >= OVERTAKEN_BY || clock_passed(&waiting->packet.time, now, WAIT)))
            continue;
        *lost = waiting->packet;
        close_waiting(fragments, waiting);
        if (waiting->is_ipsec)
            return true;
    }
    return false;
}

/* mapping.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mapping.h"

#include "../clock.h"

/* Each peer went on with more than a stray packet or two. */
#define PACKETS_AT_LEAST 5

/* Random bytes in place of an SPI and its next number: one in 2^48. */
#define MISPORTED_AHEAD_AT_MOST 65536

/* Whether the flow's packets go to where the other peer is not. A plain port 4500 or 500 is a gateway's own: another port that it
 * sends from may be a choice of its own, unless it sent from there before; and it may move on once more. */
static bool
is_astray(const struct flow *flow)
{
    const struct flow *reverse = flow_reverse(flow);

    if (flow->packets > 0 && reverse->packets > 0 && flow->destination.port == PORT_IKE)
        return true;                /* ESP is never read there (RFC 3948 section 2.1) */
    if (flow->packets == 0 || reverse->packets == 0 || endpoint_equal(&flow->destination, &reverse->source))
        return false;
    return !ip_address_equal(&flow->destination.address, &reverse->source.address) || port_is_translated(flow->destination.port)
            || endpoint_equal(&flow->destination, &reverse->source_before) || flow->mapping.is_astray;
}

static void
look_at(struct flow *flow, bool sends, struct sa *sa, const struct ipsec_packet *packet, uint32_t grace, struct changes *changes)
{
    struct mapping *mapping = &flow->mapping;

    if (!is_astray(flow)) {
        if (mapping->is_astray)
            *mapping = (struct mapping){ 0 };
        return;
    }
    if (!mapping->is_astray)
        *mapping = (struct mapping){ .is_astray = true, .since = packet->time, .since_frame = packet->frame };
    if (sends) {
        mapping->astray++;
        mapping->sa = sa;
    } else {
        mapping->elsewhere++;
    }
    if (mapping->said || mapping->astray < PACKETS_AT_LEAST || mapping->elsewhere < PACKETS_AT_LEAST
            || !clock_passed(&mapping->since, &packet->time, grace))
        return;
    mapping->said = true;
    change_sa(changes, CHANGE_ASTRAY, mapping->sa);
}

void
mapping_take(struct flow *flow, struct sa *sa, const struct ipsec_packet *packet, uint32_t grace, struct changes *changes)
{
    const struct flow *reverse = flow_reverse(flow);

    if (flow->tunnel->both_sides || (packet->source.port == 0 && reverse->source.port == 0 && reverse->destination.port == 0))
        return;                     /* both in plain IP: there is no port to go astray */
    look_at(flow, true, sa, packet, grace, changes);
    look_at(flow_reverse(flow), false, sa, packet, grace, changes);
}

void
mapping_take_copy(struct flow *flow, const struct ipsec_packet *packet)
{
    if (!endpoint_equal(&flow->source, &packet->source) || !endpoint_equal(&flow->destination, &packet->destination))
        flow->tunnel->both_sides = true;
}

bool
mapping_knows_misported(struct flow *flow, const struct ipsec_packet *packet)
{
    uint32_t ahead = packet->sequence - flow->misported_sequence;
    bool goes_on = flow->misported_spi == packet->spi && ahead > 0 && ahead <= MISPORTED_AHEAD_AT_MOST;

    flow->misported_spi = packet->spi;
    flow->misported_sequence = packet->sequence;
    return goes_on;
}

bool
mapping_goes_astray(const struct flow *flow)
{
    return flow->mapping.said && !flow->tunnel->both_sides;
}

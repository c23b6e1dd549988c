/* coverage.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "coverage.h"

#include "../clock.h"
#include "../track/walk.h"

static bool
read_negotiation(const struct tunnel *tunnel, const struct tunnel_memory *memory)
{
    return tunnel->children != NULL || memory->offers[1][0].count > 0 || memory->offers[1][1].count > 0;
}

bool
coverage_is_encrypted(const struct tunnel *tunnel)
{
    const struct ike_sa *ike_sa;
    const struct exchange *exchange;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
            if (exchange_has_unread(exchange))
                return true;
    return false;
}

static bool
saw_negotiation(const struct tunnel *tunnel)
{
    return tunnel->ike_sas != NULL;
}

bool
coverage_both_offers(const struct tunnel *tunnel, const struct judge *judge)
{
    const struct tunnel_memory *memory = memory_read(judge->memory, tunnel);

    return memory->offers[0][0].count > 0 && memory->offers[0][1].count > 0
            && memory->offers[1][0].count > 0 && memory->offers[1][1].count > 0;
}

bool
coverage_span(const struct tunnel *tunnel, nstime_t *first, nstime_t *last)
{
    bool any = tunnel->ike_sas != NULL;

    if (any) {
        *first = tunnel->ike_first_time;
        *last = tunnel->ike_last_time;
    }
    for (int i = 0; i < 2; i++) {
        const struct flow *flow = &tunnel->flow[i];
        if (flow->packets == 0)
            continue;
        if (!any || clock_compare(&flow->first_time, first) < 0)
            *first = flow->first_time;
        if (!any || clock_compare(&flow->last_time, last) > 0)
            *last = flow->last_time;
        any = true;
    }
    if (any)
        *last = *clock_later(first, last);      /* the clock may run backwards */
    return any;
}

static bool
watched_long_enough(const struct tunnel *tunnel, const struct judge_limits *limits)
{
    nstime_t first, last;

    return coverage_span(tunnel, &first, &last) && clock_passed(&first, &last, limits->min_sa_lifetime);
}

uint8_t
coverage_missing(const struct tunnel *tunnel, const struct judge *judge)
{
    unsigned missing = 0;

    if (!saw_negotiation(tunnel))
        missing |= MISSING_NEGOTIATION;
    else if (!read_negotiation(tunnel, memory_read(judge->memory, tunnel)))
        missing |= MISSING_KEYS;
    else if (tunnel->ike_sas->version < 2 && !coverage_both_offers(tunnel, judge))
        missing |= MISSING_OTHER_OFFER;
    if ((tunnel->flow[0].packets == 0 || tunnel->flow[1].packets == 0) && !tunnel->answered_by)
        missing |= MISSING_DIRECTION;
    if (!watched_long_enough(tunnel, &judge->limits))
        missing |= MISSING_TIME;
    return (uint8_t)missing;
}

const char *
coverage_text(unsigned missing, unsigned i)
{
    static const struct {
        unsigned what;
        const char *text;
    } texts[] = {
        { MISSING_NEGOTIATION, "No IKE was captured: capture UDP ports 500 and 4500 on the gateway, from before a rekey" },
        { MISSING_KEYS, "IKE was encrypted, so that lifetimes and proxy IDs could not be compared. Palo Alto: debug ike pcap on; "
            "Cisco ASA: capture NAME type isakmp; FortiGate: diagnose debug application ike -1 prints the keys; strongSwan: the "
            "save-keys plugin. Enter keys under Preferences, Protocols, ISAKMP" },
        { MISSING_OTHER_OFFER, "Only one peer's offers were seen, and an IKEv1 responder echoes them: capture a negotiation that "
            "the other peer starts" },
        { MISSING_LIFETIMES, "IKEv2 sends no lifetimes: compare the phase 1 and phase 2 lifetimes in both peers' configuration" },
        { MISSING_DIRECTION, "ESP was seen in one direction at most: capture on the gateway's outside interface" },
        { MISSING_TIME, "The capture is short: let it run for more than one phase 2 lifetime" },
    };

    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        if ((missing & texts[t].what) && i-- == 0)
            return texts[t].text;
    return NULL;
}

/* service_end.c
 * What the end of the capture settles: nothing here is stored, for a packet that comes later would undo it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "service.h"

#include "../clock.h"
#include "cut.h"

/* IKE SAs of a tunnel, and exchanges of each, that are looked at. */
#define LOOKED_AT_MOST 16

/* One direction is silent if the other one sent so many packets since; or a second one, where its peer had given up the other. */
#define UNANSWERED_AT_LEAST 5
#define UNANSWERED_OF_GONE 2

/* Whether the exchange still waits for an answer to its side's message. */
static bool
waits(const struct exchange *exchange, unsigned peer)
{
    const struct flow *sender = exchange->awaited_by_requester ? exchange->flow : flow_reverse(exchange->flow);

    return (exchange->awaiting || exchange->outcome == EXCHANGE_GIVEN_UP) && exchange->outcome != EXCHANGE_REFUSED
            && flow_peer(sender) == peer;
}

/* The peer's first request since the other one was last heard. */
static struct unanswered_requests
find_unanswered(const struct tunnel *tunnel, unsigned peer, const nstime_t *last, uint64_t min_outage)
{
    const struct service_side *side = &tunnel->service.side[peer];
    struct unanswered_requests unanswered = { .sent = side->asked, .waited = outage_asked(side, last, min_outage) };
    unsigned looked_at = 0;

    if (side->asked == 0)
        return unanswered;
    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older) {
        for (const struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++) {
            if (!waits(exchange, peer) || exchange_last(exchange)->frame < side->asked_frame)
                continue;
            unanswered.exchange = exchange;
            unanswered.repeated |= exchange->retransmissions > 0;
            unanswered.fragmented |= exchange->first.first_payload == IKE2_PAYLOAD_SKF;
        }
    }
    return unanswered;
}

static void
count_attempts(const struct tunnel *tunnel, struct service_end *end)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && !ike_sa->established && looked_at < LOOKED_AT_MOST;
            ike_sa = ike_sa->tunnel_older, looked_at++) {
        if (!ike_sa->set_up)
            continue;
        if (end->attempts++ == 0)
            end->attempt = ike_sa;
    }
}

/* What the peer asked in vain for so long that it may have given up, and the latest exchange of its IKE SA; or NULL. */
static const struct exchange *
gave_up(const struct tunnel *tunnel, unsigned peer, uint64_t min_outage)
{
    const struct ike_sa *ike_sa = tunnel->ike_sas;
    const struct exchange *asked = ike_sa && ike_sa->version >= 2 && ike_sa->established ? ike_sa->latest : NULL;

    if (!asked || flow_peer(asked->flow) != peer || asked->response_frame != 0 || asked->asked_again < ASKED_AGAIN_AT_LEAST)
        return NULL;
    nstime_t last = clock_unpack(asked->last_time);
    return outage_ns_between(&asked->request_time, &last) >= min_outage ? asked : NULL;
}

/* A direction that carries nothing although the other one goes on. That is a state, and no outage: only what comes back as soon as new SAs
 * are there shows that it was the tunnel that carried nothing, and not a host behind it that no longer answers. */
static void
find_silent(const struct tunnel *tunnel, struct service_end *end, uint64_t min_outage)
{
    const struct service *service = &tunnel->service;

    for (unsigned i = 0; i < 2; i++) {
        const struct service_side *side = &service->side[i], *other = &service->side[1 - i];
        const struct exchange *asked = gave_up(tunnel, i, min_outage);
        if (tunnel->is_incomplete || side->packets == 0 || other->tried < (asked ? UNANSWERED_OF_GONE : UNANSWERED_AT_LEAST)
                || outage_ns_between(&side->last, &other->last) < outage_pause(side, min_outage)
                || outage_ns_between(&side->last, &other->last) < UNSEEN_GAPS * side->longest)
            continue;
        end->silent[i] = true;
        end->gave_up[i] = asked;
        end->silent_since[i] = side->last;
        struct recovery recovery = outage_recovery(tunnel, NULL, &side->last, NULL);
        end->silent_since_new_sa[i] = recovery.how != RESTORED_SAME_SA
                && outage_ns_between(&side->last, &recovery.time) <= outage_pause(side, min_outage);
    }
}

/* Directions whose packets are lost between two capture points until the end: an outage where that is both, or one that is open anyway. */
static void
find_cuts(const struct tunnel *tunnel, struct service_end *end, uint64_t min_outage)
{
    struct outage cut[2];

    if (!service_was_up(tunnel))
        return;
    for (unsigned i = 0; i < 2; i++) {
        end->is_cut[i] = cut_at_end(tunnel, i, min_outage, &cut[i]);
        end->ike_passes[i] = end->is_cut[i] && cut[i].ike_passed;
        if (!end->is_cut[i])
            continue;
        end->silent[i] = true;
        end->silent_since[i] = cut[i].begin;
        end->silent_since_new_sa[i] = false;
    }
    for (unsigned i = 0; i < 2; i++)
        if (end->is_cut[i] && (end->is_out || end->is_cut[1 - i]))
            outage_open_with_cut(end, &cut[i], tunnel);
}

bool
service_may_be_out(const struct service *service)
{
    return service->in_doubt || service->side[0].asked > 1 || service->side[1].asked > 1;
}

struct service_end
service_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last)
{
    struct service_end end = { 0 };

    end.is_out = outage_at_end(tunnel, min_outage, last, &end.outage);
    for (unsigned i = 0; i < 2; i++)
        end.unanswered[i] = find_unanswered(tunnel, i, last, min_outage);
    count_attempts(tunnel, &end);
    find_silent(tunnel, &end, min_outage);
    if (tunnel->passage)
        find_cuts(tunnel, &end, min_outage);
    return end;
}

/* identity_conflict.c
 * identity_conflict: inferred: two devices take turns. A gateway that keeps one IKE SA per identity (uniqueness, INITIAL_CONTACT, RFC 7296
 * section 2.4) drops the SAs of the one when the other is set up; and the displaced one goes on sending, or notices and comes back.
 *
 * With an address of its own, the other device is another tunnel of the gateway: what the gateway sends in the one stops when the other is
 * set up, and the other way round, three times in all; or the other came back so soon that the gateway sent nothing in between. Under the
 * same address (both members of an HA pair), the SAs of the IKE SA before go on sending past the handover grace although the gateway sends
 * on them no more, and no Delete was seen; twice.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/outage.h"
#include "../words/vendors.h"

/* Packets on their way when the gateway changes over: no longer than a slow round trip. */
#define UNDER_WAY_MS 1000

#define TURNS_AT_LEAST 3
#define TURNS_UNDER_ONE_ADDRESS 2

/* IKE SAs, and SAs of a flow, that are looked through. */
#define LOOKED_AT_MOST 16
#define GENERATIONS_LOOKED_AT 4

struct conflict {
    const struct tunnel *other;     /* the same tunnel: under one address */
    uint32_t turns;
};

static const struct ike_sa *
set_up_before(const struct ike_sa *ike_sa)
{
    const struct ike_sa *old = ike_sa->tunnel_older;

    for (unsigned looked_at = 0; old && !(old->set_up && old->established) && looked_at < LOOKED_AT_MOST; looked_at++)
        old = old->tunnel_older;
    return old && old->set_up && old->established && old->flow == ike_sa->flow ? old : NULL;
}

/* ---- another tunnel of the gateway */

/* Whether the other tunnel's traffic stopped when this IKE SA of ours was set up. */
static bool
displaced(const struct judge *judge, const struct tunnel *other, const struct ike_sa *by)
{
    const struct turns *turns = &memory_read(judge->memory, other)->turns;

    return turns->other == by->flow->tunnel && turns->frame[0] == by->first_frame;
}

/* The set-up of another tunnel at which the gateway's traffic in this one stopped; or before which it sent nothing in this one, as that other
 * had been displaced by this one's set-up. */
static const struct past_setup *
displaced_by(const struct judge *judge, const struct setups *setups, const struct ike_sa *ike_sa)
{
    uint64_t min_outage = (uint64_t)judge->limits.min_outage * CLOCK_NSECS;
    const struct tunnel *tunnel = ike_sa->flow->tunnel;
    const struct service_side *side = &tunnel->service.side[1 - flow_peer(ike_sa->flow)];
    const struct ike_sa *before = set_up_before(ike_sa);
    const struct past_setup *found = NULL;

    if (!before || side->packets == 0)
        return NULL;
    for (unsigned i = 0; i < setups->count && i < SETUPS_AT_MOST; i++) {
        const struct past_setup *other = &setups->item[i];
        if (other->tunnel == tunnel || clock_compare(&other->time, &before->established_time) <= 0
                || clock_passed_ms(&other->time, &side->last, UNDER_WAY_MS)
                || (outage_ns_between(&side->last, &other->time) > outage_pause(side, min_outage) && !displaced(judge, other->tunnel, before)))
            continue;
        if (!found || other->frame > found->frame)
            found = other;
    }
    return found;
}

/* ---- the same address */

/* The last packet of an IKE SA's SAs in one direction; NULL where none is found. */
static const nstime_t *
last_sent(const struct flow *flow, const struct ike_sa *ike_sa)
{
    const nstime_t *last = NULL;
    unsigned looked_at = 0;

    for (const struct sa *head = flow->current; head && looked_at < LOOKED_AT_MOST; head = head->current_next, looked_at++) {
        const struct sa *sa = head;
        for (unsigned generation = 0; sa && generation < GENERATIONS_LOOKED_AT; sa = sa->predecessor, generation++)
            if (sa->origin && sa->origin->ike_sa == ike_sa && sa->sequence.packets > 0)
                last = last ? clock_later(last, &sa->last_time) : &sa->last_time;
    }
    return last;
}

/* The IKE SA before the last one, if it was displaced by that and its device goes on sending. */
static const struct ike_sa *
displaced_under_one_address(const struct judge *judge, const struct ike_sa *ike_sa)
{
    const struct ike_sa *by = set_up_before(ike_sa), *old = by ? set_up_before(by) : NULL;

    if (!old || old->ended_by > 0)
        return NULL;
    const nstime_t *sent = last_sent(old->flow, old), *answered = last_sent(flow_reverse(old->flow), old);
    if (!sent || !answered || !last_sent(by->flow, by) || !last_sent(flow_reverse(by->flow), by))
        return NULL;
    if (!clock_passed(&by->established_time, sent, judge->limits.handover_grace)
            || clock_passed_ms(&by->established_time, answered, UNDER_WAY_MS)
            || clock_compare(answered, &old->established_time) < 0)
        return NULL;
    return old;
}

/* ---- turns */

static void
say(struct judge *judge, const struct ike_sa *ike_sa, const struct turns *turns, uint32_t count)
{
    struct finding *finding = judge_ike_sa(judge, FINDING_IDENTITY_CONFLICT, CONFIDENCE_INFERRED, ike_sa, sizeof(struct conflict));

    if (!finding)
        return;
    *(struct conflict *)finding->detail = (struct conflict){ turns->other, count };
    for (unsigned i = 0; i < 2; i++)
        finding_rests_on(finding, turns->frame[i]);
    finding_rests_on(finding, ike_sa->first_frame);
}

static void
take_turn(struct turns *turns, const struct tunnel *other, uint32_t frame)
{
    if (turns->other != other)
        turns->count = 0;
    turns->other = other;
    turns->count++;
    turns->frame[1] = turns->frame[0];
    turns->frame[0] = frame;
}

static void
judge_turn(struct judge *judge, const struct ike_sa *ike_sa, const struct setups *setups)
{
    const struct tunnel *tunnel = ike_sa->flow->tunnel;
    struct turns *turns = &memory_of(judge->memory, tunnel)->turns;
    const struct past_setup *other = displaced_by(judge, setups, ike_sa);
    const struct ike_sa *old = other ? NULL : displaced_under_one_address(judge, ike_sa);

    if (other) {
        take_turn(turns, other->tunnel, other->frame);
        const struct turns *theirs = &memory_read(judge->memory, other->tunnel)->turns;
        if (theirs->other == tunnel && turns->count + theirs->count >= TURNS_AT_LEAST)
            say(judge, ike_sa, turns, turns->count + theirs->count);
    } else if (old) {
        take_turn(turns, tunnel, set_up_before(ike_sa)->first_frame);
        if (turns->count >= TURNS_UNDER_ONE_ADDRESS)
            say(judge, ike_sa, turns, turns->count);
    }
}

static void
judge_identity_conflict(struct judge *judge, const struct change *change)
{
    const struct ike_sa *ike_sa = change->ike_sa;

    if (!ike_sa->set_up)
        return;
    struct setups *setups = memory_setups(judge->memory, &ike_sa->flow->destination.address);
    judge_turn(judge, ike_sa, setups);
    setups->item[setups->count++ % SETUPS_AT_MOST] = (struct past_setup){ ike_sa->flow->tunnel, judge->time, ike_sa->first_frame };
}

static char *
text_identity_conflict(const struct words *words, const struct finding *finding)
{
    const struct conflict *conflict = finding->detail;
    const struct flow *flow = finding->ike_sa->flow;
    unsigned initiator = flow_peer(flow);

    if (conflict->other == finding->tunnel)
        return wmem_strdup_printf(words->scope, "Two devices under %s take turns (%u times): one is set up anew, and the other goes on "
                "sending on its own SAs", words_endpoint(words, &flow->source), conflict->turns);
    bool same_side = ip_address_equal(&conflict->other->flow[initiator].destination.address, &flow->destination.address);
    return wmem_strdup_printf(words->scope, "%s and %s take turns (%u times): when the one is set up, %s stops sending to the other",
            words_endpoint(words, &flow->source),
            words_endpoint(words, &conflict->other->flow[same_side ? initiator : 1 - initiator].source), conflict->turns,
            words_endpoint(words, &flow->destination));
}

const struct rule rule_identity_conflict = {
    .on = ON(CONTACT), .judge = judge_identity_conflict,
    .findings = {
        { FINDING_IDENTITY_CONFLICT, .text = text_identity_conflict,
            .meaning = "A gateway keeps the SAs of one device per identity: two devices that share one displace each other again and again.",
            .check = { "Whether two devices use one identity or address: a cloned client, both members of an HA pair active", VENDORS_UNIQUENESS } },
    }
};

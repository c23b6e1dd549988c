/* peer_restart.c
 * peer_restart: a new IKE SA was set up while an old one between the two was alive: no Delete, no
 * failed exchange. Proven where a peer announced INITIAL_CONTACT, which says that it knows of no
 * other (RFC 7296 section 2.4), in a capture that lacks none of the tunnel's packets, as its sequence numbers show: else it may lack the Delete, as
 * of a re-authentication; inferred where the old IKE SA and its children fell silent when the new
 * one began; suspected where that is all that can be seen, without keys. IKE SAs that both peers began
 * at once are no restart, nor is a set-up that its initiator begins anew before it sent anything over the one it leaves, nor, where it announces
 * nothing, one of a peer none of whose packets was overdue. Nor is it suspected of an
 * initiator that does so again and again, each time before min_sa_lifetime and without an outage: that is a rhythm (cause_rhythm.c), and what was
 * said of the first ones is taken back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/outage.h"
#include "../track/walk.h"
#include "../words/vendors.h"
#include "succession.h"

struct restart {
    nstime_t after;                 /* the age of the IKE SA that was alive */
};

/* SAs of a direction that are looked at, back from the latest. */
#define LOOKED_AT_MOST 16

static bool
lacks_packets(const struct tunnel *tunnel)
{
    for (unsigned i = 0; i < 2; i++) {
        unsigned looked_at = 0;
        for (const struct sa *sa = tunnel->flow[i].current; sa && looked_at < LOOKED_AT_MOST; sa = sa->predecessor, looked_at++)
            if (sequence_counts(&sa->sequence).lost > 0)
                return true;
    }
    return false;
}

static enum confidence
confidence_in(const struct ike_sa *began)
{
    if (began->initial_contact && !lacks_packets(began->flow->tunnel))
        return CONFIDENCE_PROVEN;
    return began->children || began->initial_contact ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
}

/* Whether there was anything to forget: an IKE SA that never came to a child was a set-up, which its initiator begins anew. */
static bool
was_in_use(const struct ike_sa *old)
{
    const struct tunnel *tunnel = old->flow->tunnel;

    return old->children || tunnel->flow[0].packets > 0 || tunnel->flow[1].packets > 0;
}

/* An initiator that begins anew on the way to a tunnel, or that sent nothing over the one it left, lost no state, if it does not say so. */
static bool
lost_nothing(const struct ike_sa *old, const struct ike_sa *began)
{
    const struct flow *flow = old->flow;

    return flow == began->flow && (flow->packets == 0 || clock_compare(&flow->last_time, &old->first_time) < 0);
}

/* Seconds: a rhythm takes no longer until it is seen. */
static uint32_t
rhythm_takes(const struct judge *judge)
{
    return judge->limits.churn_count * judge->limits.min_sa_lifetime;
}

/* Whether it is what its initiator does time and again, and nobody misses anything: who crashes is away. */
static bool
is_rhythm(const struct judge *judge, const struct ike_sa *began)
{
    const struct tunnel *tunnel = began->flow->tunnel;
    const struct outage *outage = tunnel->service.latest;

    return confidence_in(began) == CONFIDENCE_SUSPECTED && succession_left_in_a_row(judge, tunnel) >= judge->limits.churn_count
            && (!outage || clock_passed(&outage->end, &began->first_time, rhythm_takes(judge)));
}

/* Those that were suspected at the beginning of the rhythm. */
static void
take_back_suspected(struct judge *judge, const struct ike_sa *began)
{
    const struct finding_file *file = findings_of(judge->findings, began->flow->tunnel);
    struct finding *said = file ? finding_file_latest(file, FINDING_PEER_RESTART) : NULL, *older;

    for (unsigned i = 0; said && i < judge->limits.churn_count; i++, said = older) {
        older = said->older;
        if (said->confidence == CONFIDENCE_SUSPECTED && said->ike_sa->flow == began->flow
                && !clock_passed(&said->ike_sa->first_time, &began->first_time, rhythm_takes(judge)))
            findings_take_back_one(judge->findings, said);
    }
}

/* The latest SA of a lineage that is older than the IKE SA; NULL where there is none. */
static const struct sa *
sa_before(const struct sa *current, const struct ike_sa *began)
{
    const struct sa *sa;

    WALK(sa, current, predecessor, LOOKED_AT_MOST)
        if (sa->first_frame < began->first_frame)
            return sa;
    return NULL;
}

/* Whether the peer that began was heard on its old SAs until then, and none of its packets was overdue: it may have built anew by a timer, and nothing
 * shows that it was away. Of SAs that the new ones did not take over from, that holds where a timer of sane peers may have run out. */
static bool
was_not_away(const struct judge *judge, const struct ike_sa *old, const struct ike_sa *began)
{
    const struct flow *flow = began->flow;
    const struct service_side *side = &flow->tunnel->service.side[flow_peer(flow)];
    uint64_t due = MAX(MAX(UNSEEN_GAPS * side->usual, side->longest), (uint64_t)judge->limits.min_outage * CLOCK_NSECS);
    bool is_aged = clock_passed(&old->first_time, &began->first_time, judge->limits.min_sa_lifetime);
    const struct sa *current;

    WALK(current, flow->current, current_next, CURRENT_IN_USE) {
        const struct sa *sa = is_aged || current == flow->current ? sa_before(current, began) : NULL;
        if (sa && sa->sequence.packets > 1 && outage_ns_between(&sa->last_time, &began->first_time) <= due)
            return true;
    }
    return false;
}

static void
judge_peer_restart(struct judge *judge, const struct change *change)
{
    const struct ike_sa *began = change->ike_sa, *old = began->displaced;

    if (!old || !was_in_use(old) || (!began->initial_contact && (lost_nothing(old, began) || was_not_away(judge, old, began))))
        return;
    if (is_rhythm(judge, began)) {
        take_back_suspected(judge, began);
        return;
    }
    struct finding *finding = judge_ike_sa(judge, FINDING_PEER_RESTART, confidence_in(began), began, sizeof(struct restart));
    if (!finding)
        return;
    struct restart *restart = finding->detail;
    restart->after = clock_elapsed(&old->first_time, &began->first_time);
    finding_rests_on(finding, old->first_frame);
    finding_rests_on(finding, old->last_frame);
    finding_rests_on(finding, began->first_frame);
}

static char *
text_peer_restart(const struct words *words, const struct finding *finding)
{
    const struct restart *restart = finding->detail;

    return wmem_strdup_printf(words->scope, "A new IKE SA%s was begun while IKE SA %u was alive, at an age of %s",
            finding->ike_sa->initial_contact ? " with INITIAL_CONTACT" : "",
            finding->ike_sa->displaced->id, words_duration(words, &restart->after));
}

const struct rule rule_peer_restart = {
    .on = ON(CONTACT) | ON(DISPLACED), .judge = judge_peer_restart,
    .findings = {
        { FINDING_PEER_RESTART, .text = text_peer_restart,
            .meaning = "A peer lost its state: traffic on the old SAs is lost until the new ones are up.",
            .check = { "Uptime, failover and crash logs of the peer that began anew; DPD on the other, by which it would notice sooner", VENDORS_DPD } },
    }
};

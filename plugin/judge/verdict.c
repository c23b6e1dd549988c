/* verdict.c
 * The first cause, in the order of the catalogue, that the tunnel's findings support. A refusal over
 * the proposal of a rekey that brings a key exchange is no proposal mismatch where the first child SA
 * was accepted: that is what pfs_mismatch is about. Unexplained churn is said only where the
 * negotiation was read and agrees; where it was not, what is missing is said instead. Stable is said
 * only of a tunnel that was watched in both directions for at least min_sa_lifetime.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "verdict.h"

#include "../track/clock.h"

#define LOOKED_AT_MOST 4096

struct tally {
    uint32_t count[FINDING_KEYS];
    uint8_t confidence[FINDING_KEYS];           /* the best */
    const struct finding *first[FINDING_KEYS];  /* of that confidence */
    bool trouble;                               /* something above a note */
};

static bool
is_trouble(uint8_t key)
{
    switch (key) {
#define SEVERITY_CHAT false
#define SEVERITY_NOTE false
#define SEVERITY_WARN true
#define SEVERITY_ERROR true
#define X(identifier, name, severity, group, title) case FINDING_##identifier: return SEVERITY_##severity;
    SPISCOPE_FINDINGS(X)
#undef X
    default:
        return false;
    }
}

static void
tally_findings(const struct tunnel *tunnel, const struct findings *findings, struct tally *tally)
{
    for (const struct finding *finding = findings_of(findings, tunnel); finding; finding = finding->next) {
        uint8_t key = finding->key;
        if (tally->count[key]++ == 0 || finding->confidence > tally->confidence[key]) {
            tally->confidence[key] = finding->confidence;
            tally->first[key] = finding;
        }
        tally->trouble |= is_trouble(key);
    }
}

static void
add_evidence(struct verdict *verdict, uint32_t frame)
{
    unsigned at = verdict->evidence_count;

    for (unsigned i = 0; i < verdict->evidence_count; i++)
        if (verdict->evidence[i] == frame)
            return;
    if (frame == 0 || verdict->evidence_count == VERDICT_EVIDENCE_AT_MOST)
        return;
    verdict->evidence_count++;
    for (; at > 0 && verdict->evidence[at - 1] > frame; at--)
        verdict->evidence[at] = verdict->evidence[at - 1];
    verdict->evidence[at] = frame;
}

static void
decide(struct verdict *verdict, enum cause cause, const struct finding *finding)
{
    verdict->cause = (uint8_t)cause;
    verdict->confidence = finding->confidence;
    verdict->finding = finding;
    add_evidence(verdict, finding->frame);
    for (unsigned i = 0; i < finding->evidence_count; i++)
        add_evidence(verdict, finding->evidence[i]);
}

static bool
decide_if(struct verdict *verdict, enum cause cause, const struct tally *tally, enum finding_key key)
{
    if (tally->count[key] == 0)
        return false;
    decide(verdict, cause, tally->first[key]);
    return true;
}

/* A NO_PROPOSAL_CHOSEN that a PFS mismatch does not explain. */
static const struct finding *
plain_proposal_mismatch(const struct tunnel *tunnel, const struct findings *findings, const struct tally *tally)
{
    if (tally->count[FINDING_PFS_MISMATCH] == 0)
        return tally->first[FINDING_NO_PROPOSAL];
    for (const struct finding *finding = findings_of(findings, tunnel); finding; finding = finding->next)
        if (finding->key == FINDING_NO_PROPOSAL && finding->exchange->type != IKE2_CREATE_CHILD_SA)
            return finding;
    return NULL;
}

/* A peer's own timer that ends SAs early: in IKEv2 that is all that shows of a lifetime. */
static bool
decide_by_timer(struct verdict *verdict, const struct tally *tally)
{
    if (!decide_if(verdict, CAUSE_PHASE2_LIFETIME_MISMATCH, tally, FINDING_EARLY_REKEY))
        return false;
    if (verdict->finding->ike_sa->version >= 2)
        verdict->confidence = CONFIDENCE_SUSPECTED;
    return true;
}

/* ---- what the capture could show */

static bool
read_negotiation(const struct tunnel *tunnel)
{
    return tunnel->children != NULL || tunnel->offers[1][0].count > 0 || tunnel->offers[1][1].count > 0;
}

static bool
saw_negotiation(const struct tunnel *tunnel)
{
    return tunnel->ike_sas != NULL;
}

/* IKEv1: whether both peers' lifetimes were seen, in both phases. */
static bool
saw_both_offers(const struct tunnel *tunnel)
{
    return tunnel->offers[0][0].count > 0 && tunnel->offers[0][1].count > 0
            && tunnel->offers[1][0].count > 0 && tunnel->offers[1][1].count > 0;
}

bool
verdict_span(const struct tunnel *tunnel, nstime_t *first, nstime_t *last)
{
    bool any = false;
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older, looked_at++) {
        if (!any || clock_compare(&ike_sa->first_time, first) < 0)
            *first = ike_sa->first_time;
        if (!any || clock_compare(&ike_sa->last_time, last) > 0)
            *last = ike_sa->last_time;
        any = true;
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
    return any;
}

static bool
watched_long_enough(const struct tunnel *tunnel, const struct judge_limits *limits)
{
    nstime_t first, last;

    return verdict_span(tunnel, &first, &last) && clock_passed(&first, &last, limits->min_sa_lifetime);
}

static uint8_t
what_is_missing(const struct tunnel *tunnel, const struct judge_limits *limits)
{
    unsigned missing = 0;

    if (!saw_negotiation(tunnel))
        missing |= MISSING_NEGOTIATION;
    else if (!read_negotiation(tunnel))
        missing |= MISSING_KEYS;
    else if (tunnel->ike_sas->version < 2 && !saw_both_offers(tunnel))
        missing |= MISSING_OTHER_OFFER;
    if (tunnel->flow[0].packets == 0 || tunnel->flow[1].packets == 0)
        missing |= MISSING_DIRECTION;
    if (!watched_long_enough(tunnel, limits))
        missing |= MISSING_TIME;
    return (uint8_t)missing;
}

/* SPIs are unstable, and nothing so far says why. */
static void
decide_churn(struct verdict *verdict, const struct tunnel *tunnel, const struct tally *tally)
{
    bool flaps = tally->count[FINDING_FLAPPING] > 0;
    const struct finding *finding = tally->first[flaps ? FINDING_FLAPPING : FINDING_SPI_CHURN];

    decide(verdict, CAUSE_UNEXPLAINED_CHURN, finding);
    if (verdict->missing & (MISSING_KEYS | MISSING_NEGOTIATION)) {
        verdict->cause = CAUSE_NOT_ENOUGH_DATA;
        verdict->confidence = CONFIDENCE_INFERRED;
        return;
    }
    /* Lifetimes agree only if both peers' were seen, and IKEv2 sends none. */
    bool agree = tunnel->ike_sas->version < 2 && saw_both_offers(tunnel);
    verdict->confidence = agree ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
}

static void
decide_without_cause(struct verdict *verdict, const struct tunnel *tunnel, const struct tally *tally)
{
    if (tally->count[FINDING_FLAPPING] > 0 || tally->count[FINDING_SPI_CHURN] > 0) {
        decide_churn(verdict, tunnel, tally);
        return;
    }
    if (decide_if(verdict, CAUSE_NOT_ENOUGH_DATA, tally, FINDING_CHILD_REFUSED)) {
        verdict->confidence = CONFIDENCE_INFERRED;
        return;
    }
    bool enough = !(verdict->missing & (MISSING_DIRECTION | MISSING_TIME)) && !tally->trouble;
    verdict->cause = enough ? CAUSE_STABLE : CAUSE_NOT_ENOUGH_DATA;
    verdict->confidence = CONFIDENCE_INFERRED;
}

struct verdict
verdict_of(const struct tunnel *tunnel, const struct judge *judge)
{
    struct verdict verdict = { 0 };
    struct tally tally = { { 0 }, { 0 }, { NULL }, false };

    tally_findings(tunnel, judge->findings, &tally);
    const struct finding *proposal = plain_proposal_mismatch(tunnel, judge->findings, &tally);
    verdict.missing = what_is_missing(tunnel, &judge->limits);
    verdict.churned = tally.count[FINDING_SPI_CHURN];
    verdict.refused = tally.count[FINDING_CHILD_REFUSED];
    if (decide_if(&verdict, CAUSE_AUTHENTICATION, &tally, FINDING_AUTH_FAILED))
        return verdict;
    if (proposal) {
        decide(&verdict, CAUSE_PROPOSAL_MISMATCH, proposal);
        return verdict;
    }
    if (decide_if(&verdict, CAUSE_PROXY_ID_MISMATCH, &tally, FINDING_PROXY_ID_MISMATCH)
            || decide_if(&verdict, CAUSE_PFS_MISMATCH, &tally, FINDING_PFS_MISMATCH)
            || decide_if(&verdict, CAUSE_PHASE1_LIFETIME_MISMATCH, &tally, FINDING_PHASE1_LIFETIME_MISMATCH)
            || decide_if(&verdict, CAUSE_PHASE2_LIFETIME_MISMATCH, &tally, FINDING_PHASE2_LIFETIME_MISMATCH)
            || decide_if(&verdict, CAUSE_PEER_UNREACHABLE, &tally, FINDING_DPD_FAILURE)
            || decide_if(&verdict, CAUSE_PEER_UNREACHABLE, &tally, FINDING_IKE_NO_RESPONSE)
            || decide_if(&verdict, CAUSE_PEER_RESTART, &tally, FINDING_PEER_RESTART)
            || decide_if(&verdict, CAUSE_ONE_WAY, &tally, FINDING_ONE_WAY)
            || decide_if(&verdict, CAUSE_REKEY_COLLISION, &tally, FINDING_SYNCHRONISED_TIMERS)
            || decide_if(&verdict, CAUSE_VOLUME_REKEY, &tally, FINDING_VOLUME_REKEY)
            || decide_by_timer(&verdict, &tally))
        return verdict;
    decide_without_cause(&verdict, tunnel, &tally);
    return verdict;
}

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

#include "../clock.h"

/* Whether a finding is above a note. */
static const bool is_trouble[FINDING_KEYS] = {
#define SEVERITY_CHAT false
#define SEVERITY_NOTE false
#define SEVERITY_WARN true
#define SEVERITY_ERROR true
#define X(identifier, name, severity, group, title) [FINDING_##identifier] = SEVERITY_##severity,
    SPISCOPE_FINDINGS(X)
#undef X
};

/* Refusals that the next try did not turn into a success. */
static uint32_t
lasting_refusals(const struct tunnel *tunnel, const struct finding_file *file)
{
    uint32_t count = file->count[FINDING_CHILD_REFUSED];

    return count > tunnel->tried_again ? count - tunnel->tried_again : 0;
}

/* Whether anything above a note was found. */
static bool
has_trouble(const struct tunnel *tunnel, const struct finding_file *file)
{
    for (unsigned key = 0; key < FINDING_KEYS; key++)
        if (key != FINDING_CHILD_REFUSED && file->count[key] > 0 && is_trouble[key])
            return true;
    return lasting_refusals(tunnel, file) > 0;
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
decide_if(struct verdict *verdict, enum cause cause, const struct finding_file *file, enum finding_key key)
{
    if (file->count[key] == 0)
        return false;
    decide(verdict, cause, file->best[key]);
    return true;
}

/* A NO_PROPOSAL_CHOSEN that a PFS mismatch does not explain. */
static const struct finding *
plain_proposal_mismatch(const struct finding_file *file)
{
    return file->count[FINDING_PFS_MISMATCH] == 0 ? file->best[FINDING_NO_PROPOSAL] : file->no_proposal_of_first;
}

/* A peer's own timer that ends SAs early: in IKEv2 that is all that shows of a lifetime. */
static bool
decide_by_timer(struct verdict *verdict, const struct finding_file *file)
{
    if (!decide_if(verdict, CAUSE_PHASE2_LIFETIME_MISMATCH, file, FINDING_EARLY_REKEY))
        return false;
    if (verdict->finding->ike_sa->version >= 2)
        verdict->confidence = CONFIDENCE_SUSPECTED;
    return true;
}

/* ---- what the capture could show */

static bool
read_negotiation(const struct tunnel *tunnel, const struct tunnel_memory *memory)
{
    return tunnel->children != NULL || memory->offers[1][0].count > 0 || memory->offers[1][1].count > 0;
}

static bool
saw_negotiation(const struct tunnel *tunnel)
{
    return tunnel->ike_sas != NULL;
}

/* IKEv1: whether both peers' lifetimes were seen, in both phases. */
static bool
saw_both_offers(const struct tunnel_memory *memory)
{
    return memory->offers[0][0].count > 0 && memory->offers[0][1].count > 0
            && memory->offers[1][0].count > 0 && memory->offers[1][1].count > 0;
}

bool
verdict_span(const struct tunnel *tunnel, nstime_t *first, nstime_t *last)
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

    return verdict_span(tunnel, &first, &last) && clock_passed(&first, &last, limits->min_sa_lifetime);
}

static uint8_t
what_is_missing(const struct tunnel *tunnel, const struct judge *judge)
{
    const struct tunnel_memory *memory = memory_read(judge->memory, tunnel);
    unsigned missing = 0;

    if (!saw_negotiation(tunnel))
        missing |= MISSING_NEGOTIATION;
    else if (!read_negotiation(tunnel, memory))
        missing |= MISSING_KEYS;
    else if (tunnel->ike_sas->version < 2 && !saw_both_offers(memory))
        missing |= MISSING_OTHER_OFFER;
    if (tunnel->flow[0].packets == 0 || tunnel->flow[1].packets == 0)
        missing |= MISSING_DIRECTION;
    if (!watched_long_enough(tunnel, &judge->limits))
        missing |= MISSING_TIME;
    return (uint8_t)missing;
}

/* SPIs are unstable, and nothing so far says why. */
static void
decide_churn(struct verdict *verdict, const struct tunnel *tunnel, const struct judge *judge, const struct finding_file *file)
{
    bool flaps = file->count[FINDING_FLAPPING] > 0;
    const struct finding *finding = file->best[flaps ? FINDING_FLAPPING : FINDING_SPI_CHURN];

    decide(verdict, CAUSE_UNEXPLAINED_CHURN, finding);
    if (verdict->missing & (MISSING_KEYS | MISSING_NEGOTIATION)) {
        verdict->cause = CAUSE_NOT_ENOUGH_DATA;
        verdict->confidence = CONFIDENCE_INFERRED;
        return;
    }
    /* Lifetimes agree only if both peers' were seen, and IKEv2 sends none. */
    bool ikev2 = tunnel->ike_sas->version >= 2;
    bool agree = !ikev2 && saw_both_offers(memory_read(judge->memory, tunnel));
    if (ikev2)
        verdict->missing |= MISSING_LIFETIMES;
    verdict->confidence = agree ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
}

static void
decide_without_cause(struct verdict *verdict, const struct tunnel *tunnel, const struct judge *judge, const struct finding_file *file)
{
    if (file->count[FINDING_FLAPPING] > 0 || file->count[FINDING_SPI_CHURN] > 0) {
        decide_churn(verdict, tunnel, judge, file);
        return;
    }
    if (verdict->refused > 0 && decide_if(verdict, CAUSE_NOT_ENOUGH_DATA, file, FINDING_CHILD_REFUSED)) {
        verdict->confidence = CONFIDENCE_INFERRED;
        return;
    }
    bool enough = !(verdict->missing & (MISSING_DIRECTION | MISSING_TIME)) && !has_trouble(tunnel, file);
    verdict->cause = enough ? CAUSE_STABLE : CAUSE_NOT_ENOUGH_DATA;
    verdict->confidence = CONFIDENCE_INFERRED;
}

struct verdict
verdict_of(const struct tunnel *tunnel, const struct judge *judge)
{
    struct verdict verdict = { 0 };
    static const struct finding_file nothing;
    const struct finding_file *file = findings_of(judge->findings, tunnel);

    if (!file)
        file = &nothing;
    const struct finding *proposal = plain_proposal_mismatch(file);
    verdict.missing = what_is_missing(tunnel, judge);
    verdict.churned = file->count[FINDING_SPI_CHURN];
    verdict.refused = lasting_refusals(tunnel, file);
    if (decide_if(&verdict, CAUSE_AUTHENTICATION, file, FINDING_AUTH_FAILED))
        return verdict;
    if (proposal) {
        decide(&verdict, CAUSE_PROPOSAL_MISMATCH, proposal);
        return verdict;
    }
    if (decide_if(&verdict, CAUSE_PROXY_ID_MISMATCH, file, FINDING_PROXY_ID_MISMATCH)
            || decide_if(&verdict, CAUSE_PFS_MISMATCH, file, FINDING_PFS_MISMATCH)
            || decide_if(&verdict, CAUSE_PHASE1_LIFETIME_MISMATCH, file, FINDING_PHASE1_LIFETIME_MISMATCH)
            || decide_if(&verdict, CAUSE_PHASE2_LIFETIME_MISMATCH, file, FINDING_PHASE2_LIFETIME_MISMATCH)
            || decide_if(&verdict, CAUSE_PEER_UNREACHABLE, file, FINDING_DPD_FAILURE)
            || decide_if(&verdict, CAUSE_PEER_UNREACHABLE, file, FINDING_IKE_NO_RESPONSE)
            || decide_if(&verdict, CAUSE_PEER_RESTART, file, FINDING_PEER_RESTART)
            || decide_if(&verdict, CAUSE_ONE_WAY, file, FINDING_ONE_WAY)
            || decide_if(&verdict, CAUSE_REKEY_COLLISION, file, FINDING_SYNCHRONISED_TIMERS)
            || decide_if(&verdict, CAUSE_VOLUME_REKEY, file, FINDING_VOLUME_REKEY)
            || decide_by_timer(&verdict, file))
        return verdict;
    decide_without_cause(&verdict, tunnel, judge, file);
    return verdict;
}

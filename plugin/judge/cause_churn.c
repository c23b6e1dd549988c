/* cause_churn.c
 * Causes of SPIs that do not last although nothing fails.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "coverage.h"
#include "rule.h"

/* Findings of a key that are looked through, back from the latest; and SAs that one rests on, as in volume_rekey.c. */
#define FINDINGS_LOOKED_AT 16
#define VOLUME_GENERATIONS 3

static bool
by_finding(const struct view *view, const struct trouble *trouble, enum finding_key key, struct claim *claim)
{
    const struct finding *finding = trouble->kind == TROUBLE_CHURN ? finding_file_best(view->file, key) : NULL;

    if (!finding)
        return false;
    claim_finding(claim, finding);
    if (finding->exchange)
        claim->by = (int8_t)flow_peer(finding->exchange->flow);
    return true;
}

bool
explain_collisions(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (!by_finding(view, trouble, FINDING_SYNCHRONISED_TIMERS, claim))
        return false;
    claim->by = PEER_BOTH;
    return true;
}

bool
explain_volume_rekey(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return by_finding(view, trouble, FINDING_VOLUME_REKEY, claim);
}

/* The finding that rests on an SA that ended with the outage, or NULL. It stands where the last of its SAs was replaced. */
static const struct finding *
volume_of(const struct view *view, const struct trouble *trouble)
{
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, FINDING_VOLUME_REKEY); finding && looked_at < FINDINGS_LOOKED_AT;
            finding = finding->older, looked_at++) {
        const struct sa *sa = finding->sa;
        for (unsigned i = 0; sa && i < VOLUME_GENERATIONS; i++, sa = sa->predecessor)
            if (sa->last_frame > trouble->since_frame && sa->last_frame <= trouble->outage->begin_frame)
                return finding;
    }
    return NULL;
}

/* A peer lets the SAs end at that volume, in the midst of traffic, and nobody has renewed them. */
bool
explain_volume_reached(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct outage *outage = trouble->outage;
    const struct finding *finding = outage && (outage->how == OUTAGE_CHILD_DELETED || outage->how == OUTAGE_IKE_DELETED)
        ? volume_of(view, trouble) : NULL;

    if (!finding)
        return false;
    claim_outage(claim, outage, CONFIDENCE_INFERRED);
    return claim_finding(claim, finding);
}

bool
explain_early_rekey(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return by_finding(view, trouble, FINDING_EARLY_REKEY, claim);
}

/* Whether SAs came to be whose negotiation is not captured: what deleted those before them is missing as well, then. */
static bool
goes_on_unseen(const struct tunnel *tunnel)
{
    for (unsigned i = 0; i < 2; i++)
        if (tunnel->flow[i].current && !tunnel->flow[i].current->negotiated)
            return true;
    return false;
}

/* Nobody deletes, nobody says that it lost its state, and lifetimes and proxy IDs were seen to agree: as far as they were seen. Where the capture lacks
 * a part, what explains it may be there. */
bool
explain_churn(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    uint8_t missing = coverage_missing(view->tunnel, view->judge);

    if ((missing & (MISSING_KEYS | MISSING_NEGOTIATION | MISSING_DIRECTION)) || finding_file_count(view->file, FINDING_DELETED) > 0
            || finding_file_count(view->file, FINDING_PEER_RESTART) > 0 || goes_on_unseen(view->tunnel))
        return false;
    if (!by_finding(view, trouble, FINDING_FLAPPING, claim) && !by_finding(view, trouble, FINDING_SPI_CHURN, claim))
        return false;
    if (judge_clock_stepped(view->judge, view->tunnel->ike_sas->first_frame))
        return false;               /* it may hide what ended them */
    bool agree = view->tunnel->ike_sas->version < 2 && coverage_both_offers(view->tunnel, view->judge);
    claim->confidence = agree ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
    return true;
}

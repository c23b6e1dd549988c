/* cause_setup.c
 * Causes of set-ups that lead to nothing though nobody refuses them: a COOKIE that is ignored, fragments that are lost, an initiator
 * that leaves what it set up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

/* The trouble's latest finding of that key, if it is no history. */
static const struct finding *
latest(const struct view *view, const struct trouble *trouble, enum finding_key key)
{
    const struct finding *finding = finding_file_latest(view->file, key);

    if (trouble->kind == TROUBLE_NONE || trouble->kind == TROUBLE_ONE_WAY)
        return NULL;
    if (trouble->kind == TROUBLE_OUTAGE || trouble->kind == TROUBLE_REBUILT)
        return view_find(view, trouble, key, CONFIDENCE_SUSPECTED);
    return finding && !view_is_history(view, finding) ? finding : NULL;
}

/* About requests that one peer sends in vain. */
static bool
by_requester(const struct view *view, const struct trouble *trouble, enum finding_key key, struct claim *claim)
{
    const struct finding *finding = latest(view, trouble, key);

    if (!finding)
        return false;
    if (finding->exchange)
        claim->by = (int8_t)flow_peer(finding->exchange->flow);
    return claim_finding(claim, finding);
}

bool
explain_cookie_loop(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return by_requester(view, trouble, FINDING_COOKIE_LOOP, claim);
}

bool
explain_fragments_lost(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (!by_requester(view, trouble, FINDING_FRAGMENTS_LOST, claim))
        return false;
    claim->by = PEER_NOT_SEEN;      /* the path drops them */
    return true;
}

bool
explain_setup_abandoned(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = latest(view, trouble, FINDING_SETUP_ABANDONED);

    if (!finding)
        return false;
    claim->by = (int8_t)flow_peer(finding->exchange ? finding->exchange->flow : finding->ike_sa->flow);
    return claim_finding(claim, finding);
}

/* cause_refused.c
 * Causes that a refusal names, or hides. What was refused explains a trouble only if it was not made good before the trouble was
 * felt: a rekey that was refused, and then accepted, ended nothing. Where several were refused, the first one counts: the others
 * follow from it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

/* Whether the trouble's first refusal that was not made good is one of this key. */
static const struct finding *
first_refusal(const struct view *view, const struct trouble *trouble, enum finding_key key, enum confidence least)
{
    const struct finding *found = view_find(view, trouble, key, least);

    if (!found || (found->exchange && found->exchange->tried_again))
        return NULL;
    const struct finding *good = view_find_last(view, trouble, FINDING_REKEY);
    return good && good->frame > found->frame && trouble->kind != TROUBLE_NOT_UP ? NULL : found;
}

static bool
claim_refusal(const struct view *view, const struct trouble *trouble, enum finding_key key, enum confidence least,
        struct claim *claim)
{
    const struct finding *found = first_refusal(view, trouble, key, least);

    if (!found)
        return false;
    if (found->exchange)
        claim->by = (int8_t)(found->exchange->type == IKE1_TRANSACTION  /* who refused; of XAuth, who asked */
                ? flow_peer(found->exchange->flow) : 1 - flow_peer(found->exchange->flow));
    return claim_finding(claim, found);
}

bool
explain_authentication(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_AUTH_FAILED, CONFIDENCE_INFERRED, claim);
}

bool
explain_authentication_unread(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_AUTH_FAILED, CONFIDENCE_SUSPECTED, claim);
}

bool
explain_pfs(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_PFS_MISMATCH, CONFIDENCE_INFERRED, claim);
}

bool
explain_proposal(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_NO_PROPOSAL, CONFIDENCE_SUSPECTED, claim);
}

bool
explain_proxy_id(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_PROXY_ID_MISMATCH, CONFIDENCE_PROVEN, claim);
}

bool
explain_refused(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_CHILD_REFUSED, CONFIDENCE_INFERRED, claim);
}

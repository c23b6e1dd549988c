/* cause_path.c
 * Causes on the way between the peers, and at the receiver's window: a part of the traffic arrives, or is taken, and a part is
 * not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

/* Whether a part of the traffic may have been lost on the way, or dropped behind it. */
static bool
lacks_a_part(const struct trouble *trouble)
{
    return trouble->kind == TROUBLE_ONE_WAY || trouble->kind == TROUBLE_DEGRADED;
}

/* The sender's packets are those that go wrong. */
static bool
claim_senders(const struct finding *finding, struct claim *claim)
{
    claim_finding(claim, finding);
    claim->by = (int8_t)flow_peer(finding->sa->flow);
    claim->confidence = CONFIDENCE_INFERRED;
    return true;
}

bool
explain_nat_mapping(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = view->file->latest[FINDING_NAT_MAPPING];
    bool silence = trouble->outage && trouble->outage->how == OUTAGE_SILENCE;

    if (!finding || !view_has(trouble, finding) || !(lacks_a_part(trouble) || silence))
        return false;
    return claim_senders(finding, claim);
}

bool
explain_replay_drops(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = memory_read(view->judge->memory, view->tunnel)->replay_drops;

    return finding && lacks_a_part(trouble) && view_has(trouble, finding) && claim_senders(finding, claim);
}

bool
explain_loss(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = memory_read(view->judge->memory, view->tunnel)->heavy_loss;

    return finding && lacks_a_part(trouble) && view_has(trouble, finding) && claim_senders(finding, claim);
}

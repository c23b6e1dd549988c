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
explain_path_mtu(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = view->file->latest[FINDING_PATH_MTU];

    if (!finding || !lacks_a_part(trouble) || !view_has(trouble, finding))
        return false;
    claim->by = (int8_t)flow_peer(memory_read(view->judge->memory, view->tunnel)->too_large);
    return claim_finding(claim, finding);
}

/* An ICMP error lies in the trouble, which may be its effect: nothing of what was sent arrived. */
static bool
claim_unreachable(const struct view *view, const struct trouble *trouble, const struct finding *finding, struct claim *claim)
{
    bool silence = trouble->outage && (trouble->outage->how == OUTAGE_SILENCE || trouble->outage->how == OUTAGE_UNANSWERED);
    bool not_up = trouble->kind == TROUBLE_NOT_UP && view->end.unanswered[0].sent + view->end.unanswered[1].sent > 0;

    if (!finding || !view_has(trouble, finding) || !(silence || not_up || trouble->kind == TROUBLE_REBUILT))
        return false;
    return claim_finding(claim, finding);
}

bool
explain_no_way(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_unreachable(view, trouble, memory_read(view->judge->memory, view->tunnel)->no_way, claim);
}

bool
explain_nothing_listens(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_unreachable(view, trouble, memory_read(view->judge->memory, view->tunnel)->nothing_listens, claim);
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

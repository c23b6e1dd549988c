/* cause_path.c
 * Causes on the way between the peers, and at the receiver's window: a part of the traffic arrives, or is taken, and a part is
 * not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "../track/cut.h"
#include "../track/mapping.h"
#include "loss.h"
#include "lost_on_the_way.h"

/* Findings that tell of losses between points: two of each direction, as a rule. */
#define LOST_LOOKED_AT 64

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

/* Whether the peer sent to where the other one is not until it fell silent: it asks there too, and gives up in the end. */
static bool
gave_up_astray(const struct finding *finding, const struct trouble *trouble)
{
    const struct flow *flow = finding->sa->flow;

    return trouble->outage && trouble->outage->how == OUTAGE_UNANSWERED && trouble->until_frame == UINT32_MAX
            && finding->frame <= trouble->outage->begin_frame && mapping_goes_astray(flow);
}

bool
explain_nat_mapping(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = finding_file_latest(view->file, FINDING_NAT_MAPPING);
    bool silence = trouble->outage && (trouble->outage->how == OUTAGE_SILENCE || (finding && gave_up_astray(finding, trouble)));

    if (!finding || !view_has(trouble, finding) || !(lacks_a_part(trouble) || silence))
        return false;
    return claim_senders(finding, claim);
}

bool
explain_path_mtu(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct told *told = &memory_read(view->judge->memory, view->tunnel)->too_large;

    if (!told->finding || !lacks_a_part(trouble) || !view_has(trouble, told->finding))
        return false;
    claim->by = (int8_t)flow_peer(told->flow);
    return claim_finding(claim, told->finding);
}

/* Whether the peer was ever heard: its ESP, or an answer of its. */
static bool
was_heard(const struct flow *flow)
{
    const struct service_side *side = &flow->tunnel->service.side[flow_peer(flow)];

    return side->packets > 0 || side->answered_frame != 0;
}

/* Whether it was told after the last packet of the direction that is silent at the end, of those that it does not answer. */
static bool
is_silent_since(const struct view *view, const struct told *told)
{
    unsigned silent = 1 - flow_peer(told->flow);

    return view->end.silent[silent] && told->finding->frame > view->tunnel->service.side[silent].last_frame;
}

/* Whether the trouble may be the effect of what is told: after the last packet that got through, and before the next one; or nothing
 * ever came back. A daemon that was stopped once all was over explains nothing. */
static bool
claim_told(const struct view *view, const struct trouble *trouble, const struct told *told, struct claim *claim)
{
    const struct outage *outage = trouble->outage;
    bool silence = outage && (outage->how == OUTAGE_SILENCE || outage->how == OUTAGE_UNANSWERED || outage->how == OUTAGE_REPLACED);

    if (!told->finding || !view_has(trouble, told->finding))
        return false;
    bool fits = trouble->kind == TROUBLE_REBUILT || (silence && told->finding->frame > outage->begin_frame)
            || (trouble->kind == TROUBLE_ONE_WAY && is_silent_since(view, told))
            || (trouble->kind == TROUBLE_NOT_UP && !was_heard(flow_reverse(told->flow)));
    return fits && claim_finding(claim, told->finding);
}

bool
explain_no_way(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_told(view, trouble, &memory_read(view->judge->memory, view->tunnel)->no_way, claim);
}

bool
explain_nothing_listens(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct told *told = &memory_read(view->judge->memory, view->tunnel)->nothing_listens;

    if (trouble->kind == TROUBLE_DEGRADED && view_lacks_daemon(view))
        claim_finding(claim, told->finding);
    else if (!claim_told(view, trouble, told, claim))
        return false;
    claim->by = (int8_t)(1 - flow_peer(told->flow));
    return true;
}

bool
explain_replay_drops(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = memory_read(view->judge->memory, view->tunnel)->replay_drops;

    return finding && lacks_a_part(trouble) && view_has(trouble, finding) && claim_senders(finding, claim);
}

/* It silences no direction: where one is silent, what was lost before is not why. */
bool
explain_loss(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = memory_read(view->judge->memory, view->tunnel)->heavy_loss;

    if (!finding || trouble->kind != TROUBLE_DEGRADED || !view_has(trouble, finding) || loss_may_be_sampled(finding))
        return false;
    claim_finding(claim, finding);
    claim->confidence = CONFIDENCE_INFERRED;
    return true;                    /* by neither peer: the way loses them */
}

/* ---- what capture points show */

/* Directions, as bits, of which nothing arrived in the trouble, and was lost between two capture points.
 * @param passes  gets whether IKE arrived */
static unsigned
cut_directions(const struct view *view, const struct trouble *trouble, bool *passes)
{
    const struct outage *outage = trouble->outage;
    unsigned directions = 0;

    *passes = outage && outage->ike_passed;
    if (outage)
        return outage->how == OUTAGE_LOST_BETWEEN ? outage->directions : 0;
    for (unsigned i = 0; i < 2; i++) {
        if (trouble->kind == TROUBLE_NOT_UP && view->tunnel->passage && cut_of_messages(view->tunnel, i))
            directions |= 1U << i;
        if (trouble->kind != TROUBLE_ONE_WAY || !view->end.is_cut[i])
            continue;
        directions |= 1U << i;
        *passes |= view->end.ike_passes[i];
    }
    return directions;
}

/* The finding that tells of the losses of one of these directions, the earlier one of its kind: it has the counts. */
static const struct finding *
lost_of(const struct view *view, unsigned directions)
{
    const struct finding *found = NULL;
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, FINDING_LOST_ON_THE_WAY); finding && looked_at < LOST_LOOKED_AT;
            finding = finding->older, looked_at++)
        if (directions & 1U << flow_peer(lost_on_the_way_flow(finding)))
            found = finding;
    return found;
}

/* By neither peer: the way between the points. Anybody may have sent what did not arrive, though not kept away what would have. */
static bool
claim_cut(const struct view *view, const struct trouble *trouble, bool passes, struct claim *claim)
{
    bool ike_passes;
    unsigned directions = cut_directions(view, trouble, &ike_passes);
    const struct finding *finding = directions != 0 ? lost_of(view, directions) : NULL;

    if (!finding || ike_passes != passes)
        return false;
    claim_finding(claim, finding);
    if (trouble->outage)
        claim_outage(claim, trouble->outage, CONFIDENCE_INFERRED);
    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = PEER_NOT_SEEN;
    return true;
}

bool
explain_cut(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_cut(view, trouble, false, claim);
}

bool
explain_cut_for_esp(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_cut(view, trouble, true, claim);
}

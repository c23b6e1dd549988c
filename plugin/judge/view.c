/* view.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "view.h"

#include "../clock.h"

/* Findings of a key that are looked through, back from the latest: a verdict may be asked for with each packet. */
#define LOOKED_AT_MOST 64

/* A request that was sent once may just have been the capture's last. */
#define SENT_AT_LEAST 2

void
claim_rests_on(struct claim *claim, uint32_t frame)
{
    unsigned at = claim->evidence_count;

    for (unsigned i = 0; i < claim->evidence_count; i++)
        if (claim->evidence[i] == frame)
            return;
    if (frame == 0 || claim->evidence_count == CLAIM_EVIDENCE_AT_MOST)
        return;
    claim->evidence_count++;
    for (; at > 0 && claim->evidence[at - 1] > frame; at--)
        claim->evidence[at] = claim->evidence[at - 1];
    claim->evidence[at] = frame;
}

bool
claim_finding(struct claim *claim, const struct finding *finding)
{
    claim->confidence = (uint8_t)finding_confidence(finding);
    claim->finding = finding;
    claim_rests_on(claim, finding->frame);
    for (unsigned i = 0; i < finding->evidence_count; i++)
        claim_rests_on(claim, finding->evidence[i]);
    return true;
}

bool
claim_outage(struct claim *claim, const struct outage *outage, enum confidence confidence)
{
    claim->confidence = (uint8_t)confidence;
    claim->by = outage->ended_by;
    claim->age = outage->age;
    claim_rests_on(claim, outage->begin_frame);
    for (unsigned i = 0; i < outage->evidence_count; i++)
        claim_rests_on(claim, outage->evidence[i]);
    claim_rests_on(claim, outage->end_frame);
    return true;
}

bool
view_has(const struct trouble *trouble, const struct finding *finding)
{
    return finding->frame > trouble->since_frame && finding->frame <= trouble->until_frame;
}

const struct finding *
view_find(const struct view *view, const struct trouble *trouble, enum finding_key key, enum confidence least)
{
    const struct finding *found = NULL;
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, key); finding && finding->frame > trouble->since_frame
            && looked_at < LOOKED_AT_MOST; finding = finding->older, looked_at++)
        if (finding->confidence >= least && view_has(trouble, finding))
            found = finding;
    return found;
}

const struct finding *
view_find_last(const struct view *view, const struct trouble *trouble, enum finding_key key)
{
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, key); finding && looked_at < LOOKED_AT_MOST; finding = finding->older, looked_at++)
        if (finding->frame <= trouble->begin_frame)
            return view_has(trouble, finding) ? finding : NULL;
    return NULL;
}

bool
view_asks_in_vain(const struct view *view, unsigned peer)
{
    const struct unanswered_requests *unanswered = &view->end.unanswered[peer];

    return unanswered->waited >= SENT_AT_LEAST && unanswered->exchange && unanswered->repeated;
}

bool
view_lacks_daemon(const struct view *view)
{
    const struct told *told = &memory_read(view->judge->memory, view->tunnel)->nothing_listens;
    const struct ike_sa *ike_sa = view->tunnel->ike_sas;
    const struct exchange *asked = ike_sa && ike_sa->established && ike_sa->end == IKE_ALIVE ? ike_sa->latest : NULL;

    if (!asked || asked->response_frame != 0 || asked->flow != told->flow || !told->finding || told->finding->sa)
        return false;
    nstime_t last = clock_unpack(asked->last_time);
    return asked->asked_again + 1 >= SENT_AT_LEAST && told->finding->frame > asked->request_frame
            && clock_passed(&asked->request_time, &last, view->judge->limits.min_outage);
}

bool
view_is_history(const struct view *view, const struct finding *finding)
{
    return view->works && clock_compare(&finding->time, &view->works_since) <= 0;
}

bool
view_is_thrown_in(const struct view *view, const struct finding *finding)
{
    return view->works && finding_is_hearsay(finding);
}

/* Whether it is a restart over which both directions went on, with no outage: whoever lost its state had it back before a packet was missed. */
static bool
is_bridged(const struct view *view, const struct finding *finding)
{
    const struct flow *flow = view->tunnel->flow;

    return view->works && finding->key == FINDING_PEER_RESTART && finding->ike_sa->established
            && clock_compare(&flow[0].last_time, &finding->ike_sa->established_time) > 0
            && clock_compare(&flow[1].last_time, &finding->ike_sa->established_time) > 0;
}

bool
view_is_overcome(const struct view *view, const struct finding *finding)
{
    return is_bridged(view, finding) || view_is_history(view, finding) || view_is_thrown_in(view, finding);
}

/* Of what stands beside a tunnel that works: ICMP may be forged, differing lifetimes have ended nothing yet, and SPIs that change, or are
 * rekeyed early, are churn. */
static bool
speaks_against(unsigned key)
{
    switch (key) {
    case FINDING_OUTAGE:
    case FINDING_ICMP_UNREACHABLE:
    case FINDING_SPI_CHURN:
    case FINDING_FLAPPING:
    case FINDING_EARLY_REKEY:
    case FINDING_PHASE1_LIFETIME_MISMATCH:
    case FINDING_PHASE2_LIFETIME_MISMATCH:
        return false;
    default:
        return true;
    }
}

/* The latest finding of a kind that is a note, where one of these kinds was raised. */
static const struct finding *
latest_raised(const struct view *view, unsigned key)
{
    if (key != FINDING_LOSS && key != FINDING_LOST_ON_THE_WAY && key != FINDING_REPLAY_WINDOW)
        return NULL;
    const struct tunnel_memory *memory = memory_read(view->judge->memory, view->tunnel);
    const struct finding *kept = key == FINDING_REPLAY_WINDOW ? memory->replay_drops : memory->heavy_loss;
    return kept && kept->key == key ? kept : NULL;
}

const struct finding *
view_latest_above_note(const struct view *view, unsigned key)
{
    const struct finding *finding = finding_kind((uint8_t)key)->severity > SEVERITY_NOTE ? finding_file_latest(view->file, key) : latest_raised(view, key);

    for (unsigned looked_at = 0; finding && looked_at < LOOKED_AT_MOST; finding = finding->older, looked_at++)
        if (!finding_is_overcome(finding) && finding_severity(finding) > SEVERITY_NOTE)
            return finding;
    return NULL;
}

static const struct finding *
worse(const struct view *view, const struct finding *worst, const struct finding *finding)
{
    if (!finding || view_is_overcome(view, finding) || (worst && finding->confidence <= worst->confidence))
        return worst;
    return finding;
}

const struct finding *
view_trouble(const struct view *view)
{
    const struct finding *worst = NULL;

    for (unsigned key = 0; key < FINDING_KEYS; key++) {
        const struct finding *finding = speaks_against(key) ? view_latest_above_note(view, key) : NULL;
        worst = worse(view, worst, finding);
    }
    return worst;
}

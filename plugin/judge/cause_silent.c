/* cause_silent.c
 * Causes of silence. A peer that answers nothing and sends no ESP is not to be reached; one whose ESP, or whose other answers, arrive
 * meanwhile is alive and does not answer these requests. A peer lost its state only if it is that peer that begins anew: whoever
 * gives up a silent peer and begins anew lost nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "../clock.h"
#include "../track/walk.h"
#include "invalid_spi.h"
#include "left_out.h"
#include "loss.h"
#include "one_way.h"

/* Liveness checks that have to stay unanswered: one may be lost. As in track/ikev1.c. */
#define CHECKS_AT_LEAST 2

/* Unread, they are taken for checks if there are as many as gateways ask before they give up, and no further apart than they ask again: by default AWS 3 times,
 * every 10 s; FortiGate 3 times, every 20 s (every 5 s up to FortiOS 5.2); Stormshield 3 times, every 5 s; Juniper SRX 5 times, every 10 s. Other things that a
 * gateway says again and again it says once a minute. */
#define CHECKS_UNREAD_AT_LEAST 3
#define CHECKS_WITHIN_SECONDS 30

enum { DIRECTIONS = 2, BOTH = 3 };

/* Back from the latest: a verdict may be asked for with each packet. */
#define REKEYS_LOOKED_AT 64
#define RESTARTS_LOOKED_AT 64
#define REQUESTS_LOOKED_AT 64
#define EXCHANGES_LOOKED_AT 16

/* The peer whose direction carried nothing, or PEER_NOT_SEEN where that was both. */
static int
silent_peer(const struct outage *outage)
{
    if (outage->directions == BOTH)
        return PEER_NOT_SEEN;
    return outage->directions == 1 ? 0 : 1;
}

/* Whether the peer was ever heard: its ESP, or an answer of its. */
static bool
was_heard(const struct view *view, unsigned peer)
{
    const struct service_side *side = &view->tunnel->service.side[peer];

    return side->packets > 0 || side->answered_frame != 0;
}

static bool
claim_unanswered(const struct view *view, unsigned asking, struct claim *claim)
{
    const struct exchange *exchange = view->end.unanswered[asking].exchange;

    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = (int8_t)(1 - asking);
    if (exchange) {
        claim_rests_on(claim, exchange->request_frame);
        claim_rests_on(claim, exchange->last_frame);
    }
    return true;
}

/* It was never up: who is asked in vain, and whether that peer was heard in other ways. */
static bool
not_up(const struct view *view, bool heard, struct claim *claim)
{
    for (unsigned peer = 0; peer < DIRECTIONS; peer++)
        if (view_asks_in_vain(view, peer) && was_heard(view, 1 - peer) == heard)
            return claim_unanswered(view, peer, claim);
    return false;
}

/* The trouble's first request in vain whose sender waited for an answer. */
static const struct finding *
asked_in_vain(const struct view *view, const struct trouble *trouble)
{
    const struct finding *found = NULL;
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, FINDING_IKE_NO_RESPONSE); finding && finding->frame > trouble->since_frame
            && looked_at < REQUESTS_LOOKED_AT; finding = finding->older, looked_at++)
        if (view_has(trouble, finding) && !finding_waited_for_none(finding))
            found = finding;
    return found;
}

/* In IKEv2 whoever gets no answer asks again (RFC 7296 section 2.1): who goes on without that got one, or wanted none any more. */
static bool
was_asked_once(const struct exchange *exchange)
{
    return exchange->ike_sa->version >= 2 && exchange->asked_again == 0;
}

static const struct finding *
given_up(const struct view *view, const struct trouble *trouble)
{
    const struct finding *finding = view_find(view, trouble, FINDING_DPD_FAILURE, CONFIDENCE_SUSPECTED);

    if (!finding)
        finding = asked_in_vain(view, trouble);
    if (finding && finding->exchange && (finding->exchange->tried_again || was_asked_once(finding->exchange)))
        return NULL;
    return finding && !trouble->outage && view_is_thrown_in(view, finding) ? NULL : finding;
}

/* Whether the peer that was asked asks in vain itself: nothing gets through in either direction. */
static bool
asks_back_in_vain(const struct exchange *asked)
{
    unsigned looked_at = 0;

    for (const struct exchange *exchange = asked->ike_sa->latest; exchange && exchange != asked && looked_at < EXCHANGES_LOOKED_AT;
            exchange = exchange->older, looked_at++)
        if (exchange->flow != asked->flow && exchange->response_frame == 0 && exchange->retransmissions > 0)
            return true;
    return false;
}

/* Whether a peer's requests were answered on any of the tunnel's latest IKE SAs between two frames. */
static bool
was_answered_between(const struct tunnel *tunnel, const struct flow *asking, uint32_t from, uint32_t until)
{
    const struct ike_sa *ike_sa;
    const struct exchange *exchange;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, EXCHANGES_LOOKED_AT)
        WALK(exchange, ike_sa->latest, older, EXCHANGES_LOOKED_AT)
            if (exchange->flow == asking && exchange->response_frame > from && exchange->response_frame < until)
                return true;
    return false;
}

/* Whether the peer was heard after it had been asked, again and in vain, and its silence began before the asking peer gave up, or got any other
 * answer: it was alive, and fell silent because its SAs ran out meanwhile. An answer takes no longer than what is no outage yet. */
static bool
was_asked_alive(const struct view *view, const struct outage *outage, const struct finding *finding)
{
    const struct exchange *exchange = finding ? finding->exchange : NULL;

    return exchange && exchange->response_frame == 0 && exchange->asked_again > 0
            && (finding->frame > outage->begin_frame
                || !was_answered_between(view->tunnel, exchange->flow, exchange->request_frame, outage->begin_frame))
            && clock_passed(&exchange->request_time, &outage->begin, view->judge->limits.min_outage) && !asks_back_in_vain(exchange);
}

/* Whether the peer that was asked had been heard before the asking one gave up: else it may have been away from before the capture on. */
static bool
was_heard_before(const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    const struct flow *flow = exchange ? flow_reverse(exchange->flow) : NULL;

    if (!exchange)
        return true;
    uint32_t heard = exchange->ike_sa->heard_frame[1 - exchange_side(exchange)];
    return heard != 0 || (flow->packets > 0 && clock_compare(&flow->first_time, &finding->time) <= 0);
}

/* Whether the peer answered other requests in the outage, before the last ones that it left unanswered: it is to be reached. */
static bool
answers_others(const struct view *view, const struct outage *outage)
{
    const struct finding *finding;

    WALK(finding, finding_file_latest(view->file, FINDING_IKE_NO_RESPONSE), older, EXCHANGES_LOOKED_AT) {
        if (finding->frame <= outage->begin_frame)
            return false;
        const struct exchange *exchange = finding->exchange;
        if (exchange && exchange->response_frame == 0 && (outage->end_frame == 0 || finding->frame <= outage->end_frame)
                && was_answered_between(view->tunnel, exchange->flow, outage->begin_frame, exchange->request_frame))
            return true;
    }
    return false;
}

/* Whether a peer's traffic goes on, in an outage that is not over, on an SA that was not negotiated before: that takes both. */
static bool
goes_on_renewed(const struct view *view, const struct outage *outage)
{
    for (unsigned i = 0; i < DIRECTIONS && outage->restored_how == RESTORED_NOT; i++) {
        const struct sa *sa = view->tunnel->flow[i].current;
        if (sa && sa->sequence.packets > 1 && sa->first_frame > outage->begin_frame && sa->predecessor
                && (!sa->origin || sa->origin->response_frame == 0 || sa->origin->response_frame > outage->begin_frame)
                && clock_passed(&outage->begin, &sa->first_time, view->judge->limits.min_outage))
            return true;
    }
    return false;
}

/* Whether the peer that fell silent answers again since, for longer than it did not, and nothing is carried all the same: it is not that it
 * can't be reached. */
static bool
answers_since(const struct view *view, const struct outage *outage)
{
    if (outage != &view->end.outage || outage->restored_how != RESTORED_SAME_SA)
        return false;
    nstime_t down = clock_elapsed(&outage->begin, &outage->end), since = clock_elapsed(&outage->end, &view->judge->now);
    return clock_compare(&since, &down) > 0;
}

bool
explain_unreachable(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (trouble->kind == TROUBLE_NOT_UP)
        return not_up(view, false, claim);
    if (!trouble->outage || trouble->outage->how != OUTAGE_UNANSWERED || trouble->outage->kept_down || answers_others(view, trouble->outage)
            || answers_since(view, trouble->outage) || left_out_ends(view->tunnel) || goes_on_renewed(view, trouble->outage))
        return false;
    const struct finding *finding = given_up(view, trouble);
    if (finding)
        claim_finding(claim, finding);
    claim_outage(claim, trouble->outage, CONFIDENCE_INFERRED);
    claim->by = (int8_t)silent_peer(trouble->outage);
    return true;
}

/* Unread, they show by their size, which is not that of the Deletes behind them, and by their pace.
 * @param frame  gets the first one */
static bool
find_unread_checks(const struct ike_sa *ike_sa, const struct outage *outage, uint32_t *frame)
{
    const struct exchange *check, *behind = NULL;
    nstime_t last = outage->begin;
    uint32_t length = 0;
    unsigned checks = 0;

    WALK(check, ike_sa->latest, older, EXCHANGES_LOOKED_AT) {
        if (check->request_frame >= outage->begin_frame) {
            behind = check;         /* at last the Delete that the outage begins with */
            continue;
        }
        if (check->type != IKE1_INFORMATIONAL || (int)flow_peer(check->flow) != outage->ended_by || check->first.readable
                || clock_passed(&check->request_time, &last, CHECKS_WITHIN_SECONDS)
                || !clock_passed_ms(&check->request_time, &last, ANSWER_WITHIN_MS - 1))
            break;
        if (!behind || check->request_length == behind->request_length || (checks > 0 && check->request_length != length))
            break;
        length = check->request_length;
        last = check->request_time;
        *frame = check->request_frame;
        checks++;
    }
    return checks >= CHECKS_UNREAD_AT_LEAST;
}

/* IKEv1: who deleted the SAs had checked in vain whether its peer is alive. Its ESP arrived meanwhile, for else the outage would have begun with its
 * silence. */
static bool
claim_checked_in_vain(const struct outage *outage, struct claim *claim)
{
    const struct ike_sa *ike_sa = outage->ended_ike;

    if ((outage->how != OUTAGE_IKE_DELETED && outage->how != OUTAGE_CHILD_DELETED) || !ike_sa || outage->ended_by == PEER_NOT_SEEN)
        return false;
    unsigned side = (int)flow_peer(ike_sa->flow) == outage->ended_by ? 0 : 1;
    uint32_t frame = ike_sa->probe_frame[side];
    bool is_read = ike_sa->probes[side] >= CHECKS_AT_LEAST;
    if (!is_read && !find_unread_checks(ike_sa, outage, &frame))
        return false;
    claim_outage(claim, outage, is_read ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED);
    claim_rests_on(claim, frame);
    claim->by = (int8_t)(1 - outage->ended_by);
    return true;
}

/* Never up, for want of a child: phase 1 was answered, and Quick Mode was not. */
static bool
is_without_child(const struct finding *finding)
{
    return finding->exchange && finding->exchange->type == IKE1_QUICK_MODE;
}

/* Whether the peer's host said since that nothing listens there: it has no IKE that could answer. */
static bool
was_told_that_nothing_listens(const struct view *view, const struct exchange *asked)
{
    const struct told *told = &memory_read(view->judge->memory, view->tunnel)->nothing_listens;

    return told->finding && !told->finding->sa && asked && told->flow == asked->flow && told->finding->frame > asked->request_frame;
}

bool
explain_unanswered(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (trouble->kind == TROUBLE_NOT_UP && not_up(view, true, claim))
        return true;
    if (trouble->kind == TROUBLE_CHURN || trouble->kind == TROUBLE_NONE)
        return false;
    bool unheard = trouble->outage && trouble->outage->how == OUTAGE_UNANSWERED;
    if (trouble->outage && !unheard && claim_checked_in_vain(trouble->outage, claim))
        return true;
    const struct finding *finding = given_up(view, trouble);
    if (!finding || (trouble->kind == TROUBLE_NOT_UP && !is_without_child(finding)) || !was_heard_before(finding))
        return false;
    if (trouble->kind == TROUBLE_DEGRADED && was_told_that_nothing_listens(view, finding->exchange))
        return false;
    if (unheard && (trouble->outage->kept_down || !was_asked_alive(view, trouble->outage, finding)))
        return false;               /* nothing of the peer arrived */
    claim_finding(claim, finding);
    claim->confidence = CONFIDENCE_INFERRED;
    if (finding->exchange)
        claim->by = (int8_t)(1 - flow_peer(finding->exchange->flow));
    return true;
}

const struct finding *
restart_of(const struct view *view, const struct trouble *trouble)
{
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, FINDING_PEER_RESTART); finding && looked_at < RESTARTS_LOOKED_AT;
            finding = finding->older, looked_at++)
        if (finding->ike_sa->first_frame > trouble->since_frame && finding->ike_sa->first_frame <= trouble->until_frame)
            return finding;
    return NULL;
}

bool
explain_restart(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = restart_of(view, trouble);

    if (!finding || (trouble->kind != TROUBLE_OUTAGE && trouble->kind != TROUBLE_REBUILT))
        return false;
    int began = (int)flow_peer(finding->ike_sa->flow);
    const struct outage *outage = trouble->outage;
    if (outage && (outage->how == OUTAGE_IKE_DELETED || outage->how == OUTAGE_CHILD_DELETED))
        return false;
    if (outage && outage->how == OUTAGE_UNANSWERED && silent_peer(outage) != began)
        return false;               /* it asked in vain too: the path was cut, or the other one was away */
    claim->by = (int8_t)began;
    return claim_finding(claim, finding);
}

/* Two devices take turns: the finding stands on the set-up that brings the tunnel back, or brought it up before. */
bool
explain_identity_conflict(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = finding_file_latest(view->file, FINDING_IDENTITY_CONFLICT);
    unsigned looked_at = 0;

    if (trouble->kind == TROUBLE_NOT_UP || trouble->kind == TROUBLE_NONE)
        return false;
    for (; finding && finding->frame > trouble->until_frame && looked_at < EVIDENCE_AT_MOST; looked_at++)
        finding = finding->older;
    if (!finding || finding->frame < trouble->since_frame || finding->frame > trouble->until_frame)
        return false;
    claim->by = (int8_t)flow_peer(finding->ike_sa->flow);
    return claim_finding(claim, finding);
}

/* ---- silence that begins with a rekey */

static bool
is_near(const struct view *view, const nstime_t *a, const nstime_t *b)
{
    uint32_t grace = view->judge->limits.handover_grace;

    return !clock_passed(a, b, grace) && !clock_passed(b, a, grace);
}

/* The SA of one of several pairs that carries traffic alone since a rekey, or NULL. */
static const struct sa *
half_pair(const struct view *view, const struct trouble *trouble)
{
    const struct finding *finding = trouble->kind == TROUBLE_DEGRADED ? view_find_last(view, trouble, FINDING_ONE_WAY) : NULL;

    return finding ? one_way_of_pair(finding) : NULL;
}

/* Whether it begins with a child's Delete: behind a collision of rekeys each peer may delete what it asked for, and nothing is left. */
static bool
may_undo_rekeys(const struct outage *outage)
{
    return outage->how == OUTAGE_CHILD_DELETED;
}

/* When the silence began: an outage's begin, since when a direction is silent at the end, or a pair's other direction is. */
static const nstime_t *
silent_since(const struct view *view, const struct trouble *trouble)
{
    const struct sa *half = half_pair(view, trouble);

    if (half)
        return sa_birth_time(half);
    if (trouble->outage)
        return trouble->outage->how == OUTAGE_SILENCE || may_undo_rekeys(trouble->outage) ? &trouble->outage->begin : NULL;
    if (trouble->kind != TROUBLE_ONE_WAY)
        return NULL;
    for (unsigned peer = 0; peer < DIRECTIONS; peer++)
        if (view->end.silent[peer])
            return &view->end.silent_since[peer];
    return NULL;
}

/* Unread: both peers asked for a new SA before either was answered, both were accepted, and the Delete that leaves nothing comes right behind. */
static bool
claim_crossed(const struct view *view, const struct outage *outage, struct claim *claim)
{
    const struct exchange *asked[2] = { NULL, NULL }, *exchange;

    if (outage->proven || !may_undo_rekeys(outage) || !outage->ended_ike)
        return false;
    WALK(exchange, outage->ended_ike->latest, older, EXCHANGES_LOOKED_AT)
        if (exchange->type == IKE2_CREATE_CHILD_SA && exchange->response_frame != 0 && exchange->response_frame < outage->begin_frame
                && exchange->request_frame != 0 && exchange->outcome != EXCHANGE_REFUSED && is_near(view, &exchange->request_time, &outage->begin))
            asked[flow_peer(exchange->flow)] = exchange;
    if (!asked[0] || !asked[1] || asked[0]->request_frame > asked[1]->response_frame || asked[1]->request_frame > asked[0]->response_frame)
        return false;
    claim->confidence = CONFIDENCE_SUSPECTED;
    claim->by = PEER_BOTH;
    claim_rests_on(claim, asked[0]->request_frame);
    claim_rests_on(claim, asked[1]->request_frame);
    claim_rests_on(claim, outage->begin_frame);
    return true;
}

bool
explain_rekey_collision(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const nstime_t *since = silent_since(view, trouble);
    unsigned looked_at = 0;

    if (!since)
        return false;
    if (trouble->outage && claim_crossed(view, trouble->outage, claim))
        return true;
    for (const struct finding *finding = finding_file_latest(view->file, FINDING_REKEY_COLLISION); finding && looked_at < EVIDENCE_AT_MOST;
            finding = finding->older, looked_at++) {
        if (!is_near(view, &finding->time, since))
            continue;
        claim_finding(claim, finding);
        claim->confidence = CONFIDENCE_INFERRED;
        claim->by = PEER_BOTH;
        return true;
    }
    return false;
}

/* The direction that is silent, or PEER_NOT_SEEN. */
static int
silent_direction(const struct view *view, const struct trouble *trouble)
{
    const struct sa *half = half_pair(view, trouble);

    if (half)
        return 1 - (int)flow_peer(half->flow);
    if (trouble->outage)
        return silent_peer(trouble->outage);
    for (int peer = 0; peer < DIRECTIONS; peer++)
        if (view->end.silent[peer])
            return peer;
    return PEER_NOT_SEEN;
}

/* The rekey by which the other peer changed to a new SA when the silence began, and the silent one did not. */
static const struct finding *
rekey_of_one_peer(const struct view *view, const nstime_t *since, int silent)
{
    const struct finding *found = NULL;
    unsigned looked_at = 0;

    for (const struct finding *finding = finding_file_latest(view->file, FINDING_REKEY); finding && looked_at < REKEYS_LOOKED_AT;
            finding = finding->older, looked_at++) {
        const struct sa *new = finding->other;
        if (!is_near(view, &new->first_time, since))
            continue;
        if ((int)flow_peer(new->flow) != silent)
            found = finding;
        else if (clock_compare(&new->first_time, since) <= 0)
            return NULL;            /* it had changed as well, and then fell silent */
    }
    return found;
}

bool
explain_rekey_race(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const nstime_t *since = silent_since(view, trouble);
    int silent = silent_direction(view, trouble);
    const struct finding *rekey = since && silent != PEER_NOT_SEEN ? rekey_of_one_peer(view, since, silent) : NULL;

    if (!rekey || (trouble->outage && trouble->outage->how != OUTAGE_SILENCE)
            || (trouble->kind == TROUBLE_ONE_WAY && !view->end.silent_since_new_sa[silent]))
        return false;
    claim_finding(claim, rekey);
    claim->finding = NULL;          /* the cause has words of its own */
    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = (int8_t)silent;
    return true;
}

/* ---- what the receiver drops */

static bool
may_be_dropped(const struct trouble *trouble)
{
    return trouble->kind == TROUBLE_ONE_WAY || trouble->kind == TROUBLE_DEGRADED
            || (trouble->outage && (trouble->outage->how == OUTAGE_SILENCE || trouble->outage->how == OUTAGE_SEQUENCE_FELL));
}

bool
explain_spi_unknown(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (!may_be_dropped(trouble))
        return false;
    const struct finding *finding = view_find(view, trouble, FINDING_INVALID_SPI, CONFIDENCE_SUSPECTED);
    if (!finding || (trouble->kind == TROUBLE_DEGRADED && view_is_thrown_in(view, finding)))
        finding = view_find(view, trouble, FINDING_STALE_SPI, CONFIDENCE_INFERRED);
    if (!finding)
        return false;
    claim_finding(claim, finding);
    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = (int8_t)(finding->key == FINDING_STALE_SPI ? flow_peer(finding->sa->flow) : 1 - flow_peer(invalid_spi_flow(finding)));
    return true;
}

bool
explain_sequence_fallback(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = may_be_dropped(trouble)
        ? view_find(view, trouble, FINDING_SEQUENCE_RESTART, CONFIDENCE_SUSPECTED) : NULL;

    if (!finding)
        return false;
    claim->by = (int8_t)flow_peer(finding->sa->flow);
    return claim_finding(claim, finding);
}

/* Whether it may be the capture that is silent: it takes one packet of several, or of the direction that goes on now it missed as many at once
 * before, as now go unanswered. */
static bool
may_be_sampled(const struct view *view)
{
    const struct finding *loss = memory_read(view->judge->memory, view->tunnel)->heavy_loss;

    if (loss && loss_may_be_sampled(loss))
        return true;
    for (unsigned peer = 0; peer < DIRECTIONS; peer++) {
        const struct flow *flow = &view->tunnel->flow[1 - peer];
        if (view->end.silent[peer] && flow->current && loss_was_as_long(view->judge, flow->current, flow->unanswered))
            return true;
    }
    return false;
}

bool
explain_one_way(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    if (trouble->kind != TROUBLE_ONE_WAY || may_be_sampled(view))
        return false;
    claim->confidence = CONFIDENCE_SUSPECTED;
    if (finding_file_latest(view->file, FINDING_ONE_WAY))
        claim_finding(claim, finding_file_latest(view->file, FINDING_ONE_WAY));
    for (unsigned peer = 0; peer < DIRECTIONS; peer++) {
        const struct exchange *asked = view->end.gave_up[peer];
        if (view->end.silent[peer] || one_way_from_the_start(view->judge, view->tunnel, peer))
            claim->by = (int8_t)peer;
        if (asked) {
            claim_rests_on(claim, asked->request_frame);
            claim_rests_on(claim, asked->last_frame);
        }
    }
    return true;
}

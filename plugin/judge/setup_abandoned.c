/* setup_abandoned.c
 * setup_abandoned: an initiator sets up an IKE SA, or nearly, leaves it, and begins anew, again and again: it does not accept what it
 * got (a certificate, an address), can't install it, or its messages to UDP 4500 are lost. Said where it begins anew after two
 * such set-ups in a row, and each further time. What counts as left:
 *
 *   - IKE_SA_INIT was accepted, and no IKE_AUTH follows, nor fragments that may be one. Not of an initiator whose IKE_AUTH came by before: an answer that it
 *     took once it takes again, so that it asks, by UDP 4500 as before, and the capture lacks it; but for one whose last IKE SA was seen to end;
 *   - EAP went through, and the AUTH that ends it does not follow (RFC 7296 section 2.16). Without keys: the last answer is too
 *     small for one, and no rejection (track/keyless.c);
 *   - phase 1 and XAuth went through, and what the initiator then asks for leads to no phase 2; or phase 1 did, and no phase 2 is asked for;
 *   - the IKE SA is up, and its initiator says no more on it, or one thing at once, as a Delete is; answers nothing on it; and sends no ESP,
 *     in a capture that shows any, where it would need no more IKE for that.
 *
 *   - a child SA is negotiated within the IKE SA (no rekey), carries nothing (of a capture without ESP: is not deleted behind the next one either,
 *     as one that is handed over), and its requester asks for another one of the same selectors; said once, after CHILDREN_AT_LEAST.
 *     Without keys: nothing at all is carried, and nothing is said between that could be a rekey's Delete (suspected, from
 *     CHILDREN_UNREAD_AT_LEAST on); or something is said of each at once, the one of IKE_AUTH as well, which is no rekey. Those that follow
 *     each other at once are a batch, as of a gateway with several selectors.
 *
 * All within min_sa_lifetime, in which no timer of two sane peers ends an IKE SA. An IKE SA on which its initiator spoke after its
 * successor was up was handed over, and not left. A refusal is a matter of other rules.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../track/envelope.h"
#include "../track/walk.h"
#include "../words/vendors.h"
#include "succession.h"

/* In a row, before it is said. */
#define LEFT_AT_LEAST 2

/* Set-ups that are looked at, back from the latest. */
#define LOOKED_AT_MOST 8

/* Child SAs in a row, before it is said: as many set-ups as have to be left. Unread, each might be of other selectors: a gateway asks for all
 * that it has at once, or for each when it has traffic; so many more one by one, and no traffic, is neither. */
#define CHILDREN_AT_LEAST (LEFT_AT_LEAST + 1)
#define CHILDREN_UNREAD_AT_LEAST (4 * LEFT_AT_LEAST)

/* Exchanges that are looked through, back from the latest. */
#define EXCHANGES_LOOKED_AT 64

/* What follows an answer sooner was decided before it came, or by it. */
#define AT_ONCE_MS 1000

/* How far a set-up came. */
enum stage {
    STAGE_OTHER,                    /* refused, unanswered, or in use */
    STAGE_INIT,                     /* no IKE_AUTH follows */
    STAGE_EAP,                      /* EAP went through */
    STAGE_CONFIG,                   /* of IKEv1: XAuth went through */
    STAGE_UP,
    STAGE_CHILD                     /* within the IKE SA */
};

struct abandoned {
    uint32_t times;
    uint8_t stage;                  /* of the latest */
    nstime_t after;                 /* from one begin to the next */
};

/* What its exchanges show of an IKE SA. */
struct shown {
    unsigned auths;
    const struct exchange *init;
    const struct exchange *auth;    /* the last one */
    unsigned others;                /* of the initiator, since IKE_AUTH */
    bool answers;                   /* the initiator, what the responder asks */
    bool refused;
    bool has_quick_mode;
    bool has_transaction;           /* XAuth, or an address */
    bool initiator_asks;            /* a Transaction of its own */
};

static struct shown
look_at(const struct ike_sa *ike_sa)
{
    struct shown shown = { 0 };
    const struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        shown.refused |= exchange->outcome == EXCHANGE_REFUSED;
        if (exchange->type == IKE2_IKE_SA_INIT && !shown.init)
            shown.init = exchange;
        else if (exchange->type == IKE2_IKE_AUTH && shown.auths++ == 0)
            shown.auth = exchange;
        else if (exchange->type != IKE2_IKE_AUTH && !exchange_is_phase1(exchange))
            shown.others += exchange->flow == ike_sa->flow;
        shown.answers |= exchange->flow != ike_sa->flow && exchange->request_frame != 0 && exchange->response_frame != 0
            && exchange->type == IKE2_INFORMATIONAL;
        shown.has_quick_mode |= exchange->type == IKE1_QUICK_MODE;
        shown.has_transaction |= exchange->type == IKE1_TRANSACTION;
        shown.initiator_asks |= exchange->type == IKE1_TRANSACTION && exchange->flow == ike_sa->flow;
    }
    return shown;
}

static bool
is_answered(const struct exchange *exchange)
{
    return exchange->response_frame != 0 && !exchange->awaiting && exchange->outcome != EXCHANGE_GIVEN_UP;
}

/* Whether its initiator says more on an IKE SA that is up than one thing at once, as a Delete is: one that comes later ended what was up, and who
 * answers on it has not left it. */
static bool
goes_on(const struct ike_sa *ike_sa, const struct shown *shown)
{
    const struct exchange *last = ike_sa->latest;

    return shown->others > 1 || shown->answers
            || (shown->others == 1 && last->flow == ike_sa->flow && clock_passed_ms(&ike_sa->established_time, &last->request_time, AT_ONCE_MS));
}

/* Whether it shows that nothing is sent over an IKE SA that is up, as its child is: its initiator says one thing at once, or ESP of the tunnel
 * is captured. Where neither is, the capture may hold IKE only, as one does that was saved by the filter isakmp. */
static bool
is_seen_left(const struct ike_sa *ike_sa, const struct shown *shown)
{
    const struct flow *flow = ike_sa->flow->tunnel->flow;

    return shown->others > 0 || flow[0].packets + flow[1].packets > 0;
}

static enum stage
stage_of_v1(const struct ike_sa *ike_sa, const struct shown *shown)
{
    if (!ike_sa->established || shown->has_quick_mode)
        return STAGE_OTHER;
    if (shown->has_transaction)
        return shown->initiator_asks ? STAGE_CONFIG : STAGE_OTHER;
    return goes_on(ike_sa, shown) ? STAGE_OTHER : STAGE_UP;
}

/* Whether EAP went through and was left there. */
static bool
is_left_in_eap(const struct ike_sa *ike_sa, const struct shown *shown)
{
    if (shown->auths < 2)
        return false;
    if (shown->auth->first.readable)
        return !ike_sa->established;
    return !shown->auth->response_fragmented
            && envelope_holds_at_most(ike_sa, shown->auth->response_length) < SMALLEST_EAP_LAST_ANSWER;
}

/* Whether the initiator asked by IKE_AUTH before, on an IKE SA whose end was not seen: the capture may have stopped to show what goes that way. */
static bool
may_have_asked(const struct ike_sa *ike_sa)
{
    const struct ike_sa *old = ike_sa->tunnel_older;
    uint32_t frame;

    for (unsigned looked_at = 0; old && !old->established && looked_at < LOOKED_AT_MOST; looked_at++)
        old = old->tunnel_older;
    return ike_sa->flow->tunnel->auth_asked[flow_peer(ike_sa->flow)]
            && !(old && succession_ended_before(old, &ike_sa->first_time, UINT32_MAX, &frame) != PEER_NOT_SEEN);
}

static enum stage
stage_of_v2(const struct ike_sa *ike_sa, const struct shown *shown)
{
    if (!shown->auth)
        return shown->init && shown->init->response && !ike_sa->established && ike_sa->flow->tunnel->lost_in_fragments == 0
                && !may_have_asked(ike_sa) ? STAGE_INIT : STAGE_OTHER;
    if (!is_answered(shown->auth))
        return STAGE_OTHER;
    if (is_left_in_eap(ike_sa, shown))
        return STAGE_EAP;
    return ike_sa->established && !goes_on(ike_sa, shown) && is_seen_left(ike_sa, shown) ? STAGE_UP : STAGE_OTHER;
}

/* How far the IKE SA came that the initiator left to begin the next one. */
static enum stage
stage_of(const struct ike_sa *ike_sa, uint32_t in_time)
{
    struct shown shown = look_at(ike_sa);
    const struct flow *flow = ike_sa->flow;
    bool used = flow->packets > 0 && clock_compare(&flow->last_time, &ike_sa->first_time) >= 0;
    bool ended_by_responder = ike_sa->ended_by == (int8_t)(2 - flow_peer(flow));

    if (!ike_sa->set_up || shown.refused || ike_sa->stuck_said || used || ended_by_responder
            || clock_passed(&ike_sa->first_time, &ike_sa->last_time, in_time))
        return STAGE_OTHER;
    return ike_sa->version < 2 ? stage_of_v1(ike_sa, &shown) : stage_of_v2(ike_sa, &shown);
}

/* Whether the initiator spoke on the IKE SA after the next one was up: it was handed over. */
static bool
was_handed_over(const struct ike_sa *ike_sa, const struct ike_sa *next)
{
    return next->established && next->established_frame != 0 && ike_sa->heard_frame[0] > next->established_frame;
}

static void
judge_setup_abandoned(struct judge *judge, const struct change *change)
{
    const struct ike_sa *began = change->ike_sa, *next = began, *left;
    enum stage stage = STAGE_OTHER;
    uint32_t times = 0;

    WALK(left, began->tunnel_older, tunnel_older, LOOKED_AT_MOST) {
        if (left->flow != began->flow || clock_passed(&left->first_time, &next->first_time, judge->limits.min_sa_lifetime))
            break;
        enum stage reached = stage_of(left, judge->limits.min_sa_lifetime);
        if (reached == STAGE_OTHER || was_handed_over(left, next))
            break;
        stage = times++ == 0 ? reached : stage;
        next = left;
    }
    /* the latest of those that are up may be handed over yet */
    if (times < (stage == STAGE_UP ? LEFT_AT_LEAST + 1 : LEFT_AT_LEAST))
        return;
    struct finding *finding = judge_ike_sa(judge, FINDING_SETUP_ABANDONED, CONFIDENCE_INFERRED, began, sizeof(struct abandoned));
    if (!finding)
        return;
    struct abandoned *abandoned = finding->detail;
    abandoned->times = times;
    abandoned->stage = (uint8_t)stage;
    abandoned->after = clock_elapsed(&began->tunnel_older->first_time, &began->first_time);
    finding_rests_on(finding, next->first_frame);
    finding_rests_on(finding, began->tunnel_older->first_frame);
    finding_rests_on(finding, began->tunnel_older->last_frame);
}

/* ---- child SAs */

static bool
has_carried(const struct child *child)
{
    return (child->sa[0] && child->sa[0]->sequence.packets > 0) || (child->sa[1] && child->sa[1]->sequence.packets > 0);
}

/* Whether the direction carried something since that moment. */
static bool
carried_since(const struct flow *flow, const nstime_t *since)
{
    return flow->packets > 0 && clock_compare(&flow->last_time, since) >= 0;
}

/* Whether the child was left, and not handed over: ESP of the tunnel is captured, which it does not carry; or it was not deleted once the next one was
 * there, as who uses it does. A capture may hold IKE only. */
static bool
is_seen_unused(const struct child *child, const struct exchange *next)
{
    const struct flow *flow = child->origin->flow->tunnel->flow;

    return flow[0].packets + flow[1].packets > 0 || child_is_alive(child) || next->response_frame == 0
            || clock_compare(&child->deleted_time, &next->response_time) < 0;
}

/* Whether the exchange made a child SA, as far as can be seen, that nothing used until the same peer asked for another one. */
static bool
is_left_child(const struct exchange *exchange, const struct exchange *next, uint32_t in_time)
{
    const struct tunnel *tunnel = exchange->flow->tunnel;

    if (exchange->response_frame == 0 || exchange->outcome == EXCHANGE_REFUSED || exchange->outcome == EXCHANGE_GIVEN_UP
            || clock_passed(&exchange->response_time, &next->request_time, in_time)
            || !clock_passed_ms(&exchange->response_time, &next->request_time, AT_ONCE_MS))
        return false;
    if (exchange->child)
        return !exchange->rekeyed_child && !has_carried(exchange->child) && is_seen_unused(exchange->child, next)
                && exchange_same_selectors(exchange->request, next->request, false);
    return !exchange->first.readable && !carried_since(&tunnel->flow[0], &exchange->request_time)
            && !carried_since(&tunnel->flow[1], &exchange->request_time);
}

/* Child SAs that the peer left, back from the one that it asks for now. */
struct left_children {
    uint32_t times;
    uint32_t answered_at_once;      /* unread: something was said at once by who asked for it, and no more until the next */
    uint32_t otherwise;             /* unread: and at another time */
    bool unread;
    bool first;                     /* IKE_AUTH's too */
    const struct exchange *latest;
    const struct exchange *earliest;
};

/* What was said between a child SA and the next one, in an Informational that was not read and is not empty. */
static void
note_said(struct left_children *left, const struct exchange *made, const struct exchange *said)
{
    bool at_once = said && said->flow == made->flow && !clock_passed_ms(&made->response_time, &said->request_time, AT_ONCE_MS);

    left->answered_at_once += at_once;
    left->otherwise += said && !at_once;
}

static struct left_children
left_children(const struct exchange *asked, uint32_t in_time)
{
    struct left_children left = { 0 };
    const struct exchange *exchange, *next = asked, *said = NULL;

    WALK(exchange, asked->older, older, EXCHANGES_LOOKED_AT) {
        if (exchange->type == IKE2_INFORMATIONAL && !exchange->liveness && !exchange->first.readable)
            said = exchange;
        bool makes_one = exchange->type == IKE2_CREATE_CHILD_SA || (exchange->type == IKE2_IKE_AUTH && exchange->flow == asked->flow);
        if (!makes_one)
            continue;
        if (exchange->flow != asked->flow || !is_left_child(exchange, next, in_time))
            break;
        note_said(&left, exchange, said);
        said = NULL;
        left.times++;
        left.unread |= !exchange->child;
        left.first = exchange->type == IKE2_IKE_AUTH;
        left.latest = left.latest ? left.latest : exchange;
        left.earliest = next = exchange;
        if (left.first)
            break;
    }
    return left;
}

static bool
is_left_often(const struct left_children *left)
{
    if (!left->unread)
        return left->times == CHILDREN_AT_LEAST;
    if (left->otherwise > 0)
        return false;
    if (left->answered_at_once == 0)
        return left->times == CHILDREN_UNREAD_AT_LEAST;
    return left->first && left->answered_at_once == left->times && left->times == CHILDREN_AT_LEAST;
}

static void
judge_child_asked(struct judge *judge, const struct exchange *asked)
{
    struct left_children left = left_children(asked, judge->limits.min_sa_lifetime);

    if (!is_left_often(&left))
        return;
    struct finding *finding = judge_exchange(judge, FINDING_SETUP_ABANDONED, left.unread ? CONFIDENCE_SUSPECTED : CONFIDENCE_INFERRED,
            asked, sizeof(struct abandoned));
    if (!finding)
        return;
    struct abandoned *abandoned = finding->detail;
    abandoned->times = left.times;
    abandoned->stage = STAGE_CHILD;
    abandoned->after = clock_elapsed(&left.latest->request_time, &asked->request_time);
    finding_rests_on(finding, left.earliest->response_frame);
    finding_rests_on(finding, left.latest->response_frame);
}

static void
judge_left(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_CHILD_ASKED)
        judge_child_asked(judge, change->exchange);
    else
        judge_setup_abandoned(judge, change);
}

static char *
text_setup_abandoned(const struct words *words, const struct finding *finding)
{
    static const char *const stages[] = {
        [STAGE_OTHER] = "a set-up", [STAGE_INIT] = "an IKE_SA_INIT that was accepted, with no IKE_AUTH after it",
        [STAGE_EAP] = "a set-up whose EAP had come to its end", [STAGE_CONFIG] = "an IKE SA whose XAuth went through, without a phase 2",
        [STAGE_UP] = "an IKE SA that was up, and sent nothing over it",
        [STAGE_CHILD] = "a child SA that was set up, and sent nothing over it",
    };
    const struct abandoned *abandoned = finding->detail;

    const struct flow *flow = finding->exchange ? finding->exchange->flow : finding->ike_sa->flow;

    return wmem_strdup_printf(words->scope, "%s left %s, %" PRIu32 " times in a row%s, and began anew, the last time after %s",
            words_endpoint(words, &flow->source),
            stages[abandoned->stage], abandoned->times, abandoned->times == LOOKED_AT_MOST ? " at least" : "",
            words_duration(words, &abandoned->after));
}

static const char *const *
check_setup_abandoned(const struct finding *finding)
{
    static const char *const init[] = { "The initiator's log: whether it sends IKE_AUTH, and whether UDP 4500 from it is filtered",
        VENDORS_SHOW_LOG, NULL };
    static const char *const later[] = { "The initiator's log: what it does not accept (the responder's certificate, EAP, the address that it "
        "got), or can't install", VENDORS_SHOW_LOG, NULL };

    return ((const struct abandoned *)finding->detail)->stage == STAGE_INIT ? init : later;
}

const struct rule rule_setup_abandoned = {
    .on = ON(BEGAN) | ON(CHILD_ASKED), .judge = judge_left,
    .findings = {
        { FINDING_SETUP_ABANDONED, .text = text_setup_abandoned,
            .meaning = "The responder did its part; the initiator does not use what it set up.",
            .check_of = check_setup_abandoned },
    }
};

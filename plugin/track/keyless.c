/* keyless.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "keyless.h"

#include "../clock.h"
#include "change.h"
#include "envelope.h"
#include "sa.h"
#include "tunnel.h"
#include "unseen.h"
#include "walk.h"

/* IKE SAs and exchanges, both together, among which a Quick Mode's earlier try is looked for. */
#define LOOKED_AT_MOST_IN_ALL 32

/* Servers delay a rejection by so much at least: FreeRADIUS by 1 s (reject_delay), strongSwan by 2 s. */
#define REJECTION_DELAY_MS 1000

/* In main mode the fifth message is the first encrypted one, and authenticates the initiator. */
#define MAIN_MODE_CLEAR 4

/* Messages of aggressive mode when it is answered. */
#define AGGRESSIVE_ANSWERED 2

/* What on_nat_t is where the initiator alone was heard on that port. */
#define ON_NAT_T_ALONE 1

/* The first IKE_AUTH has the second message ID (RFC 7296 section 2.2). */
#define FIRST_AUTH 1

/* Whether the IKE_AUTH is a further round, as EAP has: others were seen before, or its ID tells that they were not. */
static bool
is_further_round(const struct exchange *exchange)
{
    return exchange_auth_rounds(exchange->ike_sa) > 1 || exchange->message_id > FIRST_AUTH;
}

static void
refuse(struct ike_context *context, struct exchange *exchange)
{
    exchange->outcome = EXCHANGE_REFUSED;
    exchange->refused_unread = true;
    exchange->awaiting = false;
    change_exchange(context->changes, CHANGE_REFUSED_UNREAD, exchange);
}

static void
leave_auth(struct ike_context *context, const struct exchange *exchange)
{
    if (exchange->ike_sa->stuck_said)
        return;
    exchange->ike_sa->stuck_said = true;
    change_exchange(context->changes, CHANGE_AUTH_LEFT, exchange);
}

static bool
has_room_for_auth(const struct exchange *exchange)
{
    return envelope_holds_at_most(exchange->ike_sa, exchange->response_length) >= SMALLEST_AUTH_ANSWER;
}

/* Whether the last round of EAP was answered as a rejection is: late, to slow down who guesses. A Success is as small, and comes
 * at once. */
static bool
is_slow(const struct exchange *exchange)
{
    return clock_passed_ms(&exchange->request_time, &exchange->response_time, REJECTION_DELAY_MS - 1);
}

/* An IKE_AUTH with a small answer led nowhere: its initiator began anew. */
static void
settle_small_auth(struct ike_context *context, struct ike_sa *ike_sa)
{
    struct exchange *exchange = ike_sa->small_auth;

    if (!exchange)
        return;
    ike_sa->small_auth = NULL;
    bool by_eap = is_further_round(exchange);
    if (!by_eap && has_room_for_auth(exchange))
        refuse(context, exchange);
    else if (!by_eap || is_slow(exchange))
        leave_auth(context, exchange);
}

/* Its initiator had something to say of an IKE_AUTH with a small answer. Of EAP it is that it failed: an IKE SA that is up would
 * have a larger answer. Else the answer was another error than AUTHENTICATION_FAILED, which leaves no IKE SA to speak on
 * (RFC 7296 section 2.21.2): the child was refused, with an AUTH or without. */
static void
settle_objection(struct ike_context *context, struct ike_sa *ike_sa)
{
    struct exchange *exchange = ike_sa->small_auth;

    ike_sa->small_auth = NULL;
    if (is_further_round(exchange))
        leave_auth(context, exchange);
    else
        refuse(context, exchange);
}

/* Whether the request has room for what asks for a child; a set-up without one (RFC 6023) is answered without one. */
static bool
may_ask_for_child(const struct exchange *exchange)
{
    return exchange->request_frame == 0
            || envelope_holds_at_most(exchange->ike_sa, exchange->request_length) >= SMALLEST_AUTH_CHILD_ANSWER;
}

/* An answer of IKE_AUTH that is too small for a child. One too small even for a round of EAP, which the responder's identity
 * begins, refuses the IKE SA. */
static void
take_auth_answer(struct ike_context *context, struct exchange *exchange)
{
    struct ike_sa *ike_sa = exchange->ike_sa;
    bool by_eap = is_further_round(exchange);
    uint32_t most = envelope_holds_at_most(ike_sa, exchange->response_length);

    if (!by_eap && !may_ask_for_child(exchange) && has_room_for_auth(exchange))
        return;
    if (exchange->response_fragmented || most >= (by_eap ? SMALLEST_EAP_LAST_ANSWER : SMALLEST_AUTH_CHILD_ANSWER))
        return;
    ike_sa->small_auth = exchange;
    if (!by_eap && most < SMALLEST_EAP_FIRST_ANSWER)
        leave_auth(context, exchange);
}

bool
keyless_answers_nothing(const struct exchange *exchange)
{
    const struct ike_sa *ike_sa = exchange->ike_sa;
    bool is_early = ike_sa->born_in_capture && !ike_sa->established && exchange->type != IKE2_IKE_AUTH;

    return exchange->request_frame == 0 && (is_early || ike_sa->flow->tunnel->ike_heard[flow_peer(exchange->flow)]);
}

static void
take_response2(struct ike_context *context, struct exchange *exchange)
{
    if (exchange->response_frame != context->message->frame)
        return;                     /* a further fragment */
    if (keyless_answers_nothing(exchange))
        return;
    if (envelope_refuses_child(exchange)) {
        refuse(context, exchange);
        return;
    }
    if (exchange->type == IKE2_IKE_AUTH)
        take_auth_answer(context, exchange);
}

static void
take_request2(struct ike_context *context, struct exchange *exchange)
{
    struct ike_sa *ike_sa = exchange->ike_sa;

    if (exchange->type == IKE2_IKE_AUTH)
        ike_sa->small_auth = NULL;  /* EAP goes on */
    else if (!ike_message_is_fragment(context->message) && ike_sa->small_auth && (exchange->flow == ike_sa->flow || has_room_for_auth(ike_sa->small_auth)))
        settle_objection(context, ike_sa);
    if (exchange->type == IKE2_INFORMATIONAL)
        exchange->liveness = envelope_is_empty(ike_sa, exchange->request_length);
}

enum rekeyed { REKEYED_NO, REKEYED_DOUBTFUL, REKEYED_MAYBE };

/* Whether the IKE SA's last exchanges hold a CREATE_CHILD_SA that may have rekeyed it: in doubt where each was followed by an SPI, and so
 * seems to have made a child. Where it was deleted, the exchange that rekeyed it is not seen. */
static enum rekeyed
may_be_rekeyed(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;
    enum rekeyed rekeyed = REKEYED_NO;

    if (ike_sa->version < 2 || !ike_sa->established || ike_sa->successor)
        return REKEYED_NO;
    if (ike_sa->end != IKE_ALIVE)
        return ike_sa->end == IKE_DELETED && unseen_successor(ike_sa->latest, true) ? REKEYED_MAYBE : REKEYED_NO;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->type != IKE2_CREATE_CHILD_SA || exchange->response_frame == 0 || exchange->refused_unread || exchange->response)
            continue;
        if (!exchange->made_spi)
            return REKEYED_MAYBE;
        rekeyed = REKEYED_DOUBTFUL;
    }
    return rekeyed;
}

void
keyless_find_predecessor(const struct ike_context *context, struct ike_sa *ike_sa)
{
    struct ike_sa *found = NULL;
    struct ike_sa *old;
    enum rekeyed best = REKEYED_NO;
    bool are_several = false;

    if (ike_sa->version < 2 || context->message->message_id != 0)
        return;
    WALK(old, ike_sa->tunnel_older, tunnel_older, IKE_SAS_RECENT) {
        enum rekeyed rekeyed = may_be_rekeyed(old);
        if (rekeyed == REKEYED_NO || rekeyed < best)
            continue;
        are_several = rekeyed == best;
        best = rekeyed;
        found = old;
    }
    if (!found || are_several)
        return;
    ike_sa->predecessor = found;
    found->successor = ike_sa;
    if (found->end != IKE_DELETED)
        ike_sa_note_end(found, IKE_REPLACED, &found->last_time);
}

/* ---- IKEv1 */

/* An Informational that comes right behind one of the other peer's answers that, as liveness checks are answered, and refuses nothing that
 * was asked before it. */
static void
take_informational1(struct ike_context *context, const struct ike_sa *ike_sa)
{
    const struct ike_message *message = context->message;
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->type == IKE1_INFORMATIONAL && exchange->flow != context->flow
                && !clock_passed_ms(&exchange->request_time, &message->time, ANSWER_WITHIN_MS))
            return;
        if (exchange->type != IKE1_QUICK_MODE || !exchange->awaiting || exchange->flow == context->flow
                || exchange->response_frame != 0)
            continue;
        if (exchange->informational_frame == 0)
            exchange->informational_frame = message->frame;
        return;
    }
}

/* Whether a new SPI, or a further message of its requester, shows that the exchange went on although its answer is not in the capture. */
static bool
went_on(const struct exchange *exchange)
{
    const struct sa *sa;

    if (exchange->steps > 1)
        return true;
    for (unsigned i = 0; i < 2; i++)
        WALK(sa, exchange->flow->tunnel->flow[i].current, current_next, CURRENT_IN_USE)
            if (clock_compare(&sa->first_time, &exchange->request_time) > 0)
                return true;
    return false;
}

/* The requester's earlier Quick Modes that were met by an Informational: this is the new try. */
static void
take_quick_mode(struct ike_context *context, const struct exchange *again)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = context->flow->tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST_IN_ALL; ike_sa = ike_sa->tunnel_older, looked_at++) {
        for (struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST_IN_ALL; exchange = exchange->older, looked_at++) {
            if (exchange->type == IKE1_QUICK_MODE && exchange->flow == again->flow && exchange->awaiting
                    && exchange->outcome == EXCHANGE_OPEN && exchange->informational_frame != 0 && !went_on(exchange)) {
                refuse(context, exchange);
                return;
            }
        }
    }
}

void
keyless_take(struct ike_context *context, struct exchange *exchange, bool response)
{
    if (context->message->version >= 2) {
        if (response)
            take_response2(context, exchange);
        else
            take_request2(context, exchange);
        return;
    }
    if (exchange->type == IKE1_INFORMATIONAL)
        take_informational1(context, exchange->ike_sa);
    else if (exchange->type == IKE1_QUICK_MODE && exchange->request_frame == context->message->frame)
        take_quick_mode(context, exchange);
}

/* Whether a responder spoke on port 4500 in this IKE SA, or in one before it. */
static bool
is_nat_t_open(const struct ike_sa *ike_sa)
{
    const struct ike_sa *old;

    WALK(old, ike_sa, tunnel_older, IKE_SAS_RECENT)
        if ((old->on_nat_t & ~ON_NAT_T_ALONE) != 0)
            return true;
    return false;
}

/* Main mode that came as far as its encrypted messages, and no further; or aggressive mode whose initiator got the answer, by which its peer
 * proves who it is, and left it. Where main mode's encrypted messages are the first ones on port 4500, and nothing of the responder ever
 * comes from there, that port is as likely closed: they were not answered, which is all that is known. */
static struct exchange *
stuck_phase1(struct ike_sa *ike_sa)
{
    struct exchange *exchange;

    if (ike_sa->established || ike_sa->version >= 2 || (ike_sa->on_nat_t == ON_NAT_T_ALONE && !is_nat_t_open(ike_sa->tunnel_older)))
        return NULL;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        if ((exchange->type == IKE1_IDENTITY_PROTECTION && exchange->steps == MAIN_MODE_CLEAR + 1)
                || (exchange->type == IKE1_AGGRESSIVE && exchange->steps == AGGRESSIVE_ANSWERED && exchange->asked_again == 0
                    && exchange->outcome != EXCHANGE_REFUSED))
            return exchange;
    return NULL;
}

void
keyless_begin_anew(struct ike_context *context, const struct ike_sa *began)
{
    struct ike_sa *old;

    WALK(old, began->tunnel_older, tunnel_older, IKE_SAS_RECENT) {
        if (old->flow != began->flow)
            continue;
        settle_small_auth(context, old);
        struct exchange *stuck = stuck_phase1(old);
        if (stuck)
            leave_auth(context, stuck);
    }
}

/* ikev1.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ikev1.h"

#include "../clock.h"
#include "change.h"
#include "child.h"
#include "contents.h"
#include "ike_sa.h"
#include "tunnel.h"
#include "walk.h"

/* Liveness checks that have to stay unanswered until the peer counts as dead. */
#define PROBES_AT_LEAST 2

/* Main mode's fifth message is the first that says who its sender is. */
#define MAIN_MODE_PROVES 5

/* The exchange that an error in an Informational is about: the receiver's latest that waits. In phase 1 an accepted proposal is
 * only the beginning. */
static struct exchange *
refused_exchange(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        const struct flow *sender = exchange->awaited_by_requester ? exchange->flow : flow_reverse(exchange->flow);
        bool open = exchange->outcome == EXCHANGE_OPEN
                || (exchange->outcome == EXCHANGE_ANSWERED && exchange_is_phase1(exchange) && !ike_sa->established);
        if (exchange->awaiting && open && sender != context->flow)
            return exchange;
    }
    return NULL;
}

/* An Informational that answers a message of another exchange: both are linked. */
static void
answer_elsewhere(struct exchange *refused, const struct ike_frame *frame)
{
    if (frame->message == 0 || refused->messages == 0)
        return;
    struct exchange_message *asked = exchange_message_at(refused, refused->messages - 1U);
    asked->answered_frame = frame->frame;
    exchange_message_of(frame)->answers_frame = asked->frame;
}

/* Whether the error is about what only main mode's last two messages bring, who the peers are and the proof of it (RFC 2409 section 5), in answer to one
 * before these: no peer can find that wrong yet, but anybody can send it. */
static bool
comes_before_proof(const struct exchange *refused, const struct notify *error)
{
    bool is_of_proof = error->type == IKE1_NOTIFY_INVALID_ID_INFORMATION || error->type == IKE1_NOTIFY_INVALID_HASH_INFORMATION
            || error->type == IKE1_NOTIFY_INVALID_SIGNATURE;

    return is_of_proof && refused->type == IKE1_IDENTITY_PROTECTION && refused->steps < MAIN_MODE_PROVES;
}

/* Whether phase 1's first message had been sent again and again, and the error comes in none's time: who refuses it refuses each repeat, at once.
 * Anybody can send it who saw the message. */
static bool
comes_too_late(const struct exchange *refused, const nstime_t *now)
{
    nstime_t last = clock_unpack(refused->last_time);

    return exchange_is_phase1(refused) && refused->steps == 1 && refused->asked_again >= ASKED_AGAIN_AT_LEAST
            && clock_passed_ms(&last, now, ANSWER_WITHIN_MS);
}

static void
take_informational(const struct ike_context *context, struct exchange *exchange, const struct ike_frame *frame)
{
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_contents *contents = &context->message->contents;
    const struct notify *error = contents_find_error(context->message);
    unsigned side = exchange_side(exchange);

    for (unsigned i = 0; i < contents->notifies; i++) {
        if (contents->notify[i].type == IKE1_NOTIFY_R_U_THERE && ike_sa->probes[side]++ == 0)
            ike_sa->probe_frame[side] = context->message->frame;
    }
    if (!error || error->type == NOTIFY_INVALID_SPI)
        return;
    struct exchange *refused = refused_exchange(context, ike_sa);
    if (refused && !comes_before_proof(refused, error) && !comes_too_late(refused, &context->message->time)) {
        answer_elsewhere(refused, frame);
        refused->outcome = EXCHANGE_OPEN;       /* phase 1's proposal may have been accepted before */
        refused->response_frame = refused->response_frame ? refused->response_frame : context->message->frame;
        contents_answer(context, refused, error);
        if (exchange_is_initial(refused->type))
            ike_sa_fail(context, ike_sa);
    }
}

static void
take_phase1(const struct ike_context *context, struct exchange *exchange, bool response)
{
    if (!context->message->contents.has_sa)
        return;
    if (response && !exchange->response) {
        exchange->response = contents_keep(context);
        contents_answer(context, exchange, NULL);
    } else if (!response && !exchange->request) {
        exchange->request = contents_keep(context);
        contents_requested(context, exchange);
    }
}

static void
take_quick_mode(struct ike_context *context, struct exchange *exchange, bool response)
{
    if (!context->message->contents.has_sa)
        return;
    if (!response && !exchange->request) {
        exchange->request = contents_keep(context);
        contents_requested(context, exchange);
    } else if (response && !exchange->response) {
        exchange->response = contents_keep(context);
        if (exchange->request)
            child_make(context, exchange, exchange->request, exchange->response);
        contents_answer(context, exchange, NULL);
    }
}

void
ikev1_take(struct ike_context *context, struct exchange *exchange, const struct ike_frame *frame)
{
    if (exchange->type == IKE1_INFORMATIONAL)
        take_informational(context, exchange, frame);
    else if (exchange_is_initial(exchange->type))
        take_phase1(context, exchange, frame->is_response);
    else if (exchange->type == IKE1_QUICK_MODE)
        take_quick_mode(context, exchange, frame->is_response);
}

void
ikev1_give_up_probes(const struct ike_context *context, const struct ike_sa *began)
{
    struct ike_sa *old = began->tunnel_older;

    if (!old || old->version >= 2 || old->end != IKE_ALIVE)
        return;
    for (unsigned side = 0; side < 2; side++) {
        if (old->probes[side] < PROBES_AT_LEAST)
            continue;
        ike_sa_fail(context, old);
        change_probes(context->changes, old, old->probes[side], old->probe_frame[side]);
        return;
    }
}

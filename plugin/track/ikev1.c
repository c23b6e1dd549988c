/* ikev1.c
 * Readable messages of IKEv1 (RFC 2408, RFC 2409): phase 1, Quick Mode, Informational.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_context.h"

/* Exchanges of an IKE SA among which the refused one is looked for. */
#define LOOKED_AT_MOST 16

/* The exchange that an error in an Informational is about: the receiver's latest that waits. */
static struct exchange *
refused_exchange(const struct ike_context *context, struct ike_sa *ike_sa)
{
    unsigned looked_at = 0;

    for (struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++) {
        const struct flow *sender = exchange->awaited_by_requester ? exchange->flow : flow_reverse(exchange->flow);
        if (exchange->awaiting && exchange->outcome == EXCHANGE_OPEN && sender != context->flow)
            return exchange;
    }
    return NULL;
}

/* An Informational that answers a message of another exchange: both are linked. */
static void
answer_elsewhere(struct exchange *refused, const struct ike_place *place)
{
    for (unsigned i = 0; place->message && i < refused->messages && i < EXCHANGE_MESSAGES_INLINE; i++) {
        struct exchange_message *asked = &refused->message[i];
        if (asked->frame != refused->awaited_frame)
            continue;
        asked->answered_frame = place->frame;
        place->message->answers_frame = asked->frame;
        place->message->answers_time = asked->time;
    }
}

static void
take_informational(struct ike_table *table, struct exchange *exchange, const struct ike_place *place)
{
    struct ike_context *context = &table->context;
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_contents *contents = &context->message->contents;
    const struct notify *error = contents_find_error(context->message);
    unsigned side = exchange_side(exchange);

    contents_take_deletes(table, ike_sa);
    for (unsigned i = 0; i < contents->notifies; i++) {
        if (contents->notify[i].type == IKE1_NOTIFY_R_U_THERE && ike_sa->probes[side]++ == 0)
            ike_sa->probe_frame[side] = context->message->frame;
    }
    if (!error || error->type == NOTIFY_INVALID_SPI)
        return;
    struct exchange *refused = refused_exchange(context, ike_sa);
    if (refused) {
        answer_elsewhere(refused, place);
        refused->response_frame = refused->response_frame ? refused->response_frame : context->message->frame;
        contents_answer(context, refused, error);
        if (exchange_is_initial(refused->type))
            ike_sa_end(context, ike_sa, IKE_FAILED);
    }
}

static void
take_phase1(struct ike_context *context, struct exchange *exchange, bool response)
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
ikev1_take(struct ike_table *table, struct exchange *exchange, const struct ike_place *place)
{
    if (exchange->type == IKE1_INFORMATIONAL)
        take_informational(table, exchange, place);
    else if (exchange_is_initial(exchange->type))
        take_phase1(&table->context, exchange, place->is_response);
    else if (exchange->type == IKE1_QUICK_MODE)
        take_quick_mode(&table->context, exchange, place->is_response);
}

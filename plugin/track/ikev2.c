/* ikev2.c
 * Readable messages of IKEv2 (RFC 7296 sections 1.2 to 1.4): child SAs, rekeys, refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_context.h"

/* Exchanges before one among which a collision is looked for. */
#define LOOKED_AT_MOST 8

static uint64_t
ike_spi_of(const struct said *said)
{
    for (unsigned i = 0; said && i < said->proposals; i++)
        if (said->proposal[i].protocol == IKE_PROTOCOL_IKE)
            return said->proposal[i].spi;
    return 0;
}

/* Another exchange, begun by the other peer and still open, that rekeys the same child. */
static void
find_collision(struct ike_context *context, struct exchange *exchange)
{
    unsigned looked_at = 0;

    for (struct exchange *other = exchange->older; other && looked_at < LOOKED_AT_MOST; other = other->older, looked_at++) {
        if (other->type != exchange->type || other->flow == exchange->flow || !other->awaiting)
            continue;
        if (other->rekeyed_child != exchange->rekeyed_child || !exchange->rekeyed_child)
            continue;
        change_collision(context->changes, exchange, other);
        return;
    }
}

void
ikev2_take_request(struct ike_context *context, struct exchange *exchange)
{
    const struct ike_contents *contents = &context->message->contents;

    if (!exchange->request)
        exchange->request = contents_keep(context);
    if (exchange->type == IKE2_IKE_AUTH && exchange->request)
        exchange->ike_sa->child_offer = exchange;
    exchange->liveness = exchange->type == IKE2_INFORMATIONAL && contents->notifies == 0
            && contents->delete_protocol == 0;
    exchange->says_something = exchange->type == IKE2_INFORMATIONAL && !exchange->liveness;
    for (unsigned i = 0; i < contents->notifies; i++) {
        const struct notify *notify = &contents->notify[i];
        if (notify->type == IKE2_NOTIFY_REKEY_SA)
            exchange->rekeyed_child = child_find(context, notify->protocol, notify->spi, true);
    }
    if (exchange->type == IKE2_CREATE_CHILD_SA)
        find_collision(context, exchange);
    contents_requested(context, exchange);
}

static void
take_auth_response(struct ike_context *context, struct exchange *exchange, const struct notify *error)
{
    const struct exchange *offer = exchange->ike_sa->child_offer;

    if (!exchange->response && !error)
        return;                     /* another round, as with EAP */
    if (!error || error->type != NOTIFY_AUTHENTICATION_FAILED)
        ike_sa_establish(context, exchange->ike_sa);
    else
        ike_sa_end(context, exchange->ike_sa, IKE_FAILED);
    if (offer && !exchange->request)
        exchange->request = offer->request;
    if (!error && exchange->request && exchange->response)
        child_make(context, exchange, exchange->request, exchange->response);
    contents_answer(context, exchange, error);
}

void
ikev2_take_response(struct ike_table *table, struct exchange *exchange)
{
    struct ike_context *context = &table->context;
    const struct notify *error = contents_find_error(context->message);

    if (!exchange->response)
        exchange->response = contents_keep(context);
    switch (exchange->type) {
    case IKE2_IKE_AUTH:
        take_auth_response(context, exchange, error);
        return;
    case IKE2_CREATE_CHILD_SA:
        if (error) {
            contents_answer(context, exchange, error);
            return;
        }
        if (ike_spi_of(exchange->response) != 0)
            ike_sa_rekey(table, exchange, ike_spi_of(exchange->request), ike_spi_of(exchange->response));
        else if (exchange->request && exchange->response)
            child_make(context, exchange, exchange->request, exchange->response);
        break;
    case IKE2_IKE_SA_INIT:
        if (!error && !exchange->response)
            return;                 /* COOKIE */
        exchange->ike_sa->init = exchange->response;
        break;
    default:
        break;
    }
    contents_answer(context, exchange, error);
}

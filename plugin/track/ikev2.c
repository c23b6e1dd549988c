/* ikev2.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ikev2.h"

#include "change.h"
#include "child.h"
#include "contents.h"
#include "ike_sa.h"
#include "walk.h"

static uint64_t
ike_spi_of(const struct offer *offer)
{
    for (unsigned i = 0; offer && i < offer->proposals; i++)
        if (offer->proposal[i]->protocol == IKE_PROTOCOL_IKE)
            return offer->proposal[i]->spi;
    return 0;
}

/* Another exchange, begun by the other peer and still open, that rekeys the same child. */
static void
find_collision(struct ike_context *context, struct exchange *exchange)
{
    struct exchange *other;

    WALK(other, exchange->older, older, EXCHANGES_CROSSING) {
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

enum ikev2_auth
ikev2_auth_of(const struct exchange *exchange, const struct ike_message *message)
{
    const struct notify *error = contents_find_error(message);

    if (error)
        return error->type == NOTIFY_AUTHENTICATION_FAILED ? AUTH_FAILED : AUTH_DONE;
    return exchange->response || message->contents.has_sa ? AUTH_DONE : AUTH_GOES_ON;
}

static void
take_auth_response(struct ike_context *context, struct exchange *exchange, const struct notify *error)
{
    const struct exchange *offer = exchange->ike_sa->child_offer;

    if (!exchange->response && !error)
        return;                     /* another round, as with EAP */
    if (offer && !exchange->request)
        exchange->request = offer->request;
    if (!error && exchange->request && exchange->response)
        child_make(context, exchange, exchange->request, exchange->response);
    contents_answer(context, exchange, error);
}

/* A CREATE_CHILD_SA that rekeys its IKE SA was accepted: the new one gets the children; not after a collision, where the
 * other new one has them until it is deleted as the redundant one. */
static void
rekey_ike_sa(const struct ike_context *context, const struct exchange *exchange)
{
    struct ike_sa *made = ike_sa_rekey(context, exchange, ike_spi_of(exchange->request), ike_spi_of(exchange->response));

    if (made && made->predecessor)
        child_hand_over(made->predecessor, made);
}

void
ikev2_take_response(struct ike_context *context, struct exchange *exchange)
{
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
            rekey_ike_sa(context, exchange);
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

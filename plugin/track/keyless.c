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
#include "walk.h"

/* IKE SAs and exchanges, both together, among which a Quick Mode's earlier try is looked for. */
#define LOOKED_AT_MOST_IN_ALL 32

/* In main mode the fifth message is the first encrypted one, and authenticates the initiator. */
#define MAIN_MODE_CLEAR 4

static void
refuse(struct ike_context *context, struct exchange *exchange)
{
    exchange->outcome = EXCHANGE_REFUSED;
    exchange->refused_unread = true;
    exchange->awaiting = false;
    change_exchange(context->changes, CHANGE_REFUSED_UNREAD, exchange);
}

/* An IKE_AUTH with a small answer was not a round of EAP: the next message shows it. */
static void
settle_small_auth(struct ike_context *context, struct ike_sa *ike_sa)
{
    struct exchange *exchange = ike_sa->small_auth;

    if (!exchange)
        return;
    ike_sa->small_auth = NULL;
    if (envelope_holds_at_most(ike_sa, exchange->response_length) >= SMALLEST_AUTH_ANSWER)
        refuse(context, exchange);
    else
        change_exchange(context->changes, CHANGE_AUTH_LEFT, exchange);
}

static void
take_response2(struct ike_context *context, struct exchange *exchange)
{
    if (exchange->response_frame != context->message->frame)
        return;                     /* a further fragment */
    if (envelope_refuses_child(exchange)) {
        refuse(context, exchange);
        return;
    }
    if (exchange->type == IKE2_IKE_AUTH && !exchange->response_fragmented
            && envelope_holds_at_most(exchange->ike_sa, exchange->response_length) < SMALLEST_AUTH_CHILD_ANSWER)
        exchange->ike_sa->small_auth = exchange;
}

static void
take_request2(struct ike_context *context, struct exchange *exchange)
{
    struct ike_sa *ike_sa = exchange->ike_sa;

    if (exchange->type == IKE2_IKE_AUTH)
        ike_sa->small_auth = NULL;  /* EAP goes on */
    else if (ike_sa->small_auth && envelope_holds_at_most(ike_sa, ike_sa->small_auth->response_length) >= SMALLEST_AUTH_ANSWER)
        settle_small_auth(context, ike_sa);
    if (exchange->type == IKE2_INFORMATIONAL)
        exchange->liveness = envelope_is_empty(ike_sa, exchange->request_length);
}

/* Whether the IKE SA's last exchanges hold a CREATE_CHILD_SA that may have rekeyed it. */
static bool
may_be_rekeyed(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;

    if (ike_sa->version < 2 || !ike_sa->established || ike_sa->end != IKE_ALIVE || ike_sa->successor)
        return false;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        if (exchange->type == IKE2_CREATE_CHILD_SA && exchange->response_frame != 0 && !exchange->refused_unread && !exchange->response)
            return true;
    return false;
}

void
keyless_find_predecessor(const struct ike_context *context, struct ike_sa *ike_sa)
{
    struct ike_sa *found = NULL;
    struct ike_sa *old;

    if (ike_sa->version < 2 || context->message->message_id != 0)
        return;
    WALK(old, ike_sa->tunnel_older, tunnel_older, IKE_SAS_RECENT) {
        if (!may_be_rekeyed(old))
            continue;
        if (found)
            return;                 /* two come into question */
        found = old;
    }
    if (!found)
        return;
    ike_sa->predecessor = found;
    found->successor = ike_sa;
    ike_sa_note_end(found, IKE_REPLACED, &found->last_time);
}

/* ---- IKEv1 */

static void
take_informational1(struct ike_context *context, const struct ike_sa *ike_sa)
{
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->type != IKE1_QUICK_MODE || !exchange->awaiting || exchange->flow == context->flow
                || exchange->response_frame != 0)
            continue;
        if (exchange->informational_frame == 0)
            exchange->informational_frame = context->message->frame;
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

/* Main mode that came as far as its encrypted messages, and no further. */
static struct exchange *
stuck_main_mode(struct ike_sa *ike_sa)
{
    struct exchange *exchange;

    if (ike_sa->established || ike_sa->version >= 2)
        return NULL;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        if (exchange->type == IKE1_IDENTITY_PROTECTION && exchange->steps == MAIN_MODE_CLEAR + 1)
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
        struct exchange *stuck = stuck_main_mode(old);
        if (stuck && !old->stuck_said) {
            old->stuck_said = true;
            change_exchange(context->changes, CHANGE_AUTH_LEFT, stuck);
        }
    }
}

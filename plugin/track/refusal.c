/* refusal.c
 * A refusal is overcome where the one who asked tries the same again within a minute and gets it; and, where two peers'
 * requests cross, for the one that loses (RFC 7296 section 2.25): the other's was accepted. What can't be read may be the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "refusal.h"

#include "../clock.h"
#include "ike_sa.h"
#include "tunnel.h"
#include "walk.h"

/* Seconds. Who gets TEMPORARY_FAILURE waits, and tries again (RFC 7296 section 2.25): an exchange that is given up after a minute's
 * retransmissions (libreswan's default) was in the way no longer than that. */
#define AGAIN_WITHIN 60

bool
refusal_is_temporary(const struct exchange *refused)
{
    return refused->ike_sa->version >= 2
            && (refused->error == IKE2_NOTIFY_TEMPORARY_FAILURE || refused->error == IKE2_NOTIFY_CHILD_SA_NOT_FOUND);
}

bool
refusal_is_of_ike_sa(const struct exchange *exchange)
{
    return exchange->type == IKE2_CREATE_CHILD_SA && exchange->request && exchange->request->proposals > 0
            && exchange->request->proposal[0]->protocol == IKE_PROTOCOL_IKE;
}

/* Whether both ask for the same, as far as they were read. */
static bool
ask_the_same(const struct exchange *refused, const struct exchange *accepted)
{
    const struct offer *a = refused->request, *b = accepted->request;

    if (!a || !b)
        return true;
    if (refusal_is_of_ike_sa(refused) != refusal_is_of_ike_sa(accepted))
        return false;
    if (refused->rekeyed_child && refused->rekeyed_child == accepted->rekeyed_child)
        return true;
    return exchange_same_selectors(a, b, refused->flow != accepted->flow);
}

/* Whether one was asked before the other one had its answer. */
static bool
cross(const struct exchange *a, const struct exchange *b)
{
    return clock_compare(&a->request_time, &b->response_time) <= 0 && clock_compare(&b->request_time, &a->response_time) <= 0;
}

static bool
is_overcome(const struct exchange *refused, const struct exchange *accepted)
{
    if (!ask_the_same(refused, accepted))
        return false;
    if (refused->flow != accepted->flow)
        return cross(refused, accepted) && (refused->refused_unread || refusal_is_temporary(refused));
    /* IKEv1 refuses in an Informational, which is no answer of the exchange itself */
    nstime_t when = refused->ike_sa->version < 2 ? clock_unpack(refused->last_time) : refused->response_time;
    return clock_compare(&when, &accepted->request_time) <= 0 && !clock_passed(&when, &accepted->request_time, AGAIN_WITHIN);
}

static bool
is_accepted(const struct exchange *exchange)
{
    return exchange->response_frame != 0 && exchange->outcome != EXCHANGE_REFUSED && exchange->outcome != EXCHANGE_GIVEN_UP;
}

/* The other one may have been asked before or after. */
static void
find_winner(struct exchange *refused)
{
    struct exchange *other;

    WALK(other, refused->ike_sa->latest, older, EXCHANGES_OPEN)
        if (other->type == refused->type && is_accepted(other))
            refused->tried_again |= is_overcome(refused, other);
}

/* Whether the accepted negotiation is of the kind that was refused. A child that IKE_AUTH did not make may come by CREATE_CHILD_SA. */
static bool
is_of_kind(const struct exchange *accepted, const struct exchange *refused)
{
    return accepted->type == refused->type || (accepted->type == IKE2_CREATE_CHILD_SA && refused->type == IKE2_IKE_AUTH);
}

static bool
has_failed(const struct exchange *exchange)
{
    return exchange->outcome == EXCHANGE_REFUSED || (exchange->outcome == EXCHANGE_GIVEN_UP && exchange->type == IKE1_QUICK_MODE);
}

/* The refusals, and what was given up, that an accepted negotiation makes good: of its IKE SA, and of the one that this replaced. */
static void
find_losers(const struct exchange *accepted, const struct ike_sa *ike_sa)
{
    struct exchange *other;

    WALK(other, ike_sa->latest, older, EXCHANGES_OPEN)
        if (is_of_kind(accepted, other) && has_failed(other))
            other->tried_again |= is_overcome(other, accepted);
}

void
refusal_take_answer(struct exchange *answered)
{
    if (answered->outcome == EXCHANGE_REFUSED) {
        find_winner(answered);
        return;
    }
    find_losers(answered, answered->ike_sa);
    if (answered->ike_sa->predecessor)
        find_losers(answered, answered->ike_sa->predecessor);
}

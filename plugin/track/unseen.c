/* unseen.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "unseen.h"

#include "exchange.h"
#include "ike_sa.h"
#include "walk.h"

/* What its sender asked for before, as far as that was captured; or NULL. */
static const struct exchange *
asked_before(const struct exchange *exchange)
{
    const struct exchange *before;

    WALK(before, exchange->older, older, EXCHANGES_OPEN)
        if (before->flow == exchange->flow)
            return before;
    return NULL;
}

/* Whether an offer may be for an IKE SA, or for a child: one that was not read for either. */
static bool
may_offer(const struct offer *offer, bool ike_sa)
{
    if (!offer || offer->proposals == 0)
        return true;
    for (unsigned i = 0; i < offer->proposals; i++)
        if ((offer->proposal[i]->protocol == IKE_PROTOCOL_IKE) == ike_sa)
            return true;
    return false;
}

/* Whether message IDs were left out between the two: each counts by one (RFC 7296 section 2.2). */
static bool
lacks_between(const struct exchange *before, const struct exchange *exchange)
{
    if (!before)
        return exchange->ike_sa->born_in_capture && exchange->message_id > 0;
    return exchange->message_id > before->message_id + 1;
}

/* A Quick Mode whose requester sent its second message, to an answer that was not captured (RFC 2409 section 5.5). */
static bool
lacks_quick_answer(const struct exchange *exchange)
{
    return exchange->type == IKE1_QUICK_MODE && !exchange->child && exchange->response_frame == 0 && exchange->steps > 1;
}

bool
unseen_successor(const struct exchange *deletes, bool of_ike_sa)
{
    const struct exchange *before = asked_before(deletes);

    if (deletes->ike_sa->version < 2)
        return before && !of_ike_sa && lacks_quick_answer(before);
    if (lacks_between(before, deletes))
        return true;
    if (!before || before->type != IKE2_CREATE_CHILD_SA || before->outcome == EXCHANGE_REFUSED || !may_offer(before->request, of_ike_sa))
        return false;
    /* what was repeated in vain was given up, and the Delete may be its end */
    return before->request_frame == 0 || (before->response_frame == 0 && before->asked_again == 0);
}

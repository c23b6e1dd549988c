/* child_refused.c
 * child_refused: a child SA, phase 2, was refused: the answer is an error notify. Other rules say more
 * about those that they know.
 *
 * Without keys: in IKEv2 the answer is too small to hold a child SA (track/envelope.h), which proves the refusal of a
 * CREATE_CHILD_SA, and no reason; of an IKE_AUTH, which may not have asked for one, it is inferred. In IKEv1 a Quick
 * Mode was met by an Informational and no answer, and was tried again, which lets it be inferred.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

/* Whether a refused exchange was about a child SA, and not about the IKE SA itself. */
static bool
is_about_child(const struct exchange *exchange)
{
    switch (exchange->type) {
    case IKE1_QUICK_MODE:
        return true;
    case IKE2_CREATE_CHILD_SA:
        return !exchange->request || exchange->request->proposals == 0
                || exchange->request->proposal[0].protocol != IKE_PROTOCOL_IKE;
    case IKE2_IKE_AUTH:
        return exchange->error != NOTIFY_AUTHENTICATION_FAILED;
    default:
        return false;
    }
}

static void
judge_by_size(struct judge *judge, const struct exchange *exchange)
{
    /* an IKE_AUTH may ask for none (RFC 6023), be redirected (RFC 5685), or be a round of EAP that was given up */
    bool proven = exchange->type == IKE2_CREATE_CHILD_SA;
    struct finding *finding = judge_exchange(judge, FINDING_CHILD_REFUSED,
            proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, exchange);

    if (!finding)
        return;
    finding->limit = exchange->response_length;
    finding_rests_on(finding, exchange->informational_frame);
}

static void
judge_answer(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->outcome != EXCHANGE_REFUSED || !is_about_child(exchange))
        return;
    if (exchange->refused_unread)
        return;                     /* said before, of the encrypted copy */
    if (exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD && exchange->ike_sa->version >= 2)
        return;                     /* it asks for another group, and the request comes again */
    struct finding *finding = judge_exchange(judge, FINDING_CHILD_REFUSED, CONFIDENCE_PROVEN, exchange);
    if (finding)
        finding->number = exchange->error;
}

static void
judge_child_refused(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_REFUSED_UNREAD)
        judge_by_size(judge, change->exchange);
    else
        judge_answer(judge, change->exchange);
}

const struct rule rule_child_refused = { .on = ON(ANSWERED) | ON(REFUSED_UNREAD), .judge = judge_child_refused };

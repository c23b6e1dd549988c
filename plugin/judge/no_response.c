/* no_response.c
 * ike_no_response: an exchange was given up: its request was sent again without an answer, and then a
 * new negotiation began. Said on the frame that begins it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static void
judge_no_response(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->exchange;
    enum confidence confidence = exchange->retransmissions > 0 ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED;
    struct finding *finding = judge_exchange(judge, FINDING_IKE_NO_RESPONSE, confidence, exchange);

    if (!finding)
        return;
    finding->number = exchange->retransmissions;
    finding->limit = exchange->awaited_frame;
    finding->span = clock_elapsed(&exchange->request_time, &judge->time);
    finding_rests_on(finding, exchange->awaited_frame);
    finding_rests_on(finding, exchange->last_frame);
}

const struct rule rule_no_response = { .on = ON(GIVEN_UP), .judge = judge_no_response };

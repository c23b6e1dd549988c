/* retransmission.c
 * ike_retransmission: an IKE message was sent again, byte for byte (RFC 7296 section 2.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_retransmission(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_exchange(judge, FINDING_IKE_RETRANSMISSION, CONFIDENCE_PROVEN, change->again.exchange);

    if (!finding)
        return;
    finding->number = change->again.before_frame;
    finding_rests_on(finding, change->again.before_frame);
}

const struct rule rule_retransmission = { .on = ON(RETRANSMISSION), .judge = judge_retransmission };

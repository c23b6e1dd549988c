/* retransmission.c
 * ike_retransmission: an IKE message was sent again, byte for byte (RFC 7296 section 2.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

void
judge_retransmission(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_RETRANSMISSION)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_IKE_RETRANSMISSION, CONFIDENCE_PROVEN, change->exchange);

    if (!finding)
        return;
    finding->number = change->before_frame;
    finding_rests_on(finding, change->before_frame);
}

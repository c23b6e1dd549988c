/* loss.c
 * loss: sequence numbers that never came, grouped with their count. Said once they can no longer be
 * of use: the receiver's window has passed them (proven), or a second has (inferred). The packets may have been lost on the
 * way to where the capture was taken, or by the capture itself, or skipped by the sender.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

void
judge_loss(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_SEQUENCE || !(change->effect & SEQUENCE_LOSS_SETTLED))
        return;
    uint32_t gap_frame = 0;
    uint64_t lost = sequence_settled_loss(&change->sa->sequence, &gap_frame);
    if (lost == 0)
        return;
    struct finding *finding = judge_sa(judge, FINDING_LOSS,
            change->effect & SEQUENCE_LOSS_PROVEN ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, change->sa);
    if (!finding)
        return;
    finding->number = lost;
    finding_rests_on(finding, gap_frame);
}

/* loss.c
 * loss: sequence numbers that never came, grouped with their count. Said once they can no longer be
 * of use: the receiver's window has passed them (proven), or a second has (inferred). The packets may have been lost on the
 * way to where the capture was taken, or by the capture itself, or skipped by the sender.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_loss(struct judge *judge, const struct change *change)
{
    const struct change_sequence *sequence = &change->sequence;

    if (sequence->lost == 0)
        return;
    struct finding *finding = judge_sa(judge, FINDING_LOSS,
            sequence->effect & SEQUENCE_LOSS_PROVEN ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, sequence->sa);
    if (!finding)
        return;
    finding->number = sequence->lost;
    finding_rests_on(finding, sequence->gap_frame);
}

const struct rule rule_loss = { .on = ON(SEQUENCE), .judge = judge_loss };

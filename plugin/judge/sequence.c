/* sequence.c
 * sequence_restart: the sequence number starts again on the same SPI, which no sender may do within
 * an SA (RFC 4303 section 2.2): three numbers in a row from the beginning, and no copies. Proven where the first of
 * them had been seen before; else inferred, since captures that were merged with skewed clocks look like it.
 *
 * sequence_exhausted: the 32-bit number is about to pass 2^32, or passed it. Only extended sequence
 * numbers (RFC 4303 section 2.2.1) allow that: silent where they were seen to be negotiated.
 *
 * replay_window: a packet that a receiver with replay_window would drop: too far behind, or with a
 * number that was seen before (RFC 4303 section 3.4.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_restart(struct judge *judge, const struct change_sequence *change)
{
    struct finding *finding = judge_sa(judge, FINDING_SEQUENCE_RESTART,
            sequence_restart_repeats(&change->sa->sequence) ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, change->sa);

    if (!finding)
        return;
    finding->number = change->sa->sequence.first;
    finding->limit = sequence_highest_before_restart(&change->sa->sequence);
    finding_rests_on(finding, change->before_frame);
}

static bool
has_extended_numbers(const struct sa *sa)
{
    const struct offer *agreed = sa->child ? sa->child->origin->response : NULL;

    for (unsigned p = 0; agreed && p < agreed->proposals; p++)
        for (unsigned t = 0; t < agreed->proposal[p].transforms; t++)
            if (agreed->proposal[p].transform[t].type == TRANSFORM_ESN && agreed->proposal[p].transform[t].id == ESN_EXTENDED)
                return true;
    return false;
}

static void
judge_effect(struct judge *judge, const struct change_sequence *change)
{
    if (change->effect & SEQUENCE_RESTARTED)
        judge_restart(judge, change);
    if ((change->effect & (SEQUENCE_NEAR_END | SEQUENCE_WRAPPED)) && !has_extended_numbers(change->sa)) {
        struct finding *finding = judge_sa(judge, FINDING_SEQUENCE_EXHAUSTED, CONFIDENCE_PROVEN, change->sa);
        if (finding) {
            finding->number = change->sa->sequence.highest;
            finding->limit = (change->effect & SEQUENCE_WRAPPED) != 0;
        }
    }
    if (change->effect & (SEQUENCE_OUTSIDE_WINDOW | SEQUENCE_DUPLICATE)) {
        struct finding *finding = judge_sa(judge, FINDING_REPLAY_WINDOW, CONFIDENCE_PROVEN, change->sa);
        if (finding) {
            finding->number = change->behind;
            finding->limit = (change->effect & SEQUENCE_DUPLICATE) ? 0 : judge->limits.replay_window;
        }
    }
}

static void
judge_sequence(struct judge *judge, const struct change *change)
{
    judge_effect(judge, &change->sequence);
}

const struct rule rule_sequence = { .on = ON(SEQUENCE), .judge = judge_sequence };

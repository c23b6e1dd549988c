/* loss.c
 * loss: sequence numbers that never came, grouped with their count. Said once they can no longer be
 * of use: the receiver's window has passed them (proven), or a second has (inferred). The packets may have been lost on the
 * way to where the capture was taken, or by the capture itself, or skipped by the sender. A note; a warning where a tenth and
 * more of the SA's numbers are missing over a minute and longer: users feel that, and TCP hardly moves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

/* Of so many, one that is lost is too much. */
#define HEAVY_ONE_IN 10

struct loss {
    uint64_t lost;                  /* sequence numbers */
    struct share_seen share;        /* where it is a warning */
};

static void
judge_share(struct judge *judge, const struct change_sequence *sequence, struct finding *finding)
{
    struct sequence_counts counts = sequence_counts(&sequence->sa->sequence);
    struct share *share = &memory_shares(judge->memory, sequence->sa)->lost;
    struct loss *loss = finding->detail;

    if (!share_add(share, sequence->lost, counts.packets + counts.lost, &judge->time, judge->frame, HEAVY_ONE_IN, &loss->share))
        return;
    finding->is_raised = true;
    finding_rests_on(finding, loss->share.since_frame);
    memory_of(judge->memory, sequence->sa->flow->tunnel)->heavy_loss = finding;
}

static void
judge_loss(struct judge *judge, const struct change *change)
{
    const struct change_sequence *sequence = &change->sequence;

    if (sequence->lost == 0)
        return;
    struct finding *finding = judge_sa(judge, FINDING_LOSS,
            sequence->effect & SEQUENCE_LOSS_PROVEN ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, sequence->sa,
            sizeof(struct loss));
    if (!finding)
        return;
    struct loss *loss = finding->detail;
    loss->lost = sequence->lost;
    finding_rests_on(finding, sequence->gap_frame);
    judge_share(judge, sequence, finding);
}

static char *
text_loss(const struct words *words, const struct finding *finding)
{
    const struct loss *loss = finding->detail;

    if (finding->is_raised)
        return wmem_strdup_printf(words->scope, "%s: %" PRIu64 " of %" PRIu64 " sequence numbers %s missing in %s",
                words_sa(words, finding->sa), loss->share.bad, loss->share.of, loss->share.bad == 1 ? "is" : "are",
                words_duration(words, &loss->share.span));
    return wmem_strdup_printf(words->scope, "%s: %s missing", words_sa(words, finding->sa),
            words_count(words, loss->lost, "sequence number is", "sequence numbers are"));
}

static char *
brief_loss(const struct words *words, const struct finding *finding)
{
    const struct loss *loss = finding->detail;

    return words_count(words, finding->is_raised ? loss->share.bad : loss->lost, "packet", "packets");
}

const struct rule rule_loss = {
    .on = ON(SEQUENCE), .judge = judge_loss,
    .findings = {
        { FINDING_LOSS, .text = text_loss, .brief = brief_loss,
            .meaning = "These packets were sent, and did not come by here: lost on the way, or by the capture itself.",
            .check = { "The path: interface errors, policers, its load at that time; and whether the capture itself dropped packets" } },
    }
};

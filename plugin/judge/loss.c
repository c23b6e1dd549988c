/* loss.c
 * loss: sequence numbers that never came, grouped with their count. Said once they can no longer be
 * of use: the receiver's window has passed them (proven), or a second has (inferred). The packets may have been lost on the
 * way to where the capture was taken, or by the capture itself, or skipped by the sender. A note; a warning where a tenth and
 * more of the SA's numbers are missing over a minute and longer: users feel that, and TCP hardly moves. Of slow traffic more have to be
 * missing, so that it is no chance, and the other direction must come by whole: then it is not the capture that drops. Numbers that
 * another capture point saw are taken back: lost_on_the_way tells of these. Where half of the numbers are missing and more, and the other
 * direction is not whole meanwhile, the warning stands, and is no cause: a capture that samples looks so, whatever it takes. Unless several
 * points show the tunnel: what is no sample at one of them is none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "loss.h"

#include <inttypes.h>

#include "rule.h"

/* Of so many, one that is lost is too much. */
#define HEAVY_ONE_IN 10

/* Where the other direction lacks a part of so many of what this one lacks, it may be the capture. */
#define CAPTURE_ONE_IN 4

/* Findings of a tunnel, the latest first, among which the one is looked for that a number belongs to. */
#define FOUND_AMONG 64

/* Where half of the numbers are missing and more, TCP over such a path would stand still: it may be the capture that samples. */
#define SAMPLED_ONE_IN 2

struct loss {
    uint64_t lost;                  /* sequence numbers */
    struct share_seen share;        /* where it is a warning */
    bool may_be_sampled;            /* and what is missing may be the capture's choice */
};

/* Whether the other direction came by whole meanwhile, and the capture does not drop packets itself: it would those of both. */
static bool
is_whole(const struct sa *sa, uint64_t lost, uint64_t of)
{
    if (!sa || sa->sequence.packets < of / 2)
        return false;
    return sequence_counts(&sa->sequence).lost * CAPTURE_ONE_IN < lost;
}

/* Whether the direction lacks half of its numbers as well, since it began to. */
static bool
lacks_half(struct judge *judge, const struct sa *sa)
{
    const struct share *share = &memory_shares(judge->memory, sa)->lost;

    return share->is_open && share->bad > 1 && share->bad * SAMPLED_ONE_IN >= share->last - share->base;
}

static void
judge_share(struct judge *judge, const struct change_sequence *sequence, struct finding *finding)
{
    struct sequence_counts counts = sequence_counts(&sequence->sa->sequence);
    struct share *share = &memory_shares(judge->memory, sequence->sa)->lost;
    const struct sa *other = flow_reverse(sequence->sa->flow)->current;
    struct loss *loss = finding->detail;

    if (!share_add(share, sequence->lost, counts.packets + counts.lost, &judge->time, judge->frame, HEAVY_ONE_IN, &loss->share))
        return;
    bool is_other_whole = is_whole(other, counts.lost, loss->share.of);
    if (loss->share.is_few && !is_other_whole)
        return;
    loss->may_be_sampled = loss->share.bad * SAMPLED_ONE_IN >= loss->share.of && (!is_other_whole || lacks_half(judge, other));
    if (loss->may_be_sampled)
        finding->confidence = CONFIDENCE_INFERRED;      /* missing it is, but maybe in the capture alone */
    finding->is_raised = true;
    finding_rests_on(finding, loss->share.since_frame);
    memory_of(judge->memory, sequence->sa->flow->tunnel)->heavy_loss = finding;
}

bool
loss_may_be_sampled(const struct finding *finding)
{
    const struct passage *passage = finding->tunnel->passage;

    return finding->key == FINDING_LOSS && ((const struct loss *)finding->detail)->may_be_sampled && !(passage && passage_is_seen(passage));
}

bool
loss_was_as_long(const struct judge *judge, const struct sa *sa, uint64_t packets)
{
    return packets > 0 && memory_shares(judge->memory, sa)->lost.largest >= packets;
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

/* A number that was missing was seen at another capture point: it was not lost before it came there. */
static void
find_again(struct judge *judge, const struct sa *sa)
{
    const struct finding_file *file = findings_of(judge->findings, sa->flow->tunnel);
    struct finding *finding;
    unsigned looked_at = 0;

    for (finding = file ? finding_file_latest(file, FINDING_LOSS) : NULL; finding && looked_at < FOUND_AMONG; finding = finding->older, looked_at++) {
        struct loss *loss = finding->detail;
        if (finding->sa != sa || loss->lost == 0)
            continue;
        if (--loss->lost == 0 && !finding->is_raised)
            findings_take_back_one(judge->findings, finding);
        return;
    }
}

static void
judge_change(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_FOUND_ELSEWHERE)
        find_again(judge, change->sa);
    else
        judge_loss(judge, change);
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
    .on = ON(SEQUENCE) | ON(FOUND_ELSEWHERE), .judge = judge_change,
    .findings = {
        { FINDING_LOSS, .text = text_loss, .brief = brief_loss,
            .meaning = "These packets were sent, and did not come by here: lost on the way, or by the capture itself.",
            .check = { "The path: interface errors, policers, its load at that time; and whether the capture itself dropped packets" } },
    }
};

/* sequence.c
 * sequence_restart: the sequence number starts again on the same SPI, which no sender may do within
 * an SA (RFC 4303 section 2.2): three numbers in a row from the beginning, and no copies. Or it falls back and goes on from
 * there, for a second and more, with numbers some of which must have been used: a cluster's member took over whose number is an
 * old one. Proven where the first of them had been seen before; else inferred, since captures that were merged with skewed
 * clocks look like it.
 *
 * sequence_exhausted: the 32-bit number is about to pass 2^32, or passed it. Only extended sequence
 * numbers (RFC 4303 section 2.2.1) allow that: silent where they were seen to be negotiated.
 *
 * replay_window: a packet that a receiver with replay_window would drop: too far behind, or with a
 * number that was seen before (RFC 4303 section 3.4.3). A note; a warning where one in a hundred of the SA's packets, over a
 * minute and longer, comes too late. Those that came before do not count: what the receiver took is not lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../words/vendors.h"

struct restart {
    uint64_t first;
    uint64_t highest_before;
    bool fell;                      /* back, not to the beginning */
};

struct exhausted {
    uint64_t highest;
    bool passed;                    /* 2^32 */
};

/* Of so many, one that comes too late is too much. */
#define LATE_ONE_IN 100

struct replay {
    uint64_t behind;                /* packets behind the highest */
    uint32_t window;                /* of the receiver, in packets; 0: the number was seen before */
    struct share_seen share;        /* where it is a warning */
};

static void
judge_restart(struct judge *judge, const struct change_sequence *change)
{
    struct finding *finding = judge_sa(judge, FINDING_SEQUENCE_RESTART,
            sequence_restart_repeats(&change->sa->sequence) ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, change->sa,
            sizeof(struct restart));

    if (!finding)
        return;
    struct restart *restart = finding->detail;
    restart->first = change->sa->sequence.first;
    restart->highest_before = sequence_highest_before_restart(&change->sa->sequence);
    restart->fell = sequence_restart_fell(&change->sa->sequence);
    finding_rests_on(finding, change->before_frame);
}

static bool
has_extended_numbers(const struct sa *sa)
{
    const struct offer *agreed = sa->child ? sa->child->origin->response : NULL;

    for (unsigned p = 0; agreed && p < agreed->proposals; p++)
        for (unsigned t = 0; t < agreed->proposal[p]->transforms; t++)
            if (agreed->proposal[p]->transform[t].type == TRANSFORM_ESN && agreed->proposal[p]->transform[t].id == ESN_EXTENDED)
                return true;
    return false;
}

static void
judge_exhausted(struct judge *judge, const struct change_sequence *change)
{
    if (has_extended_numbers(change->sa))
        return;
    struct finding *finding = judge_sa(judge, FINDING_SEQUENCE_EXHAUSTED, CONFIDENCE_PROVEN, change->sa,
            sizeof(struct exhausted));
    if (!finding)
        return;
    struct exhausted *exhausted = finding->detail;
    exhausted->highest = change->sa->sequence.highest;
    exhausted->passed = (change->effect & SEQUENCE_WRAPPED) != 0;
}

/* Whether the packet was still awaited, but came too late. */
static bool
comes_too_late(const struct change_sequence *change)
{
    if (change->is_replay || !(change->effect & SEQUENCE_OUTSIDE_WINDOW))
        return false;
    return (change->effect & SEQUENCE_LATE)
            || (!(change->effect & SEQUENCE_DUPLICATE) && sequence_counts(&change->sa->sequence).lost > 0);
}

static void
judge_share(struct judge *judge, const struct change_sequence *change, struct finding *finding)
{
    struct share *share = &memory_shares(judge->memory, change->sa)->late;
    struct replay *replay = finding->detail;

    if (!share_add(share, 1, change->sa->sequence.packets, &judge->time, judge->frame, LATE_ONE_IN, &replay->share))
        return;
    finding->is_raised = true;
    finding_rests_on(finding, replay->share.since_frame);
    memory_of(judge->memory, change->sa->flow->tunnel)->replay_drops = finding;
}

static void
judge_window(struct judge *judge, const struct change_sequence *change)
{
    struct finding *finding = judge_sa(judge, FINDING_REPLAY_WINDOW, CONFIDENCE_PROVEN, change->sa, sizeof(struct replay));

    if (!finding)
        return;
    struct replay *replay = finding->detail;
    replay->behind = change->behind;
    replay->window = (change->effect & SEQUENCE_DUPLICATE) ? 0 : judge->limits.replay_window;
    if (comes_too_late(change))
        judge_share(judge, change, finding);
}

static void
judge_effect(struct judge *judge, const struct change_sequence *change)
{
    if (change->effect & SEQUENCE_RESTARTED)
        judge_restart(judge, change);
    if (change->effect & (SEQUENCE_NEAR_END | SEQUENCE_WRAPPED))
        judge_exhausted(judge, change);
    if (change->effect & (SEQUENCE_OUTSIDE_WINDOW | SEQUENCE_DUPLICATE))
        judge_window(judge, change);
}

static void
judge_sequence(struct judge *judge, const struct change *change)
{
    judge_effect(judge, &change->sequence);
}

static char *
text_sequence_restart(const struct words *words, const struct finding *finding)
{
    const struct restart *restart = finding->detail;

    if (restart->fell)
        return wmem_strdup_printf(words->scope, "%s: the sequence number fell back to %" PRIu64 " after %" PRIu64 " and goes on "
                "from there", words_sa(words, finding->sa), restart->first, restart->highest_before);
    return wmem_strdup_printf(words->scope, "%s: the sequence number started again at %" PRIu64 " after %" PRIu64,
            words_sa(words, finding->sa), restart->first, restart->highest_before);
}

static char *
text_sequence_exhausted(const struct words *words, const struct finding *finding)
{
    const struct exhausted *exhausted = finding->detail;
    const char *sa = words_sa(words, finding->sa);

    if (exhausted->passed)
        return wmem_strdup_printf(words->scope, "%s: the 32-bit sequence number passed 2^32", sa);
    return wmem_strdup_printf(words->scope, "%s: sequence number %" PRIu64 ", close to 2^32", sa, exhausted->highest);
}

static char *
text_replay_window(const struct words *words, const struct finding *finding)
{
    const struct replay *replay = finding->detail;
    const char *sa = words_sa(words, finding->sa);

    if (finding->is_raised)
        return wmem_strdup_printf(words->scope, "%s: %" PRIu64 " of %" PRIu64 " packets in %s came too late for a replay window of "
                "%u, this one %" PRIu64 " behind the highest", words_sa(words, finding->sa), replay->share.bad, replay->share.of,
                words_duration(words, &replay->share.span), replay->window, replay->behind);
    if (replay->window == 0)
        return wmem_strdup_printf(words->scope, "%s: this sequence number was received before", sa);
    return wmem_strdup_printf(words->scope, "%s: %s behind the highest, more than a replay window of %u", sa,
            words_count(words, replay->behind, "packet", "packets"), replay->window);
}

static const char *const *
check_replay_window(const struct finding *finding)
{
    static const char *const twice[] = { "What sends packets twice: the path, or the way the capture was taken", NULL };
    static const char *const late[] = { "Reordering on the path (QoS, load sharing); a larger replay window at the receiver",
        VENDORS_REPLAY_WINDOW, NULL };

    return ((const struct replay *)finding->detail)->window == 0 ? twice : late;
}

const struct rule rule_sequence = {
    .on = ON(SEQUENCE), .judge = judge_sequence,
    .findings = {
        { FINDING_SEQUENCE_RESTART, .text = text_sequence_restart,
            .meaning = "No sender may begin again within an SA; the receiver's replay check drops what follows until the old numbers are passed.",
            .check = { "The sender: a failover without synchronised sequence numbers, a reboot, or a cloned gateway with the same SA" } },
        { FINDING_SEQUENCE_EXHAUSTED, .text = text_sequence_exhausted,
            .meaning = "Without extended sequence numbers (ESN) an SA has to end before 2^32 packets.",
            .check = { "ESN on both peers, or a volume lifetime that rekeys in time", VENDORS_VOLUME } },
        { FINDING_REPLAY_WINDOW, .text = text_replay_window,
            .meaning = "A receiver with the given replay window drops this packet, as it drops one that it had before.",
            .check_of = check_replay_window },
    }
};

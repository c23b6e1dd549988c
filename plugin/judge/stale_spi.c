/* stale_spi.c
 * stale_spi: traffic on an SPI whose time is over, past the handover grace.
 *
 * After its Delete, or the end of its IKE SA (RFC 7296 section 1.4.1): proven where the Delete named
 * the SPI, else inferred.
 *
 * After its successor took over: where only ESP is seen this may also be a parallel SA that had
 * paused, so it is suspected, and only where the two changed over cleanly: the old SA's last packet
 * within the grace of the new one's first, in a direction that never had SAs side by side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"

struct stale {
    nstime_t after;                 /* its Delete, or its successor */
};

static void
judge_deleted(struct judge *judge, const struct sa *sa)
{
    enum confidence confidence = sa->delete_named_it ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED;
    struct finding *finding = judge_sa(judge, FINDING_STALE_SPI, confidence, sa, sizeof(struct stale));

    if (!finding)
        return;
    struct stale *stale = finding->detail;
    stale->after = clock_elapsed(&sa->deleted_time, &judge->time);
    finding_rests_on(finding, sa->deleted_frame);
}

static void
judge_resumed(struct judge *judge, const struct change_resumed *change)
{
    if (!change->clean || change->sa->flow->parallel)
        return;
    const struct sa *successor = change->sa->successor;
    struct finding *finding = judge_sa(judge, FINDING_STALE_SPI, CONFIDENCE_SUSPECTED, change->sa, sizeof(struct stale));

    if (!finding)
        return;
    struct stale *stale = finding->detail;
    finding->other = successor;
    stale->after = clock_elapsed(sa_birth_time(successor), &judge->time);
    finding_rests_on(finding, change->before_frame);
    finding_rests_on(finding, successor->first_frame);
}

static void
judge_stale_spi(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_SA_STALE)
        judge_deleted(judge, change->sa);
    else
        judge_resumed(judge, &change->resumed);
}

static char *
text_stale_spi(const struct words *words, const struct finding *finding)
{
    const struct stale *stale = finding->detail;
    const char *sa = words_sa(words, finding->sa);
    const char *after = words_duration(words, &stale->after);

    if (!finding->other)
        return wmem_strdup_printf(words->scope, "%s carries traffic %s after it was deleted (frame %u)", sa, after, finding->sa->deleted_frame);
    return wmem_strdup_printf(words->scope, "%s carries traffic %s after its successor 0x%08x took over", sa, after, finding->other->key.spi);
}

const struct rule rule_stale_spi = {
    .on = ON(SA_STALE) | ON(SA_RESUMED), .judge = judge_stale_spi,
    .findings = {
        { FINDING_STALE_SPI, .text = text_stale_spi,
            .meaning = "The sender uses an SA that its peer has probably forgotten; the peer drops these packets. Where it is suspected, it may be a "
                "parallel SA that had paused.",
            .check = { "Whether the Delete, or the change to the new SA, reached the sender; counters of unknown SPIs on the receiver" } },
    }
};

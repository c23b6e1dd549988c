/* spi_churn.c
 * spi_churn: an SA was replaced, or dropped and set up again, before min_sa_lifetime. Its age is the
 * time from its own first packet to its successor's, which is no less than it lived; an SA that was
 * in use before the capture began may be of any age, and is never said to churn.
 *
 * flapping: churn_count such SAs in one lineage within churn_window. Said on the frame that makes it
 * so, and again only after it had stopped for a while.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../track/clock.h"

/* The churn_count-th churned SA back from the last one, both included, if all of them ended within
 * the window before its end; else NULL. */
static const struct sa *
first_of_enough(const struct sa *last, const struct judge_limits *limits)
{
    uint32_t count = 0;

    for (const struct sa *sa = last; sa; sa = sa->predecessor) {
        if (clock_passed(&sa->replaced_time, &last->replaced_time, limits->churn_window))
            return NULL;
        count += sa->churned;
        if (count >= limits->churn_count)
            return sa;
    }
    return NULL;
}

/* Whether the lineage was said to flap within the window before this SA's end. As long as it goes on
 * flapping, every SA is marked, so that the mark is found among the last few. */
static bool
said_within_window(const struct sa *last, const struct judge_limits *limits)
{
    const struct sa *sa = last->predecessor;

    for (uint32_t i = 0; sa && i < limits->churn_count; i++, sa = sa->predecessor) {
        if (clock_passed(&sa->replaced_time, &last->replaced_time, limits->churn_window))
            return false;
        if (sa->flapping_said)
            return true;
    }
    return false;
}

static void
judge_flapping(struct judge *judge, struct sa *old)
{
    const struct sa *first = first_of_enough(old, &judge->limits);

    if (!first)
        return;
    old->flapping_said = true;
    if (said_within_window(old, &judge->limits))
        return;
    struct finding *finding = judge_sa(judge, FINDING_FLAPPING, CONFIDENCE_INFERRED, old);
    if (!finding)
        return;
    finding->other = old->successor;
    finding->number = judge->limits.churn_count;
    finding->limit = judge->limits.churn_window;
    finding->span = clock_elapsed(&first->first_time, &old->replaced_time);
    for (const struct sa *sa = first; sa != old->successor; sa = sa->successor)
        finding_rests_on(finding, sa->first_frame);
    finding_rests_on(finding, old->successor->first_frame);
}

void
judge_spi_churn(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_SA_REPLACED)
        return;
    struct sa *old = change->sa->predecessor;

    if (!old->born_in_capture
            || clock_passed(&old->first_time, &change->sa->first_time, judge->limits.min_sa_lifetime))
        return;
    old->churned = true;
    struct finding *finding = judge_sa(judge, FINDING_SPI_CHURN, CONFIDENCE_INFERRED, old);
    if (finding) {
        finding->other = change->sa;
        finding->span = clock_elapsed(&old->first_time, &change->sa->first_time);
        finding->limit = judge->limits.min_sa_lifetime;
        finding_rests_on(finding, old->first_frame);
        finding_rests_on(finding, change->before_frame);
        finding_rests_on(finding, change->sa->first_frame);
    }
    judge_flapping(judge, old);
}

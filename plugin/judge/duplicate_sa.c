/* duplicate_sa.c
 * duplicate_sa: two child SAs for the same selectors live side by side for longer than the handover
 * grace, with no Delete for either.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static void
judge_duplicate_sa(struct judge *judge, const struct change *change)
{
    const struct child *child = change->duplicate.child, *other = change->duplicate.other;
    struct finding *finding = judge_exchange(judge, FINDING_DUPLICATE_SA, CONFIDENCE_PROVEN, child->origin);

    if (!finding)
        return;
    finding->sa = child->sa[0];
    finding->other = other->sa[child->origin->flow == other->origin->flow ? 0 : 1];
    finding->span = clock_elapsed(&child->origin->response_time, &judge->time);
    finding_rests_on(finding, other->origin->response_frame);
}

const struct rule rule_duplicate_sa = { .on = ON(DUPLICATE), .judge = judge_duplicate_sa };

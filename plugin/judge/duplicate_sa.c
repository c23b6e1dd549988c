/* duplicate_sa.c
 * duplicate_sa: two child SAs for the same selectors live side by side for longer than the handover
 * grace, with no Delete for either.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../track/clock.h"

void
judge_duplicate_sa(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_DUPLICATE)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_DUPLICATE_SA, CONFIDENCE_PROVEN, change->child->origin);

    if (!finding)
        return;
    finding->sa = change->child->sa[0];
    finding->other = change->other_child->sa[change->child->origin->flow == change->other_child->origin->flow ? 0 : 1];
    finding->span = clock_elapsed(&change->child->origin->response_time, &judge->time);
    finding_rests_on(finding, change->other_child->origin->response_frame);
}

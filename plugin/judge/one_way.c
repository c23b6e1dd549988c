/* one_way.c
 * one_way: one direction carries traffic, and the other none for one_way_after. Said only where the
 * capture showed that it can see the other direction: it carried ESP before (inferred), or the peer
 * was heard in IKE (suspected: its ESP may take another way).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static void
judge_one_way(struct judge *judge, const struct change *change)
{
    const struct flow *flow = change->one_way.sa->flow;
    const struct flow *reverse = flow_reverse(flow);
    enum confidence confidence = reverse->packets > 0 ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
    struct finding *finding = judge_sa(judge, FINDING_ONE_WAY, confidence, change->one_way.sa);

    if (!finding)
        return;
    finding->number = flow->unanswered;
    finding->span = clock_elapsed(&flow->unanswered_since, &judge->time);
    finding_rests_on(finding, change->one_way.before_frame);
    finding_rests_on(finding, flow->unanswered_frame);
}

const struct rule rule_one_way = { .on = ON(ONE_WAY), .judge = judge_one_way };

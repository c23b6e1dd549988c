/* dpd_failure.c
 * dpd_failure: liveness checks went unanswered, and then a new negotiation began. In IKEv2 a liveness
 * check is an INFORMATIONAL exchange (RFC 7296 section 2.4): proven where it was read to be empty, and
 * inferred where it could not be read, since
 * any unanswered request shows the peer dead; not one that was read to be a Delete or a notify. In IKEv1 it is a series of
 * R-U-THERE notifies (RFC 3706), of which at least two have to be unanswered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_probes(struct judge *judge, const struct change_probes *change)
{
    struct finding *finding = findings_add(judge->findings, FINDING_DPD_FAILURE, CONFIDENCE_PROVEN, judge->frame, &judge->time);

    if (!finding)
        return;
    findings_file(judge->findings, finding, change->ike_sa->flow->tunnel);
    finding->ike_sa = change->ike_sa;
    finding->number = change->count;
    finding_rests_on(finding, change->first_frame);
    finding_rests_on(finding, change->ike_sa->last_frame);
}

static void
judge_given_up(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->type != IKE2_INFORMATIONAL || exchange->retransmissions == 0
            || exchange->says_something)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_DPD_FAILURE,
            exchange->liveness ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, exchange);
    if (!finding)
        return;
    finding->number = exchange->retransmissions + 1;
    finding_rests_on(finding, exchange->last_frame);
}

static void
judge_dpd_failure(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_PROBES_LEFT)
        judge_probes(judge, &change->probes);
    else
        judge_given_up(judge, change->exchange);
}

const struct rule rule_dpd_failure = { .on = ON(GIVEN_UP) | ON(PROBES_LEFT), .judge = judge_dpd_failure };

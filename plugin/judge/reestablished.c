/* reestablished.c
 * reestablished: the tunnel was set up anew, by an initial exchange, although it had been up before. It is no rekey, which goes on
 * within the IKE SA that there is (RFC 7296 section 1.3). Re-authentication is done in this way, too (section 2.8.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

/* IKE SAs of the tunnel that are looked through: beyond that it is a flood. */
#define LOOKED_AT_MOST 64

static const struct ike_sa *
one_before(const struct ike_sa *ike_sa)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *old = ike_sa->tunnel_older; old && looked_at < LOOKED_AT_MOST; old = old->tunnel_older, looked_at++)
        if (old->established)
            return old;
    return NULL;
}

static void
judge_reestablished(struct judge *judge, const struct change *change)
{
    if (!change->ike_sa->set_up)
        return;
    const struct ike_sa *ike_sa = change->ike_sa, *old = one_before(ike_sa);
    struct finding *finding = old ? findings_add(judge->findings, FINDING_REESTABLISHED, CONFIDENCE_PROVEN, judge->frame, &judge->time) : NULL;

    if (!finding)
        return;
    findings_file(judge->findings, finding, ike_sa->flow->tunnel);
    finding->ike_sa = ike_sa;
    finding->number = old->id;
    finding->span = clock_elapsed(&old->first_time, &ike_sa->first_time);
    finding_rests_on(finding, old->first_frame);
    finding_rests_on(finding, ike_sa->first_frame);
}

const struct rule rule_reestablished = { .on = ON(CONTACT), .judge = judge_reestablished };

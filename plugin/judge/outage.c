/* outage.c
 * outage: the tunnel had been up and carried nothing, in both directions or in one (track/service.c tells). Proven where the
 * Delete that began it was read; else inferred, from who fell silent and what was set up anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static void
judge_outage(struct judge *judge, const struct change *change)
{
    const struct outage *outage = change->outage.outage;
    struct finding *finding = findings_add(judge->findings, FINDING_OUTAGE,
            outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, judge->frame, &judge->time);

    if (!finding)
        return;
    findings_file(judge->findings, finding, change->outage.tunnel);
    finding->outage = outage;
    finding->span = clock_elapsed(&outage->begin, &outage->end);
    for (unsigned i = 0; i < outage->evidence_count; i++)
        finding_rests_on(finding, outage->evidence[i]);
}

const struct rule rule_outage = { .on = ON(OUTAGE), .judge = judge_outage };

/* limit.c
 * limit_reached: a table is full (enum limit), and what comes later is not tracked; of SAs, those of a single
 * packet make room first. Each limit is said once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_limit(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_sa(judge, FINDING_LIMIT_REACHED, CONFIDENCE_PROVEN, NULL);

    if (finding) {
        finding->number = change->full.limit;
        finding->limit = change->full.most;
        findings_file(judge->findings, finding, NULL);
    }
}

const struct rule rule_limit = { .on = ON(LIMIT_REACHED), .judge = judge_limit };

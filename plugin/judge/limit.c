/* limit.c
 * limit_reached: a table is full (enum limit), and what comes later is not tracked; of SAs, those of a single
 * packet make room first. Each limit is said once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

void
judge_limit(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_LIMIT_REACHED)
        return;
    struct finding *finding = judge_sa(judge, FINDING_LIMIT_REACHED, CONFIDENCE_PROVEN, NULL);

    if (finding) {
        finding->number = change->limit;
        finding->limit = change->behind;
        findings_file(judge->findings, finding, NULL);
    }
}

/* limit.c
 * limit_reached: the table of SAs is full. SAs of a single packet make room; where there are none, what
 * comes later is not tracked. Said once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

void
judge_limit(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_TABLE_FULL)
        return;
    struct finding *finding = judge_sa(judge, FINDING_LIMIT_REACHED, CONFIDENCE_PROVEN, NULL);

    if (finding)
        finding->limit = judge->limits.max_sas;
}

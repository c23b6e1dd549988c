/* rekey.c
 * rekey: an SA was replaced by the next one in its lineage. ESP alone lets this be inferred: the old
 * SA fell silent where the new one began, and stayed silent for the handover grace. A readable negotiation
 * proves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../track/clock.h"

void
judge_rekey(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_SA_REPLACED)
        return;
    const struct sa *old = change->sa->predecessor;
    struct finding *finding = judge_sa(judge, FINDING_REKEY,
            change->sa->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, old);

    if (!finding)
        return;
    finding->other = change->sa;
    finding->span = clock_elapsed(sa_birth_time(old), sa_replaced_time(old));
    finding_rests_on(finding, sa_birth_frame(old));
    finding_rests_on(finding, change->before_frame);
    finding_rests_on(finding, sa_birth_frame(change->sa));
}

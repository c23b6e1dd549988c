/* rekey.c
 * rekey: an SA was replaced by the next one in its lineage. ESP alone lets this be inferred: the old
 * SA fell silent where the new one began, and stayed silent for the handover grace. A readable negotiation
 * proves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static void
judge_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;
    struct finding *finding = judge_sa(judge, FINDING_REKEY, new->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, old);

    if (!finding)
        return;
    finding->other = new;
    finding->span = clock_elapsed(sa_birth_time(old), sa_replaced_time(old));
    finding_rests_on(finding, sa_birth_frame(old));
    finding_rests_on(finding, change->replaced.before_frame);
    finding_rests_on(finding, sa_birth_frame(new));
}

const struct rule rule_rekey = { .on = ON(SA_REPLACED), .judge = judge_rekey };

/* rekey.c
 * rekey: an SA was replaced by the next one in its lineage, by a rekey: where another IKE SA was set up for it, that is
 * reestablished. ESP alone lets this be inferred: the old
 * SA fell silent where the new one began, and stayed silent for the handover grace. A readable negotiation
 * proves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

/* IKE SAs through whose rekeys a set-up is looked for. */
#define LOOKED_AT_MOST 16

/* The set-up that an SA's IKE SA goes back to. */
static const struct ike_sa *
set_up_of(const struct exchange *origin)
{
    const struct ike_sa *ike_sa = origin->ike_sa;

    for (unsigned looked_at = 0; !ike_sa->set_up && ike_sa->predecessor && looked_at < LOOKED_AT_MOST; looked_at++)
        ike_sa = ike_sa->predecessor;
    return ike_sa;
}

static bool
is_set_up_anew(const struct sa *old, const struct sa *new)
{
    if (!new->origin)
        return false;
    const struct ike_sa *ike_sa = set_up_of(new->origin);
    return ike_sa->set_up && (old->origin ? set_up_of(old->origin) != ike_sa : clock_compare(&ike_sa->first_time, &old->first_time) > 0);
}

static void
judge_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;
    struct finding *finding = is_set_up_anew(old, new) ? NULL : judge_sa(judge, FINDING_REKEY, new->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, old);

    if (!finding)
        return;
    finding->other = new;
    finding->span = clock_elapsed(sa_birth_time(old), sa_replaced_time(old));
    finding_rests_on(finding, sa_birth_frame(old));
    finding_rests_on(finding, change->replaced.before_frame);
    finding_rests_on(finding, sa_birth_frame(new));
}

const struct rule rule_rekey = { .on = ON(SA_REPLACED), .judge = judge_rekey };

/* deleted.c
 * deleted: a peer deleted the IKE SA, or the child SA, and no successor was in place: no other SA of that direction was in use or
 * had just been negotiated. By itself no fault: it ends an idle tunnel, too. Told once for what ends together.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static uint64_t
milliseconds(const nstime_t *span)
{
    return ((uint64_t)span->secs * CLOCK_MSECS) + ((uint64_t)span->nsecs / (CLOCK_NSECS / CLOCK_MSECS));
}

static void
judge_deletion(struct judge *judge, const struct change *change)
{
    const struct service_end_seen *ended = change->ended;
    struct finding *finding = findings_add(judge->findings, FINDING_DELETED, CONFIDENCE_PROVEN, judge->frame, &judge->time);

    if (!finding)
        return;
    findings_file(judge->findings, finding, ended->ike_sa->flow->tunnel);
    finding->ike_sa = ended->ike_sa;
    finding->sa = ended->how == OUTAGE_CHILD_DELETED ? ended->sa : NULL;
    finding->number = (uint64_t)ended->peer;
    finding->span = ended->age;
    finding->limit = ended->last_frame != 0 ? milliseconds(&ended->idle) + 1 : 0;
    finding_rests_on(finding, ended->last_frame);
}

const struct rule rule_deleted = { .on = ON(SERVICE_ENDED), .judge = judge_deletion };

/* past.c
 * Remembers, and says nothing: how the tunnel's last SAs ended, and which were rekeyed at which age, by whom. A Delete with no successor in
 * place is told as it is read; without keys it shows when the next SA has taken over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/outage.h"
#include "succession.h"

static void
take_deletion(struct judge *judge, const struct service_end_seen *ended)
{
    const struct tunnel *tunnel = ended->ike_sa->flow->tunnel;
    uint64_t min_outage = (uint64_t)judge->limits.min_outage * CLOCK_NSECS;
    bool under_way = outage_in_midst(&tunnel->service, 0, &ended->time, min_outage)
            || outage_in_midst(&tunnel->service, 1, &ended->time, min_outage);
    struct past_end end = { ended->peer, true, !under_way, false, ended->frame, ended->age, ended->idle };

    if (ended->last_frame != 0)
        memory_take_end(judge->memory, tunnel, &end);
}

static void
take_rekey(struct judge *judge, const struct sa *old, const struct exchange *origin)
{
    nstime_t age = clock_elapsed(sa_birth_time(old), &origin->request_time);
    struct past_rekey rekey = { (int8_t)flow_peer(origin->flow), origin->request_frame, (uint64_t)age.secs, succession_lifetime(old) };

    if (!old->born_in_capture || !old->origin || origin->request_frame == 0 || old->flow != origin->flow)
        return;
    memory_take_rekey(judge->memory, old->flow->tunnel, &rekey, rekey.age < judge->limits.min_sa_lifetime);
}

/* Whether who ended the SAs asked for new ones itself, before packets on the old ones would have come too late: it ended them to have others. */
static bool
was_renewed(const struct judge *judge, const struct succeeded *succeeded, const struct exchange *origin)
{
    return (int)flow_peer(origin->flow) == succeeded->peer
            && !clock_passed(&succeeded->time, &origin->request_time, judge->limits.handover_grace);
}

static void
judge_past(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_SERVICE_ENDED) {
        take_deletion(judge, change->ended);
        return;
    }
    const struct sa *new = change->replaced.sa, *old = new->predecessor;
    struct succeeded succeeded = succession_of(judge, new);
    if (succeeded.how == SUCCESSION_REKEYED)
        take_rekey(judge, old, new->origin);
    if (!succeeded.is_end || old->sequence.packets == 0)
        return;
    struct past_end end = { succeeded.peer, false, succeeded.how == SUCCESSION_ON_DEMAND, false, succeeded.frame, succeeded.age, succeeded.idle };
    if (!succeeded.proven)
        memory_take_end(judge->memory, old->flow->tunnel, &end);
    if (was_renewed(judge, &succeeded, new->origin))
        memory_note_renewed(judge->memory, old->flow->tunnel, succeeded.frame);
}

const struct rule rule_past = { .on = ON(SERVICE_ENDED) | ON(SA_REPLACED), .judge = judge_past };

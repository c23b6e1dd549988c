/* pair.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pair.h"

#include "../clock.h"
#include "child.h"
#include "outage.h"
#include "selectors.h"
#include "walk.h"

/* Packets that show a gap. */
#define USED_PACKETS 2

/* Children that carried nothing are looked through, back from the latest: a rekey that is lost to a collision leaves one or two. */
#define CARRIERS_LOOKED_AT 4

/* ---- in the midst of traffic */

/* Nanoseconds between its packets: the mean over the SA's life, for which nothing needs to be kept. 0 where there is no gap. */
static uint64_t
mean_gap(const struct sa *sa)
{
    if (!sa || sa->sequence.packets < USED_PACKETS)
        return 0;
    return outage_ns_between(&sa->first_time, &sa->last_time) / (sa->sequence.packets - 1);
}

/* Whether the next packet was not even due. No idle timeout runs out then: an SA whose packets come further apart on average would
 * not have lived to send them. */
static bool
is_in_midst(const struct sa *sa, const nstime_t *at, uint64_t min_outage)
{
    uint64_t gap = mean_gap(sa);

    return gap > 0 && outage_ns_between(&sa->last_time, at) <= (gap > min_outage ? gap : min_outage);
}

static nstime_t
missed_from(const struct pair_end *end, uint64_t min_outage)
{
    uint64_t gaps[2] = { mean_gap(end->sa[0]), mean_gap(end->sa[1]) };
    const struct service_side side = { .usual = gaps[0] > gaps[1] ? gaps[0] : gaps[1] };
    uint64_t pause = outage_pause(&side, min_outage);
    const nstime_t span = { .secs = (time_t)(pause / CLOCK_NSECS), .nsecs = (int)(pause % CLOCK_NSECS) };
    nstime_t due = end->time;

    nstime_add(&due, &span);
    return due;
}

/* ---- those that are waited for */

static struct pair_end *
entry(struct pairs *pairs, unsigned i)
{
    return &pairs->end[(pairs->first + i) % PAIR_ENDS_AT_MOST];
}

static void
wait_for(wmem_allocator_t *pool, struct service *service, struct pair_end *end, uint64_t min_outage)
{
    if (!service->pairs)
        service->pairs = wmem_new0(pool, struct pairs);
    if (service->pairs->count == PAIR_ENDS_AT_MOST) {
        service->pairs->first = (service->pairs->first + 1) % PAIR_ENDS_AT_MOST;
        service->pairs->count--;
    }
    end->due = missed_from(end, min_outage);
    for (unsigned i = 0; i < 2; i++)
        if (end->sa[i])
            end->sa[i]->is_kept = true;
    *entry(service->pairs, service->pairs->count++) = *end;
    service->in_doubt = true;
}

/* The child, or where it carried nothing yet the one before it, whose traffic it was to take over. */
static const struct child *
carrier(const struct child *child)
{
    for (unsigned looked_at = 0; looked_at < CARRIERS_LOOKED_AT && child->sa[0] && child->sa[1]; looked_at++) {
        const struct sa *before = child->sa[0]->predecessor;
        if (child->sa[0]->sequence.packets + child->sa[1]->sequence.packets > 0 || !before || !before->child || before->deleted_frame == 0)
            break;
        child = before->child;
    }
    return child;
}

void
pair_deleted(struct ike_context *context, const struct child *deleted)
{
    struct service *service = &context->flow->tunnel->service;
    const struct child *child = carrier(deleted);
    struct pair_end end = { .child = child, .time = context->message->time, .frame = context->message->frame,
            .peer = (uint8_t)flow_peer(context->flow) };

    for (unsigned i = 0; service->pairs && i < service->pairs->count; i++)
        if (entry(service->pairs, i)->child == child)
            return;                 /* its other SA */
    if (!is_in_midst(child->sa[0], &end.time, context->min_outage) || !is_in_midst(child->sa[1], &end.time, context->min_outage))
        return;
    for (unsigned i = 0; i < 2; i++)
        end.sa[flow_peer(child->sa[i]->flow)] = child->sa[i];
    if (end.sa[0] && end.sa[1])
        wait_for(context->pool, service, &end, context->min_outage);
}

void
pair_suspect(struct outage_context *context, const struct service_end_seen *ended, const struct sa *sa)
{
    struct sa *other;

    for (unsigned i = 0; i < 2; i++) {
        WALK(other, context->tunnel->flow[i].current, current_next, CURRENT_IN_USE) {
            struct pair_end end = { .time = ended->time, .frame = ended->frame, .peer = (uint8_t)ended->peer };
            if (other == sa || other->deleted_frame != 0 || !is_in_midst(other, &ended->time, context->min_outage)
                    || outage_ns_between(&other->last_time, &ended->time) == 0)
                continue;
            end.sa[i] = other;
            wait_for(context->pool, &context->tunnel->service, &end, context->min_outage);
        }
    }
}

void
pair_forget(struct service *service, uint32_t frame)
{
    for (unsigned i = 0; service->pairs && i < service->pairs->count; i++) {
        struct pair_end *end = entry(service->pairs, i);
        if (!end->child && end->frame == frame)
            end->sa[0] = end->sa[1] = NULL;
    }
}

/* ---- whether it is dead */

/* Whether the other child carries what the dead one did, or some of it. What can't be told counts as carried. */
static bool
serves(const struct child *other, const struct child *dead)
{
    bool same_side = other->origin->flow == dead->origin->flow;
    const struct selectors *tsi = same_side ? other->tsi : other->tsr, *tsr = same_side ? other->tsr : other->tsi;

    if (other->sa[0] && other->sa[0]->key.protocol != dead->sa[0]->key.protocol)
        return false;               /* ESP and AH may protect the same packets together */
    if (tsi->count == 0 || tsr->count == 0 || dead->tsi->count == 0 || dead->tsr->count == 0 || tsi->incomplete || tsr->incomplete)
        return true;
    return selectors_overlap(tsi, dead->tsi) && selectors_overlap(tsr, dead->tsr);
}

static bool
is_served(const struct tunnel *tunnel, const struct child *dead)
{
    const struct child *other;

    WALK(other, tunnel->children, tunnel_older, CHILDREN_KNOWN)
        if (other != dead && child_is_alive(other) && serves(other, dead))
            return true;
    return false;
}

static bool
is_silent(const struct pair_end *end, const struct sa *sa)
{
    return sa->deleted_frame == 0 && !sa->successor && clock_compare(&sa->last_time, &end->time) <= 0;
}

/* Whether SAs were negotiated, or came into use, after what may have been the Delete, or less than a pause before: they may have
 * taken the place of the silent ones. */
static bool
may_be_replaced(const struct pair_end *end, const struct tunnel *tunnel)
{
    uint64_t pause = outage_ns_between(&end->time, &end->due);
    const struct sa *sa;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++)
        if (outage_ns_between(&tunnel->origin[i].exchange->response_time, &end->time) < pause)
            return true;
    for (unsigned i = 0; i < 2; i++) {
        if (tunnel->flow[i].pending)
            return true;
        WALK(sa, tunnel->flow[i].current, current_next, CURRENT_IN_USE)
            if (outage_ns_between(&sa->first_time, &end->time) < pause)
                return true;
    }
    return false;
}

/* The other direction's SA that fell silent at the same moment: both are taken for a pair. */
static struct pair_end *
find_mate(struct pairs *pairs, const struct pair_end *end)
{
    unsigned missing = end->sa[0] ? 1 : 0;

    for (unsigned i = 0; i < pairs->count; i++) {
        struct pair_end *mate = entry(pairs, i);
        if (!mate->child && mate->frame == end->frame && mate->sa[missing] && is_silent(mate, mate->sa[missing]))
            return mate;
    }
    return NULL;
}

static bool
is_dead(const struct outage_context *context, struct pair_end *end)
{
    struct pairs *pairs = context->tunnel->service.pairs;
    unsigned known = end->sa[0] ? 0 : 1;

    if (context->tunnel->is_incomplete)
        return false;
    if (end->child)
        return !is_served(context->tunnel, end->child);
    if (!is_silent(end, end->sa[known]) || may_be_replaced(end, context->tunnel))
        return false;
    struct pair_end *mate = find_mate(pairs, end);
    if (!mate)
        return false;
    end->sa[1 - known] = mate->sa[1 - known];
    mate->sa[1 - known] = NULL;
    return true;
}

void
pair_settle(struct outage_context *context, const nstime_t *now)
{
    struct pairs *pairs = context->tunnel->service.pairs;

    for (unsigned left = pairs ? pairs->count : 0; left > 0; left--) {
        struct pair_end end = *entry(pairs, 0);
        pairs->first = (pairs->first + 1) % PAIR_ENDS_AT_MOST;
        pairs->count--;
        if (!end.sa[0] && !end.sa[1])
            continue;               /* told with its mate, or forgotten */
        if (clock_compare(now, &end.due) < 0)
            *entry(pairs, pairs->count++) = end;
        else if (is_dead(context, &end))
            change_pair(context->changes, &end);
    }
}

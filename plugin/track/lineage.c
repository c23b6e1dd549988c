/* lineage.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "lineage.h"

#include "../clock.h"
#include "child.h"
#include "origin.h"
#include "walk.h"

/* One sender uses one SA of a lineage at a time. Packets of both may be mixed by the way, for as long as the slowest of them travels; but
 * an old SA that takes so many turns with the new one, for so long, is parallel to it. */
#define MIXED_TURNS_AT_MOST 3
#define MIXED_AT_MOST_MS 2000

static void
current_add(struct sa *sa)
{
    struct flow *flow = sa->flow;

    sa->current_previous = NULL;
    sa->current_next = flow->current;
    if (flow->current)
        flow->current->current_previous = sa;
    flow->current = sa;
    sa->is_current = true;
}

static void
current_remove(struct sa *sa)
{
    if (!sa->is_current)
        return;
    if (sa->current_previous)
        sa->current_previous->current_next = sa->current_next;
    else
        sa->flow->current = sa->current_next;
    if (sa->current_next)
        sa->current_next->current_previous = sa->current_previous;
    sa->current_previous = sa->current_next = NULL;
    sa->is_current = false;
}

static void
pending_add(struct sa *sa)
{
    struct flow *flow = sa->flow;

    sa->pending_next = NULL;
    if (flow->pending_last)
        flow->pending_last->pending_next = sa;
    else
        flow->pending = sa;
    flow->pending_last = sa;
    sa->is_pending = true;
}

static void
pending_drop_first(struct flow *flow)
{
    struct sa *sa = flow->pending;

    flow->pending = sa->pending_next;
    if (!flow->pending)
        flow->pending_last = NULL;
    sa->pending_next = NULL;
    sa->is_pending = false;
}

/* One packet with an SPI of its own may be a scan; a tunnel sends more, or has its exchange. */
static bool
is_unconfirmed(const struct sa *sa)
{
    return sa->sequence.packets < 2 && !sa->origin;
}

void
lineage_admit(struct sa *sa)
{
    bool newborn = sa->sequence.first <= SA_NEWBORN_AT_MOST;
    bool alone = sa->flow->current == NULL;

    sa->waits_for_traffic = is_unconfirmed(sa);
    sa->generation = newborn && !alone ? 0 : 1;
    if (sa->waits_for_traffic)
        return;
    current_add(sa);
    if (sa->generation == 0)
        pending_add(sa);
}

void
lineage_heard(struct sa *sa)
{
    const struct sa *undecided = sa->flow->pending;

    if (undecided && undecided != sa) {
        if (undecided->id != sa->mixed_with)
            sa->mixed = sa->mixed_at = 0;
        sa->mixed += undecided->sequence.packets > sa->mixed_at;
        sa->mixed_at = (uint32_t)undecided->sequence.packets;
        sa->mixed_with = undecided->id;
    }
    if (sa->waits_for_traffic && !is_unconfirmed(sa) && !sa->is_current && !sa->successor)
        lineage_admit(sa);
}

bool
lineage_is_due(const struct flow *flow, const nstime_t *now, uint32_t grace)
{
    return flow->pending && clock_passed(&flow->pending->first_time, now, grace);
}

enum candidate { CANDIDATE_NO, CANDIDATE_MAY_SPEAK, CANDIDATE_SILENT };

/* Whether negotiations that are read tell what takes the older SA's place: not where the undecided one's own is known, but could not be read. */
static bool
is_place_told(const struct sa *old, const struct sa *undecided)
{
    return old->negotiated && old->deleted_frame == 0 && (undecided->negotiated || !undecided->origin_sure);
}

/* A single packet that came while an exchange was to make an SPI: until another one carries traffic, it may be that. */
static bool
may_be_stray(const struct sa *sa)
{
    return sa->origin && sa->sequence.packets < 2 && !sa->negotiated && !sa->predecessor && !sa->successor;
}

/* Whether an SA may have taken the place of one of which a single packet is known, which anybody can send: where it is known which exchange made it,
 * and that may have renewed another SA, as one that follows at once on what made the other did not. */
static bool
may_replace_stray(const struct sa *sa, const struct sa *stray, uint32_t grace)
{
    return sa->negotiated || (sa->origin_sure && !origin_is_at_once(stray->origin, sa->origin, grace));
}

/* What an older lineage's latest SA is to an undecided one. */
static enum candidate
candidate_of(const struct sa *old, const struct sa *undecided, const nstime_t *now, uint32_t grace)
{
    const nstime_t *last = child_last_packet(old);  /* a rekey replaces both directions */

    if (old->id >= undecided->id || old->first_frame >= undecided->first_frame || old->is_pending)
        return CANDIDATE_NO;
    if (old->key.protocol != undecided->key.protocol || is_place_told(old, undecided))
        return CANDIDATE_NO;
    if (clock_passed(&undecided->first_time, last, grace))
        return CANDIDATE_NO;            /* it spoke on beside the undecided one */
    if (old->mixed_with == undecided->id && old->mixed >= MIXED_TURNS_AT_MOST
            && clock_passed_ms(&undecided->first_time, &old->last_time, MIXED_AT_MOST_MS))
        return CANDIDATE_NO;
    if (!origin_may_replace(old->origin, undecided->origin, grace) || (may_be_stray(old) && !may_replace_stray(undecided, old, grace)))
        return CANDIDATE_NO;
    return clock_passed(last, now, grace) ? CANDIDATE_SILENT : CANDIDATE_MAY_SPEAK;
}

/* How far from the undecided SA's first packet the old one's last packet was. */
static nstime_t
distance(const struct sa *old, const struct sa *undecided)
{
    nstime_t before = clock_elapsed(&old->last_time, &undecided->first_time);
    nstime_t after = clock_elapsed(&undecided->first_time, &old->last_time);

    return clock_compare(&before, &after) > 0 ? before : after;
}

/* Gives an SA its place, and those behind it theirs. */
static void
renumber(struct sa *sa, uint32_t generation)
{
    struct sa *later;

    WALK(later, sa, successor, GENERATIONS_KNOWN)
        later->generation = generation++;
}

/* A successor always appeared later than what it replaces: so no SA is its own ancestor, whatever
 * negotiations say. */
static void
link(struct sa *old, struct sa *sa)
{
    current_remove(old);
    old->successor = sa;
    sa->predecessor = old;
    renumber(sa, old->generation + 1);
}

bool
lineage_may_link(const struct sa *old, const struct sa *sa)
{
    return old->id < sa->id && old->flow == sa->flow && old->key.protocol == sa->key.protocol && !old->successor
            && !sa->predecessor;
}

void
lineage_negotiated(struct sa *old, struct sa *sa)
{
    if (old->generation == 0)
        old->generation = 1;        /* it was still waiting for its own place */
    link(old, sa);
    sa->link_proven = true;
}

void
lineage_pass_on(struct sa *from, struct sa *to)
{
    if (!from || !to || from->flow != to->flow || from->successor || to->predecessor || !from->predecessor
            || from->predecessor->id >= to->id || from->key.protocol != to->key.protocol)
        return;
    to->predecessor = from->predecessor;
    to->predecessor->successor = to;
    renumber(to, from->generation);
    to->link_proven = from->link_proven;
    from->predecessor = NULL;
}

/* Whether a negotiation is known to have made the older SA, though it could not be read: then none that can be read tells what took its place. */
static bool
is_unread_before(const struct sa *old, const struct sa *sa)
{
    return !old->negotiated && old->origin && old->origin_sure && lineage_may_link(old, sa);
}

static bool
may_replace_unread(const struct sa *sa)
{
    const struct sa *old;

    WALK(old, sa->flow->current, current_next, CURRENT_KNOWN)
        if (is_unread_before(old, sa))
            return true;
    return false;
}

void
lineage_admit_negotiated(struct sa *sa)
{
    if (!sa->is_current && !sa->successor)
        current_add(sa);
    if (sa->generation == 0)
        sa->generation = 1;
    if (!sa->is_pending && may_replace_unread(sa))
        pending_add(sa);
}

/* Whether the exchange is more likely to have made the heir, which began no later than so many seconds after the stray packet. */
static bool
may_inherit(const struct sa *heir, const struct sa *stray, uint32_t grace)
{
    return heir != stray && !heir->origin && !heir->negotiated && heir->sequence.packets >= 2 && heir->key.protocol == stray->key.protocol
            && heir->id > stray->id && !clock_passed(&stray->first_time, &heir->first_time, grace);
}

/* Anybody can send a packet with an SPI of its own: the exchange is the one's that carries traffic, and the stray has no place. */
static void
hand_origin_over(struct sa *stray, struct sa *heir)
{
    heir->origin = stray->origin;
    heir->origin_sure = stray->origin_sure;
    stray->origin = NULL;
    stray->origin_sure = false;
    current_remove(stray);
    stray->waits_for_traffic = true;
    stray->generation = 0;
}

/* @return whether the undecided SA turned out to be a stray packet */
static bool
settle_stray(struct flow *flow, struct sa *undecided, uint32_t grace)
{
    struct sa *sa;

    WALK(sa, flow->current, current_next, CURRENT_KNOWN) {
        if (may_be_stray(undecided) && may_inherit(sa, undecided, grace)) {
            hand_origin_over(undecided, sa);
            return true;
        }
        if (!sa->is_pending && may_be_stray(sa) && may_inherit(undecided, sa, grace)) {
            hand_origin_over(sa, undecided);
            return false;
        }
    }
    return false;
}

/* Whether its place is known. */
static bool
is_decided(const struct sa *sa)
{
    bool is_told = sa->negotiated && (sa->predecessor || sa->sequence.packets == 0 || !may_replace_unread(sa));

    return is_told || sa->deleted_frame != 0 || sa->successor;
}

/* The SA took nobody's place. */
static void
begin_lineage(struct flow *flow, struct sa *sa)
{
    sa->generation = 1;
    if (!sa->negotiated && (flow->current != sa || sa->current_next))
        flow->parallel = true;
}

struct sa *
lineage_settle(struct flow *flow, const nstime_t *now, uint32_t grace)
{
    struct sa *undecided = flow->pending;
    struct sa *best = NULL;
    bool best_decided = false;
    struct sa *old;

    if (!lineage_is_due(flow, now, grace))
        return NULL;
    if (is_decided(undecided)) {
        pending_drop_first(flow);
        if (undecided->generation == 0)
            undecided->generation = 1;
        return undecided;
    }
    if (settle_stray(flow, undecided, grace)) {
        pending_drop_first(flow);
        return NULL;
    }
    WALK(old, flow->current, current_next, CURRENT_KNOWN) {
        enum candidate candidate = candidate_of(old, undecided, now, grace);
        if (candidate == CANDIDATE_NO || (undecided->negotiated && !is_unread_before(old, undecided)))
            continue;
        nstime_t to_old = distance(old, undecided);
        nstime_t to_best = best ? distance(best, undecided) : to_old;
        if (!best || clock_compare(&to_old, &to_best) < 0) {
            best = old;
            best_decided = candidate == CANDIDATE_SILENT;
        }
    }
    if (best && !best_decided)
        return NULL;                /* the nearest may yet speak on */
    pending_drop_first(flow);
    if (best)
        link(best, undecided);
    else
        begin_lineage(flow, undecided);
    return undecided;
}

struct sa *
lineage_find(const struct flow *flow, uint8_t protocol, uint32_t spi)
{
    struct sa *sa;

    WALK(sa, flow->current, current_next, CURRENT_KNOWN)
        if (sa->key.spi == spi && sa->key.protocol == protocol && sa->deleted_frame == 0)
            return sa;
    return NULL;
}

void
lineage_split(struct sa *sa)
{
    struct sa *successor = sa->successor;

    sa->successor = NULL;
    sa->resumed = false;            /* one packet does not take back its next link either */
    current_add(sa);
    sa->flow->parallel = true;
    if (!successor)
        return;
    successor->predecessor = NULL;
    renumber(successor, 1);
}

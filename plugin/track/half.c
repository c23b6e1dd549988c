/* half.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "half.h"

#include "../clock.h"
#include "child.h"
#include "exchange.h"
#include "ike_sa.h"
#include "selectors.h"
#include "walk.h"

/* The silent direction had a packet for at least every fourth of the other one's: what is sent one way wants no answer. */
#define ANSWERED_OF 4

/* SAs of each lineage that are looked at, back from the latest: a mate is of the same age. */
#define GENERATIONS_BACK 4

/* Exchanges that are looked through, back from the latest. */
#define EXCHANGES_LOOKED_AT 64

/* Whether both were made by one negotiation. */
static bool
are_mates(const struct sa *a, const struct sa *b)
{
    if (a->child || b->child)
        return a->child == b->child;
    return a->origin && a->origin_sure && b->origin_sure && a->origin == b->origin;
}

/* The other direction's SA of the pair that carried traffic, or NULL. */
static const struct sa *
mate_of(const struct sa *sa)
{
    const struct sa *latest, *other;

    WALK(latest, flow_reverse(sa->flow)->current, current_next, CURRENT_IN_USE)
        WALK(other, latest, predecessor, GENERATIONS_BACK)
            if (other->sequence.packets > 0 && are_mates(sa, other))
                return other;
    return NULL;
}

/* Whether a child that was read carries what another one does: the silent peer may use that one. What can't be told counts as so. */
static bool
is_for_the_same(const struct child *a, const struct child *b)
{
    if (!a || !b || a->tsi->count == 0 || b->tsi->count == 0)
        return true;
    return child_same_selectors(a, b);
}

/* Whether the silent direction has an SA that came into use since, and may be what its peer sends on: after a collision each may use the
 * pair that the other does not. */
static bool
uses_another(const struct sa *sa, const struct sa *old_mate, uint32_t grace)
{
    const struct sa *other;

    WALK(other, flow_reverse(sa->flow)->current, current_next, CURRENT_IN_USE) {
        bool is_new = other != old_mate && !clock_passed(&other->first_time, sa_birth_time(sa), grace);
        if (other->sequence.packets > 0 && is_new && is_for_the_same(other->child, sa->child))
            return true;
    }
    return flow_reverse(sa->flow)->pending != NULL;
}

/* Whether who asked for the SA sent a Delete right behind that negotiation, and the other peer answered it: of the SA that was replaced (RFC 7296
 * section 2.8), and of its mate, whatever comes on that one. */
static bool
was_deleted_behind(const struct sa *sa, uint32_t grace)
{
    const struct exchange *origin = sa->origin, *exchange;

    if (!origin || !sa->origin_sure || origin->type != IKE2_CREATE_CHILD_SA || !clock_passed(&origin->response_time, &sa->last_time, grace))
        return false;
    WALK(exchange, origin->ike_sa->latest, older, EXCHANGES_LOOKED_AT)
        if (exchange->is_delete && exchange->deletes_child && exchange->flow == origin->flow && exchange->request_frame > origin->request_frame
                && !clock_passed(&origin->response_time, &exchange->request_time, grace))
            return true;
    return false;
}

bool
half_is_used_alone(const struct sa *sa, const nstime_t *now, uint32_t grace, uint32_t one_way_after)
{
    const struct sa *old = sa->predecessor;
    const struct flow *reverse = flow_reverse(sa->flow);

    if (!old || sa->deleted_frame != 0 || !clock_passed(&sa->first_time, now, one_way_after)
            || !clock_passed(&sa->first_time, &reverse->last_time, one_way_after))
        return false;               /* not yet; or all is silent in the other direction, which is told of the tunnel */
    const struct sa *old_mate = mate_of(old);
    if (!old_mate || ANSWERED_OF * old_mate->sequence.packets < old->sequence.packets)
        return false;
    bool fell_silent = !clock_passed(&old_mate->last_time, sa_birth_time(sa), grace) && !clock_passed(sa_birth_time(sa), &old_mate->last_time, grace);
    if ((!fell_silent && !was_deleted_behind(sa, grace)) || (!sa->child && !(sa->origin && sa->origin_sure)))
        return false;
    return !mate_of(sa) && !uses_another(sa, old_mate, grace);
}

/* origin.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "origin.h"

#include "../clock.h"
#include "exchange.h"
#include "ike_sa.h"
#include "pack.h"

/* A further round of IKE_AUTH, as with EAP (RFC 7296 section 2.16), takes the place of the one before: only the last makes a child. */
static struct recent_origin *
origin_for(struct tunnel *tunnel, const struct exchange *exchange)
{
    struct recent_origin *latest = tunnel->origins > 0 ? &tunnel->origin[(tunnel->origins - 1) % RECENT_ORIGINS] : NULL;
    bool is_round = latest && exchange->type == IKE2_IKE_AUTH && latest->exchange->type == IKE2_IKE_AUTH
            && latest->exchange->ike_sa == exchange->ike_sa && !latest->claimed[0] && !latest->claimed[1];

    return is_round ? latest : &tunnel->origin[tunnel->origins++ % RECENT_ORIGINS];
}

void
origin_remember(struct pack *pack, struct tunnel *tunnel, struct exchange *exchange)
{
    if (!tunnel->origin)
        tunnel->origin = pack_take(pack, RECENT_ORIGINS * sizeof *tunnel->origin);
    struct recent_origin *origin = origin_for(tunnel, exchange);

    origin->exchange = exchange;
    origin->claimed[0] = origin->claimed[1] = false;
    origin->doubtful[0] = origin->doubtful[1] = false;
}

/* Whether the exchange, answered no longer ago than so many seconds, may have made an SPI of this direction that was not
 * seen yet. */
static bool
may_be_claimed(const struct recent_origin *origin, unsigned direction, const nstime_t *now, uint32_t seconds)
{
    return !origin->claimed[direction] && !clock_passed(&origin->exchange->response_time, now, seconds);
}

/* Whether the exchange, however long ago it was answered, may have made the SPI of the direction's first packet since then. */
static bool
may_be_claimed_late(const struct recent_origin *origin, const struct flow *flow)
{
    return !origin->claimed[flow_peer(flow)]
            && (flow->packets == 0 || clock_compare(&flow->last_time, &origin->exchange->response_time) < 0);
}

/* The latest exchange that comes into question; NULL where there is none, or several IKE SAs do.
 * @param late  it may be any since the direction's last packet, but the only one */
static struct recent_origin *
find_origin(struct flow *flow, const nstime_t *now, uint32_t seconds, bool late)
{
    struct tunnel *tunnel = flow->tunnel;
    unsigned direction = flow_peer(flow);
    struct recent_origin *found = NULL;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        struct recent_origin *origin = &tunnel->origin[i];
        if (late ? !may_be_claimed_late(origin, flow) : !may_be_claimed(origin, direction, now, seconds))
            continue;
        if (found && (late || found->exchange->ike_sa != origin->exchange->ike_sa))
            return NULL;
        if (found)
            found->doubtful[direction] = origin->doubtful[direction] = true;
        if (!found || clock_compare(&origin->exchange->response_time, &found->exchange->response_time) > 0)
            found = origin;
    }
    return found;
}

struct exchange *
origin_claim(struct flow *flow, const nstime_t *now, uint32_t seconds, bool *sure)
{
    unsigned direction = flow_peer(flow);
    struct recent_origin *found = find_origin(flow, now, seconds, false);

    if (!found)
        found = find_origin(flow, now, seconds, true);
    *sure = found && !found->doubtful[direction];
    if (!found)
        return NULL;
    found->claimed[direction] = true;
    found->exchange->made_spi |= *sure;
    return found->exchange;
}

bool
origin_may_have_made_new(const struct flow *flow, const nstime_t *since, const nstime_t *now, uint32_t seconds)
{
    const struct tunnel *tunnel = flow->tunnel;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        const struct recent_origin *origin = &tunnel->origin[i];
        if (may_be_claimed(origin, flow_peer(flow), now, seconds) && clock_compare(&origin->exchange->response_time, since) > 0)
            return true;
    }
    return false;
}

bool
origin_may_replace(const struct exchange *old_origin, const struct exchange *new_origin, uint32_t seconds)
{
    if (!old_origin || !new_origin || old_origin->ike_sa == new_origin->ike_sa)
        return true;
    if (new_origin->type == IKE2_CREATE_CHILD_SA)
        return !new_origin->ike_sa->born_in_capture;
    if (new_origin->type == IKE2_IKE_AUTH)
        return !clock_passed(&new_origin->response_time, &old_origin->ike_sa->last_time, seconds);
    return true;
}

bool
origin_is_at_once(const struct exchange *before, const struct exchange *exchange, uint32_t seconds)
{
    return !clock_passed(&before->response_time, &exchange->request_time, seconds);
}

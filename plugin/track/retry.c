/* retry.c
 * Behind a NAT each port is another client (tunnel.h), until something tells that it is not. A client whose try came to nothing, and who
 * comes again from another port, is known by the identity that it sends. Where that was not read, only its pace can tell: other clients
 * behind the NAT do not keep the rhythm of one retry timer, each try later than the one before has ended, all alike to the byte. Until
 * so many tries have shown that, and wherever another client of the same two addresses is seen meanwhile, they stay apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "retry.h"

#include "../clock.h"
#include "change.h"
#include "outage.h"
#include "walk.h"

/* Tries that show a pace. Of clients that come at random, one in a hundred series of so many would seem to keep it. */
#define TRIES_AT_LEAST 5
#define TRIES_AT_MOST 16

/* Retry timers stand still, give or take what a try itself takes, or wait up to twice as long each time. */
#define SHORTER_TENTHS 9
#define LONGER_TENTHS 22
#define TENTHS 10

/* No timer waits longer between two tries: daemons begin again after seconds or minutes (strongSwan's retransmissions take 165 s). */
#define TRIED_WITHIN_SECONDS 600

/* Tunnels of the same two addresses, exchanges of a try: of more, it is no client's try. */
#define TUNNELS_LOOKED_AT 16
#define EXCHANGES_OF_A_TRY 64

/* ---- whether a tunnel is nothing but tries that failed */

static bool
has_failed(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;
    unsigned count = 0;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OF_A_TRY)
        count++;
    return ike_sa->set_up && ike_sa->flow == &ike_sa->flow->tunnel->flow[0] && count < EXCHANGES_OF_A_TRY
            && (!ike_sa->established || ike_sa->end == IKE_FAILED);
}

static bool
is_all_tries(const struct tunnel *tunnel)
{
    const struct ike_sa *ike_sa;
    unsigned count = 0;

    if (tunnel->flow[0].sas + tunnel->flow[1].sas > 0 || tunnel->children || !tunnel->ike_sas)
        return false;
    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT) {
        if (!has_failed(ike_sa))
            return false;
        count++;
    }
    return count < IKE_SAS_RECENT;
}

/* The first IKE SA of a tunnel that is_all_tries. */
static struct ike_sa *
first_try(const struct tunnel *tunnel)
{
    struct ike_sa *ike_sa, *first = NULL;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        first = ike_sa;
    return first;
}

static bool
same_ends(const struct tunnel *a, const struct tunnel *b)
{
    return ip_address_equal(&a->peer[0].address, &b->peer[0].address) && ip_address_equal(&a->peer[1].address, &b->peer[1].address);
}

/* Whether the earlier tunnel's last try was over, and not heard of again, when the later one began. */
static bool
goes_before(const struct tunnel *earlier, const struct tunnel *later)
{
    return same_ends(earlier, later) && is_all_tries(earlier)
            && clock_compare(&earlier->ike_last_time, &later->ike_first_time) <= 0;
}

/* ---- two tunnels become one */

static void
move(struct ike_sa *ike_sa, struct tunnel *into)
{
    struct exchange *exchange;

    ike_sa->flow = &into->flow[flow_peer(ike_sa->flow)];
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OF_A_TRY)
        exchange->flow = &into->flow[flow_peer(exchange->flow)];
}

/* The later tunnel's tries become the earlier one's; neither has carried anything. */
static void
join(struct ike_context *context, struct tunnel *later, struct tunnel *into)
{
    struct ike_sa *ike_sa;

    first_try(later)->tunnel_older = into->ike_sas;
    WALK(ike_sa, later->ike_sas, tunnel_older, IKE_SAS_RECENT) {
        if (ike_sa == into->ike_sas)
            break;
        move(ike_sa, into);
    }
    into->ike_sas = later->ike_sas;
    into->ike_last_time = later->ike_last_time;
    into->service = later->service;
    for (unsigned i = 0; i < 2; i++) {
        into->ike_heard[i] |= later->ike_heard[i];
        into->auth_asked[i] |= later->auth_asked[i];
        into->flow[i].source = later->flow[i].source;
        into->flow[i].destination = later->flow[i].destination;
    }
    into->nat |= later->nat;
    into->is_incomplete |= later->is_incomplete;
    into->icmp_errors += later->icmp_errors;
    into->lost_in_fragments += later->lost_in_fragments;
    tunnel_join(context->tunnels, later, into);
    change_joined(context->changes, later, into);
    if (context->flow->tunnel == later)
        context->flow = &into->flow[flow_peer(context->flow)];
}

/* ---- by its pace */

/* Tries from the latest on, back to where they no longer are one client's. */
struct tries {
    const struct ike_sa *latest;
    const nstime_t *begin[TRIES_AT_MOST];
    unsigned count;
    struct tunnel *tunnel[TRIES_AT_MOST];   /* their tunnels */
    unsigned tunnels;
};

static bool
keeps_pace(const struct tries *tries)
{
    if (tries->count < 3)
        return true;
    const nstime_t *const *begin = &tries->begin[tries->count - 3];
    uint64_t later = outage_ns_between(begin[1], begin[0]), earlier = outage_ns_between(begin[2], begin[1]);

    return later * TENTHS >= earlier * SHORTER_TENTHS && later * TENTHS <= earlier * LONGER_TENTHS;
}

/* The exchange that the IKE SA began with. */
static const struct exchange *
first_exchange(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange, *first = NULL;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OF_A_TRY)
        first = exchange;
    return first;
}

static bool
add_try(struct tries *tries, const struct ike_sa *ike_sa, uint32_t length)
{
    if (tries->count == TRIES_AT_MOST || ike_sa->version != tries->latest->version || ike_sa->identity[0] != 0
            || first_exchange(ike_sa)->request_length != length
            || clock_passed(&ike_sa->first_time, tries->begin[tries->count - 1], TRIED_WITHIN_SECONDS))
        return false;
    tries->begin[tries->count++] = &ike_sa->first_time;
    if (keeps_pace(tries))
        return true;
    tries->count--;
    return false;
}

/* Whether all tries of the tunnel belong to the series. */
static bool
add_tries(struct tries *tries, struct tunnel *tunnel, uint32_t length)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (!add_try(tries, ike_sa, length))
            return false;
    tries->tunnel[tries->tunnels++] = tunnel;
    return true;
}

void
retry_take_set_up(struct ike_context *context, const struct ike_sa *ike_sa)
{
    struct tunnel *latest = context->flow->tunnel, *tunnel, *later = latest;
    struct tries tries = { .latest = ike_sa, .begin = { &ike_sa->first_time }, .count = 1, .tunnel = { latest }, .tunnels = 1 };

    if (latest->ike_sas != ike_sa || ike_sa->tunnel_older || context->flow != &latest->flow[0])
        return;                     /* its tunnel is not new */
    WALK(tunnel, latest->pair_older, pair_older, TUNNELS_LOOKED_AT) {
        if (!goes_before(tunnel, later) || !add_tries(&tries, tunnel, context->message->length))
            break;
        later = tunnel;
    }
    if (tries.count < TRIES_AT_LEAST)
        return;
    for (unsigned i = tries.tunnels - 1; i-- > 0;)
        join(context, tries.tunnel[i], later);
}

/* ---- by its identity */

void
retry_take_identity(struct ike_context *context, const struct ike_sa *ike_sa)
{
    struct tunnel *latest = context->flow->tunnel, *tunnel;

    if (ike_sa->identity[0] == 0 || latest->ike_sas != ike_sa || ike_sa->tunnel_older || !is_all_tries(latest))
        return;
    WALK(tunnel, latest->pair_older, pair_older, TUNNELS_LOOKED_AT) {
        if (!goes_before(tunnel, latest) || tunnel->ike_sas->identity[0] != ike_sa->identity[0])
            continue;
        join(context, latest, tunnel);
        return;
    }
}

/* shared_trouble.c
 * Tunnels of one gateway share a trouble if three of them or more went down together: each within min_outage of the one before, as an
 * outage's begin is known no better than that (a silence begins with the last packet that got through), and all within handover_grace. Many
 * tunnels that flap on their own do so by chance, too. Outages that know nothing of each other begin as a Poisson process does: with the
 * capture's other outages for a rate, that so many follow the first one as soon must be less than one in a thousand, counted over all
 * outages of the capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "shared_trouble.h"

#include <math.h>
#include <stdlib.h>

#include "../clock.h"

#define TUNNELS_AT_LEAST 3
#define CHANCE_AT_MOST 0.001
/* Outages that are looked at. */
#define BEGINS_AT_MOST 1000000

struct begin {
    nstime_t time;
    const struct tunnel *tunnel;
    uint32_t frame;
};

struct search {
    GArray *begins;                 /* of struct begin, in order of time */
    wmem_allocator_t *pool;
    wmem_array_t *found;
    double seconds;                 /* of the capture */
    uint32_t together;              /* seconds */
};

static int
compare_begins(const void *a, const void *b)
{
    const struct begin *left = a, *right = b;
    int by_time = clock_compare(&left->time, &right->time);

    if (by_time != 0)
        return by_time;
    return left->frame < right->frame ? -1 : left->frame > right->frame;
}

static void
add_begin(GArray *begins, const struct tunnel *tunnel, const struct outage *outage)
{
    struct begin begin = { outage->begin, tunnel, outage->begin_frame };

    if (begins->len < BEGINS_AT_MOST)
        g_array_append_val(begins, begin);
}

static GArray *
gather(const struct tunnel_table *tunnels, const struct judge *judge)
{
    GArray *begins = g_array_new(FALSE, FALSE, sizeof(struct begin));
    uint64_t min_outage = (uint64_t)judge->limits.min_outage * CLOCK_NSECS;

    for (const struct tunnel *tunnel = tunnel_first(tunnels); tunnel; tunnel = tunnel->next) {
        struct service_end end = service_at_end(tunnel, min_outage, &judge->now);
        for (const struct outage *outage = tunnel->service.first; outage; outage = outage->next)
            add_begin(begins, tunnel, outage);
        if (end.is_out)
            add_begin(begins, tunnel, &end.outage);
    }
    g_array_sort(begins, compare_begins);
    return begins;
}

static const struct begin *
begin_at(const struct search *search, unsigned i)
{
    return &g_array_index(search->begins, struct begin, i);
}

/* The tunnels that have this gateway and went down between two places in the list, each once. */
static struct shared_trouble
trouble_of(const struct search *search, unsigned from, unsigned to, const struct ip_address *gateway)
{
    struct shared_trouble trouble = { .gateway = gateway, .first = begin_at(search, from)->time };
    wmem_array_t *ids = wmem_array_new(search->pool, sizeof(uint32_t));
    GHashTable *known = g_hash_table_new(NULL, NULL);

    for (unsigned i = from; i < to; i++) {
        const struct begin *begin = begin_at(search, i);
        const struct endpoint *peer = begin->tunnel->peer;
        if (!ip_address_equal(&peer[0].address, gateway) && !ip_address_equal(&peer[1].address, gateway))
            continue;
        if (!g_hash_table_add(known, (gpointer)begin->tunnel))
            continue;
        trouble.tunnels++;
        wmem_array_append_one(ids, begin->tunnel->id);
        trouble.last = begin->time;
        if (trouble.frames < SHARED_FRAMES_AT_MOST)
            trouble.frame[trouble.frames++] = begin->frame;
    }
    g_hash_table_destroy(known);
    trouble.id = wmem_array_get_raw(ids);
    return trouble;
}

/* The probability that a Poisson process with this mean gives so many events or more. */
static double
poisson_tail(double mean, uint32_t events)
{
    double term = exp(-mean), below = 0;

    for (uint32_t i = 0; i < events; i++) {
        below += term;
        term *= mean / (i + 1);
    }
    return below < 1 ? 1 - below : 0;
}

static bool
is_more_than_chance(const struct search *search, const struct shared_trouble *trouble)
{
    nstime_t span = clock_elapsed(&trouble->first, &trouble->last);
    double others = search->begins->len - trouble->tunnels;
    double mean = others / search->seconds * (nstime_to_sec(&span) + search->together);

    return trouble->tunnels >= TUNNELS_AT_LEAST && poisson_tail(mean, trouble->tunnels - 1) * search->begins->len < CHANCE_AT_MOST;
}

/* What begins together, from one place on: a trouble of the gateway that most of it shares. */
static void
look_at(struct search *search, unsigned from, unsigned to)
{
    struct shared_trouble best = { 0 };

    for (int peer = 0; peer < 2 && to - from >= TUNNELS_AT_LEAST; peer++) {
        /* Of the middle one: whoever most of them share is among its gateways */
        struct shared_trouble trouble = trouble_of(search, from, to, &begin_at(search, from + (to - from) / 2)->tunnel->peer[peer].address);
        if (trouble.tunnels > best.tunnels)
            best = trouble;
    }
    if (best.tunnels > 0 && is_more_than_chance(search, &best))
        wmem_array_append_one(search->found, best);
}

const struct shared_trouble *
shared_troubles(wmem_allocator_t *pool, const struct tunnel_table *tunnels, const struct judge *judge, const nstime_t *first,
        const nstime_t *last, uint32_t *count)
{
    nstime_t span = clock_elapsed(first, last);
    struct search search = { .begins = gather(tunnels, judge), .pool = pool, .found = wmem_array_new(pool, sizeof(struct shared_trouble)),
            .seconds = MAX(nstime_to_sec(&span), 1.0), .together = judge->limits.min_outage };
    unsigned from = 0;

    for (unsigned i = 1; i <= search.begins->len; i++) {
        if (i < search.begins->len && !clock_passed(&begin_at(&search, i - 1)->time, &begin_at(&search, i)->time, search.together)
                && !clock_passed(&begin_at(&search, from)->time, &begin_at(&search, i)->time, judge->limits.handover_grace))
            continue;
        look_at(&search, from, i);
        from = i;
    }
    g_array_free(search.begins, TRUE);
    *count = wmem_array_get_count(search.found);
    return wmem_array_get_raw(search.found);
}

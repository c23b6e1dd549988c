/* overview.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "overview.h"

#include <stdlib.h>

#include <glib.h>
#include <wsutil/wmem/wmem_map.h>

#include "../clock.h"

/* Two tunnels share a gateway as soon as it has a second one: that makes no hub. */
#define HUB_TUNNELS_AT_LEAST 3

bool
overview_is_troubled(uint8_t state)
{
    return state < STATE_IDLE;
}

/* What was not seen well enough comes before what is well. */
static unsigned
rank_of(uint8_t state)
{
    return overview_is_troubled(state) ? state : state == STATE_UNKNOWN ? STATE_IDLE : state + 1U;
}

/* As numbers; IPv4 before IPv6. */
static int
compare_addresses(const struct ip_address *a, const struct ip_address *b)
{
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->length);
}

/* Which of the peers a row is found by: the one that the hub is not. */
static const struct ip_address *
sought(const struct overview *overview, const struct tunnel *tunnel)
{
    int spoke = overview_spoke(overview, tunnel);

    return &tunnel->peer[spoke < 0 ? 0 : spoke].address;
}

static int
compare_rows(const void *a, const void *b)
{
    const struct overview_row *left = a, *right = b;
    unsigned left_rank = rank_of(left->verdict.state), right_rank = rank_of(right->verdict.state);

    if (left_rank != right_rank)
        return left_rank < right_rank ? -1 : 1;
    if (left->verdict.outages != right->verdict.outages)
        return left->verdict.outages > right->verdict.outages ? -1 : 1;
    int by_time = clock_compare(&right->verdict.down, &left->verdict.down);
    if (by_time != 0)
        return by_time;
    int by_address = left->sought ? compare_addresses(left->sought, right->sought) : 0;
    if (by_address != 0)
        return by_address;
    return left->tunnel->id < right->tunnel->id ? -1 : 1;
}

static guint
hash_address(gconstpointer key)
{
    const struct ip_address *address = key;

    return wmem_strong_hash(address->bytes, address->length);
}

static gboolean
equal_addresses(gconstpointer a, gconstpointer b)
{
    return ip_address_equal(a, b);
}

static const struct ip_address *
find_hub(const struct overview *overview)
{
    GHashTable *counts = g_hash_table_new(hash_address, equal_addresses);
    const struct ip_address *hub = NULL;

    for (uint32_t i = 0; i < overview->tunnels; i++) {
        for (int peer = 0; peer < 2; peer++) {
            const struct ip_address *address = &overview->row[i].tunnel->peer[peer].address;
            uint32_t count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, address)) + 1;
            g_hash_table_replace(counts, (gpointer)address, GUINT_TO_POINTER(count));
            if (count >= HUB_TUNNELS_AT_LEAST && count > overview->tunnels / 2)
                hub = address;
        }
    }
    g_hash_table_destroy(counts);
    return hub;
}

struct overview
overview_of(wmem_allocator_t *pool, const struct tunnel_table *tunnels, const struct judge *judge)
{
    struct overview overview = { .row = wmem_alloc_array(pool, struct overview_row, tunnel_count(tunnels) + 1), .scan = scan_of(tunnels) };

    for (const struct tunnel *tunnel = tunnel_first(tunnels); tunnel; tunnel = tunnel->next) {
        if (scan_holds(&overview.scan, tunnel))
            continue;
        struct verdict verdict = verdict_of(tunnel, judge);
        overview.row[overview.tunnels++] = (struct overview_row){ .tunnel = tunnel, .name = gateways_name(&judge->limits.gateways, tunnel),
                .verdict = verdict };
        overview.count[verdict.state]++;
        overview.troubled += overview_is_troubled(verdict.state);
    }
    overview.hub = find_hub(&overview);
    for (uint32_t i = 0; overview.hub && i < overview.tunnels; i++)
        overview.row[i].sought = sought(&overview, overview.row[i].tunnel);
    qsort(overview.row, overview.tunnels, sizeof *overview.row, compare_rows);
    overview.of = wmem_alloc0_array(pool, const struct overview_row *, tunnel_opened(tunnels) + 1);
    for (uint32_t i = 0; i < overview.tunnels; i++)
        overview.of[overview.row[i].tunnel->id] = &overview.row[i];
    return overview;
}

int
overview_spoke(const struct overview *overview, const struct tunnel *tunnel)
{
    bool is_hub[2];

    for (int peer = 0; peer < 2; peer++)
        is_hub[peer] = overview->hub && ip_address_equal(overview->hub, &tunnel->peer[peer].address);
    if (is_hub[0] == is_hub[1])
        return -1;
    return is_hub[0] ? 1 : 0;
}

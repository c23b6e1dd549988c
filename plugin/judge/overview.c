/* overview.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "overview.h"

#include <stdlib.h>

#include <glib.h>
#include <wsutil/wmem/wmem_map.h>

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

static int
compare_rows(const void *a, const void *b)
{
    const struct overview_row *left = a, *right = b;
    unsigned left_rank = rank_of(left->verdict.state), right_rank = rank_of(right->verdict.state);

    if (left_rank != right_rank)
        return left_rank < right_rank ? -1 : 1;
    if (left->verdict.outages != right->verdict.outages)
        return left->verdict.outages > right->verdict.outages ? -1 : 1;
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
    struct overview overview = { .row = wmem_alloc_array(pool, struct overview_row, tunnel_count(tunnels) + 1) };

    for (const struct tunnel *tunnel = tunnel_first(tunnels); tunnel; tunnel = tunnel->next) {
        struct verdict verdict = verdict_of(tunnel, judge);
        overview.row[overview.tunnels++] = (struct overview_row){ tunnel, gateways_name(&judge->limits.gateways, tunnel), verdict };
        overview.count[verdict.state]++;
        overview.troubled += overview_is_troubled(verdict.state);
    }
    qsort(overview.row, overview.tunnels, sizeof *overview.row, compare_rows);
    overview.of = wmem_alloc0_array(pool, const struct overview_row *, tunnel_opened(tunnels) + 1);
    for (uint32_t i = 0; i < overview.tunnels; i++)
        overview.of[overview.row[i].tunnel->id] = &overview.row[i];
    overview.hub = find_hub(&overview);
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

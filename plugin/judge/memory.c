/* memory.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory.h"

#include "../track/selectors.h"

struct sa_memory {
    const struct sa *flapping;
    struct sa_shares *shares;       /* or NULL */
    bool churned;
};

struct memory {
    wmem_allocator_t *pool;
    wmem_map_t *tunnels;            /* of struct tunnel_memory */
    wmem_map_t *sas;                /* of struct sa_memory: of those that churned, and of lineages that flap */
};

struct memory *
memory_create(wmem_allocator_t *pool)
{
    struct memory *memory = wmem_new0(pool, struct memory);

    memory->pool = pool;
    memory->tunnels = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    memory->sas = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    return memory;
}

/* ---- tunnels */

struct tunnel_memory *
memory_of(struct memory *memory, const struct tunnel *tunnel)
{
    struct tunnel_memory *found = wmem_map_lookup(memory->tunnels, tunnel);

    if (!found) {
        found = wmem_new0(memory->pool, struct tunnel_memory);
        wmem_map_insert(memory->tunnels, tunnel, found);
    }
    return found;
}

const struct tunnel_memory *
memory_read(const struct memory *memory, const struct tunnel *tunnel)
{
    static const struct tunnel_memory nothing;
    const struct tunnel_memory *found = wmem_map_lookup(memory->tunnels, tunnel);

    return found ? found : &nothing;
}

void
memory_take_offer(struct memory *memory, const struct exchange *exchange)
{
    if (!exchange->request)
        return;
    unsigned phase = exchange_is_initial(exchange->type) ? 0 : 1;
    struct offers *offers = &memory_of(memory, exchange->flow->tunnel)->offers[phase][flow_peer(exchange->flow)];

    for (unsigned i = 0; i < offers->count && i < OFFERS_AT_MOST; i++) {
        const struct offer *earlier = offers->exchange[i]->request;
        if (selectors_equal(&earlier->tsi, &exchange->request->tsi) && selectors_equal(&earlier->tsr, &exchange->request->tsr)) {
            offers->exchange[i] = exchange;
            return;
        }
    }
    offers->exchange[offers->count++ % OFFERS_AT_MOST] = exchange;
}

/* ---- SAs */

static struct sa_memory *
of_sa(struct memory *memory, const struct sa *sa)
{
    struct sa_memory *found = wmem_map_lookup(memory->sas, sa);

    if (!found) {
        found = wmem_new0(memory->pool, struct sa_memory);
        wmem_map_insert(memory->sas, sa, found);
    }
    return found;
}

void
memory_set_churned(struct memory *memory, const struct sa *sa, bool churned)
{
    if (churned || memory_has_churned(memory, sa))
        of_sa(memory, sa)->churned = churned;
}

bool
memory_has_churned(const struct memory *memory, const struct sa *sa)
{
    const struct sa_memory *found = wmem_map_lookup(memory->sas, sa);

    return found && found->churned;
}

struct sa_shares *
memory_shares(struct memory *memory, const struct sa *sa)
{
    struct sa_memory *found = of_sa(memory, sa);

    if (!found->shares)
        found->shares = wmem_new0(memory->pool, struct sa_shares);
    return found->shares;
}

void
memory_set_flapping(struct memory *memory, const struct sa *sa, const struct sa *flapping)
{
    if (flapping || memory_flapping(memory, sa))
        of_sa(memory, sa)->flapping = flapping;
}

const struct sa *
memory_flapping(const struct memory *memory, const struct sa *sa)
{
    const struct sa_memory *found = wmem_map_lookup(memory->sas, sa);

    return found ? found->flapping : NULL;
}

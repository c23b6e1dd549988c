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
    wmem_map_t *gateways;           /* of struct setups, by address */
    wmem_map_t *between;            /* of struct between_memory, by flow */
};

static guint
address_hash(const void *key)
{
    const struct ip_address *address = key;

    return wmem_strong_hash(address->bytes, sizeof address->bytes);
}

static gboolean
address_equal(const void *a, const void *b)
{
    return ip_address_equal(a, b);
}

struct memory *
memory_create(wmem_allocator_t *pool)
{
    struct memory *memory = wmem_new0(pool, struct memory);

    memory->pool = pool;
    memory->tunnels = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    memory->sas = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    memory->gateways = wmem_map_new(pool, address_hash, address_equal);
    memory->between = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    return memory;
}

/* ---- tunnels */

static const struct past no_past;

struct tunnel_memory *
memory_of(struct memory *memory, const struct tunnel *tunnel)
{
    struct tunnel_memory *found = wmem_map_lookup(memory->tunnels, tunnel);

    if (!found) {
        found = wmem_new0(memory->pool, struct tunnel_memory);
        found->past = &no_past;
        wmem_map_insert(memory->tunnels, tunnel, found);
    }
    return found;
}

const struct tunnel_memory *
memory_read(const struct memory *memory, const struct tunnel *tunnel)
{
    static const struct tunnel_memory nothing = { .past = &no_past };
    const struct tunnel_memory *found = wmem_map_lookup(memory->tunnels, tunnel);

    return found ? found : &nothing;
}

struct setups *
memory_setups(struct memory *memory, const struct ip_address *gateway)
{
    struct setups *found = wmem_map_lookup(memory->gateways, gateway);

    if (!found) {
        found = wmem_new0(memory->pool, struct setups);
        wmem_map_insert(memory->gateways, wmem_memdup(memory->pool, gateway, sizeof *gateway), found);
    }
    return found;
}

/* What a map has of its key, of that size; all zero where it had nothing. */
static void *
found_or_new(const struct memory *memory, wmem_map_t *map, const void *key, size_t size)
{
    void *found = wmem_map_lookup(map, key);

    if (!found) {
        found = wmem_alloc0(memory->pool, size);
        wmem_map_insert(map, key, found);
    }
    return found;
}

struct between_memory *
memory_between(struct memory *memory, const struct flow *flow)
{
    return found_or_new(memory, memory->between, flow, sizeof(struct between_memory));
}

/* The tunnel's past, for adding to it. */
static struct past *
past_of(struct memory *memory, const struct tunnel *tunnel)
{
    struct tunnel_memory *of_tunnel = memory_of(memory, tunnel);

    if (of_tunnel->past == &no_past)
        of_tunnel->past = wmem_new0(memory->pool, struct past);
    return (struct past *)of_tunnel->past;
}

void
memory_take_end(struct memory *memory, const struct tunnel *tunnel, const struct past_end *end)
{
    struct past *past = past_of(memory, tunnel);

    for (unsigned i = 0; i < past->ends && i < PAST_AT_MOST; i++)
        if (past->end[i].frame == end->frame)
            return;
    past->end[past->ends++ % PAST_AT_MOST] = *end;
}

void
memory_note_renewed(struct memory *memory, const struct tunnel *tunnel, uint32_t frame)
{
    struct past *past = past_of(memory, tunnel);

    for (unsigned i = 0; i < past->ends && i < PAST_AT_MOST; i++)
        if (past->end[i].frame == frame)
            past->end[i].is_renewed = true;
}

void
memory_take_rekey(struct memory *memory, const struct tunnel *tunnel, const struct past_rekey *rekey, bool short_lived)
{
    struct past *past = past_of(memory, tunnel);

    past->short_lived += short_lived;
    for (unsigned i = 0; i < past->rekeys && i < PAST_AT_MOST; i++)
        if (past->rekey[i].frame == rekey->frame)
            return;
    past->rekey[past->rekeys++ % PAST_AT_MOST] = *rekey;
}

/* Room for one more: there is for 1, 2, 4 and so on. */
static void
grow(struct memory *memory, struct offers *offers)
{
    unsigned count = offers->count;

    if (count < OFFERS_AT_MOST && (count & (count - 1)) == 0)
        offers->exchange = wmem_realloc(memory->pool, offers->exchange, (count == 0 ? 1 : 2 * count) * sizeof(const struct exchange *));
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
        if (selectors_equal(earlier->tsi, exchange->request->tsi) && selectors_equal(earlier->tsr, exchange->request->tsr)) {
            offers->exchange[i] = exchange;
            return;
        }
    }
    grow(memory, offers);
    offers->exchange[offers->count++ % OFFERS_AT_MOST] = exchange;
}

uint64_t
offers_shortest(const struct offers *offers)
{
    uint64_t least = 0;

    for (unsigned i = 0; i < offers->count && i < OFFERS_AT_MOST; i++) {
        const struct lifetimes *lifetimes = offers->exchange[i]->request->lifetimes;
        for (unsigned j = 0; j < lifetimes->count; j++)
            if (lifetimes->item[j].seconds > 0 && (least == 0 || lifetimes->item[j].seconds < least))
                least = lifetimes->item[j].seconds;
    }
    return least;
}

/* ---- SAs */

static struct sa_memory *
of_sa(struct memory *memory, const struct sa *sa)
{
    return found_or_new(memory, memory->sas, sa, sizeof(struct sa_memory));
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

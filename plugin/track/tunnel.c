/* tunnel.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tunnel.h"

#include "pack.h"

/* Both ends, the lower one first, without the ports that a standard gives. */
struct path_key {
    struct endpoint low;
    struct endpoint high;
};

struct path {
    struct path_key key;
    struct tunnel *tunnel;
    bool low_is_first_peer;
};

/* All paths between two addresses, under a key without ports. */
struct pair {
    struct path_key key;
    struct tunnel *only;            /* NULL: several tunnels */
    struct tunnel *latest;          /* that was opened; the others follow by pair_older */
};

struct tunnel_table {
    struct pack *pack;              /* of the pool */
    wmem_map_t *paths;
    wmem_map_t *pairs;
    struct tunnel *first;
    struct tunnel *last;
    uint32_t opened;
    uint32_t joined;                /* of these */
    uint32_t aliases_at_most;
};

static int
endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
    if (a->address.length != b->address.length)
        return a->address.length < b->address.length ? -1 : 1;
    int order = memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

/* @return whether the source is the lower end */
static bool
path_key_of(const struct endpoint *source, const struct endpoint *destination, struct path_key *key)
{
    struct endpoint from = *source, to = *destination;

    if (!port_is_translated(from.port))
        from.port = 0;
    if (!port_is_translated(to.port))
        to.port = 0;
    bool source_is_low = endpoint_compare(&from, &to) <= 0;
    key->low = source_is_low ? from : to;
    key->high = source_is_low ? to : from;
    return source_is_low;
}

static guint
path_hash(const void *data)
{
    const struct path_key *key = data;
    uint8_t bytes[2 * (sizeof key->low.address.bytes + sizeof key->low.port)];
    uint8_t *at = bytes;

    memcpy(at, key->low.address.bytes, sizeof key->low.address.bytes);
    at += sizeof key->low.address.bytes;
    memcpy(at, &key->low.port, sizeof key->low.port);
    at += sizeof key->low.port;
    memcpy(at, key->high.address.bytes, sizeof key->high.address.bytes);
    at += sizeof key->high.address.bytes;
    memcpy(at, &key->high.port, sizeof key->high.port);
    return wmem_strong_hash(bytes, sizeof bytes);
}

static gboolean
path_equal(const void *a, const void *b)
{
    const struct path_key *one = a, *other = b;

    return endpoint_equal(&one->low, &other->low) && endpoint_equal(&one->high, &other->high);
}

struct tunnel_table *
tunnel_table_create(wmem_allocator_t *pool, uint32_t aliases_at_most)
{
    struct tunnel_table *table = wmem_new0(pool, struct tunnel_table);

    table->pack = pack_create(pool);
    table->aliases_at_most = aliases_at_most;
    table->paths = wmem_map_new(pool, path_hash, path_equal);
    table->pairs = wmem_map_new(pool, path_hash, path_equal);
    return table;
}

struct flow *
tunnel_find(const struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination)
{
    struct path_key key;
    bool source_is_low = path_key_of(source, destination, &key);
    struct path *path = wmem_map_lookup(table->paths, &key);

    if (!path)
        return NULL;
    while (path->tunnel->into)
        path->tunnel = path->tunnel->into;
    return &path->tunnel->flow[source_is_low == path->low_is_first_peer ? 0 : 1];
}

static void
pair_key_of(const struct ip_address *source, const struct ip_address *destination, struct path_key *key)
{
    struct endpoint from = { .address = *source }, to = { .address = *destination };

    path_key_of(&from, &to, key);
}

static struct pair *
note_pair(struct tunnel_table *table, const struct endpoint *source, const struct endpoint *destination, struct tunnel *tunnel)
{
    struct path_key key;
    pair_key_of(&source->address, &destination->address, &key);
    struct pair *pair = wmem_map_lookup(table->pairs, &key);

    if (!pair) {
        pair = pack_take(table->pack, sizeof *pair);
        *pair = (struct pair){ key, tunnel, NULL };
        wmem_map_insert(table->pairs, &pair->key, pair);
    } else if (pair->only != tunnel) {
        pair->only = NULL;
    }
    return pair;
}

struct flow *
tunnel_between(const struct tunnel_table *table, const struct ip_address *source, const struct ip_address *destination)
{
    struct path_key key;
    pair_key_of(source, destination, &key);
    const struct pair *pair = wmem_map_lookup(table->pairs, &key);

    for (unsigned i = 0; pair && pair->only && i < 2; i++) {
        struct flow *flow = &pair->only->flow[i];
        if (ip_address_equal(&flow->source.address, source) && ip_address_equal(&flow->destination.address, destination))
            return flow;
    }
    return NULL;
}

/* Lets a path lead to a flow, whatever it led to before. */
static struct pair *
lead(struct tunnel_table *table, const struct endpoint *source, const struct endpoint *destination, struct flow *flow)
{
    struct path_key key;
    bool source_is_low = path_key_of(source, destination, &key);
    bool source_is_first_peer = flow == &flow->tunnel->flow[0];
    struct path *path = wmem_map_lookup(table->paths, &key);

    if (!path) {
        path = pack_take(table->pack, sizeof *path);
        path->key = key;
        wmem_map_insert(table->paths, &path->key, path);
    }
    path->tunnel = flow->tunnel;
    path->low_is_first_peer = source_is_low == source_is_first_peer;
    if (port_is_translated(source->port) || port_is_translated(destination->port))
        flow->tunnel->nat = true;
    return note_pair(table, source, destination, flow->tunnel);
}

bool
tunnel_alias(struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination, struct flow *flow)
{
    uint32_t aliases = wmem_map_size(table->paths) - table->opened;  /* each tunnel has a first path */

    if (aliases >= table->aliases_at_most && !tunnel_find(table, source, destination))
        return false;
    lead(table, source, destination, flow);
    return true;
}

struct flow *
tunnel_open(struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination)
{
    struct tunnel *tunnel = pack_take(table->pack, sizeof *tunnel);

    tunnel->id = table->opened++;
    tunnel->peer[0] = *source;
    tunnel->peer[1] = *destination;
    for (int i = 0; i < 2; i++) {
        tunnel->flow[i].tunnel = tunnel;
        tunnel->flow[i].source = tunnel->peer[i];
        tunnel->flow[i].destination = tunnel->peer[1 - i];
    }
    tunnel->previous = table->last;
    if (table->last)
        table->last->next = tunnel;
    else
        table->first = tunnel;
    table->last = tunnel;
    struct pair *pair = lead(table, source, destination, &tunnel->flow[0]);
    tunnel->pair_older = pair->latest;
    pair->latest = tunnel;
    return &tunnel->flow[0];
}

/* Out of the list of the tunnels between its two addresses, in which it is among the latest. */
static void
leave_pair(struct tunnel_table *table, struct tunnel *tunnel)
{
    struct path_key key;
    pair_key_of(&tunnel->peer[0].address, &tunnel->peer[1].address, &key);
    struct pair *pair = wmem_map_lookup(table->pairs, &key);

    for (struct tunnel **link = &pair->latest; *link; link = &(*link)->pair_older) {
        if (*link != tunnel)
            continue;
        *link = tunnel->pair_older;
        return;
    }
}

void
tunnel_join(struct tunnel_table *table, struct tunnel *from, struct tunnel *into)
{
    *(from->previous ? &from->previous->next : &table->first) = from->next;
    *(from->next ? &from->next->previous : &table->last) = from->previous;
    leave_pair(table, from);
    from->into = into;
    table->joined++;
}

const struct tunnel *
tunnel_whole(const struct tunnel *tunnel)
{
    while (tunnel && tunnel->into)
        tunnel = tunnel->into;
    return tunnel;
}

unsigned
flow_peer(const struct flow *flow)
{
    return flow == &flow->tunnel->flow[0] ? 0 : 1;
}

struct flow *
flow_reverse(const struct flow *flow)
{
    return &flow->tunnel->flow[1 - flow_peer(flow)];
}

struct tunnel *
tunnel_first(const struct tunnel_table *table)
{
    return table->first;
}

uint32_t
tunnel_count(const struct tunnel_table *table)
{
    return table->opened - table->joined;
}

uint32_t
tunnel_opened(const struct tunnel_table *table)
{
    return table->opened;
}

bool
flow_asks_for_nothing(const struct flow *flow)
{
    const struct flow_lengths *answered = &flow->answered, *waiting = &flow->waiting;

    return answered->most > 0 && waiting->most > 0 && (waiting->least > answered->most || waiting->most < answered->least);
}

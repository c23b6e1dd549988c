/* sa.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sa.h"

/* SAs that were looked up lately, by the low bits of their SPIs: a power of two. */
#define RECENT_SAS 1024

struct sa_table {
    wmem_allocator_t *pool;
    wmem_map_t *by_key;
    struct sa *recent[RECENT_SAS];  /* each the newest with its key; spares a capture of few SAs the hash */
    wmem_map_t *by_spi;             /* of those in UDP, which a NAT may move */
    wmem_map_t *group_spis;         /* of those to multicast groups */
    wmem_array_t *by_id;
    struct sa *first;
    struct sa *last;
};

static guint
sa_key_hash(const void *data)
{
    const struct sa_key *key = data;
    uint8_t bytes[sizeof key->destination.bytes + sizeof key->spi + sizeof key->port + 1];

    memcpy(bytes, &key->spi, sizeof key->spi);
    memcpy(bytes + sizeof key->spi, &key->port, sizeof key->port);
    bytes[sizeof key->spi + sizeof key->port] = key->protocol;
    unsigned fixed = sizeof key->spi + sizeof key->port + 1;
    memcpy(bytes + fixed, key->destination.bytes, key->destination.length);
    return wmem_strong_hash(bytes, fixed + key->destination.length);
}

static gboolean
sa_key_equal(const void *a, const void *b)
{
    const struct sa_key *one = a, *other = b;

    return one->spi == other->spi && one->protocol == other->protocol && one->port == other->port
            && ip_address_equal(&one->destination, &other->destination);
}

static guint
spi_hash(const void *data)
{
    return wmem_strong_hash(data, sizeof(uint32_t));
}

static gboolean
spi_equal(const void *a, const void *b)
{
    return *(const uint32_t *)a == *(const uint32_t *)b;
}

struct sa_table *
sa_table_create(wmem_allocator_t *pool)
{
    struct sa_table *table = wmem_new0(pool, struct sa_table);

    table->pool = pool;
    table->by_key = wmem_map_new(pool, sa_key_hash, sa_key_equal);
    table->by_spi = wmem_map_new(pool, spi_hash, spi_equal);
    table->group_spis = wmem_map_new(pool, spi_hash, spi_equal);
    table->by_id = wmem_array_new(pool, sizeof(struct sa *));
    return table;
}

struct sa_key
sa_key_of(uint8_t protocol, const struct endpoint *destination, uint32_t spi)
{
    struct sa_key key = { destination->address, protocol,
            port_is_translated(destination->port) ? destination->port : 0, spi };

    return key;
}

static struct sa **
recent_of(struct sa_table *table, const struct sa_key *key)
{
    return &table->recent[key->spi % RECENT_SAS];
}

struct sa *
sa_find(struct sa_table *table, const struct sa_key *key)
{
    struct sa **recent = recent_of(table, key);

    if (!*recent || !sa_key_equal(&(*recent)->key, key)) {
        struct sa *sa = wmem_map_lookup(table->by_key, key);
        if (!sa || !sa_key_equal(&sa->key, key))
            return sa;              /* none, or known under another address now */
        *recent = sa;
    }
    return *recent;
}

struct sa *
sa_find_at(struct sa_table *table, const struct sa_key *key, uint32_t frame)
{
    struct sa *sa = sa_find(table, key);

    while (sa && sa->first_frame > frame)
        sa = sa->older;
    return sa && frame <= sa->last_frame ? sa : NULL;
}

struct sa *
sa_find_by_spi(const struct sa_table *table, uint8_t protocol, uint32_t spi)
{
    struct sa *sa = wmem_map_lookup(table->by_spi, &spi);

    return sa && sa->key.protocol == protocol ? sa : NULL;
}

void
sa_alias(struct sa_table *table, const struct sa_key *key, struct sa *sa)
{
    struct sa_key *copy = wmem_new(table->pool, struct sa_key);

    *copy = *key;
    wmem_map_insert(table->by_key, copy, sa);
    *recent_of(table, key) = NULL;
}

bool
sa_spi_is_shared(const struct sa_table *table, uint32_t spi)
{
    return wmem_map_lookup(table->group_spis, &spi) != NULL;
}

static bool
is_multicast(const struct ip_address *address)
{
    return address->length == 4 ? (address->bytes[0] & 0xf0) == 0xe0 : address->length == 16 && address->bytes[0] == 0xff;
}

struct sa *
sa_open(struct sa_table *table, const struct sa_key *key, struct flow *flow,
        uint32_t frame, const nstime_t *time, bool in_udp)
{
    struct sa *sa = wmem_new0(table->pool, struct sa);

    sa->key = *key;
    sa->id = wmem_array_get_count(table->by_id);
    sa->flow = flow;
    flow->sas++;
    sa->birth_frame = sa->first_frame = sa->last_frame = frame;
    sa->birth_time = sa->first_time = sa->last_time = *time;
    sa->older = wmem_map_insert(table->by_key, &sa->key, sa);
    *recent_of(table, key) = sa;
    sa->many_senders = is_multicast(&key->destination);
    if (sa->many_senders)
        wmem_map_insert(table->group_spis, &sa->key.spi, sa);
    if (in_udp)
        wmem_map_insert(table->by_spi, &sa->key.spi, sa);
    wmem_array_append_one(table->by_id, sa);
    if (table->last)
        table->last->next = sa;
    else
        table->first = sa;
    table->last = sa;
    return sa;
}

struct sa *
sa_first(const struct sa_table *table)
{
    return table->first;
}

uint32_t
sa_count(const struct sa_table *table)
{
    return wmem_array_get_count(table->by_id);
}

struct sa *
sa_by_id(const struct sa_table *table, uint32_t id)
{
    if (id >= sa_count(table))
        return NULL;
    return *(struct sa **)wmem_array_index(table->by_id, id);
}

bool
sa_reread_bytes(struct sa *sa, uint32_t frame, uint64_t packets, uint32_t length, uint64_t *bytes)
{
    if (frame != sa->reread_frame) {
        if (packets == 1)
            sa->reread_bytes = length;
        else if (packets == sa->sequence.packets)
            sa->reread_bytes = sa->bytes;
        else if (frame > sa->reread_frame && packets == sa->reread_packets + 1)
            sa->reread_bytes += length;
        else if (frame < sa->reread_frame || packets != sa->reread_packets)
            return false;
        sa->reread_frame = frame;
        sa->reread_packets = packets;
    }
    *bytes = sa->reread_bytes;
    return true;
}

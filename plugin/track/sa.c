/* sa.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sa.h"

#include <glib.h>

#include "../clock.h"
#include "../compat.h"
#include "exchange.h"

/* SAs that were looked up lately, by the low bits of their SPIs: a power of two. */
#define RECENT_SAS 4096

/* SAs are allocated so many at once. */
#define SLAB 64

/* A full table makes room for one in so many of its SAs at once, since it has to look at all of them. */
#define ROOM_SHARE 16

/* Both tables are sets: an SA's key is its first member, and by_spi leads to the key as well. */
struct sa_table {
    wmem_allocator_t *pool;
    GHashTable *by_key;
    GHashTable *by_spi;             /* of those in UDP, which a NAT may move */
    wmem_map_t *aliases;            /* second keys; NULL until there is one */
    wmem_map_t *group_spis;         /* of those to multicast groups */
    struct sa *recent[RECENT_SAS];  /* each the newest with its key; spares a capture of few SAs the hash */
    struct sa *first;
    struct sa *last;
    struct sa *free;
    struct sa *slab;
    unsigned slab_used;
    uint32_t count;
    uint32_t alias_count;           /* that there ever were */
    uint32_t next_id;
    bool indexes_spis;              /* of all SAs */
    uint32_t look_again;            /* so many more SAs have to come before a full table looks for room again */
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

/* The key's SPI is what by_spi holds of an SA. */
static struct sa *
sa_of_spi(const uint32_t *spi)
{
    return spi ? (struct sa *)((const char *)spi - offsetof(struct sa, key.spi)) : NULL;
}

static compat_wmem_result
destroy_hashes(wmem_allocator_t *pool, wmem_cb_event_t event, void *data)
{
    struct sa_table *table = data;

    (void)pool;
    (void)event;
    g_hash_table_destroy(table->by_key);
    g_hash_table_destroy(table->by_spi);
    return FALSE;
}

struct sa_table *
sa_table_create(wmem_allocator_t *pool)
{
    struct sa_table *table = wmem_new0(pool, struct sa_table);

    table->pool = pool;
    table->by_key = g_hash_table_new(sa_key_hash, sa_key_equal);
    table->by_spi = g_hash_table_new(spi_hash, spi_equal);
    table->group_spis = wmem_map_new(pool, spi_hash, spi_equal);
    wmem_register_callback(pool, destroy_hashes, table);
    return table;
}

static inline uint16_t
port_of_key(const struct endpoint *destination)
{
    return port_is_translated(destination->port) ? destination->port : 0;
}

struct sa_key
sa_key_of(uint8_t protocol, const struct endpoint *destination, uint32_t spi)
{
    struct sa_key key = { destination->address, protocol, port_of_key(destination), spi };

    return key;
}

static struct sa **
recent_of(struct sa_table *table, const struct sa_key *key)
{
    return &table->recent[key->spi % RECENT_SAS];
}

static struct sa *
look_up(struct sa_table *table, const struct sa_key *key)
{
    struct sa *sa = g_hash_table_lookup(table->by_key, key);

    if (sa)
        *recent_of(table, key) = sa;
    else if (table->aliases)
        sa = wmem_map_lookup(table->aliases, key);
    return sa;
}

struct sa *
sa_find(struct sa_table *table, const struct sa_key *key)
{
    struct sa *recent = *recent_of(table, key);

    return recent && sa_key_equal(&recent->key, key) ? recent : look_up(table, key);
}

struct sa *
sa_of_packet(struct sa_table *table, const struct ipsec_packet *packet)
{
    struct sa *recent = table->recent[packet->spi % RECENT_SAS];

    if (recent && recent->key.spi == packet->spi && recent->key.protocol == packet->protocol
            && recent->key.port == port_of_key(&packet->destination)
            && ip_address_equal(&recent->key.destination, &packet->destination.address))
        return recent;
    struct sa_key key = sa_key_of(packet->protocol, &packet->destination, packet->spi);
    return look_up(table, &key);
}

struct sa *
sa_find_at(struct sa_table *table, const struct sa_key *key, uint32_t frame)
{
    struct sa *sa = sa_find(table, key);

    while (sa && sa->first_frame > frame && sa->extra && sa->extra->older) {
        struct sa *far = sa->extra->far_older;
        sa = far->first_frame > frame ? far : sa->extra->older;
    }
    return sa && sa->first_frame <= frame && (frame <= sa->last_frame || table->indexes_spis) ? sa : NULL;
}

struct sa *
sa_find_by_spi(const struct sa_table *table, uint8_t protocol, uint32_t spi)
{
    struct sa *sa = sa_of_spi(g_hash_table_lookup(table->by_spi, &spi));

    return sa && sa->key.protocol == protocol ? sa : NULL;
}

struct sa_extra *
sa_extra(struct sa_table *table, struct sa *sa)
{
    if (!sa->extra)
        sa->extra = wmem_new0(table->pool, struct sa_extra);
    return sa->extra;
}

bool
sa_alias(struct sa_table *table, const struct sa_key *key, struct sa *sa, uint32_t most)
{
    if (table->alias_count >= most)
        return false;
    struct sa_key *copy = wmem_new(table->pool, struct sa_key);

    table->alias_count++;
    *copy = *key;
    if (!table->aliases)
        table->aliases = wmem_map_new(table->pool, sa_key_hash, sa_key_equal);
    wmem_map_insert(table->aliases, copy, sa);
    g_hash_table_remove(table->by_key, key);
    *recent_of(table, key) = NULL;
    sa->is_kept = true;
    return true;
}

bool
sa_spi_is_shared(const struct sa_table *table, uint32_t spi)
{
    return wmem_map_lookup(table->group_spis, &spi) != NULL;
}

/* 224.0.0.0/4 (RFC 5771 section 3) and ff00::/8 (RFC 4291 section 2.7) */
static bool
is_multicast(const struct ip_address *address)
{
    enum { IPV4_MULTICAST = 0xe0, IPV4_MULTICAST_MASK = 0xf0, IPV6_MULTICAST = 0xff };

    if (address->length == IPV4_LENGTH)
        return (address->bytes[0] & IPV4_MULTICAST_MASK) == IPV4_MULTICAST;
    return address->length == IPV6_LENGTH && address->bytes[0] == IPV6_MULTICAST;
}

static struct sa *
allocate(struct sa_table *table)
{
    struct sa *sa = table->free;

    if (sa) {
        table->free = sa->next;
    } else {
        if (!table->slab || table->slab_used == SLAB) {
            table->slab = wmem_alloc_array(table->pool, struct sa, SLAB);
            table->slab_used = 0;
        }
        sa = &table->slab[table->slab_used++];
    }
    memset(sa, 0, sizeof *sa);
    return sa;
}

static uint32_t
older_count(const struct sa *sa)
{
    return sa->extra ? sa->extra->older_count : 0;
}

static struct sa *
far_older(struct sa *sa)
{
    return sa->extra && sa->extra->far_older ? sa->extra->far_older : sa;
}

/* Links an SA to the one that had its key before, and to one further back: two jumps of a length are followed by one over
 * both, so that a search of n SAs takes some log n steps (Myers 1983, "An applicative random-access stack"). */
static void
link_namesake(struct sa_extra *extra, struct sa *older)
{
    struct sa *far = far_older(older), *further = far_older(far);
    bool same_length = older_count(older) - older_count(far) == older_count(far) - older_count(further);

    extra->older = older;
    extra->older_count = older_count(older) + 1;
    extra->far_older = same_length && far != older ? further : older;
}

struct sa *
sa_open(struct sa_table *table, const struct sa_key *key, struct flow *flow,
        uint32_t frame, const nstime_t *time, bool in_udp)
{
    struct sa *sa = allocate(table);
    struct sa *older = sa_find(table, key);     /* its packets under this key are to be found again */

    sa->key = *key;
    sa->id = table->next_id++;
    sa->flow = flow;
    flow->sas++;
    sa->first_frame = sa->last_frame = frame;
    sa->first_time = sa->last_time = *time;
    if (older) {
        link_namesake(sa_extra(table, sa), older);
        older->is_kept = true;
    }
    g_hash_table_add(table->by_key, sa);
    if (table->aliases)
        wmem_map_remove(table->aliases, key);
    *recent_of(table, key) = sa;
    sa->many_senders = is_multicast(&key->destination);
    if (sa->many_senders)
        wmem_map_insert(table->group_spis, &sa->key.spi, sa);
    if (in_udp || table->indexes_spis)
        g_hash_table_add(table->by_spi, &sa->key.spi);
    if (table->last)
        table->last->next = sa;
    else
        table->first = sa;
    table->last = sa;
    table->count++;
    return sa;
}

void
sa_index_spis(struct sa_table *table)
{
    if (table->indexes_spis)
        return;
    table->indexes_spis = true;
    for (struct sa *sa = table->first; sa; sa = sa->next)
        g_hash_table_add(table->by_spi, &sa->key.spi);
}

/* An SA with a single packet, which nothing else has to do with: perhaps one probe of a scan. */
static bool
can_go(const struct sa *sa)
{
    return sa->waits_for_traffic && sa->sequence.packets < 2 && !sa->origin && !sa->child && !sa->extra && !sa->is_kept
            && !sa->many_senders && !sa->is_current && !sa->is_pending && sa->deleted_frame == 0;
}

static void
forget(struct sa_table *table, struct sa *sa)
{
    if (sa_of_spi(g_hash_table_lookup(table->by_spi, &sa->key.spi)) == sa)
        g_hash_table_remove(table->by_spi, &sa->key.spi);
    g_hash_table_remove(table->by_key, sa);
    if (*recent_of(table, &sa->key) == sa)
        *recent_of(table, &sa->key) = NULL;
    sa->next = table->free;
    table->free = sa;
    table->count--;
}

/* Forgets the oldest of those that can go, a share of the table at most.
 * @return what of the share could not be had */
static uint32_t
make_room(struct sa_table *table, uint32_t share)
{
    struct sa **link = &table->first, *sa;

    table->last = NULL;
    while ((sa = *link) != NULL) {
        if (share > 0 && can_go(sa)) {
            *link = sa->next;
            forget(table, sa);
            share--;
        } else {
            table->last = sa;
            link = &sa->next;
        }
    }
    return share;
}

bool
sa_has_room(struct sa_table *table, uint32_t most)
{
    if (table->count < most)
        return true;
    if (table->look_again > 0) {
        table->look_again--;
        return false;
    }
    table->look_again = make_room(table, (most / ROOM_SHARE) + 1);
    return table->count < most;
}

struct sa *
sa_first(const struct sa_table *table)
{
    return table->first;
}

uint32_t
sa_count(const struct sa_table *table)
{
    return table->count;
}

/* The answer that made an SA, where it was read, or no other comes into question; the SA may have been used before that was seen. */
static const struct exchange *
negotiation_before(const struct sa *sa)
{
    bool is_known = sa->negotiated || (sa->origin_sure && sa->sequence.first <= SA_NEWBORN_AT_MOST);
    const struct exchange *origin = is_known ? sa->origin : NULL;

    return origin && clock_compare(&origin->response_time, &sa->first_time) <= 0 ? origin : NULL;
}

const nstime_t *
sa_birth_time(const struct sa *sa)
{
    const struct exchange *origin = negotiation_before(sa);
    const nstime_t *birth = origin ? &origin->response_time : &sa->first_time;

    /* a clock that runs backwards may have deleted it before: it was there then */
    return sa->deleted_frame != 0 && clock_compare(&sa->deleted_time, birth) < 0 ? &sa->deleted_time : birth;
}

uint32_t
sa_birth_frame(const struct sa *sa)
{
    const struct exchange *origin = negotiation_before(sa);

    return origin ? origin->response_frame : sa->first_frame;
}

const nstime_t *
sa_replaced_time(const struct sa *sa)
{
    const nstime_t *time = sa->successor ? sa_birth_time(sa->successor) : &sa->last_time;

    return sa->deleted_frame != 0 && clock_compare(&sa->deleted_time, time) < 0 ? &sa->deleted_time : time;
}

void
sa_undelete(struct sa *sa)
{
    sa->deleted_frame = sa->ended_in = 0;
    sa->ended_by = 0;
    sa->delete_named_it = false;
}

bool
sa_is_over(const struct sa *sa)
{
    return sa->deleted_frame != 0 || sa->successor;
}

nstime_t
sa_lived(const struct sa *sa)
{
    return clock_elapsed(sa_birth_time(sa), sa->deleted_frame != 0 && !sa->successor ? &sa->deleted_time : sa_replaced_time(sa));
}

bool
sa_reread_bytes(struct sa_table *table, struct sa *sa, uint32_t frame, uint64_t packets, uint32_t length, uint64_t *bytes)
{
    struct sa_extra *extra = sa_extra(table, sa);

    if (frame != extra->reread_frame) {
        if (packets == 1)
            extra->reread_bytes = length;
        else if (packets == sa->sequence.packets)
            extra->reread_bytes = sa->bytes;
        else if (frame > extra->reread_frame && packets == extra->reread_packets + 1)
            extra->reread_bytes += length;
        else if (frame < extra->reread_frame || packets != extra->reread_packets)
            return false;
        extra->reread_frame = frame;
        extra->reread_packets = packets;
    }
    *bytes = extra->reread_bytes;
    return true;
}

/* test_sa.c
 * SAs by key, by frame, by number, and their bytes when frames are read again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

struct fixture {
    wmem_allocator_t *pool;
    struct sa_table *table;
    struct tunnel_table *tunnels;
};

static void
set_up(struct fixture *fixture, const void *unused)
{
    (void)unused;
    fixture->pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    fixture->table = sa_table_create(fixture->pool);
    fixture->tunnels = tunnel_table_create(fixture->pool, ALIASES_AT_MOST);
}

static void
tear_down(struct fixture *fixture, const void *unused)
{
    (void)unused;
    wmem_destroy_allocator(fixture->pool);
}

static struct sa *
older_of(const struct sa *sa)
{
    return sa->extra ? sa->extra->older : NULL;
}

static struct sa *
open_line(struct fixture *fixture, const struct line *line, uint32_t frame)
{
    struct sa_key key = sa_key_of(line->protocol, &line->destination, line->spi);
    struct flow *flow = tunnel_find(fixture->tunnels, &line->source, &line->destination);
    struct ipsec_packet packet = packet_of(line, 1, 0);

    if (!flow)
        flow = tunnel_open(fixture->tunnels, &line->source, &line->destination);
    packet.frame = frame;
    return sa_open(fixture->table, &key, flow, packet.frame, &packet.time, packet.source.port != 0);
}

static struct sa *
find_line(struct fixture *fixture, const struct line *line)
{
    struct sa_key key = sa_key_of(line->protocol, &line->destination, line->spi);

    return sa_find(fixture->table, &key);
}

static void
test_key_parts(struct fixture *fixture, const void *unused)
{
    struct line lines[] = {
        { v4(1, 0), v4(2, 0), IPSEC_ESP, 7 },
        { v4(1, 0), v4(3, 0), IPSEC_ESP, 7 },
        { v4(1, 0), v4(2, 0), IPSEC_AH, 7 },
        { v4(1, 4500), v4(2, 1024), IPSEC_ESP, 7 },
        { v4(1, 4500), v4(2, 1025), IPSEC_ESP, 7 },
        { v4(1, 0), v4(2, 0), IPSEC_ESP, 8 },
        { v4(1, 0), v4(2, 0), IPSEC_ESP, 0x07000000 },
        { v6(1, 0), v6(2, 0), IPSEC_ESP, 7 },
        { v6(1, 0), v6(3, 0), IPSEC_ESP, 7 },
    };
    struct sa *opened[G_N_ELEMENTS(lines)];

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_assert_null(find_line(fixture, &lines[i]));
        opened[i] = open_line(fixture, &lines[i], (uint32_t)i + 1);
        g_assert_cmpuint(opened[i]->id, ==, i);
        g_assert_null(older_of(opened[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_true(find_line(fixture, &lines[i]) == opened[i]);
    g_assert_cmpuint(sa_count(fixture->table), ==, G_N_ELEMENTS(lines));
}

/* The sender's address is no part of the key, nor is a port that a standard gives. */
static void
test_what_is_no_key(struct fixture *fixture, const void *unused)
{
    struct line line = there(7);
    const struct sa *sa = open_line(fixture, &line, 1);

    (void)unused;
    line.source = v4(9, 1024);
    g_assert_true(find_line(fixture, &line) == sa);
    line.destination.port = 4500;
    g_assert_true(find_line(fixture, &line) == sa);
    line.destination.port = 500;
    g_assert_true(find_line(fixture, &line) == sa);
    line.destination.port = 4501;
    g_assert_null(find_line(fixture, &line));
}

static void
test_order(struct fixture *fixture, const void *unused)
{
    struct line one = there(1), other = back(2);

    (void)unused;
    g_assert_null(sa_first(fixture->table));
    const struct sa *first = open_line(fixture, &one, 5);
    const struct sa *second = open_line(fixture, &other, 6);
    g_assert_true(sa_first(fixture->table) == first);
    g_assert_true(first->next == second);
    g_assert_null(second->next);
    g_assert_cmpuint(first->id, ==, 0);
    g_assert_cmpuint(second->id, ==, 1);
    g_assert_cmpuint(first->first_frame, ==, 5);
    g_assert_cmpuint(first->last_frame, ==, 5);
}

static struct sa *
find_at(struct fixture *fixture, const struct line *line, uint32_t frame)
{
    struct sa_key key = sa_key_of(line->protocol, &line->destination, line->spi);

    return sa_find_at(fixture->table, &key, frame);
}

static void
test_find_at_reused_key(struct fixture *fixture, const void *unused)
{
    struct line line = there(7);
    struct sa *sa[3];

    (void)unused;
    for (uint32_t i = 0; i < 3; i++) {      /* frames 10 to 19, 30 to 39, 50 to 59 */
        sa[i] = open_line(fixture, &line, 10 + 20 * i);
        sa[i]->last_frame = 19 + 20 * i;
    }
    g_assert_true(find_line(fixture, &line) == sa[2]);
    for (uint32_t i = 0; i < 3; i++) {
        g_assert_null(find_at(fixture, &line, 9 + 20 * i));
        g_assert_true(find_at(fixture, &line, 10 + 20 * i) == sa[i]);
        g_assert_true(find_at(fixture, &line, 15 + 20 * i) == sa[i]);
        g_assert_true(find_at(fixture, &line, 19 + 20 * i) == sa[i]);
        g_assert_null(find_at(fixture, &line, 20 + 20 * i));
    }
    g_assert_true(older_of(sa[2]) == sa[1] && older_of(sa[1]) == sa[0] && !older_of(sa[0]));
}

static void
test_find_at_one_frame(struct fixture *fixture, const void *unused)
{
    struct line line = there(7);
    const struct sa *sa = open_line(fixture, &line, 10);

    (void)unused;
    g_assert_true(find_at(fixture, &line, 10) == sa);
    g_assert_null(find_at(fixture, &line, 9));
    g_assert_null(find_at(fixture, &line, 11));
    line.spi = 8;
    g_assert_null(find_at(fixture, &line, 10));
}

static void
test_find_by_spi(struct fixture *fixture, const void *unused)
{
    struct line plain = there(7), one = there(8), other = there(8);

    (void)unused;
    open_line(fixture, &plain, 1);
    g_assert_null(sa_find_by_spi(fixture->table, IPSEC_ESP, 7));
    one.source.port = 1024;
    one.destination.port = 4500;
    const struct sa *sa = open_line(fixture, &one, 2);
    g_assert_true(sa_find_by_spi(fixture->table, IPSEC_ESP, 8) == sa);
    g_assert_null(sa_find_by_spi(fixture->table, IPSEC_AH, 8));
    other.source.port = 4500;
    other.destination = v4(3, 1025);
    sa = open_line(fixture, &other, 3);
    g_assert_true(sa_find_by_spi(fixture->table, IPSEC_ESP, 8) == sa);
}

static void
test_alias(struct fixture *fixture, const void *unused)
{
    struct line line = there(7), moved = there(7);
    struct sa *sa = open_line(fixture, &line, 10);

    (void)unused;
    moved.destination = v4(5, 1024);
    struct sa_key key = sa_key_of(moved.protocol, &moved.destination, moved.spi);
    g_assert_true(sa_alias(fixture->table, &key, sa, ALIASES_AT_MOST));
    g_assert_true(find_line(fixture, &moved) == sa);
    g_assert_true(find_line(fixture, &line) == sa);
    g_assert_true(find_at(fixture, &moved, 10) == sa);
    g_assert_cmpuint(sa_count(fixture->table), ==, 1);
}

/* Where there are too many second keys, the SA stays under those that it has. */
static void
test_alias_limit(struct fixture *fixture, const void *unused)
{
    struct line line = there(7), moved = there(7);
    struct sa *sa = open_line(fixture, &line, 10);

    (void)unused;
    for (uint16_t port = 2000; port < 2010; port++) {
        moved.destination = v4(5, port);
        struct sa_key key = sa_key_of(moved.protocol, &moved.destination, moved.spi);
        g_assert_true(sa_alias(fixture->table, &key, sa, 4) == (port < 2004));
        g_assert_true(find_line(fixture, &moved) == (port < 2004 ? sa : NULL));
    }
    g_assert_true(find_line(fixture, &line) == sa);
}

/* --- bytes, read again --- */

#define REREAD 20

/* Twenty packets on frames 10, 20, ... of lengths 1, 2, ... */
static struct sa *
reread_sa(struct fixture *fixture)
{
    struct line line = there(7);
    struct sa *sa = open_line(fixture, &line, 10);

    sa->sequence.packets = REREAD;
    sa->bytes = REREAD * (REREAD + 1) / 2;
    sa->last_frame = REREAD * 10;
    return sa;
}

static uint64_t
reread(struct fixture *fixture, struct sa *sa, uint32_t packet)
{
    uint64_t bytes = 0;

    return sa_reread_bytes(fixture->table, sa, packet * 10, packet, packet, &bytes) ? bytes : 0;
}

static void
test_reread_in_order(struct fixture *fixture, const void *unused)
{
    struct sa *sa = reread_sa(fixture);

    (void)unused;
    for (int pass = 0; pass < 3; pass++)
        for (uint32_t i = 1; i <= REREAD; i++) {
            g_assert_cmpuint(reread(fixture, sa, i), ==, i * (i + 1) / 2);
            g_assert_cmpuint(reread(fixture, sa, i), ==, i * (i + 1) / 2);
        }
}

/* By clicking about: what is not known is not told, and what is told is right. */
static void
test_reread_at_random(struct fixture *fixture, const void *unused)
{
    struct sa *sa = reread_sa(fixture);

    (void)unused;
    g_assert_cmpuint(reread(fixture, sa, 7), ==, 0);
    g_assert_cmpuint(reread(fixture, sa, REREAD), ==, REREAD * (REREAD + 1) / 2);
    g_assert_cmpuint(reread(fixture, sa, 1), ==, 1);
    g_assert_cmpuint(reread(fixture, sa, 2), ==, 3);
    g_assert_cmpuint(reread(fixture, sa, 4), ==, 0);
    g_assert_cmpuint(reread(fixture, sa, 3), ==, 6);
    for (unsigned round = 0; round < rounds(20000); round++) {
        uint32_t i = (uint32_t)g_test_rand_int_range(1, REREAD + 1);
        uint64_t bytes = reread(fixture, sa, i);
        if (bytes)
            g_assert_cmpuint(bytes, ==, i * (i + 1) / 2);
    }
}

/* A copy that the capture made stands on a frame of its own, and adds nothing. */
static void
test_reread_copy(struct fixture *fixture, const void *unused)
{
    struct sa *sa = reread_sa(fixture);
    uint64_t bytes = 0;

    (void)unused;
    reread(fixture, sa, 1);
    reread(fixture, sa, 2);
    g_assert_true(sa_reread_bytes(fixture->table, sa, 21, 2, 2, &bytes));
    g_assert_cmpuint(bytes, ==, 3);
    g_assert_cmpuint(reread(fixture, sa, 3), ==, 6);
}

static void
test_many(struct fixture *fixture, const void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 5000; i++) {
        struct line line = there(0x10000 + i);
        open_line(fixture, &line, i + 1);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        struct line line = there(0x10000 + i);
        g_assert_cmpuint(find_line(fixture, &line)->id, ==, i);
    }
}

/* Two keys that differ in one part only. In small tables they often share a hash chain, so that the
 * comparison is put to the test and not only the hash. */
static void
test_pairs(struct fixture *fixture, const void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 2000; i++) {
        struct line one = { v4(1, 4500), v4(2, 5000), IPSEC_ESP, i }, other = one;
        switch (i % 4) {
        case 0: other.protocol = IPSEC_AH; break;
        case 1: other.destination.port++; break;
        case 2: other.destination.address.bytes[3]++; break;
        default: other.spi++; break;
        }
        fixture->table = sa_table_create(fixture->pool);
        const struct sa *first = open_line(fixture, &one, 1), *second = open_line(fixture, &other, 2);
        g_assert_null(older_of(second));
        g_assert_true(find_line(fixture, &one) == first);
        g_assert_true(find_line(fixture, &other) == second);
    }
}

/* What the tracker says of an SA's first packet. */
static struct sa *
open_unconfirmed(struct fixture *fixture, uint32_t spi)
{
    struct line line = there(spi);
    struct sa *sa = open_line(fixture, &line, spi);

    sa->sequence.packets = 1;
    sa->waits_for_traffic = true;
    return sa;
}

/* A full table forgets the oldest SAs of one packet; what carries traffic, or is spoken of, stays. */
static void
test_room(struct fixture *fixture, const void *unused)
{
    enum { LIMIT = 1600, SHARE = LIMIT / 16 + 1 };
    uint32_t order = 0;

    (void)unused;
    for (uint32_t spi = 1; spi <= LIMIT; spi++) {
        g_assert_true(sa_has_room(fixture->table, LIMIT));
        struct sa *sa = open_unconfirmed(fixture, spi);
        if (spi % 4 == 0)
            sa->waits_for_traffic = false;
        else if (spi % 4 == 1)
            sa->is_kept = true;
    }
    g_assert_cmpuint(sa_count(fixture->table), ==, LIMIT);
    g_assert_true(sa_has_room(fixture->table, LIMIT));
    g_assert_cmpuint(sa_count(fixture->table), ==, LIMIT - SHARE);
    for (uint32_t spi = 1; spi <= LIMIT; spi++) {
        struct line line = there(spi);
        bool could_go = spi % 4 >= 2, was_among_the_first = spi < 2 * SHARE + 1;
        g_assert_cmpint(find_line(fixture, &line) == NULL, ==, could_go && was_among_the_first);
    }
    for (const struct sa *sa = sa_first(fixture->table); sa; sa = sa->next) {
        g_assert_cmpuint(sa->key.spi, >, order);
        order = sa->key.spi;
    }
    const struct sa *next = open_unconfirmed(fixture, LIMIT + 1);
    g_assert_cmpuint(next->id, ==, LIMIT);          /* numbers are not used again */
    g_assert_null(next->next);
}

/* Without any that can go, it is full; and does not look through all of them for each one that comes. */
static void
test_no_room(struct fixture *fixture, const void *unused)
{
    (void)unused;
    for (uint32_t spi = 1; spi <= 100; spi++)
        open_unconfirmed(fixture, spi)->waits_for_traffic = false;
    for (uint32_t i = 0; i < 100; i++)
        g_assert_false(sa_has_room(fixture->table, 100));
    g_assert_cmpuint(sa_count(fixture->table), ==, 100);
}

#define ADD(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    ADD("/sa/key-parts", test_key_parts);
    ADD("/sa/what-is-no-key", test_what_is_no_key);
    ADD("/sa/order", test_order);
    ADD("/sa/find-at-reused-key", test_find_at_reused_key);
    ADD("/sa/find-at-one-frame", test_find_at_one_frame);
    ADD("/sa/find-by-spi", test_find_by_spi);
    ADD("/sa/alias", test_alias);
    ADD("/sa/alias-limit", test_alias_limit);
    ADD("/sa/reread-in-order", test_reread_in_order);
    ADD("/sa/reread-at-random", test_reread_at_random);
    ADD("/sa/reread-copy", test_reread_copy);
    ADD("/sa/many", test_many);
    ADD("/sa/pairs", test_pairs);
    ADD("/sa/room", test_room);
    ADD("/sa/no-room", test_no_room);
    return test_run();
}

/* test_tracker.c
 * What ESP and AH packets change: copies, moved addresses, unanswered directions, the limit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

static void
test_one_sa(void)
{
    struct bench bench = bench_open();
    struct sa *sa = feed_series(&bench, there(7), 1, 10, 0, SECOND);

    g_assert_cmpuint(sa->id, ==, 0);
    g_assert_cmpuint(sa->first_frame, ==, 1);
    g_assert_cmpuint(sa->last_frame, ==, 10);
    g_assert_cmpuint(sa->bytes, ==, 10 * PACKET_LENGTH);
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 10);
    g_assert_cmpuint(sa->flow->packets, ==, 10);
    g_assert_true(sa->born_in_capture);
    nstime_t first = moment(0), last = moment(9 * SECOND);
    g_assert_true(same_time(&sa->first_time, &first));
    g_assert_true(same_time(&sa->last_time, &last));
    g_assert_cmpuint(changes_of(&bench)->count, ==, 0);
    bench_close(&bench);
}

static void
test_born_in_capture(void)
{
    struct bench bench = bench_open();

    g_assert_true(feed_one(&bench, there(1), 0, 0)->born_in_capture);
    g_assert_true(feed_one(&bench, there(2), 1, 0)->born_in_capture);
    g_assert_false(feed_one(&bench, there(3), 2, 0)->born_in_capture);
    g_assert_true(feed_one(&bench, there(3), 1, 1)->born_in_capture);
    g_assert_false(feed_one(&bench, there(4), 1000, 0)->born_in_capture);
    bench_close(&bench);
}

static void
test_directions_share_a_tunnel(void)
{
    struct bench bench = bench_open();
    struct sa *one = feed_one(&bench, there(1), 1, 0);
    struct sa *other = feed_one(&bench, back(1), 1, 0);

    g_assert_true(one != other);
    g_assert_true(one->flow->tunnel == other->flow->tunnel);
    g_assert_true(flow_reverse(one->flow) == other->flow);
    bench_close(&bench);
}

static void
test_same_spi_elsewhere(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    const struct sa *sa = feed_one(&bench, line, 1, 0);

    line.destination = v4(3, 0);
    g_assert_true(feed_one(&bench, line, 1, 0) != sa);
    line = there(7);
    line.protocol = IPSEC_AH;
    g_assert_true(feed_one(&bench, line, 1, 0) != sa);
    line = there(7);
    line.source = v4(9, 0);             /* the source is no part of an SA */
    g_assert_true(feed_one(&bench, line, 2, 0) == sa);
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 3);
    bench_close(&bench);
}

static void
test_ipv6(void)
{
    struct bench bench = bench_open();
    struct line line = { v6(1, 0), v6(2, 0), IPSEC_ESP, 7 }, reply = { v6(2, 0), v6(1, 0), IPSEC_ESP, 8 };
    struct sa *sa = feed_series(&bench, line, 1, 5, 0, SECOND);
    struct sa *answer = feed_series(&bench, reply, 1, 5, 0, SECOND);

    g_assert_true(sa->flow->tunnel == answer->flow->tunnel);
    g_assert_cmpuint(sa->flow->packets, ==, 5);
    bench_close(&bench);
}

/* --- copies that the capture made --- */

static void
test_copy_is_no_traffic(void)
{
    struct bench bench = bench_open();
    struct sa *sa = NULL;

    for (uint32_t i = 1; i <= 10; i++) {
        sa = feed_one(&bench, there(7), i, i * SECOND);
        g_assert_true(feed_one(&bench, there(7), i, i * SECOND + 10 * MICROSECOND) == sa);
        g_assert_cmpuint(changes_of(&bench)->count, ==, 0);
    }
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 10);
    g_assert_cmpuint(sequence_counts(&sa->sequence).duplicate, ==, 0);
    g_assert_cmpuint(sa->bytes, ==, 10 * PACKET_LENGTH);
    g_assert_cmpuint(sa->flow->packets, ==, 10);
    g_assert_cmpuint(sa->last_frame, ==, 20);
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 0);
    bench_close(&bench);
}

static void
test_later_copy_is_duplicate(void)
{
    struct bench bench = bench_open();

    feed_one(&bench, there(7), 1, 0);
    struct sa *sa = feed_one(&bench, there(7), 1, 10 * MILLISECOND + 1);
    const struct change *change = change_find(&bench, CHANGE_SEQUENCE);
    g_assert_cmpuint(change ? change->sequence.effect : 0, ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 2);
    bench_close(&bench);
}

static void
test_same_number_other_content(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct ipsec_packet packet = packet_of(&line, 1, MICROSECOND);

    feed_one(&bench, line, 1, 0);
    packet.fingerprint++;
    feed(&bench, packet);
    const struct change *change = change_find(&bench, CHANGE_SEQUENCE);
    g_assert_cmpuint(change ? change->sequence.effect : 0, ==, SEQUENCE_DUPLICATE);
    bench_close(&bench);
}

/* A copy that comes behind the next packet: read again, its row counts what the first pass counted. */
static void
test_counts_at_a_copy(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct sequence_counts counts = { 0, 0, 0, 0 };

    feed_one(&bench, line, 1, 0);
    feed_one(&bench, line, 2, MICROSECOND);
    struct sa *sa = feed_one(&bench, line, 1, 2 * MICROSECOND);     /* the copies, frames 3 and 4 */
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 2);
    feed_one(&bench, line, 2, 3 * MICROSECOND);
    g_assert_true(sequence_counts_at(&sa->sequence, 4, 2, &counts));
    g_assert_cmpuint(counts.packets, ==, 2);
    g_assert_true(sequence_counts_at(&sa->sequence, 3, 1, &counts));
    g_assert_cmpuint(counts.packets, ==, 2);
    bench_close(&bench);
}

static void
test_find_at(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct ipsec_packet packet = packet_of(&line, 3, 2 * SECOND);
    const struct sa *sa = feed_series(&bench, line, 1, 5, 0, SECOND);

    packet.frame = 3;
    g_assert_true(tracker_find_at(bench.tracker, &packet) == sa);
    packet.frame = 6;
    g_assert_null(tracker_find_at(bench.tracker, &packet));
    packet.frame = 3;
    packet.spi = 8;
    g_assert_null(tracker_find_at(bench.tracker, &packet));
    bench_close(&bench);
}

/* An SA that was deleted before it carried anything, and is used nevertheless, on a mirror port that shows each packet twice: no new SA. */
static void
test_first_packet_twice_after_delete(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct sa *sa = feed_one(&bench, line, 1, 10 * SECOND);

    sa->deleted_frame = 1;
    sa->deleted_time = moment(9 * SECOND);
    g_assert_true(feed_one(&bench, line, 1, 10 * SECOND + MICROSECOND) == sa);
    bench_close(&bench);
}

/* An SPI that comes back after its SA was deleted is a new SA (interface.md section 1). */
static void
test_spi_reused_after_delete(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct ipsec_packet packet = packet_of(&line, 5, 4 * SECOND);
    struct sa *old = feed_series(&bench, line, 1, 10, 0, SECOND);

    old->deleted_frame = 10;
    old->deleted_time = moment(10 * SECOND);
    struct sa *new = feed_series(&bench, line, 1, 10, 60 * SECOND, SECOND);
    g_assert_true(new != old);
    g_assert_true(new->extra && new->extra->older == old);
    g_assert_cmpuint(finding_count(&bench, FINDING_SEQUENCE_RESTART), ==, 0);
    packet.frame = 5;
    g_assert_true(tracker_find_at(bench.tracker, &packet) == old);
    packet.frame = 15;
    g_assert_true(tracker_find_at(bench.tracker, &packet) == new);
    bench_close(&bench);
}

/* --- NAT --- */

static struct line
natted(uint8_t last, uint16_t port, uint32_t spi)
{
    struct line line = { v4(last, port), v4(2, 4500), IPSEC_ESP, spi };

    return line;
}

static void
test_moved_source(void)
{
    struct bench bench = bench_open();
    struct sa *sa = feed_series(&bench, natted(1, 1024, 7), 1, 10, 0, SECOND);
    struct endpoint before = v4(1, 1024), after = v4(1, 2048);

    g_assert_true(feed_one(&bench, natted(1, 2048, 7), 11, 10 * SECOND) == sa);
    const struct change *change = change_find(&bench, CHANGE_ADDRESS_MOVED);
    g_assert_nonnull(change);
    if (change) {
        g_assert_true(change->moved.sa == sa);
        g_assert_true(endpoint_equal(&change->moved.before, &before));
        g_assert_cmpuint(change->moved.before_frame, ==, 10);
    }
    g_assert_true(endpoint_equal(&sa->flow->source, &after));
    feed_one(&bench, natted(1, 2048, 7), 12, 11 * SECOND);
    g_assert_null(change_find(&bench, CHANGE_ADDRESS_MOVED));
    g_assert_cmpuint(tunnel_count(tracker_tunnels(bench.tracker)), ==, 1);
    g_assert_true(sa->flow->tunnel->nat);
    bench_close(&bench);
}

static void
test_moved_destination(void)
{
    struct bench bench = bench_open();
    struct line line = { v4(2, 4500), v4(1, 1024), IPSEC_ESP, 7 };
    const struct sa *sa = feed_series(&bench, line, 1, 10, 0, SECOND);
    struct endpoint before = line.destination;

    line.destination = v4(5, 3000);
    g_assert_true(feed_one(&bench, line, 11, 10 * SECOND) == sa);
    const struct change *change = change_find(&bench, CHANGE_ADDRESS_MOVED);
    g_assert_true(change && endpoint_equal(&change->moved.before, &before));
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 1);
    struct ipsec_packet packet = packet_of(&line, 11, 10 * SECOND);
    packet.frame = 11;
    g_assert_true(tracker_find_at(bench.tracker, &packet) == sa);
    bench_close(&bench);
}

/* Both directions follow the peer: said once. */
static void
test_moved_both_directions(void)
{
    struct bench bench = bench_open();
    struct line reply = { v4(2, 4500), v4(1, 1024), IPSEC_ESP, 8 };
    const struct sa *sa = feed_series(&bench, natted(1, 1024, 7), 1, 10, 0, SECOND);
    const struct sa *answer = feed_series(&bench, reply, 1, 10, 0, SECOND);

    g_assert_true(feed_one(&bench, natted(1, 2048, 7), 11, 11 * SECOND) == sa);
    reply.destination.port = 2048;
    g_assert_true(feed_one(&bench, reply, 11, 12 * SECOND) == answer);
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_REBINDING), ==, 1);
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 2);
    bench_close(&bench);
}

/* Two peers behind one NAT may be given the same SPI: their sequences don't continue each other. */
static void
test_two_peers_one_spi(void)
{
    struct bench bench = bench_open();
    struct line one = { v4(2, 4500), v4(1, 1024), IPSEC_ESP, 7 };
    struct line other = { v4(2, 4500), v4(1, 1025), IPSEC_ESP, 7 };
    struct sa *sa = feed_series(&bench, one, 1, 50, 0, SECOND);
    struct sa *second = feed_series(&bench, other, 1, 50, 50 * SECOND, SECOND);

    g_assert_true(sa != second);
    g_assert_true(sa->flow->tunnel != second->flow->tunnel);
    g_assert_true(feed_one(&bench, one, 51, 100 * SECOND) == sa);
    g_assert_true(feed_one(&bench, other, 51, 100 * SECOND) == second);
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_REBINDING), ==, 0);
    bench_close(&bench);
}

/* Not moved: both ends changed, or the sequence is elsewhere, or there is no UDP. */
static void
test_what_did_not_move(void)
{
    struct bench bench = bench_open();
    struct line strange = { v4(8, 1024), v4(9, 4500), IPSEC_ESP, 7 };
    struct line plain = there(5), elsewhere = there(5);
    const struct sa *sa = feed_series(&bench, natted(1, 1024, 7), 1, 10, 0, SECOND);

    g_assert_true(feed_one(&bench, strange, 11, 10 * SECOND) != sa);
    elsewhere.destination = v4(9, 0);
    sa = feed_series(&bench, plain, 1, 10, 0, SECOND);
    g_assert_true(feed_one(&bench, elsewhere, 11, 10 * SECOND) != sa);
    bench_close(&bench);
}

static bool
moves_with_sequence(uint32_t sequence)
{
    struct bench bench = bench_open();
    struct line line = { v4(2, 4500), v4(1, 1024), IPSEC_ESP, 7 };
    const struct sa *sa = feed_series(&bench, line, 100, 100, 0, MILLISECOND);    /* to 199 */

    line.destination.port = 1025;
    bool moved = feed_one(&bench, line, sequence, 3600 * SECOND) == sa;
    bench_close(&bench);
    return moved;
}

static void
test_moved_sequence_edges(void)
{
    g_assert_true(moves_with_sequence(200));
    g_assert_true(moves_with_sequence(199 + 65536));
    g_assert_false(moves_with_sequence(199 + 65537));
    g_assert_false(moves_with_sequence(199));
    g_assert_false(moves_with_sequence(1));
}

/* Captured on both sides of the NAT: one packet, one SA. */
static void
test_captured_on_both_sides(void)
{
    struct bench bench = bench_open();
    struct line inside = { v4(2, 4500), v4(99, 4500), IPSEC_ESP, 7 };
    struct line outside = { v4(2, 4500), v4(1, 1024), IPSEC_ESP, 7 };
    struct sa *sa = NULL;

    for (uint32_t i = 1; i <= 10; i++) {
        sa = feed_one(&bench, outside, i, i * SECOND);
        g_assert_true(feed_one(&bench, inside, i, i * SECOND + 100 * MICROSECOND) == sa);
    }
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 10);
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 1);
    bench_close(&bench);
}

/* --- one way --- */

/* Both directions until 9 s, then so many packets of one of them, the first at 10 s, and another one: whether that shows
 * that nothing comes back. */
static const struct change *
silence(struct bench *bench, uint32_t packets, int64_t last)
{
    for (uint32_t i = 1; i <= 9; i++) {
        feed_one(bench, there(1), i, i * SECOND);
        feed_one(bench, back(2), i, i * SECOND + 1);
    }
    feed_series(bench, there(1), 10, packets - 1, 10 * SECOND, MILLISECOND);
    feed_one(bench, there(1), 9 + packets, last);
    g_assert_null(change_find(bench, CHANGE_ONE_WAY));      /* its answer may be on the way */
    feed_one(bench, there(1), 10 + packets, last + MILLISECOND);
    return change_find(bench, CHANGE_ONE_WAY);
}

static bool
silence_is_said(uint32_t packets, int64_t last)
{
    struct bench bench = bench_open();
    bool said = silence(&bench, packets, last) != NULL;

    bench_close(&bench);
    return said;
}

static void
test_one_way_edges(void)
{
    g_assert_true(silence_is_said(5, 40 * SECOND));
    g_assert_false(silence_is_said(5, 40 * SECOND - 1));
    g_assert_false(silence_is_said(4, 40 * SECOND));
    g_assert_false(silence_is_said(2, 3600 * SECOND));
    g_assert_true(silence_is_said(50, 3600 * SECOND));
}

/* Some packets that want no answer, hours of silence, then a question and its answer. */
static void
test_one_way_after_idle_time(void)
{
    struct bench bench = bench_open();

    feed_one(&bench, back(2), 1, 0);
    feed_series(&bench, there(1), 1, 20, SECOND, MILLISECOND);
    for (uint32_t i = 1; i < 10; i++) {
        feed_one(&bench, there(1), 20 + i, i * 3600 * SECOND);
        feed_one(&bench, back(2), 1 + i, i * 3600 * SECOND + 20 * MILLISECOND);
    }
    g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, 0);
    bench_close(&bench);
}

static void
test_one_way_is_said_once(void)
{
    struct bench bench = bench_open();
    unsigned said = silence(&bench, 5, 40 * SECOND) != NULL;

    for (uint32_t i = 0; i < 100; i++) {
        feed_one(&bench, there(1), 16 + i, (41 + i) * SECOND);
        said += change_find(&bench, CHANGE_ONE_WAY) != NULL;
    }
    g_assert_cmpuint(said, ==, 1);
    feed_one(&bench, back(2), 10, 150 * SECOND);        /* answered: a new episode may begin */
    for (uint32_t i = 0; i < 100; i++) {
        feed_one(&bench, there(1), 116 + i, (151 + i) * SECOND);
        said += change_find(&bench, CHANGE_ONE_WAY) != NULL;
        g_assert_cmpuint(said, ==, i < 31 ? 1 : 2);
    }
    bench_close(&bench);
}

/* Packets that want no answer, each second, and each minute the other direction speaks, on the SA that it had: from the second time on that is its rhythm, though
 * already the first silence was longer than the limit. */
static void
test_one_way_becomes_a_rhythm(void)
{
    struct bench bench = bench_open();
    unsigned said = 0;

    feed_one(&bench, back(2), 1, 0);
    for (uint32_t i = 1; i <= 600; i++) {
        feed_one(&bench, there(1), i, i * SECOND);
        said += change_find(&bench, CHANGE_ONE_WAY) != NULL;
        if (i % 60 == 0)
            feed_one(&bench, back(2), 1 + i / 60, i * SECOND + MILLISECOND);
    }
    g_assert_cmpuint(said, ==, 2);
    bench_close(&bench);
}

/* Where the capture never saw the other direction, it may not see it at all. */
static void
test_one_sided_capture(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 1000, 0, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, 0);
    bench_close(&bench);
}

/* --- limits --- */

static void
test_table_full(void)
{
    struct bench bench = bench_prepare();
    unsigned said = 0;
    uint64_t room;

    bench.limits.max_sas = 3;
    bench_start(&bench);
    for (uint32_t spi = 1; spi <= 10; spi++) {
        const struct sa *sa = feed_one(&bench, there(spi), 1, spi * SECOND);
        g_assert_true((sa != NULL) == (spi <= 3));
        bool told = limit_is_told(&bench, LIMIT_SAS, &room);
        said += told;
        g_assert_true(told == (spi == 4) && (!told || room == 3));
        if (sa)
            feed_one(&bench, there(spi), 2, spi * SECOND + MILLISECOND);
    }
    g_assert_cmpuint(said, ==, 1);
    g_assert_nonnull(feed_one(&bench, there(1), 3, 20 * SECOND));       /* known ones go on */
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 3);
    bench_close(&bench);
}

/* A scan before, between and after the packets of two SAs that carry traffic: these stay. */
static void
test_scanned(void)
{
    struct bench bench = bench_prepare();
    unsigned said = 0;
    uint64_t room;

    bench.limits.max_sas = 16;
    bench_start(&bench);
    struct sa *first = NULL, *second = NULL;
    for (uint32_t i = 0; i < 1000; i++) {
        g_assert_nonnull(feed_one(&bench, there(0x10000 + i), 1, i * SECOND));
        said += limit_is_told(&bench, LIMIT_SAS, &room);
        if (i % 10 == 5) {
            struct sa *one = feed_one(&bench, there(1), 1 + i / 10, i * SECOND + MILLISECOND);
            struct sa *other = feed_one(&bench, back(2), 1 + i / 10, i * SECOND + MILLISECOND);
            g_assert_true((!first || one == first) && (!second || other == second));
            first = one;
            second = other;
        }
        g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), <=, 16);
    }
    g_assert_true(first && first->sequence.packets == 100);
    g_assert_true(second && second->sequence.packets == 100);
    g_assert_cmpuint(said, ==, 1);
    bench_close(&bench);
}

/* Made-up sources: each would be a tunnel, and tunnels are not forgotten. */
static void
test_scanned_from_everywhere(void)
{
    struct bench bench = bench_prepare();

    bench.limits.max_sas = 16;
    bench_start(&bench);
    const struct sa *known = feed_series(&bench, back(2), 1, 3, 0, MILLISECOND);
    for (uint8_t i = 10; i < 200; i++) {
        struct line line = { v4(i, 0), v4(2, 0), IPSEC_ESP, 0x10000U + i };
        feed_one(&bench, line, 1, i * SECOND);
        g_assert_cmpuint(tunnel_count(tracker_tunnels(bench.tracker)), <=, 16);
        g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), <=, 16);
    }
    g_assert_true(feed_one(&bench, back(2), 4, 200 * SECOND) == known);
    g_assert_nonnull(feed_one(&bench, there(1), 1, 200 * SECOND));      /* in a tunnel that is known */
    bench_close(&bench);
}

/* A hundred packets with another port each, of the source or of the destination. Beyond the limit the SA goes on under
 * the addresses that it has. Returns how often it was told to have moved. */
static unsigned
move_without_end(struct bench *bench, struct line line, bool of_source)
{
    const struct sa *sa = feed_one(bench, line, 1, 0);
    unsigned moves = 0, said = 0;
    uint64_t room = 0;

    for (uint16_t i = 1; i < 100; i++) {
        struct endpoint *end = of_source ? &line.source : &line.destination;
        end->port = (uint16_t)(1024 + i);
        const struct sa *moved = feed_one(bench, line, 1U + i, i * SECOND);
        g_assert_true(moved == sa);
        moves += change_find(bench, CHANGE_ADDRESS_MOVED) != NULL;
        said += limit_is_told(bench, LIMIT_ADDRESSES, &room);
    }
    g_assert_cmpuint(said, ==, 1);
    g_assert_cmpuint(room, ==, bench->limits.max_sas);
    g_assert_cmpuint(sa->sequence.packets, ==, 100);
    g_assert_cmpuint(tunnel_count(tracker_tunnels(bench->tracker)), ==, 1);
    g_assert_cmpuint(sa_count(tracker_sas(bench->tracker)), ==, 1);
    return moves;
}

static void
test_moved_without_end(void)
{
    struct bench bench = bench_prepare();

    bench.limits.max_sas = 16;
    bench_start(&bench);
    unsigned moves = move_without_end(&bench, (struct line){ v4(1, 1024), v4(2, 4500), IPSEC_ESP, 7 }, true);
    g_assert_cmpuint(moves, ==, 16);
    bench_close(&bench);
}

/* The SA's destination is a part of its key. */
static void
test_destination_moved_without_end(void)
{
    struct bench bench = bench_prepare();

    bench.limits.max_sas = 16;
    bench_start(&bench);
    move_without_end(&bench, (struct line){ v4(2, 4500), v4(1, 1024), IPSEC_ESP, 7 }, false);
    bench_close(&bench);
}

/* A frame that changes more than can be told: that is told, once a capture. */
static void
test_too_many_changes(void)
{
    struct bench bench = bench_open();
    struct line line = there(1);
    uint32_t number = 1;
    uint64_t room = 0;

    for (unsigned round = 0; round < 2; round++) {
        tracker_begin_frame(bench.tracker);
        g_assert_cmpuint(changes_of(&bench)->count, ==, 0);
        for (uint32_t i = 0; i < CHANGES_AT_MOST + 100; i++, number += 10) {
            struct ipsec_packet packet = packet_of(&line, number, 0);   /* nine are missing before each but the first */
            packet.frame = 1 + round;
            tracker_take_ipsec(bench.tracker, &packet);
            g_assert_cmpuint(changes_of(&bench)->count, <=, CHANGES_AT_MOST + 1);
        }
        bool told = limit_is_told(&bench, LIMIT_CHANGES, &room);
        g_assert_true(told == (round == 0));
        g_assert_cmpuint(changes_of(&bench)->count, ==, CHANGES_AT_MOST + (round == 0));
    }
    g_assert_cmpuint(room, ==, CHANGES_AT_MOST);
    bench_close(&bench);
}

/* The last frame before the change is not the frame of the change. */
static void
test_resumed_before_frame(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_series(&bench, there(2), 1, 60, 20 * SECOND, SECOND);
    feed_one(&bench, there(1), 21, 80 * SECOND);
    const struct change *change = change_find(&bench, CHANGE_SA_RESUMED);
    g_assert_nonnull(change);
    g_assert_cmpuint(change ? change->resumed.before_frame : 0, ==, 20);
    bench_close(&bench);
}

/* --- time --- */

static void
test_capture_out_of_order(void)
{
    struct bench bench = bench_open();
    nstime_t first = moment(3 * SECOND), last = moment(12 * SECOND);

    feed_one(&bench, there(1), 2, 5 * SECOND);
    feed_one(&bench, there(1), 1, 3 * SECOND);
    feed_one(&bench, there(1), 4, 12 * SECOND);
    struct sa *sa = feed_one(&bench, there(1), 3, 4 * SECOND);
    g_assert_true(same_time(&sa->first_time, &first));
    g_assert_true(same_time(&sa->last_time, &last));
    bench_close(&bench);
}

/* A clock that jumps between the ends of time_t: an SA's first time is never after its last. */
static void
test_ends_of_time(void)
{
    static const int64_t ends[] = { INT64_MAX, INT64_MIN, 0, -1, INT64_MAX - 1, INT64_C(1) << 31, 1 };
    struct bench bench = bench_open();

    for (uint32_t i = 0; i < 700; i++) {
        struct line line = i % 2 ? there(1 + i / 100) : back(1 + i / 100);
        struct ipsec_packet packet = packet_of(&line, i + 1, 0);
        packet.time.secs = (time_t)ends[i % G_N_ELEMENTS(ends)];
        packet.time.nsecs = i % 3 ? 0 : 999999999;
        struct sa *sa = feed(&bench, packet);
        g_assert_false(is_before(&sa->last_time, &sa->first_time));
    }
    bench_close(&bench);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/tracker/scanned", test_scanned);
    g_test_add_func("/tracker/scanned-from-everywhere", test_scanned_from_everywhere);
    g_test_add_func("/tracker/one-sa", test_one_sa);
    g_test_add_func("/tracker/born-in-capture", test_born_in_capture);
    g_test_add_func("/tracker/directions-share-a-tunnel", test_directions_share_a_tunnel);
    g_test_add_func("/tracker/same-spi-elsewhere", test_same_spi_elsewhere);
    g_test_add_func("/tracker/ipv6", test_ipv6);
    g_test_add_func("/tracker/copy-is-no-traffic", test_copy_is_no_traffic);
    g_test_add_func("/tracker/later-copy-is-duplicate", test_later_copy_is_duplicate);
    g_test_add_func("/tracker/same-number-other-content", test_same_number_other_content);
    g_test_add_func("/tracker/counts-at-a-copy", test_counts_at_a_copy);
    g_test_add_func("/tracker/find-at", test_find_at);
    g_test_add_func("/tracker/first-packet-twice-after-delete", test_first_packet_twice_after_delete);
    g_test_add_func("/tracker/spi-reused-after-delete", test_spi_reused_after_delete);
    g_test_add_func("/tracker/moved-source", test_moved_source);
    g_test_add_func("/tracker/moved-destination", test_moved_destination);
    g_test_add_func("/tracker/moved-both-directions", test_moved_both_directions);
    g_test_add_func("/tracker/two-peers-one-spi", test_two_peers_one_spi);
    g_test_add_func("/tracker/what-did-not-move", test_what_did_not_move);
    g_test_add_func("/tracker/moved-sequence-edges", test_moved_sequence_edges);
    g_test_add_func("/tracker/captured-on-both-sides", test_captured_on_both_sides);
    g_test_add_func("/tracker/one-way-edges", test_one_way_edges);
    g_test_add_func("/tracker/one-way-after-idle-time", test_one_way_after_idle_time);
    g_test_add_func("/tracker/one-way-is-said-once", test_one_way_is_said_once);
    g_test_add_func("/tracker/one-way-becomes-a-rhythm", test_one_way_becomes_a_rhythm);
    g_test_add_func("/tracker/one-sided-capture", test_one_sided_capture);
    g_test_add_func("/tracker/table-full", test_table_full);
    g_test_add_func("/tracker/moved-without-end", test_moved_without_end);
    g_test_add_func("/tracker/destination-moved-without-end", test_destination_moved_without_end);
    g_test_add_func("/tracker/too-many-changes", test_too_many_changes);
    g_test_add_func("/tracker/resumed-before-frame", test_resumed_before_frame);
    g_test_add_func("/tracker/capture-out-of-order", test_capture_out_of_order);
    g_test_add_func("/tracker/ends-of-time", test_ends_of_time);
    return test_run();
}

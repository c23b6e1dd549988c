/* test_points.c
 * Capture points: in which order packets pass them, how long that takes, what is lost; and that a packet counts once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include "clock.h"
#include "track/between.h"
#include "track/cut.h"

/* Two points: 0 at the first gateway, 1 at the second, whose clock is ahead. */
enum {
    THERE_MS = 35,
    BACK_MS = 80,
    AHEAD_MS = 5000
};

static struct ipsec_packet
seen_at(const struct line *line, uint32_t sequence, int64_t ns, uint8_t point)
{
    struct ipsec_packet packet = packet_of(line, sequence, ns);

    packet.seen.point = point;
    return packet;
}

static struct sa *
take(struct bench *bench, const struct line *line, uint32_t sequence, int64_t ns, uint8_t point)
{
    struct ipsec_packet packet = seen_at(line, sequence, ns, point);

    packet.frame = ++bench->frame;
    tracker_begin_frame(bench->tracker);
    return tracker_take_ipsec(bench->tracker, &packet);
}

static void
test_what_a_trail_knows(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct trail *trail = trail_create(pool);
    struct trail_way way = { 0 };
    struct line line = there(7);
    struct ipsec_packet packet = seen_at(&line, 5, 0, 0), later = seen_at(&line, 5, 3 * MILLISECOND, 1), other = later;

    g_assert_cmpint(trail_find(trail, 1, &packet, 0).kind, ==, TRAIL_NEW);
    trail_add(trail, &way, 1, &packet, 0);
    other.fingerprint++;
    g_assert_cmpint(trail_find(trail, 1, &other, 1).kind, ==, TRAIL_NEW);
    g_assert_cmpint(trail_find(trail, 2, &later, 1).kind, ==, TRAIL_NEW);
    struct trail_found found = trail_find(trail, 1, &later, 1);
    g_assert_cmpint(found.kind, ==, TRAIL_COPY);
    g_assert_cmpint(found.after, ==, 3000);
    g_assert_cmpint(found.first, ==, 0);
    g_assert_cmpint(trail_find(trail, 1, &later, 1).kind, ==, TRAIL_AGAIN);
    g_assert_cmpint(trail_find(trail, 1, &packet, 0).kind, ==, TRAIL_AGAIN);
    trail_drop(trail, trail_oldest(trail));
    g_assert_cmpuint(trail_count(trail), ==, 0);
    g_assert_null(way.first);
    g_assert_cmpint(trail_find(trail, 1, &later, 1).kind, ==, TRAIL_NEW);
    wmem_destroy_allocator(pool);
}

static struct trail_found
copy_after(uint8_t first, int32_t micros)
{
    return (struct trail_found){ .kind = TRAIL_COPY, .first = first, .seen = (uint8_t)(1U << first), .after = micros };
}

/* The sum of both ways is what there and back takes, whatever the clocks say. */
static void
test_there_and_back(void)
{
    static const int32_t clocks[] = { 0, 5000000, -5000000, 600000000, -600000000 };

    for (unsigned i = 0; i < G_N_ELEMENTS(clocks); i++) {
        struct passage passage = { 0 };
        struct trail_found forth = copy_after(0, 35000 + clocks[i]), reply = copy_after(1, 80000 - clocks[i]);
        uint8_t order[POINTS_AT_MOST];
        int64_t micros;
        passage_take_copy(&passage.way[0], &forth, 1);
        g_assert_false(passage_round_trip(&passage, 0, 1, &micros));
        passage_take_copy(&passage.way[1], &reply, 0);
        g_assert_true(passage_round_trip(&passage, 0, 1, &micros));
        g_assert_cmpint(micros, ==, 115000);
        g_assert_true(passage_clock_ahead(&passage, 1, 0, &micros));
        g_assert_cmpint(micros, ==, clocks[i] + (35000 - 80000) / 2);
        g_assert_cmpuint(passage_order(&passage, 0, order), ==, 2);
        g_assert_cmpuint(order[0], ==, 0);
        g_assert_cmpuint(passage_order(&passage, 1, order), ==, 2);
        g_assert_cmpuint(order[0], ==, 1);
    }
}

/* Whoever sees the higher TTL is nearer to the sender, in one direction alone as well. */
static void
test_order_by_ttl(void)
{
    struct passage passage = { 0 };
    struct trail_found later = copy_after(2, 600000000), earlier = copy_after(2, -600000000);
    uint8_t order[POINTS_AT_MOST];

    passage_take_copy(&passage.way[0], &later, 0);
    g_assert_cmpuint(passage_order(&passage, 0, order), ==, 0);         /* clocks alone do not tell */
    passage_take_copy(&passage.way[0], &earlier, 5);
    passage.way[0].ttl[PASSAGE_IPSEC][5] = 64;
    passage.way[0].ttl[PASSAGE_IPSEC][2] = 61;
    passage.way[0].ttl[PASSAGE_IPSEC][0] = 58;
    g_assert_cmpuint(passage_order(&passage, 0, order), ==, 3);
    g_assert_cmpuint(order[0], ==, 5);
    g_assert_cmpuint(order[1], ==, 2);
    g_assert_cmpuint(order[2], ==, 0);
    g_assert_cmpuint(passage_order(&passage, 1, order), ==, 3);
    g_assert_cmpuint(order[0], ==, 0);
}

/* Pings: each packet of both directions at both points, in the order of their clocks; some never arrive. */
static void
ping(struct bench *bench, uint32_t count, int64_t ahead_ms, uint32_t lost_there, uint32_t lost_back)
{
    struct line one = there(7), other = back(8);
    const int64_t interval = 500 * MILLISECOND, late = (AHEAD_MS + THERE_MS + BACK_MS) * MILLISECOND;

    for (int64_t now = -late; now < count * interval + late; now += MILLISECOND) {
        for (uint32_t i = 0; i < count; i++) {
            int64_t sent = i * interval, answered = sent + THERE_MS * MILLISECOND, ahead = ahead_ms * MILLISECOND;
            if (now == sent)
                take(bench, &one, i + 1, now, 0);
            if (now == answered + ahead && (i + 1) % lost_there != 0)
                take(bench, &one, i + 1, now, 1);
            if (now == answered + ahead)
                take(bench, &other, i + 1, now, 1);
            if (now == answered + BACK_MS * MILLISECOND && (i + 1) % lost_back != 0)
                take(bench, &other, i + 1, now, 0);
        }
    }
}

static void
expect_pings(int64_t ahead_ms)
{
    enum { COUNT = 40, LOST_THERE = 10, LOST_BACK = 8 };
    struct bench bench = bench_open();
    struct between list[POINTS_AT_MOST];

    tracker_begin_points(bench.tracker);
    ping(&bench, COUNT, ahead_ms, LOST_THERE, LOST_BACK);
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 2);
    for (const struct sa *sa = sa_first(tracker_sas(bench.tracker)); sa; sa = sa->next) {
        struct sequence_counts counts = sequence_counts(&sa->sequence);
        g_assert_cmpuint(counts.packets, ==, COUNT);
        g_assert_cmpuint(counts.lost + counts.duplicate, ==, 0);
    }
    const struct tunnel *tunnel = tunnel_first(tracker_tunnels(bench.tracker));
    g_assert_cmpuint(between_points(tracker_copies(bench.tracker), tunnel, list), ==, 1);
    bool is_first = tunnel->peer[0].address.bytes[3] == 1;
    const struct between_way *way = &list[0].way[is_first ? 0 : 1], *back_way = &list[0].way[is_first ? 1 : 0];
    g_assert_cmpint(list[0].round_trip, ==, (THERE_MS + BACK_MS) * 1000);
    /* what comes back is seen at the second point as long as that is captured; the last ones may come after it */
    g_assert_cmpuint(way->arrived, ==, COUNT - COUNT / LOST_THERE);
    g_assert_cmpuint(back_way->arrived, ==, COUNT - COUNT / LOST_BACK);
    g_assert_cmpuint(way->lost.packets, ==, COUNT / LOST_THERE);
    g_assert_cmpuint(back_way->lost.packets, >=, COUNT / LOST_BACK - 1);
    bench_close(&bench);
}

static void
test_a_packet_counts_once(void)
{
    expect_pings(0);
    expect_pings(AHEAD_MS);
    expect_pings(-AHEAD_MS);
}

/* Who sends again what one point saw already is no other point. */
static void
test_replays_stay_replays(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);

    tracker_begin_points(bench.tracker);
    for (uint32_t i = 1; i <= 10; i++)
        take(&bench, &line, i, i * SECOND, 0);
    struct sa *sa = take(&bench, &line, 5, 11 * SECOND, 0);
    g_assert_cmpuint(sequence_counts(&sa->sequence).duplicate, ==, 1);
    g_assert_cmpuint(copies_of(tracker_copies(bench.tracker), bench.frame), ==, 0);
    take(&bench, &line, 5, 12 * SECOND, 1);
    g_assert_cmpuint(sequence_counts(&sa->sequence).duplicate, ==, 1);
    g_assert_cmpuint(copies_of(tracker_copies(bench.tracker), bench.frame), !=, 0);
    bench_close(&bench);
}

/* Both sides of a NAT are one SA and one tunnel, though there is no UDP to tell. */
static void
test_behind_a_nat(void)
{
    struct bench bench = bench_open();
    struct line inside = { v4(1, 0), v4(2, 0), IPSEC_ESP, 7 }, outside = { v4(77, 0), v4(2, 0), IPSEC_ESP, 7 };
    struct line back_outside = { v4(2, 0), v4(77, 0), IPSEC_ESP, 8 }, back_inside = { v4(2, 0), v4(1, 0), IPSEC_ESP, 8 };

    tracker_begin_points(bench.tracker);
    for (uint32_t i = 1; i <= 10; i++) {
        take(&bench, &inside, i, i * SECOND, 0);
        take(&bench, &outside, i, i * SECOND + THERE_MS * MILLISECOND, 1);
        take(&bench, &back_outside, i, i * SECOND + 40 * MILLISECOND, 1);
        take(&bench, &back_inside, i, i * SECOND + 90 * MILLISECOND, 0);
    }
    g_assert_cmpuint(sa_count(tracker_sas(bench.tracker)), ==, 2);
    g_assert_cmpuint(tunnel_count(tracker_tunnels(bench.tracker)), ==, 1);
    bench_close(&bench);
}

/* A file of one interface: a packet that comes again with another TTL was seen at another point. */
static void
test_folded_by_ttl(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);
    struct sa *sa = NULL;

    for (uint32_t i = 1; i <= 20; i++) {
        for (unsigned hops = 0; hops < 2; hops++) {
            struct ipsec_packet packet = packet_of(&line, i, i * SECOND + hops * THERE_MS * MILLISECOND);
            packet.seen.ttl = hops ? 60 : 64;
            packet.frame = ++bench.frame;
            tracker_begin_frame(bench.tracker);
            sa = tracker_take_ipsec(bench.tracker, &packet);
        }
    }
    g_assert_nonnull(sa);
    g_assert_cmpuint(sequence_counts(&sa->sequence).packets, ==, 20);
    g_assert_cmpuint(sequence_counts(&sa->sequence).duplicate, ==, 0);
    g_assert_cmpuint(copies_points(tracker_copies(bench.tracker)), ==, 2);
    bench_close(&bench);
}

/* ---- a way that is cut */

/* Pings twice a second, of which none arrives at the second gateway from one of them to another one; that gateway's own pings take the way back, and
 * may be captured or not meanwhile. */
enum {
    CUT_FROM = 41,
    CUT_UNTIL = 61,                 /* the first that arrives again */
    PINGS = 100,
    PING_MS = 500
};

struct way {
    int64_t ahead_ms;               /* of the second gateway's clock */
    uint32_t until;                 /* PINGS + 1: to the end */
    bool is_blind;                  /* the second point's capture pauses instead */
};

static bool
is_in_cut(const struct way *way, uint32_t i)
{
    return i >= CUT_FROM && i < way->until;
}

static void
ping_on_cut_way(struct bench *bench, const struct way *way)
{
    struct line one = there(7), other = back(8);
    const int64_t late = (AHEAD_MS + THERE_MS + BACK_MS) * MILLISECOND;

    for (int64_t now = -late; now < (PINGS * PING_MS * MILLISECOND) + late; now += MILLISECOND) {
        for (uint32_t i = 1; i <= PINGS; i++) {
            int64_t sent = i * PING_MS * MILLISECOND, ahead = way->ahead_ms * MILLISECOND, other_sent = sent + (200 * MILLISECOND);
            if (now == sent)
                take(bench, &one, i, now, 0);
            if (now == sent + (THERE_MS * MILLISECOND) + ahead && !is_in_cut(way, i))
                take(bench, &one, i, now, 1);
            if (now == other_sent + ahead && !(way->is_blind && is_in_cut(way, i)))
                take(bench, &other, i, now, 1);
            if (now == other_sent + (BACK_MS * MILLISECOND))
                take(bench, &other, i, now, 0);
        }
    }
}

static const struct tunnel *
first_tunnel(const struct bench *bench)
{
    return tunnel_first(tracker_tunnels(bench->tracker));
}

static unsigned
direction_there(const struct tunnel *tunnel)
{
    return tunnel->peer[0].address.bytes[3] == 1 ? 0 : 1;
}

/* It begins with the last ping that arrived, and is over with the first one that does again, by the clock of whichever point speaks first. */
static void
test_a_cut_is_an_outage(void)
{
    static const int64_t clocks_ms[] = { 0, AHEAD_MS, -AHEAD_MS };

    for (unsigned i = 0; i < G_N_ELEMENTS(clocks_ms); i++) {
        struct bench bench = bench_open();
        struct way way = { .ahead_ms = clocks_ms[i], .until = CUT_UNTIL };
        tracker_begin_points(bench.tracker);
        ping_on_cut_way(&bench, &way);
        const struct tunnel *tunnel = first_tunnel(&bench);
        const struct outage *outage = tunnel->service.first;
        g_assert_nonnull(outage);
        g_assert_null(outage->next);
        g_assert_cmpint(outage->how, ==, OUTAGE_LOST_BETWEEN);
        g_assert_cmpuint(outage->directions, ==, 1U << direction_there(tunnel));
        g_assert_cmpuint(outage->lost, ==, CUT_UNTIL - CUT_FROM);
        g_assert_false(outage->ike_passed);
        nstime_t span = clock_elapsed(&outage->begin, &outage->end);
        int64_t ms = ((int64_t)span.secs * 1000) + (span.nsecs / (int)MILLISECOND);
        g_assert_cmpint(ms, ==, (CUT_UNTIL - CUT_FROM + 1) * PING_MS);
        g_assert_cmpint(outage->restored_how, ==, RESTORED_SAME_SA);
        bench_close(&bench);
    }
}

static void
test_a_cut_that_lasts(void)
{
    struct bench bench = bench_open();
    struct way way = { .until = PINGS + 1 };
    const nstime_t now = { .secs = 60 };

    tracker_begin_points(bench.tracker);
    ping_on_cut_way(&bench, &way);
    const struct tunnel *tunnel = first_tunnel(&bench);
    unsigned way_there = direction_there(tunnel);
    struct service_end end = service_at_end(tunnel, 2 * SECOND, &now);
    g_assert_null(tunnel->service.first);
    g_assert_true(end.is_cut[way_there]);
    g_assert_true(end.silent[way_there]);
    g_assert_false(end.is_cut[1 - way_there]);
    g_assert_false(end.is_out);
    bench_close(&bench);
}

/* A point that captures nothing for a while shows no cut; nor do pings that are lost here and there. */
static void
test_no_cut(void)
{
    struct bench bench = bench_open();
    struct way blind = { .until = CUT_UNTIL, .is_blind = true };
    const nstime_t now = { .secs = 60 };

    tracker_begin_points(bench.tracker);
    ping_on_cut_way(&bench, &blind);
    g_assert_null(first_tunnel(&bench)->service.first);
    bench_close(&bench);
    bench = bench_open();
    tracker_begin_points(bench.tracker);
    ping(&bench, PINGS, 0, 3, 2);
    g_assert_null(first_tunnel(&bench)->service.first);
    struct service_end end = service_at_end(first_tunnel(&bench), 2 * SECOND, &now);
    g_assert_false(end.is_cut[0] || end.is_cut[1]);
    bench_close(&bench);
}

/* More packets than copies are waited for, each a step of its own: said once. */
static void
test_too_many_to_wait_for(void)
{
    enum { STEPS = COPIES_AWAITED_AT_MOST / TRAIL_STEP };
    struct bench bench = bench_open();
    struct line line = there(7);
    unsigned said = 0;

    tracker_begin_points(bench.tracker);
    for (uint32_t i = 1; i <= STEPS + 4; i++) {
        take(&bench, &line, i * TRAIL_STEP, i * MILLISECOND, 0);
        const struct changes *changes = tracker_changes(bench.tracker);
        for (uint32_t j = 0; j < changes->count; j++)
            said += changes->item[j].kind == CHANGE_LIMIT_REACHED && changes->item[j].full.limit == LIMIT_COPIES;
        g_assert_true(said == 0 || i > STEPS);
    }
    g_assert_cmpuint(said, ==, 1);
    bench_close(&bench);
}

static void
test_ends_of_time(void)
{
    struct bench bench = bench_open();
    struct line line = there(7);

    tracker_begin_points(bench.tracker);
    for (uint32_t i = 1; i <= 40; i++) {
        struct ipsec_packet packet = seen_at(&line, i / 2, 0, (uint8_t)(i % 2));
        packet.time.secs = i % 3 ? (time_t)INT64_MAX : (time_t)INT64_MIN;
        packet.frame = ++bench.frame;
        tracker_begin_frame(bench.tracker);
        g_assert_nonnull(tracker_take_ipsec(bench.tracker, &packet));
    }
    bench_close(&bench);
}

/* Of what is lost between the points heavily there is a finding that is raised; or, where one is kept at most, the first one alone, which goes on. */
static void
test_loss_without_room(void)
{
    for (uint32_t most = 1; most <= 100; most += 99) {
        struct bench bench = bench_open();
        const struct finding *raised = NULL;
        struct line one = there(7), other = back(8);
        bench.judge.findings = findings_create(bench.pool, most);
        tracker_begin_points(bench.tracker);
        for (uint32_t i = 1; i <= 2000; i++) {
            int64_t sent = i * 50 * MILLISECOND;
            struct ipsec_packet packets[] = { seen_at(&one, i, sent, 0), seen_at(&one, i, sent + 10 * MILLISECOND, 1),
                    seen_at(&other, i, sent + 11 * MILLISECOND, 1), seen_at(&other, i, sent + 21 * MILLISECOND, 0) };
            for (size_t n = 0; n < G_N_ELEMENTS(packets); n++)
                if (n != 1 || i % 4 != 0)
                    feed(&bench, packets[n]);
        }
        for (uint32_t i = 0; i < findings_count(bench.judge.findings); i++)
            if (findings_get(bench.judge.findings, i)->key == FINDING_LOST_ON_THE_WAY && findings_get(bench.judge.findings, i)->is_raised)
                raised = findings_get(bench.judge.findings, i);
        g_assert_cmpuint(finding_count(&bench, FINDING_LOST_ON_THE_WAY), ==, most == 1 ? 1 : 2);
        g_assert_true((raised != NULL) == (most > 1));
        g_assert_true((findings_dropped(bench.judge.findings) > 0) == (most == 1));
        bench_close(&bench);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/points/what-a-trail-knows", test_what_a_trail_knows);
    g_test_add_func("/points/there-and-back", test_there_and_back);
    g_test_add_func("/points/order-by-ttl", test_order_by_ttl);
    g_test_add_func("/points/a-packet-counts-once", test_a_packet_counts_once);
    g_test_add_func("/points/replays-stay-replays", test_replays_stay_replays);
    g_test_add_func("/points/behind-a-nat", test_behind_a_nat);
    g_test_add_func("/points/folded-by-ttl", test_folded_by_ttl);
    g_test_add_func("/points/a-cut-is-an-outage", test_a_cut_is_an_outage);
    g_test_add_func("/points/a-cut-that-lasts", test_a_cut_that_lasts);
    g_test_add_func("/points/no-cut", test_no_cut);
    g_test_add_func("/points/too-many-to-wait-for", test_too_many_to_wait_for);
    g_test_add_func("/points/ends-of-time", test_ends_of_time);
    g_test_add_func("/points/loss_without_room", test_loss_without_room);
    return test_run();
}

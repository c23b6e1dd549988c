/* test_lineage.c
 * Which SA replaced which: told by who falls silent for whom, with a handover grace of 10 s.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include <time.h>

#define PLAY(bench, talkers) play(bench, talkers, G_N_ELEMENTS(talkers))

static void
assert_linked(const struct sa *old, const struct sa *new)
{
    g_assert_true(old->successor == new);
    g_assert_true(new->predecessor == old);
    g_assert_cmpuint(new->generation, ==, old->generation + 1);
    g_assert_false(old->is_current);
    g_assert_true(same_time(sa_replaced_time(old), &new->first_time));
}

static void
assert_alone(const struct sa *sa)
{
    g_assert_null(sa->predecessor);
    g_assert_null(sa->successor);
    g_assert_cmpuint(sa->generation, ==, 1);
    g_assert_true(sa->is_current);
}

static void
test_first_is_alone(void)
{
    struct bench bench = bench_open();
    const struct sa *sa = feed_series(&bench, there(1), 1, 2, 0, SECOND);

    assert_alone(sa);
    g_assert_false(sa->is_pending);
    bench_close(&bench);
}

static void
test_replaced(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 100 * SECOND, SECOND, 0, NULL },
        { there(2), 100 * SECOND, 200 * SECOND, SECOND, 0, NULL },
        { there(3), 200 * SECOND, 300 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[1].sa);
    assert_linked(talker[1].sa, talker[2].sa);
    g_assert_cmpuint(talker[0].sa->generation, ==, 1);
    g_assert_false(talker[2].sa->flow->parallel);
    bench_close(&bench);
}

/* It waits as long as the grace, from its first packet on. */
static void
test_waits_for_the_grace(void)
{
    struct bench bench = bench_open();
    struct sa *sa;

    feed_series(&bench, there(1), 1, 10, 0, SECOND);
    feed_one(&bench, there(2), 1, 20 * SECOND);
    sa = feed_one(&bench, there(2), 2, 30 * SECOND - 1);
    g_assert_true(sa->is_pending);
    g_assert_cmpuint(sa->generation, ==, 0);
    feed_one(&bench, there(2), 3, 30 * SECOND);
    g_assert_false(sa->is_pending);
    g_assert_cmpuint(sa->generation, ==, 2);
    const struct change *change = change_find(&bench, CHANGE_SA_REPLACED);
    g_assert_true(change && change->replaced.sa == sa);
    g_assert_cmpuint(change ? change->replaced.before_frame : 0, ==, 10);
    bench_close(&bench);
}

static void
test_parallel(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 100 * SECOND, SECOND, 0, NULL },
        { there(2), 20 * SECOND, 100 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_alone(talker[0].sa);
    assert_alone(talker[1].sa);
    g_assert_true(talker[0].sa->flow->parallel);
    g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, 0);
    bench_close(&bench);
}

static bool
linked_if_old_speaks_until(int64_t after_birth)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_one(&bench, there(2), 1, 20 * SECOND);
    feed_one(&bench, there(2), 2, 20 * SECOND + 1);
    const struct sa *old = feed_one(&bench, there(1), 21, 20 * SECOND + after_birth);
    const struct sa *new = NULL;
    for (uint32_t i = 0; i < 60; i++)
        new = feed_one(&bench, there(2), 3 + i, 21 * SECOND + after_birth + i * SECOND);
    bool linked = old->successor == new;
    bench_close(&bench);
    return linked;
}

/* Within the grace both may be used; an old SA that speaks past it is parallel. */
static void
test_grace_edges(void)
{
    g_assert_true(linked_if_old_speaks_until(2 * MICROSECOND));
    g_assert_true(linked_if_old_speaks_until(9 * SECOND));
    g_assert_true(linked_if_old_speaks_until(10 * SECOND - MICROSECOND));
    g_assert_false(linked_if_old_speaks_until(10 * SECOND + MICROSECOND));
    g_assert_false(linked_if_old_speaks_until(30 * SECOND));
}

/* The old SA is silent only after as long as the grace: until then nothing is decided. */
static void
test_undecided_while_old_may_speak(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_series(&bench, there(2), 1, 2, 20 * SECOND, SECOND);
    feed_one(&bench, there(1), 21, 29 * SECOND);
    struct sa *new = feed_one(&bench, there(2), 3, 31 * SECOND);
    g_assert_true(new->is_pending);
    feed_one(&bench, there(2), 4, 39 * SECOND - 1);
    g_assert_true(new->is_pending);
    feed_one(&bench, there(2), 5, 39 * SECOND);
    g_assert_false(new->is_pending);
    g_assert_nonnull(new->predecessor);
    bench_close(&bench);
}

static void
test_two_parallel_rekeyed_in_turn(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 100 * SECOND, SECOND, 0, NULL },
        { there(2), MILLISECOND, 200 * SECOND, SECOND, 0, NULL },
        { there(3), 101 * SECOND, 300 * SECOND, SECOND, 0, NULL },
        { there(4), 201 * SECOND, 300 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[2].sa);
    assert_linked(talker[1].sa, talker[3].sa);
    bench_close(&bench);
}

/* Both at about once: each to the one that fell silent nearest to its birth. */
static void
test_two_parallel_rekeyed_at_once(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 100 * SECOND, SECOND, 0, NULL },
        { there(2), 500 * MILLISECOND, 103 * SECOND, SECOND, 0, NULL },
        { there(3), 100 * SECOND + MILLISECOND, 200 * SECOND, SECOND, 0, NULL },
        { there(4), 103 * SECOND + MILLISECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[2].sa);
    assert_linked(talker[1].sa, talker[3].sa);
    bench_close(&bench);
}

/* Beside the one that handed over an idle one lies, silent for half a minute. The one that spoke into
 * the grace is nearer, though it is known to be silent a little later. */
static void
assert_handover_beside(int64_t idle_from, int64_t other_from)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), idle_from, 70 * SECOND, SECOND, 0, NULL },
        { there(2), other_from, 103 * SECOND, SECOND, 0, NULL },
        { there(3), 100 * SECOND + MILLISECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[1].sa, talker[2].sa);
    assert_alone(talker[0].sa);
    bench_close(&bench);
}

static void
test_handover_beside_an_idle_one(void)
{
    assert_handover_beside(0, SECOND / 2);
    assert_handover_beside(0, -40 * SECOND - SECOND / 2);
}

/* A parallel SA that speaks every 8 seconds is nearest until it speaks on; then the idle one is it. */
static void
assert_slow_parallel_beside(int64_t idle_from, int64_t slow_from)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), idle_from, 70 * SECOND, SECOND, 0, NULL },
        { there(2), slow_from, 200 * SECOND, 8 * SECOND, 0, NULL },
        { there(3), 100 * SECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[2].sa);
    assert_alone(talker[1].sa);
    bench_close(&bench);
}

static void
test_slow_parallel_is_waited_for(void)
{
    assert_slow_parallel_beside(0, SECOND / 2);
    assert_slow_parallel_beside(0, -40 * SECOND);
}

/* Nearest in time, not the one in the list first: the older head is nearer here. */
static void
test_nearest_is_older(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 103 * SECOND, SECOND, 0, NULL },
        { there(2), 500 * MILLISECOND, 100 * SECOND, SECOND, 0, NULL },
        { there(3), 103 * SECOND + MILLISECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[2].sa);
    assert_alone(talker[1].sa);
    bench_close(&bench);
}

/* The two directions, two tunnels, ESP and AH have lineages of their own. */
static void
test_what_is_no_neighbour(void)
{
    struct bench bench = bench_open();
    struct line ah = there(4), elsewhere = there(5);

    ah.protocol = IPSEC_AH;
    elsewhere.source = v4(9, 0);
    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    const struct sa *reverse = feed_series(&bench, back(3), 1, 30, 20 * SECOND, SECOND);
    const struct sa *authenticated = feed_series(&bench, ah, 1, 30, 50 * SECOND, SECOND);
    const struct sa *other = feed_series(&bench, elsewhere, 1, 30, 80 * SECOND, SECOND);
    assert_alone(reverse);
    assert_alone(authenticated);
    assert_alone(other);
    bench_close(&bench);
}

/* An SA that begins far in is older than the capture shows: no successor. */
static void
test_not_newborn(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    const struct sa *old = feed_series(&bench, there(2), 65, 60, 20 * SECOND, SECOND);
    assert_alone(old);
    const struct sa *newborn = feed_series(&bench, there(3), 64, 60, 80 * SECOND, SECOND);
    assert_linked(old, newborn);
    bench_close(&bench);
}

/* One packet with an SPI of its own is no successor, until it says more. */
static void
test_unconfirmed(void)
{
    struct bench bench = bench_open();
    const struct sa *old = feed_series(&bench, there(1), 1, 20, 0, SECOND);
    const struct sa *unconfirmed = feed_one(&bench, there(2), 1, 20 * SECOND);

    feed_one(&bench, back(9), 1, 40 * SECOND);
    g_assert_null(old->successor);
    feed_one(&bench, there(3), 1, 60 * SECOND);     /* makes the flow settle it */
    g_assert_null(unconfirmed->predecessor);
    g_assert_null(old->successor);
    feed_one(&bench, there(2), 2, 61 * SECOND);
    feed_one(&bench, there(2), 3, 100 * SECOND);
    assert_linked(old, unconfirmed);
    bench_close(&bench);
}

/* Two packets are enough, for the old one and for the new one. */
static void
test_two_packets_are_enough(void)
{
    struct bench bench = bench_open();
    const struct sa *old = feed_series(&bench, there(1), 1, 2, 0, SECOND);

    feed_one(&bench, there(2), 1, 2 * SECOND);
    const struct sa *new = feed_one(&bench, there(2), 2, 60 * SECOND);
    assert_linked(old, new);
    bench_close(&bench);
}

/* Nor is anything a successor of it. */
static void
test_unconfirmed_is_not_replaced(void)
{
    struct bench bench = bench_open();
    const struct sa *old = feed_series(&bench, there(1), 1, 20, 0, SECOND);
    const struct sa *unconfirmed = feed_one(&bench, there(2), 1, 19 * SECOND + 1);
    const struct sa *new = feed_series(&bench, there(3), 1, 60, 20 * SECOND, SECOND);

    g_assert_null(unconfirmed->successor);
    assert_linked(old, new);
    bench_close(&bench);
}

static void
test_scan_makes_no_links(void)
{
    const uint32_t count = 10000;
    struct bench bench = bench_open();
    unsigned links = 0;

    for (uint32_t i = 0; i < count; i++)
        feed_one(&bench, there(0x10000 + i), 1, i * 5 * MILLISECOND);
    feed_series(&bench, there(1), 1, count / 8, count * 5 * MILLISECOND + 60 * SECOND, SECOND);
    for (const struct sa *sa = sa_first(tracker_sas(bench.tracker)); sa; sa = sa->next)
        links += sa->predecessor != NULL;
    g_assert_cmpuint(links, ==, 0);
    bench_close(&bench);
}

/* A known SA's lineage goes on after a scan of the same gateway. */
static void
test_rekey_after_scan(void)
{
    struct bench bench = bench_open();
    const struct sa *old = feed_series(&bench, there(1), 1, 20, 0, SECOND);

    for (uint32_t i = 0; i < 200; i++)
        feed_one(&bench, there(0x10000 + i), 1, 20 * SECOND + i * MILLISECOND);
    feed_series(&bench, there(1), 21, 20, 21 * SECOND, SECOND);
    const struct sa *new = feed_series(&bench, there(2), 1, 60, 41 * SECOND, SECOND);
    g_assert_true(new->predecessor == old);
    bench_close(&bench);
}

/* --- taking a link back --- */

/* One frame in which a first packet makes a link and a second one takes it back. */
static void
test_linked_and_split_in_one_frame(void)
{
    for (uint32_t grace = 0; grace <= 10; grace += 10) {
        struct bench bench = bench_prepare();
        bench.limits.handover_grace = grace;
        bench_start(&bench);
        feed_series(&bench, there(1), 1, 2, 0, 100 * MILLISECOND);
        feed_series(&bench, there(2), 1, 2, SECOND, 100 * MILLISECOND);
        feed_one(&bench, there(2), 3, 12 * SECOND);
        feed_one(&bench, there(1), 3, 14 * SECOND);
        feed_one(&bench, there(1), 4, 25 * SECOND);
        feed_series(&bench, there(3), 1, 2, 26 * SECOND, 100 * MILLISECOND);
        struct line lines[] = { there(3), there(1), there(1), there(2), there(2) };
        const uint32_t number[] = { 3, 5, 6, 4, 5 };
        tracker_begin_frame(bench.tracker);
        bench.frame++;
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
            struct ipsec_packet packet = packet_of(&lines[i], number[i], 37 * SECOND);
            packet.frame = bench.frame;
            tracker_take_ipsec(bench.tracker, &packet);
        }
        nstime_t now = moment(37 * SECOND);
        judge_changes(&bench, bench.frame, &now);
        for (uint32_t i = 0; i < findings_count(bench.judge.findings); i++) {
            const struct finding *finding = findings_get(bench.judge.findings, i);
            g_assert_true(finding->frame < bench.frame || finding->key != FINDING_REKEY || finding->sa->successor);
        }
        bench_close(&bench);
    }
}

/* 1 spoke again after 2 had replaced it; and in the frame in which 3 replaces 2, that one does, too: the three take turns, and nothing was renewed. */
static void
test_linked_and_seen_to_take_turns_in_one_frame(void)
{
    struct bench bench = bench_open();
    struct line lines[] = { there(3), there(2) };

    feed_series(&bench, there(1), 1, 5, 0, SECOND);
    feed_series(&bench, there(2), 1, 16, 5 * SECOND, SECOND);
    const struct sa *first = feed_one(&bench, there(1), 6, 19 * SECOND);
    g_assert_nonnull(first->successor);
    g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, 1);
    feed_series(&bench, there(3), 1, 10, 21 * SECOND, SECOND);
    tracker_begin_frame(bench.tracker);
    bench.frame++;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct ipsec_packet packet = packet_of(&lines[i], i ? 17 : 11, 33 * SECOND);
        packet.frame = bench.frame;
        tracker_take_ipsec(bench.tracker, &packet);
    }
    nstime_t now = moment(33 * SECOND);
    judge_changes(&bench, bench.frame, &now);
    const struct change *change = change_find(&bench, CHANGE_SA_REPLACED);
    g_assert_true(change && !change->replaced.sa->predecessor);
    g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, 1);
    const struct finding *rekey = finding_find(&bench, FINDING_REKEY, 0);
    g_assert_true(rekey && rekey->is_taken_back);
    bench_close(&bench);
}

/* 1 replaced by 2 replaced by 3, as far as can be told; then 1 speaks again, and goes on. */
static void
test_split(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 50 * SECOND, SECOND, 0, NULL },
        { there(2), 51 * SECOND, 100 * SECOND, SECOND, 0, NULL },
        { there(3), 101 * SECOND, 200 * SECOND, SECOND, 0, NULL },
        { there(4), 201 * SECOND, 300 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[1].sa);
    g_assert_cmpuint(talker[3].sa->generation, ==, 4);
    feed_one(&bench, there(1), 52, 301 * SECOND);
    g_assert_nonnull(change_find(&bench, CHANGE_SA_RESUMED));
    assert_linked(talker[0].sa, talker[1].sa);
    feed_one(&bench, there(1), 53, 311 * SECOND - 1);
    g_assert_null(change_find(&bench, CHANGE_SA_RESUMED));
    assert_linked(talker[0].sa, talker[1].sa);
    feed_one(&bench, there(1), 54, 311 * SECOND);
    assert_alone(talker[0].sa);
    g_assert_null(talker[1].sa->predecessor);
    g_assert_cmpuint(talker[1].sa->generation, ==, 1);
    assert_linked(talker[1].sa, talker[2].sa);
    assert_linked(talker[2].sa, talker[3].sa);
    g_assert_cmpuint(talker[3].sa->generation, ==, 3);
    g_assert_true(talker[0].sa->flow->parallel);
    bench_close(&bench);
}

/* In the middle of a lineage: what went before it stays. */
static void
test_split_in_the_middle(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 50 * SECOND, SECOND, 0, NULL },
        { there(2), 51 * SECOND, 100 * SECOND, SECOND, 0, NULL },
        { there(3), 101 * SECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    for (uint32_t i = 0; i < 30; i++) {
        feed_one(&bench, there(2), 51 + i, (201 + i) * SECOND);
        feed_one(&bench, there(3), 101 + i, (201 + i) * SECOND + 1);
    }
    assert_linked(talker[0].sa, talker[1].sa);
    g_assert_true(talker[1].sa->is_current);
    g_assert_null(talker[1].sa->successor);
    assert_alone(talker[2].sa);
    bench_close(&bench);
}

/* Split SAs are current again, and find successors. */
static void
test_split_then_replaced(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 50 * SECOND, SECOND, 0, NULL },
        { there(2), 51 * SECOND, 250 * SECOND, SECOND, 0, NULL },
        { there(1), 100 * SECOND, 150 * SECOND, SECOND, 51, NULL },
        { there(3), 151 * SECOND, 300 * SECOND, SECOND, 0, NULL },
        { there(4), 251 * SECOND, 300 * SECOND, SECOND, 0, NULL },
    };

    PLAY(&bench, talker);
    assert_linked(talker[0].sa, talker[3].sa);
    assert_linked(talker[1].sa, talker[4].sa);
    g_assert_null(talker[1].sa->predecessor);
    bench_close(&bench);
}

/* What the functions themselves promise, without a tracker. */
static void
test_is_due(void)
{
    struct bench bench = bench_open();
    struct flow *flow = feed_series(&bench, there(1), 1, 3, 0, SECOND)->flow;
    nstime_t early = moment(20 * SECOND - 1), due = moment(20 * SECOND);

    g_assert_false(lineage_is_due(flow, &due, 10));
    feed_series(&bench, there(2), 1, 2, 10 * SECOND, MILLISECOND);
    g_assert_false(lineage_is_due(flow, &early, 10));
    g_assert_null(lineage_settle(flow, &early, 10));
    g_assert_true(lineage_is_due(flow, &due, 10));
    bench_close(&bench);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/lineage/first-is-alone", test_first_is_alone);
    g_test_add_func("/lineage/replaced", test_replaced);
    g_test_add_func("/lineage/waits-for-the-grace", test_waits_for_the_grace);
    g_test_add_func("/lineage/parallel", test_parallel);
    g_test_add_func("/lineage/grace-edges", test_grace_edges);
    g_test_add_func("/lineage/undecided-while-old-may-speak", test_undecided_while_old_may_speak);
    g_test_add_func("/lineage/two-parallel-rekeyed-in-turn", test_two_parallel_rekeyed_in_turn);
    g_test_add_func("/lineage/two-parallel-rekeyed-at-once", test_two_parallel_rekeyed_at_once);
    g_test_add_func("/lineage/handover-beside-an-idle-one", test_handover_beside_an_idle_one);
    g_test_add_func("/lineage/slow-parallel-is-waited-for", test_slow_parallel_is_waited_for);
    g_test_add_func("/lineage/nearest-is-older", test_nearest_is_older);
    g_test_add_func("/lineage/what-is-no-neighbour", test_what_is_no_neighbour);
    g_test_add_func("/lineage/not-newborn", test_not_newborn);
    g_test_add_func("/lineage/unconfirmed", test_unconfirmed);
    g_test_add_func("/lineage/two-packets-are-enough", test_two_packets_are_enough);
    g_test_add_func("/lineage/unconfirmed-is-not-replaced", test_unconfirmed_is_not_replaced);
    g_test_add_func("/lineage/scan-makes-no-links", test_scan_makes_no_links);
    g_test_add_func("/lineage/rekey-after-scan", test_rekey_after_scan);
    g_test_add_func("/lineage/linked-and-split-in-one-frame", test_linked_and_split_in_one_frame);
    g_test_add_func("/lineage/linked-and-seen-to-take-turns-in-one-frame", test_linked_and_seen_to_take_turns_in_one_frame);
    g_test_add_func("/lineage/split", test_split);
    g_test_add_func("/lineage/split-in-the-middle", test_split_in_the_middle);
    g_test_add_func("/lineage/split-then-replaced", test_split_then_replaced);
    g_test_add_func("/lineage/is-due", test_is_due);
    return test_run();
}

/* test_sequence.c
 * One SA's sequence numbers: the receiver's window (RFC 4303 section 3.4.3), loss, restarts, wraps,
 * and the counts at every frame against a recount with plain sets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#define WINDOW 64

struct stream {
    wmem_allocator_t *pool;
    struct sequence sequence;
    struct sequence_limits limits;
    uint32_t frame;
    int64_t now;
    uint32_t salt;                  /* of the content: another sender's packets differ */
};

static struct stream
stream_open(void)
{
    struct stream stream = { .limits = { WINDOW } };

    stream.pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    return stream;
}

static void
stream_close(struct stream *stream)
{
    wmem_destroy_allocator(stream->pool);
}

static unsigned
take(struct stream *stream, uint32_t number)
{
    struct ipsec_packet packet = {
        .frame = ++stream->frame,
        .time = moment(stream->now),
        .protocol = IPSEC_ESP,
        .spi = 0x1000,
        .sequence = number,
        .length = PACKET_LENGTH,
        .fingerprint = fingerprint_of(0x1000, number, stream->salt),
    };

    return sequence_take(&stream->sequence, &packet, &stream->limits, stream->pool);
}

static void
take_series(struct stream *stream, uint32_t first, uint32_t last)
{
    for (uint32_t number = first; number != last + 1; number++)
        take(stream, number);
}

static void
assert_counts(const struct stream *stream, uint64_t packets, uint64_t lost, uint32_t duplicate,
        uint32_t reordered)
{
    struct sequence_counts counts = sequence_counts(&stream->sequence);

    g_assert_cmpuint(counts.packets, ==, packets);
    g_assert_cmpuint(counts.lost, ==, lost);
    g_assert_cmpuint(counts.duplicate, ==, duplicate);
    g_assert_cmpuint(counts.reordered, ==, reordered);
}

static void
assert_counts_at(const struct stream *stream, uint32_t frame, uint32_t number, uint64_t packets,
        uint64_t lost, uint32_t duplicate, uint32_t reordered)
{
    struct sequence_counts counts = { 0, 0, 0, 0 };

    g_assert_true(sequence_counts_at(&stream->sequence, frame, number, &counts));
    g_assert_cmpuint(counts.packets, ==, packets);
    g_assert_cmpuint(counts.lost, ==, lost);
    g_assert_cmpuint(counts.duplicate, ==, duplicate);
    g_assert_cmpuint(counts.reordered, ==, reordered);
}

static void
test_healthy(void)
{
    struct stream stream = stream_open();

    for (uint32_t number = 1; number <= 5000; number++)
        g_assert_cmpuint(take(&stream, number), ==, SEQUENCE_IN_ORDER);
    g_assert_null(stream.sequence.history);
    assert_counts(&stream, 5000, 0, 0, 0);
    assert_counts_at(&stream, 1, 1, 1, 0, 0, 0);
    assert_counts_at(&stream, 4321, 4321, 4321, 0, 0, 0);
    g_assert_cmpuint(sequence_highest_before_restart(&stream.sequence), ==, 0);
    stream_close(&stream);
}

/* An SA that was already in use: its count starts where the capture does. */
static void
test_joined_late(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000000, 1000009);
    assert_counts(&stream, 10, 0, 0, 0);
    assert_counts_at(&stream, 7, 1000006, 7, 0, 0, 0);
    stream_close(&stream);
}

static void
test_behind(void)
{
    struct stream stream = stream_open();

    g_assert_false(sequence_is_behind(&stream.sequence, 5));    /* nothing seen yet */
    take_series(&stream, 1, 100);
    g_assert_false(sequence_is_behind(&stream.sequence, 101));
    g_assert_true(sequence_is_behind(&stream.sequence, 100));
    g_assert_true(sequence_is_behind(&stream.sequence, 1));
    g_assert_cmpuint(sequence_behind(&stream.sequence, 101), ==, 0);
    g_assert_cmpuint(sequence_behind(&stream.sequence, 100), ==, 0);
    g_assert_cmpuint(sequence_behind(&stream.sequence, 99), ==, 1);
    g_assert_cmpuint(sequence_behind(&stream.sequence, 1), ==, 99);
    stream_close(&stream);
}

static unsigned
duplicate_behind(uint32_t distance)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000, 3000);
    unsigned effect = take(&stream, 3000 - distance);
    stream_close(&stream);
    return effect;
}

static unsigned
late_behind(uint32_t distance)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000, 1999);
    take_series(&stream, 2001, 2000 + distance);
    unsigned effect = take(&stream, 2000);
    stream_close(&stream);
    return effect;
}

/* With the highest N and a window of W, the window holds N - W + 1 to N. */
static void
test_window_edges(void)
{
    g_assert_cmpuint(duplicate_behind(0), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(duplicate_behind(WINDOW - 1), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(duplicate_behind(WINDOW), ==, SEQUENCE_DUPLICATE | SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(duplicate_behind(WINDOW + 1), ==, SEQUENCE_DUPLICATE | SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(late_behind(1), ==, SEQUENCE_LATE);
    g_assert_cmpuint(late_behind(WINDOW - 1), ==, SEQUENCE_LATE);
    g_assert_cmpuint(late_behind(WINDOW), ==, SEQUENCE_LATE | SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(late_behind(WINDOW + 1), ==, SEQUENCE_LATE | SEQUENCE_OUTSIDE_WINDOW);
}

/* Past what we remember nothing can be said but that it is outside. */
static void
test_own_window_edges(void)
{
    g_assert_cmpuint(duplicate_behind(1023), ==, SEQUENCE_DUPLICATE | SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(duplicate_behind(1024), ==, SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(late_behind(1023), ==, SEQUENCE_LATE | SEQUENCE_OUTSIDE_WINDOW);
    g_assert_cmpuint(late_behind(1024), ==, SEQUENCE_OUTSIDE_WINDOW);
}

static void
test_gap_filled_late(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1, 10);
    g_assert_cmpuint(take(&stream, 13), ==, SEQUENCE_GAP);
    assert_counts(&stream, 11, 2, 0, 0);
    g_assert_cmpuint(take(&stream, 11), ==, SEQUENCE_LATE);
    g_assert_cmpuint(take(&stream, 11), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(take(&stream, 12), ==, SEQUENCE_LATE);
    assert_counts(&stream, 14, 0, 1, 2);
    g_assert_cmpuint(take(&stream, 14), ==, SEQUENCE_IN_ORDER);
    assert_counts_at(&stream, 10, 10, 10, 0, 0, 0);
    assert_counts_at(&stream, 11, 13, 11, 2, 0, 0);
    assert_counts_at(&stream, 12, 11, 12, 1, 0, 1);
    assert_counts_at(&stream, 13, 11, 13, 1, 1, 1);
    assert_counts_at(&stream, 14, 12, 14, 0, 1, 2);
    assert_counts_at(&stream, 15, 14, 15, 0, 1, 2);
    stream_close(&stream);
}

/* Gaps wider than all that is remembered. */
static void
test_wide_gaps(void)
{
    static const uint32_t width[] = { 62, 63, 64, 1022, 1023, 1024, 1025, 5000 };

    for (size_t i = 0; i < G_N_ELEMENTS(width); i++) {
        struct stream stream = stream_open();
        take_series(&stream, 1, 2000);
        bool leaps = width[i] >= 64;        /* beyond the receiver's window: counts with the next packet */
        g_assert_cmpuint(take(&stream, 2001 + width[i]), ==, leaps ? SEQUENCE_IN_ORDER : SEQUENCE_GAP);
        assert_counts(&stream, 2001, leaps ? 0 : width[i], 0, 0);
        g_assert_true(take(&stream, 2000 + width[i]) & SEQUENCE_LATE);
        assert_counts(&stream, 2002, width[i] - 1, 0, 1);
        g_assert_cmpuint(take(&stream, 2001 + width[i]), ==, SEQUENCE_DUPLICATE);
        if (width[i] < 1023)
            g_assert_true(take(&stream, 2000) & SEQUENCE_DUPLICATE);
        stream_close(&stream);
    }
}

/* The first packets of the capture may be out of order. */
static void
test_before_first(void)
{
    struct stream stream = stream_open();

    take(&stream, 100);
    g_assert_cmpuint(take(&stream, 97), ==, SEQUENCE_LATE);
    assert_counts(&stream, 2, 2, 0, 1);
    g_assert_cmpuint(take(&stream, 98), ==, SEQUENCE_LATE);
    g_assert_cmpuint(take(&stream, 97), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(take(&stream, 99), ==, SEQUENCE_LATE);
    assert_counts(&stream, 5, 0, 1, 3);
    assert_counts_at(&stream, 1, 100, 1, 0, 0, 0);
    assert_counts_at(&stream, 2, 97, 2, 2, 0, 1);
    stream_close(&stream);
}

static void
test_far_before_first(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000, 1009);
    g_assert_cmpuint(take(&stream, 500), ==, SEQUENCE_OUTSIDE_WINDOW);
    assert_counts(&stream, 11, 0, 0, 0);
    stream_close(&stream);
}

/* --- loss that is settled --- */

static void
test_settled_by_time(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;

    take_series(&stream, 1, 10);
    g_assert_cmpuint(take(&stream, 14), ==, SEQUENCE_GAP);
    stream.now += 500 * MILLISECOND;
    g_assert_cmpuint(take(&stream, 12), ==, SEQUENCE_LATE);
    stream.now += 500 * MILLISECOND - 1;
    g_assert_cmpuint(take(&stream, 15), ==, SEQUENCE_IN_ORDER);
    stream.now += 1;
    g_assert_cmpuint(take(&stream, 16), ==, SEQUENCE_LOSS_SETTLED);
    g_assert_cmpuint(sequence_settled_loss(&stream.sequence, &gap_frame), ==, 2);
    g_assert_cmpuint(gap_frame, ==, 11);
    g_assert_cmpuint(sequence_settled_loss(&stream.sequence, &gap_frame), ==, 0);
    stream.now += SECOND;
    g_assert_cmpuint(take(&stream, 17), ==, SEQUENCE_IN_ORDER);
    stream_close(&stream);
}

/* By the window: number m may come as long as the highest is no more than m + W - 1. */
static void
test_settled_by_window(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;

    take_series(&stream, 1, 10);
    take(&stream, 12);
    for (uint32_t number = 13; number <= 11 + WINDOW - 1; number++)
        g_assert_cmpuint(take(&stream, number), ==, SEQUENCE_IN_ORDER);
    unsigned effect = take(&stream, 11 + WINDOW) | take(&stream, 11 + WINDOW + 1);
    g_assert_cmpuint(effect, ==, SEQUENCE_LOSS_SETTLED | SEQUENCE_LOSS_PROVEN);
    g_assert_cmpuint(sequence_settled_loss(&stream.sequence, &gap_frame), ==, 1);
    g_assert_cmpuint(gap_frame, ==, 11);
    stream_close(&stream);
}

static void
test_filled_gap_is_no_loss(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;

    take_series(&stream, 1, 10);
    take(&stream, 12);
    take(&stream, 11);
    stream.now += 10 * SECOND;
    for (uint32_t number = 13; number <= 200; number++)
        g_assert_cmpuint(take(&stream, number), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(sequence_settled_loss(&stream.sequence, &gap_frame), ==, 0);
    stream_close(&stream);
}

static void
test_settled_loss_of_healthy(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;

    take_series(&stream, 1, 10);
    g_assert_cmpuint(sequence_settled_loss(&stream.sequence, &gap_frame), ==, 0);
    stream_close(&stream);
}

/* Each gap has its own second: one that opened late is not lost with the first. */
static void
test_each_gap_has_its_time(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;
    uint64_t told = 0;

    take_series(&stream, 1, 10);
    take(&stream, 12);
    stream.now += 900 * MILLISECOND;
    take(&stream, 14);
    stream.now += 100 * MILLISECOND;
    take(&stream, 15);
    told += sequence_settled_loss(&stream.sequence, &gap_frame);
    stream.now += 50 * MILLISECOND;
    g_assert_cmpuint(take(&stream, 13), ==, SEQUENCE_LATE);
    stream.now += 10 * SECOND;
    take_series(&stream, 16, 200);
    told += sequence_settled_loss(&stream.sequence, &gap_frame);
    assert_counts(&stream, 199, 1, 0, 1);
    g_assert_cmpuint(told, ==, 1);
    stream_close(&stream);
}

/* The window has passed the first gap, not the second: only the first is proven. */
static void
test_proven_is_what_the_window_passed(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;
    uint64_t told = 0;

    take_series(&stream, 1, 10);
    take_series(&stream, 12, 69);
    for (uint32_t number = 71; number <= 80; number++)
        if (take(&stream, number) & SEQUENCE_LOSS_PROVEN)
            told += sequence_settled_loss(&stream.sequence, &gap_frame);
    g_assert_cmpuint(told, ==, 1);
    g_assert_cmpuint(take(&stream, 70), ==, SEQUENCE_LATE);
    stream_close(&stream);
}

/* After a restart what was missing can no longer come, and is told all the same. */
static void
test_loss_before_restart_is_told(void)
{
    struct stream stream = stream_open();
    uint32_t gap_frame = 0;
    uint64_t told = 0;

    take_series(&stream, 1, 50);
    take_series(&stream, 60, 61);
    stream.salt = 1;
    for (uint32_t number = 1; number <= 300; number++) {
        stream.now += 100 * MILLISECOND;
        if (take(&stream, number) & SEQUENCE_LOSS_SETTLED)
            told += sequence_settled_loss(&stream.sequence, &gap_frame);
        g_assert_cmpuint(told, ==, number < 3 ? 0 : 9);     /* the third number proves the restart */
    }
    g_assert_cmpuint(sequence_counts(&stream.sequence).lost, ==, 9);
    g_assert_cmpuint(told, ==, 9);
    stream_close(&stream);
}

static void
test_clock_runs_backwards(void)
{
    struct stream stream = stream_open();

    stream.now = 1000 * SECOND;
    take_series(&stream, 1, 10);
    take(&stream, 12);
    stream.now = 0;
    for (uint32_t number = 13; number < 11 + WINDOW; number++)
        g_assert_cmpuint(take(&stream, number), ==, SEQUENCE_IN_ORDER);
    stream_close(&stream);
}

/* --- restarts --- */

static void
test_restart(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1, 100);
    stream.salt = 1;
    g_assert_false(take(&stream, 1) & SEQUENCE_RESTARTED);
    g_assert_false(take(&stream, 2) & SEQUENCE_RESTARTED);
    g_assert_cmpuint(take(&stream, 3), ==, SEQUENCE_RESTARTED);
    g_assert_cmpuint(sequence_highest_before_restart(&stream.sequence), ==, 100);
    g_assert_cmpuint(stream.sequence.highest, ==, 3);
    g_assert_cmpuint(stream.sequence.first, ==, 1);
    assert_counts(&stream, 103, 0, 0, 0);
    g_assert_cmpuint(take(&stream, 4), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, 6), ==, SEQUENCE_GAP);
    g_assert_cmpuint(take(&stream, 2), ==, SEQUENCE_DUPLICATE);
    assert_counts(&stream, 106, 1, 1, 0);
    assert_counts_at(&stream, 50, 50, 50, 0, 0, 0);
    assert_counts_at(&stream, 103, 3, 103, 0, 0, 0);
    assert_counts_at(&stream, 104, 4, 104, 0, 0, 0);
    assert_counts_at(&stream, 105, 6, 105, 1, 0, 0);
    stream_close(&stream);
}

static void
test_restart_from_far(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000000, 1000100);
    stream.salt = 1;
    take_series(&stream, 1, 2);
    g_assert_cmpuint(take(&stream, 3), ==, SEQUENCE_RESTARTED);
    g_assert_cmpuint(sequence_highest_before_restart(&stream.sequence), ==, 1000100);
    assert_counts(&stream, 104, 0, 0, 0);
    stream_close(&stream);
}

static void
test_two_restarts(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1, 100);
    stream.salt = 1;
    take_series(&stream, 1, 50);
    stream.salt = 2;
    take_series(&stream, 1, 2);
    g_assert_cmpuint(take(&stream, 3), ==, SEQUENCE_RESTARTED);
    g_assert_cmpuint(sequence_highest_before_restart(&stream.sequence), ==, 50);
    assert_counts(&stream, 153, 0, 0, 0);
    stream_close(&stream);
}

/* A beginning: no more than 64 numbers in, and three in a row. */
static void
test_what_is_no_restart(void)
{
    struct stream stream = stream_open();
    unsigned effect = 0;

    take_series(&stream, 1000, 1200);
    stream.salt = 1;
    effect |= take(&stream, 65) | take(&stream, 66) | take(&stream, 67) | take(&stream, 68);
    effect |= take(&stream, 1) | take(&stream, 3) | take(&stream, 5) | take(&stream, 7);
    effect |= take(&stream, 8) | take(&stream, 1201) | take(&stream, 9);
    g_assert_false(effect & SEQUENCE_RESTARTED);
    stream_close(&stream);
}

static void
test_restart_begins_late(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1000, 1200);
    stream.salt = 1;
    take_series(&stream, 64, 65);
    g_assert_cmpuint(take(&stream, 66), ==, SEQUENCE_RESTARTED);
    g_assert_cmpuint(stream.sequence.first, ==, 64);
    stream_close(&stream);
}

static void
assert_replay_is_no_restart(uint32_t highest, uint32_t from, uint32_t until)
{
    struct stream stream = stream_open();
    unsigned effect = 0;

    take_series(&stream, 1, highest);
    for (uint32_t number = from; number <= until; number++)
        effect |= take(&stream, number);
    g_assert_false(effect & SEQUENCE_RESTARTED);
    assert_counts(&stream, highest + until - from + 1, 0, until - from + 1, 0);
    g_assert_cmpuint(stream.sequence.highest, ==, highest);
    stream_close(&stream);
}

static void
test_replay_from_first(void)
{
    assert_replay_is_no_restart(100, 1, 100);
    assert_replay_is_no_restart(3, 1, 3);
}

/* Identical copies are no restart, wherever the replay begins. */
static void
test_replay_from_second(void)
{
    assert_replay_is_no_restart(20, 2, 20);
    assert_replay_is_no_restart(20, 11, 20);
}

/* The copies are of the packets after the restart. */
static void
test_replay_after_restart(void)
{
    struct stream stream = stream_open();
    unsigned effect = 0;

    take_series(&stream, 1, 100);
    stream.salt = 1;
    take_series(&stream, 1, 10);
    for (uint32_t number = 1; number <= 10; number++)
        effect |= take(&stream, number);
    g_assert_false(effect & SEQUENCE_RESTARTED);
    assert_counts(&stream, 120, 0, 10, 0);
    stream_close(&stream);
}

/* --- falling back, and going on from there --- */

#define SPACING INT64_C(100000000)

/* @return every effect of the numbers from first to last, a tenth of a second apart; skip: each so-many-th is lost, 0: none */
static unsigned
take_paced(struct stream *stream, uint32_t first, uint32_t last, uint32_t skip)
{
    unsigned effect = 0;

    for (uint32_t number = first; number <= last; number++, stream->now += SPACING)
        if (skip == 0 || number % skip != 0)
            effect |= take(stream, number);
    return effect;
}

/* A failover to a member whose number is an old one, known to the capture or from before it. */
static void
test_fallback(void)
{
    static const uint32_t falls[] = { 70, 900, 1500, 50000 };

    for (size_t i = 0; i < G_N_ELEMENTS(falls); i++) {
        struct stream stream = stream_open();
        take_paced(&stream, 100000, 102000, 0);
        stream.salt = 1;
        unsigned effect = take_paced(&stream, 102001 - falls[i], 102010 - falls[i], 0);
        g_assert_false(effect & SEQUENCE_RESTARTED);
        effect = take_paced(&stream, 102011 - falls[i], 102011 - falls[i], 0);
        g_assert_cmpuint(effect, ==, SEQUENCE_RESTARTED);
        g_assert_true(sequence_restart_fell(&stream.sequence));
        g_assert_false(sequence_restart_repeats(&stream.sequence));
        g_assert_cmpuint(sequence_highest_before_restart(&stream.sequence), ==, 102000);
        g_assert_cmpuint(take(&stream, 102012 - falls[i]), ==, SEQUENCE_IN_ORDER);
        stream_close(&stream);
    }
}

/* Loss before and after hides it no more than for the time that it takes to be sure. */
static void
test_fallback_with_loss(void)
{
    struct stream stream = stream_open();

    take_paced(&stream, 1, 20000, 15);
    stream.salt = 1;
    unsigned effect = take_paced(&stream, 10000, 10100, 15);
    g_assert_true(effect & SEQUENCE_RESTARTED);
    g_assert_true(sequence_restart_fell(&stream.sequence));
    stream_close(&stream);
}

/* All that was missing comes late, and nothing else for ten seconds: a queue was emptied. */
static void
test_late_burst_is_no_fallback(void)
{
    struct stream stream = stream_open();

    take_paced(&stream, 1, 1000, 0);
    take_paced(&stream, 1101, 3000, 0);
    g_assert_false(take_paced(&stream, 1001, 1100, 0) & SEQUENCE_RESTARTED);
    stream_close(&stream);
}

/* Late packets among those that go on, however many. */
static void
test_late_among_others_is_no_fallback(void)
{
    struct stream stream = stream_open();
    unsigned effect = 0;

    for (uint32_t number = 5000; number < 6000; number++)
        effect |= take_paced(&stream, number, number, 0) | take_paced(&stream, number - 2000, number - 2000, 0);
    g_assert_false(effect & SEQUENCE_RESTARTED);
    stream_close(&stream);
}

/* One old packet again and again. */
static void
test_one_again_is_no_fallback(void)
{
    struct stream stream = stream_open();
    unsigned effect = 0;

    take_paced(&stream, 1, 5000, 0);
    for (unsigned i = 0; i < 100; i++)
        effect |= take_paced(&stream, 2000, 2000, 0);
    g_assert_false(effect & SEQUENCE_RESTARTED);
    stream_close(&stream);
}

/* Copies of what was sent before, one of which is known to be one. */
static void
test_replay_is_no_fallback(void)
{
    struct stream stream = stream_open();

    take_paced(&stream, 1, 5000, 0);
    unsigned effect = take(&stream, 2000);
    sequence_note_replay(&stream.sequence);
    g_assert_false((effect | take_paced(&stream, 2001, 2100, 0)) & SEQUENCE_RESTARTED);
    stream_close(&stream);
}

/* --- the ends of the number space --- */

static void
test_near_end_said_once(void)
{
    struct stream stream = stream_open();
    uint32_t start = UINT32_MAX - (1U << 24);       /* after this one 2^24 are left */
    unsigned said = 0;

    take(&stream, start - 3);
    g_assert_cmpuint(take(&stream, start - 2), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, start - 1), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, start), ==, SEQUENCE_NEAR_END);
    for (uint32_t i = 1; i < 2000; i++)
        said += (take(&stream, start + i) & SEQUENCE_NEAR_END) != 0;
    said += (take(&stream, start + 1) & SEQUENCE_NEAR_END) != 0;
    g_assert_cmpuint(said, ==, 0);
    stream_close(&stream);
}

static void
test_wrap(void)
{
    struct stream stream = stream_open();

    g_assert_cmpuint(take(&stream, UINT32_MAX - 1), ==, SEQUENCE_IN_ORDER);     /* alone it may be anything */
    g_assert_cmpuint(take(&stream, UINT32_MAX), ==, SEQUENCE_NEAR_END);
    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_WRAPPED);
    g_assert_cmpuint(stream.sequence.highest, ==, UINT64_C(1) << 32);
    g_assert_cmpuint(take(&stream, 1), ==, SEQUENCE_IN_ORDER);
    g_assert_true(sequence_is_behind(&stream.sequence, UINT32_MAX));
    g_assert_cmpuint(sequence_behind(&stream.sequence, UINT32_MAX), ==, 2);
    g_assert_cmpuint(take(&stream, UINT32_MAX), ==, SEQUENCE_DUPLICATE);
    assert_counts(&stream, 5, 0, 1, 0);
    assert_counts_at(&stream, 3, 0, 3, 0, 0, 0);
    assert_counts_at(&stream, 4, 1, 4, 0, 0, 0);
    stream_close(&stream);
}

static void
test_wrap_with_loss(void)
{
    struct stream stream = stream_open();

    take_series(&stream, UINT32_MAX - 100, UINT32_MAX - 2);
    g_assert_cmpuint(take(&stream, 1), ==, SEQUENCE_WRAPPED | SEQUENCE_GAP);
    assert_counts(&stream, 100, 3, 0, 0);
    g_assert_cmpuint(take(&stream, UINT32_MAX), ==, SEQUENCE_LATE);
    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_LATE);
    assert_counts(&stream, 102, 1, 0, 2);
    stream_close(&stream);
}

/* A step over 2^32 of up to 2^20 is a wrap, a longer one a step back. */
static void
test_wrap_reach(void)
{
    struct stream stream = stream_open();

    take(&stream, UINT32_MAX - 5);
    g_assert_false(sequence_is_behind(&stream.sequence, (1U << 20) - 6));
    g_assert_true(sequence_is_behind(&stream.sequence, (1U << 20) - 5));
    stream_close(&stream);
}

static void
test_first_is_last_number(void)
{
    struct stream stream = stream_open();

    g_assert_cmpuint(take(&stream, UINT32_MAX), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, UINT32_MAX), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(take(&stream, UINT32_MAX - 1), ==, SEQUENCE_LATE);
    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_WRAPPED);
    assert_counts(&stream, 4, 0, 1, 1);
    stream_close(&stream);
}

/* A new start from the last number: it counts on beyond 2^32, as the first time. */
static void
test_restart_over_the_end(void)
{
    for (int wide = 0; wide < 2; wide++) {
        struct stream stream = stream_open();
        stream.limits.replay_window = wide ? UINT32_MAX : WINDOW;
        for (uint32_t i = 0; i < 6; i++)
            take(&stream, UINT32_MAX + i);
        stream.salt = 1;            /* other packets with the same numbers */
        for (uint32_t i = 0; i < 3; i++)
            g_assert_true(((take(&stream, UINT32_MAX + i) & SEQUENCE_RESTARTED) != 0) == (i == 2));
        g_assert_cmpuint(stream.sequence.first, ==, UINT32_MAX);
        g_assert_cmpuint(stream.sequence.highest, ==, UINT64_C(0x100000001));
        g_assert_cmpuint(take(&stream, 2), ==, SEQUENCE_IN_ORDER);
        g_assert_cmpuint(take(&stream, UINT32_MAX - 1) & SEQUENCE_LATE, ==, SEQUENCE_LATE);
        stream_close(&stream);
    }
}

static void
test_number_zero(void)
{
    struct stream stream = stream_open();

    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_DUPLICATE);
    g_assert_cmpuint(take(&stream, 1), ==, SEQUENCE_IN_ORDER);
    g_assert_cmpuint(take(&stream, 2), ==, SEQUENCE_IN_ORDER);
    assert_counts(&stream, 4, 0, 1, 0);
    assert_counts_at(&stream, 1, 0, 1, 0, 0, 0);
    assert_counts_at(&stream, 4, 2, 4, 0, 1, 0);
    stream_close(&stream);
}

static void
test_zero_comes_late(void)
{
    struct stream stream = stream_open();

    take_series(&stream, 1, 3);
    g_assert_cmpuint(take(&stream, 0), ==, SEQUENCE_LATE);
    assert_counts(&stream, 4, 0, 0, 1);
    stream_close(&stream);
}

/* A number from which nothing goes on was not its sender's: the sequence goes on as if it had not been there. */
static void
test_lone_leaps(void)
{
    static const uint32_t leap[] = { 2100, 3500, 0x7ffffff0, 0xfffffff0 };

    for (size_t i = 0; i < G_N_ELEMENTS(leap); i++) {
        struct stream stream = stream_open();
        take_series(&stream, 1, 2000);
        g_assert_cmpuint(take(&stream, leap[i]), ==, SEQUENCE_IN_ORDER);
        for (uint32_t number = 2001; number <= 2030; number++)
            g_assert_cmpuint(take(&stream, number), ==, SEQUENCE_IN_ORDER);
        assert_counts(&stream, 2031, 0, 0, 0);
        stream_close(&stream);
    }
}

/* A receiver that tolerates nothing, and one that tolerates everything. */
static void
test_extreme_windows(void)
{
    struct stream stream = stream_open();

    stream.limits.replay_window = 0;
    take_series(&stream, 1, 10);
    take(&stream, 12);
    g_assert_cmpuint(take(&stream, 11), ==, SEQUENCE_LATE | SEQUENCE_OUTSIDE_WINDOW);
    stream.limits.replay_window = UINT32_MAX;
    g_assert_cmpuint(take(&stream, 11), ==, SEQUENCE_DUPLICATE);
    stream_close(&stream);
}

/* Times at both ends of what time_t holds. */
static void
test_ends_of_time(void)
{
    struct stream stream = stream_open();
    static const int64_t ends[] = { INT64_MIN, INT64_MAX, 0, INT64_MIN, -1, INT64_MAX };

    for (uint32_t i = 0; i < 600; i++) {
        struct ipsec_packet packet = { .frame = i + 1, .sequence = i * 2 + 1, .fingerprint = i };
        packet.time.secs = (time_t)ends[i % G_N_ELEMENTS(ends)];
        packet.time.nsecs = i % 2 ? 999999999 : 0;
        sequence_take(&stream.sequence, &packet, &stream.limits, stream.pool);
    }
    assert_counts(&stream, 600, 599, 0, 0);
    stream_close(&stream);
}

/* --- the ledger --- */

/* What is told must be right; what can't be told is not told. */
static void
test_ledger_limit(void)
{
    struct stream stream = stream_open();
    struct sequence_counts counts;

    take_series(&stream, 100, 199);
    for (uint32_t i = 0; i < 70000; i++)
        take(&stream, 199);
    assert_counts(&stream, 70100, 0, 70000, 0);
    assert_counts_at(&stream, 50, 149, 50, 0, 0, 0);
    assert_counts_at(&stream, 60000, 199, 60000, 0, 59900, 0);
    for (uint32_t frame = 65600; frame <= 70100; frame++)
        if (sequence_counts_at(&stream.sequence, frame, 199, &counts))
            g_assert_cmpuint(counts.packets, ==, frame);
    g_assert_false(sequence_counts_at(&stream.sequence, 70100, 199, &counts));
    stream_close(&stream);
}

/* --- random streams against a recount --- */

struct arrival {
    uint64_t number;                /* extended: only its low 32 bits travel */
    uint32_t order;
    uint32_t frame;
    struct sequence_counts expected;
};

struct recount {
    GHashTable *seen;
    uint64_t lowest;
    uint64_t highest;
    uint64_t arrivals;
    uint64_t late;
};

struct recipe {
    uint64_t start;
    uint32_t length;
    unsigned lost;                  /* percent */
    unsigned repeated;
    unsigned delayed;
    uint32_t delay_at_most;
};

static int
compare_arrivals(const void *a, const void *b)
{
    const struct arrival *one = a, *other = b;

    if (one->order != other->order)
        return one->order < other->order ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

/* A copy may be delayed on top of its original. Only every third number is repeated: three copies in
 * a row are tested by name above. */
static GArray *
arrivals_make(const struct recipe *recipe)
{
    GArray *arrivals = g_array_new(FALSE, TRUE, sizeof(struct arrival));

    for (uint32_t i = 0; i < recipe->length; i++) {
        struct arrival arrival = { .number = recipe->start + i, .order = i };
        if (chance(recipe->lost))
            continue;
        if (chance(recipe->delayed))
            arrival.order += (uint32_t)g_test_rand_int_range(0, (int)recipe->delay_at_most);
        g_array_append_val(arrivals, arrival);
        if (i % 3 == 0 && chance(recipe->repeated)) {
            arrival.order += (uint32_t)g_test_rand_int_range(0, (int)recipe->delay_at_most);
            g_array_append_val(arrivals, arrival);
        }
    }
    g_array_sort(arrivals, compare_arrivals);
    return arrivals;
}

/* Takes one number into the sets, and says what it must have done. */
static unsigned
recount_take(struct recount *recount, uint64_t number, struct sequence_counts *counts)
{
    gint64 key = (gint64)number;
    bool new = !g_hash_table_contains(recount->seen, &key);
    bool any = recount->arrivals > 0;
    unsigned effect = 0;

    if (any && number <= recount->highest) {
        effect |= new ? SEQUENCE_LATE : SEQUENCE_DUPLICATE;
        effect |= recount->highest - number >= WINDOW ? SEQUENCE_OUTSIDE_WINDOW : 0;
        recount->late += new;
    } else if (any && number > recount->highest + 1) {
        effect |= SEQUENCE_GAP;
    }
    if (new)
        g_hash_table_add(recount->seen, g_memdup2(&key, sizeof key));
    recount->arrivals++;
    recount->highest = any ? MAX(recount->highest, number) : number;
    recount->lowest = any ? MIN(recount->lowest, number) : number;
    uint64_t distinct = g_hash_table_size(recount->seen);
    counts->packets = recount->arrivals;
    counts->lost = recount->highest - recount->lowest + 1 - distinct;
    counts->duplicate = (uint32_t)(recount->arrivals - distinct);
    counts->reordered = (uint32_t)recount->late;
    return effect;
}

static bool
same_counts(const struct sequence_counts *a, const struct sequence_counts *b)
{
    return a->packets == b->packets && a->lost == b->lost && a->duplicate == b->duplicate
            && a->reordered == b->reordered;
}

static void
assert_recipe(const struct recipe *recipe)
{
    const unsigned compared = SEQUENCE_GAP | SEQUENCE_LATE | SEQUENCE_DUPLICATE
            | SEQUENCE_OUTSIDE_WINDOW | SEQUENCE_RESTARTED;
    struct recount recount = { .seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL) };
    struct stream stream = stream_open();
    GArray *arrivals = arrivals_make(recipe);
    bool same = true;

    for (unsigned i = 0; i < arrivals->len; i++) {
        struct arrival *arrival = &g_array_index(arrivals, struct arrival, i);
        stream.frame += (uint32_t)g_test_rand_int_range(0, 3);
        stream.now += g_test_rand_int_range(0, 100) * MILLISECOND;
        unsigned effect = take(&stream, (uint32_t)arrival->number) & compared;
        arrival->frame = stream.frame;
        same = same && effect == recount_take(&recount, arrival->number, &arrival->expected);
        struct sequence_counts now = sequence_counts(&stream.sequence);
        same = same && same_counts(&now, &arrival->expected);
    }
    g_assert_true(same);
    for (unsigned i = 0; i < arrivals->len; i++) {
        const struct arrival *arrival = &g_array_index(arrivals, struct arrival, i);
        struct sequence_counts counts;
        same = same && sequence_counts_at(&stream.sequence, arrival->frame, (uint32_t)arrival->number, &counts)
                && same_counts(&counts, &arrival->expected);
    }
    g_assert_true(same);
    g_array_free(arrivals, TRUE);
    g_hash_table_destroy(recount.seen);
    stream_close(&stream);
}

static void
test_random_streams(void)
{
    for (unsigned round = 0; round < rounds(4000); round++) {
        struct recipe recipe = {
            .start = (uint64_t)g_test_rand_int_range(1, 10000),
            .length = (uint32_t)g_test_rand_int_range(1, 300),
            .lost = (unsigned)g_test_rand_int_range(0, 30),
            .repeated = (unsigned)g_test_rand_int_range(0, 60),
            .delayed = (unsigned)g_test_rand_int_range(0, 40),
            .delay_at_most = (uint32_t)g_test_rand_int_range(1, 60),
        };
        assert_recipe(&recipe);
    }
}

static void
test_random_long_delays(void)
{
    for (unsigned round = 0; round < rounds(300); round++) {
        struct recipe recipe = {
            .start = (uint64_t)g_test_rand_int_range(1, 10000),
            .length = 2500,
            .lost = 2,
            .repeated = 10,
            .delayed = 5,
            .delay_at_most = 500,
        };
        assert_recipe(&recipe);
    }
}

/* What is told as lost, in all, is what the counts call lost: nothing twice, and nothing left out. */
static uint64_t
told_of(const struct recipe *recipe, int64_t step, uint64_t *lost)
{
    struct stream stream = stream_open();
    GArray *arrivals = arrivals_make(recipe);
    uint64_t told = 0;
    uint32_t gap_frame = 0;
    unsigned tail = 0;

    take_series(&stream, (uint32_t)recipe->start - 100, (uint32_t)recipe->start - 1);
    for (unsigned i = 0; i < arrivals->len + 200; i++) {
        uint32_t number = i < arrivals->len
                ? (uint32_t)g_array_index(arrivals, struct arrival, i).number
                : (uint32_t)recipe->start + recipe->length + tail++;
        stream.now += i < arrivals->len ? step : SECOND;
        uint32_t frame = stream.frame + 1;
        if (take(&stream, number) & SEQUENCE_LOSS_SETTLED) {
            uint64_t more = sequence_settled_loss(&stream.sequence, &gap_frame);
            g_assert_cmpuint(more, >, 0);
            g_assert_cmpuint(gap_frame, <=, frame);
            g_assert_cmpuint(gap_frame, >, 0);
            told += more;
        }
    }
    *lost = sequence_counts(&stream.sequence).lost;
    g_array_free(arrivals, TRUE);
    stream_close(&stream);
    return told;
}

static void
test_random_loss_is_told(void)
{
    for (unsigned round = 0; round < rounds(1000); round++) {
        struct recipe recipe = {
            .start = 10000,
            .length = (uint32_t)g_test_rand_int_range(1, 300),
            .lost = (unsigned)g_test_rand_int_range(0, 60),
            .repeated = (unsigned)g_test_rand_int_range(0, 20),
            .delayed = (unsigned)g_test_rand_int_range(0, 40),
            .delay_at_most = 20,        /* well within the window, and within a second */
        };
        uint64_t lost, told = told_of(&recipe, g_test_rand_int_range(0, 20) * MILLISECOND, &lost);
        g_assert_cmpuint(told, ==, lost);
    }
}

/* Over 2^32, far enough in that the first packet's epoch is plain. */
static void
test_random_wraps(void)
{
    for (unsigned round = 0; round < rounds(1000); round++) {
        struct recipe recipe = {
            .start = (UINT64_C(1) << 32) - (uint64_t)g_test_rand_int_range(100, 300),
            .length = 400,
            .lost = (unsigned)g_test_rand_int_range(0, 30),
            .repeated = (unsigned)g_test_rand_int_range(0, 60),
            .delayed = (unsigned)g_test_rand_int_range(0, 40),
            .delay_at_most = 60,
        };
        assert_recipe(&recipe);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/sequence/healthy", test_healthy);
    g_test_add_func("/sequence/joined-late", test_joined_late);
    g_test_add_func("/sequence/behind", test_behind);
    g_test_add_func("/sequence/window-edges", test_window_edges);
    g_test_add_func("/sequence/own-window-edges", test_own_window_edges);
    g_test_add_func("/sequence/gap-filled-late", test_gap_filled_late);
    g_test_add_func("/sequence/wide-gaps", test_wide_gaps);
    g_test_add_func("/sequence/lone-leaps", test_lone_leaps);
    g_test_add_func("/sequence/before-first", test_before_first);
    g_test_add_func("/sequence/far-before-first", test_far_before_first);
    g_test_add_func("/sequence/settled-by-time", test_settled_by_time);
    g_test_add_func("/sequence/settled-by-window", test_settled_by_window);
    g_test_add_func("/sequence/filled-gap-is-no-loss", test_filled_gap_is_no_loss);
    g_test_add_func("/sequence/settled-loss-of-healthy", test_settled_loss_of_healthy);
    g_test_add_func("/sequence/each-gap-has-its-time", test_each_gap_has_its_time);
    g_test_add_func("/sequence/proven-is-what-the-window-passed", test_proven_is_what_the_window_passed);
    g_test_add_func("/sequence/loss-before-restart-is-told", test_loss_before_restart_is_told);
    g_test_add_func("/sequence/clock-runs-backwards", test_clock_runs_backwards);
    g_test_add_func("/sequence/restart", test_restart);
    g_test_add_func("/sequence/restart-from-far", test_restart_from_far);
    g_test_add_func("/sequence/two-restarts", test_two_restarts);
    g_test_add_func("/sequence/what-is-no-restart", test_what_is_no_restart);
    g_test_add_func("/sequence/restart-begins-late", test_restart_begins_late);
    g_test_add_func("/sequence/replay-from-first", test_replay_from_first);
    g_test_add_func("/sequence/replay-from-second", test_replay_from_second);
    g_test_add_func("/sequence/replay-after-restart", test_replay_after_restart);
    g_test_add_func("/sequence/fallback", test_fallback);
    g_test_add_func("/sequence/fallback-with-loss", test_fallback_with_loss);
    g_test_add_func("/sequence/late-burst-is-no-fallback", test_late_burst_is_no_fallback);
    g_test_add_func("/sequence/late-among-others-is-no-fallback", test_late_among_others_is_no_fallback);
    g_test_add_func("/sequence/one-again-is-no-fallback", test_one_again_is_no_fallback);
    g_test_add_func("/sequence/replay-is-no-fallback", test_replay_is_no_fallback);
    g_test_add_func("/sequence/near-end-said-once", test_near_end_said_once);
    g_test_add_func("/sequence/restart-over-the-end", test_restart_over_the_end);
    g_test_add_func("/sequence/wrap", test_wrap);
    g_test_add_func("/sequence/wrap-with-loss", test_wrap_with_loss);
    g_test_add_func("/sequence/wrap-reach", test_wrap_reach);
    g_test_add_func("/sequence/first-is-last-number", test_first_is_last_number);
    g_test_add_func("/sequence/number-zero", test_number_zero);
    g_test_add_func("/sequence/zero-comes-late", test_zero_comes_late);
    g_test_add_func("/sequence/extreme-windows", test_extreme_windows);
    g_test_add_func("/sequence/ends-of-time", test_ends_of_time);
    g_test_add_func("/sequence/ledger-limit", test_ledger_limit);
    g_test_add_func("/sequence/random-streams", test_random_streams);
    g_test_add_func("/sequence/random-long-delays", test_random_long_delays);
    g_test_add_func("/sequence/random-loss-is-told", test_random_loss_is_told);
    g_test_add_func("/sequence/random-wraps", test_random_wraps);
    return test_run();
}

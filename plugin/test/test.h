/* test.h
 * What the unit tests share: time, packets, and a bench with a tracker and a judge on it.
 *
 * Assertions are not fatal, so that one failure doesn't hide the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TEST_H
#define SPISCOPE_TEST_H

#include <glib.h>

#include "judge/judge.h"
#include "track/lineage.h"
#include "track/recent.h"
#include "track/tracker.h"

/* Times in tests are nanoseconds since an arbitrary moment. */
#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define EPOCH 1700000000

#define FINDINGS_AT_MOST 1000000

/* As many second addresses as a test may want. */
#define ALIASES_AT_MOST 1000

static inline nstime_t
moment(int64_t ns)
{
    int64_t secs = ns / SECOND, rest = ns % SECOND;
    nstime_t time = NSTIME_INIT_ZERO;

    if (rest < 0) {
        secs--;
        rest += SECOND;
    }
    time.secs = (time_t)(EPOCH + secs);
    time.nsecs = (int)rest;
    return time;
}

static inline bool
same_time(const nstime_t *a, const nstime_t *b)
{
    return a->secs == b->secs && a->nsecs == b->nsecs;
}

static inline bool
is_before(const nstime_t *a, const nstime_t *b)
{
    return a->secs != b->secs ? a->secs < b->secs : a->nsecs < b->nsecs;
}

/* 10.0.0.last, with a port or 0. */
static inline struct endpoint
v4(uint8_t last, uint16_t port)
{
    struct endpoint end = { { 4, { 10, 0, 0, last } }, port };

    return end;
}

/* 2001:db8::last */
static inline struct endpoint
v6(uint8_t last, uint16_t port)
{
    struct endpoint end = { { 16, { 0x20, 0x01, 0x0d, 0xb8 } }, port };

    end.address.bytes[15] = last;
    return end;
}

/* An SA as its sender sees it. */
struct line {
    struct endpoint source;
    struct endpoint destination;
    uint8_t protocol;
    uint32_t spi;
};

/* ESP from gateway 1 to gateway 2, and back. */
static inline struct line
there(uint32_t spi)
{
    struct line line = { v4(1, 0), v4(2, 0), IPSEC_ESP, spi };

    return line;
}

static inline struct line
back(uint32_t spi)
{
    struct line line = { v4(2, 0), v4(1, 0), IPSEC_ESP, spi };

    return line;
}

/* Another content for each SPI and number; salt tells packets apart that share both. */
static inline uint32_t
fingerprint_of(uint32_t spi, uint32_t sequence, uint32_t salt)
{
    return (spi * 2654435761U) ^ (sequence * 40503U) ^ (salt * 97U) ^ 0x5bd1e995U;
}

#define PACKET_LENGTH 100

static inline struct ipsec_packet
packet_of(const struct line *line, uint32_t sequence, int64_t ns)
{
    struct ipsec_packet packet = {
        .time = moment(ns),
        .source = line->source,
        .destination = line->destination,
        .protocol = line->protocol,
        .spi = line->spi,
        .sequence = sequence,
        .length = PACKET_LENGTH,
        .fingerprint = fingerprint_of(line->spi, sequence, 0),
    };

    return packet;
}

/* A tracker and a judge with the default preferences (interface.md section 6). */
struct bench {
    wmem_allocator_t *pool;
    struct tracker_limits limits;
    struct tracker *tracker;
    struct judge judge;
    struct judge full;              /* is told the same, and has no room for any finding */
    uint32_t frame;
    bool time_went_back;            /* a frame is earlier than one before it */
};

static inline struct bench
bench_prepare(void)
{
    struct bench bench = {
        .limits = {
            .sequence = { .replay_window = 64 },
            .handover_grace = 10,
            .one_way_after = 30,
            .min_outage = 2,
            .max_sas = 1000000,
        },
        .judge.limits = {
            .min_sa_lifetime = 300,
            .churn_count = 3,
            .churn_window = 900,
            .replay_window = 64,
        },
    };

    bench.pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    return bench;
}

/* Limits may be changed between prepare and start. */
static inline void
bench_start(struct bench *bench)
{
    bench->tracker = tracker_create(bench->pool, &bench->limits);
    judge_open(&bench->judge, bench->pool, FINDINGS_AT_MOST);
    judge_open(&bench->full, bench->pool, 0);
}

static inline struct bench
bench_open(void)
{
    struct bench bench = bench_prepare();

    bench_start(&bench);
    return bench;
}

static inline void
bench_close(struct bench *bench)
{
    g_assert_cmpuint(findings_count(bench->full.findings), ==, findings_dropped(bench->full.findings) > 0 ? 1 : 0);
    wmem_destroy_allocator(bench->pool);
}

static inline const struct changes *
changes_of(const struct bench *bench)
{
    return tracker_changes(bench->tracker);
}

/* Puts what the frame changed before the rules; and before those of a judge that can keep nothing, which must stand that. */
static inline void
judge_changes(struct bench *bench, uint32_t frame, const nstime_t *time)
{
    bench->judge.frame = bench->full.frame = frame;
    bench->judge.time = bench->full.time = *time;
    bench->full.limits = bench->judge.limits;
    bench->full.now = bench->judge.now;
    judge_frame(&bench->judge, changes_of(bench));
    judge_frame(&bench->full, changes_of(bench));
}

/* Puts a packet on the next frame and before the rules, as spiscope.c does. */
static inline struct sa *
feed(struct bench *bench, struct ipsec_packet packet)
{
    packet.frame = ++bench->frame;
    tracker_begin_frame(bench->tracker);
    struct sa *sa = tracker_take_ipsec(bench->tracker, &packet);
    judge_changes(bench, packet.frame, &packet.time);
    return sa;
}

/* The same for an IKE message; NULL where it belongs nowhere. */
static inline const struct ike_frame *
feed_ike(struct bench *bench, struct ike_message *message)
{
    message->frame = ++bench->frame;
    tracker_begin_frame(bench->tracker);
    const struct ike_frame *ike = tracker_take_ike(bench->tracker, message);
    judge_changes(bench, message->frame, &message->time);
    return ike;
}

/* The same for an ICMP error. */
static inline void
feed_error(struct bench *bench, struct icmp_error *error)
{
    error->frame = ++bench->frame;
    tracker_begin_frame(bench->tracker);
    tracker_take_icmp(bench->tracker, error);
    judge_changes(bench, error->frame, &error->time);
}

static inline struct sa *
feed_one(struct bench *bench, struct line line, uint32_t sequence, int64_t ns)
{
    return feed(bench, packet_of(&line, sequence, ns));
}

/* Count packets of a line with ascending numbers, at a steady step. */
static inline struct sa *
feed_series(struct bench *bench, struct line line, uint32_t first, uint32_t count, int64_t start,
        int64_t step)
{
    struct sa *sa = NULL;

    for (uint32_t i = 0; i < count; i++)
        sa = feed_one(bench, line, first + i, start + i * step);
    return sa;
}

/* An SA that speaks steadily from one moment to another, both included. */
struct talker {
    struct line line;
    int64_t from;
    int64_t until;
    int64_t step;
    uint32_t sequence;              /* the number before its first packet's */
    struct sa *sa;                  /* filled in */
};

/* Feeds what all of them say, in the order of time; the earlier in the list first. */
static inline void
play(struct bench *bench, struct talker *talker, size_t count)
{
    for (;;) {
        struct talker *next = NULL;
        for (size_t i = 0; i < count; i++)
            if (talker[i].from <= talker[i].until && (!next || talker[i].from < next->from))
                next = &talker[i];
        if (!next)
            return;
        next->sa = feed_one(bench, next->line, ++next->sequence, next->from);
        next->from += next->step;
    }
}

static inline const struct change *
change_find(const struct bench *bench, enum change_kind kind)
{
    const struct changes *changes = changes_of(bench);

    for (unsigned i = 0; i < changes->count; i++)
        if (changes->item[i].kind == kind)
            return &changes->item[i];
    return NULL;
}

/* Whether the last frame told that the limit was reached; room gets for how many there is room. */
static inline bool
limit_is_told(const struct bench *bench, enum limit limit, uint64_t *room)
{
    const struct changes *changes = changes_of(bench);

    for (unsigned i = 0; i < changes->count; i++) {
        if (changes->item[i].kind != CHANGE_LIMIT_REACHED || changes->item[i].full.limit != limit)
            continue;
        *room = changes->item[i].full.most;
        return true;
    }
    return false;
}

static inline unsigned
finding_count(const struct bench *bench, enum finding_key key)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < findings_count(bench->judge.findings); i++)
        count += findings_get(bench->judge.findings, i)->key == key;
    return count;
}

/* The n-th finding with that key, from 0, or NULL. */
static inline const struct finding *
finding_find(const struct bench *bench, enum finding_key key, unsigned n)
{
    for (uint32_t i = 0; i < findings_count(bench->judge.findings); i++) {
        const struct finding *finding = findings_get(bench->judge.findings, i);
        if (finding->key == key && n-- == 0)
            return finding;
    }
    return NULL;
}

static inline bool
rests_on(const struct finding *finding, uint32_t frame)
{
    for (unsigned i = 0; i < finding->evidence_count; i++)
        if (finding->evidence[i] == frame)
            return true;
    return false;
}

static inline const char *
no_ip_protocol(int protocol)
{
    (void)protocol;
    return "an IP protocol";
}

/* Whether a finding's text has this part. */
static inline bool
says(const struct bench *bench, const struct finding *finding, const char *part)
{
    const struct words words = words_plain(bench->pool, no_ip_protocol);
    const char *text = finding_text(&words, finding);

    if (strstr(text, part))
        return true;
    g_test_message("\"%s\" is not in \"%s\"", part, text);
    return false;
}

/* Whether a checker makes everything slow: fewer rounds, and no measuring of time. */
static inline bool
is_slow(void)
{
    return g_getenv("SPISCOPE_TEST_SLOW") != NULL;
}

static inline unsigned
rounds(unsigned count)
{
    return is_slow() ? count / 20 + 1 : count;
}

static inline bool
chance(unsigned percent)
{
    return (unsigned)g_test_rand_int_range(0, 100) < percent;
}

static inline void
test_begin(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    g_test_set_nonfatal_assertions();
    wmem_init();
}

static inline int
test_run(void)
{
    int result = g_test_run();

    wmem_cleanup();
    return result;
}

#endif /* SPISCOPE_TEST_H */

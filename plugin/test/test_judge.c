/* test_judge.c
 * The rules that ESP and AH alone can prove, and the list of findings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge/rule.h"
#include "test.h"

/* --- the list --- */

static void
test_findings_list(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct findings *findings = findings_create(pool, 5);
    static const uint32_t frames[] = { 3, 7, 7, 7, 9, 11, 12 };
    nstime_t now = moment(0);
    uint32_t count;

    g_assert_cmpuint(findings_on(findings, 7, &count), ==, 0);
    g_assert_cmpuint(count, ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(frames); i++)
        g_assert_true((findings_add(findings, FINDING_LOSS, CONFIDENCE_PROVEN, frames[i], &now, 0) != NULL) == (i < 5));
    g_assert_cmpuint(findings_count(findings), ==, 5);
    g_assert_cmpuint(findings_dropped(findings), ==, 2);
    g_assert_cmpuint(findings_on(findings, 7, &count), ==, 1);
    g_assert_cmpuint(count, ==, 3);
    g_assert_cmpuint(findings_on(findings, 3, &count), ==, 0);
    g_assert_cmpuint(count, ==, 1);
    findings_on(findings, 8, &count);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpuint(findings_on(findings, 9, &count), ==, 4);
    g_assert_cmpuint(count, ==, 1);
    findings_on(findings, 1000, &count);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpuint(findings_get(findings, 4)->frame, ==, 9);
    wmem_destroy_allocator(pool);
}

static void
test_evidence(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct findings *findings = findings_create(pool, 5);
    nstime_t now = moment(0);
    struct finding *finding = findings_add(findings, FINDING_LOSS, CONFIDENCE_PROVEN, 100, &now, 0);

    finding_rests_on(finding, 0);
    finding_rests_on(finding, 100);
    g_assert_cmpuint(finding->evidence_count, ==, 0);
    finding_rests_on(finding, 5);
    finding_rests_on(finding, 6);
    finding_rests_on(finding, 5);
    g_assert_cmpuint(finding->evidence_count, ==, 2);
    for (uint32_t frame = 7; frame < 20; frame++)
        finding_rests_on(finding, frame);
    g_assert_cmpuint(finding->evidence_count, ==, EVIDENCE_AT_MOST);
    g_assert_true(rests_on(finding, 5) && rests_on(finding, 8));
    wmem_destroy_allocator(pool);
}

/* Each finding of the catalogue has its words in one rule. */
static void
test_each_finding_has_words(void)
{
    static const struct rule *const rules[] = {
#define X(name) &rule_##name,
        SPISCOPE_RULES(X)
#undef X
    };
    unsigned found[FINDING_KEYS] = { 0 };

    for (size_t r = 0; r < G_N_ELEMENTS(rules); r++)
        for (unsigned i = 0; i < FINDINGS_OF_A_RULE && rules[r]->findings[i].text; i++) {
            found[rules[r]->findings[i].key]++;
            g_assert_nonnull(rules[r]->findings[i].meaning);
        }
    for (uint8_t key = 0; key < FINDING_KEYS; key++) {
        g_assert_cmpuint(found[key], ==, 1);
        g_assert_cmpstr(finding_meaning(key), !=, "");
    }
}

/* Each detail has bytes of its own, all zero at first; without one there is none. */
static void
test_details(void)
{
    enum { BYTES = 40, COUNT = 3 };
    static const uint8_t zero[BYTES];
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct findings *findings = findings_create(pool, COUNT + 1);
    nstime_t now = moment(0);

    for (uint32_t i = 0; i < COUNT; i++) {
        struct finding *finding = findings_add(findings, FINDING_LOSS, CONFIDENCE_PROVEN, i, &now, BYTES);
        g_assert_cmpmem(finding->detail, BYTES, zero, BYTES);
        memset(finding->detail, 0xff, BYTES);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        g_assert_true(findings_get(findings, i)->frame == i && findings_get(findings, i)->key == FINDING_LOSS);
    g_assert_null(findings_add(findings, FINDING_LOSS, CONFIDENCE_PROVEN, COUNT, &now, 0)->detail);
    wmem_destroy_allocator(pool);
}

/* Rules go on where no finding can be kept. */
static void
test_no_room_for_findings(void)
{
    struct bench bench = bench_open();

    bench.judge.findings = findings_create(bench.pool, 0);
    for (uint32_t spi = 1; spi <= 10; spi++)
        feed_series(&bench, there(spi), 1, 60, spi * 60 * SECOND, SECOND);
    feed_one(&bench, there(10), 100, 700 * SECOND);
    feed_one(&bench, there(10), 3, 700 * SECOND);
    feed_one(&bench, there(10), 101, 702 * SECOND);
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 1);
    g_assert_cmpuint(finding_count(&bench, FINDING_LIMIT_REACHED), ==, 1);
    g_assert_cmpuint(findings_dropped(bench.judge.findings), >=, 8 + 8 + 1 + 1 + 1);
    const struct finding *full = findings_get(bench.judge.findings, 0);
    g_assert_true(full->key == FINDING_LIMIT_REACHED && says(&bench, full, "More than 0 findings: "));
    g_assert_true(findings_of(bench.judge.findings, NULL)->first == full && !full->next);
    bench_close(&bench);
}

/* Beyond what is kept there is room for the first of each kind in a tunnel, and for one that is surer than those before; as much again. */
static void
test_room_for_the_first_and_the_surer(void)
{
    struct bench bench = bench_open();
    const struct tunnel *tunnel = feed_one(&bench, there(1), 1, 0)->flow->tunnel;

    bench.judge.findings = findings_create(bench.pool, 2);
    bench.judge.frame = 1;
    g_assert_nonnull(judge_tunnel(&bench.judge, FINDING_LOSS, CONFIDENCE_SUSPECTED, tunnel, 0));
    g_assert_nonnull(judge_tunnel(&bench.judge, FINDING_LOSS, CONFIDENCE_SUSPECTED, tunnel, 0));
    g_assert_null(judge_tunnel(&bench.judge, FINDING_LOSS, CONFIDENCE_SUSPECTED, tunnel, 0));
    g_assert_nonnull(judge_tunnel(&bench.judge, FINDING_LOSS, CONFIDENCE_PROVEN, tunnel, 0));
    g_assert_null(judge_tunnel(&bench.judge, FINDING_LOSS, CONFIDENCE_PROVEN, tunnel, 0));
    g_assert_nonnull(judge_tunnel(&bench.judge, FINDING_OUTAGE, CONFIDENCE_SUSPECTED, tunnel, 0));
    g_assert_null(judge_tunnel(&bench.judge, FINDING_REKEY, CONFIDENCE_PROVEN, tunnel, 0));
    const struct finding_file *file = findings_of(bench.judge.findings, tunnel);
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 4);
    g_assert_cmpuint(findings_dropped(bench.judge.findings), ==, 3);
    g_assert_cmpuint(file->dropped, ==, 3);
    g_assert_cmpuint(finding_file_count(file, FINDING_LOSS), ==, 5);        /* with those that were dropped */
    bench_close(&bench);
}

static char *
long_name(wmem_allocator_t *scope, const struct ip_address *address)
{
    GString *name = g_string_new(NULL);

    (void)address;
    for (int i = 0; i < FINDING_TEXT_AT_MOST; i++)
        g_string_append(name, "\u00fc");             /* two bytes: no text may end within one */
    char *copy = wmem_strdup(scope, name->str);
    g_string_free(name, TRUE);
    return copy;
}

static void
test_long_text_is_cut(void)
{
    struct bench bench = bench_open();
    struct words words = words_plain(bench.pool, no_ip_protocol);

    feed_series(&bench, there(1), 1, 10, 0, SECOND);
    feed_series(&bench, there(1), 100, 100, 10 * SECOND, SECOND);
    words.name = long_name;
    const char *text = finding_text(&words, finding_find(&bench, FINDING_LOSS, 0));
    g_assert_true(g_utf8_validate(text, -1, NULL) && g_str_has_suffix(text, "..."));
    g_assert_cmpuint(strlen(text), <=, FINDING_TEXT_AT_MOST);
    g_assert_cmpuint(strlen(text), >, FINDING_TEXT_AT_MOST - 8);
    bench_close(&bench);
}

/* Headers that are there and were not read: said once, and the count goes on. */
static void
test_not_read(void)
{
    struct bench bench = bench_open();
    const struct unread more = { .esp = 1 };
    nstime_t now = moment(0);

    for (uint32_t frame = 1; frame <= 3; frame++) {
        tracker_begin_frame(bench.tracker);
        tracker_take_unread(bench.tracker, &more);
        judge_changes(&bench, frame, &now);
    }
    g_assert_cmpuint(finding_count(&bench, FINDING_NOT_READ), ==, 1);
    g_assert_cmpuint(finding_find(&bench, FINDING_NOT_READ, 0)->frame, ==, 1);
    bench_close(&bench);
}

/* Four SAs of 200 packets each, which take from 100 s to 400 s, or all 200 s: only what varies in age, and not in bytes, ends by volume. */
static void
test_volume(void)
{
    static const int64_t varying[] = { 1000, 2000, 500, 1500 }, same[] = { 1000, 1000, 1000, 1000 };
    static const struct { const int64_t *steps_ms; unsigned said; } cases[] = { { varying, 1 }, { same, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct bench bench = bench_open();
        int64_t ns = 0;
        for (uint32_t spi = 1; spi <= 4; spi++) {
            feed_series(&bench, there(spi), 1, 200, ns, cases[i].steps_ms[spi - 1] * MILLISECOND);
            ns += 200 * cases[i].steps_ms[spi - 1] * MILLISECOND;
        }
        feed_series(&bench, there(5), 1, 100, ns, SECOND);
        g_assert_cmpuint(finding_count(&bench, FINDING_VOLUME_REKEY) > 0, ==, cases[i].said);
        bench_close(&bench);
    }
}

/* --- rekey and churn --- */

/* An SA that lives so long, then its successor for a minute. */
static void
live_and_die(struct bench *bench, uint32_t first_number, int64_t lifetime)
{
    int64_t step = lifetime / 20;

    feed_series(bench, there(1), first_number, 20, 0, step);
    feed_series(bench, there(2), 1, 60, lifetime, SECOND);
}

static void
test_rekey(void)
{
    struct bench bench = bench_open();

    live_and_die(&bench, 1, 3600 * SECOND);
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_REKEY, 0);
    g_assert_nonnull(finding);
    if (finding) {
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_INFERRED);
        g_assert_cmpuint(finding->sa->key.spi, ==, 1);
        g_assert_cmpuint(finding->other->key.spi, ==, 2);
        g_assert_true(says(&bench, finding, "lived 3600 s and was replaced by 0x00000002"));
        g_assert_cmpuint(finding->frame, ==, 20 + 11);      /* ten seconds after the first packet */
        g_assert_true(rests_on(finding, 1) && rests_on(finding, 20) && rests_on(finding, 21));
        g_assert_true(finding->tunnel == finding->sa->flow->tunnel);
    }
    bench_close(&bench);
}

static unsigned
churned(uint32_t first_number, int64_t lifetime)
{
    struct bench bench = bench_open();

    live_and_die(&bench, first_number, lifetime);
    unsigned count = finding_count(&bench, FINDING_SPI_CHURN);
    g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, 1);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 0);
    bench_close(&bench);
    return count;
}

static void
test_churn_edges(void)
{
    g_assert_cmpuint(churned(1, 60 * SECOND), ==, 1);
    g_assert_cmpuint(churned(1, 300 * SECOND - MICROSECOND), ==, 1);
    g_assert_cmpuint(churned(1, 300 * SECOND), ==, 0);
    g_assert_cmpuint(churned(1, 301 * SECOND), ==, 0);
    g_assert_cmpuint(churned(0, 60 * SECOND), ==, 1);
}

/* Already in use when the capture began: of any age. */
static void
test_minimum_age_never_churns(void)
{
    g_assert_cmpuint(churned(2, 60 * SECOND), ==, 0);
    g_assert_cmpuint(churned(100000, 60 * SECOND), ==, 0);
}

static void
test_churn_facts(void)
{
    struct bench bench = bench_open();

    live_and_die(&bench, 1, 60 * SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_SPI_CHURN, 0);
    g_assert_nonnull(finding);
    if (finding) {
        g_assert_cmpuint(finding->sa->key.spi, ==, 1);
        g_assert_cmpuint(finding->other->key.spi, ==, 2);
        g_assert_true(says(&bench, finding, "after only 60.0 s (less than 300 s)"));
        g_assert_cmpuint(finding->frame, ==, 31);
        g_assert_true(rests_on(finding, 1) && rests_on(finding, 20) && rests_on(finding, 21));
    }
    bench_close(&bench);
}

static void
test_parallel_is_no_churn(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 400 * SECOND, SECOND, 0, NULL },
        { there(2), 20 * SECOND, 400 * SECOND, SECOND, 0, NULL },
        { there(3), 40 * SECOND, 400 * SECOND, SECOND, 0, NULL },
        { there(4), 60 * SECOND, 400 * SECOND, SECOND, 0, NULL },
    };

    play(&bench, talker, G_N_ELEMENTS(talker));
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 0);
    bench_close(&bench);
}

/* --- flapping --- */

/* A lineage of SAs that live so long each, one packet a second; the last one is left speaking a
 * minute. Time goes on from where it was. */
struct lineage {
    struct bench *bench;
    uint32_t spi;
    int64_t now;
};

static void
live(struct lineage *lineage, int64_t lifetime)
{
    lineage->spi++;
    for (int64_t at = 0; at < lifetime; at += SECOND)
        feed_one(lineage->bench, there(lineage->spi), (uint32_t)(at / SECOND) + 1, lineage->now + at);
    lineage->now += lifetime;
}

static unsigned
flapping_of(uint32_t churn_window, int64_t first, int64_t second, int64_t third)
{
    struct bench bench = bench_open();
    struct lineage lineage = { &bench, 0, 0 };

    bench.judge.limits.churn_window = churn_window;
    live(&lineage, first);
    live(&lineage, second);
    live(&lineage, third);
    live(&lineage, 400 * SECOND);
    unsigned count = finding_count(&bench, FINDING_FLAPPING);
    bench_close(&bench);
    return count;
}

/* The three end at 100 s, then second and third after that: in a window of 200 s or not. */
static void
test_flapping_window_edges(void)
{
    g_assert_cmpuint(flapping_of(200, 100 * SECOND, 100 * SECOND, 100 * SECOND - MILLISECOND), ==, 1);
    g_assert_cmpuint(flapping_of(200, 100 * SECOND, 100 * SECOND, 100 * SECOND + MILLISECOND), ==, 0);
    g_assert_cmpuint(flapping_of(200, 299 * SECOND, 50 * SECOND, 50 * SECOND), ==, 1);
    g_assert_cmpuint(flapping_of(900, 299 * SECOND, 299 * SECOND, 299 * SECOND), ==, 1);
    g_assert_cmpuint(flapping_of(900, 299 * SECOND, 299 * SECOND, 300 * SECOND), ==, 0);
}

static void
test_flapping_at_exactly_the_count(void)
{
    for (uint32_t count = 1; count <= 5; count++) {
        struct bench bench = bench_open();
        struct lineage lineage = { &bench, 0, 0 };
        bench.judge.limits.churn_count = count;
        for (uint32_t i = 1; i <= 7; i++) {
            live(&lineage, 60 * SECOND);
            /* so far i SAs, of which i - 1 have ended */
            g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, i - 1 >= count ? 1 : 0);
        }
        g_assert_cmpuint(finding_count(&bench, FINDING_SPI_CHURN), ==, 6);
        bench_close(&bench);
    }
}

static void
test_flapping_facts(void)
{
    struct bench bench = bench_open();
    struct lineage lineage = { &bench, 0, 0 };

    for (int i = 0; i < 4; i++)
        live(&lineage, 60 * SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_FLAPPING, 0);
    g_assert_nonnull(finding);
    if (finding) {
        g_assert_cmpuint(finding->frame, ==, 180 + 11);
        g_assert_cmpuint(finding->sa->key.spi, ==, 3);
        g_assert_cmpuint(finding->other->key.spi, ==, 4);
        g_assert_true(says(&bench, finding, ": 3 SAs in a row were replaced early within 180 s (window 900 s)"));
        g_assert_true(rests_on(finding, 1) && rests_on(finding, 61) && rests_on(finding, 121));
    }
    bench_close(&bench);
}

static void
test_flapping_once_per_episode(void)
{
    struct bench bench = bench_open();
    struct lineage lineage = { &bench, 0, 0 };

    for (int i = 0; i < 20; i++)
        live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 1);
    live(&lineage, 2000 * SECOND);      /* it stops */
    live(&lineage, 60 * SECOND);
    live(&lineage, 60 * SECOND);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 1);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 2);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 2);
    bench_close(&bench);
}

/* SAs that live long enough don't count, and don't break the count either. */
static void
test_flapping_with_long_ones_between(void)
{
    struct bench bench = bench_open();
    struct lineage lineage = { &bench, 0, 0 };

    live(&lineage, 60 * SECOND);
    live(&lineage, 310 * SECOND);
    live(&lineage, 60 * SECOND);
    live(&lineage, 310 * SECOND);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 0);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 1);
    bench_close(&bench);
}

/* The churn is still within the window, so that it has not stopped: not said again. */
static void
test_flapping_episode_with_long_ones(void)
{
    struct bench bench = bench_open();
    struct lineage lineage = { &bench, 0, 0 };

    bench.judge.limits.churn_window = 7200;
    for (int i = 0; i < 3; i++)
        live(&lineage, 60 * SECOND);
    for (int i = 0; i < 4; i++)
        live(&lineage, 310 * SECOND);
    live(&lineage, 60 * SECOND);
    live(&lineage, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 1);
    bench_close(&bench);
}

/* Two parallel lineages with two churned SAs each: neither flaps. */
static void
test_flapping_is_per_lineage(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 99 * SECOND, SECOND, 0, NULL },
        { there(2), 500 * MILLISECOND, 150 * SECOND, SECOND, 0, NULL },
        { there(3), 100 * SECOND, 199 * SECOND, SECOND, 0, NULL },
        { there(4), 151 * SECOND, 250 * SECOND, SECOND, 0, NULL },
        { there(5), 200 * SECOND, 700 * SECOND, SECOND, 0, NULL },
        { there(6), 251 * SECOND, 700 * SECOND, SECOND, 0, NULL },
    };

    play(&bench, talker, G_N_ELEMENTS(talker));
    g_assert_cmpuint(finding_count(&bench, FINDING_SPI_CHURN), ==, 4);
    g_assert_cmpuint(finding_count(&bench, FINDING_FLAPPING), ==, 0);
    bench_close(&bench);
}

/* --- stale SPI --- */

static void
test_stale_spi(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_series(&bench, there(2), 1, 60, 20 * SECOND, SECOND);
    feed_one(&bench, there(1), 21, 80 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 1);
    feed_one(&bench, there(1), 22, 81 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_STALE_SPI, 0);
    if (finding) {
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_SUSPECTED);
        g_assert_cmpuint(finding->sa->key.spi, ==, 1);
        g_assert_cmpuint(finding->other->key.spi, ==, 2);
        g_assert_cmpuint(finding->frame, ==, 81);
        g_assert_true(says(&bench, finding, "traffic 60.0 s after its successor 0x00000002"));
        g_assert_true(rests_on(finding, 21));
    }
    bench_close(&bench);
}

/* Within the grace nothing is stale. */
static void
test_handover_is_not_stale(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_series(&bench, there(2), 1, 5, 20 * SECOND, SECOND);
    feed_series(&bench, there(1), 21, 4, 25 * SECOND, SECOND);
    feed_series(&bench, there(2), 6, 60, 29 * SECOND, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, 1);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 0);
    bench_close(&bench);
}

/* An SA that had paused long before the other was born may be parallel: no more than suspected. */
static void
test_pause_is_suspected(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 20, 0, SECOND);
    feed_series(&bench, there(2), 1, 60, 120 * SECOND, SECOND);
    feed_one(&bench, there(1), 21, 180 * SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_STALE_SPI, 0);
    g_assert_true(!finding || finding->confidence == CONFIDENCE_SUSPECTED);
    bench_close(&bench);
}

/* After its Delete, past the grace: said once, proven where the Delete named it. */
static void
assert_stale_after_delete(bool named, enum confidence confidence)
{
    struct bench bench = bench_open();
    struct sa *sa = feed_series(&bench, there(1), 1, 20, 0, SECOND);

    sa->deleted_frame = 20;
    sa->deleted_time = moment(20 * SECOND);
    sa->delete_named_it = named;
    feed_one(&bench, there(1), 21, 30 * SECOND - 1);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 0);
    feed_one(&bench, there(1), 22, 30 * SECOND);
    feed_one(&bench, there(1), 23, 60 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_STALE_SPI, 0);
    if (finding) {
        g_assert_cmpuint(finding->frame, ==, 22);
        g_assert_cmpuint(finding->confidence, ==, confidence);
        g_assert_true(says(&bench, finding, "traffic 10.0 s after it was deleted (frame 20)"));
        g_assert_true(rests_on(finding, 20));
    }
    bench_close(&bench);
}

static void
test_stale_after_delete(void)
{
    assert_stale_after_delete(true, CONFIDENCE_PROVEN);
    assert_stale_after_delete(false, CONFIDENCE_INFERRED);
}

static void
test_parallel_flow_is_never_stale(void)
{
    struct bench bench = bench_open();
    struct talker talker[] = {
        { there(1), 0, 200 * SECOND, SECOND, 0, NULL },
        { there(2), SECOND / 2, 100 * SECOND, SECOND, 0, NULL },
        { there(3), 101 * SECOND, 200 * SECOND, SECOND, 0, NULL },
    };

    play(&bench, talker, G_N_ELEMENTS(talker));
    feed_one(&bench, there(2), 102, 201 * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_STALE_SPI), ==, 0);
    bench_close(&bench);
}

/* --- sequence --- */

static unsigned
replayed(uint32_t distance)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1000, 100, 0, SECOND);
    feed_series(&bench, there(1), 1101, distance, 100 * SECOND, MILLISECOND);
    feed_one(&bench, there(1), 1100, 101 * SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_REPLAY_WINDOW, 0);
    if (finding) {
        g_autofree char *part = g_strdup_printf(": %u packets behind the highest, more than a replay window of 64", distance);
        g_assert_true(says(&bench, finding, part));
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_PROVEN);
    }
    unsigned count = finding_count(&bench, FINDING_REPLAY_WINDOW);
    bench_close(&bench);
    return count;
}

static void
test_replay_window_edges(void)
{
    g_assert_cmpuint(replayed(1), ==, 0);
    g_assert_cmpuint(replayed(63), ==, 0);
    g_assert_cmpuint(replayed(64), ==, 1);
    g_assert_cmpuint(replayed(65), ==, 1);
    g_assert_cmpuint(replayed(500), ==, 1);
}

static void
test_replayed_duplicate(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 10, 0, SECOND);
    feed_one(&bench, there(1), 8, 60 * SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_REPLAY_WINDOW, 0);
    g_assert_nonnull(finding);
    if (finding) {
        g_assert_true(says(&bench, finding, "received before"));
    }
    bench_close(&bench);
}

static void
test_restart(void)
{
    struct bench bench = bench_open();
    struct line line = there(1);

    feed_series(&bench, line, 1, 500, 0, SECOND);
    for (uint32_t i = 1; i <= 50; i++) {
        struct ipsec_packet packet = packet_of(&line, i, (500 + i) * SECOND);
        packet.fingerprint ^= 0xffff0000U;
        feed(&bench, packet);
    }
    g_assert_cmpuint(finding_count(&bench, FINDING_SEQUENCE_RESTART), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_SEQUENCE_RESTART, 0);
    if (finding) {
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_PROVEN);
        g_assert_cmpuint(finding->frame, ==, 503);
        g_assert_true(says(&bench, finding, "started again at 1 after 500"));
        g_assert_true(rests_on(finding, 502));
    }
    bench_close(&bench);
}

static void
test_exhausted(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), UINT32_MAX - 20, 40, 0, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_SEQUENCE_EXHAUSTED), ==, 2);
    const struct finding *near = finding_find(&bench, FINDING_SEQUENCE_EXHAUSTED, 0);
    const struct finding *wrapped = finding_find(&bench, FINDING_SEQUENCE_EXHAUSTED, 1);
    if (near && wrapped) {
        g_assert_cmpuint(near->frame, ==, 2);
        g_assert_true(says(&bench, near, ", close to 2^32"));
        g_assert_cmpuint(wrapped->frame, ==, 22);
        g_assert_true(says(&bench, wrapped, " passed 2^32"));
    }
    bench_close(&bench);
}

static void
test_loss(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 10, 0, 100 * MILLISECOND);
    feed_series(&bench, there(1), 16, 20, SECOND, 100 * MILLISECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_LOSS), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_LOSS, 0);
    if (finding) {
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_INFERRED);
        g_assert_true(says(&bench, finding, ": 5 sequence numbers are missing"));
        g_assert_cmpuint(finding->frame, ==, 21);       /* a second after frame 11 */
        g_assert_true(rests_on(finding, 11));
    }
    bench_close(&bench);
}

static void
test_loss_by_window_is_proven(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, there(1), 1, 10, 0, MILLISECOND);
    feed_series(&bench, there(1), 16, 100, 10 * MILLISECOND, MILLISECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_LOSS), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_LOSS, 0);
    g_assert_true(finding && says(&bench, finding, ": 5 sequence numbers are missing"));
    g_assert_cmpuint(finding ? finding->confidence : 0, ==, CONFIDENCE_PROVEN);
    bench_close(&bench);
}

/* Two packets in one frame, each with a gap that is settled at once: told once, and nothing twice. */
static void
test_loss_in_one_frame(void)
{
    struct bench bench = bench_prepare();
    struct line line = there(1);

    bench.limits.sequence.replay_window = 0;
    bench_start(&bench);
    feed_one(&bench, line, 1, 0);
    tracker_begin_frame(bench.tracker);
    for (uint32_t i = 1; i <= 2; i++) {
        struct ipsec_packet packet = packet_of(&line, 1 + 2 * i, SECOND);
        packet.frame = 2;
        tracker_take_ipsec(bench.tracker, &packet);
    }
    nstime_t now = moment(SECOND);
    judge_changes(&bench, 2, &now);
    g_assert_cmpuint(finding_count(&bench, FINDING_LOSS), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_LOSS, 0);
    g_assert_true(finding && says(&bench, finding, ": 2 sequence numbers are missing"));
    bench_close(&bench);
}

static void
test_reordered_is_no_loss(void)
{
    struct bench bench = bench_open();

    for (uint32_t i = 0; i < 100; i++) {
        feed_one(&bench, there(1), 2 * i + 2, i * SECOND);
        feed_one(&bench, there(1), 2 * i + 1, i * SECOND + MILLISECOND);
    }
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 0);
    bench_close(&bench);
}

/* --- one way, NAT, limit --- */

static void
test_one_way(void)
{
    struct bench bench = bench_open();

    feed_series(&bench, back(2), 1, 5, 0, SECOND);              /* frames 1 to 5 */
    feed_series(&bench, there(1), 1, 61, 10 * SECOND, SECOND);  /* from frame 6 */
    g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_ONE_WAY, 0);
    if (finding) {
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_INFERRED);
        g_assert_cmpuint(finding->frame, ==, 6 + 30 + 1);       /* behind what was not answered for 30 s */
        g_assert_true(says(&bench, finding, "carried 32 packets in 31.0 s and nothing"));
        g_assert_cmpuint(finding->sa->key.spi, ==, 1);
        g_assert_true(rests_on(finding, 5) && rests_on(finding, 6));
    }
    bench_close(&bench);
}

/* The peer was heard in IKE only: its ESP may take another way. */
static void
test_one_way_suspected(void)
{
    struct bench bench = bench_open();
    struct sa *sa = feed_one(&bench, there(1), 1, 0);

    sa->flow->tunnel->ike_heard[0] = true;      /* the sender itself proves nothing */
    feed_series(&bench, there(1), 2, 60, SECOND, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, 0);
    sa->flow->tunnel->ike_heard[1] = true;
    feed_series(&bench, there(1), 62, 2, 61 * SECOND, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_ONE_WAY, 0);
    if (finding)
        g_assert_cmpuint(finding->confidence, ==, CONFIDENCE_SUSPECTED);
    bench_close(&bench);
}

static void
test_nat_rebinding(void)
{
    struct bench bench = bench_open();
    struct line line = { v4(1, 1024), v4(2, 4500), IPSEC_ESP, 7 };

    feed_series(&bench, line, 1, 10, 0, SECOND);
    line.source.port = 1025;
    feed_series(&bench, line, 11, 10, 10 * SECOND, SECOND);
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_NAT_REBINDING, 0);
    g_assert_nonnull(finding);
    if (finding) {
        g_assert_cmpuint(finding->frame, ==, 11);
        g_assert_true(says(&bench, finding, " in place of 10.0.0.1:1024"));
        g_assert_true(rests_on(finding, 10));
    }
    bench_close(&bench);
}

static void
test_limit_reached_once(void)
{
    struct bench bench = bench_prepare();

    bench.limits.max_sas = 2;
    bench_start(&bench);
    for (uint32_t spi = 1; spi <= 20; spi++)
        feed_one(&bench, there(spi), 1, spi * SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_LIMIT_REACHED), ==, 1);
    const struct finding *finding = finding_find(&bench, FINDING_LIMIT_REACHED, 0);
    if (finding) {
        g_assert_cmpuint(finding->frame, ==, 3);
        g_assert_true(says(&bench, finding, "More than 2 SAs: "));
        g_assert_null(finding->sa);
        g_assert_true(findings_of(bench.judge.findings, NULL)->first == finding);
    }
    bench_close(&bench);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/findings/list", test_findings_list);
    g_test_add_func("/findings/evidence", test_evidence);
    g_test_add_func("/findings/words", test_each_finding_has_words);
    g_test_add_func("/findings/details", test_details);
    g_test_add_func("/findings/no-room", test_no_room_for_findings);
    g_test_add_func("/findings/first-and-surer", test_room_for_the_first_and_the_surer);
    g_test_add_func("/judge/not-read", test_not_read);
    g_test_add_func("/judge/volume-rekey", test_volume);
    g_test_add_func("/findings/long-text", test_long_text_is_cut);
    g_test_add_func("/judge/rekey", test_rekey);
    g_test_add_func("/judge/churn/edges", test_churn_edges);
    g_test_add_func("/judge/churn/minimum-age-never", test_minimum_age_never_churns);
    g_test_add_func("/judge/churn/facts", test_churn_facts);
    g_test_add_func("/judge/churn/parallel-is-none", test_parallel_is_no_churn);
    g_test_add_func("/judge/flapping/window-edges", test_flapping_window_edges);
    g_test_add_func("/judge/flapping/at-exactly-the-count", test_flapping_at_exactly_the_count);
    g_test_add_func("/judge/flapping/facts", test_flapping_facts);
    g_test_add_func("/judge/flapping/once-per-episode", test_flapping_once_per_episode);
    g_test_add_func("/judge/flapping/long-ones-between", test_flapping_with_long_ones_between);
    g_test_add_func("/judge/flapping/episode-with-long-ones", test_flapping_episode_with_long_ones);
    g_test_add_func("/judge/flapping/is-per-lineage", test_flapping_is_per_lineage);
    g_test_add_func("/judge/stale-spi/said", test_stale_spi);
    g_test_add_func("/judge/stale-spi/handover-is-not", test_handover_is_not_stale);
    g_test_add_func("/judge/stale-spi/pause-is-suspected", test_pause_is_suspected);
    g_test_add_func("/judge/stale-spi/after-delete", test_stale_after_delete);
    g_test_add_func("/judge/stale-spi/parallel-is-never", test_parallel_flow_is_never_stale);
    g_test_add_func("/judge/sequence/replay-window-edges", test_replay_window_edges);
    g_test_add_func("/judge/sequence/replayed-duplicate", test_replayed_duplicate);
    g_test_add_func("/judge/sequence/restart", test_restart);
    g_test_add_func("/judge/sequence/exhausted", test_exhausted);
    g_test_add_func("/judge/loss/said", test_loss);
    g_test_add_func("/judge/loss/by-window-is-proven", test_loss_by_window_is_proven);
    g_test_add_func("/judge/loss/in-one-frame", test_loss_in_one_frame);
    g_test_add_func("/judge/loss/reordered-is-none", test_reordered_is_no_loss);
    g_test_add_func("/judge/one-way/inferred", test_one_way);
    g_test_add_func("/judge/one-way/suspected", test_one_way_suspected);
    g_test_add_func("/judge/nat-rebinding", test_nat_rebinding);
    g_test_add_func("/judge/limit-reached-once", test_limit_reached_once);
    return test_run();
}

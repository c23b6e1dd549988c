/* test_words.c
 * Small text: addresses, durations, moments; and that whoever hands in how to write them is asked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"
#include "words/ike_words.h"

static void
test_addresses(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const struct words words = words_plain(pool, no_ip_protocol);
    const struct endpoint ends[] = { v4(1, 0), v4(1, 500), v4(1, 4500), v4(1, 1024), v6(1, 0), v6(1, 1024) };
    /* a port is told where it is not one that IKE and ESP have by themselves (RFC 3948) */
    static const char *const expected[] = { "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1:1024", "2001:db8::1", "[2001:db8::1]:1024" };
    const struct ip_address none = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        g_assert_cmpstr(words_endpoint(&words, &ends[i]), ==, expected[i]);
    g_assert_cmpstr(words_address(&words, &none), ==, "?");
    wmem_destroy_allocator(pool);
}

static void
test_times(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const struct words words = words_plain(pool, no_ip_protocol);
    const nstime_t short_one = { 99, 999999999 }, long_one = { 100, 999999999 }, never = { INT64_MAX, 0 };
    const nstime_t epoch = { 1700000000, 902949999 };       /* date -u -d @1700000000 */

    g_assert_cmpstr(words_duration(&words, &short_one), ==, "99.9 s");
    g_assert_cmpstr(words_duration(&words, &long_one), ==, "100 s");
    g_assert_cmpstr(words_moment(&words, &epoch), ==, "2023-11-14 22:13:20 UTC");
    g_assert_cmpstr(words_instant(&words, &epoch), ==, "2023-11-14 22:13:20.902949");
    g_assert_cmpstr(words_instant_in_zone(&words, &epoch), ==, "2023-11-14 22:13:20.902949 UTC");
    g_assert_cmpstr(words_time_of_day(&words, &epoch), ==, "22:13:20.902");
    g_assert_cmpstr(words_moment(&words, &never), ==, "? UTC");
    g_assert_cmpstr(words_instant(&words, &never), ==, "?");
    wmem_destroy_allocator(pool);
}

static int32_t
india(const nstime_t *moment)
{
    g_assert_nonnull(moment);
    return 5 * 3600 + 1800;
}

static int32_t
newfoundland(const nstime_t *moment)
{
    g_assert_nonnull(moment);
    return -(3 * 3600 + 1800);
}

/* TZ=Asia/Kolkata date -d @1700000000, and so on */
static void
test_zones(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    struct words words = words_plain(pool, no_ip_protocol);
    const nstime_t epoch = { 1700000000, 902949999 };

    words.zone = india;
    g_assert_cmpstr(words_moment(&words, &epoch), ==, "2023-11-15 03:43:20 UTC+05:30");
    g_assert_cmpstr(words_instant(&words, &epoch), ==, "2023-11-15 03:43:20.902949");
    g_assert_cmpstr(words_time_of_day(&words, &epoch), ==, "03:43:20.902");
    words.zone = newfoundland;
    g_assert_cmpstr(words_instant_in_zone(&words, &epoch), ==, "2023-11-14 18:43:20.902949 UTC-03:30");
    wmem_destroy_allocator(pool);
}

/* One subnet, as a prefix; a range that is none; a protocol with a port; what was not read whole (RFC 7296 section 3.13.1). */
static void
test_selectors(void)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const struct words words = words_plain(pool, no_ip_protocol);
    struct selectors ours = { .count = 1 }, theirs = { .count = 1 };

    ours.item[0] = (struct traffic_selector){ .start = { 4, { 10, 1, 0, 0 } }, .end = { 4, { 10, 1, 0, 255 } }, .end_port = UINT16_MAX };
    theirs.item[0] = (struct traffic_selector){ .start = { 4, { 10, 2, 0, 1 } }, .end = { 4, { 10, 2, 0, 3 } }, .protocol = 6,
            .start_port = 80, .end_port = 80 };
    g_assert_cmpstr(words_selectors(&words, &ours, &theirs), ==, "10.1.0.0/24 \xe2\x86\x94 10.2.0.1-10.2.0.3 an IP protocol port 80");
    theirs.count = 0;
    theirs.incomplete = true;
    g_assert_cmpstr(words_selectors(&words, &ours, &theirs), ==, "10.1.0.0/24 \xe2\x86\x94 any, ...");
    wmem_destroy_allocator(pool);
}

static char *
name_of(wmem_allocator_t *scope, const struct ip_address *address)
{
    return wmem_strdup_printf(scope, "gateway %u", address->bytes[3]);
}

static void
test_counts(void)
{
    const struct words words = words_plain(NULL, no_ip_protocol);
    static const struct {
        uint64_t count;
        const char *packets, *times;
    } cases[] = { { 0, "0 packets", "0 times" }, { 1, "1 packet", "once" }, { 2, "2 packets", "2 times" },
            { UINT64_MAX, "18446744073709551615 packets", "18446744073709551615 times" } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *packets = words_count(&words, cases[i].count, "packet", "packets"), *times = words_times(&words, cases[i].count);
        g_assert_cmpstr(packets, ==, cases[i].packets);
        g_assert_cmpstr(times, ==, cases[i].times);
        wmem_free(NULL, packets);
        wmem_free(NULL, times);
    }
}

/* A finding's addresses are written as whoever shows it wants. */
static void
test_own_names(void)
{
    struct bench bench = bench_open();
    struct words words = words_plain(bench.pool, no_ip_protocol);
    struct line line = { v4(1, 1024), v4(2, 4500), IPSEC_ESP, 7 };

    words.name = name_of;
    feed_series(&bench, line, 1, 10, 0, SECOND);
    line.source.port = 1025;
    feed_series(&bench, line, 11, 10, 10 * SECOND, SECOND);
    const struct finding *finding = finding_find(&bench, FINDING_NAT_REBINDING, 0);
    g_assert_nonnull(finding);
    if (finding)
        g_assert_true(g_str_has_prefix(finding_text(&words, finding),
                "ESP SPI 0x00000007 to gateway 2 (10.0.0.2) goes on with a new address or port in place of gateway 1 (10.0.0.1:1024)"));
    bench_close(&bench);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/words/addresses", test_addresses);
    g_test_add_func("/words/times", test_times);
    g_test_add_func("/words/zones", test_zones);
    g_test_add_func("/words/selectors", test_selectors);
    g_test_add_func("/words/counts", test_counts);
    g_test_add_func("/words/own-names", test_own_names);
    return test_run();
}

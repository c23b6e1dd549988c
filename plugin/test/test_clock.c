/* test_clock.c
 * Differences between moments: exact, never negative, saturating at the ends of time_t.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include "clock.h"

static nstime_t
raw_time(int64_t secs, int nsecs)
{
    nstime_t time = NSTIME_INIT_ZERO;

    time.secs = (time_t)secs;
    time.nsecs = nsecs;
    return time;
}

static void
assert_elapsed(nstime_t from, nstime_t to, int64_t secs, int nsecs)
{
    nstime_t span = clock_elapsed(&from, &to);

    g_assert_cmpint(span.secs, ==, secs);
    g_assert_cmpint(span.nsecs, ==, nsecs);
}

static void
test_elapsed(void)
{
    assert_elapsed(raw_time(5, 0), raw_time(5, 0), 0, 0);
    assert_elapsed(raw_time(5, 1), raw_time(5, 2), 0, 1);
    assert_elapsed(raw_time(5, 999999999), raw_time(6, 0), 0, 1);
    assert_elapsed(raw_time(5, 200000000), raw_time(7, 100000000), 1, 900000000);
    assert_elapsed(raw_time(-3, 500000000), raw_time(2, 250000000), 4, 750000000);
}

static void
test_backwards_is_zero(void)
{
    assert_elapsed(raw_time(5, 2), raw_time(5, 1), 0, 0);
    assert_elapsed(raw_time(6, 0), raw_time(5, 999999999), 0, 0);
    assert_elapsed(raw_time(INT32_MAX, 0), raw_time(1, 0), 0, 0);
}

static void
test_passed_edges(void)
{
    nstime_t zero = raw_time(100, 0);
    nstime_t below = raw_time(399, 999999999), exact = raw_time(400, 0), above = raw_time(400, 1);

    g_assert_false(clock_passed(&zero, &below, 300));
    g_assert_true(clock_passed(&zero, &exact, 300));
    g_assert_true(clock_passed(&zero, &above, 300));
    g_assert_false(clock_passed(&exact, &zero, 300));
    g_assert_true(clock_passed(&zero, &zero, 0));
}

static void
test_passed_ms_edges(void)
{
    nstime_t zero = raw_time(0, 500000000);
    nstime_t below = raw_time(1, 499999999), exact = raw_time(1, 500000000);

    g_assert_false(clock_passed_ms(&zero, &below, 1000));
    g_assert_true(clock_passed_ms(&zero, &exact, 1000));
    below = raw_time(0, 509999999);
    exact = raw_time(0, 510000000);
    g_assert_false(clock_passed_ms(&zero, &below, 10));
    g_assert_true(clock_passed_ms(&zero, &exact, 10));
}

static void
test_longest_preference(void)
{
    nstime_t zero = raw_time(0, 0);
    nstime_t below = raw_time(UINT32_MAX - INT64_C(1), 999999999), exact = raw_time(UINT32_MAX, 0);

    g_assert_false(clock_passed(&zero, &below, UINT32_MAX));
    g_assert_true(clock_passed(&zero, &exact, UINT32_MAX));
}

/* More than 2^31 seconds apart: 1970 to 2065, or a broken clock. */
static void
test_far_apart(void)
{
    assert_elapsed(raw_time(0, 0), raw_time(INT64_C(3000000000), 7), INT64_C(3000000000), 7);
    assert_elapsed(raw_time(INT64_C(3000000000), 7), raw_time(0, 0), 0, 0);
    assert_elapsed(raw_time(0, 0), raw_time(INT64_C(1) << 32, 0), INT64_C(1) << 32, 0);
}

static void
test_ends_of_range(void)
{
    nstime_t least = raw_time(INT64_MIN, 0), most = raw_time(INT64_MAX, 999999999);
    nstime_t span = clock_elapsed(&least, &most);

    g_assert_cmpint(span.secs, ==, INT64_MAX);
    span = clock_elapsed(&most, &least);
    g_assert_cmpint(span.secs, ==, 0);
    g_assert_cmpint(span.nsecs, ==, 0);
    g_assert_true(clock_passed(&least, &most, UINT32_MAX));
    g_assert_false(clock_passed(&most, &least, 1));
    g_assert_true(clock_passed_ms(&least, &most, UINT64_MAX / 2000));
    g_assert_cmpint(clock_later_by(&most, UINT32_MAX).secs, ==, INT64_MAX);
    g_assert_cmpint(clock_later_by(&least, 10).secs, ==, INT64_MIN + 10);
    nstime_t second = { .secs = 1 };
    g_assert_cmpint(clock_after(&second, (double)INT64_MAX).secs, ==, INT64_MAX);
    g_assert_cmpint(clock_after(&least, 2. * (double)INT64_MAX).secs, ==, INT64_MAX);
    g_assert_cmpint(clock_after(&second, 0x1p62).secs, ==, (INT64_C(1) << 62) + 1);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/clock/elapsed", test_elapsed);
    g_test_add_func("/clock/backwards-is-zero", test_backwards_is_zero);
    g_test_add_func("/clock/passed-edges", test_passed_edges);
    g_test_add_func("/clock/passed-ms-edges", test_passed_ms_edges);
    g_test_add_func("/clock/longest-preference", test_longest_preference);
    g_test_add_func("/clock/far-apart", test_far_apart);
    g_test_add_func("/clock/ends-of-range", test_ends_of_range);
    return test_run();
}

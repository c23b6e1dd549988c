/* test_recent.c
 * Copies that the capture made: same SA, number and content, within 10 ms.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

static struct ipsec_packet
recent_packet(uint32_t sequence, int64_t ns)
{
    struct line line = there(0x1000);
    struct ipsec_packet packet = packet_of(&line, sequence, ns);

    packet.frame = 7;
    return packet;
}

static void
test_empty(void)
{
    struct recent *recent = g_new0(struct recent, 1);
    struct ipsec_packet packet = recent_packet(0, 0);

    packet.fingerprint = 0;
    packet.time = (nstime_t)NSTIME_INIT_ZERO;
    g_assert_false(recent_has_copy(recent, 0, &packet));
    g_free(recent);
}

static void
test_what_is_a_copy(void)
{
    struct recent *recent = g_new0(struct recent, 1);
    struct ipsec_packet packet = recent_packet(5, 0);

    recent_add(recent, 3, &packet);
    g_assert_true(recent_has_copy(recent, 3, &packet));
    g_assert_false(recent_has_copy(recent, 4, &packet));
    struct ipsec_packet other = packet;
    other.fingerprint++;
    g_assert_false(recent_has_copy(recent, 3, &other));
    other = packet;
    other.sequence++;
    g_assert_false(recent_has_copy(recent, 3, &other));
    g_free(recent);
}

/* Two SAs at a thousand packets a second each, one some numbers ahead of the other, and copies 5 ms later: all are known. */
static void
test_busy_neighbours(void)
{
    for (uint32_t ahead = 0; ahead < 200; ahead++) {
        struct recent *recent = g_new0(struct recent, 1);
        unsigned unknown = 0;
        for (uint32_t ms = 0; ms < 400; ms++) {
            struct ipsec_packet one = recent_packet(1000 + ms, ms * MILLISECOND), other = recent_packet(1000 + ahead + ms, ms * MILLISECOND);
            recent_add(recent, 0, &one);
            recent_add(recent, 1, &other);
            if (ms < 5)
                continue;
            one = recent_packet(1000 + ms - 5, ms * MILLISECOND);
            other = recent_packet(1000 + ahead + ms - 5, ms * MILLISECOND);
            unknown += !recent_has_copy(recent, 0, &one) + !recent_has_copy(recent, 1, &other);
        }
        g_assert_cmpuint(unknown, ==, 0);
        g_free(recent);
    }
}

static bool
is_copy_after(int64_t ns)
{
    struct recent *recent = g_new0(struct recent, 1);
    struct ipsec_packet first = recent_packet(5, 0), second = recent_packet(5, ns);

    recent_add(recent, 3, &first);
    bool copy = recent_has_copy(recent, 3, &second);
    g_free(recent);
    return copy;
}

static void
test_time_edges(void)
{
    g_assert_true(is_copy_after(0));
    g_assert_true(is_copy_after(10 * MILLISECOND - 1));
    g_assert_false(is_copy_after(10 * MILLISECOND + 1));
    g_assert_true(is_copy_after(-10 * MILLISECOND + 1));
    g_assert_false(is_copy_after(-10 * MILLISECOND - 1));
    g_assert_false(is_copy_after(3600 * SECOND));
}

/* Numbers, or SAs, that share a slot: the later one is kept, and neither is taken for the other. */
static void
test_shared_slots(void)
{
    struct recent *recent = g_new0(struct recent, 1);
    struct ipsec_packet one = recent_packet(5, 0), other = recent_packet(5 + RECENT_SLOTS, 0);

    other.fingerprint = one.fingerprint;
    recent_add(recent, 3, &one);
    g_assert_false(recent_has_copy(recent, 3, &other));
    recent_add(recent, 3, &other);
    g_assert_true(recent_has_copy(recent, 3, &other));
    g_assert_false(recent_has_copy(recent, 3, &one));
    for (uint32_t sa = 0; sa < 4 * RECENT_SLOTS; sa++)
        g_assert_true(recent_has_copy(recent, sa, &other) == (sa == 3));
    g_free(recent);
}

/* The last packets of one SA are all remembered: as many as there are slots. */
static void
test_holds_a_burst(void)
{
    struct recent *recent = g_new0(struct recent, 1);

    for (uint32_t i = 0; i < RECENT_SLOTS; i++) {
        struct ipsec_packet packet = recent_packet(UINT32_MAX - 100 + i, i * MICROSECOND);
        recent_add(recent, 12345, &packet);
    }
    for (uint32_t i = 0; i < RECENT_SLOTS; i++) {
        struct ipsec_packet packet = recent_packet(UINT32_MAX - 100 + i, i * MICROSECOND + MILLISECOND);
        g_assert_true(recent_has_copy(recent, 12345, &packet));
    }
    g_free(recent);
}

static void
test_ends_of_time(void)
{
    struct recent *recent = g_new0(struct recent, 1);
    struct ipsec_packet least = recent_packet(5, 0), most = least;

    least.time.secs = (time_t)INT64_MIN;
    most.time.secs = (time_t)INT64_MAX;
    most.time.nsecs = 999999999;
    recent_add(recent, 3, &least);
    g_assert_false(recent_has_copy(recent, 3, &most));
    recent_add(recent, 3, &most);
    g_assert_false(recent_has_copy(recent, 3, &least));
    g_assert_true(recent_has_copy(recent, 3, &most));
    g_free(recent);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/recent/empty", test_empty);
    g_test_add_func("/recent/what-is-a-copy", test_what_is_a_copy);
    g_test_add_func("/recent/time-edges", test_time_edges);
    g_test_add_func("/recent/shared-slots", test_shared_slots);
    g_test_add_func("/recent/holds-a-burst", test_holds_a_burst);
    g_test_add_func("/recent/ends-of-time", test_ends_of_time);
    g_test_add_func("/recent/busy-neighbours", test_busy_neighbours);
    return test_run();
}

/* test_path.c
 * What goes wrong on the way and at the receiver: shares that are lost or late, NAT mappings that are not followed, ICMP errors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge/share.h"
#include "judge/verdict.h"
#include "test.h"

#define MINUTES(n) ((n) * 60 * SECOND)

static struct verdict
verdict_at(struct bench *bench, int64_t now)
{
    bench->judge.now = moment(now);
    return verdict_of(tunnel_first(tracker_tunnels(bench->tracker)), &bench->judge);
}

static void
assert_verdict(struct bench *bench, int64_t now, unsigned state, unsigned cause, int by)
{
    struct verdict verdict = verdict_at(bench, now);

    g_assert_cmpstr(state_name(verdict.state), ==, state_name((uint8_t)state));
    g_assert_cmpstr(verdict_cause_name(verdict.cause), ==, verdict_cause_name(cause));
    g_assert_cmpint(verdict.by, ==, by);
}

/* --- a share over a minute --- */

/* Each so-many-th of count packets goes wrong, at a steady step. */
static unsigned
shares_over(uint32_t one_in, unsigned each, uint64_t count, int64_t step)
{
    struct share share = { 0 };
    struct share_seen seen;
    unsigned said = 0;

    for (uint64_t i = 1; i <= count; i++) {
        nstime_t now = moment((int64_t)i * step);
        if (i % each == 0)
            said += share_add(&share, 1, i, &now, (uint32_t)i, one_in, &seen);
    }
    return said;
}

static void
test_share(void)
{
    g_assert_cmpuint(shares_over(10, 8, 6100, SECOND / 10), >=, 9);     /* ten minutes */
    g_assert_cmpuint(shares_over(10, 20, 36000, SECOND / 10), ==, 0);   /* an hour of a twentieth */
    g_assert_cmpuint(shares_over(10, 8, 590, SECOND / 10), ==, 0);      /* not a minute */
    g_assert_cmpuint(shares_over(10, 8, 390, SECOND), ==, 0);           /* too few to tell */
    g_assert_cmpuint(shares_over(10, 8, 1000, SECOND), >=, 1);
}

/* Of few packets three in ten are too much, two in twenty are not, nor is each third one: that is a sample. */
static void
test_share_of_few(void)
{
    struct share much = { 0 }, little = { 0 };
    struct share_seen seen;
    unsigned said = 0;

    for (uint64_t i = 1; i <= 100; i++) {
        nstime_t now = moment((int64_t)i * 5 * SECOND);
        if (i % 10 == 0 || i % 10 == 3 || i % 10 == 4)
            said += share_add(&much, 1, i, &now, (uint32_t)i, 10, &seen);
        if (i % 20 == 0 || i % 20 == 7)
            g_assert_false(share_add(&little, 1, i, &now, (uint32_t)i, 10, &seen));
    }
    g_assert_cmpuint(said, ==, 1);
    g_assert_cmpuint(shares_over(10, 3, 390, 5 * SECOND), ==, 0);
}

/* One long hole, and a stray one long after it. */
static void
test_share_of_a_hole(void)
{
    struct share share = { 0 };
    struct share_seen seen;
    nstime_t hole = moment(0), stray = moment(MINUTES(2));

    g_assert_false(share_add(&share, 1000, 2000, &hole, 1, 10, &seen));
    g_assert_false(share_add(&share, 1, 4000, &stray, 2, 10, &seen));
}

/* --- loss --- */

/* Both directions at ten a second for so long; each so-many-th of the first one's is lost from a moment to another. */
static void
feed_lossy(struct bench *bench, unsigned each, int64_t from, int64_t until, int64_t end)
{
    uint32_t number = 0;

    for (int64_t now = 0; now < end; now += SECOND / 10) {
        number++;
        if (now < from || now >= until || number % each != 0)
            feed_one(bench, there(1), number, now);
        feed_one(bench, back(2), number, now + MILLISECOND);
    }
}

static void
test_heavy_loss(void)
{
    struct bench bench = bench_open();

    feed_lossy(&bench, 5, MINUTES(20), MINUTES(23), MINUTES(30));
    assert_verdict(&bench, MINUTES(30), STATE_DEGRADED, CAUSE_LOSS, PEER_NOT_SEEN);     /* nobody loses them but the way */
    bench_close(&bench);
}

static bool
is_lost(uint32_t number)
{
    return number % 10 == 0 || number % 10 == 3 || number % 10 == 4;
}

/* A packet in 5 s; three in ten of the first direction's are lost for ten minutes, and of the other one's where both is. */
static void
feed_slow(struct bench *bench, bool both)
{
    uint32_t number = 0;

    for (int64_t now = 0; now < MINUTES(30); now += 5 * SECOND) {
        bool lossy = ++number && now >= MINUTES(10) && now < MINUTES(20);
        if (!lossy || !is_lost(number))
            feed_one(bench, there(1), number, now);
        if (!lossy || !both || !is_lost(number + 1))
            feed_one(bench, back(2), number, now + MILLISECOND);
    }
}

static void
test_slow_loss(void)
{
    struct bench bench = bench_open();

    feed_slow(&bench, false);
    assert_verdict(&bench, MINUTES(30), STATE_DEGRADED, CAUSE_LOSS, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* It may be the capture that drops them. */
static void
test_slow_loss_both_ways(void)
{
    struct bench bench = bench_open();

    feed_slow(&bench, true);
    assert_verdict(&bench, MINUTES(30), STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

static void
test_some_loss_is_none(void)
{
    struct bench bench = bench_open();

    feed_lossy(&bench, 20, 0, MINUTES(60), MINUTES(60));
    g_assert_cmpuint(finding_count(&bench, FINDING_LOSS), >, 0);
    assert_verdict(&bench, MINUTES(60), STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* --- late packets --- */

/* The first direction's packet of that number, but that each so-many-th comes so many packets late. */
static void
feed_one_late(struct bench *bench, unsigned each, unsigned late, uint32_t number, int64_t now)
{
    if (number % each != 0)
        feed_one(bench, there(1), number, now);
    if (number > late && (number - late) % each == 0)
        feed_one(bench, there(1), number - late, now + MILLISECOND);
}

/* So many of both directions. */
static void
feed_late(struct bench *bench, unsigned each, unsigned late, uint32_t count)
{
    for (uint32_t number = 1; number <= count; number++) {
        int64_t now = number * (SECOND / 20);
        feed_one_late(bench, each, late, number, now);
        feed_one(bench, back(2), number, now + (2 * MILLISECOND));
    }
}

static void
test_late_packets(void)
{
    static const unsigned lates[] = { 100, 2000 };

    for (size_t i = 0; i < G_N_ELEMENTS(lates); i++) {
        struct bench bench = bench_open();
        feed_late(&bench, 40, lates[i], 6000);
        assert_verdict(&bench, MINUTES(5), STATE_DEGRADED, CAUSE_REPLAY_DROPS, 0);
        bench_close(&bench);
    }
}

/* What came too late before both directions carried traffic is history, beside a tunnel that works. */
static void
test_late_packets_before_it_worked(void)
{
    struct bench bench = bench_open();

    for (uint32_t number = 1; number < 6000; number++)
        feed_one_late(&bench, 40, 100, number, number * (SECOND / 20));
    for (uint32_t number = 6000; number <= 18000; number++) {
        feed_one(&bench, there(1), number, number * (SECOND / 20));
        feed_one(&bench, back(2), number, (number * (SECOND / 20)) + (2 * MILLISECOND));
    }
    struct verdict verdict = verdict_at(&bench, MINUTES(15));
    g_assert_cmpstr(state_name(verdict.state), ==, "stable");
    g_assert_true(verdict.history & (UINT64_C(1) << FINDING_REPLAY_WINDOW));
    bench_close(&bench);
}

static void
test_few_late_packets(void)
{
    struct bench bench = bench_open();

    feed_late(&bench, 300, 100, 12000);
    g_assert_cmpuint(finding_count(&bench, FINDING_REPLAY_WINDOW), >, 0);
    assert_verdict(&bench, MINUTES(10), STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* Every packet is seen again, 80 packets and a second later: at a second point of the path, whose clock is off. The first ones got
 * through. */
static void
test_copies_are_not_late(void)
{
    struct bench bench = bench_open();

    for (uint32_t number = 1; number <= 12000; number++) {
        int64_t now = number * (SECOND / 20);
        feed_one(&bench, there(1), number, now);
        if (number > 80)
            feed_one(&bench, there(1), number - 80, now + MILLISECOND);
        feed_one(&bench, back(2), number, now + (2 * MILLISECOND));
    }
    assert_verdict(&bench, MINUTES(10), STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* --- byte order --- */

static void
test_byte_order(void)
{
    struct bench bench = bench_open();

    for (uint32_t number = 250; number < 1000; number++) {
        feed_one(&bench, there(1), GUINT32_SWAP_LE_BE(number), number * SECOND);
        feed_one(&bench, back(2), number, (number * SECOND) + MILLISECOND);
    }
    g_assert_cmpuint(finding_count(&bench, FINDING_SEQUENCE_BYTE_ORDER), ==, 1);
    g_assert_true(says(&bench, finding_find(&bench, FINDING_SEQUENCE_BYTE_ORDER, 0), "little-endian"));
    g_assert_cmpuint(findings_count(bench.judge.findings), ==, 1);
    assert_verdict(&bench, 1000 * SECOND, STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* A step of millions that is none when read the other way round either. */
static void
test_a_gap_is_no_byte_order(void)
{
    struct bench bench = bench_open();

    feed_one(&bench, there(1), 1, 0);
    feed_one(&bench, there(1), 20000000, SECOND);
    feed_series(&bench, back(2), 65536, 600, 0, SECOND);
    g_assert_cmpuint(finding_count(&bench, FINDING_SEQUENCE_BYTE_ORDER), ==, 0);
    bench_close(&bench);
}

/* --- NAT mappings --- */

enum { OLD_PORT = 15410, NEW_PORT = 25610 };

struct natted {
    uint16_t from;                  /* the client's port, as the NAT gives it */
    uint16_t to;                    /* where the server sends */
};

/* A client behind a NAT and its server, at one packet a second each. */
static void
feed_natted(struct bench *bench, struct natted natted, uint32_t first, uint32_t count)
{
    struct line up = { v4(1, natted.from), v4(2, PORT_NAT_T), IPSEC_ESP, 1 };
    struct line down = { v4(2, PORT_NAT_T), v4(1, natted.to), IPSEC_ESP, 2 };

    for (uint32_t number = first; number < first + count; number++) {
        feed_one(bench, up, number, number * SECOND);
        feed_one(bench, down, number, (number * SECOND) + MILLISECOND);
    }
}

static void
test_mapping_not_followed(void)
{
    struct bench bench = bench_open();

    feed_natted(&bench, (struct natted){ OLD_PORT, OLD_PORT }, 1, 600);
    feed_natted(&bench, (struct natted){ NEW_PORT, OLD_PORT }, 601, 60);
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_MAPPING), ==, 1);
    g_assert_true(says(&bench, finding_find(&bench, FINDING_NAT_MAPPING, 0), ":25610"));
    assert_verdict(&bench, 660 * SECOND, STATE_ONE_WAY, CAUSE_NAT_MAPPING, 1);
    bench_close(&bench);
}

/* From the NAT's lack of one: the client was at its own port 4500 before. */
static void
test_mapping_from_the_own_port(void)
{
    struct bench bench = bench_open();

    feed_natted(&bench, (struct natted){ PORT_NAT_T, PORT_NAT_T }, 1, 600);
    feed_natted(&bench, (struct natted){ NEW_PORT, PORT_NAT_T }, 601, 60);
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_MAPPING), ==, 1);
    bench_close(&bench);
}

static void
test_mapping_followed(void)
{
    struct bench bench = bench_open();

    feed_natted(&bench, (struct natted){ OLD_PORT, OLD_PORT }, 1, 600);
    feed_natted(&bench, (struct natted){ NEW_PORT, OLD_PORT }, 601, 6);     /* within the grace */
    feed_natted(&bench, (struct natted){ NEW_PORT, NEW_PORT }, 607, 60);
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_MAPPING), ==, 0);
    assert_verdict(&bench, 667 * SECOND, STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* The capture sees each packet inside and outside of the NAT. */
static void
test_both_sides_of_a_nat(void)
{
    struct bench bench = bench_open();
    struct line inside_up = { v4(9, PORT_NAT_T), v4(2, PORT_NAT_T), IPSEC_ESP, 1 };
    struct line outside_up = { v4(1, NEW_PORT), v4(2, PORT_NAT_T), IPSEC_ESP, 1 };
    struct line outside_down = { v4(2, PORT_NAT_T), v4(1, NEW_PORT), IPSEC_ESP, 2 };
    struct line inside_down = { v4(2, PORT_NAT_T), v4(9, PORT_NAT_T), IPSEC_ESP, 2 };

    for (uint32_t number = 1; number < 100; number++) {
        feed_one(&bench, inside_up, number, number * SECOND);
        feed_one(&bench, outside_up, number, (number * SECOND) + 1000);
        feed_one(&bench, outside_down, number, (number * SECOND) + MILLISECOND);
        feed_one(&bench, inside_down, number, (number * SECOND) + MILLISECOND + 1000);
    }
    g_assert_cmpuint(finding_count(&bench, FINDING_NAT_MAPPING), ==, 0);
    bench_close(&bench);
}

/* --- ICMP --- */

enum { TYPE_UNREACHABLE = 3, CODE_NET = 0, CODE_PORT = 3, CODE_TOO_BIG = 4, CODE_FORBIDDEN = 13 };

static void
feed_icmp(struct bench *bench, uint8_t code, uint32_t mtu, int64_t ns)
{
    struct icmp_error error = { .time = moment(ns), .reporter = v4(9, 0).address, .type = TYPE_UNREACHABLE,
            .code = code, .mtu = mtu, .source = v4(1, 0), .destination = v4(2, 0), .protocol = IPSEC_ESP, .spi = 1 };

    feed_error(bench, &error);
}

/* Both directions at one packet a second; ICMP each so many seconds, from the tenth minute on. */
static void
feed_told(struct bench *bench, uint8_t code, int64_t each, int64_t end)
{
    for (int64_t second = 0; second < end; second++) {
        feed_one(bench, there(1), (uint32_t)second + 1, second * SECOND);
        feed_one(bench, back(2), (uint32_t)second + 1, (second * SECOND) + MILLISECOND);
        if (second >= 600 && second % each == 0)
            feed_icmp(bench, code, code == CODE_TOO_BIG ? 1400 : 0, (second * SECOND) + (2 * MILLISECOND));
    }
}

static void
test_path_mtu(void)
{
    struct bench bench = bench_open();

    feed_told(&bench, CODE_TOO_BIG, 3, 700);
    g_assert_cmpuint(finding_count(&bench, FINDING_PATH_MTU), ==, 1);
    g_assert_true(says(&bench, finding_find(&bench, FINDING_PATH_MTU, 0), "MTU 1400"));
    assert_verdict(&bench, 700 * SECOND, STATE_DEGRADED, CAUSE_PATH_MTU, 0);
    bench_close(&bench);
}

/* A sender that heeds it tries a larger packet every ten minutes (RFC 1191 section 6.3). */
static void
test_path_mtu_heeded(void)
{
    struct bench bench = bench_open();

    feed_told(&bench, CODE_TOO_BIG, 600, 7200);
    g_assert_cmpuint(finding_count(&bench, FINDING_PATH_MTU), ==, 0);
    assert_verdict(&bench, 7200 * SECOND, STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* Anybody can forge it: a tunnel that works goes on working. */
static void
test_unreachable_beside_what_works(void)
{
    struct bench bench = bench_open();

    feed_told(&bench, CODE_PORT, 20, 700);
    g_assert_cmpuint(finding_count(&bench, FINDING_ICMP_UNREACHABLE), ==, 5);
    assert_verdict(&bench, 700 * SECOND, STATE_STABLE, CAUSE_NONE, PEER_NOT_SEEN);
    bench_close(&bench);
}

/* "Communication administratively prohibited" (RFC 1812 section 5.2.7.1): it is the filter that has to be looked at. */
static void
test_forbidden(void)
{
    struct bench bench = bench_open();

    feed_told(&bench, CODE_FORBIDDEN, 20, 700);
    const struct finding *finding = finding_find(&bench, FINDING_ICMP_UNREACHABLE, 0);
    g_assert_true(finding && strstr(finding_check(finding, 0), "filter"));
    bench_close(&bench);
}

/* IKE_SA_INIT again and again, and each time a router, or the peer's own host, says that it can't be delivered. */
static void
ask_and_be_told(struct bench *bench, uint8_t code, bool by_peer)
{
    struct ike_message message = { .source = v4(1, PORT_IKE), .destination = v4(2, PORT_IKE), .initiator_spi = 77, .version = 2, .readable = true,
            .exchange_type = IKE2_IKE_SA_INIT, .flags = IKE2_FLAG_INITIATOR, .length = 400, .first_payload = IKE2_PAYLOAD_SA, .fingerprint = 1 };
    struct icmp_error error = { .reporter = v4(by_peer ? 2 : 9, 0).address, .type = TYPE_UNREACHABLE, .code = code,
            .source = v4(1, PORT_IKE), .destination = v4(2, PORT_IKE), .is_ike = true, .initiator_spi = 77 };

    for (int i = 0; i < 6; i++) {
        message.time = moment(i * 5 * SECOND);
        feed_ike(bench, &message);
        error.time = moment((i * 5 * SECOND) + MILLISECOND);
        feed_error(bench, &error);
    }
}

static void
test_never_up(void)
{
    static const struct { uint8_t code; bool by_peer; enum cause cause; } cases[] = {
        { CODE_NET, false, CAUSE_PEER_UNREACHABLE }, { CODE_PORT, true, CAUSE_PORT_UNREACHABLE },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct bench bench = bench_open();
        ask_and_be_told(&bench, cases[i].code, cases[i].by_peer);
        struct verdict verdict = verdict_at(&bench, 40 * SECOND);
        g_assert_cmpstr(state_name(verdict.state), ==, state_name(STATE_DOWN));
        g_assert_cmpstr(verdict_cause_name(verdict.cause), ==, verdict_cause_name(cases[i].cause));
        bench_close(&bench);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/path/share", test_share);
    g_test_add_func("/path/share-of-a-hole", test_share_of_a_hole);
    g_test_add_func("/path/heavy-loss", test_heavy_loss);
    g_test_add_func("/path/slow-loss", test_slow_loss);
    g_test_add_func("/path/slow-loss-both-ways", test_slow_loss_both_ways);
    g_test_add_func("/path/share-of-few", test_share_of_few);
    g_test_add_func("/path/some-loss-is-none", test_some_loss_is_none);
    g_test_add_func("/path/late-packets-before-it-worked", test_late_packets_before_it_worked);
    g_test_add_func("/path/late-packets", test_late_packets);
    g_test_add_func("/path/few-late-packets", test_few_late_packets);
    g_test_add_func("/path/copies-are-not-late", test_copies_are_not_late);
    g_test_add_func("/path/byte-order", test_byte_order);
    g_test_add_func("/path/a-gap-is-no-byte-order", test_a_gap_is_no_byte_order);
    g_test_add_func("/path/mapping-not-followed", test_mapping_not_followed);
    g_test_add_func("/path/mapping-from-the-own-port", test_mapping_from_the_own_port);
    g_test_add_func("/path/mapping-followed", test_mapping_followed);
    g_test_add_func("/path/both-sides-of-a-nat", test_both_sides_of_a_nat);
    g_test_add_func("/path/mtu", test_path_mtu);
    g_test_add_func("/path/mtu-heeded", test_path_mtu_heeded);
    g_test_add_func("/path/unreachable-beside-what-works", test_unreachable_beside_what_works);
    g_test_add_func("/path/icmp/forbidden", test_forbidden);
    g_test_add_func("/path/icmp/never-up", test_never_up);
    return test_run();
}

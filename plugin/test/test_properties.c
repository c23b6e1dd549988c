/* test_properties.c
 * Random ESP and AH traffic, and what must hold whatever it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#define LINES 24
#define EVENTS 1500

/* One packet as it was fed, and what the first pass showed for it. */
struct event {
    struct ipsec_packet packet;
    struct sa *sa;
    struct sequence_counts counts;
    bool taken;                     /* not left out as a copy */
};

struct world {
    struct bench bench;
    struct line line[LINES];
    uint32_t sequence[LINES];
    struct event *event;
    int64_t now;
    bool wild;                      /* with a clock that jumps to the ends of time */
};

static struct line
random_line(void)
{
    static const uint16_t ports[] = { 0, 0, 0, 4500, 4500, 1024, 1025 };
    bool forth = chance(50);
    uint8_t peer = (uint8_t)g_test_rand_int_range(10, 12);
    struct endpoint gateway = v4(1, 0), other = v4(peer, 0);
    struct line line = { gateway, other, chance(85) ? IPSEC_ESP : IPSEC_AH, 0 };

    other.port = ports[g_test_rand_int_range(0, G_N_ELEMENTS(ports))];
    gateway.port = other.port ? PORT_NAT_T : 0;
    line.source = forth ? gateway : other;
    line.destination = forth ? other : gateway;
    line.spi = 0x100 + (uint32_t)g_test_rand_int_range(0, LINES);
    return line;
}

static int64_t
random_step(void)
{
    switch (g_test_rand_int_range(0, 10)) {
    case 0: return g_test_rand_int_range(0, 60) * SECOND;
    case 1: return -g_test_rand_int_range(0, 20) * SECOND;
    case 2: return 0;
    default: return g_test_rand_int_range(0, 2000) * MILLISECOND;
    }
}

static uint32_t
random_sequence(struct world *world, int i)
{
    uint32_t *at = &world->sequence[i];

    switch (g_test_rand_int_range(0, 40)) {
    case 0: return *at += (uint32_t)g_test_rand_int_range(1, 100);
    case 1: return *at - (uint32_t)g_test_rand_int_range(0, 100);
    case 2: return *at;
    case 3: return chance(5) ? *at = UINT32_MAX - 3 : ++*at;
    case 4: return chance(20) ? *at = (uint32_t)g_test_rand_int_range(0, 3) : ++*at;
    case 5: return chance(5) ? (uint32_t)g_test_rand_int() : ++*at;
    default: return ++*at;
    }
}

static nstime_t
random_time(struct world *world)
{
    nstime_t time = moment(world->now += random_step());

    if (world->wild && chance(5)) {
        time.secs = (time_t)(chance(50) ? INT64_MAX : INT64_MIN);
        time.nsecs = chance(50) ? 0 : 999999999;
    }
    return time;
}

static struct ipsec_packet
random_packet(struct world *world, unsigned done)
{
    int i = g_test_rand_int_range(0, 4) + (int)(done / 75) % (LINES - 3);
    struct ipsec_packet packet = packet_of(&world->line[i], random_sequence(world, i), 0);

    packet.time = random_time(world);
    packet.length = (uint32_t)g_test_rand_int_range(24, 1500);
    packet.fingerprint = chance(5) ? (uint32_t)g_test_rand_int() : packet.fingerprint;
    if (packet.source.port && chance(2))
        packet.source.port = (uint16_t)g_test_rand_int_range(1024, 1030);
    return packet;
}

static struct world *
world_run(bool wild)
{
    struct world *world = g_new0(struct world, 1);

    world->wild = wild;
    world->bench = bench_open();
    world->event = g_new0(struct event, EVENTS);
    for (int i = 0; i < LINES; i++) {
        world->line[i] = random_line();
        world->sequence[i] = chance(80) ? 0 : (uint32_t)g_test_rand_int();
    }
    for (unsigned n = 0; n < EVENTS; n++) {
        struct event *event = &world->event[n];
        event->packet = random_packet(world, n);
        if (n > 0 && chance(5)) {       /* the capture's own copy */
            event->packet = world->event[n - 1].packet;
            event->packet.time.nsecs += event->packet.time.nsecs < 900000000 ? 1000 : 0;
        }
        world->bench.frame += (uint32_t)g_test_rand_int_range(0, 3);
        event->packet.frame = world->bench.frame + 1;
        uint64_t before = 0;
        for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next)
            before += sa->sequence.packets;
        event->sa = feed(&world->bench, event->packet);
        event->counts = sequence_counts(&event->sa->sequence);
        for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next)
            before -= sa->sequence.packets;
        event->taken = before != 0;
    }
    return world;
}

static void
world_end(struct world *world)
{
    bench_close(&world->bench);
    g_free(world->event);
    g_free(world);
}

/* Packets and bytes of the SAs are those that were fed. */
static bool
counts_add_up(const struct world *world)
{
    uint64_t packets = 0, bytes = 0, in_flows = 0, taken = 0, taken_bytes = 0;
    bool sane = true;

    for (unsigned n = 0; n < EVENTS; n++) {
        taken += world->event[n].taken;
        taken_bytes += world->event[n].taken ? world->event[n].packet.length : 0;
    }
    for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next) {
        struct sequence_counts counts = sequence_counts(&sa->sequence);
        packets += counts.packets;
        bytes += sa->bytes;
        sane = sane && (uint64_t)counts.duplicate + counts.reordered < counts.packets;
        sane = sane && counts.lost < UINT64_C(1) << 62;
    }
    for (const struct tunnel *t = tunnel_first(tracker_tunnels(world->bench.tracker)); t; t = t->next)
        in_flows += t->flow[0].packets + t->flow[1].packets;
    return sane && packets == taken && bytes == taken_bytes && in_flows == taken;
}

static bool
is_among_current(const struct sa *sa)
{
    unsigned found = 0;

    for (const struct sa *other = sa->flow->current; other; other = other->current_next)
        found += other == sa;
    return found == 1;
}

static bool
lineages_hold(const struct world *world)
{
    bool hold = true;

    for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next) {
        const struct sa *old = sa->predecessor;
        hold = hold && sa->first_frame <= sa->last_frame;
        hold = hold && (!sa->is_pending || sa->generation == 0);
        hold = hold && (sa->generation != 0 || sa->is_pending || sa->sequence.packets < 2);
        hold = hold && (!sa->is_current || sa->successor == NULL);
        hold = hold && (sa->is_current || sa->successor != NULL || sa->sequence.packets < 2);
        hold = hold && (sa->is_current == 1) == is_among_current(sa);
        if (sa->successor)
            hold = hold && sa->successor->predecessor == sa;
        if (!old) {
            hold = hold && sa->generation <= 1;
            continue;
        }
        hold = hold && old->successor == sa && sa->generation == old->generation + 1;
        hold = hold && old->flow == sa->flow && old->key.protocol == sa->key.protocol;
        hold = hold && old->first_frame < sa->first_frame;      /* so there are no cycles */
    }
    return hold;
}

static bool
times_hold(const struct world *world)
{
    bool hold = true;

    for (const struct sa *sa = sa_first(tracker_sas(world->bench.tracker)); sa; sa = sa->next)
        hold = hold && !is_before(&sa->last_time, &sa->first_time);
    return hold;
}

static bool
findings_hold(const struct world *world)
{
    const struct findings *findings = world->bench.judge.findings;
    uint32_t last = 0;
    bool hold = true;

    for (uint32_t i = 0; i < findings_count(findings); i++) {
        const struct finding *finding = findings_get(findings, i);
        uint32_t count, first = findings_on(findings, finding->frame, &count);
        hold = hold && finding->frame >= last && finding->key < FINDING_KEYS;
        hold = hold && first <= i && i < first + count;
        last = finding->frame;
        for (unsigned e = 0; e < finding->evidence_count; e++)
            hold = hold && finding->evidence[e] != 0 && finding->evidence[e] < finding->frame;
    }
    return hold;
}

/* Read again, each packet finds its SA, and counts what was counted the first time. */
static bool
second_pass_agrees(const struct world *world)
{
    bool agrees = true;

    for (unsigned n = 0; n < EVENTS; n++) {
        const struct event *event = &world->event[n];
        struct sequence_counts counts;
        agrees = agrees && tracker_find_at(world->bench.tracker, &event->packet) == event->sa;
        if (!event->taken)
            continue;
        agrees = agrees && sequence_counts_at(&event->sa->sequence, event->packet.frame,
                event->packet.sequence, &counts);
        agrees = agrees && counts.packets == event->counts.packets && counts.lost == event->counts.lost
                && counts.duplicate == event->counts.duplicate
                && counts.reordered == event->counts.reordered;
    }
    return agrees;
}

static void
test_random_traffic(void)
{
    for (unsigned round = 0; round < rounds(400); round++) {
        struct world *world = world_run(false);
        g_assert_true(counts_add_up(world));
        g_assert_true(lineages_hold(world));
        g_assert_true(times_hold(world));
        g_assert_true(findings_hold(world));
        g_assert_true(second_pass_agrees(world));
        world_end(world);
    }
}

static void
test_random_traffic_with_wild_clock(void)
{
    for (unsigned round = 0; round < rounds(200); round++) {
        struct world *world = world_run(true);
        g_assert_true(counts_add_up(world));
        g_assert_true(lineages_hold(world));
        g_assert_true(findings_hold(world));
        g_assert_true(second_pass_agrees(world));
        world_end(world);
    }
}

/* An SA ends no earlier than it begins, whatever the clock does. */
static void
test_wild_clock_order(void)
{
    for (unsigned round = 0; round < rounds(50); round++) {
        struct world *world = world_run(true);
        g_assert_true(times_hold(world));
        world_end(world);
    }
}

/* Lineages of steady tunnels that rekey: every SA but the first has its predecessor. */
static void
test_random_rekeys(void)
{
    for (unsigned round = 0; round < rounds(200); round++) {
        struct bench bench = bench_open();
        int64_t now = 0;
        unsigned churn = 0, count = (unsigned)g_test_rand_int_range(2, 12);
        for (unsigned i = 0; i < count; i++) {
            uint32_t life = (uint32_t)g_test_rand_int_range(20, 600);
            const struct sa *sa = feed_series(&bench, there(1 + i), 1, life, now, SECOND);
            g_assert_cmpuint(sa->generation, ==, i + 1);
            churn += life < 300 && i + 1 < count;
            now += life * SECOND;
        }
        g_assert_cmpuint(finding_count(&bench, FINDING_REKEY), ==, count - 1);
        g_assert_cmpuint(finding_count(&bench, FINDING_SPI_CHURN), ==, churn);
        bench_close(&bench);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/properties/random-traffic", test_random_traffic);
    g_test_add_func("/properties/wild-clock", test_random_traffic_with_wild_clock);
    g_test_add_func("/properties/wild-clock-order", test_wild_clock_order);
    g_test_add_func("/properties/random-rekeys", test_random_rekeys);
    return test_run();
}

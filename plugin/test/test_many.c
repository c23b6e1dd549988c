/* test_many.c
 * Several tunnels at once: troubles that they share, the worst first, and a scan. What was negotiated that a rule must know.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge/overview.h"
#include "judge/shared_trouble.h"
#include "stage.h"

#define TUNNELS 4
#define TICK (500 * MILLISECOND)
#define END (400 * SECOND)

/* B is their hub. */
static const uint8_t spokes[TUNNELS] = { 1, 3, 4, 5 };

/* When the hub deletes a tunnel's IKE SA, and when its spoke sets it up anew. */
static const struct fall {
    unsigned tunnel;
    int64_t from;
    int64_t until;
} falls[] = {
    { 0, 100 * SECOND, 102500 * MILLISECOND }, { 1, 100 * SECOND, 120 * SECOND }, { 2, 101500 * MILLISECOND, 131500 * MILLISECOND },
    { 3, 103 * SECOND, 113 * SECOND }, { 0, 104500 * MILLISECOND, 119500 * MILLISECOND },
};

enum tunnel_is { DUE, UP, DOWN };

/* Four stages that share a bench: each has it in turn. */
struct hub {
    struct bench bench;
    struct stage *stage[TUNNELS];
    enum tunnel_is is[TUNNELS];
};

static struct stage *
turn_of(struct hub *hub, unsigned tunnel)
{
    hub->stage[tunnel]->bench = hub->bench;
    return hub->stage[tunnel];
}

static void
turn_over(struct hub *hub, unsigned tunnel)
{
    hub->bench = hub->stage[tunnel]->bench;
}

/* Each tunnel's turn is a while after that of the one before, so that frames come in order. */
static void
tick(struct hub *hub, unsigned tunnel, int64_t ns)
{
    struct stage *stage = turn_of(hub, tunnel);
    int64_t own = ns + ((1 + (int64_t)tunnel) * 50 * MILLISECOND);

    if (hub->is[tunnel] == DUE) {
        set_up(stage, own, A);
        hub->is[tunnel] = UP;
    } else if (hub->is[tunnel] == UP) {
        send(stage, own, A);
        send(stage, own + ROUND_TRIP, B);
    }
    turn_over(hub, tunnel);
}

/* Deletes come at once. */
static void
fall_or_rise(struct hub *hub, const struct fall *fall, int64_t ns)
{
    if (fall->until == ns)
        hub->is[fall->tunnel] = DUE;
    if (fall->from != ns)
        return;
    inform(turn_of(hub, fall->tunnel), ns, B, IKE_PROTOCOL_IKE, 0, false);
    turn_over(hub, fall->tunnel);
    hub->is[fall->tunnel] = DOWN;
}

static struct hub *
open_hub(void)
{
    struct hub *hub = g_new0(struct hub, 1);

    for (unsigned i = 0; i < TUNNELS; i++) {
        hub->stage[i] = open_stage(true);
        hub->stage[i]->a = spokes[i];
        hub->stage[i]->ike_spi = (uint64_t)(i + 1) << 32;
        hub->stage[i]->spis = 1000 * (i + 1);
        if (i > 0)
            bench_close(&hub->stage[i]->bench);
    }
    hub->bench = hub->stage[0]->bench;
    return hub;
}

static void
close_hub(struct hub *hub)
{
    bench_close(&hub->bench);
    for (unsigned i = 0; i < TUNNELS; i++)
        g_free(hub->stage[i]);
    g_free(hub);
}

static struct hub *
played(void)
{
    struct hub *hub = open_hub();

    for (int64_t ns = 0; ns < END; ns += TICK) {
        for (size_t i = 0; i < G_N_ELEMENTS(falls); i++)
            fall_or_rise(hub, &falls[i], ns);
        for (unsigned i = 0; i < TUNNELS; i++)
            tick(hub, i, ns);
    }
    hub->bench.judge.now = moment(END);
    return hub;
}

/* The hub ends four tunnels within three seconds, and one of them once more: four tunnels share that, each once. */
static void
test_shared(void)
{
    struct hub *hub = played();
    nstime_t first = moment(0), last = moment(END), begin = moment(100 * SECOND), end = moment(103 * SECOND);
    uint32_t count;
    const struct shared_trouble *shared = shared_troubles(hub->bench.pool, tracker_tunnels(hub->bench.tracker), &hub->bench.judge, &first, &last, &count);

    g_assert_cmpuint(finding_count(&hub->bench, FINDING_OUTAGE), ==, G_N_ELEMENTS(falls));
    g_assert_cmpuint(count, ==, 1);
    if (count == 1) {
        g_assert_cmpuint(shared->tunnels, ==, TUNNELS);
        for (uint32_t i = 0; i < TUNNELS; i++)
            g_assert_cmpuint(shared->id[i], ==, i);
        g_assert_cmpuint(shared->gateway->bytes[3], ==, 2);
        g_assert_true(same_time(&shared->first, &begin) && same_time(&shared->last, &end));
        g_assert_cmpuint(shared->frames, ==, TUNNELS);
    }
    close_hub(hub);
}

/* Two outages are worse than one, and a long one is worse than a short one. */
static void
test_the_worst_first(void)
{
    static const uint8_t order[TUNNELS] = { 1, 4, 3, 5 };      /* twice; 30 s, 20 s, 10 s */
    struct hub *hub = played();
    struct overview overview = overview_of(hub->bench.pool, tracker_tunnels(hub->bench.tracker), &hub->bench.judge);

    g_assert_cmpuint(overview.tunnels, ==, TUNNELS);
    g_assert_cmpuint(overview.troubled, ==, TUNNELS);
    for (unsigned i = 0; i < TUNNELS; i++)
        g_assert_cmpuint(overview.row[i].sought->bytes[3], ==, order[i]);
    close_hub(hub);
}

/* Forty peers ask once, in vain, or answer what nobody asked; the file is out of order, so that the second one was first. */
static void
assert_scan_of(bool answers)
{
    struct stage *stage = open_stage(true);

    for (unsigned i = 0; i < 40; i++) {
        stage->a = (uint8_t)(10 + i);
        stage->ike_spi += 16;
        prepare(stage, i == 1 ? 5 * SECOND : (10 + (int64_t)i) * SECOND, A, IKE2_IKE_SA_INIT, answers, 0);
        offer(stage, 0);
        say(stage);
    }
    struct scan scan = scan_of(tracker_tunnels(stage->bench.tracker));
    nstime_t first = moment(5 * SECOND), last = moment(49 * SECOND);
    g_assert_cmpuint(scan.pairs, ==, 40);
    g_assert_cmpuint(scan.frames, ==, 40);
    g_assert_true(same_time(&scan.first, &first) && same_time(&scan.last, &last));
    close_stage(stage);
}

static void
test_scan_out_of_order(void)
{
    assert_scan_of(false);
}

static void
test_answers_to_forged_addresses(void)
{
    assert_scan_of(true);
}

/* A child with extended sequence numbers, or without: the 32 bits that are sent wrap around in any case (RFC 4303 section 2.2.1). */
static void
test_extended_numbers(void)
{
    for (unsigned extended = 0; extended < 2; extended++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        uint32_t id = stage->message_id[A]++;
        for (int response = 0; response < 2; response++) {
            prepare(stage, SECOND + response * ROUND_TRIP, response ? B : A, IKE2_CREATE_CHILD_SA, response, id);
            offer(stage, response ? 5001 : 5002);
            stage->message.contents.proposal[0].transforms = 1;
            stage->message.contents.proposal[0].transform[0] = (struct transform){ .type = TRANSFORM_ESN, .id = (uint16_t)extended };
            say(stage);
        }
        feed_series(&stage->bench, there(5001), UINT32_MAX - 20, 40, 2 * SECOND, SECOND);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_SEQUENCE_EXHAUSTED), ==, extended ? 0 : 2);
        close_stage(stage);
    }
}

/* An answer to IKE_AUTH that refuses, and the initiator's AUTHENTICATION_FAILED after it (RFC 7296 section 2.21.2): the refusal has no AUTH payload that
 * could be wrong, and the notify only follows from that. After an answer that accepted, it says that the responder could not be verified. */
static void
test_auth_failed_after_a_refusal(void)
{
    for (unsigned refused = 0; refused < 2; refused++) {
        struct stage *stage = open_stage(true);
        stage->ike_spi = 16;
        for (int response = 0; response < 2; response++) {
            prepare(stage, response * ROUND_TRIP, response ? B : A, IKE2_IKE_SA_INIT, response, 0);
            offer(stage, 0);
            say(stage);
        }
        for (int response = 0; response < 2; response++) {
            prepare(stage, SECOND + response * ROUND_TRIP, response ? B : A, IKE2_IKE_AUTH, response, 1);
            offer(stage, response ? 5001 : 5002);
            if (response && refused) {
                memset(&stage->message.contents, 0, sizeof stage->message.contents);
                stage->message.contents.notifies = 1;
                stage->message.contents.notify[0].type = NOTIFY_NO_PROPOSAL_CHOSEN;
            }
            say(stage);
        }
        prepare(stage, 2 * SECOND, A, IKE2_INFORMATIONAL, false, 2);
        stage->message.contents.notifies = 1;
        stage->message.contents.notify[0].type = NOTIFY_AUTHENTICATION_FAILED;
        say(stage);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_AUTH_FAILED), ==, refused ? 0 : 1);
        close_stage(stage);
    }
}

/* Both peers' requests to rekey one child cross each other (RFC 7296 section 2.8.1); the second time it is their timers. */
static void
cross(struct stage *stage, int64_t ns)
{
    uint32_t old = stage->spi;

    for (unsigned peer = A; peer <= B; peer++) {
        prepare(stage, ns + peer * MILLISECOND, peer, IKE2_CREATE_CHILD_SA, false, stage->message_id[peer]);
        offer(stage, stage->spis + 10 * (peer + 1));
        stage->message.contents.notifies = 1;
        stage->message.contents.notify[0] = (struct notify){ .type = IKE2_NOTIFY_REKEY_SA, .protocol = IKE_PROTOCOL_ESP,
                .spi = peer == A ? old + 1 : old };
        say(stage);
    }
    for (unsigned peer = A; peer <= B; peer++) {
        prepare(stage, ns + ROUND_TRIP + peer * MILLISECOND, 1 - peer, IKE2_CREATE_CHILD_SA, true, stage->message_id[peer]++);
        stage->message.contents.notifies = 1;
        stage->message.contents.notify[0].type = IKE2_NOTIFY_TEMPORARY_FAILURE;
        say(stage);
    }
}

static void
test_crossing_rekeys(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    for (unsigned times = 1; times <= 3; times++) {
        cross(stage, times * 1000 * SECOND);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_REKEY_COLLISION), ==, times);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_SYNCHRONISED_TIMERS), ==, times >= 2 ? 1 : 0);
    }
    close_stage(stage);
}

/* One IKE message of which not all IP fragments came may be chance; a second one within min_sa_lifetime is not. */
static void
test_fragments_lost_again(void)
{
    static const struct { int64_t after; unsigned said; } cases[] = { { 200 * SECOND, 1 }, { 400 * SECOND, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        for (int n = 0; n < 2; n++) {
            struct lost_packet lost = { .frame = ++stage->bench.frame, .time = moment(SECOND + n * cases[i].after), .source = v4(1, PORT_IKE),
                    .destination = v4(2, PORT_IKE), .is_ike = true, .fragments = 1, .bytes = 1480 };
            tracker_begin_frame(stage->bench.tracker);
            tracker_take_lost(stage->bench.tracker, &lost);
            judge_changes(&stage->bench, lost.frame, &lost.time);
        }
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_FRAGMENTS_LOST), ==, cases[i].said);
        close_stage(stage);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/many/shared", test_shared);
    g_test_add_func("/many/the-worst-first", test_the_worst_first);
    g_test_add_func("/many/scan-out-of-order", test_scan_out_of_order);
    g_test_add_func("/many/answers-to-forged-addresses", test_answers_to_forged_addresses);
    g_test_add_func("/negotiated/extended-numbers", test_extended_numbers);
    g_test_add_func("/negotiated/auth-failed-after-a-refusal", test_auth_failed_after_a_refusal);
    g_test_add_func("/negotiated/crossing-rekeys", test_crossing_rekeys);
    g_test_add_func("/negotiated/fragments-lost-again", test_fragments_lost_again);
    return test_run();
}

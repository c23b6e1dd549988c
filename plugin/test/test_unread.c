/* test_unread.c
 * What ends, restarts and waits, where IKE is not read: what headers and timing show, and what they must not be taken for. What is expected
 * follows from how each tunnel is fed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stage.h"

#include "judge/verdict.h"

#define MIN_OUTAGE (2 * (uint64_t)SECOND)

static struct tunnel *
tunnel_of(const struct stage *stage)
{
    return tunnel_first(tracker_tunnels(stage->bench.tracker));
}

static struct service_end
at_end(const struct stage *stage, int64_t ns)
{
    nstime_t last = moment(ns);

    return service_at_end(tunnel_of(stage), MIN_OUTAGE, &last);
}

static void
assert_count(const struct stage *stage, enum finding_key key, unsigned count)
{
    g_assert_cmpuint(finding_count(&stage->bench, key), ==, count);
}

/* ---- Deletes, by what stands in clear in front of what is encrypted (RFC 7296 section 3.14) */

/* An INFORMATIONAL whose encrypted part begins with such a payload, and its answer's (-1: none). */
static void
inform_sealed(struct stage *stage, int64_t ns, unsigned peer, uint8_t first, int answer)
{
    uint32_t id = stage->message_id[peer]++;

    prepare(stage, ns, peer, IKE2_INFORMATIONAL, false, id)->length = 80;
    stage->message.first_sealed = first;
    say(stage);
    if (answer < 0)
        return;
    prepare(stage, ns + ROUND_TRIP, 1 - peer, IKE2_INFORMATIONAL, true, id)->length = 80;
    stage->message.first_sealed = (uint8_t)answer;
    say(stage);
}

/* B's last word in the midst of traffic, behind which nothing comes: the tunnel is down if that was a Delete, and A took it for one. */
static void
test_last_word(void)
{
    static const struct { uint8_t first; int answer; bool is_out; uint8_t how; } cases[] = {
        { IKE2_PAYLOAD_DELETE, 0, true, OUTAGE_IKE_DELETED },
        { IKE2_PAYLOAD_DELETE, IKE2_PAYLOAD_DELETE, true, OUTAGE_CHILD_DELETED },
        { IKE2_PAYLOAD_DELETE, -1, false, 0 },          /* anybody may have written it */
        { IKE2_PAYLOAD_NOTIFY, 0, false, 0 },
        { 0, 0, false, 0 },                             /* not known what it is */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(false);
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        inform_sealed(stage, 100 * SECOND, B, cases[i].first, cases[i].answer);
        struct service_end end = at_end(stage, 130 * SECOND);
        g_assert_true(end.is_out == cases[i].is_out);
        if (end.is_out) {
            g_assert_cmpint(end.outage.ended_by, ==, B);
            g_assert_cmpuint(end.outage.how, ==, cases[i].how);
            g_assert_false(end.outage.proven);
        }
        close_stage(stage);
    }
}

/* A notify in the midst of traffic that stops for 20 s and goes on with a new child: the Delete would have been an outage. */
static void
test_notify_ends_nothing(void)
{
    for (int is_delete = 0; is_delete < 2; is_delete++) {
        struct stage *stage = open_stage(false);
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        inform_sealed(stage, 100 * SECOND, B, is_delete ? IKE2_PAYLOAD_DELETE : IKE2_PAYLOAD_NOTIFY, is_delete ? IKE2_PAYLOAD_DELETE : 0);
        talk(stage, 101 * SECOND, 102 * SECOND, SECOND);        /* what is still sent on the old one is under way */
        close_stage(stage);

        stage = open_stage(false);
        set_up(stage, 0, A);
        talk(stage, SECOND, 20 * SECOND, SECOND);
        inform_sealed(stage, 20 * SECOND, B, is_delete ? IKE2_PAYLOAD_DELETE : IKE2_PAYLOAD_NOTIFY, is_delete ? IKE2_PAYLOAD_DELETE : 0);
        negotiate(stage, 50 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);      /* longer than the traffic before: its rhythm does not tell */
        talk(stage, 51 * SECOND, 80 * SECOND, SECOND);
        g_assert_cmpuint(tunnel_of(stage)->service.outages, ==, is_delete);
        close_stage(stage);
    }
}

/* A asks for another child, and B deletes the one before: B keeps one pair. A rekey's Delete comes from A, who asked for it. */
static void
test_one_pair(void)
{
    for (unsigned by = A; by <= B; by++) {
        struct stage *stage = open_stage(false);
        set_up(stage, 0, A);
        for (int64_t i = 0; i < 8; i++) {
            talk(stage, i * 40 * SECOND + SECOND, (i + 1) * 40 * SECOND, SECOND);
            negotiate(stage, (i + 1) * 40 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
            inform_sealed(stage, (i + 1) * 40 * SECOND + 2 * ROUND_TRIP, by, IKE2_PAYLOAD_DELETE, IKE2_PAYLOAD_DELETE);
        }
        talk(stage, 321 * SECOND, 360 * SECOND, SECOND);
        struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);
        g_assert_cmpstr(verdict_cause(&verdict), ==, verdict_cause_name(by == B ? CAUSE_DELETED_BY_PEER : CAUSE_EARLY_REKEY));
        g_assert_cmpint(verdict.by, ==, by == B ? B : A);
        close_stage(stage);
    }
}

/* ---- a peer that lost its state, or gave up */

/* A is not heard for a minute, and B stops sending after 20 s of it; then A sets up anew. B asks on the old IKE SA afterwards, so often.
 * @param asked  who asks in vain in that minute, or -1 */
static struct stage *
play_minute(int asked, unsigned asks_after)
{
    const int64_t in_the_minute[] = { 110 * SECOND, 114 * SECOND, 121 * SECOND, 134 * SECOND };
    const int64_t after[] = { 166 * SECOND, 168 * SECOND, 172 * SECOND };
    struct stage *stage = open_stage(false);

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 120 * SECOND; ns += SECOND)
        send(stage, ns, B);
    if (asked >= 0)
        ask_in_vain(stage, (unsigned)asked, in_the_minute, G_N_ELEMENTS(in_the_minute));
    uint64_t old = stage->ike_spi;
    uint32_t old_id = stage->message_id[B];
    set_up(stage, 160 * SECOND, A);
    uint64_t new = stage->ike_spi;
    talk(stage, 161 * SECOND, 166 * SECOND, SECOND);
    stage->ike_spi = old;
    stage->message_id[B] = old_id;
    ask_in_vain(stage, B, after, asks_after);
    stage->ike_spi = new;
    stage->message_id[B] = 0;
    talk(stage, 173 * SECOND, 400 * SECOND, SECOND);
    return stage;
}

static void
test_restart(void)
{
    struct stage *stage = play_minute(-1, 3);

    assert_count(stage, FINDING_PEER_RESTART, 1);
    g_assert_cmpuint(finding_find(&stage->bench, FINDING_PEER_RESTART, 0)->confidence, ==, CONFIDENCE_SUSPECTED);
    close_stage(stage);
}

/* A asked in vain, gave up and began anew: the way was cut, and it lost nothing, whatever B still asks. So where B had asked in vain. And one
 * question alone, or none, shows nothing. */
static void
test_gave_up_is_no_restart(void)
{
    static const struct { int asked; unsigned after; } cases[] = { { A, 3 }, { B, 3 }, { -1, 1 }, { -1, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = play_minute(cases[i].asked, cases[i].after);
        assert_count(stage, FINDING_PEER_RESTART, 0);
        close_stage(stage);
    }
}

/* ---- the end of the capture */

/* B asks in vain, again and again, and falls silent, while two packets of A come: B no longer takes part. Without that, two packets are too few. */
static void
test_gave_up_and_is_silent(gconstpointer data)
{
    for (unsigned asks = 1; asks <= 4; asks += 3) {
        const int64_t times[] = { 98 * SECOND, 99 * SECOND, 101 * SECOND, 105 * SECOND };
        struct stage *stage = open_stage(GPOINTER_TO_INT(data));
        set_up(stage, 0, A);
        talk(stage, SECOND, 98 * SECOND, SECOND);
        ask_in_vain(stage, B, times, asks);
        send(stage, 110 * SECOND, A);
        send(stage, 118 * SECOND, A);
        struct service_end end = at_end(stage, 120 * SECOND);
        g_assert_true(end.silent[B] == (asks == 4));
        g_assert_true((end.gave_up[B] != NULL) == (asks == 4));
        g_assert_false(end.silent[A]);
        close_stage(stage);
    }
}

static void
feed_port_unreachable(struct stage *stage, int64_t ns)
{
    enum { TYPE_UNREACHABLE = 3, CODE_PORT = 3 };
    struct icmp_error error = { .time = moment(ns), .reporter = v4(2, 0).address, .type = TYPE_UNREACHABLE,
            .code = CODE_PORT, .source = v4(1, PORT_IKE), .destination = v4(2, PORT_IKE), .is_ike = true,
            .initiator_spi = stage->ike_spi, .responder_spi = stage->ike_spi + 1 };

    feed_error(&stage->bench, &error);
}

/* ESP goes on in both directions; A's last request is sent again in vain until the end, and B's host says that nothing listens. */
static void
test_lacks_daemon(void)
{
    for (unsigned story = 0; story < 3; story++) {      /* as said; without ICMP; with an answer at last */
        struct stage *stage = open_stage(false);
        const int64_t times[] = { 380 * SECOND, 384 * SECOND, 391 * SECOND };
        set_up(stage, 0, A);
        talk(stage, SECOND, 380 * SECOND, SECOND);
        uint32_t id = stage->message_id[A];
        for (unsigned i = 0; i < G_N_ELEMENTS(times); i++) {
            stage->message_id[A] = id;
            ask_in_vain(stage, A, times + i, 1);
            if (story != 1)
                feed_port_unreachable(stage, times[i] + MILLISECOND);
            talk(stage, times[i] + SECOND, times[i] + 3 * SECOND, SECOND);
        }
        if (story == 2) {
            prepare(stage, 395 * SECOND, B, IKE2_INFORMATIONAL, true, id)->length = 80;
            say(stage);
        }
        talk(stage, 396 * SECOND, 400 * SECOND, SECOND);
        struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);
        g_assert_cmpstr(state_name(verdict.state), ==, state_name(story == 0 ? STATE_DEGRADED : STATE_STABLE));
        close_stage(stage);
    }
}

/* ---- IKEv1 */

/* Of main mode's first message, in bytes; the others differ. */
#define FIRST_LENGTH 200

/* A message of IKEv1, from A or B, in the stage's IKE SA. */
static void
say1(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, uint32_t id, uint32_t length, uint16_t port)
{
    struct ike_message *message = prepare(stage, ns, peer, type, false, id);

    message->version = 1;
    message->source.port = message->destination.port = port;
    message->responder_spi = type == IKE1_IDENTITY_PROTECTION && length == FIRST_LENGTH ? 0 : stage->ike_spi + 1;
    message->flags = type == IKE1_IDENTITY_PROTECTION && port == PORT_IKE && length > 100 ? 0 : IKE1_FLAG_ENCRYPTION;
    message->readable = message->flags == 0;
    message->first_payload = type == IKE1_IDENTITY_PROTECTION ? IKE1_PAYLOAD_ID : IKE1_PAYLOAD_HASH;
    message->length = length;
    message->fingerprint = fingerprint_of(stage->bench.frame, length, id);
    say(stage);
}

/* Main mode's first four messages, in clear, and the fifth on that port. */
static void
begin_main_mode(struct stage *stage, int64_t ns, uint16_t port)
{
    stage->ike_spi += 16;
    for (unsigned i = 0; i < 4; i++)
        say1(stage, ns + i * ROUND_TRIP, i % 2, IKE1_IDENTITY_PROTECTION, 0, FIRST_LENGTH + i, PORT_IKE);
    say1(stage, ns + 4 * ROUND_TRIP, A, IKE1_IDENTITY_PROTECTION, 0, 92, port);
}

/* Where main mode's fifth message goes to port 4500, and B is never heard there, that port may be closed; else it was not believed. */
static void
test_no_4500(void)
{
    static const uint16_t ports[] = { PORT_IKE, PORT_NAT_T };

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        struct stage *stage = open_stage(false);
        for (int64_t tries = 0; tries < 3; tries++)
            begin_main_mode(stage, tries * 40 * SECOND, ports[i]);
        g_assert_true((finding_count(&stage->bench, FINDING_AUTH_FAILED) > 0) == (ports[i] == PORT_IKE));
        close_stage(stage);
    }
}

static void
quick_mode(struct stage *stage, int64_t ns, uint32_t id)
{
    for (unsigned i = 0; i < 3; i++)
        say1(stage, ns + i * ROUND_TRIP, i % 2, IKE1_QUICK_MODE, id, i < 2 ? 400 : 76, PORT_IKE);
    stage->spis += 2;
    stage->spi = stage->spis;
    stage->sequence[A] = stage->sequence[B] = 0;
}

/* A renews phase 2 each three minutes. Where both peers' old SAs run out together, a minute behind each rekey, they share that lifetime. */
static void
test_shared_lifetime(void)
{
    for (unsigned both = 0; both < 2; both++) {
        struct stage *stage = open_stage(false);
        stage->ike_spi = 16;
        for (unsigned i = 0; i < 4; i++)
            say1(stage, i * ROUND_TRIP, i % 2, IKE1_IDENTITY_PROTECTION, 0, FIRST_LENGTH + i, PORT_IKE);
        for (unsigned i = 4; i < 6; i++)
            say1(stage, i * ROUND_TRIP, i % 2, IKE1_IDENTITY_PROTECTION, 0, 92, PORT_IKE);
        for (uint32_t round = 0; round < 9; round++) {
            int64_t ns = SECOND + (int64_t)round * 180 * SECOND;
            quick_mode(stage, ns, 1000 + round);
            talk(stage, ns + SECOND, ns + 60 * SECOND, SECOND);
            if (round > 0) {
                say1(stage, ns + 60 * SECOND, A, IKE1_INFORMATIONAL, 2000 + round, 92, PORT_IKE);
                if (both)
                    say1(stage, ns + 60 * SECOND + MILLISECOND, B, IKE1_INFORMATIONAL, 3000 + round, 92, PORT_IKE);
            }
            talk(stage, ns + 61 * SECOND, ns + 180 * SECOND, SECOND);
        }
        g_assert_true((finding_count(&stage->bench, FINDING_EARLY_REKEY) > 0) == !both);
        close_stage(stage);
    }
}

/* A rekey that cannot be read between two that can: who fell silent for whom tells what it replaced, and that it was replaced in turn. Beside an
 * older child that speaks on it is a further one. */
static void
test_one_rekey_unread(void)
{
    for (int beside = 0; beside < 2; beside++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        uint32_t first = stage->spi;
        talk(stage, SECOND, 100 * SECOND, SECOND);
        stage->readable = false;
        negotiate(stage, 100 * SECOND, A, IKE2_CREATE_CHILD_SA, first + 1);
        if (!beside)
            delete_child(stage, 100 * SECOND + 100 * MILLISECOND, A, first);
        stage->readable = true;
        for (uint32_t i = 1; i < 100; i++) {
            talk(stage, (100 + i) * SECOND, (101 + i) * SECOND, SECOND);
            if (beside)
                send_on(stage, (100 + i) * SECOND + 500 * MILLISECOND, A, first, 100 + i);
        }
        if (!beside) {
            uint32_t second = stage->spi;
            negotiate(stage, 200 * SECOND, A, IKE2_CREATE_CHILD_SA, second + 1);
            delete_child(stage, 200 * SECOND + 100 * MILLISECOND, A, second);
            talk(stage, 201 * SECOND, 300 * SECOND, SECOND);
        }
        assert_count(stage, FINDING_REKEY, beside ? 0 : 4);     /* each in two directions */
        close_stage(stage);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/unread/last_word", test_last_word);
    g_test_add_func("/unread/notify_ends_nothing", test_notify_ends_nothing);
    g_test_add_func("/unread/one_pair", test_one_pair);
    g_test_add_func("/unread/restart", test_restart);
    g_test_add_func("/unread/gave_up_is_no_restart", test_gave_up_is_no_restart);
    add_both("/unread/gave_up_and_is_silent", test_gave_up_and_is_silent);
    g_test_add_func("/unread/lacks_daemon", test_lacks_daemon);
    g_test_add_func("/unread/no_4500", test_no_4500);
    g_test_add_func("/unread/shared_lifetime", test_shared_lifetime);
    g_test_add_func("/unread/one_rekey_unread", test_one_rekey_unread);
    return test_run();
}

/* test_rhythm.c
 * Causes that show in a rhythm although nothing fails, and what must not be taken for one, with the negotiation readable and not. What is
 * expected follows from how each tunnel is fed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include "judge/verdict.h"

/* An answer comes this long after its request. */
#define ROUND_TRIP (10 * MILLISECOND)

enum { A, B };

/* IKEv2 and ESP between gateways 1 (A) and 2 (B). */
struct stage {
    struct bench bench;
    bool readable;
    uint64_t ike_spi;
    unsigned initiator;
    uint32_t message_id[2];
    uint32_t spi;                   /* to B; that to A is the next one */
    uint32_t spis;
    uint32_t sequence[2];
    uint8_t a;                      /* last byte of A's address; B's is 2 */
    struct ike_message message;     /* large: kept off the stack */
};

static struct stage *
open_stage(bool readable)
{
    struct stage *stage = g_new0(struct stage, 1);

    stage->bench = bench_open();
    stage->readable = readable;
    stage->spis = 1000;
    stage->a = 1;
    stage->bench.judge.limits.handover_grace = 10;
    stage->bench.judge.limits.min_outage = 2;
    return stage;
}

static void
close_stage(struct stage *stage)
{
    bench_close(&stage->bench);
    g_free(stage);
}

static struct ike_message *
prepare(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, bool response, uint32_t id)
{
    struct ike_message *message = &stage->message;

    memset(message, 0, sizeof *message);
    message->time = moment(ns);
    message->source = v4(peer == A ? stage->a : 2, PORT_IKE);
    message->destination = v4(peer == A ? 2 : stage->a, PORT_IKE);
    message->initiator_spi = stage->ike_spi;
    message->responder_spi = type == IKE2_IKE_SA_INIT && !response ? 0 : stage->ike_spi + 1;
    message->version = 2;
    message->exchange_type = type;
    message->flags = (response ? IKE2_FLAG_RESPONSE : 0) | (peer == stage->initiator ? IKE2_FLAG_INITIATOR : 0);
    message->message_id = id;
    message->length = 400;
    message->fingerprint = fingerprint_of(id, (uint32_t)stage->ike_spi, (uint32_t)type * 4 + response * 2 + peer);
    message->readable = stage->readable || type == IKE2_IKE_SA_INIT;
    message->first_payload = type == IKE2_IKE_SA_INIT ? IKE2_PAYLOAD_SA : IKE2_PAYLOAD_SK;
    return message;
}

static void
say(struct stage *stage)
{
    if (!stage->message.readable)
        memset(&stage->message.contents, 0, sizeof stage->message.contents);
    g_assert_nonnull(feed_ike(&stage->bench, &stage->message));
}

static void
offer(struct stage *stage, uint32_t spi)
{
    struct ike_contents *contents = &stage->message.contents;

    contents->has_sa = true;
    contents->proposals = 1;
    contents->proposal[0].protocol = spi ? IKE_PROTOCOL_ESP : IKE_PROTOCOL_IKE;
    contents->proposal[0].spi = spi;
    contents->tsi.count = contents->tsr.count = spi ? 1 : 0;
    contents->tsi.item[0].end_port = contents->tsr.item[0].end_port = UINT16_MAX;
}

/* Request and answer; rekeyed 0: none. A child gets the stage's SPIs. */
static void
negotiate(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, uint32_t rekeyed)
{
    uint32_t id = stage->message_id[peer]++;
    uint32_t to_b = stage->spis + 1, to_a = stage->spis + 2;

    prepare(stage, ns, peer, type, false, id);
    offer(stage, peer == A ? to_a : to_b);      /* who asks names its own inbound SPI */
    if (rekeyed != 0) {
        stage->message.contents.notifies = 1;
        stage->message.contents.notify[0] = (struct notify){ .type = IKE2_NOTIFY_REKEY_SA, .protocol = IKE_PROTOCOL_ESP, .spi = rekeyed };
    }
    say(stage);
    prepare(stage, ns + ROUND_TRIP, 1 - peer, type, true, id);
    offer(stage, peer == A ? to_b : to_a);
    say(stage);
    stage->spis += 2;
    stage->spi = to_b;
    stage->sequence[A] = stage->sequence[B] = 0;
}

/* Up at ns + SET_UP. */
static void
set_up(struct stage *stage, int64_t ns, unsigned initiator)
{
    stage->ike_spi += 16;
    stage->initiator = initiator;
    stage->message_id[A] = stage->message_id[B] = 0;
    prepare(stage, ns, initiator, IKE2_IKE_SA_INIT, false, 0);
    offer(stage, 0);
    say(stage);
    prepare(stage, ns + ROUND_TRIP, 1 - initiator, IKE2_IKE_SA_INIT, true, 0);
    offer(stage, 0);
    say(stage);
    stage->message_id[initiator] = 1;
    negotiate(stage, ns + ROUND_TRIP + MILLISECOND, initiator, IKE2_IKE_AUTH, 0);
}

/* An INFORMATIONAL; with a child's Delete, or the IKE SA's, or neither. */
static void
inform(struct stage *stage, int64_t ns, unsigned peer, uint8_t protocol, uint32_t spi, bool answered)
{
    uint32_t id = stage->message_id[peer]++;
    struct ike_contents *contents = &prepare(stage, ns, peer, IKE2_INFORMATIONAL, false, id)->contents;

    contents->delete_protocol = protocol;
    contents->deletes = spi ? 1 : 0;
    contents->delete_spi[0] = spi;
    stage->message.length = 80;
    say(stage);
    if (!answered)
        return;
    prepare(stage, ns + ROUND_TRIP, 1 - peer, IKE2_INFORMATIONAL, true, id)->length = 80;
    say(stage);
}

static void
delete_ike(struct stage *stage, int64_t ns, unsigned peer)
{
    inform(stage, ns, peer, IKE_PROTOCOL_IKE, 0, true);
}

static void
delete_child(struct stage *stage, int64_t ns, unsigned peer, uint32_t to_b)
{
    inform(stage, ns, peer, IKE_PROTOCOL_ESP, peer == A ? to_b + 1 : to_b, true);
}

static void
send_on(struct stage *stage, int64_t ns, unsigned peer, uint32_t to_b, uint32_t sequence)
{
    struct line line = { v4(peer == A ? stage->a : 2, 0), v4(peer == A ? 2 : stage->a, 0), IPSEC_ESP, peer == A ? to_b : to_b + 1 };

    feed_one(&stage->bench, line, sequence, ns);
}

/* A asks and B answers, from one moment on and before another. */
static void
talk(struct stage *stage, int64_t from, int64_t until, int64_t step)
{
    for (int64_t ns = from; ns < until; ns += step) {
        send_on(stage, ns, A, stage->spi, ++stage->sequence[A]);
        send_on(stage, ns + ROUND_TRIP, B, stage->spi, ++stage->sequence[B]);
    }
    stage->bench.judge.now = moment(until);
}

static struct verdict
verdict_in(const struct stage *stage, unsigned tunnel)
{
    struct tunnel *found = tunnel_first(tracker_tunnels(stage->bench.tracker));

    for (; tunnel > 0; tunnel--)
        found = found->next;
    return verdict_of(found, &stage->bench.judge);
}

static void
assert_cause(const struct stage *stage, enum cause cause, int by)
{
    struct verdict verdict = verdict_in(stage, 0);

    g_assert_cmpstr(verdict_cause(&verdict), ==, verdict_cause_name(cause));
    g_assert_cmpint(verdict.by, ==, by);
}

static void
assert_none_of(const struct stage *stage, enum finding_key key)
{
    g_assert_cmpuint(finding_count(&stage->bench, key), ==, 0);
}

/* ---- idle timeout */

/* B deletes the tunnel so many seconds after its last packet, and A sets it up anew when it has to send. */
static void
idle_ends(struct stage *stage, const int64_t *idle, size_t count)
{
    int64_t ns = 0;

    for (size_t i = 0; i <= count; i++) {
        int64_t used = (100 + 70 * (int64_t)i) * SECOND;
        set_up(stage, ns, A);
        talk(stage, ns + SECOND, ns + used, SECOND);
        if (i == count)
            break;
        ns += used + idle[i] * SECOND;
        delete_ike(stage, ns, B);
        ns += (300 + 110 * (int64_t)i) * SECOND;
    }
}

static void
test_idle_timeout(gconstpointer data)
{
    static const int64_t same[] = { 900, 900, 900, 900 }, varying[] = { 900, 300, 1800, 500 };
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    idle_ends(stage, same, G_N_ELEMENTS(same));
    assert_cause(stage, CAUSE_IDLE_TIMEOUT, B);
    g_assert_cmpuint(verdict_in(stage, 0).outages, ==, 0);
    assert_none_of(stage, FINDING_SPI_CHURN);
    close_stage(stage);

    stage = open_stage(GPOINTER_TO_INT(data));
    idle_ends(stage, varying, G_N_ELEMENTS(varying));
    assert_cause(stage, CAUSE_NONE, PEER_NOT_SEEN);
    close_stage(stage);
}

/* Only the child is deleted, after a minute, and set up again within the IKE SA: no churn, though none lives for five minutes. */
static void
test_idle_child(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    int64_t ns = 0;

    set_up(stage, ns, A);
    for (unsigned i = 0; i < 6; i++) {
        int64_t used = (20 + 9 * (int64_t)i) * SECOND;
        talk(stage, ns + SECOND, ns + used, SECOND);
        ns += used + 60 * SECOND;
        delete_child(stage, ns, A, stage->spi);
        ns += (100 + 37 * (int64_t)i) * SECOND;
        negotiate(stage, ns, A, IKE2_CREATE_CHILD_SA, 0);
    }
    talk(stage, ns + SECOND, ns + 60 * SECOND, SECOND);
    assert_cause(stage, CAUSE_IDLE_TIMEOUT, A);
    assert_none_of(stage, FINDING_SPI_CHURN);
    assert_none_of(stage, FINDING_FLAPPING);
    assert_none_of(stage, FINDING_VOLUME_REKEY);
    close_stage(stage);
}

/* ---- rekeys at a pace */

/* Rekeys every three minutes or so, the old child deleted at once; asked by A, or by both in turn. */
static void
rekeys(struct stage *stage, bool both)
{
    static const int64_t ages[] = { 171, 178, 170, 189, 175, 181, 172, 187, 179 };
    int64_t ns = 0;

    set_up(stage, ns, A);
    for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
        unsigned asks = both && i % 2 ? B : A;
        uint32_t old = stage->spi;
        talk(stage, ns + SECOND, ns + ages[i] * SECOND, SECOND);
        ns += ages[i] * SECOND;
        negotiate(stage, ns, asks, IKE2_CREATE_CHILD_SA, asks == A ? old + 1 : old);
        delete_child(stage, ns + 100 * MILLISECOND, asks, old);
    }
    talk(stage, ns + SECOND, ns + 60 * SECOND, SECOND);
}

static void
test_paced_rekeys(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    rekeys(stage, false);
    assert_cause(stage, CAUSE_EARLY_REKEY, A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_EARLY_REKEY), ==, 1);
    assert_none_of(stage, FINDING_FLAPPING);
    close_stage(stage);

    stage = open_stage(GPOINTER_TO_INT(data));
    rekeys(stage, true);
    assert_cause(stage, CAUSE_LIFETIME_TOO_SHORT, PEER_BOTH);
    assert_none_of(stage, FINDING_EARLY_REKEY);
    assert_none_of(stage, FINDING_FLAPPING);
    close_stage(stage);
}

/* Four children of one IKE SA, used in turn: none replaces another. */
static void
test_children_beside(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    uint32_t spi[4];

    set_up(stage, 0, A);
    spi[0] = stage->spi;
    send_on(stage, SECOND, A, spi[0], 1);
    send_on(stage, SECOND + ROUND_TRIP, B, spi[0], 1);
    for (unsigned i = 1; i < 4; i++) {
        int64_t ns = 2 * (int64_t)i * SECOND;
        negotiate(stage, ns, A, IKE2_CREATE_CHILD_SA, 0);
        spi[i] = stage->spi;
        send_on(stage, ns + 2 * ROUND_TRIP, A, spi[i], 1);
        send_on(stage, ns + 3 * ROUND_TRIP, B, spi[i], 1);
    }
    for (uint32_t round = 0; round < 12; round++)
        for (unsigned i = 0; i < 4; i++) {
            int64_t ns = (30 + 30 * (int64_t)round + 7 * (int64_t)i) * SECOND;
            send_on(stage, ns, A, spi[i], round + 2);
            send_on(stage, ns + ROUND_TRIP, B, spi[i], round + 2);
        }
    assert_none_of(stage, FINDING_SPI_CHURN);
    assert_none_of(stage, FINDING_FLAPPING);
    close_stage(stage);
}

/* ---- set-ups */

/* IKE SAs of which each one's successor is up before its Delete, by the peer, so long after the successor; A sets up anew behind each
 * Delete, or every so many seconds. */
static void
set_ups(struct stage *stage, unsigned deletes, int64_t behind, int64_t every)
{
    uint64_t ike_spi = 0;
    uint32_t id[2] = { 0 };

    for (int64_t ns = 0, n = 0; n < 12; n++, ns += every) {
        uint64_t old = ike_spi;
        uint32_t old_id = id[deletes];
        set_up(stage, ns, A);
        ike_spi = stage->ike_spi;
        id[A] = stage->message_id[A];
        id[B] = stage->message_id[B];
        talk(stage, ns + SECOND, ns + behind, SECOND);
        if (old != 0) {
            stage->ike_spi = old;
            stage->message_id[deletes] = old_id;
            delete_ike(stage, ns + behind, deletes);
            stage->ike_spi = ike_spi;
            stage->message_id[deletes] = id[deletes];
        }
        talk(stage, ns + behind + SECOND, ns + every, SECOND);
    }
}

static void
test_deletes_in_turn(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_ups(stage, B, 10 * SECOND, 10 * SECOND + 40 * MILLISECOND);
    assert_cause(stage, CAUSE_DELETED_BY_PEER, B);
    assert_none_of(stage, FINDING_EARLY_REKEY);
    assert_none_of(stage, FINDING_IDENTITY_CONFLICT);
    close_stage(stage);
}

/* Re-authentication, make before break: each minute it is early; every half hour it is nothing. */
static void
test_reauthentication(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_ups(stage, A, 2 * SECOND, 60 * SECOND);
    assert_cause(stage, CAUSE_EARLY_REAUTH, A);
    assert_none_of(stage, FINDING_EARLY_REKEY);
    close_stage(stage);

    stage = open_stage(GPOINTER_TO_INT(data));
    set_ups(stage, A, 2 * SECOND, 1800 * SECOND);
    assert_cause(stage, CAUSE_NONE, PEER_NOT_SEEN);
    assert_none_of(stage, FINDING_IDENTITY_CONFLICT);
    close_stage(stage);
}

/* ---- two devices */

/* IKE SAs under one address, each with a child of its own; the ones before go on sending, from A alone or from both. */
static void
share_address(struct stage *stage, bool answered)
{
    for (int64_t ns = 0, n = 0; n < 6; n++, ns += 45 * SECOND) {
        uint32_t old = stage->spi, sent = stage->sequence[A], got = stage->sequence[B];
        set_up(stage, ns, A);
        for (int64_t i = 1; i < 40; i++) {
            int64_t now = ns + i * SECOND;
            send_on(stage, now, A, stage->spi, ++stage->sequence[A]);
            send_on(stage, now + ROUND_TRIP, B, stage->spi, ++stage->sequence[B]);
            if (n > 0)
                send_on(stage, now + 2 * ROUND_TRIP, A, old, ++sent);
            if (n > 0 && answered)
                send_on(stage, now + 3 * ROUND_TRIP, B, old, ++got);
        }
    }
}

static void
test_one_address(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    share_address(stage, false);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_IDENTITY_CONFLICT), >=, 2);
    assert_cause(stage, CAUSE_IDENTITY_CONFLICT, A);
    close_stage(stage);

    stage = open_stage(GPOINTER_TO_INT(data));      /* several connections between two gateways */
    share_address(stage, true);
    assert_none_of(stage, FINDING_IDENTITY_CONFLICT);
    close_stage(stage);
}

/* Devices 1 and 3 set up with gateway 2 in turn; it sends to the one that was last, and the other asks in vain. */
static void
take_turns(struct stage *stage, bool displaces)
{
    for (int64_t ns = 0, n = 0; n < 8; n++, ns += 190 * SECOND) {
        stage->a = n % 2 ? 3 : 1;
        set_up(stage, ns, A);
        talk(stage, ns + SECOND, ns + (displaces ? 190 : 120) * SECOND, SECOND);
    }
}

static void
test_two_addresses(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    take_turns(stage, true);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_IDENTITY_CONFLICT), >=, 3);
    g_assert_true(says(&stage->bench, finding_find(&stage->bench, FINDING_IDENTITY_CONFLICT, 0), "take turns"));
    close_stage(stage);

    stage = open_stage(GPOINTER_TO_INT(data));      /* each falls silent a minute before the other comes: no effect of it */
    take_turns(stage, false);
    assert_none_of(stage, FINDING_IDENTITY_CONFLICT);
    close_stage(stage);
}

static void
add_both(const char *name, GTestDataFunc test)
{
    char *read = g_strdup_printf("/rhythm/%s/read", name), *unread = g_strdup_printf("/rhythm/%s/unread", name);

    g_test_add_data_func(read, GINT_TO_POINTER(true), test);
    g_test_add_data_func(unread, GINT_TO_POINTER(false), test);
    g_free(read);
    g_free(unread);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    add_both("idle_timeout", test_idle_timeout);
    add_both("idle_child", test_idle_child);
    add_both("paced_rekeys", test_paced_rekeys);
    add_both("children_beside", test_children_beside);
    add_both("deletes_in_turn", test_deletes_in_turn);
    add_both("reauthentication", test_reauthentication);
    add_both("one_address", test_one_address);
    add_both("two_addresses", test_two_addresses);
    return test_run();
}

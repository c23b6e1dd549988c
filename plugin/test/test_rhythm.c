/* test_rhythm.c
 * Causes that show in a rhythm although nothing fails, and what must not be taken for one, with the negotiation readable and not. What is
 * expected follows from how each tunnel is fed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stage.h"

#include "judge/verdict.h"

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

/* The IKE SA stays; B deletes each child in the midst of its traffic, and A asks for another one at once: no outage. */
static void
test_child_deletes(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    int64_t ns = 0;

    set_up(stage, ns, A);
    for (unsigned i = 0; i < 8; i++) {
        talk(stage, ns + SECOND, ns + 100 * SECOND, SECOND);
        ns += 100 * SECOND;
        delete_child(stage, ns, B, stage->spi);
        negotiate(stage, ns + SECOND / 2, A, IKE2_CREATE_CHILD_SA, 0);
    }
    talk(stage, ns + SECOND, ns + 60 * SECOND, SECOND);
    assert_cause(stage, CAUSE_DELETED_BY_PEER, B);
    g_assert_cmpuint(verdict_in(stage, 0).outages, ==, 0);
    close_stage(stage);
}

/* One speaks at a time, and the capture ends within a turn no longer than others before: nobody failed to answer. */
static void
test_turns_to_speak(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    int64_t ns = SECOND;

    set_up(stage, 0, A);
    for (unsigned turn = 0; turn < 31; turn++)
        for (unsigned i = 0; i < 60; i++, ns += 200 * MILLISECOND)
            send(stage, ns, turn % 2);
    g_assert_cmpint(verdict_in(stage, 0).state, ==, STATE_STABLE);
    assert_cause(stage, CAUSE_NONE, PEER_NOT_SEEN);
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

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    add_both("/rhythm/idle_timeout", test_idle_timeout);
    add_both("/rhythm/idle_child", test_idle_child);
    add_both("/rhythm/paced_rekeys", test_paced_rekeys);
    add_both("/rhythm/children_beside", test_children_beside);
    add_both("/rhythm/deletes_in_turn", test_deletes_in_turn);
    add_both("/rhythm/child_deletes", test_child_deletes);
    add_both("/rhythm/turns_to_speak", test_turns_to_speak);
    add_both("/rhythm/reauthentication", test_reauthentication);
    add_both("/rhythm/one_address", test_one_address);
    add_both("/rhythm/two_addresses", test_two_addresses);
    return test_run();
}

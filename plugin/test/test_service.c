/* test_service.c
 * Outages: every kind of end, and every line of what is none (interface.md section 1), with the negotiation readable and not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stage.h"

#include "judge/verdict.h"
#include "track/service.h"

#define MIN_OUTAGE (2 * (uint64_t)SECOND)

static struct tunnel *
tunnel_of(const struct stage *stage)
{
    return tunnel_first(tracker_tunnels(stage->bench.tracker));
}

static void
assert_outages(const struct stage *stage, uint32_t count)
{
    g_assert_cmpuint(tunnel_of(stage)->service.outages, ==, count);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_OUTAGE), ==, count);
}

static void
assert_time(const nstime_t *time, int64_t ns)
{
    nstime_t expected = moment(ns);

    g_assert_cmpint(time->secs - expected.secs, ==, 0);
    g_assert_cmpint(time->nsecs, ==, expected.nsecs);
}

static const struct outage *
assert_outage(const struct stage *stage, enum outage_how how, int ended_by, int64_t begin, int64_t end)
{
    const struct outage *outage = tunnel_of(stage)->service.latest;

    g_assert_nonnull(outage);
    if (!outage)
        return NULL;
    g_assert_cmpuint(outage->how, ==, how);
    g_assert_cmpint(outage->ended_by, ==, ended_by);
    assert_time(&outage->begin, begin);
    assert_time(&outage->end, end);
    g_assert_true(is_before(&outage->begin, &outage->end));
    return outage;
}

static struct service_end
at_end(const struct stage *stage, int64_t ns)
{
    nstime_t last = moment(ns);

    return service_at_end(tunnel_of(stage), MIN_OUTAGE, &last);
}

/* ---- what is an outage */

/* Each peer deletes the IKE SA in the midst of traffic; each sets it up anew 20 s later. */
static void
test_ike_deleted(gconstpointer data)
{
    bool readable = GPOINTER_TO_INT(data);

    for (unsigned by = A; by <= B; by++) {
        struct stage *stage = open_stage(readable);
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        delete_ike(stage, 100 * SECOND, by);
        set_up(stage, 120 * SECOND, 1 - by);
        talk(stage, 125 * SECOND, 140 * SECOND, SECOND);
        assert_outages(stage, 1);
        const struct outage *outage = assert_outage(stage, OUTAGE_IKE_DELETED, (int)by, 100 * SECOND, 120 * SECOND + SET_UP);
        g_assert_cmpint(outage->restored_by, ==, (int)(1 - by));
        g_assert_cmpuint(outage->restored_how, ==, RESTORED_NEW_IKE_SA);
        g_assert_true(outage->proven == readable);
        g_assert_cmpint(outage->age.secs, ==, 100);
        g_assert_cmpint(outage->idle.nsecs, ==, SECOND - ROUND_TRIP);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_DELETED), ==, readable ? 1 : 0);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_REESTABLISHED), ==, 1);
        g_assert_false(at_end(stage, 141 * SECOND).is_out);
        const struct ike_sa *ike_sa = ike_first(tracker_ike(stage->bench.tracker));
        g_assert_cmpint(ike_sa->ended_by, ==, (int)(1 + by));
        g_assert_cmpuint(ike_sa->ended_in, ==, outage->begin_frame);
        close_stage(stage);
    }
}

static void
test_child_deleted(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    delete_child(stage, 100 * SECOND, B, stage->spi);
    negotiate(stage, 110 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 111 * SECOND, 130 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_CHILD_DELETED, B, 100 * SECOND, 110 * SECOND + ROUND_TRIP);
    g_assert_cmpuint(outage->restored_how, ==, RESTORED_NEW_CHILD);
    g_assert_cmpint(outage->restored_by, ==, A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_REESTABLISHED), ==, 0);
    close_stage(stage);
}

/* B dies in the midst of traffic: A goes on, asks, gives up, and sets up anew when B is back. */
static void
test_unanswered(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    const int64_t asked[] = { 110 * SECOND, 114 * SECOND, 121 * SECOND, 134 * SECOND };

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 110 * SECOND; ns += SECOND)
        send(stage, ns, A);
    ask_in_vain(stage, A, asked, G_N_ELEMENTS(asked));
    set_up(stage, 150 * SECOND, A);
    talk(stage, 151 * SECOND, 160 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_UNANSWERED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 150 * SECOND + SET_UP);
    g_assert_false(outage->proven);
    g_assert_cmpuint(outage->asked, >=, G_N_ELEMENTS(asked));
    close_stage(stage);
}

/* Who gives up deletes what is dead already: that ended nothing. */
static void
test_deleted_after_unanswered(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    const int64_t asked[] = { 110 * SECOND, 114 * SECOND, 121 * SECOND, 134 * SECOND };

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 110 * SECOND; ns += SECOND)
        send(stage, ns, A);
    ask_in_vain(stage, A, asked, G_N_ELEMENTS(asked));
    inform(stage, 150 * SECOND, A, IKE_PROTOCOL_IKE, 0, false);
    set_up(stage, 160 * SECOND, A);
    talk(stage, 161 * SECOND, 170 * SECOND, SECOND);
    assert_outages(stage, 1);
    assert_outage(stage, OUTAGE_UNANSWERED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 160 * SECOND + SET_UP);
    close_stage(stage);
}

/* One direction's application goes on; an answer was not captured; then a new IKE SA is set up beside the old one. */
static void
test_answer_not_captured(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 20 * SECOND, SECOND);
    for (int64_t ns = 20 * SECOND; ns < 900 * SECOND; ns += SECOND) {
        send(stage, ns, A);
        if (ns % (60 * SECOND) == 0)
            inform(stage, ns + 500 * MILLISECOND, A, 0, 0, ns != 840 * SECOND);
    }
    inform(stage, 899 * SECOND + 500 * MILLISECOND, A, 0, 0, true);
    set_up(stage, 900 * SECOND, A);
    for (int64_t ns = 901 * SECOND; ns < 950 * SECOND; ns += SECOND)
        send(stage, ns, A);
    assert_outages(stage, 0);
    close_stage(stage);
}

/* The path is cut and heals: nothing is negotiated. */
static void
test_unanswered_same_sa(void)
{
    struct stage *stage = open_stage(true);
    const int64_t asked[] = { 110 * SECOND, 114 * SECOND, 121 * SECOND };

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    ask_in_vain(stage, A, asked, G_N_ELEMENTS(asked));
    talk(stage, 125 * SECOND, 140 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_UNANSWERED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 125 * SECOND + ROUND_TRIP);
    g_assert_cmpuint(outage->restored_how, ==, RESTORED_SAME_SA);
    close_stage(stage);
}

/* A restarts and sets up anew at once; nothing of an end is seen. */
static void
test_replaced(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    set_up(stage, 115 * SECOND, A);
    talk(stage, 120 * SECOND, 140 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_REPLACED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 115 * SECOND + SET_UP);
    g_assert_cmpint(outage->restored_by, ==, A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_DELETED), ==, 0);
    close_stage(stage);
}

/* B stops to send, A goes on; B speaks as soon as it has asked for new SAs. */
static void
test_silence_of_one_direction(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 160 * SECOND; ns += SECOND)
        send(stage, ns, A);
    negotiate(stage, 160 * SECOND, B, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 161 * SECOND, 180 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_SILENCE, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 160 * SECOND + ROUND_TRIP);
    g_assert_cmpuint(outage->directions, ==, 1U << B);
    g_assert_cmpint(outage->restored_by, ==, B);
    close_stage(stage);
}

/* B sends nothing, and A goes on. */
static void
talk_alone(struct stage *stage, int64_t from, int64_t until)
{
    for (int64_t ns = from; ns < until; ns += SECOND)
        send(stage, ns, A);
}

/* B falls silent at 100 s, A goes on for a minute, deletes, where that is asked for, and sets up anew at 170 s. */
static struct stage *
play_silence(bool readable, bool deleted)
{
    struct stage *stage = open_stage(readable);

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    talk_alone(stage, 100 * SECOND, 160 * SECOND);
    if (deleted)
        delete_ike(stage, 160 * SECOND, A);
    set_up(stage, 170 * SECOND, A);
    return stage;
}

/* Both are back with the new set-up: service ended when B fell silent. Where the Delete was not read, it is only seen that the old SAs were replaced. */
static void
test_silence_before_the_delete(gconstpointer data)
{
    bool readable = GPOINTER_TO_INT(data);
    struct stage *stage = play_silence(readable, true);

    talk(stage, 171 * SECOND, 200 * SECOND, SECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, readable ? OUTAGE_SILENCE : OUTAGE_REPLACED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP,
            170 * SECOND + SET_UP);
    g_assert_cmpint(outage->restored_by, ==, A);
    g_assert_cmpuint(outage->directions, ==, OUTAGE_BOTH_DIRECTIONS);
    g_assert_false(at_end(stage, 200 * SECOND).is_out);
    close_stage(stage);
}

/* B speaks no more, though all is set up anew: what may as well be its application's silence is no outage that is over. */
static void
test_silence_goes_on(gconstpointer data)
{
    struct stage *stage = play_silence(GPOINTER_TO_INT(data), false);

    talk_alone(stage, 171 * SECOND, 240 * SECOND);
    assert_outages(stage, 0);
    close_stage(stage);
}

/* B is silent when A deletes, through the outage that comes of it, and behind it, until it has new SAs: it is one outage, until then. */
static void
test_silence_through_an_outage(gconstpointer data)
{
    bool readable = GPOINTER_TO_INT(data);
    struct stage *stage = play_silence(readable, true);

    talk_alone(stage, 171 * SECOND, 231 * SECOND);
    negotiate(stage, 231 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 232 * SECOND, 260 * SECOND, SECOND);
    assert_outages(stage, 1);
    assert_outage(stage, readable ? OUTAGE_SILENCE : OUTAGE_REPLACED, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 231 * SECOND + ROUND_TRIP);
    g_assert_false(at_end(stage, 260 * SECOND).is_out);
    close_stage(stage);
}

/* The same, but A deletes once more before B speaks: it is one outage, from B's last packet to the last set-up. */
static void
test_silence_through_two_deletes(void)
{
    struct stage *stage = play_silence(true, true);

    talk_alone(stage, 171 * SECOND, 225 * SECOND);
    delete_ike(stage, 225 * SECOND, A);
    set_up(stage, 231 * SECOND, A);
    talk(stage, 232 * SECOND, 260 * SECOND, SECOND);
    assert_outages(stage, 1);
    assert_outage(stage, OUTAGE_SILENCE, PEER_NOT_SEEN, 99 * SECOND + ROUND_TRIP, 231 * SECOND + SET_UP);
    close_stage(stage);
}

/* A, silent since before an outage, asks in vain at last and begins anew in vain, while B's ESP goes on: the second outage begins where the first is over. */
static void
test_gives_up_behind_an_outage(void)
{
    static const int64_t asked[] = { 200 * SECOND, 202 * SECOND, 205 * SECOND, 210 * SECOND, 220 * SECOND, 240 * SECOND };
    static const int64_t begun[] = { 270 * SECOND, 272 * SECOND, 276 * SECOND };
    struct stage *stage = open_stage(true);
    uint32_t id;
    size_t asks = 0, begins = 0;

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 160 * SECOND; ns += SECOND)
        send(stage, ns, B);
    delete_ike(stage, 160 * SECOND, B);
    set_up(stage, 170 * SECOND, B);
    id = stage->message_id[A]++;
    for (int64_t ns = 171 * SECOND; ns < 300 * SECOND; ns += SECOND) {
        if (asks < G_N_ELEMENTS(asked) && asked[asks] == ns) {
            prepare(stage, asked[asks++], A, IKE2_INFORMATIONAL, false, id)->length = 80;
            say(stage);
        }
        if (begins < G_N_ELEMENTS(begun) && begun[begins] == ns) {
            uint64_t old = stage->ike_spi;
            stage->ike_spi += 16;
            stage->initiator = A;
            prepare(stage, begun[begins++], A, IKE2_IKE_SA_INIT, false, 0);
            offer(stage, 0);
            say(stage);
            stage->ike_spi = old;
        }
        send(stage, ns + MILLISECOND, B);
    }
    assert_outages(stage, 1);
    assert_outage(stage, OUTAGE_SILENCE, PEER_NOT_SEEN, 99 * SECOND, 170 * SECOND + SET_UP);
    struct service_end end = at_end(stage, 300 * SECOND);
    g_assert_true(end.is_out && end.outage.restored_how == RESTORED_NOT);
    assert_time(&end.outage.begin, 170 * SECOND + SET_UP);
    close_stage(stage);
}

/* Behind an outage from 100 s to 120 s the clock goes back, and a Delete comes by that clock: one that lies in the outage makes none of its own. */
static void
test_time_goes_back(gconstpointer data)
{
    static const struct { int64_t deleted; uint32_t outages; } cases[] = { { 119 * SECOND, 1 }, { 130 * SECOND, 2 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(GPOINTER_TO_INT(data));
        int64_t deleted = cases[i].deleted;
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        delete_ike(stage, 100 * SECOND, A);
        set_up(stage, 120 * SECOND, A);
        talk(stage, 121 * SECOND, 140 * SECOND, SECOND);
        delete_ike(stage, deleted, A);
        set_up(stage, deleted + 30 * SECOND, A);
        talk(stage, deleted + 31 * SECOND, deleted + 60 * SECOND, SECOND);
        assert_outages(stage, cases[i].outages);
        const struct outage *first = tunnel_of(stage)->service.first;
        if (first) {
            nstime_t begin = moment(100 * SECOND);
            g_assert_true(same_time(&first->begin, &begin));
            g_assert_true(!first->next || !is_before(&first->next->begin, &first->end));
        }
        close_stage(stage);
    }
}

/* A's numbers fall back, as after a failover, and B gets nothing to answer any more, until A negotiates a new child. */
static void
test_sequence_falls(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, 100 * MILLISECOND);
    stage->sequence[A] -= 500;
    for (int64_t ns = 100 * SECOND; ns < 130 * SECOND; ns += 100 * MILLISECOND) {
        struct line line = there(stage->spi);
        struct ipsec_packet packet = packet_of(&line, ++stage->sequence[A], ns);
        packet.fingerprint++;       /* numbers that were used before, with other contents */
        feed(&stage->bench, packet);
    }
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_SEQUENCE_RESTART), ==, 1);
    negotiate(stage, 130 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 131 * SECOND, 180 * SECOND, 100 * MILLISECOND);
    assert_outages(stage, 1);
    const struct outage *outage = assert_outage(stage, OUTAGE_SEQUENCE_FELL, A, 99900 * MILLISECOND + ROUND_TRIP, 130 * SECOND + ROUND_TRIP);
    g_assert_cmpuint(outage->directions, ==, 1U << B);
    g_assert_true(says(&stage->bench, finding_find(&stage->bench, FINDING_OUTAGE, 0), "10.0.0.1's sequence numbers fell back"));
    close_stage(stage);
}

/* Unread: A asks for all its networks one by one, and which of them the first packet belongs to is not known. Of those behind which the packet is not late,
 * by four usual gaps, the first counts. */
static void
test_batch_of_children(void)
{
    static const struct { int64_t asked; int64_t end; } cases[] = { { 121 * SECOND, 120 * SECOND + SET_UP }, { 130 * SECOND, 130 * SECOND + ROUND_TRIP } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(false);
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        delete_ike(stage, 100 * SECOND, A);
        set_up(stage, 120 * SECOND, A);
        negotiate(stage, cases[i].asked, A, IKE2_CREATE_CHILD_SA, 0);
        talk(stage, cases[i].asked + SECOND, cases[i].asked + 30 * SECOND, SECOND);
        assert_outages(stage, 1);
        assert_outage(stage, OUTAGE_IKE_DELETED, A, 100 * SECOND, cases[i].end);
        close_stage(stage);
    }
}

/* Once it is set up, it is over, however late the first packet comes. */
static void
test_over_with_the_set_up(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    delete_ike(stage, 100 * SECOND, A);
    set_up(stage, 105 * SECOND, A);
    struct service_end end = at_end(stage, 900 * SECOND);
    g_assert_true(end.is_out && end.outage.restored_how == RESTORED_NEW_IKE_SA);
    assert_time(&end.outage.end, 105 * SECOND + SET_UP);
    talk(stage, 900 * SECOND, 910 * SECOND, SECOND);
    assert_outages(stage, 1);
    assert_outage(stage, OUTAGE_IKE_DELETED, A, 100 * SECOND, 105 * SECOND + SET_UP);
    close_stage(stage);
}

/* A packet comes every 2 s: the next one is due after 2 s, and the silence that begins then lasts 8 s, four usual gaps, at most. */
static void
test_four_usual_gaps(gconstpointer data)
{
    static const struct {
        int64_t idle;
        uint32_t outages;
    } cases[] = { { 10 * SECOND - 100 * MILLISECOND, 1 }, { 10 * SECOND + 100 * MILLISECOND, 0 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(GPOINTER_TO_INT(data));
        int64_t last = 98 * SECOND + ROUND_TRIP;
        set_up(stage, 0, A);
        talk(stage, 2 * SECOND, 100 * SECOND, 2 * SECOND);
        delete_ike(stage, last + cases[i].idle, A);
        set_up(stage, last + cases[i].idle + 20 * SECOND, A);
        talk(stage, 140 * SECOND, 160 * SECOND, 2 * SECOND);
        assert_outages(stage, cases[i].outages);
        close_stage(stage);
    }
}

/* ---- what is none */

static void
test_nobody_sends(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    talk(stage, 3700 * SECOND, 3800 * SECOND, SECOND);
    assert_outages(stage, 0);
    g_assert_false(at_end(stage, 7200 * SECOND).is_out);
    close_stage(stage);
}

/* Deleted in a silence and set up by the next packet. */
static void
test_on_demand_after_delete(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    int64_t ns = 0;

    for (unsigned i = 0; i < 4; i++) {
        set_up(stage, ns, A);
        talk(stage, ns + SECOND, ns + 300 * SECOND, 5 * SECOND);
        delete_ike(stage, ns + 2100 * SECOND, B);
        ns += (2500 + 300 * (int64_t)i) * SECOND;
    }
    assert_outages(stage, 0);
    g_assert_false(at_end(stage, ns).is_out);
    close_stage(stage);
}

/* SAs that ended unseen in a silence; the next packet negotiates a child, or all anew. */
static void
test_on_demand_after_silent_end(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 60 * SECOND, 2 * SECOND);
    negotiate(stage, 5400 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 5401 * SECOND, 5460 * SECOND, 2 * SECOND);
    set_up(stage, 10800 * SECOND, A);
    talk(stage, 10801 * SECOND, 10860 * SECOND, 2 * SECOND);
    assert_outages(stage, 0);
    close_stage(stage);
}

static void
test_rekey(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    for (int64_t i = 1; i <= 5; i++) {
        talk(stage, (i - 1) * 100 * SECOND + SECOND, i * 100 * SECOND, SECOND);
        uint32_t old = stage->spi;
        negotiate(stage, i * 100 * SECOND, (unsigned)i % 2, IKE2_CREATE_CHILD_SA, i % 2 == A ? old + 1 : old);
        delete_child(stage, i * 100 * SECOND + 50 * MILLISECOND, (unsigned)i % 2, old);
    }
    talk(stage, 501 * SECOND, 600 * SECOND, SECOND);
    assert_outages(stage, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_DELETED), ==, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_REESTABLISHED), ==, 0);
    close_stage(stage);
}

static void
test_make_before_break(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    struct stage old = { .ike_spi = stage->ike_spi, .message_id = { stage->message_id[A], stage->message_id[B] } };
    set_up(stage, 100 * SECOND, A);
    uint64_t new = stage->ike_spi;
    uint32_t id = stage->message_id[A];
    stage->ike_spi = old.ike_spi;
    stage->message_id[A] = old.message_id[A];
    delete_ike(stage, 103 * SECOND, A);
    stage->ike_spi = new;
    stage->message_id[A] = id;
    talk(stage, 106 * SECOND, 200 * SECOND, SECOND);
    assert_outages(stage, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_DELETED), ==, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_REESTABLISHED), ==, 1);
    close_stage(stage);
}

/* Deleted and at once set up anew: in lively traffic, and in one of which no packet fell into the gap. */
static void
test_break_before_make(gconstpointer data)
{
    static const int64_t steps[] = { 100 * MILLISECOND, 10 * SECOND };

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct stage *stage = open_stage(GPOINTER_TO_INT(data));
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, steps[i]);
        delete_ike(stage, 100 * SECOND + 500 * MILLISECOND, A);
        set_up(stage, 100 * SECOND + 600 * MILLISECOND, A);
        talk(stage, 101 * SECOND, 200 * SECOND, steps[i]);
        assert_outages(stage, 0);
        close_stage(stage);
    }
}

/* Liveness is answered, and the mute peer speaks again: on the same SA, or long after a rekey. */
static void
test_mute_peer(gconstpointer data)
{
    bool rekeyed = GPOINTER_TO_INT(data);
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 100 * SECOND; ns < 300 * SECOND; ns += SECOND) {
        send(stage, ns, A);
        if (ns % (30 * SECOND) == 0)
            inform(stage, ns + 500 * MILLISECOND, A, 0, 0, true);
        if (rekeyed && ns == 200 * SECOND) {
            uint32_t old = stage->spi;
            negotiate(stage, ns + 600 * MILLISECOND, A, IKE2_CREATE_CHILD_SA, old + 1);
            delete_child(stage, ns + 700 * MILLISECOND, A, old);
        }
    }
    talk(stage, 300 * SECOND, 400 * SECOND, SECOND);
    assert_outages(stage, 0);
    g_assert_false(at_end(stage, 400 * SECOND).is_out);
    close_stage(stage);
}

/* Out by one tunnel, back by another. */
static void
test_asymmetric(void)
{
    struct stage *stage = open_stage(true);
    struct line other = { v4(3, 0), v4(1, 0), IPSEC_ESP, 77 };
    uint32_t sequence = 0;

    set_up(stage, 0, A);
    for (int64_t ns = SECOND; ns < 900 * SECOND; ns += 2 * SECOND) {
        send(stage, ns, A);
        feed_one(&stage->bench, other, ++sequence, ns + ROUND_TRIP);
        if (ns % (30 * SECOND) == SECOND)
            inform(stage, ns + SECOND, B, 0, 0, true);
    }
    assert_outages(stage, 0);
    g_assert_false(at_end(stage, 900 * SECOND).is_out);
    close_stage(stage);
}

/* Nobody sends, and liveness fails: users feel nothing. */
static void
test_idle_and_unanswered(void)
{
    struct stage *stage = open_stage(true);
    const int64_t asked[] = { 400 * SECOND, 404 * SECOND, 411 * SECOND };

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    for (int64_t ns = 130 * SECOND; ns < 400 * SECOND; ns += 30 * SECOND)
        inform(stage, ns, A, 0, 0, true);
    ask_in_vain(stage, A, asked, G_N_ELEMENTS(asked));
    set_up(stage, 430 * SECOND, A);
    talk(stage, 900 * SECOND, 910 * SECOND, SECOND);
    assert_outages(stage, 0);
    close_stage(stage);
}

/* One request is lost; it is sent again and answered. */
static void
test_one_lost_request(void)
{
    struct stage *stage = open_stage(true);
    uint32_t id;

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, 10 * SECOND);
    id = stage->message_id[A]++;
    for (int64_t i = 0; i < 2; i++) {
        prepare(stage, (96 + 4 * i) * SECOND, A, IKE2_INFORMATIONAL, false, id)->length = 80;
        say(stage);
    }
    prepare(stage, 100 * SECOND + ROUND_TRIP, B, IKE2_INFORMATIONAL, true, id)->length = 80;
    say(stage);
    talk(stage, 101 * SECOND, 200 * SECOND, 10 * SECOND);
    assert_outages(stage, 0);
    close_stage(stage);
}

/* ---- pairs of SAs */

/* What the second pair of SAs comes to while the first one goes on. */
enum pair_story {
    PAIR_DELETED,                   /* in the midst of its traffic */
    PAIR_MADE_ANEW,                 /* the same, and its networks get another one 30 s later */
    PAIR_STOPS,                     /* its application does */
    PAIR_DELETED_IDLE,              /* after its application stopped */
    PAIR_REPLACED,                  /* deleted, and made anew at once */
    PAIR_REKEYED,
    PAIR_DOUBLED,                   /* deleted, but the first one serves its networks as well */
    PAIR_CUT                        /* deleted, and the capture ends */
};

/* Each of the pairs carries a packet per direction and second. */
static void
talk_both(struct stage *stage, const uint32_t *spis, uint32_t *numbers, int64_t from, int64_t until, unsigned pairs)
{
    for (int64_t ns = from; ns < until; ns += SECOND) {
        for (unsigned i = 0; i < pairs; i++) {
            int64_t at = ns + (int64_t)i * 300 * MILLISECOND;
            feed_one(&stage->bench, there(spis[i]), ++numbers[i], at);
            feed_one(&stage->bench, back(spis[i] + 1), numbers[i], at + ROUND_TRIP);
        }
    }
}

static struct stage *
play_pair(bool readable, enum pair_story story)
{
    struct stage *stage = open_stage(readable);
    uint32_t spis[2], numbers[2] = { 0, 0 };

    stage->net = 1;
    set_up(stage, 0, A);
    spis[0] = stage->spi;
    stage->net = story == PAIR_DOUBLED ? 1 : 2;
    negotiate(stage, SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    spis[1] = stage->spi;
    talk_both(stage, spis, numbers, 2 * SECOND, 100 * SECOND, 2);
    if (story == PAIR_STOPS || story == PAIR_DELETED_IDLE)
        talk_both(stage, spis, numbers, 100 * SECOND, 130 * SECOND, 1);
    if (story == PAIR_REKEYED)
        negotiate(stage, 130 * SECOND - 100 * MILLISECOND, A, IKE2_CREATE_CHILD_SA, spis[1] + 1);
    if (story != PAIR_STOPS)
        delete_child(stage, (story == PAIR_DELETED_IDLE || story == PAIR_REKEYED ? 130 : 100) * SECOND, B, spis[1]);
    if (story == PAIR_CUT) {
        talk_both(stage, spis, numbers, 100 * SECOND + 100 * MILLISECOND, 104 * SECOND, 1);
        return stage;
    }
    if (story == PAIR_REPLACED)
        negotiate(stage, 100 * SECOND + 100 * MILLISECOND, A, IKE2_CREATE_CHILD_SA, 0);
    bool goes_on = story == PAIR_REPLACED || story == PAIR_REKEYED;
    numbers[1] = 0;
    spis[1] = stage->spi;
    talk_both(stage, spis, numbers, 131 * SECOND, 160 * SECOND, goes_on ? 2 : 1);
    if (story == PAIR_MADE_ANEW) {
        negotiate(stage, 160 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
        spis[1] = stage->spi;
        talk_both(stage, spis, numbers, 161 * SECOND, 200 * SECOND, 2);
    }
    return stage;
}

static void
test_pair_dead(gconstpointer data)
{
    for (unsigned story = PAIR_DELETED; story <= PAIR_MADE_ANEW; story++) {
        struct stage *stage = play_pair(GPOINTER_TO_INT(data), (enum pair_story)story);
        assert_outages(stage, 0);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_PAIR_DEAD), ==, 1);
        g_assert_false(at_end(stage, 200 * SECOND).is_out);
        close_stage(stage);
    }
}

static void
test_pair_not_missed(gconstpointer data)
{
    for (unsigned story = PAIR_STOPS; story <= PAIR_CUT; story++) {
        struct stage *stage = play_pair(GPOINTER_TO_INT(data), (enum pair_story)story);
        assert_outages(stage, 0);
        if (GPOINTER_TO_INT(data) || story != PAIR_DOUBLED)     /* whom a pair serves is not known unread */
            g_assert_cmpuint(finding_count(&stage->bench, FINDING_PAIR_DEAD), ==, 0);
        close_stage(stage);
    }
}

static const struct finding *
pair_finding(const struct stage *stage)
{
    const struct finding *finding = finding_find(&stage->bench, FINDING_PAIR_DEAD, 0);

    g_assert_nonnull(finding);
    return finding;
}

/* A pair that lived for as long as its peers had agreed ran out; one that had longer to live was deleted. Both are told, and what came in its place. */
static void
test_pair_expired(void)
{
    static const struct { uint64_t agreed; enum cause cause; } cases[] = { { 99, CAUSE_LIFETIME_EXPIRED }, { 3600, CAUSE_DELETED_BY_PEER } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = play_pair(true, PAIR_DELETED);
        const struct finding *finding = pair_finding(stage);
        if (finding) {
            finding->sa->child->lifetime.seconds = (uint32_t)cases[i].agreed;      /* it was made at 1 s, and deleted at 100 s */
            struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);
            g_assert_cmpstr(verdict_cause(&verdict), ==, verdict_cause_name(cases[i].cause));
            g_assert_true(says(&stage->bench, finding, "none has taken its place"));
        }
        close_stage(stage);
    }
}

static void
test_pair_made_anew(void)
{
    struct stage *stage = play_pair(true, PAIR_MADE_ANEW);

    const struct finding *finding = pair_finding(stage);
    g_assert_true(finding && says(&stage->bench, finding, "the next one came 60"));
    close_stage(stage);
}

/* The second pair is rekeyed, and what was to take over is deleted together with it before it carried anything: its traffic ends with the Delete. */
static void
test_pair_deleted_with_its_successor(void)
{
    struct stage *stage = open_stage(true);
    uint32_t spis[2], numbers[2] = { 0, 0 };

    stage->net = 1;
    set_up(stage, 0, A);
    spis[0] = stage->spi;
    stage->net = 2;
    negotiate(stage, SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    spis[1] = stage->spi;
    talk_both(stage, spis, numbers, 2 * SECOND, 100 * SECOND, 2);
    negotiate(stage, 99 * SECOND + 700 * MILLISECOND, A, IKE2_CREATE_CHILD_SA, spis[1] + 1);
    delete_child(stage, 99 * SECOND + 800 * MILLISECOND, B, spis[1]);
    delete_child(stage, 99 * SECOND + 900 * MILLISECOND, B, stage->spi);
    talk_both(stage, spis, numbers, 100 * SECOND, 160 * SECOND, 1);
    assert_outages(stage, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_PAIR_DEAD), ==, 1);
    const struct finding *finding = pair_finding(stage);
    g_assert_true(finding && (finding->sa->key.spi == spis[1] || finding->sa->key.spi == spis[1] + 1));
    g_assert_true(finding && says(&stage->bench, finding, "none has taken its place"));
    close_stage(stage);
}

/* More pairs end at once than are waited for: the latest are told. */
static void
test_pairs_bounded(void)
{
    enum { PAIRS = PAIR_ENDS_AT_MOST + 4 };
    struct stage *stage = open_stage(true);
    uint32_t spis[PAIRS], numbers[PAIRS] = { 0 };

    for (unsigned i = 0; i < PAIRS; i++) {
        stage->net = (uint16_t)(i + 1);
        if (i == 0)
            set_up(stage, 0, A);
        else
            negotiate(stage, SECOND + (int64_t)i * 50 * MILLISECOND, A, IKE2_CREATE_CHILD_SA, 0);
        spis[i] = stage->spi;
    }
    for (int64_t ns = 3 * SECOND; ns < 60 * SECOND; ns += SECOND)
        for (unsigned i = 0; i < PAIRS; i++) {
            feed_one(&stage->bench, there(spis[i]), ++numbers[i], ns + i * MILLISECOND);
            feed_one(&stage->bench, back(spis[i] + 1), numbers[i], ns + i * MILLISECOND + ROUND_TRIP);
        }
    for (unsigned i = 1; i < PAIRS; i++)
        delete_child(stage, 60 * SECOND + i * MILLISECOND, A, spis[i]);
    talk_both(stage, spis, numbers, 61 * SECOND, 90 * SECOND, 1);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_PAIR_DEAD), ==, PAIR_ENDS_AT_MOST);
    close_stage(stage);
}

/* ---- the end of the capture */

static void
test_delete_ends_the_capture(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    delete_ike(stage, 100 * SECOND, A);
    g_assert_false(at_end(stage, 101 * SECOND).is_out);
    close_stage(stage);
}

static void
test_stays_dead(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    delete_ike(stage, 100 * SECOND, B);
    struct service_end end = at_end(stage, 400 * SECOND);
    g_assert_true(end.is_out && end.outage.restored_how == RESTORED_NOT && end.outage.ended_by == B);
    assert_time(&end.outage.begin, 100 * SECOND);
    assert_outages(stage, 0);
    close_stage(stage);
}

static void
test_unanswered_at_the_end(void)
{
    struct stage *stage = open_stage(true);
    const int64_t asked[] = { 110 * SECOND, 114 * SECOND, 121 * SECOND };

    set_up(stage, 0, A);
    talk(stage, SECOND, 100 * SECOND, SECOND);
    g_assert_false(at_end(stage, 110 * SECOND).is_out);
    ask_in_vain(stage, A, asked, 1);
    g_assert_false(at_end(stage, 112 * SECOND).is_out);     /* one request alone is nothing */
    stage->message_id[A]--;
    ask_in_vain(stage, A, asked + 1, 2);
    struct service_end end = at_end(stage, 122 * SECOND);
    g_assert_true(end.is_out && end.outage.how == OUTAGE_UNANSWERED && end.outage.restored_how == RESTORED_NOT);
    assert_time(&end.outage.begin, 99 * SECOND + ROUND_TRIP);
    g_assert_cmpuint(end.unanswered[A].sent, ==, 3);
    g_assert_cmpuint(end.unanswered[A].waited, ==, 2);     /* the third was sent a second ago */
    g_assert_true(end.unanswered[A].exchange && end.unanswered[A].exchange->type == IKE2_INFORMATIONAL);
    g_assert_cmpuint(end.unanswered[B].sent, ==, 0);
    close_stage(stage);
}

static void
test_never_up(void)
{
    struct stage *stage = open_stage(true);

    for (int64_t i = 0; i < 7; i++) {
        stage->ike_spi += 16;
        prepare(stage, i * 30 * SECOND, A, IKE2_IKE_SA_INIT, false, 0);
        offer(stage, 0);
        say(stage);
    }
    struct service_end end = at_end(stage, 200 * SECOND);
    g_assert_false(end.is_out);
    g_assert_cmpuint(end.attempts, ==, 7);
    g_assert_cmpuint(end.unanswered[A].sent, ==, 7);
    close_stage(stage);
}

static void
test_limit(void)
{
    struct stage *stage = open_stage(true);
    int64_t ns = 0;

    for (unsigned i = 0; i < OUTAGES_AT_MOST + 3; i++) {
        set_up(stage, ns, A);
        talk(stage, ns + SECOND, ns + 20 * SECOND, SECOND);
        delete_ike(stage, ns + 20 * SECOND, A);
        ns += 40 * SECOND;
    }
    g_assert_cmpuint(tunnel_of(stage)->service.outages, ==, OUTAGES_AT_MOST);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_OUTAGE), ==, OUTAGES_AT_MOST);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_LIMIT_REACHED), ==, 1);
    close_stage(stage);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    add_both("/service/ike_deleted", test_ike_deleted);
    add_both("/service/child_deleted", test_child_deleted);
    add_both("/service/unanswered", test_unanswered);
    add_both("/service/deleted_after_unanswered", test_deleted_after_unanswered);
    g_test_add_func("/service/answer_not_captured", test_answer_not_captured);
    g_test_add_func("/service/unanswered_same_sa", test_unanswered_same_sa);
    add_both("/service/replaced", test_replaced);
    add_both("/service/silence_of_one_direction", test_silence_of_one_direction);
    add_both("/service/silence_before_the_delete", test_silence_before_the_delete);
    add_both("/service/silence_goes_on", test_silence_goes_on);
    add_both("/service/silence_through_an_outage", test_silence_through_an_outage);
    g_test_add_func("/service/silence_through_two_deletes", test_silence_through_two_deletes);
    g_test_add_func("/service/gives_up_behind_an_outage", test_gives_up_behind_an_outage);
    add_both("/service/time_goes_back", test_time_goes_back);
    add_both("/service/sequence_falls", test_sequence_falls);
    g_test_add_func("/service/batch_of_children", test_batch_of_children);
    add_both("/service/over_with_the_set_up", test_over_with_the_set_up);
    add_both("/service/four_usual_gaps", test_four_usual_gaps);
    g_test_add_func("/service/nobody_sends", test_nobody_sends);
    add_both("/service/on_demand_after_delete", test_on_demand_after_delete);
    add_both("/service/on_demand_after_silent_end", test_on_demand_after_silent_end);
    add_both("/service/rekey", test_rekey);
    add_both("/service/make_before_break", test_make_before_break);
    add_both("/service/break_before_make", test_break_before_make);
    add_both("/service/mute_peer", test_mute_peer);
    g_test_add_func("/service/asymmetric", test_asymmetric);
    g_test_add_func("/service/idle_and_unanswered", test_idle_and_unanswered);
    g_test_add_func("/service/one_lost_request", test_one_lost_request);
    add_both("/service/pair_dead", test_pair_dead);
    add_both("/service/pair_not_missed", test_pair_not_missed);
    g_test_add_func("/service/pair_expired", test_pair_expired);
    g_test_add_func("/service/pair_made_anew", test_pair_made_anew);
    g_test_add_func("/service/pair_deleted_with_its_successor", test_pair_deleted_with_its_successor);
    g_test_add_func("/service/pairs_bounded", test_pairs_bounded);
    add_both("/service/delete_ends_the_capture", test_delete_ends_the_capture);
    g_test_add_func("/service/stays_dead", test_stays_dead);
    g_test_add_func("/service/unanswered_at_the_end", test_unanswered_at_the_end);
    g_test_add_func("/service/never_up", test_never_up);
    g_test_add_func("/service/limit", test_limit);
    return test_run();
}

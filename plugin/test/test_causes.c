/* test_causes.c
 * Findings and causes where the course of things is a rarer one: each beside the usual one, which must come to something else. What is expected follows
 * from how each tunnel is fed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stage.h"

#include "judge/left_out.h"
#include "judge/memory.h"
#include "judge/one_way.h"
#include "judge/rule.h"
#include "judge/succession.h"
#include "judge/verdict.h"

static struct tunnel *
tunnel_of(const struct stage *stage)
{
    return tunnel_first(tracker_tunnels(stage->bench.tracker));
}

static enum cause
cause_in(const struct stage *stage)
{
    struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);

    return (enum cause)verdict.cause;
}

static void
assert_cause(const struct stage *stage, enum cause cause)
{
    struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);

    g_assert_cmpstr(verdict_cause(&verdict), ==, verdict_cause_name(cause));
}

/* ---- churn that nothing explains */

enum churn { CHURN_UNSEEN, CHURN_WITH_A_DELETE, CHURN_AND_A_CLOCK_THAT_STEPS };

/* Each peer renews the child, in turn, at no timer's pace. */
static struct stage *
churn(bool readable, enum churn story)
{
    static const int64_t ages[] = { 61, 143, 97, 205, 74, 188 };
    struct stage *stage = open_stage(readable);
    int64_t ns = 0;

    set_up(stage, 0, A);
    for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
        unsigned asks = i % 2 ? B : A;
        uint32_t old = stage->spi;
        talk(stage, ns + SECOND, ns + ages[i] * SECOND, SECOND);
        ns += ages[i] * SECOND;
        if (story == CHURN_AND_A_CLOCK_THAT_STEPS && i == 1)
            inform(stage, ns - 900 * SECOND, A, 0, 0, true);
        negotiate(stage, ns, asks, IKE2_CREATE_CHILD_SA, asks == A ? old + 1 : old);
        delete_child(stage, ns + 100 * MILLISECOND, asks, old);
    }
    talk(stage, ns + SECOND, ns + 400 * SECOND, SECOND);
    if (story == CHURN_WITH_A_DELETE)
        delete_ike(stage, ns + 400 * SECOND, B);
    return stage;
}

static void
test_unexplained_churn(void)
{
    struct stage *stage = churn(true, CHURN_UNSEEN);
    struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);

    g_assert_cmpuint(finding_count(&stage->bench, FINDING_FLAPPING), >, 0);
    g_assert_cmpuint(verdict.state, ==, STATE_CHURNING);
    assert_cause(stage, CAUSE_UNEXPLAINED_CHURN);
    g_assert_cmpuint(verdict.confidence, ==, CONFIDENCE_SUSPECTED);     /* IKEv2 tells no lifetimes, which may differ */
    close_stage(stage);
}

/* Where the negotiation is not read, where a Delete was, and where the clock may hide what ended them, it is not said. */
static void
test_churn_that_may_be_explained(void)
{
    static const struct { bool readable; enum churn story; } cases[] = { { false, CHURN_UNSEEN }, { true, CHURN_WITH_A_DELETE },
            { true, CHURN_AND_A_CLOCK_THAT_STEPS } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = churn(cases[i].readable, cases[i].story);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_SPI_CHURN), >, 0);
        g_assert_cmpuint(cause_in(stage), !=, CAUSE_UNEXPLAINED_CHURN);
        close_stage(stage);
    }
}

/* ---- refusals */

/* A set-up of the peer's that the other one answers with INVALID_KE_PAYLOAD (RFC 7296 section 1.3). */
static void
refuse_group(struct stage *stage, int64_t ns, unsigned peer)
{
    stage->ike_spi += 16;
    stage->initiator = peer;
    for (int response = 0; response < 2; response++) {
        struct ike_contents *contents = &prepare(stage, ns + response * ROUND_TRIP, response ? 1 - peer : peer, IKE2_IKE_SA_INIT, response, 0)->contents;
        if (response) {
            contents->notifies = 1;
            contents->notify[0].type = IKE2_NOTIFY_INVALID_KE_PAYLOAD;
            stage->message.responder_spi = 0;
        } else {
            offer(stage, 0);
        }
        say(stage);
    }
}

/* Three in a row are a mismatch; those before a set-up that came up are of another row. */
static void
test_groups_refused_in_a_row(void)
{
    struct stage *stage = open_stage(true);

    refuse_group(stage, 0, A);
    refuse_group(stage, 5 * SECOND, A);
    set_up(stage, 10 * SECOND, A);
    refuse_group(stage, 1000 * SECOND, A);
    refuse_group(stage, 1005 * SECOND, A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_NO_PROPOSAL), ==, 0);
    refuse_group(stage, 1010 * SECOND, A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_NO_PROPOSAL), ==, 1);
    close_stage(stage);
}

/* Each peer's refusals are of its own row. */
static void
test_groups_refused_by_both(void)
{
    struct stage *stage = open_stage(true);

    for (int64_t i = 0; i < 3; i++)
        refuse_group(stage, i * 5 * SECOND, i == 1 ? B : A);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_NO_PROPOSAL), ==, 0);
    close_stage(stage);
}

static void
refuse_proposal(struct stage *stage, int64_t ns)
{
    stage->ike_spi += 16;
    stage->initiator = A;
    for (int response = 0; response < 2; response++) {
        struct ike_contents *contents = &prepare(stage, ns + response * ROUND_TRIP, response ? B : A, IKE2_IKE_SA_INIT, response, 0)->contents;
        if (response) {
            contents->notifies = 1;
            contents->notify[0].type = NOTIFY_NO_PROPOSAL_CHOSEN;
        } else {
            offer(stage, 0);
        }
        say(stage);
    }
}

/* A set-up that was refused in clear while the tunnel carried its traffic is not why it is deleted later: who lost it for that is refused again. */
static void
test_refused_before_the_outage(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 50 * SECOND, SECOND);
    uint64_t own = stage->ike_spi;
    refuse_proposal(stage, 50 * SECOND + 500 * MILLISECOND);
    stage->ike_spi = own;
    talk(stage, 51 * SECOND, 100 * SECOND, SECOND);
    delete_ike(stage, 100 * SECOND, B);
    stage->ike_spi += 16;
    set_up(stage, 120 * SECOND, A);
    talk(stage, 121 * SECOND, 150 * SECOND, SECOND);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_NO_PROPOSAL), ==, 1);
    assert_cause(stage, CAUSE_DELETED_BY_PEER);
    close_stage(stage);
}

/* ---- IKEv1 */

/* A message of IKEv1 that is read; the caller fills in contents. */
static struct ike_message *
prepare1(struct stage *stage, int64_t ns, unsigned peer, uint8_t type, uint32_t id)
{
    struct ike_message *message = prepare(stage, ns, peer, type, false, id);

    message->version = 1;
    message->flags = IKE1_FLAG_ENCRYPTION;
    message->first_payload = IKE1_PAYLOAD_HASH;
    message->readable = true;
    message->fingerprint = fingerprint_of(stage->bench.frame, id, peer);
    return message;
}

/* RESPONDER-LIFETIME (RFC 2407 section 4.6.3.1) on an IKE SA of which nothing else was seen: there is no offer that it could differ from. */
static void
test_lifetime_announced_about_nothing(void)
{
    struct stage *stage = open_stage(true);

    stage->ike_spi = 16;
    struct ike_contents *contents = &prepare1(stage, 0, B, IKE1_INFORMATIONAL, 77)->contents;
    contents->notifies = 1;
    contents->notify[0] = (struct notify){ .type = IKE1_NOTIFY_RESPONDER_LIFETIME, .protocol = IKE_PROTOCOL_ESP, .lifetime = { .seconds = 600 } };
    say(stage);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_PHASE1_LIFETIME_MISMATCH), ==, 0);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_PHASE2_LIFETIME_MISMATCH), ==, 0);
    close_stage(stage);
}

/* Quick Mode of a peer, with the lifetime that it offers, for the same networks. */
static void
quick_mode(struct stage *stage, int64_t ns, unsigned peer, uint32_t seconds)
{
    uint32_t id = 1000 + stage->spis, to_b = stage->spis + 1, to_a = stage->spis + 2;

    for (unsigned i = 0; i < 3; i++) {
        unsigned speaks = i % 2 ? 1 - peer : peer;
        prepare1(stage, ns + i * ROUND_TRIP, speaks, IKE1_QUICK_MODE, id);
        if (i < 2) {
            offer(stage, speaks == A ? to_a : to_b);
            stage->message.contents.lifetimes = (struct lifetimes){ .count = 1, .item = { { .seconds = seconds } } };
        } else {
            stage->message.length = 76;
        }
        say(stage);
    }
    stage->spis += 2;
    stage->spi = to_b;
    stage->sequence[A] = stage->sequence[B] = 0;
}

/* A offers an hour and B eight hours, as is seen once each. Rekeys by A, within its hour, are that mismatch's effect; those by B, whose lifetime is the
 * longer one, are not. */
static void
test_rekeys_of_the_longer_lifetime(void)
{
    static const uint32_t seconds[] = { 3600, 28800 };

    for (unsigned asks = A; asks <= B; asks++) {
        struct stage *stage = open_stage(true);
        int64_t ns = SECOND;
        stage->ike_spi = 16;
        quick_mode(stage, ns, 1 - asks, seconds[1 - asks]);
        for (unsigned i = 0; i < 9; i++) {
            talk(stage, ns + SECOND, ns + 180 * SECOND, SECOND);
            ns += 180 * SECOND;
            quick_mode(stage, ns, asks, seconds[asks]);
        }
        talk(stage, ns + SECOND, ns + 180 * SECOND, SECOND);
        g_assert_cmpuint(finding_count(&stage->bench, FINDING_PHASE2_LIFETIME_MISMATCH), ==, 1);
        g_assert_true((cause_in(stage) == CAUSE_PHASE2_LIFETIME_MISMATCH) == (asks == A));
        close_stage(stage);
    }
}

/* ---- what is remembered */

/* A rekey that replaces two SAs of one direction, as ESP's and AH's, is one; that each of them was short-lived counts for both. */
static void
test_one_rekey_of_two_sas(void)
{
    struct stage *stage = open_stage(true);
    const struct past_rekey first = { .peer = A, .frame = 7, .age = 60 }, other = { .peer = A, .frame = 9, .age = 70 };

    set_up(stage, 0, A);
    struct memory *memory = stage->bench.judge.memory;
    memory_take_rekey(memory, tunnel_of(stage), &first, true);
    memory_take_rekey(memory, tunnel_of(stage), &first, true);
    const struct past *past = memory_read(memory, tunnel_of(stage))->past;
    g_assert_cmpuint(past->rekeys, ==, 1);
    g_assert_cmpuint(past->short_lived, ==, 2);
    memory_take_rekey(memory, tunnel_of(stage), &other, true);
    g_assert_cmpuint(past->rekeys, ==, 2);
    close_stage(stage);
}

/* ---- successions */

/* Two children, of which the one that was negotiated first is used last: it does not replace the other, however young that was. */
static void
test_used_in_turn(gconstpointer data)
{
    struct stage *stage = open_stage(GPOINTER_TO_INT(data));
    uint32_t first;

    set_up(stage, 0, A);
    first = stage->spi;
    negotiate(stage, 2 * SECOND, A, IKE2_CREATE_CHILD_SA, 0);
    talk(stage, 3 * SECOND, 8 * SECOND, SECOND);
    stage->spi = first;
    stage->sequence[A] = stage->sequence[B] = 0;
    talk(stage, 8 * SECOND, 460 * SECOND, SECOND);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_SPI_CHURN), ==, 0);
    close_stage(stage);
}

/* A sets up anew every 100 s and leaves the old IKE SA to itself; only its own direction carries anything: so many in a row, where it uses the old child for
 * another 5 s, within the handover's grace; where it is 20 s, it does not leave it for the new one. */
static void
test_left_in_a_row(void)
{
    static const struct { int64_t used; unsigned left; } cases[] = { { 5 * SECOND, 5 }, { 20 * SECOND, 0 } };
    enum { SET_UPS = 6 };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(true);
        for (int64_t n = 0; n < SET_UPS; n++) {
            uint32_t old = stage->spi, sequence = stage->sequence[A];
            int64_t begun = n * 100 * SECOND;
            set_up(stage, begun, A);
            for (int64_t ns = begun + SECOND; n > 0 && ns < begun + cases[i].used; ns += SECOND)
                send_on(stage, ns, A, old, ++sequence);
            for (int64_t ns = begun + cases[i].used; ns < begun + 100 * SECOND; ns += SECOND)
                send(stage, ns, A);
        }
        g_assert_cmpuint(succession_left_in_a_row(&stage->bench.judge, tunnel_of(stage)), ==, cases[i].left);
        close_stage(stage);
    }
}

/* ---- restarts */

/* A's set-up, which says INITIAL_CONTACT (RFC 7296 section 2.4). */
static void
begin_anew(struct stage *stage, int64_t ns)
{
    stage->ike_spi += 16;
    stage->initiator = A;
    for (uint32_t id = 0; id < 2; id++)
        for (int response = 0; response < 2; response++) {
            prepare(stage, ns + (2 * (int64_t)id + response) * ROUND_TRIP, response ? B : A, id ? IKE2_IKE_AUTH : IKE2_IKE_SA_INIT, response, id);
            offer(stage, id == 0 ? 0 : response ? 5001 : 5002);
            if (id > 0 && !response) {
                stage->message.contents.notifies = 1;
                stage->message.contents.notify[0].type = IKE2_NOTIFY_INITIAL_CONTACT;
            }
            say(stage);
        }
    stage->spi = 5001;
    stage->sequence[A] = stage->sequence[B] = 0;
}

/* What says that nothing was left is proof, unless packets are missing: then what ended the old IKE SA may be among them. */
static void
test_restart_where_packets_are_missing(void)
{
    for (uint32_t missing = 0; missing < 4; missing += 3) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        talk(stage, SECOND, 50 * SECOND, SECOND);
        stage->sequence[A] += missing;
        talk(stage, 50 * SECOND, 100 * SECOND, SECOND);
        begin_anew(stage, 110 * SECOND);
        const struct finding *finding = finding_find(&stage->bench, FINDING_PEER_RESTART, 0);
        g_assert_nonnull(finding);
        if (finding)
            g_assert_cmpuint(finding->confidence, ==, missing ? CONFIDENCE_INFERRED : CONFIDENCE_PROVEN);
        close_stage(stage);
    }
}

/* An outage that begins with B's Delete is no restart of A's, though A says INITIAL_CONTACT when it sets up anew. */
static void
test_restart_after_a_delete(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    talk(stage, SECOND, 400 * SECOND, SECOND);
    delete_child(stage, 400 * SECOND, B, stage->spi);
    begin_anew(stage, 430 * SECOND);
    talk(stage, 431 * SECOND, 800 * SECOND, SECOND);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_PEER_RESTART), ==, 1);
    assert_cause(stage, CAUSE_DELETED_BY_PEER);
    close_stage(stage);
}

/* A child goes on beside others that A asks for, one after another, and never uses: the tunnel is not down for that. */
static void
test_children_left_beside_one_in_use(void)
{
    struct stage *stage = open_stage(true);

    set_up(stage, 0, A);
    uint32_t used = stage->spi;
    for (uint32_t sequence = 1; sequence < 400; sequence++) {
        send_on(stage, sequence * SECOND, A, used, sequence);
        send_on(stage, sequence * SECOND + ROUND_TRIP, B, used, sequence);
        if (sequence % 30 == 0)
            negotiate(stage, sequence * SECOND + SECOND / 2, A, IKE2_CREATE_CHILD_SA, 0);
    }
    stage->bench.judge.now = moment(400 * SECOND);
    struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);
    g_assert_cmpuint(finding_count(&stage->bench, FINDING_SETUP_ABANDONED), >, 0);
    g_assert_cmpuint(verdict.state, !=, STATE_DOWN);
    close_stage(stage);
}

/* ---- what turns out otherwise */

/* B's answers to what nobody asks, on an IKE SA of which no more is seen; or questions and answers. */
static void
speak_beside(struct stage *stage, bool only_answers)
{
    stage->ike_spi = 4096;
    stage->initiator = A;
    for (uint32_t id = 5; id < 8; id++)
        for (int response = only_answers ? 1 : 0; response < 2; response++) {
            prepare(stage, (int64_t)id * SECOND + response * ROUND_TRIP, response ? B : A, IKE2_INFORMATIONAL, response, id)->length = 80;
            say(stage);
        }
}

/* INITIAL_CONTACT tells of a restart where there was an IKE SA to forget: not beside one that is nothing but answers, which anybody can throw in. */
static void
test_restart_beside_answers(void)
{
    for (unsigned only_answers = 0; only_answers < 2; only_answers++) {
        struct stage *stage = open_stage(true);
        speak_beside(stage, only_answers);
        feed_series(&stage->bench, there(77), 1, 80, 10 * SECOND, SECOND);
        begin_anew(stage, 100 * SECOND);
        const struct finding *finding = finding_find(&stage->bench, FINDING_PEER_RESTART, 0);
        g_assert_true(finding || only_answers);
        if (finding)
            g_assert_true(finding_is_overcome(finding) == (bool)only_answers);
        close_stage(stage);
    }
}

/* Liveness checks that nobody answers, on an IKE SA of which one peer alone was ever heard: anybody may have thrown them in where the tunnel's SAs go on,
 * or are rekeyed, over them; not where its traffic ends. */
static void
test_unanswered_and_went_on(void)
{
    enum { GOES_ON, IS_REKEYED, ENDS, STORIES };

    for (unsigned story = GOES_ON; story < STORIES; story++) {
        struct stage *stage = open_stage(true);
        static const int64_t asked[] = { 100500 * MILLISECOND, 104500 * MILLISECOND, 111500 * MILLISECOND };
        set_up(stage, 0, A);
        uint64_t own = stage->ike_spi;
        talk(stage, SECOND, 100 * SECOND, SECOND);
        stage->ike_spi = 4096;
        stage->message_id[A] = 40;
        ask_in_vain(stage, A, asked, G_N_ELEMENTS(asked));
        prepare(stage, 112 * SECOND, A, IKE2_IKE_SA_INIT, false, 0);
        stage->message.initiator_spi = 8192;
        offer(stage, 0);
        say(stage);                 /* whoever asked gives up, and begins anew */
        stage->ike_spi = own;
        stage->message_id[A] = 2;
        if (story == IS_REKEYED)
            negotiate(stage, 113 * SECOND, A, IKE2_CREATE_CHILD_SA, stage->spi + 1);
        if (story != ENDS)
            talk(stage, 114 * SECOND, 400 * SECOND, SECOND);
        const struct finding *finding = finding_find(&stage->bench, FINDING_IKE_NO_RESPONSE, 0);
        g_assert_nonnull(finding);
        if (finding)
            g_assert_true(finding_is_hearsay(finding) == (story != ENDS));
        close_stage(stage);
    }
}

/* ---- who is to be reached */

/* What A and B say while B falls silent. */
enum asked {
    ASKED_IN_VAIN,                  /* B answers nothing, and sends nothing */
    ASKED_TWICE,                    /* the same once more */
    ASKED_BACK,                     /* its ESP comes for a while, and it asks in vain, too */
    ASKED_AT_ONCE,                  /* B sends nothing, and A asks three times within 40 ms, and no more */
    ASKED_ALIVE,                    /* its ESP comes for a while */
    ANSWERED_OTHERS,                /* it answers the next set-up's first request, and none of the next one */
    ASKED_STORIES
};

static void
ask(struct stage *stage, int64_t ns, unsigned peer, uint32_t id)
{
    prepare(stage, ns, peer, IKE2_INFORMATIONAL, false, id)->length = 80;
    say(stage);
}

/* IKE_SA_INIT is answered, and IKE_AUTH is not. */
static void
begin_in_vain(struct stage *stage, int64_t ns)
{
    static const int64_t after[] = { 1, 5, 12, 25 };

    stage->ike_spi += 16;
    for (int response = 0; response < 2; response++) {
        prepare(stage, ns + response * ROUND_TRIP, response ? B : A, IKE2_IKE_SA_INIT, response, 0);
        offer(stage, 0);
        say(stage);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
        prepare(stage, ns + after[i] * SECOND, A, IKE2_IKE_AUTH, false, 1);
        offer(stage, 5002);
        say(stage);
    }
}

/* B falls silent, A goes on, asks from 10 s on, and sets up anew after a minute and a half. */
static void
fall_silent(struct stage *stage, int64_t from, enum asked story)
{
    static const int64_t times[] = { 10, 14, 21, 34 };
    bool is_alive = story == ASKED_ALIVE || story == ASKED_BACK;
    uint32_t id = stage->message_id[A]++, id_of_b = stage->message_id[B]++;
    size_t next = 0, most = story == ASKED_AT_ONCE ? 1 : G_N_ELEMENTS(times);

    for (int64_t second = 0; second < 40; second++) {
        int64_t ns = from + second * SECOND;
        send(stage, ns, A);
        if (is_alive && second < 25)
            send(stage, ns + ROUND_TRIP, B);
        if (next == most || times[next] != second)
            continue;
        next++;
        for (unsigned i = 0; i < (story == ASKED_AT_ONCE ? 3 : 1); i++)
            ask(stage, ns + (500 + 20 * i) * MILLISECOND, A, id);
        if (story == ASKED_BACK || (story == ASKED_ALIVE && next == 1))     /* once may be answered unseen */
            ask(stage, ns + 700 * MILLISECOND, B, id_of_b);
    }
    if (story == ANSWERED_OTHERS)
        begin_in_vain(stage, from + 45 * SECOND);
    set_up(stage, from + 90 * SECOND, A);
    talk(stage, from + 91 * SECOND, from + 150 * SECOND, SECOND);
}

/* A peer that answers nothing and sends nothing is not to be reached. One that answered another request meanwhile, or whose ESP came while it left this one
 * unanswered, is alive; but where it asks in vain itself, nothing gets through. Who asks thrice at once did not wait for an answer (RFC 7296 section 2.4: retransmission
 * times grow), and shows nothing. */
static void
test_who_is_reached(void)
{
    static const struct { bool unreachable; bool unanswered; } expected[ASKED_STORIES] = {
        [ASKED_IN_VAIN] = { true, false }, [ASKED_TWICE] = { true, false }, [ASKED_BACK] = { true, false },
        [ASKED_AT_ONCE] = { true, false }, [ASKED_ALIVE] = { false, true }, [ANSWERED_OTHERS] = { false, false },
    };

    for (unsigned story = 0; story < ASKED_STORIES; story++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        fall_silent(stage, 100 * SECOND, (enum asked)story);
        if (story == ASKED_TWICE)
            fall_silent(stage, 250 * SECOND, (enum asked)story);
        g_assert_cmpuint(tunnel_of(stage)->service.outages, ==, story == ASKED_TWICE ? 2 : 1);
        g_assert_true((cause_in(stage) == CAUSE_PEER_UNREACHABLE) == expected[story].unreachable);
        g_assert_true((cause_in(stage) == CAUSE_IKE_UNANSWERED) == expected[story].unanswered);
        close_stage(stage);
    }
}

/* A set-up of A's that nobody answers, beside a tunnel that is in use: asked for once, or all at once, it waited for nothing; not if it is tried again. */
static void
test_set_up_asked_once(void)
{
    static const struct { unsigned tries; int64_t apart; bool waited; } cases[] = { { 1, 0, false }, { 3, 20 * MILLISECOND, false }, { 3, 5 * SECOND, true } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(true);
        const struct finding *latest = NULL;
        set_up(stage, 0, A);
        talk(stage, SECOND, 100 * SECOND, SECOND);
        for (unsigned n = 0; n < cases[i].tries; n++) {
            stage->ike_spi += 16;
            prepare(stage, 100 * SECOND + n * cases[i].apart, A, IKE2_IKE_SA_INIT, false, 0);
            offer(stage, 0);
            say(stage);
        }
        talk(stage, 120 * SECOND, 200 * SECOND, SECOND);
        set_up(stage, 200 * SECOND, A);
        for (unsigned n = 0; finding_find(&stage->bench, FINDING_IKE_NO_RESPONSE, n); n++)
            if (!latest || finding_find(&stage->bench, FINDING_IKE_NO_RESPONSE, n)->exchange->request_frame > latest->exchange->request_frame)
                latest = finding_find(&stage->bench, FINDING_IKE_NO_RESPONSE, n);
        g_assert_nonnull(latest);
        g_assert_true(latest && finding_waited_for_none(latest) == !cases[i].waited);
        close_stage(stage);
    }
}

/* ---- children that are deleted in the midst */

/* Each of five children is deleted in the midst of its traffic, and there is another one at once. Where one peer deletes and the other one asks, it is that
 * peer's doing; not where they take turns, nor where who deletes asks for the next one itself, and so renews it. */
static void
test_deleted_in_turn(void)
{
    enum { BY_ONE, BY_TURNS, BY_WHO_ASKS, STORIES };
    static const int64_t ages[] = { 61, 143, 97, 205, 74 };

    for (unsigned story = BY_ONE; story < STORIES; story++) {
        struct stage *stage = open_stage(true);
        int64_t ns = 0;
        set_up(stage, ns, A);
        for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
            unsigned by = story == BY_TURNS ? i % 2 : A;
            talk(stage, ns + SECOND, ns + ages[i] * SECOND, SECOND);
            ns += ages[i] * SECOND;
            delete_child(stage, ns, by, stage->spi);
            negotiate(stage, ns + 100 * MILLISECOND, story == BY_WHO_ASKS ? by : 1 - by, IKE2_CREATE_CHILD_SA, 0);
        }
        talk(stage, ns + SECOND, ns + 400 * SECOND, SECOND);
        struct verdict verdict = verdict_of(tunnel_of(stage), &stage->bench.judge);
        g_assert_cmpuint(verdict.outages, ==, 0);
        g_assert_true((verdict.cause == CAUSE_DELETED_BY_PEER && verdict.by == A) == (story == BY_ONE));
        g_assert_true(story == BY_ONE || verdict.cause != CAUSE_DELETED_BY_PEER);
        close_stage(stage);
    }
}

/* ---- one way from the start */

/* A speaks alone, and B, whose IKE answers every 100 s, is not heard otherwise. */
static void
talk_alone(struct stage *stage, int64_t from, int64_t until)
{
    for (int64_t ns = from; ns < until; ns += SECOND) {
        send(stage, ns, A);
        if (ns % (100 * SECOND) == 0)
            inform(stage, ns + 500 * MILLISECOND, A, 0, 0, true);
    }
    stage->bench.judge.now = moment(until);
}

/* A direction that never had a packet, or none since it was set up anew, though all that it gets is as short as what wants an answer: not where it was heard
 * since, nor where it was silent for as long before. */
static void
test_one_way_from_the_start(void)
{
    enum { NEVER_HEARD, UNHEARD_SINCE, HEARD_SINCE, AS_SILENT_BEFORE, STORIES };

    for (unsigned story = NEVER_HEARD; story < STORIES; story++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        if (story == AS_SILENT_BEFORE) {
            talk(stage, SECOND, 10 * SECOND, SECOND);
            talk_alone(stage, 10 * SECOND, 1800 * SECOND);
        }
        if (story != NEVER_HEARD)
            talk(stage, 1800 * SECOND, 1900 * SECOND, SECOND);
        set_up(stage, 1900 * SECOND, A);
        if (story == HEARD_SINCE)
            talk(stage, 1901 * SECOND, 1903 * SECOND, SECOND);
        talk_alone(stage, 1903 * SECOND, 2600 * SECOND);
        g_assert_true(one_way_from_the_start(&stage->bench.judge, tunnel_of(stage), B) == (story == NEVER_HEARD || story == UNHEARD_SINCE));
        g_assert_false(one_way_from_the_start(&stage->bench.judge, tunnel_of(stage), A));
        close_stage(stage);
    }
}

/* ---- what is left out */

/* A child is renewed every ten minutes, and of each the first packets alone are seen: where it is as many each time, in both directions, the capture keeps
 * no more, and their end tells nothing. Two alike are chance. */
static void
test_ends_alike(void)
{
    static const struct { unsigned children; uint32_t more; bool left_out; } cases[] = { { 4, 0, true }, { 4, 1, false }, { 2, 0, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        for (unsigned n = 0; n < cases[i].children; n++) {
            int64_t ns = n * 600 * SECOND;
            if (n > 0)
                negotiate(stage, ns, A, IKE2_CREATE_CHILD_SA, stage->spi + 1);
            talk(stage, ns + SECOND, ns + (21 + (n == 1 ? cases[i].more : 0)) * SECOND, SECOND);
        }
        g_assert_true(left_out_ends(tunnel_of(stage)) == cases[i].left_out);
        close_stage(stage);
    }
}

/* Of each child the same few packets are seen, and then none for longer than that: where A ends its IKE SA and sets up another one, all was
 * seen, whether that Delete is read or not; where A renews the child, what both sent until then was left out, whatever else A told. */
static void
test_ended_alike_by_deletes(void)
{
    static const struct { bool readable, anew, left_out; } cases[] = { { true, true, false }, { false, true, false }, { false, false, true } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct stage *stage = open_stage(true);
        set_up(stage, 0, A);
        for (unsigned n = 0; n < 5; n++) {
            int64_t ns = n * 600 * SECOND;
            if (n > 0 && cases[i].anew)
                set_up(stage, ns, A);
            else if (n > 0)
                negotiate(stage, ns, A, IKE2_CREATE_CHILD_SA, stage->spi + 1);
            talk(stage, ns + SECOND, ns + 21 * SECOND, SECOND);
            stage->readable = cases[i].readable;
            if (n < 4)
                delete_ike(stage, ns + 21 * SECOND, A);
            stage->readable = true;
        }
        g_assert_true(left_out_much(tunnel_of(stage)) == cases[i].left_out);
        assert_cause(stage, cases[i].anew ? CAUSE_DELETED_BY_PEER : CAUSE_NONE);
        close_stage(stage);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/causes/unexplained_churn", test_unexplained_churn);
    g_test_add_func("/causes/churn_that_may_be_explained", test_churn_that_may_be_explained);
    g_test_add_func("/causes/groups_refused_in_a_row", test_groups_refused_in_a_row);
    g_test_add_func("/causes/groups_refused_by_both", test_groups_refused_by_both);
    g_test_add_func("/causes/refused_before_the_outage", test_refused_before_the_outage);
    g_test_add_func("/causes/lifetime_announced_about_nothing", test_lifetime_announced_about_nothing);
    g_test_add_func("/causes/rekeys_of_the_longer_lifetime", test_rekeys_of_the_longer_lifetime);
    g_test_add_func("/causes/one_rekey_of_two_sas", test_one_rekey_of_two_sas);
    add_both("/causes/used_in_turn", test_used_in_turn);
    g_test_add_func("/causes/left_in_a_row", test_left_in_a_row);
    g_test_add_func("/causes/restart_beside_answers", test_restart_beside_answers);
    g_test_add_func("/causes/restart_where_packets_are_missing", test_restart_where_packets_are_missing);
    g_test_add_func("/causes/restart_after_a_delete", test_restart_after_a_delete);
    g_test_add_func("/causes/children_left_beside_one_in_use", test_children_left_beside_one_in_use);
    g_test_add_func("/causes/unanswered_and_went_on", test_unanswered_and_went_on);
    g_test_add_func("/causes/who_is_reached", test_who_is_reached);
    g_test_add_func("/causes/set_up_asked_once", test_set_up_asked_once);
    g_test_add_func("/causes/deleted_in_turn", test_deleted_in_turn);
    g_test_add_func("/causes/one_way_from_the_start", test_one_way_from_the_start);
    g_test_add_func("/causes/ends_alike", test_ends_alike);
    g_test_add_func("/causes/ended_alike_by_deletes", test_ended_alike_by_deletes);
    return test_run();
}

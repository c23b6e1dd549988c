/* test_setup.c
 * Set-ups that lead to nothing: what is left unused, COOKIEs that are ignored, large requests that stay unanswered, and where
 * none of these may be said. Sizes are those of AES-CBC with SHA-256 (RFC 7296 section 3.14): 80 bytes hold an error at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

enum length {
    INIT_LENGTH = 432,
    AUTH_LENGTH = 256,
    ACCEPTED_LENGTH = 400,
    ERROR_LENGTH = 80,
    EAP_LENGTH = 112,
    LARGE_LENGTH = 2000
};

struct setup {
    struct bench bench;
    struct ike_message message;     /* large: kept off the stack */
    uint64_t spi;
    int64_t now;
};

static struct setup *
open_setup(void)
{
    struct setup *setup = g_new0(struct setup, 1);

    setup->bench = bench_open();
    return setup;
}

static void
close_setup(struct setup *setup)
{
    bench_close(&setup->bench);
    g_free(setup);
}

/* A message of gateway 1, or gateway 2's response, unreadable but for IKE_SA_INIT. */
static struct ike_message *
prepare(struct setup *setup, uint8_t type, uint32_t message_id, bool response, uint32_t length)
{
    struct ike_message *message = &setup->message;

    memset(message, 0, sizeof *message);
    setup->now += 50 * MILLISECOND;
    message->time = moment(setup->now);
    message->source = v4(response ? 2 : 1, PORT_IKE);
    message->destination = v4(response ? 1 : 2, PORT_IKE);
    message->initiator_spi = setup->spi;
    message->responder_spi = type == IKE2_IKE_SA_INIT && !response ? 0 : setup->spi + 1;
    message->version = 2;
    message->exchange_type = type;
    message->flags = response ? IKE2_FLAG_RESPONSE : IKE2_FLAG_INITIATOR;
    message->message_id = message_id;
    message->length = length;
    message->first_payload = type == IKE2_IKE_SA_INIT ? IKE2_PAYLOAD_SA : IKE2_PAYLOAD_SK;
    message->readable = type == IKE2_IKE_SA_INIT;
    message->fingerprint = (uint32_t)setup->spi + (message_id * 4) + (type * 64U) + response;
    return message;
}

static void
exchange(struct setup *setup, uint8_t type, uint32_t message_id, uint32_t request, uint32_t response)
{
    feed_ike(&setup->bench, prepare(setup, type, message_id, false, request));
    if (response > 0)
        feed_ike(&setup->bench, prepare(setup, type, message_id, true, response));
}

/* A new IKE SA of gateway 1 whose IKE_SA_INIT is accepted. */
static void
begin(struct setup *setup)
{
    setup->spi += UINT64_C(0x100000);
    feed_ike(&setup->bench, prepare(setup, IKE2_IKE_SA_INIT, 0, false, INIT_LENGTH));
    struct ike_message *answer = prepare(setup, IKE2_IKE_SA_INIT, 0, true, INIT_LENGTH);
    answer->contents.has_sa = true;
    answer->contents.proposals = 1;
    answer->contents.proposal[0] = (struct proposal){ .protocol = IKE_PROTOCOL_IKE, .transforms = 2,
        .transform = { { TRANSFORM_ENCR, 12, 128 }, { TRANSFORM_INTEG, 12, 0 } } };
    feed_ike(&setup->bench, answer);
}

static void
test_no_auth_follows(void)
{
    struct setup *setup = open_setup();

    for (unsigned i = 0; i < 3; i++) {
        begin(setup);
        g_assert_cmpuint(finding_count(&setup->bench, FINDING_SETUP_ABANDONED), ==, i == 2);     /* two were left */
        setup->now += 10 * SECOND;
    }
    g_assert_true(says(&setup->bench, finding_find(&setup->bench, FINDING_SETUP_ABANDONED, 0), "no IKE_AUTH"));
    close_setup(setup);
}

/* Set-ups an hour apart, as with on-demand tunnels of which only port 500 was captured. */
static void
test_far_apart(void)
{
    struct setup *setup = open_setup();

    for (unsigned i = 0; i < 5; i++) {
        begin(setup);
        setup->now += 3600 * SECOND;
    }
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_SETUP_ABANDONED), ==, 0);
    close_setup(setup);
}

static void
test_left_after_eap(void)
{
    struct setup *setup = open_setup();

    for (unsigned i = 0; i < 4; i++) {
        begin(setup);
        exchange(setup, IKE2_IKE_AUTH, 1, AUTH_LENGTH, EAP_LENGTH);
        exchange(setup, IKE2_IKE_AUTH, 2, EAP_LENGTH, ERROR_LENGTH);        /* a Success is as small */
        setup->now += 10 * SECOND;
    }
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_SETUP_ABANDONED), ==, 2);
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_AUTH_FAILED), ==, 0);
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_CHILD_REFUSED), ==, 0);
    close_setup(setup);
}

/* RFC 7296 section 2.21.2: an answer without room for an identity; and at once, not only when it is tried again. */
static void
test_refused_at_once(void)
{
    struct setup *setup = open_setup();

    begin(setup);
    exchange(setup, IKE2_IKE_AUTH, 1, AUTH_LENGTH, ERROR_LENGTH);
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_AUTH_FAILED), ==, 1);
    begin(setup);
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_AUTH_FAILED), ==, 1);
    close_setup(setup);
}

/* Main mode's six messages; what follows them may be a Quick Mode's first one. */
static void
main_mode(struct setup *setup, bool quick_mode)
{
    setup->spi += UINT64_C(0x100000);
    for (unsigned i = 0; i < (quick_mode ? 7 : 6); i++) {
        uint8_t type = i < 6 ? IKE1_IDENTITY_PROTECTION : IKE1_QUICK_MODE;
        struct ike_message *message = prepare(setup, type, i < 6 ? 0 : 7, i % 2 == 1, 200);
        message->version = 1;
        message->flags = i < 4 ? 0 : IKE1_FLAG_ENCRYPTION;
        message->responder_spi = i == 0 ? 0 : setup->spi + 1;
        message->readable = i < 4;
        message->first_payload = (uint8_t)(1 + i);
        message->fingerprint += 1000 * i;
        feed_ike(&setup->bench, message);
    }
}

static void
test_left_after_main_mode(void)
{
    for (unsigned quick_mode = 0; quick_mode < 2; quick_mode++) {
        struct setup *setup = open_setup();
        for (unsigned i = 0; i < 5; i++) {
            main_mode(setup, quick_mode);
            setup->now += 20 * SECOND;
        }
        /* the third may be handed over yet */
        g_assert_cmpuint(finding_count(&setup->bench, FINDING_SETUP_ABANDONED), ==, quick_mode ? 0 : 2);
        close_setup(setup);
    }
}

static void
test_up_and_in_use(void)
{
    struct setup *setup = open_setup();

    for (uint32_t i = 0; i < 5; i++) {
        begin(setup);
        exchange(setup, IKE2_IKE_AUTH, 1, AUTH_LENGTH, ACCEPTED_LENGTH);
        feed_series(&setup->bench, there(0x1000 + i), 1, 5, setup->now + SECOND, SECOND);
        setup->now += 10 * SECOND;
    }
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_SETUP_ABANDONED), ==, 0);
    close_setup(setup);
}

/* Up again and again, and the initiator sends nothing. */
static unsigned
left_when_up(bool responder_sends)
{
    struct setup *setup = open_setup();

    for (uint32_t i = 0; i < 5; i++) {
        begin(setup);
        exchange(setup, IKE2_IKE_AUTH, 1, AUTH_LENGTH, ACCEPTED_LENGTH);
        if (responder_sends)
            feed_series(&setup->bench, back(0x1000 + i), 1, 5, setup->now + SECOND, SECOND);
        setup->now += 10 * SECOND;
    }
    unsigned said = finding_count(&setup->bench, FINDING_SETUP_ABANDONED);
    close_setup(setup);
    return said;
}

/* Where no ESP is captured at all, nobody knows whether it was used. */
static void
test_up_and_unused(void)
{
    g_assert_cmpuint(left_when_up(true), ==, 2);
    g_assert_cmpuint(left_when_up(false), ==, 0);
}

/* Asks again without the COOKIE so often. */
static void
ask_without_cookie(struct setup *setup, unsigned again)
{
    setup->spi += UINT64_C(0x100000);
    for (unsigned i = 0; i <= again; i++) {
        feed_ike(&setup->bench, prepare(setup, IKE2_IKE_SA_INIT, 0, false, INIT_LENGTH));
        struct ike_message *answer = prepare(setup, IKE2_IKE_SA_INIT, 0, true, 68);
        answer->contents.notifies = 1;
        answer->contents.notify[0].type = IKE2_NOTIFY_COOKIE;
        feed_ike(&setup->bench, answer);
        setup->now += SECOND;
    }
}

static void
test_cookie_loop(void)
{
    struct setup *setup = open_setup();

    ask_without_cookie(setup, 1);   /* may have crossed the answer */
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_COOKIE_LOOP), ==, 0);
    ask_without_cookie(setup, 1);   /* nor does it come back with another try */
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_COOKIE_LOOP), ==, 1);
    close_setup(setup);
    setup = open_setup();
    ask_without_cookie(setup, 4);
    g_assert_cmpuint(finding_count(&setup->bench, FINDING_COOKIE_LOOP), ==, 1);
    close_setup(setup);
}

/* How often a request of this size is said to be lost in fragments, sent again so often without an answer. */
static unsigned
lost_of(uint32_t length, unsigned again)
{
    struct setup *setup = open_setup();

    begin(setup);
    for (unsigned i = 0; i <= again; i++) {
        exchange(setup, IKE2_IKE_AUTH, 1, length, 0);
        setup->now += 4 * SECOND;
    }
    unsigned count = finding_count(&setup->bench, FINDING_FRAGMENTS_LOST);
    close_setup(setup);
    return count;
}

static void
test_fragments_lost(void)
{
    g_assert_cmpuint(lost_of(LARGE_LENGTH, 4), ==, 1);
    g_assert_cmpuint(lost_of(LARGE_LENGTH, 1), ==, 0);
    g_assert_cmpuint(lost_of(1500 - 20 - 8, 4), ==, 0);         /* fits into one packet */
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/setup/no-auth-follows", test_no_auth_follows);
    g_test_add_func("/setup/far-apart", test_far_apart);
    g_test_add_func("/setup/left-after-eap", test_left_after_eap);
    g_test_add_func("/setup/refused-at-once", test_refused_at_once);
    g_test_add_func("/setup/left-after-main-mode", test_left_after_main_mode);
    g_test_add_func("/setup/up-and-in-use", test_up_and_in_use);
    g_test_add_func("/setup/up-and-unused", test_up_and_unused);
    g_test_add_func("/setup/cookie-loop", test_cookie_loop);
    g_test_add_func("/setup/fragments-lost", test_fragments_lost);
    return test_run();
}

/* test_envelope.c
 * What the size of an encrypted IKEv2 message proves, held against messages put together here: RFC 7296
 * section 3.14 with RFC 3602 (AES-CBC), 2451 (3DES), 5930 (AES-CTR), 5282 (AES-GCM, AES-CCM) and 7634
 * (ChaCha20-Poly1305).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include "track/envelope.h"

/* What a suite puts around payloads, as its RFC says. */
struct suite {
    uint16_t encr;                  /* IANA, Transform Type 1 */
    uint16_t integ;                 /* IANA, Transform Type 3; 0 with a combined mode */
    uint32_t iv;
    uint32_t block;
    uint32_t icv;
};

static const struct suite suites[] = {
    { 12, 12, 16, 16, 16 },     /* AES-CBC, HMAC-SHA2-256-128: RFC 3602 section 2, RFC 4868 */
    { 12, 2, 16, 16, 12 },      /* AES-CBC, HMAC-SHA1-96 */
    { 12, 14, 16, 16, 32 },     /* AES-CBC, HMAC-SHA2-512-256 */
    { 12, 13, 16, 16, 24 },     /* AES-CBC, HMAC-SHA2-384-192 */
    { 12, 5, 16, 16, 12 },      /* AES-CBC, AES-XCBC-96: RFC 3566 */
    { 3, 1, 8, 8, 12 },         /* 3DES, HMAC-MD5-96: RFC 2451 */
    { 23, 12, 16, 16, 16 },     /* CAMELLIA-CBC, HMAC-SHA2-256-128: RFC 5529 */
    { 13, 2, 8, 1, 12 },        /* AES-CTR, HMAC-SHA1-96: RFC 5930 */
    { 18, 0, 8, 1, 8 },         /* AES-GCM with 8 bytes of ICV: RFC 5282 sections 3 and 7 */
    { 19, 0, 8, 1, 12 },        /* AES-GCM with 12 */
    { 20, 0, 8, 1, 16 },        /* AES-GCM with 16 */
    { 14, 0, 8, 1, 8 },         /* AES-CCM with 8 */
    { 15, 0, 8, 1, 12 },        /* AES-CCM with 12 */
    { 16, 0, 8, 1, 16 },        /* AES-CCM with 16 */
    { 28, 0, 8, 1, 16 },        /* ChaCha20-Poly1305: RFC 7634 section 2 */
};

/* Payloads are at most so long here; the largest block is 16. */
#define CONTENTS_AT_MOST 300
#define IKE_HEADER_LENGTH 28
#define SK_HEADER_LENGTH 4

/* The shortest message that holds these payloads: padding and its length bring them to a multiple of the block. */
static uint32_t
message_length(const struct suite *suite, uint32_t contents)
{
    uint32_t encrypted = (contents + 1 + suite->block - 1) / suite->block * suite->block;

    return IKE_HEADER_LENGTH + SK_HEADER_LENGTH + suite->iv + encrypted + suite->icv;
}

/* The answer of IKE_SA_INIT that chose a suite, with PRF_HMAC_SHA2_256 and group 14; to be freed. */
static struct offer *
answer_of(const struct suite *suite)
{
    enum { MOST = 2 };              /* proposals that a test makes of it */
    size_t head = sizeof(struct offer) + (MOST * sizeof(struct proposal *));
    struct offer *answer = g_malloc0(head + sizeof(struct proposal));
    struct proposal *proposal = (struct proposal *)((char *)answer + head);

    answer->has_ke = true;
    answer->ke_group = 14;
    answer->proposals = 1;
    answer->proposal[0] = proposal;
    proposal->protocol = 1;
    proposal->transform[proposal->transforms++] = (struct transform) { TRANSFORM_ENCR, suite->encr, 0 };
    proposal->transform[proposal->transforms++] = (struct transform) { TRANSFORM_PRF, 5, 0 };
    if (suite->integ)
        proposal->transform[proposal->transforms++] = (struct transform) { TRANSFORM_INTEG, suite->integ, 0 };
    proposal->transform[proposal->transforms++] = (struct transform) { TRANSFORM_KE, 14, 0 };
    return answer;
}

/* A message can hold what it was made of, and less than a block more. */
static void
test_every_suite(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree struct offer *answer = answer_of(&suites[i]);
        struct ike_sa ike_sa = { .version = 2, .init = answer };

        for (uint32_t contents = 0; contents <= CONTENTS_AT_MOST; contents++) {
            uint32_t most = envelope_holds_at_most(&ike_sa, message_length(&suites[i], contents));
            g_assert_cmpuint(most, >=, contents);
            g_assert_cmpuint(most, <, contents + suites[i].block);
        }
        for (uint32_t length = 0; length < message_length(&suites[i], 0); length++)
            g_assert_cmpuint(envelope_holds_at_most(&ike_sa, length), ==, 0);
    }
}

/* Empty Informationals, the liveness checks of every daemon: 28 + 4 + IV + one block + ICV. Of that block all but the pad
 * length may be contents; a byte less, and there is no room for it. */
static void
test_known_sizes(void)
{
    static const struct {
        struct suite suite;         /* by its numbers only */
        uint32_t empty;
        uint32_t most;
    } known[] = {
        { { .encr = 12, .integ = 12 }, 28 + 4 + 16 + 16 + 16, 15 },     /* AES-CBC, HMAC-SHA2-256-128: 80 */
        { { .encr = 12, .integ = 2 }, 28 + 4 + 16 + 16 + 12, 15 },      /* HMAC-SHA1-96: 76 */
        { { .encr = 3, .integ = 1 }, 28 + 4 + 8 + 8 + 12, 7 },          /* 3DES, HMAC-MD5-96: 60 */
        { { .encr = 13, .integ = 2 }, 28 + 4 + 8 + 1 + 12, 0 },         /* AES-CTR, HMAC-SHA1-96: 53 */
        { { .encr = 20 }, 28 + 4 + 8 + 1 + 16, 0 },                     /* AES-GCM: 57 */
        { { .encr = 28 }, 28 + 4 + 8 + 1 + 16, 0 },                     /* ChaCha20-Poly1305: 57 */
        { { .encr = 14 }, 28 + 4 + 8 + 1 + 8, 0 },                      /* AES-CCM with 8 bytes of ICV: 49 */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree struct offer *answer = answer_of(&known[i].suite);
        struct ike_sa ike_sa = { .version = 2, .init = answer };

        g_assert_cmpuint(envelope_holds_at_most(&ike_sa, known[i].empty), ==, known[i].most);
        g_assert_cmpuint(envelope_holds_at_most(&ike_sa, known[i].empty - 1), ==, 0);
        g_assert_cmpuint(envelope_holds_at_most(&ike_sa, known[i].empty + known[i].most + 1), ==, 2 * known[i].most + 1);
    }
}

/* Only without padding does a size prove that there is nothing in it. */
static void
test_is_empty(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree struct offer *answer = answer_of(&suites[i]);
        struct ike_sa ike_sa = { .version = 2, .init = answer };

        g_assert_cmpint(envelope_is_empty(&ike_sa, message_length(&suites[i], 0)), ==, suites[i].block == 1);
        g_assert_false(envelope_is_empty(&ike_sa, message_length(&suites[i], SMALLEST_NOTIFY)));
        g_assert_false(envelope_is_empty(&ike_sa, message_length(&suites[i], CONTENTS_AT_MOST)));
    }
}

/* Of algorithms that are not known, the smallest count: no IV, no block, 8 bytes of ICV (RFC 8750 has no IV, AES-GCM and
 * AES-CCM may have that ICV). No suite holds more, and nothing is called empty. */
static void
test_unknown_algorithms(void)
{
    struct ike_sa ike_sa = { .version = 2 };
    const uint32_t around = IKE_HEADER_LENGTH + SK_HEADER_LENGTH + 8 + 1;

    g_assert_cmpuint(envelope_holds_at_most(&ike_sa, around), ==, 0);
    g_assert_cmpuint(envelope_holds_at_most(&ike_sa, around + 1), ==, 1);
    g_assert_cmpuint(envelope_holds_at_most(&ike_sa, 0), ==, 0);
    g_assert_false(envelope_is_empty(&ike_sa, around));
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree struct offer *answer = answer_of(&suites[i]);
        struct ike_sa known = { .version = 2, .init = answer };

        for (uint32_t length = 0; length < CONTENTS_AT_MOST; length++)
            g_assert_cmpuint(envelope_holds_at_most(&ike_sa, length), >=, envelope_holds_at_most(&known, length));
    }
}

static void
check_tells_nothing(const struct offer *answer)
{
    struct ike_sa unknown = { .version = 2 }, ike_sa = { .version = 2, .init = answer };

    for (uint32_t length = 0; length < CONTENTS_AT_MOST; length++) {
        g_assert_cmpuint(envelope_holds_at_most(&ike_sa, length), ==, envelope_holds_at_most(&unknown, length));
        g_assert_false(envelope_is_empty(&ike_sa, length));
    }
}

/* An answer chooses one proposal (section 2.7); of two, of none, or of a number without a meaning here, nothing follows. */
static void
test_doubtful_answers(void)
{
    struct suite odd = { 1023, 0, 0, 1, 8 };
    g_autofree struct offer *two = answer_of(&suites[0]), *none = answer_of(&suites[0]), *unassigned = answer_of(&odd);

    two->proposals = 2;
    two->proposal[1] = two->proposal[0];
    check_tells_nothing(two);
    none->proposals = 0;
    check_tells_nothing(none);
    check_tells_nothing(unassigned);
}

/* Sizes of payloads (RFC 7296 sections 3.2 to 3.13), each as small as it may be. */
enum {
    GENERIC = 4,
    SA_ESP = GENERIC + 8 + 4 + 8,           /* a proposal with an SPI of 4 and one transform */
    SA_IKE = GENERIC + 8 + 8 + 3 * 8,       /* an SPI of 8; cipher, PRF and group */
    NONCE = GENERIC + 16,
    TS_IPV4 = GENERIC + 4 + 16,
    KE_X25519 = GENERIC + 4 + 32,
    NOTIFY = GENERIC + 4,
    IDR = GENERIC + 4 + 1,
    AUTH_PSK = GENERIC + 4 + 16
};

static void
test_smallest_contents(void)
{
    g_assert_cmpint(SMALLEST_CHILD_ANSWER, ==, SA_ESP + NONCE + 2 * TS_IPV4);
    g_assert_cmpint(SMALLEST_IKE_REKEY_ANSWER, ==, SA_IKE + NONCE + KE_X25519);
    g_assert_cmpint(SMALLEST_AUTH_ANSWER, ==, IDR + AUTH_PSK);
    g_assert_cmpint(SMALLEST_AUTH_CHILD_ANSWER, ==, IDR + AUTH_PSK + SA_ESP + 2 * TS_IPV4);
    g_assert_cmpint(SMALLEST_NOTIFY, ==, NOTIFY);
}

static void
test_refuses_child(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree struct offer *answer = answer_of(&suites[i]);
        struct ike_sa ike_sa = { .version = 2, .init = answer };
        struct exchange exchange = { .ike_sa = &ike_sa, .type = IKE2_CREATE_CHILD_SA, .request_frame = 1, .response_frame = 2 };

        /* NO_PROPOSAL_CHOSEN alone; then with as many statuses as still prove it; then what may be a child */
        exchange.response_length = message_length(&suites[i], NOTIFY);
        g_assert_true(envelope_refuses_child(&exchange));
        exchange.response_length = message_length(&suites[i], SA_ESP + NONCE + 2 * TS_IPV4) - suites[i].block;
        g_assert_true(envelope_refuses_child(&exchange));
        for (uint32_t contents = SA_ESP + NONCE + 2 * TS_IPV4; contents < CONTENTS_AT_MOST; contents++) {
            exchange.response_length = message_length(&suites[i], contents);
            g_assert_false(envelope_refuses_child(&exchange));
        }
    }
}

/* Nothing is refused without an answer, by a fragment (RFC 7383), or in an exchange of another kind. */
static void
test_refuses_nothing_else(void)
{
    g_autofree struct offer *answer = answer_of(&suites[0]);
    struct ike_sa ike_sa = { .version = 2, .init = answer };
    struct exchange refused = {
        .ike_sa = &ike_sa, .type = IKE2_CREATE_CHILD_SA, .request_frame = 1, .response_frame = 2,
        .response_length = message_length(&suites[0], NOTIFY)
    };
    struct exchange unanswered = refused, fragment = refused, other = refused;

    g_assert_true(envelope_refuses_child(&refused));
    unanswered.response_frame = 0;
    g_assert_false(envelope_refuses_child(&unanswered));
    fragment.response_fragmented = true;
    g_assert_false(envelope_refuses_child(&fragment));
    other.type = IKE2_INFORMATIONAL;
    g_assert_false(envelope_refuses_child(&other));
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/envelope/every-suite", test_every_suite);
    g_test_add_func("/envelope/known-sizes", test_known_sizes);
    g_test_add_func("/envelope/is-empty", test_is_empty);
    g_test_add_func("/envelope/unknown-algorithms", test_unknown_algorithms);
    g_test_add_func("/envelope/doubtful-answers", test_doubtful_answers);
    g_test_add_func("/envelope/smallest-contents", test_smallest_contents);
    g_test_add_func("/envelope/refuses-child", test_refuses_child);
    g_test_add_func("/envelope/refuses-nothing-else", test_refuses_nothing_else);
    return test_run();
}

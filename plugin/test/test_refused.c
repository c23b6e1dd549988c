/* test_refused.c
 * What is refused, and when that is no trouble: the next try works, the other peer's crossed it. Who lost its state. What goes unanswered
 * without anything being wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge/rule.h"
#include "test.h"

#define IDENTITY_A 11
#define IDENTITY_B 22
#define IDENTITY_C 33
#define GROUP_NONE 0

/* IKEv2 between gateway 1, which began, and gateway 2; in clear. */
struct talk {
    struct bench bench;
    uint64_t initiator;
    uint32_t message_id[2];         /* of each peer's next request */
    uint32_t spi;                   /* the next one */
    uint16_t cipher;                /* of IKE_AUTH's child; 0: none is named */
    int64_t now;
    struct ike_message message;     /* large: kept off the stack */
};

/* A message of an exchange that this peer began. */
static struct ike_message *
prepare(struct talk *talk, unsigned requester, uint8_t type, bool response)
{
    struct ike_message *message = &talk->message;
    unsigned sender = response ? 1 - requester : requester;

    memset(message, 0, sizeof *message);
    talk->now += MILLISECOND;
    message->time = moment(talk->now);
    message->source = v4(sender == 0 ? 1 : 2, PORT_IKE);
    message->destination = v4(sender == 0 ? 2 : 1, PORT_IKE);
    message->initiator_spi = talk->initiator;
    message->responder_spi = type == IKE2_IKE_SA_INIT && !response ? 0 : ~talk->initiator;
    message->version = 2;
    message->exchange_type = type;
    message->flags = (uint8_t)((response ? IKE2_FLAG_RESPONSE : 0) | (sender == 0 ? IKE2_FLAG_INITIATOR : 0));
    message->message_id = talk->message_id[requester];
    message->length = 200;
    message->fingerprint = fingerprint_of(talk->bench.frame, (uint32_t)sender, type);
    message->readable = true;
    return message;
}

static void
say(struct talk *talk)
{
    feed_ike(&talk->bench, &talk->message);
}

static void
offer(struct talk *talk, uint8_t protocol, bool with_ke)
{
    struct ike_contents *contents = &talk->message.contents;

    contents->has_sa = true;
    contents->has_ke = with_ke;
    contents->proposals = 1;
    contents->proposal[0].protocol = protocol;
    contents->proposal[0].spi = ++talk->spi;
}

static void
add_transform(struct proposal *proposal, uint8_t type, uint16_t id)
{
    proposal->transform[proposal->transforms++] = (struct transform){ .type = type, .id = id };
}

static void
refuse(struct talk *talk, uint16_t notify)
{
    talk->message.contents.notifies = 1;
    talk->message.contents.notify[0].type = notify;
}

/* CREATE_CHILD_SA; accepted where notify is 0. */
static void
negotiate(struct talk *talk, unsigned requester, uint8_t protocol, bool with_ke, uint16_t notify)
{
    prepare(talk, requester, IKE2_CREATE_CHILD_SA, false);
    offer(talk, protocol, with_ke);
    say(talk);
    prepare(talk, requester, IKE2_CREATE_CHILD_SA, true);
    if (notify != 0)
        refuse(talk, notify);
    else
        offer(talk, protocol, with_ke);
    say(talk);
    talk->message_id[requester]++;
}

/* IKE_SA_INIT, and an IKE_AUTH with a child. */
static void
set_up(struct talk *talk, uint64_t spi, uint32_t mine, uint32_t theirs)
{
    talk->initiator = spi;
    talk->message_id[0] = talk->message_id[1] = 0;
    for (int response = 0; response < 2; response++) {
        prepare(talk, 0, IKE2_IKE_SA_INIT, response);
        offer(talk, IKE_PROTOCOL_IKE, true);
        say(talk);
    }
    talk->message_id[0]++;
    for (int response = 0; response < 2; response++) {
        struct ike_contents *contents = &prepare(talk, 0, IKE2_IKE_AUTH, response)->contents;
        offer(talk, IKE_PROTOCOL_ESP, false);
        if (talk->cipher != 0)
            add_transform(&contents->proposal[0], TRANSFORM_ENCR, talk->cipher);
        if (talk->cipher != 0 && response)
            add_transform(&contents->proposal[0], TRANSFORM_KE, GROUP_NONE);     /* as some say it (RFC 7296 section 3.3.2) */
        contents->identity[response] = response ? theirs : mine;
        contents->notifies = 1;
        contents->notify[0].type = response ? 0 : IKE2_NOTIFY_INITIAL_CONTACT;
        say(talk);
    }
    talk->message_id[0]++;
}

/* @param cipher  of IKE_AUTH's child; 0: none is named */
static struct talk *
open_talk_with(uint16_t cipher)
{
    struct talk *talk = g_new0(struct talk, 1);

    talk->cipher = cipher;
    talk->bench = bench_open();
    set_up(talk, 1, IDENTITY_A, IDENTITY_B);
    return talk;
}

static struct talk *
open_talk(void)
{
    return open_talk_with(0);
}

static void
close_talk(struct talk *talk)
{
    bench_close(&talk->bench);
    g_free(talk);
}

static enum severity
severity_of_first(const struct talk *talk, enum finding_key key)
{
    return finding_severity(finding_find(&talk->bench, key, 0));
}

/* RFC 7296 section 2.25: come back later. Other refusals are made good by the same peer within a minute, or not. */
static void
test_temporary(void)
{
    struct talk *talk = open_talk();

    negotiate(talk, 0, IKE_PROTOCOL_ESP, false, IKE2_NOTIFY_TEMPORARY_FAILURE);
    g_assert_cmpint(severity_of_first(talk, FINDING_CHILD_REFUSED), ==, SEVERITY_NOTE);
    g_assert_false(finding_is_overcome(finding_find(&talk->bench, FINDING_CHILD_REFUSED, 0)));
    talk->now += 50 * SECOND;
    negotiate(talk, 0, IKE_PROTOCOL_ESP, false, 0);
    g_assert_true(finding_is_overcome(finding_find(&talk->bench, FINDING_CHILD_REFUSED, 0)));
    close_talk(talk);
}

static void
test_made_good(void)
{
    static const struct { int64_t after; unsigned peer; uint8_t protocol; bool overcome; } tries[] = {
        { 50 * SECOND, 0, IKE_PROTOCOL_ESP, true }, { 70 * SECOND, 0, IKE_PROTOCOL_ESP, false },
        { 5 * SECOND, 1, IKE_PROTOCOL_ESP, false }, { 5 * SECOND, 0, IKE_PROTOCOL_IKE, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        struct talk *talk = open_talk();
        negotiate(talk, 0, IKE_PROTOCOL_ESP, false, IKE2_NOTIFY_NO_ADDITIONAL_SAS);
        g_assert_cmpint(severity_of_first(talk, FINDING_CHILD_REFUSED), ==, SEVERITY_WARN);
        talk->now += tries[i].after;
        negotiate(talk, tries[i].peer, tries[i].protocol, false, 0);
        g_assert_cmpint(severity_of_first(talk, FINDING_CHILD_REFUSED), ==, tries[i].overcome ? SEVERITY_NOTE : SEVERITY_WARN);
        close_talk(talk);
    }
}

static void
test_ike_rekey(void)
{
    struct talk *talk = open_talk();

    negotiate(talk, 0, IKE_PROTOCOL_IKE, true, NOTIFY_NO_PROPOSAL_CHOSEN);
    g_assert_cmpuint(finding_count(&talk->bench, FINDING_IKE_REKEY_REFUSED), ==, 1);
    g_assert_cmpuint(finding_count(&talk->bench, FINDING_CHILD_REFUSED), ==, 0);
    g_assert_true(says(&talk->bench, finding_find(&talk->bench, FINDING_NO_PROPOSAL, 0), "Phase 1"));
    negotiate(talk, 0, IKE_PROTOCOL_ESP, true, NOTIFY_NO_PROPOSAL_CHOSEN);
    g_assert_cmpuint(finding_count(&talk->bench, FINDING_IKE_REKEY_REFUSED), ==, 1);
    g_assert_cmpuint(finding_count(&talk->bench, FINDING_CHILD_REFUSED), ==, 1);
    close_talk(talk);
}

/* Two refusals of one kind; said where a key exchange is what they are about. */
static void
test_pfs(void)
{
    static const struct { bool with_ke; bool other_works; bool same_works; uint16_t notify; unsigned said; } cases[] = {
        { true, false, false, NOTIFY_NO_PROPOSAL_CHOSEN, 1 }, { true, true, false, NOTIFY_NO_PROPOSAL_CHOSEN, 1 },
        { true, false, true, NOTIFY_NO_PROPOSAL_CHOSEN, 0 }, { false, true, false, NOTIFY_NO_PROPOSAL_CHOSEN, 1 },
        { false, false, false, NOTIFY_NO_PROPOSAL_CHOSEN, 0 }, { true, false, false, IKE2_NOTIFY_TS_UNACCEPTABLE, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct talk *talk = open_talk();
        if (cases[i].other_works)
            negotiate(talk, 0, IKE_PROTOCOL_ESP, !cases[i].with_ke, 0);
        if (cases[i].same_works)
            negotiate(talk, 0, IKE_PROTOCOL_ESP, cases[i].with_ke, 0);
        for (int n = 0; n < 2; n++) {
            talk->now += 100 * SECOND;
            negotiate(talk, 0, IKE_PROTOCOL_ESP, cases[i].with_ke, cases[i].notify);
        }
        g_assert_cmpuint(finding_count(&talk->bench, FINDING_PFS_MISMATCH), ==, cases[i].said);
        close_talk(talk);
    }
}

/* A rekey, refused over the proposal, that offers this cipher for ESP or AH, and this group where there is one. */
static void
rekey_in_vain(struct talk *talk, uint8_t protocol, uint16_t cipher, uint16_t group)
{
    prepare(talk, 0, IKE2_CREATE_CHILD_SA, false);
    offer(talk, protocol, group != 0);
    add_transform(&talk->message.contents.proposal[0], TRANSFORM_ENCR, cipher);
    if (group != 0)
        add_transform(&talk->message.contents.proposal[0], TRANSFORM_KE, group);
    say(talk);
    prepare(talk, 0, IKE2_CREATE_CHILD_SA, true);
    refuse(talk, NOTIFY_NO_PROPOSAL_CHOSEN);
    say(talk);
    talk->message_id[0]++;
}

/* One refusal is enough where nothing but the group, or that there is none, is new since IKE_AUTH. */
static void
test_pfs_at_once(void)
{
    enum { AES = 12, CHACHA = 28, MODP_2048 = 14 };
    static const struct { uint16_t cipher, group; unsigned said; uint8_t protocol; } cases[] = {
        { AES, MODP_2048, 1, IKE_PROTOCOL_ESP }, { AES, 0, 1, IKE_PROTOCOL_ESP }, { CHACHA, MODP_2048, 0, IKE_PROTOCOL_ESP },
        { CHACHA, 0, 0, IKE_PROTOCOL_ESP }, { AES, MODP_2048, 0, IKE_PROTOCOL_AH },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct talk *talk = open_talk_with(AES);
        rekey_in_vain(talk, cases[i].protocol, cases[i].cipher, cases[i].group);
        g_assert_cmpuint(finding_count(&talk->bench, FINDING_PFS_MISMATCH), ==, cases[i].said);
        if (cases[i].said)
            g_assert_true(says(&talk->bench, finding_find(&talk->bench, FINDING_PFS_MISMATCH, 0), "1 rekey "));
        close_talk(talk);
    }
}

/* INITIAL_CONTACT is about the two identities (RFC 7296 section 2.4). */
static void
test_identities(void)
{
    static const struct { uint32_t mine, theirs; unsigned restarts; } cases[] = {
        { IDENTITY_A, IDENTITY_B, 1 }, { IDENTITY_C, IDENTITY_B, 0 }, { IDENTITY_A, IDENTITY_C, 0 }, { 0, 0, 1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct talk *talk = open_talk();
        feed_series(&talk->bench, there(1), 1, 10, talk->now + SECOND, SECOND);     /* whoever sent nothing lost nothing */
        talk->now += 600 * SECOND;
        set_up(talk, 2, cases[i].mine, cases[i].theirs);
        g_assert_cmpuint(finding_count(&talk->bench, FINDING_PEER_RESTART), ==, cases[i].restarts);
        close_talk(talk);
    }
}

/* Packets that are answered, one a second, of which the capture holds one in so many; then packets of this length that are not. */
static struct bench
go_silent(uint32_t one_in, uint32_t length, uint32_t silent)
{
    enum { ANSWERED = 200 };
    struct bench bench = bench_open();

    for (uint32_t n = 1; n <= ANSWERED + silent; n++) {
        struct line line = there(1);
        struct ipsec_packet packet = packet_of(&line, n, n * SECOND);
        packet.length = n <= ANSWERED ? PACKET_LENGTH : length;
        if (n % one_in == 0)
            feed(&bench, packet);
        if (n <= ANSWERED && (n + 1) % one_in == 0)
            feed_one(&bench, back(2), n, (n * SECOND) + MILLISECOND);
    }
    return bench;
}

static void
test_one_way(void)
{
    static const struct { uint32_t one_in, length, silent; unsigned said; enum confidence confidence; } cases[] = {
        { 1, PACKET_LENGTH, 40, 1, CONFIDENCE_INFERRED },
        { 1, PACKET_LENGTH, 20, 0, CONFIDENCE_INFERRED },
        { 1, 3 * PACKET_LENGTH, 40, 1, CONFIDENCE_SUSPECTED },     /* what an application sends one way */
        { 3, PACKET_LENGTH, 60, 0, CONFIDENCE_INFERRED },          /* a sampled capture: 20 of 60 were seen, two in three of the answers missed before */
        { 3, PACKET_LENGTH, 180, 1, CONFIDENCE_INFERRED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct bench bench = go_silent(cases[i].one_in, cases[i].length, cases[i].silent);
        g_assert_cmpuint(finding_count(&bench, FINDING_ONE_WAY), ==, cases[i].said);
        if (finding_count(&bench, FINDING_ONE_WAY) > 0)
            g_assert_cmpint(finding_find(&bench, FINDING_ONE_WAY, 0)->confidence, ==, cases[i].confidence);
        bench_close(&bench);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/refused/temporary", test_temporary);
    g_test_add_func("/refused/made_good", test_made_good);
    g_test_add_func("/refused/ike_rekey", test_ike_rekey);
    g_test_add_func("/refused/pfs", test_pfs);
    g_test_add_func("/refused/pfs_at_once", test_pfs_at_once);
    g_test_add_func("/refused/identities", test_identities);
    g_test_add_func("/refused/one_way", test_one_way);
    return test_run();
}

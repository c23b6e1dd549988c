/* test_ike.c
 * IKE SAs, their child SAs and what bounds them. What real daemons negotiate is for the tests on captures.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"
#include "track/most.h"

#define INITIATOR UINT64_C(0x1111111111111111)
#define RESPONDER UINT64_C(0x2222222222222222)

/* IKEv2 between gateway 1, which began, and gateway 2; in clear. */
struct dialogue {
    struct bench bench;
    uint64_t initiator;
    uint64_t responder;
    uint32_t message_id;
    int64_t now;
    struct ike_message message;     /* large: kept off the stack */
};

static void
begin(struct dialogue *dialogue)
{
    dialogue->initiator = INITIATOR;
    dialogue->responder = RESPONDER;
    bench_start(&dialogue->bench);
}

static struct dialogue *
open_dialogue(uint32_t max_sas)
{
    struct dialogue *dialogue = g_new0(struct dialogue, 1);

    dialogue->bench = bench_prepare();
    dialogue->bench.limits.max_sas = max_sas;
    begin(dialogue);
    return dialogue;
}

static void
close_dialogue(struct dialogue *dialogue)
{
    bench_close(&dialogue->bench);
    g_free(dialogue);
}

/* The next message, without contents: a request of gateway 1, or gateway 2's response. */
static struct ike_message *
prepare(struct dialogue *dialogue, uint8_t type, bool response)
{
    struct ike_message *message = &dialogue->message;

    memset(message, 0, sizeof *message);
    dialogue->now += MILLISECOND;
    message->time = moment(dialogue->now);
    message->source = response ? v4(2, PORT_IKE) : v4(1, PORT_IKE);
    message->destination = response ? v4(1, PORT_IKE) : v4(2, PORT_IKE);
    message->initiator_spi = dialogue->initiator;
    message->responder_spi = dialogue->responder;
    message->version = 2;
    message->exchange_type = type;
    message->flags = response ? IKE2_FLAG_RESPONSE : IKE2_FLAG_INITIATOR;
    message->message_id = dialogue->message_id;
    message->length = 200;
    message->fingerprint = fingerprint_of(dialogue->message_id, (uint32_t)dialogue->bench.frame, type);
    message->readable = true;
    return message;
}

static const struct ike_frame *
say(struct dialogue *dialogue)
{
    return feed_ike(&dialogue->bench, &dialogue->message);
}

static void
offer(struct ike_contents *contents, uint8_t protocol, uint64_t spi)
{
    contents->has_sa = true;
    contents->proposals = 1;
    contents->proposal[0].protocol = protocol;
    contents->proposal[0].spi = spi;
}

/* One subnet on each side, another pair for each number. */
static void
select_networks(struct ike_contents *contents, uint32_t number)
{
    struct traffic_selector *ours = &contents->tsi.item[0], *theirs = &contents->tsr.item[0];

    contents->tsi.count = contents->tsr.count = 1;
    ours->start = ours->end = (struct ip_address){ 4, { 172, 16, (uint8_t)(number >> 8), (uint8_t)number } };
    theirs->start = theirs->end = (struct ip_address){ 4, { 172, 17, (uint8_t)(number >> 8), (uint8_t)number } };
    ours->end_port = theirs->end_port = UINT16_MAX;
}

/* A child SA with the SPIs 2 * number to gateway 2 and 2 * number + 1 back. */
static struct child *
make_child(struct dialogue *dialogue, uint8_t type, uint32_t number)
{
    const struct ike_frame *ike = NULL;

    for (int response = 0; response < 2; response++) {
        struct ike_contents *contents = &prepare(dialogue, type, response)->contents;
        offer(contents, IKE_PROTOCOL_ESP, response ? 2 * number : 2 * number + 1);
        select_networks(contents, number);
        ike = say(dialogue);
    }
    dialogue->message_id++;
    return ike ? ike->exchange->child : NULL;
}

/* The IKE SA is replaced by one with these SPIs. */
static void
rekey_ike_sa(struct dialogue *dialogue, uint64_t initiator, uint64_t responder)
{
    for (int response = 0; response < 2; response++) {
        struct ike_contents *contents = &prepare(dialogue, IKE2_CREATE_CHILD_SA, response)->contents;
        offer(contents, IKE_PROTOCOL_IKE, response ? responder : initiator);
        say(dialogue);
    }
    dialogue->initiator = initiator;
    dialogue->responder = responder;
    dialogue->message_id = 0;
}

static void
delete_ike_sa(struct dialogue *dialogue)
{
    prepare(dialogue, IKE2_INFORMATIONAL, false)->contents.delete_protocol = IKE_PROTOCOL_IKE;
    say(dialogue);
    dialogue->message_id++;
}

static struct sa *
find_spi(const struct dialogue *dialogue, uint8_t last, uint32_t spi)
{
    struct endpoint to = v4(last, 0);
    struct ipsec_packet packet = { .frame = dialogue->bench.frame, .destination = to, .protocol = IPSEC_ESP, .spi = spi };
    struct sa *sa = tracker_find_at(dialogue->bench.tracker, &packet);

    if (sa)
        return sa;
    for (sa = sa_first(tracker_sas(dialogue->bench.tracker)); sa; sa = sa->next)   /* one that carried nothing */
        if (sa->key.spi == spi && sa->key.destination.bytes[3] == last)
            return sa;
    return NULL;
}

static unsigned
count_deleted(const struct dialogue *dialogue, uint32_t frame)
{
    unsigned count = 0;

    for (const struct sa *sa = sa_first(tracker_sas(dialogue->bench.tracker)); sa; sa = sa->next)
        count += sa->deleted_frame == frame;
    return count;
}

/* --- child SAs and their IKE SA --- */

/* RFC 7296 section 2.8: the new IKE SA inherits all child SAs; section 1.4.1: its Delete ends them. */
static void
test_children_pass_on(void)
{
    struct dialogue *dialogue = open_dialogue(1000);
    struct child *first = make_child(dialogue, IKE2_IKE_AUTH, 1);
    struct child *second = make_child(dialogue, IKE2_CREATE_CHILD_SA, 2);
    const struct ike_sa *old = ike_first(tracker_ike(dialogue->bench.tracker));

    g_assert_true(first && second && first->list->ike_sa == old && second->list->ike_sa == old);
    rekey_ike_sa(dialogue, INITIATOR + 1, RESPONDER + 1);
    const struct ike_sa *new = old->successor;
    g_assert_true(new && first->list->ike_sa == new && second->list->ike_sa == new);
    g_assert_null(old->children);
    const struct child *third = make_child(dialogue, IKE2_CREATE_CHILD_SA, 3);
    g_assert_true(third->list == new->children);
    delete_ike_sa(dialogue);
    g_assert_cmpuint(count_deleted(dialogue, dialogue->bench.frame), ==, 6);
    for (uint32_t number = 1; number <= 3; number++) {
        g_assert_cmpuint(find_spi(dialogue, 2, 2 * number)->deleted_frame, ==, dialogue->bench.frame);
        g_assert_cmpuint(find_spi(dialogue, 1, 2 * number + 1)->deleted_frame, ==, dialogue->bench.frame);
    }
    close_dialogue(dialogue);
}

/* The Delete of the old IKE SA, after its children have passed on, ends none of them. */
static void
test_old_ike_sa_is_deleted(void)
{
    struct dialogue *dialogue = open_dialogue(1000);
    struct child *child = make_child(dialogue, IKE2_IKE_AUTH, 1);

    rekey_ike_sa(dialogue, INITIATOR + 1, RESPONDER + 1);
    dialogue->initiator = INITIATOR;
    dialogue->responder = RESPONDER;
    dialogue->message_id = 7;
    delete_ike_sa(dialogue);
    g_assert_true(child_is_alive(child));
    g_assert_cmpuint(count_deleted(dialogue, dialogue->bench.frame), ==, 0);
    close_dialogue(dialogue);
}

/* Rekey and Delete, again and again: what ended once does not end again. */
static void
test_deleted_and_rekeyed(void)
{
    struct dialogue *dialogue = open_dialogue(1000);

    make_child(dialogue, IKE2_IKE_AUTH, 1);
    delete_ike_sa(dialogue);
    uint32_t frame = dialogue->bench.frame;
    for (unsigned i = 1; i < 10; i++) {
        rekey_ike_sa(dialogue, INITIATOR + i, RESPONDER + i);
        delete_ike_sa(dialogue);
        g_assert_cmpuint(count_deleted(dialogue, dialogue->bench.frame), ==, 0);
    }
    g_assert_cmpuint(count_deleted(dialogue, frame), ==, 2);
    close_dialogue(dialogue);
}

/* --- an SPI that is in use again --- */

/* A gateway that counts its SPIs from the same number after each start. What came in between: nothing, a
 * negotiation that can't be read, one that can. */
enum between { NOTHING, UNREADABLE, READABLE };

static void
use_again(enum between between, bool replayed)
{
    struct dialogue *dialogue = open_dialogue(1000);
    const struct sa *old = feed_series(&dialogue->bench, there(2), 1, 20, 0, SECOND);

    dialogue->now = 60 * SECOND;
    if (between == READABLE) {
        make_child(dialogue, IKE2_IKE_AUTH, 1);
    } else if (between == UNREADABLE) {
        for (int response = 0; response < 2; response++) {
            struct ike_message *message = prepare(dialogue, IKE2_IKE_AUTH, response);
            message->readable = false;
            message->first_payload = IKE2_PAYLOAD_SK;
            say(dialogue);
        }
    }
    struct sa *sa = NULL;
    for (uint32_t number = 1; number <= 20; number++) {
        struct line line = there(2);
        struct ipsec_packet packet = packet_of(&line, number, (61 + number) * SECOND);
        packet.fingerprint += !replayed;
        sa = feed(&dialogue->bench, packet);
    }
    bool is_new = between != NOTHING && !(between == UNREADABLE && replayed);
    g_assert_true((sa != old) == is_new);
    g_assert_cmpuint(finding_count(&dialogue->bench, FINDING_SEQUENCE_RESTART), ==, between == NOTHING && !replayed);
    g_assert_cmpuint(sa->sequence.packets, ==, is_new ? 20 : 40);
    close_dialogue(dialogue);
}

static void
test_spi_is_used_again(void)
{
    use_again(NOTHING, false);
    use_again(NOTHING, true);
    use_again(UNREADABLE, false);
    use_again(UNREADABLE, true);
    use_again(READABLE, false);
}

/* Traffic that the capture shows a moment before its negotiation belongs to what was negotiated. */
static void
test_traffic_before_negotiation(void)
{
    struct dialogue *dialogue = open_dialogue(1000);
    const struct sa *early = feed_series(&dialogue->bench, there(2), 1, 2, 0, MILLISECOND);
    const struct child *child = make_child(dialogue, IKE2_IKE_AUTH, 1);

    g_assert_true(child && child->sa[0] == early);
    close_dialogue(dialogue);
}

/* --- limits --- */

static void
test_too_many_ike_sas(void)
{
    struct dialogue *dialogue = open_dialogue(3);
    unsigned said = 0;
    uint64_t room = 0;

    for (uint32_t i = 1; i <= 6; i++) {
        dialogue->initiator = INITIATOR + i;
        prepare(dialogue, IKE2_INFORMATIONAL, false);
        g_assert_true((say(dialogue) != NULL) == (i <= 3));
        said += limit_is_told(&dialogue->bench, LIMIT_IKE_SAS, &room);
    }
    g_assert_cmpuint(ike_count(tracker_ike(dialogue->bench.tracker)), ==, 3);
    g_assert_cmpuint(said, ==, 1);
    g_assert_cmpuint(room, ==, 3);
    dialogue->initiator = INITIATOR + 1;
    dialogue->message_id = 1;
    prepare(dialogue, IKE2_INFORMATIONAL, false);
    g_assert_nonnull(say(dialogue));                                /* known ones go on */
    g_assert_cmpuint(finding_count(&dialogue->bench, FINDING_LIMIT_REACHED), ==, 1);
    close_dialogue(dialogue);
}

/* Negotiated, and without a packet of ESP. */
static void
test_too_many_children(void)
{
    struct dialogue *dialogue = open_dialogue(4);
    unsigned said = 0;
    uint64_t room = 0;

    for (uint32_t number = 1; number <= 4; number++) {
        make_child(dialogue, IKE2_CREATE_CHILD_SA, number);
        bool told = limit_is_told(&dialogue->bench, LIMIT_SAS, &room);
        g_assert_true(told == (number == 3));
        said += told;
    }
    g_assert_cmpuint(said, ==, 1);
    g_assert_cmpuint(room, ==, 4);
    g_assert_cmpuint(sa_count(tracker_sas(dialogue->bench.tracker)), ==, 4);
    close_dialogue(dialogue);
}

static void
test_too_many_messages(void)
{
    struct dialogue *dialogue = open_dialogue(2);
    const uint32_t most = 2 * IKE_MESSAGES_PER_SA;
    uint64_t room = 0;

    for (uint32_t i = 0; i < 3 * most; i++, dialogue->message_id++) {
        prepare(dialogue, IKE2_INFORMATIONAL, false);
        g_assert_true((say(dialogue) != NULL) == (i < most));
        bool told = limit_is_told(&dialogue->bench, LIMIT_IKE_MESSAGES, &room);
        g_assert_true(told == (i == most));
    }
    g_assert_cmpuint(room, ==, most);
    g_assert_cmpuint(ike_messages(tracker_ike(dialogue->bench.tracker)), ==, most);
    g_assert_nonnull(ike_frame_at(tracker_ike(dialogue->bench.tracker), most));
    g_assert_null(ike_frame_at(tracker_ike(dialogue->bench.tracker), most + 1));
    const struct finding *finding = finding_find(&dialogue->bench, FINDING_LIMIT_REACHED, 0);
    g_autofree char *more = g_strdup_printf("More than %u IKE messages: ", most);
    g_assert_true(finding && finding->frame == most + 1 && says(&dialogue->bench, finding, more));
    close_dialogue(dialogue);
}

/* A Delete of as many SPIs as are read, and of more. */
static void
test_delete_of_many(void)
{
    for (int incomplete = 0; incomplete < 2; incomplete++) {
        struct dialogue *dialogue = open_dialogue(10000);
        uint64_t room = 0;
        for (uint32_t number = 1; number <= DELETES_AT_MOST; number++)
            make_child(dialogue, IKE2_CREATE_CHILD_SA, number);
        struct ike_contents *contents = &prepare(dialogue, IKE2_INFORMATIONAL, false)->contents;
        contents->delete_protocol = IKE_PROTOCOL_ESP;
        contents->deletes = DELETES_AT_MOST;
        contents->deletes_incomplete = incomplete;
        for (uint32_t i = 0; i < DELETES_AT_MOST; i++)
            contents->delete_spi[i] = 2 * (i + 1) + 1;
        say(dialogue);
        g_assert_cmpuint(count_deleted(dialogue, dialogue->bench.frame), ==, 2 * DELETES_AT_MOST);
        bool told = limit_is_told(&dialogue->bench, LIMIT_DELETES, &room);
        g_assert_true(told == incomplete);
        g_assert_true(!incomplete || room == DELETES_AT_MOST);
        told = limit_is_told(&dialogue->bench, LIMIT_CHANGES, &room);
        g_assert_false(told);
        close_dialogue(dialogue);
    }
}

/* The end of an IKE SA with more children than one frame can tell of: all of them end. */
static void
test_end_of_many(void)
{
    struct dialogue *dialogue = open_dialogue(10000);
    uint64_t room = 0;

    for (uint32_t number = 1; number <= CHANGES_AT_MOST; number++)
        make_child(dialogue, IKE2_CREATE_CHILD_SA, number);
    delete_ike_sa(dialogue);
    g_assert_cmpuint(count_deleted(dialogue, dialogue->bench.frame), ==, 2 * CHANGES_AT_MOST);
    bool told = limit_is_told(&dialogue->bench, LIMIT_CHANGES, &room);
    g_assert_true(told && room == CHANGES_AT_MOST);
    g_assert_cmpuint(changes_of(&dialogue->bench)->count, ==, CHANGES_AT_MOST + 1);
    close_dialogue(dialogue);
}

/* Lifetimes that were not all read may hold the one that the peer has. */
static void
test_incomplete_lifetimes(void)
{
    for (int incomplete = 0; incomplete < 2; incomplete++) {
        struct dialogue *dialogue = open_dialogue(1000);
        for (int peer = 0; peer < 2; peer++) {
            struct ike_message *message = prepare(dialogue, IKE1_IDENTITY_PROTECTION, peer == 1);
            message->version = 1;
            message->flags = 0;
            message->initiator_spi += (unsigned)peer;
            message->responder_spi = 0;
            offer(&message->contents, IKE_PROTOCOL_IKE, 0);
            message->contents.lifetimes.count = 1;
            message->contents.lifetimes.incomplete = incomplete && peer == 0;
            message->contents.lifetimes.item[0].seconds = peer ? 3600 : 28800;
            say(dialogue);
        }
        g_assert_cmpuint(finding_count(&dialogue->bench, FINDING_PHASE1_LIFETIME_MISMATCH), ==, !incomplete);
        close_dialogue(dialogue);
    }
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/ike/children-pass-on", test_children_pass_on);
    g_test_add_func("/ike/old-ike-sa-is-deleted", test_old_ike_sa_is_deleted);
    g_test_add_func("/ike/deleted-and-rekeyed", test_deleted_and_rekeyed);
    g_test_add_func("/ike/spi-is-used-again", test_spi_is_used_again);
    g_test_add_func("/ike/traffic-before-negotiation", test_traffic_before_negotiation);
    g_test_add_func("/ike/too-many-ike-sas", test_too_many_ike_sas);
    g_test_add_func("/ike/too-many-children", test_too_many_children);
    g_test_add_func("/ike/too-many-messages", test_too_many_messages);
    g_test_add_func("/ike/delete-of-many", test_delete_of_many);
    g_test_add_func("/ike/end-of-many", test_end_of_many);
    g_test_add_func("/ike/incomplete-lifetimes", test_incomplete_lifetimes);
    return test_run();
}

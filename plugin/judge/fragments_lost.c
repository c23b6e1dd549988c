/* fragments_lost.c
 * fragments_lost: twice within min_sa_lifetime a peer sent an IKE message of which not all IP fragments came to where the capture was
 * taken: the path drops them. One may be lost like any packet. Or, seen from the other side, only the request that is too large for one
 * packet stays unanswered. The peer answered IKE_SA_INIT; IKE_AUTH, with certificates, or a later request is larger than what Ethernet
 * carries, 1500 bytes with the IP and UDP headers, so that it went in IP fragments, and it was sent again without an answer. Inferred:
 * firewalls and NATs that drop fragments are the usual reason. Or an answer of that size is given, and the request comes again. Messages
 * that IKE itself cut (RFC 7383) are small, and no matter of this rule.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"

/* What Ethernet carries in one packet, less the IP header (RFC 791, RFC 8200) and UDP's. */
enum {
    ETHERNET_MTU = 1500,
    IPV4_AND_UDP = 20 + 8,
    IPV6_AND_UDP = 40 + 8
};

/* A message that came again so often was lost more than once. */
#define AGAIN_AT_LEAST 2

struct lost {
    const struct flow *flow;        /* of fragments that came, or NULL */
    uint32_t fragments;             /* ... of the latest message ... */
    uint32_t bytes;
    uint32_t sent;                  /* times that a message came again */
};

static bool
needs_fragments(const struct exchange *exchange, uint32_t length)
{
    unsigned headers = exchange->flow->source.address.length == IPV4_LENGTH ? IPV4_AND_UDP : IPV6_AND_UDP;

    return length > ETHERNET_MTU - headers;
}

/* A large request that waits, to a peer that was heard before on this IKE SA; or, seen beside the peer that answers, a large answer
 * whose request comes again. */
static bool
is_stuck(const struct exchange *exchange)
{
    unsigned asked = exchange->awaited_by_requester ? 1 - exchange_side(exchange) : exchange_side(exchange);

    if (!needs_fragments(exchange, exchange_last(exchange)->length))
        return false;
    return exchange->awaiting || exchange->outcome == EXCHANGE_GIVEN_UP ? exchange->ike_sa->heard_frame[asked] != 0
            : exchange->ike_sa->version >= 2;
}

static bool
is_time_to_say(const struct change *change, const struct exchange *exchange)
{
    bool waits = exchange->awaiting || exchange->outcome == EXCHANGE_GIVEN_UP;
    uint32_t again = waits ? exchange->retransmissions : exchange->asked_again;

    if (change->kind == CHANGE_GIVEN_UP)
        return again < AGAIN_AT_LEAST;
    return again == AGAIN_AT_LEAST && (waits || change->again.before_frame != exchange->response_frame);
}

static void
judge_incomplete(struct judge *judge, const struct change_lost *change)
{
    struct tunnel_memory *memory = memory_of(judge->memory, change->flow->tunnel);
    unsigned peer = flow_peer(change->flow);
    uint32_t before = memory->lost_in_frame[peer];
    bool again = before != 0 && !clock_passed(&memory->lost_in_fragments[peer], &judge->time, judge->limits.min_sa_lifetime);

    memory->lost_in_fragments[peer] = judge->time;
    memory->lost_in_frame[peer] = change->frame;
    if (!again)
        return;
    struct finding *finding = judge_tunnel(judge, FINDING_FRAGMENTS_LOST, CONFIDENCE_INFERRED, change->flow->tunnel, sizeof(struct lost));
    if (!finding)
        return;
    *(struct lost *)finding->detail = (struct lost){ .flow = change->flow, .fragments = change->fragments, .bytes = change->bytes };
    finding_rests_on(finding, before);
    finding_rests_on(finding, change->frame);
}

static void
judge_stuck(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->kind == CHANGE_RETRANSMISSION ? change->again.exchange : change->exchange;

    if (!is_stuck(exchange) || !is_time_to_say(change, exchange))
        return;
    struct finding *finding = judge_exchange(judge, FINDING_FRAGMENTS_LOST, CONFIDENCE_INFERRED, exchange, sizeof(struct lost));
    if (!finding)
        return;
    struct lost *lost = finding->detail;
    lost->sent = 1 + exchange->retransmissions;
    finding_rests_on(finding, exchange->last_frame);
}

static void
judge_fragments_lost(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_LOST_IN_FRAGMENTS)
        judge_incomplete(judge, &change->lost);
    else
        judge_stuck(judge, change);
}

static char *
text_fragments_lost(const struct words *words, const struct finding *finding)
{
    const struct lost *lost = finding->detail;
    const struct exchange *exchange = finding->exchange;

    if (lost->flow)
        return wmem_strdup_printf(words->scope, "Of IKE messages from %s not all IP fragments came, again and again; of the last one %s with %"
                PRIu32 " bytes", words_endpoint(words, &lost->flow->source), words_count(words, lost->fragments, "fragment", "fragments"),
                lost->bytes);
    if (exchange_last(exchange)->frame == exchange->response_frame)
        return wmem_strdup_printf(words->scope, "%s goes on asking although its %s was answered, with %" PRIu32 " bytes that need IP "
                "fragments", words_requester(words, exchange),
                words_exchange(words, exchange->type), exchange_last(exchange)->length);
    return wmem_strdup_printf(words->scope, "%s of %" PRIu32 " bytes, which needs IP fragments, was sent %s between %s and %s "
            "and not answered, while smaller messages are",
            words_exchange(words, exchange->type), exchange_last(exchange)->length, words_times(words, lost->sent), words_requester(words, exchange),
            words_responder(words, exchange));
}

const struct rule rule_fragments_lost = {
    .on = ON(RETRANSMISSION) | ON(GIVEN_UP) | ON(LOST_IN_FRAGMENTS), .judge = judge_fragments_lost,
    .findings = {
        { FINDING_FRAGMENTS_LOST, .text = text_fragments_lost,
            .meaning = "Large IKE messages do not pass, so that what needs them never ends: the path probably drops IP fragments.",
            .check = { "Firewalls and NATs on the path that drop IP fragments; smaller certificates; IKE fragmentation on both peers",
                VENDORS_IKE_FRAGMENTATION } },
    }
};

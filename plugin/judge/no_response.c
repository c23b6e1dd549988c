/* no_response.c
 * ike_no_response: an exchange was given up: its request was sent again without an answer, and then a
 * new negotiation began. Said on the frame that begins it. Inferred where the peer's ESP went on: what looks like a request may be
 * forged, and gateways ignore that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/ike_words.h"

struct no_response {
    uint64_t sent;                  /* times */
    uint32_t frame;                 /* of the message that waits for an answer */
    nstime_t waited;
};

static void
judge_no_response(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->exchange;
    nstime_t last = clock_unpack(exchange->last_time);
    bool peer_went_on = clock_compare(&flow_reverse(exchange->flow)->last_time, &last) > 0;
    enum confidence confidence = exchange->retransmissions > 0 && !peer_went_on ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED;
    struct finding *finding = judge_exchange(judge, FINDING_IKE_NO_RESPONSE, confidence, exchange, sizeof(struct no_response));

    if (!finding)
        return;
    struct no_response *no_response = finding->detail;
    no_response->sent = UINT64_C(1) + exchange->retransmissions;
    no_response->frame = exchange_last(exchange)->frame;
    no_response->waited = clock_elapsed(&exchange->request_time, &judge->time);
    finding_rests_on(finding, exchange_last(exchange)->frame);
    finding_rests_on(finding, exchange->last_frame);
}

static char *
text_no_response(const struct words *words, const struct finding *finding)
{
    const struct no_response *no_response = finding->detail;

    return wmem_strdup_printf(words->scope, "%s (frame %u) was sent %s and not answered; given up after %s",
            words_exchange(words, finding->exchange->type), no_response->frame, words_times(words, no_response->sent),
            words_duration(words, &no_response->waited));
}

const struct rule rule_no_response = {
    .on = ON(GIVEN_UP), .judge = judge_no_response,
    .findings = {
        { FINDING_IKE_NO_RESPONSE, .text = text_no_response,
            .meaning = "The peer did not answer, or its answers were lost.",
            .check = { "That the peer is up, and that UDP 500 and 4500 pass in both directions" } },
    }
};

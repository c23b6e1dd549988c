/* proxy_id.c
 * proxy_id_mismatch: the peers' traffic selectors do not fit. Proven: TS_UNACCEPTABLE,
 * SINGLE_PAIR_REQUIRED (RFC 7296 section 2.9), INVALID-ID-INFORMATION (RFC 2408 section 3.14.1), or a
 * Quick Mode whose IDs were answered with others (RFC 2409 section 5.5), or selectors outside of those that were offered, of which
 * the responder of IKEv2 may but choose a part. Inferred: the peers' own
 * offers overlap without being each other's mirror image, and neither offers the other's elsewhere.
 *
 * proxy_id_narrowed: the responder chose narrower selectors, which IKEv2 allows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/selectors.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"

static bool
says_mismatch(const struct exchange *exchange)
{
    switch (exchange->error) {
    case IKE2_NOTIFY_TS_UNACCEPTABLE:
    case IKE2_NOTIFY_SINGLE_PAIR_REQUIRED:
        return exchange->ike_sa->version >= 2;
    case IKE1_NOTIFY_INVALID_ID_INFORMATION:
        return exchange->ike_sa->version < 2 && exchange->type == IKE1_QUICK_MODE;
    default:
        return false;
    }
}

static const struct offers *
offers_of(const struct judge *judge, const struct exchange *exchange, bool other_peer)
{
    unsigned side = flow_peer(exchange->flow);

    return &memory_read(judge->memory, exchange->flow->tunnel)->offers[1][other_peer ? 1 - side : side];
}

static bool
is_mirror(const struct offer *a, const struct offer *b)
{
    return selectors_equal(a->tsi, b->tsr) && selectors_equal(a->tsr, b->tsi);
}

static bool
has_selectors(const struct offer *offer)
{
    return offer && offer->tsi->count > 0 && offer->tsr->count > 0 && !offer->tsi->incomplete && !offer->tsr->incomplete;
}

/* Whether one of these offers is the other's mirror image. */
static bool
has_mirror(const struct offers *offers, const struct offer *offer)
{
    for (unsigned i = 0; i < offers->count && i < OFFERS_AT_MOST; i++)
        if (has_selectors(offers->exchange[i]->request) && is_mirror(offers->exchange[i]->request, offer))
            return true;
    return false;
}

/* The other peer's offer that overlaps with this one, but is not its mirror image. */
static const struct exchange *
find_unlike(const struct judge *judge, const struct exchange *exchange)
{
    const struct offers *theirs = offers_of(judge, exchange, true);
    const struct offers *ours = offers_of(judge, exchange, false);
    const struct offer *offer = exchange->request;

    if (!has_selectors(offer) || has_mirror(theirs, offer))
        return NULL;
    if (theirs->count > OFFERS_AT_MOST || ours->count > OFFERS_AT_MOST)
        return NULL;                /* the mirror image may be forgotten */
    for (unsigned i = 0; i < theirs->count && i < OFFERS_AT_MOST; i++) {
        const struct offer *other = theirs->exchange[i]->request;
        if (has_selectors(other) && selectors_overlap(offer->tsi, other->tsr) && selectors_overlap(offer->tsr, other->tsi)
                && !has_mirror(ours, other))
            return theirs->exchange[i];
    }
    return NULL;
}

/* Quick Mode: the responder has to answer with the initiator's IDs. */
static bool
ids_changed(const struct exchange *exchange)
{
    return exchange->type == IKE1_QUICK_MODE && has_selectors(exchange->request) && has_selectors(exchange->response)
            && !(selectors_equal(exchange->request->tsi, exchange->response->tsi)
                && selectors_equal(exchange->request->tsr, exchange->response->tsr));
}

static bool
is_one_host(const struct selectors *selectors)
{
    for (unsigned i = 0; i < selectors->count; i++)
        if (memcmp(selectors->item[i].start.bytes, selectors->item[0].start.bytes, sizeof selectors->item[0].start.bytes) != 0
                || memcmp(selectors->item[i].end.bytes, selectors->item[0].start.bytes, sizeof selectors->item[0].start.bytes) != 0)
            return false;
    return true;
}

/* IKEv2: the responder has to choose from what was offered. Between two hosts, as in transport mode, a NAT between them makes other
 * addresses of the same (RFC 7296 section 2.23.1). */
static bool
is_outside_offer(const struct exchange *exchange)
{
    const struct offer *asked = exchange->request, *got = exchange->response;

    if (exchange->ike_sa->version < 2 || !has_selectors(asked) || !has_selectors(got) || (is_one_host(asked->tsi) && is_one_host(asked->tsr)))
        return false;
    return !selectors_contain(asked->tsi, got->tsi) || !selectors_contain(asked->tsr, got->tsr);
}

static bool
is_narrowed(const struct exchange *exchange)
{
    const struct offer *asked = exchange->request, *got = exchange->response;

    return exchange->ike_sa->version >= 2 && has_selectors(asked) && has_selectors(got)
            && selectors_contain(asked->tsi, got->tsi) && selectors_contain(asked->tsr, got->tsr)
            && !(selectors_equal(asked->tsi, got->tsi) && selectors_equal(asked->tsr, got->tsr));
}

static void
judge_answer(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->outcome == EXCHANGE_REFUSED ? says_mismatch(exchange) : ids_changed(exchange) || is_outside_offer(exchange)) {
        struct finding *finding = judge_exchange(judge, FINDING_PROXY_ID_MISMATCH, CONFIDENCE_PROVEN, exchange, 0);
        const struct exchange *other = find_unlike(judge, exchange);
        if (finding && other) {
            finding->other_exchange = other;
            finding_rests_on(finding, other->request_frame);
        }
    } else if (exchange->outcome == EXCHANGE_ANSWERED && is_narrowed(exchange)) {
        judge_exchange(judge, FINDING_PROXY_ID_NARROWED, CONFIDENCE_PROVEN, exchange, 0);
    }
}

static void
judge_request(struct judge *judge, const struct exchange *exchange)
{
    bool *said = &memory_of(judge->memory, exchange->flow->tunnel)->proxy_id_said;
    const struct exchange *unlike = *said ? NULL : find_unlike(judge, exchange);

    if (!unlike)
        return;
    *said = true;
    struct finding *finding = judge_exchange(judge, FINDING_PROXY_ID_MISMATCH, CONFIDENCE_INFERRED, exchange, 0);
    if (!finding)
        return;
    finding->other_exchange = unlike;
    finding_rests_on(finding, unlike->request_frame);
}

static void
judge_proxy_id(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_ANSWERED)
        judge_answer(judge, change->exchange);
    else
        judge_request(judge, change->exchange);
}

/* What was proposed, what was answered, and what the other peer proposes. */
static char *
text_of_offers(const struct words *words, const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange, *other = finding->other_exchange;
    const struct offer *asked = exchange->request;
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    wmem_strbuf_append_printf(text, "Proxy IDs: %s proposes %s", words_requester(words, exchange),
            asked ? words_selectors(words, asked->tsi, asked->tsr) : "selectors that were not read");
    if (exchange->error != 0)
        wmem_strbuf_append_printf(text, ", %s answers %s", words_responder(words, exchange),
                words_notify(words, exchange->ike_sa->version, exchange->error));
    else if (exchange->response && finding->confidence == CONFIDENCE_PROVEN)
        wmem_strbuf_append_printf(text, ", %s answers with %s", words_responder(words, exchange),
                words_selectors(words, exchange->response->tsi, exchange->response->tsr));
    if (other && other->request)
        wmem_strbuf_append_printf(text, ", %s proposes %s (frame %u)", words_requester(words, other),
                words_selectors(words, other->request->tsi, other->request->tsr), other->request_frame);
    return (char *)wmem_strbuf_get_str(text);
}

const struct rule rule_proxy_id = {
    .on = ON(REQUESTED) | ON(ANSWERED), .judge = judge_proxy_id,
    .findings = {
        { FINDING_PROXY_ID_MISMATCH, .text = text_of_offers,
            .meaning = "The peers do not agree which networks the tunnel carries.",
            .check = { "Proxy IDs (traffic selectors, crypto ACL) on both peers: they have to mirror each other, with protocol and ports",
                VENDORS_PROXY_IDS } },
        { FINDING_PROXY_ID_NARROWED, .text = text_of_offers,
            .meaning = "The responder agreed to fewer networks than were proposed, as IKEv2 allows. Traffic of the others is not carried.",
            .check = { "Whether both peers mean the same networks", VENDORS_PROXY_IDS } },
    }
};

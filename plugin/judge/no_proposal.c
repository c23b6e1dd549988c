/* no_proposal.c
 * no_proposal: the crypto proposals do not fit: NO_PROPOSAL_CHOSEN (RFC 7296 section 2.7, RFC 2408
 * section 3.14.1), for phase 1 or phase 2, from the responder or, suspected, from the initiator that does not accept the
 * choice. Inferred: IKE_SA_INIT is answered with INVALID_KE_PAYLOAD (RFC 7296 section 1.2), which names the group that the responder
 * wants, and the initiator comes with another one again and again; said once, the third time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/refusal.h"
#include "../track/walk.h"
#include "../words/ike_words.h"

/* The initiator refuses what the responder chose, in phase 1 of IKEv1: in clear, so that anybody may have said it. */
static bool
by_initiator(const struct exchange *exchange)
{
    return exchange_is_phase1(exchange) && !exchange->awaited_by_requester;
}

/* A second one may answer a request that crossed the first. */
#define GROUPS_REFUSED_AT_LEAST 3

static bool
is_group_refused(const struct exchange *exchange)
{
    return exchange->type == IKE2_IKE_SA_INIT && exchange->ike_sa->version >= 2 && exchange->outcome == EXCHANGE_REFUSED
            && exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD;
}

/* How often in a row the initiator's group was refused, this time included: with the same SPI or another one. */
static unsigned
groups_refused(const struct exchange *latest)
{
    const struct ike_sa *ike_sa;
    const struct exchange *exchange;
    unsigned count = 0;

    WALK(ike_sa, latest->ike_sa, tunnel_older, IKE_SAS_RECENT) {
        if (ike_sa->flow != latest->flow || ike_sa->established)
            return count;
        WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
            if (!is_group_refused(exchange))
                return count;
            count++;
        }
    }
    return count;
}

static void
judge_no_proposal(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->exchange;

    if (is_group_refused(exchange) && groups_refused(exchange) == GROUPS_REFUSED_AT_LEAST)
        judge_exchange(judge, FINDING_NO_PROPOSAL, CONFIDENCE_INFERRED, exchange, 0);
    if (exchange->outcome != EXCHANGE_REFUSED || exchange->error != NOTIFY_NO_PROPOSAL_CHOSEN)
        return;
    enum confidence confidence = by_initiator(exchange) ? CONFIDENCE_SUSPECTED : CONFIDENCE_PROVEN;
    judge_exchange(judge, FINDING_NO_PROPOSAL, confidence, exchange, 0);
}

static char *
text_no_proposal(const struct words *words, const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    bool phase1 = exchange->type == IKE2_IKE_SA_INIT || exchange_is_phase1(exchange) || refusal_is_of_ike_sa(exchange);

    if (is_group_refused(exchange))
        return wmem_strdup_printf(words->scope, "Phase 1 proposal: %s asks for another Diffie-Hellman group (INVALID_KE_PAYLOAD), and %s "
                "does not come with it, %d times in a row; its offer: %s", words_responder(words, exchange),
                words_requester(words, exchange), GROUPS_REFUSED_AT_LEAST, exchange->request
                    ? words_offer(words, exchange->request, exchange->ike_sa->version) : "(not readable)");
    if (by_initiator(exchange))
        return wmem_strdup_printf(words->scope, "Phase 1 proposal: %s says that it does not accept what %s chose of its offer: %s",
                words_requester(words, exchange), words_responder(words, exchange), exchange->response
                    ? words_offer(words, exchange->response, exchange->ike_sa->version) : "(not readable)");
    return wmem_strdup_printf(words->scope, "Phase %d proposal: %s accepts nothing of what %s offers: %s", phase1 ? 1 : 2, words_responder(words, exchange),
            words_requester(words, exchange), exchange->request
                ? words_offer(words, exchange->request, exchange->ike_sa->version) : "(not readable)");
}

const struct rule rule_no_proposal = {
    .on = ON(ANSWERED), .judge = judge_no_proposal,
    .findings = {
        { FINDING_NO_PROPOSAL, .text = text_no_proposal,
            .meaning = "The peers share no set of algorithms.",
            .check = { "Encryption, integrity (hash), PRF and DH group of the phase that is named, in IKEv1 the authentication method too: the "
                "peers need one set that both allow" } },
    }
};

/* auth_failed.c
 * auth_failed: the peer said so: AUTHENTICATION_FAILED (RFC 7296 section 2.21), or in phase 1 of IKEv1
 * an invalid hash or signature (RFC 2408 section 3.14.1).
 *
 * Without keys it can only be suspected: IKE_AUTH was answered by a message too small for an identity
 * and its proof, or main mode got no further than its encrypted messages; and the initiator began anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/ike_words.h"

/* Where it was read; else there is no detail. */
struct refusal {
    uint16_t notify;
};

static bool
says_auth_failed(const struct exchange *exchange)
{
    if (exchange->error == NOTIFY_AUTHENTICATION_FAILED)
        return true;
    return exchange->ike_sa->version < 2 && exchange->type != IKE1_QUICK_MODE
            && (exchange->error == IKE1_NOTIFY_INVALID_HASH_INFORMATION || exchange->error == IKE1_NOTIFY_INVALID_SIGNATURE);
}

static void
judge_proven(struct judge *judge, const struct exchange *exchange, uint16_t notify)
{
    struct finding *finding = judge_exchange(judge, FINDING_AUTH_FAILED, CONFIDENCE_PROVEN, exchange, sizeof(struct refusal));

    if (!finding)
        return;
    struct refusal *refusal = finding->detail;
    refusal->notify = notify;
}

static void
judge_answer(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->outcome == EXCHANGE_REFUSED && says_auth_failed(exchange))
        judge_proven(judge, exchange, exchange->error);
}

/* In an exchange of its own, when the initiator can't verify the responder. */
static void
judge_notified(struct judge *judge, const struct change_notified *change)
{
    if (change->notify.type == NOTIFY_AUTHENTICATION_FAILED && change->exchange->type == IKE2_INFORMATIONAL)
        judge_proven(judge, change->exchange, change->notify.type);
}

static void
judge_auth_failed(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_AUTH_LEFT)
        judge_exchange(judge, FINDING_AUTH_FAILED, CONFIDENCE_SUSPECTED, change->exchange, 0);
    else if (change->kind == CHANGE_NOTIFIED)
        judge_notified(judge, &change->notified);
    else
        judge_answer(judge, change->exchange);
}

static char *
text_auth_failed(const struct words *words, const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    const struct refusal *refusal = finding->detail;
    const char *requester = words_requester(words, exchange), *responder = words_responder(words, exchange);

    if (!refusal)
        return wmem_strdup_printf(words->scope, "%s between %s and %s got no further than authentication, and was begun anew. "
                "Its payloads are encrypted; compare the pre-shared keys or certificates and the identities",
                words_exchange(words, exchange->type), requester, responder);
    return wmem_strdup_printf(words->scope, "Authentication between %s and %s failed: %s. Compare the pre-shared keys or "
            "certificates and the identities of both peers", requester, responder,
            words_notify(words, exchange->ike_sa->version, refusal->notify));
}

const struct rule rule_auth_failed = {
    .on = ON(ANSWERED) | ON(NOTIFIED) | ON(AUTH_LEFT), .judge = judge_auth_failed,
    .findings = {
        { FINDING_AUTH_FAILED, .text = text_auth_failed,
            .meaning = "The peers do not accept each other's identity or credentials.",
            .check = "Pre-shared keys or certificates, and the identities, on both peers." },
    }
};

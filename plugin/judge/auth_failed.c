/* auth_failed.c
 * auth_failed: the peer said so: AUTHENTICATION_FAILED (RFC 7296 section 2.21) or the Failure of EAP (section 2.16), or in phase 1 of IKEv1
 * an invalid hash or signature, or identity, which in phase 1 is a peer's own (RFC 2408 section 3.14.1). Not where the peer that says so was itself refused
 * before, by an answer without an AUTH: what that named is the reason.
 *
 * An error of another name in answer to main mode's fifth message, the first encrypted one, or to aggressive mode's second, which brings the
 * responder's proof, or its third, is what different pre-shared keys lead to: the peer can't read it. Suspected, as such a notify is not protected.
 *
 * Without keys it can only be suspected: IKE_AUTH was answered by a message too small for an identity
 * and its proof, EAP or main mode got no further than its encrypted messages; and the initiator began anew. XAuth is
 * inferred to have failed, without reading what its messages say, where its server asked once or more and the
 * initiator began anew before it asked for anything of its own, an address or a phase 2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/walk.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"

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
            && (exchange->error == IKE1_NOTIFY_INVALID_HASH_INFORMATION || exchange->error == IKE1_NOTIFY_INVALID_SIGNATURE
                || exchange->error == IKE1_NOTIFY_INVALID_ID_INFORMATION);
}

/* Main mode's fifth message is its first encrypted one; aggressive mode's second holds a proof. */
#define MAIN_MODE_ENCRYPTED 5
#define AGGRESSIVE_MODE_PROVES 2

static bool
may_be_keys(const struct exchange *exchange)
{
    unsigned from = exchange->type == IKE1_IDENTITY_PROTECTION ? MAIN_MODE_ENCRYPTED : AGGRESSIVE_MODE_PROVES;

    return exchange_is_phase1(exchange) && exchange->steps >= from && exchange->error != NOTIFY_NO_PROPOSAL_CHOSEN;
}

static void
judge_refusal(struct judge *judge, const struct exchange *exchange, uint16_t notify, enum confidence confidence)
{
    struct finding *finding = judge_exchange(judge, FINDING_AUTH_FAILED, confidence, exchange, sizeof(struct refusal));

    if (!finding)
        return;
    struct refusal *refusal = finding->detail;
    refusal->notify = notify;
}

static void
judge_answer(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->outcome != EXCHANGE_REFUSED)
        return;
    if (says_auth_failed(exchange))
        judge_refusal(judge, exchange, exchange->error, CONFIDENCE_PROVEN);
    else if (may_be_keys(exchange))
        judge_refusal(judge, exchange, exchange->error, CONFIDENCE_SUSPECTED);
}

/* Whether the IKE SA's IKE_AUTH was refused for another reason, so that nothing proved who the responder is. */
static bool
was_refused_before(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        if (exchange->type == IKE2_IKE_AUTH && exchange->outcome == EXCHANGE_REFUSED && exchange->error != NOTIFY_AUTHENTICATION_FAILED)
            return true;
    return false;
}

/* In an exchange of its own, when the initiator can't verify the responder. */
static void
judge_notified(struct judge *judge, const struct change_notified *change)
{
    if (change->notify.type == NOTIFY_AUTHENTICATION_FAILED && change->exchange->type == IKE2_INFORMATIONAL
            && !was_refused_before(change->exchange->ike_sa))
        judge_refusal(judge, change->exchange, change->notify.type, CONFIDENCE_PROVEN);
}

/* The last question of XAuth's server to whom phase 1 succeeded and nothing else came; NULL where that is not so. */
static const struct exchange *
last_question(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange, *last = NULL;

    if (ike_sa->version >= 2 || !ike_sa->established)
        return NULL;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->type == IKE1_QUICK_MODE || (exchange->type == IKE1_TRANSACTION && exchange->flow == ike_sa->flow))
            return NULL;
        if (exchange->type == IKE1_TRANSACTION && !last)
            last = exchange;
    }
    return last;
}

/* An initiator begins anew: how far it came before. */
static void
judge_began(struct judge *judge, const struct ike_sa *began)
{
    const struct ike_sa *before = began->tunnel_older;
    const struct exchange *question = before && before->flow == began->flow ? last_question(before) : NULL;

    if (question)
        judge_exchange(judge, FINDING_AUTH_FAILED, question->first.readable ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED,
                question, 0);
}

static void
judge_auth_failed(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_AUTH_LEFT)
        judge_exchange(judge, FINDING_AUTH_FAILED, CONFIDENCE_SUSPECTED, change->exchange, 0);
    else if (change->kind == CHANGE_NOTIFIED)
        judge_notified(judge, &change->notified);
    else if (change->kind == CHANGE_BEGAN)
        judge_began(judge, change->ike_sa);
    else
        judge_answer(judge, change->exchange);
}

/* Whose credentials were asked for. */
static const char *const *
check_auth_failed(const struct finding *finding)
{
    static const char *const xauth[] = {
        "The user's name and password that XAuth asks for, on the initiator, and the server that knows them", VENDORS_SHOW_LOG, NULL };
    static const char *const eap[] = {
        "The user's credentials, and the RADIUS server to which EAP hands them: its log, and whether it answers", VENDORS_SHOW_LOG, NULL };
    static const char *const keys[] = {
        "Pre-shared key, or certificate (trust chain, validity), and both identities, in type and value, on both peers",
        VENDORS_IDENTITIES, NULL };

    if (finding->exchange->type == IKE1_TRANSACTION)
        return xauth;
    return exchange_auth_rounds(finding->exchange->ike_sa) > 1 ? eap : keys;
}

static char *
text_auth_failed(const struct words *words, const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    const struct refusal *refusal = finding->detail;
    const char *requester = words_requester(words, exchange), *responder = words_responder(words, exchange);

    if (!refusal)
        return wmem_strdup_printf(words->scope, "%s between %s and %s got no further than authentication%s",
                words_exchange(words, exchange->type), requester, responder,
                exchange->first.readable ? "" : ", as far as encrypted payloads show");
    if (exchange->eap_failed)
        return wmem_strdup_printf(words->scope, "Authentication between %s and %s failed: EAP ended in Failure", requester, responder);
    return wmem_strdup_printf(words->scope, "Authentication between %s and %s %s: %s", requester, responder,
            finding->confidence == CONFIDENCE_PROVEN ? "failed" : "got no further",
            words_notify(words, exchange->ike_sa->version, refusal->notify));
}

const struct rule rule_auth_failed = {
    .on = ON(ANSWERED) | ON(NOTIFIED) | ON(AUTH_LEFT) | ON(BEGAN), .judge = judge_auth_failed,
    .findings = {
        { FINDING_AUTH_FAILED, .text = text_auth_failed,
            .meaning = "The peers do not accept each other's identity or credentials.",
            .check_of = check_auth_failed },
    }
};

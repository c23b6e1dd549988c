/* child_refused.c
 * child_refused: a child SA, phase 2, was refused: the answer is an error notify. Other rules say more
 * about those that they know.
 *
 * ike_rekey_refused: the same for the rekey of an IKE SA, phase 1: its proposal is one of IKE (RFC 7296 section 1.3.2).
 *
 * Without keys: in IKEv2 the answer is too small to hold a child SA (track/envelope.h), which proves the refusal of a
 * CREATE_CHILD_SA, and no reason, nor of which of the two; of an IKE_AUTH, which may not have asked for one, it is inferred. In
 * IKEv1 a Quick Mode was met by an Informational and no answer, and was tried again, which lets it be inferred.
 *
 * Both are notes where the next try, or the other peer's that crossed it, made it good, and where the notify only says to come back
 * later (findings.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/refusal.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"

/* Where it was read; else there is no detail. */
struct refusal {
    uint16_t notify;
};

/* Whether what was refused is no IKE SA's set-up. */
static bool
is_about_more(const struct exchange *exchange)
{
    switch (exchange->type) {
    case IKE1_QUICK_MODE:
    case IKE2_CREATE_CHILD_SA:
        return true;
    case IKE2_IKE_AUTH:
        return exchange->error != NOTIFY_AUTHENTICATION_FAILED;
    default:
        return false;
    }
}

static void
judge_by_size(struct judge *judge, const struct exchange *exchange)
{
    /* an IKE_AUTH may ask for none (RFC 6023), be redirected (RFC 5685), or be a round of EAP that was given up */
    bool proven = exchange->type == IKE2_CREATE_CHILD_SA;
    struct finding *finding = judge_exchange(judge, FINDING_CHILD_REFUSED,
            proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, exchange, 0);

    if (finding)
        finding_rests_on(finding, exchange->informational_frame);
}

static void
judge_answer(struct judge *judge, const struct exchange *exchange)
{
    if (exchange->outcome != EXCHANGE_REFUSED || !is_about_more(exchange))
        return;
    if (exchange->refused_unread)
        return;                     /* said before, of the encrypted copy */
    if (exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD && exchange->ike_sa->version >= 2)
        return;                     /* it asks for another group, and the request comes again */
    enum finding_key key = refusal_is_of_ike_sa(exchange) ? FINDING_IKE_REKEY_REFUSED : FINDING_CHILD_REFUSED;
    struct finding *finding = judge_exchange(judge, key, CONFIDENCE_PROVEN, exchange, sizeof(struct refusal));
    if (!finding)
        return;
    struct refusal *refusal = finding->detail;
    refusal->notify = exchange->error;
}

static void
judge_child_refused(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_REFUSED_UNREAD)
        judge_by_size(judge, change->exchange);
    else
        judge_answer(judge, change->exchange);
}

/* How it went on. */
static const char *
in_the_end(const struct exchange *exchange)
{
    return exchange->tried_again ? ". It was made good: the next try, or the other peer's of the same moment, was accepted" : "";
}

static char *
text_by_size(const struct words *words, const struct exchange *exchange)
{
    const char *requester = words_requester(words, exchange), *responder = words_responder(words, exchange);

    if (exchange->ike_sa->version < 2)
        return wmem_strdup_printf(words->scope, "%s answered the Quick Mode (phase 2) of frame %u with an Informational, and %s tried "
                "again: refused. The reason is encrypted%s", responder, exchange->request_frame, requester, in_the_end(exchange));
    return wmem_strdup_printf(words->scope, "%s refused the %s that %s asked for: its answer of %u bytes is "
            "too small to hold one. The reason is encrypted%s", responder,
            exchange->type == IKE2_CREATE_CHILD_SA ? "child SA (phase 2), or new IKE SA (phase 1)," : "child SA (phase 2)", requester,
            exchange->response_length, in_the_end(exchange));
}

static char *
text_refused(const struct words *words, const struct finding *finding)
{
    const struct exchange *exchange = finding->exchange;
    const struct refusal *refusal = finding->detail;

    if (exchange->refused_unread || !refusal)
        return text_by_size(words, exchange);
    return wmem_strdup_printf(words->scope, "%s refused the %s that %s asked for: %s%s", words_responder(words, exchange),
            finding->key == FINDING_IKE_REKEY_REFUSED ? "rekey of the IKE SA (phase 1)" : "child SA (phase 2)",
            words_requester(words, exchange), words_notify(words, exchange->ike_sa->version, refusal->notify), in_the_end(exchange));
}

const struct rule rule_child_refused = {
    .on = ON(ANSWERED) | ON(REFUSED_UNREAD), .judge = judge_child_refused,
    .findings = {
        { FINDING_CHILD_REFUSED, .text = text_refused,
            .meaning = "What was asked for did not come up; without a child SA (phase 2) the traffic of its networks is not carried.",
            .check = { "The responder's log of that moment: it knows the reason", "Phase 2 on both peers: proposals, PFS (DH) group and proxy IDs",
                VENDORS_SHOW_LOG } },
        { FINDING_IKE_REKEY_REFUSED, .text = text_refused,
            .meaning = "The IKE SA was not renewed: when it ends, the tunnel ends with it.",
            .check = { "The responder's log of the rekey, and phase 1 on both peers: a rekey offers encryption, integrity, PRF and DH group anew",
                VENDORS_SHOW_LOG } },
    }
};

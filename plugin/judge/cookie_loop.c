/* cookie_loop.c
 * cookie_loop: a responder asks for its COOKIE to be sent back (RFC 7296 section 2.6), and the initiator sends the same request
 * once more, without it. A request that crosses the answer is no loop: it is one from the second on that was sent after it, or
 * where the initiator begins anew after the first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/vendors.h"

/* One may have crossed the COOKIE. */
#define AGAIN_AT_LEAST 2

struct cookie_loop {
    uint32_t again;                 /* times that the request came without the COOKIE */
};

static void
say(struct judge *judge, const struct exchange *exchange)
{
    struct finding *finding = judge_exchange(judge, FINDING_COOKIE_LOOP, CONFIDENCE_INFERRED, exchange, sizeof(struct cookie_loop));

    if (!finding)
        return;
    struct cookie_loop *loop = finding->detail;
    loop->again = exchange->asked_again;
    finding_rests_on(finding, exchange->last_frame);
}

/* Whether the IKE SA's latest exchange is an IKE_SA_INIT that a COOKIE answered: the next one would have it. */
static bool
is_ignored(const struct exchange *exchange)
{
    return exchange && exchange->type == IKE2_IKE_SA_INIT && exchange->cookie_wanted && !exchange->response
            && exchange == exchange->ike_sa->latest;
}

static void
judge_cookie_loop(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_RETRANSMISSION) {
        const struct exchange *exchange = change->again.exchange;
        if (is_ignored(exchange) && exchange->asked_again == AGAIN_AT_LEAST && change->again.before_frame == exchange->request_frame)
            say(judge, exchange);
        return;
    }
    const struct ike_sa *before = change->ike_sa->tunnel_older;
    if (before && before->flow == change->ike_sa->flow && is_ignored(before->latest) && before->latest->asked_again > 0
            && before->latest->asked_again < AGAIN_AT_LEAST)
        say(judge, before->latest);
}

static char *
text_cookie_loop(const struct words *words, const struct finding *finding)
{
    const struct cookie_loop *loop = finding->detail;
    const struct exchange *exchange = finding->exchange;

    return wmem_strdup_printf(words->scope, "%s asks for its COOKIE to be sent back, and %s sent the same IKE_SA_INIT %s "
            "without it", words_responder(words, exchange),
            words_requester(words, exchange), words_count(words, loop->again, "more time", "more times"));
}

const struct rule rule_cookie_loop = {
    .on = ON(RETRANSMISSION) | ON(BEGAN), .judge = judge_cookie_loop,
    .findings = {
        { FINDING_COOKIE_LOOP, .text = text_cookie_loop,
            .meaning = "A responder under load, or one that always asks, wants its COOKIE back before it goes on (RFC 7296 section 2.6); the "
                "initiator ignores that, or does not get it.",
            .check = { "The initiator's log, and whether the answer reaches it; the load from which the responder asks for cookies",
                VENDORS_COOKIES } },
    }
};

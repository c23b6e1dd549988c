/* dpd_failure.c
 * dpd_failure: liveness checks went unanswered, and then a new negotiation began. In IKEv2 a liveness
 * check is an INFORMATIONAL exchange (RFC 7296 section 2.4): proven where it was read to be empty, and
 * inferred where it could not be read, since
 * any unanswered request shows the peer dead; not one that was read to be a Delete or a notify. In IKEv1 it is a series of
 * R-U-THERE notifies (RFC 3706), of which at least two have to be unanswered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/vendors.h"

struct probes {
    uint32_t checks;
};

static void
judge_probes(struct judge *judge, const struct change_probes *change)
{
    struct finding *finding = judge_ike_sa(judge, FINDING_DPD_FAILURE, CONFIDENCE_PROVEN, change->ike_sa,
            sizeof(struct probes));

    if (!finding)
        return;
    struct probes *unanswered = finding->detail;
    unanswered->checks = change->count;
    finding_rests_on(finding, change->first_frame);
    finding_rests_on(finding, change->ike_sa->last_frame);
}

static void
judge_given_up(struct judge *judge, const struct exchange *exchange)
{
    const struct flow *peer = flow_reverse(exchange->flow);
    nstime_t last = clock_unpack(exchange->last_time);
    bool is_alive = peer->packets > 0 && clock_compare(&peer->last_time, &last) > 0;

    if (exchange->type != IKE2_INFORMATIONAL || exchange->retransmissions == 0
            || exchange->says_something || is_alive)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_DPD_FAILURE,
            exchange->liveness ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, exchange, sizeof(struct probes));
    if (!finding)
        return;
    struct probes *unanswered = finding->detail;
    unanswered->checks = exchange->retransmissions + 1;
    finding_rests_on(finding, exchange->last_frame);
}

static void
judge_dpd_failure(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_PROBES_LEFT)
        judge_probes(judge, &change->probes);
    else
        judge_given_up(judge, change->exchange);
}

static char *
text_dpd_failure(const struct words *words, const struct finding *finding)
{
    const struct probes *unanswered = finding->detail;

    return wmem_strdup_printf(words->scope, "%s (DPD) went unanswered, and a new negotiation began",
            words_count(words, unanswered->checks, "liveness check", "liveness checks"));
}

const struct rule rule_dpd_failure = {
    .on = ON(GIVEN_UP) | ON(PROBES_LEFT), .judge = judge_dpd_failure,
    .findings = {
        { FINDING_DPD_FAILURE, .text = text_dpd_failure,
            .meaning = "The peer was taken for dead, so that the tunnel was dropped and set up again.",
            .check = { "Whether the peer was down (its log and uptime) or the path broken; DPD that gives up too soon", VENDORS_DPD } },
    }
};

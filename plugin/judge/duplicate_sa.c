/* duplicate_sa.c
 * duplicate_sa: two child SAs for the same selectors live side by side for longer than the handover
 * grace, with no Delete for either, and both have carried traffic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../words/vendors.h"

struct duplicate {
    nstime_t beside;                /* how long, side by side */
};

static void
judge_duplicate_sa(struct judge *judge, const struct change *change)
{
    const struct child *child = change->duplicate.child, *other = change->duplicate.other;
    struct finding *finding = judge_exchange(judge, FINDING_DUPLICATE_SA, CONFIDENCE_PROVEN, child->origin,
            sizeof(struct duplicate));

    if (!finding)
        return;
    struct duplicate *duplicate = finding->detail;
    finding->sa = child->sa[0];
    finding->other = other->sa[child->origin->flow == other->origin->flow ? 0 : 1];
    duplicate->beside = clock_elapsed(&child->origin->response_time, &judge->time);
    finding_rests_on(finding, other->origin->response_frame);
}

static char *
text_duplicate_sa(const struct words *words, const struct finding *finding)
{
    const struct duplicate *duplicate = finding->detail;

    return wmem_strdup_printf(words->scope, "The SAs with SPI 0x%08x and 0x%08x serve the same selectors, side by side for %s",
            finding->sa ? finding->sa->key.spi : 0,
            finding->other ? finding->other->key.spi : 0, words_duration(words, &duplicate->beside));
}

const struct rule rule_duplicate_sa = {
    .on = ON(DUPLICATE), .judge = judge_duplicate_sa,
    .findings = {
        { FINDING_DUPLICATE_SA, .text = text_duplicate_sa,
            .meaning = "Two SAs for the same networks live side by side. If the peers use different ones, traffic can be "
                "lost.",
            .check = { "Whether both peers initiate, and whether old SAs are deleted; one peer may only respond", VENDORS_RESPONDER } },
    }
};

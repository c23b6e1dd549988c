/* lifetime_order.c
 * lifetime_order: phase 1 was negotiated to live shorter than phase 2. By itself not a fault; said
 * once a tunnel, since some gateways drop phase 2 with phase 1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

struct order {
    uint64_t phase1, phase2;        /* lifetimes in seconds */
};

static void
judge_lifetime_order(struct judge *judge, const struct change *change)
{
    if (!change->exchange->child || change->exchange->ike_sa->version >= 2)
        return;
    bool *said = &memory_of(judge->memory, change->exchange->flow->tunnel)->lifetime_order_said;
    uint64_t phase1 = exchange_phase1_seconds(change->exchange->ike_sa);
    uint64_t phase2 = change->exchange->child->lifetime.seconds;
    if (*said || phase1 == 0 || phase2 == 0 || phase1 >= phase2)
        return;
    *said = true;
    struct finding *finding = judge_exchange(judge, FINDING_LIFETIME_ORDER, CONFIDENCE_PROVEN, change->exchange,
            sizeof(struct order));
    if (!finding)
        return;
    struct order *order = finding->detail;
    order->phase1 = phase1;
    order->phase2 = phase2;
}

static char *
text_lifetime_order(const struct words *words, const struct finding *finding)
{
    const struct order *order = finding->detail;

    return wmem_strdup_printf(words->scope, "Phase 1 lives %" PRIu64 " s, shorter than phase 2 with %" PRIu64 " s", order->phase1, order->phase2);
}

const struct rule rule_lifetime_order = {
    .on = ON(ANSWERED), .judge = judge_lifetime_order,
    .findings = {
        { FINDING_LIFETIME_ORDER, .text = text_lifetime_order,
            .meaning = "Phase 1 ends before phase 2. By itself that is no fault: many gateways cope; some drop phase 2 with it.",
            .check = { "Whether the drops fall on the end of phase 1" } },
    }
};

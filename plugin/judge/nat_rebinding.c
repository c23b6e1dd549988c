/* nat_rebinding.c
 * nat_rebinding: the same SPI with a sequence that goes on, from or to a new address or port. A NAT
 * gave the peer a new mapping, or the peer moved (MOBIKE, RFC 4555).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_nat_rebinding(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_sa(judge, FINDING_NAT_REBINDING, CONFIDENCE_PROVEN, change->moved.sa);

    if (!finding)
        return;
    finding->endpoint = change->moved.before;
    finding_rests_on(finding, change->moved.before_frame);
}

const struct rule rule_nat_rebinding = { .on = ON(ADDRESS_MOVED), .judge = judge_nat_rebinding };

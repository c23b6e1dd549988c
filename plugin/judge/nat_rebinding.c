/* nat_rebinding.c
 * nat_rebinding: the same SPI with a sequence that goes on, from or to a new address or port. A NAT
 * gave the peer a new mapping, or the peer moved (MOBIKE, RFC 4555).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/vendors.h"

static void
judge_nat_rebinding(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_sa(judge, FINDING_NAT_REBINDING, CONFIDENCE_PROVEN, change->moved.sa,
            sizeof(struct endpoint));

    if (!finding)
        return;
    struct endpoint *before = finding->detail;
    *before = change->moved.before;
    finding_rests_on(finding, change->moved.before_frame);
}

static char *
text_nat_rebinding(const struct words *words, const struct finding *finding)
{
    const struct endpoint *before = finding->detail;

    return wmem_strdup_printf(words->scope, "%s goes on with a new address or port in place of %s", words_sa(words, finding->sa),
            words_address_and_port(words, before));
}

const struct rule rule_nat_rebinding = {
    .on = ON(ADDRESS_MOVED), .judge = judge_nat_rebinding,
    .findings = {
        { FINDING_NAT_REBINDING, .text = text_nat_rebinding,
            .meaning = "The NAT between gave the peer a new address or port; the SA goes on.",
            .check = { "The NAT's UDP timeout, against the interval of NAT keepalives", VENDORS_NAT_KEEPALIVE } },
    }
};

/* no_proposal.c
 * no_proposal: the crypto proposals do not fit: NO_PROPOSAL_CHOSEN (RFC 7296 section 2.7, RFC 2408
 * section 3.14.1), for phase 1 or phase 2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static void
judge_no_proposal(struct judge *judge, const struct change *change)
{
    if (change->exchange->outcome == EXCHANGE_REFUSED && change->exchange->error == NOTIFY_NO_PROPOSAL_CHOSEN)
        judge_exchange(judge, FINDING_NO_PROPOSAL, CONFIDENCE_PROVEN, change->exchange);
}

const struct rule rule_no_proposal = { .on = ON(ANSWERED), .judge = judge_no_proposal };

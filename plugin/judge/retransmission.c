/* retransmission.c
 * ike_retransmission: an IKE message was sent again, byte for byte (RFC 7296 section 2.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/ike_words.h"

struct retransmission {
    uint32_t of_frame;
};

static void
judge_retransmission(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_exchange(judge, FINDING_IKE_RETRANSMISSION, CONFIDENCE_PROVEN, change->again.exchange,
            sizeof(struct retransmission));

    if (!finding)
        return;
    struct retransmission *retransmission = finding->detail;
    retransmission->of_frame = change->again.before_frame;
    finding_rests_on(finding, change->again.before_frame);
}

static char *
text_retransmission(const struct words *words, const struct finding *finding)
{
    const struct retransmission *retransmission = finding->detail;

    return wmem_strdup_printf(words->scope, "%s: the message of frame %u was sent again",
            words_exchange(words, finding->exchange->type), retransmission->of_frame);
}

const struct rule rule_retransmission = {
    .on = ON(RETRANSMISSION), .judge = judge_retransmission,
    .findings = {
        { FINDING_IKE_RETRANSMISSION, .text = text_retransmission,
            .meaning = "The sender had no answer in time, and asks again." },
    }
};

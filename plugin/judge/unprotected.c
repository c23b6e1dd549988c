/* unprotected.c
 * unprotected: a message that had to be protected came in clear or with other keys, or answers what nobody asked. Gateways ignore it (RFC 7296 sections 2.4,
 * 2.21.4), whatever it says: anybody may have sent it. What it says is told, and counts for nothing; only INVALID_SPI, which a gateway
 * that lost its IKE SA can't say in another way (RFC 7296 section 1.5), has a finding of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/ike_words.h"

static void
judge_unprotected(struct judge *judge, const struct change *change)
{
    const struct change_unprotected *unprotected = &change->unprotected;
    struct finding *finding = judge_tunnel(judge, FINDING_UNPROTECTED, CONFIDENCE_PROVEN, unprotected->flow->tunnel, sizeof *unprotected);

    if (!finding)
        return;
    struct change_unprotected *detail = finding->detail;
    *detail = *unprotected;
}

static char *
text_unprotected(const struct words *words, const struct finding *finding)
{
    const struct change_unprotected *message = finding->detail;
    const char *what = words_exchange(words, message->exchange_type), *from = words_endpoint(words, &message->flow->source);
    const char *says = message->notify.type != 0
        ? wmem_strdup_printf(words->scope, ", which says %s,", words_notify(words, message->version, message->notify.type)) : "";

    if (message->is_garbled)
        return wmem_strdup_printf(words->scope, "%s in the name of %s is not encrypted with the keys of its IKE SA: gateways ignore it, and anybody may "
                "have sent it", what, from);
    if (message->exchange_type == IKE2_IKE_SA_INIT)
        return wmem_strdup_printf(words->scope, "%s in the name of %s%s answers nothing that was asked: gateways ignore it", what, from, says);
    return wmem_strdup_printf(words->scope, "%s in the name of %s%s is not protected: gateways ignore it, and anybody may have sent it",
            what, from, says);
}

const struct rule rule_unprotected = {
    .on = ON(UNPROTECTED), .judge = judge_unprotected,
    .findings = {
        { FINDING_UNPROTECTED, .text = text_unprotected,
            .meaning = "A message that had to be encrypted came in clear, with other keys, or out of the blue. It counts for nothing.",
            .check = { "Where it comes from, if it comes again and again: a peer that lost its SAs, or somebody who forges" } },
    }
};

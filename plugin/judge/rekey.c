/* rekey.c
 * rekey: an SA was replaced by the next one in its lineage. ESP alone lets this be inferred: the old
 * SA fell silent where the new one began, and stayed silent for the handover grace. A readable negotiation
 * proves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"

struct rekey {
    nstime_t lived;
};

static void
judge_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;
    struct finding *finding = judge_sa(judge, FINDING_REKEY, new->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, old,
            sizeof(struct rekey));

    if (!finding)
        return;
    struct rekey *rekey = finding->detail;
    finding->other = new;
    rekey->lived = clock_elapsed(sa_birth_time(old), sa_replaced_time(old));
    finding_rests_on(finding, sa_birth_frame(old));
    finding_rests_on(finding, change->replaced.before_frame);
    finding_rests_on(finding, sa_birth_frame(new));
}

static char *
text_rekey(const struct words *words, const struct finding *finding)
{
    const struct rekey *rekey = finding->detail;

    return wmem_strdup_printf(words->scope, "%s lived %s and was replaced by 0x%08x (frame %u)", words_sa(words, finding->sa),
            words_duration(words, &rekey->lived), finding->other->key.spi, sa_birth_frame(finding->other));
}

const struct rule rule_rekey = {
    .on = ON(SA_REPLACED), .judge = judge_rekey,
    .findings = {
        { FINDING_REKEY, .text = text_rekey,
            .meaning = "The SPI changed: a new SA took the old one's place, as it should when its lifetime is over." },
    }
};

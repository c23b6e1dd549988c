/* rekey.c
 * rekey: an SA was replaced by the next one in its lineage, by a rekey: where another IKE SA was set up for it, that is
 * reestablished. ESP alone lets this be inferred: the old SA fell silent where the new one began, and stayed silent for the handover grace.
 * A readable negotiation proves it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "rekey.h"

/* IKE SAs through whose rekeys a set-up is looked for. */
#define LOOKED_AT_MOST 16

struct rekey {
    nstime_t lived;
};

/* The set-up that an SA's IKE SA goes back to. */
static const struct ike_sa *
set_up_of(const struct exchange *origin)
{
    const struct ike_sa *ike_sa = origin->ike_sa;

    for (unsigned looked_at = 0; !ike_sa->set_up && ike_sa->predecessor && looked_at < LOOKED_AT_MOST; looked_at++)
        ike_sa = ike_sa->predecessor;
    return ike_sa;
}

bool
rekey_is_set_up_anew(const struct sa *old, const struct sa *new)
{
    if (!new->origin)
        return false;
    const struct ike_sa *ike_sa = set_up_of(new->origin);
    return ike_sa->set_up && (old->origin ? set_up_of(old->origin) != ike_sa : clock_compare(&ike_sa->first_time, &old->first_time) > 0);
}

static void
judge_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;

    if (rekey_is_set_up_anew(old, new))
        return;
    struct finding *finding = judge_sa(judge, FINDING_REKEY, new->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, old,
            sizeof(struct rekey));
    if (!finding)
        return;
    struct rekey *rekey = finding->detail;
    finding->other = new;
    rekey->lived = sa_lived(old);
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

static char *
brief_rekey(const struct words *words, const struct finding *finding)
{
    return words_lived(words, finding->sa, &((const struct rekey *)finding->detail)->lived);
}

const struct rule rule_rekey = {
    .on = ON(SA_REPLACED), .judge = judge_rekey,
    .findings = {
        { FINDING_REKEY, .text = text_rekey, .brief = brief_rekey,
            .meaning = "A new SA took the old one's place, and traffic has another SPI from here on." },
    }
};

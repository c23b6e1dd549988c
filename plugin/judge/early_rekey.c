/* early_rekey.c
 * early_rekey: inferred: one peer keeps replacing SAs far before the lifetime that was negotiated: it
 * asked for three rekeys in a row, each while the old SA was alive, before half the lifetime. IKEv2
 * negotiates no lifetime; there the peer's own timer shows, and min_sa_lifetime is what is early. Said
 * on the third, and again when it begins anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/ike_words.h"

#define IN_A_ROW 3

struct early {
    uint64_t negotiated;            /* seconds; 0: none */
    nstime_t age;                   /* of the last SA */
};

/* Whether both were negotiated under the IKE SA that one set-up made: an SA that is set up anew is no rekey. */
static bool
has_same_set_up(const struct sa *old, const struct sa *new)
{
    const struct ike_sa *a = old->origin ? old->origin->ike_sa : NULL, *b = new->origin->ike_sa;

    return !a || a == b || !b->set_up;
}

/* Whether the SA was renewed early, at its successor's requester's wish, and not dropped before. */
static bool
renewed_early(const struct sa *old, const struct judge_limits *limits)
{
    const struct sa *new = old->successor;

    if (!new || !new->child || !old->child || !new->link_proven || !new->origin || !has_same_set_up(old, new))
        return false;
    if (old->deleted_frame != 0 && old->deleted_frame < new->origin->request_frame)
        return false;
    uint64_t lifetime = old->child->lifetime.seconds;
    nstime_t age = clock_elapsed(sa_birth_time(old), sa_birth_time(new));
    uint64_t early = lifetime > 0 ? lifetime / 2 : limits->min_sa_lifetime;
    return (uint64_t)age.secs < early && (uint64_t)age.secs >= limits->handover_grace;     /* else they were asked for together */
}

static void
judge_early_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;

    if (!new->link_proven || !new->origin || new->child == NULL || new != new->child->sa[0])
        return;
    const struct flow *requester = new->origin->flow;
    unsigned row = 0;
    const struct sa *sa = old;
    for (; sa && row <= IN_A_ROW; sa = sa->predecessor, row++)
        if (!renewed_early(sa, &judge->limits) || sa->successor->origin->flow != requester)
            break;
    if (row != IN_A_ROW)
        return;
    struct finding *finding = judge_exchange(judge, FINDING_EARLY_REKEY, CONFIDENCE_INFERRED, new->origin, sizeof(struct early));
    if (!finding)
        return;
    struct early *early = finding->detail;
    finding->sa = old;
    early->negotiated = old->child->lifetime.seconds;
    early->age = clock_elapsed(sa_birth_time(old), sa_birth_time(new));
    for (sa = old; sa && finding->evidence_count < EVIDENCE_AT_MOST; sa = sa->predecessor)
        finding_rests_on(finding, sa_birth_frame(sa));
}

static char *
text_early_rekey(const struct words *words, const struct finding *finding)
{
    const struct early *early = finding->detail;

    return wmem_strdup_printf(words->scope, "%s asked for three rekeys in a row far before their time, the last after %s "
            "(negotiated: %s). Check its phase 2 lifetime", words_requester(words, finding->exchange),
            words_duration(words, &early->age), early->negotiated
                ? wmem_strdup_printf(words->scope, "%" PRIu64 " s", early->negotiated) : "not in IKEv2");
}

const struct rule rule_early_rekey = {
    .on = ON(SA_REPLACED), .judge = judge_early_rekey,
    .findings = {
        { FINDING_EARLY_REKEY, .text = text_early_rekey,
            .meaning = "One peer's timer, or its administrator, replaces SAs long before they are due.",
            .check = "The phase 2 lifetime of that peer." },
    }
};

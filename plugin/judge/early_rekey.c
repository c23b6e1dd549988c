/* early_rekey.c
 * early_rekey: inferred: one peer keeps replacing SAs far before the lifetime that was negotiated: it
 * asked for three rekeys in a row, each while the old SA was alive, before half the lifetime. IKEv2
 * negotiates no lifetime, and without keys none is read; there the peer's own timer shows, and min_sa_lifetime is what is early.
 * A new IKE SA is no rekey; and where the other
 * peer asked for some of the last rekeys too, both go by one lifetime, as far as none is read; as in IKEv1, where a lifetime is agreed on
 * (RFC 2407 section 4.5), where both peers have something to say together behind a rekey: their old SAs run out at one age. Nor is it said of
 * what could not be read where it is the peer that was asked who says something behind most of them, as it does who deletes the old SA (behind a
 * rekey of IKEv2 that is who asked for it: RFC 7296 section 2.8): the one that asks may only want a further pair. Said on the third, and
 * again when it begins anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"
#include "succession.h"

#define IN_A_ROW 3
#define IN_A_ROW_UNREAD 5

/* Exchanges between two rekeys that are looked at. */
#define LOOKED_AT_MOST 16

struct early {
    uint64_t negotiated;            /* seconds; 0: none */
    bool is_ikev2;
    unsigned row;
    nstime_t age;                   /* of the last SA */
};

/* Whether the SA was there when its successor was asked for: else both may have been asked for together. Time tells; before that, that it
 * was in use, where a Delete has to follow a rekey, or something tells what it is for. */
static bool
was_there(const struct judge *judge, const struct sa *old, const nstime_t *age)
{
    const struct sa *new = old->successor;

    if ((uint64_t)age->secs >= judge->limits.handover_grace)
        return true;
    return (new->link_proven || new->origin->ike_sa->version >= 2) && old->sequence.packets > 0
            && clock_compare(&old->first_time, &new->origin->request_time) < 0;
}

/* Whether the SA was renewed early, at its successor's requester's wish, and not dropped before. */
static bool
renewed_early(const struct judge *judge, const struct sa *old)
{
    const struct sa *new = old->successor;

    if (!new || !old->born_in_capture || !old->origin || succession_of(judge, new).how != SUCCESSION_REKEYED)
        return false;
    uint64_t lifetime = succession_lifetime(old);
    nstime_t age = clock_elapsed(sa_birth_time(old), sa_birth_time(new));
    uint64_t early = lifetime > 0 ? lifetime / 2 : judge->limits.min_sa_lifetime;
    return (uint64_t)age.secs < early && was_there(judge, old, &age);
}

/* Whether only this peer asked for those of the last rekeys that cross no other one. */
static bool
asks_alone(const struct judge *judge, const struct flow *requester)
{
    const struct past *past = memory_read(judge->memory, requester->tunnel)->past;

    for (unsigned i = 0; i < past->rekeys && i < PAST_AT_MOST; i++)
        if (past->rekey[i].peer != (int8_t)flow_peer(requester) && past->rekey[i].age > judge->limits.handover_grace)
            return false;
    return true;
}

/* Whether both peers sent Informationals of IKEv1 together between two rekeys, as each of them deletes what has run out. */
static bool
end_together(const struct exchange *rekey, const struct exchange *again)
{
    unsigned looked_at = 0;

    for (const struct exchange *exchange = again->older; exchange && exchange != rekey && exchange->older && looked_at < LOOKED_AT_MOST;
            exchange = exchange->older, looked_at++) {
        const struct exchange *before = exchange->older;
        if (exchange->type == IKE1_INFORMATIONAL && before->type == IKE1_INFORMATIONAL && before->flow != exchange->flow
                && !clock_passed_ms(&before->request_time, &exchange->request_time, ANSWER_WITHIN_MS))
            return true;
    }
    return false;
}

/* Whether it may be the Delete of that SA, as far as it was read. */
static bool
may_delete(const struct exchange *exchange, const struct sa *old)
{
    bool is_informational = exchange->type == IKE1_INFORMATIONAL || (exchange->type == IKE2_INFORMATIONAL && !exchange->liveness && !exchange->is_no_delete);

    return is_informational && (!exchange->first.readable || (old->deleted_frame != 0 && old->deleted_frame == exchange->request_frame));
}

/* Whether behind the rekey of that SA, until the next one, the peer that was asked is the only one who says something that may be a Delete. */
static bool
only_asked_speaks(const struct sa *old, const struct exchange *again)
{
    const struct exchange *rekey = old->successor->origin, *exchange = again->older;
    bool speaks = false;

    for (unsigned looked_at = 0; exchange && exchange != rekey && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++) {
        if (!exchange->liveness && (!may_delete(exchange, old) || exchange->flow == rekey->flow))
            return false;
        speaks |= !exchange->liveness;
    }
    return speaks && exchange == rekey;
}

/* Whether it is so behind most of so many rekeys up to that SA's, behind which anything was said. What a rekey is for counts as read where it names
 * the SA that it replaces. */
static bool
asked_drops(const struct sa *latest, unsigned rekeys)
{
    const struct sa *new = latest;
    unsigned asked = 0, otherwise = 0;

    for (unsigned i = 0; i < rekeys && new->predecessor && new->predecessor->origin; new = new->predecessor, i++) {
        const struct sa *old = new->predecessor;
        if (old->predecessor && !old->link_proven && only_asked_speaks(old->predecessor, new->origin))
            asked++;
        else if (new->origin->older != old->origin)
            otherwise++;
    }
    return asked > otherwise;
}

static void
judge_early_rekey(struct judge *judge, const struct change *change)
{
    const struct sa *new = change->replaced.sa, *old = new->predecessor;

    if (!new->origin || new->flow != new->origin->flow)
        return;
    const struct flow *requester = new->origin->flow;
    bool is_unread = succession_lifetime(old) == 0;
    unsigned wanted = is_unread && new->origin->ike_sa->version < 2 ? IN_A_ROW_UNREAD : IN_A_ROW;
    unsigned row = 0;
    const struct sa *sa = old;
    for (; sa && row <= wanted; sa = sa->predecessor, row++)
        if (!renewed_early(judge, sa) || sa->successor->origin->flow != requester)
            break;
    if (row != wanted || (is_unread && (!asks_alone(judge, requester) || end_together(old->origin, new->origin) || asked_drops(new, wanted))))
        return;
    struct finding *finding = judge_exchange(judge, FINDING_EARLY_REKEY, CONFIDENCE_INFERRED, new->origin, sizeof(struct early));
    if (!finding)
        return;
    struct early *early = finding->detail;
    finding->sa = old;
    early->negotiated = succession_lifetime(old);
    early->row = wanted;
    early->is_ikev2 = new->origin->ike_sa->version >= 2;
    early->age = clock_elapsed(sa_birth_time(old), sa_birth_time(new));
    for (sa = old; sa && finding->evidence_count < EVIDENCE_AT_MOST; sa = sa->predecessor)
        finding_rests_on(finding, sa_birth_frame(sa));
}

static char *
text_early_rekey(const struct words *words, const struct finding *finding)
{
    const struct early *early = finding->detail;

    return wmem_strdup_printf(words->scope, "%s started %u rekeys in a row far before their time, the last after %s "
            "(%s)", words_requester(words, finding->exchange),
            early->row, words_duration(words, &early->age), early->negotiated
                ? wmem_strdup_printf(words->scope, "negotiated: %" PRIu64 " s", early->negotiated)
                : early->is_ikev2 ? "IKEv2 negotiates no lifetime" : "the negotiated lifetime was not read");
}

const struct rule rule_early_rekey = {
    .on = ON(SA_REPLACED), .judge = judge_early_rekey,
    .findings = {
        { FINDING_EARLY_REKEY, .text = text_early_rekey,
            .meaning = "One peer's timer, or its administrator, replaces SAs long before they are due.",
            .check = { "The phase 2 lifetime of the peer that rekeys, in time and volume", VENDORS_PHASE2_LIFETIME, VENDORS_VOLUME } },
    }
};

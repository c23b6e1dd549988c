/* pair_dead.c
 * pair_dead: a pair of SAs was deleted in the midst of its traffic, no other one took its place, and the tunnel's other SAs go on
 * (track/pair.c tells). Proven where the Delete was read; else inferred: both directions fell silent at an exchange that may have
 * been one. That an application stopped is told from it by that exchange only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "../track/walk.h"
#include "../words/ike_words.h"
#include "../words/vendors.h"
#include "pair_dead.h"

static void
judge_pair(struct judge *judge, const struct change *change)
{
    const struct pair_end *end = &change->pair;
    struct finding *finding = judge_sa(judge, FINDING_PAIR_DEAD, end->child ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, end->sa[0],
            sizeof *end);

    if (!finding)
        return;
    *(struct pair_end *)finding->detail = *end;
    finding->other = end->sa[1];
    for (unsigned i = 0; i < 2; i++)
        finding_rests_on(finding, end->sa[i]->last_frame);
    finding_rests_on(finding, end->frame);
}

const struct pair_end *
pair_dead_of(const struct finding *finding)
{
    return finding->key == FINDING_PAIR_DEAD ? finding->detail : NULL;
}

nstime_t
pair_dead_age(const struct pair_end *end)
{
    return clock_elapsed(sa_birth_time(end->sa[0]), &end->time);
}

/* " (10.1.0.0/24 <-> 10.2.0.0/24)", where it was read */
static const char *
networks(const struct words *words, const struct child *child)
{
    return child ? wmem_strdup_printf(words->scope, " (%s)", words_selectors(words, child->tsi, child->tsr)) : "";
}

static const char *
restored(const struct words *words, const struct pair_end *end)
{
    const struct sa *next;

    WALK(next, end->sa[0]->successor, successor, CHILDREN_KNOWN)
        if (next->deleted_frame == 0 || next->deleted_frame > end->frame)
            break;                  /* none of those that the dead one was deleted with */
    if (!next)
        return "none has taken its place";
    nstime_t span = clock_elapsed(&end->time, sa_birth_time(next));
    return wmem_strdup_printf(words->scope, "the next one came %s later (frame %u)", words_duration(words, &span), sa_birth_frame(next));
}

static char *
text_pair_dead(const struct words *words, const struct finding *finding)
{
    const struct pair_end *end = finding->detail;
    nstime_t age = pair_dead_age(end);

    return wmem_strdup_printf(words->scope, "The pair of SAs with SPI 0x%08x and 0x%08x%s is dead from frame %u on, while others of the "
            "tunnel go on: %s %s it in the midst of its traffic, after %s; %s", end->sa[0]->key.spi, end->sa[1]->key.spi,
            networks(words, end->child), end->frame, words_endpoint(words, &finding->tunnel->flow[end->peer].source),
            end->child ? "deleted" : "probably deleted", words_duration(words, &age), restored(words, end));
}

const struct rule rule_pair_dead = {
    .on = ON(PAIR_DEAD), .judge = judge_pair,
    .findings = {
        { FINDING_PAIR_DEAD, .text = text_pair_dead,
            .meaning = "Some networks are cut off, while others of the same tunnel are reached.",
            .check = { "That peer's log of that moment: why it deleted this child SA alone, and what is to set it up again", VENDORS_SHOW_LOG } },
    }
};

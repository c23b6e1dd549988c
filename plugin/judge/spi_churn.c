/* spi_churn.c
 * spi_churn: an SA was replaced, or dropped and set up again, before min_sa_lifetime or before half
 * its negotiated lifetime; one that kept at least half of the lifetime that was negotiated is no churn, however short that is.
 * Its age is the time from its negotiation to its successor's or to its
 * Delete; where these were not read, from its own first packet to its successor's, which is no less
 * than it lived. An SA that was in use before the capture began may be of any age, and is never said
 * to churn; nor is one whose first packet came long after a negotiation that was seen, one that was ended in a silence and set up
 * again on demand, one beside which another child was set up, or one of several that the new one may have replaced.
 *
 * flapping: churn_count such SAs in one lineage within churn_window. Rekeys that keep a pace go by a timer, and nothing drops: they
 * don't count where no lifetime was read that they cut short. Said on the frame that makes it
 * so, and again only after it had stopped for a while.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/vendors.h"
#include "succession.h"

/* Daemons spread the times of their rekeys: libreswan's rekeyfuzz of 100 % makes 41 to 51 minutes of an hour, OpenIKED 85 to 95 %. Two ages of one
 * pace are no more than a quarter apart. */
#define PACE_OF(age) ((age) - (age) / 4)

/* The part of its negotiated lifetime that an SA should have reached. */
#define EARLY_PERCENT 50
#define PERCENT 100

struct churn {
    nstime_t age;
    uint64_t negotiated;            /* lifetime in seconds; 0: none was read */
    uint64_t early;                 /* seconds that it should have reached */
};

struct flapping {
    uint32_t count;                 /* SAs */
    uint32_t window;                /* seconds */
    nstime_t within;
    nstime_t lived;                 /* the last one of them */
};

/* Generations that are looked at, if the window or the clock leaves more of them in question. */
#define LOOKED_AT_MOST 4096

/* The churn_count-th churned SA back from the last one, both included, if all of them ended within
 * the window before its end; else NULL. */
static const struct sa *
first_of_enough(const struct judge *judge, const struct sa *last)
{
    const struct judge_limits *limits = &judge->limits;
    uint32_t count = 0;
    unsigned looked_at = 0;

    for (const struct sa *sa = last; sa && looked_at < LOOKED_AT_MOST; sa = sa->predecessor, looked_at++) {
        if (clock_passed(sa_replaced_time(sa), sa_replaced_time(last), limits->churn_window))
            return NULL;
        count += memory_has_churned(judge->memory, sa);
        if (count >= limits->churn_count)
            return sa;
    }
    return NULL;
}

static enum confidence
confidence_of(const struct sa *old)
{
    return old->successor->link_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED;
}

static void
judge_flapping(struct judge *judge, const struct sa *old)
{
    const struct sa *first = first_of_enough(judge, old);

    if (!first)
        return;
    const struct sa *before = memory_flapping(judge->memory, old);
    bool goes_on = before && !clock_passed(sa_replaced_time(before), sa_replaced_time(old), judge->limits.churn_window);
    memory_set_flapping(judge->memory, old, old);
    if (goes_on)
        return;
    struct finding *finding = judge_sa(judge, FINDING_FLAPPING, confidence_of(old), old, sizeof(struct flapping));
    if (!finding)
        return;
    struct flapping *flapping = finding->detail;
    finding->other = old->successor;
    flapping->count = judge->limits.churn_count;
    flapping->window = judge->limits.churn_window;
    flapping->lived = sa_lived(old);
    flapping->within = clock_elapsed(sa_birth_time(first), sa_replaced_time(old));
    for (const struct sa *sa = first; sa != old->successor; sa = sa->successor)
        finding_rests_on(finding, sa_birth_frame(sa));
    finding_rests_on(finding, sa_birth_frame(old->successor));
}

static uint64_t
age_of(const struct sa *old)
{
    return (uint64_t)sa_lived(old).secs;
}

/* Whether the SA was rekeyed at the age of the one before it. */
static bool
keeps_pace(const struct sa *old)
{
    if (!old->predecessor || !old->predecessor->born_in_capture)
        return false;
    uint64_t age = age_of(old), before = age_of(old->predecessor);
    return age > before ? before >= PACE_OF(age) : age >= PACE_OF(before);
}

/* Whether the SA may be older than its first packet shows: a negotiation was seen, but not which one made it. */
static bool
is_birth_unseen(const struct sa *old)
{
    return !old->born_in_capture || (!old->origin && old->flow->tunnel->ike_sas != NULL);
}

/* Whether it is a single packet of an SPI that no negotiation named, right before another SA took its place: anybody can write that. */
static bool
is_stray(const struct judge *judge, const struct sa *old)
{
    return !old->negotiated && old->sequence.packets == 1 && (uint64_t)sa_lived(old).secs < judge->limits.min_outage;
}

/* Without a product that may be too large: a lifetime is what a peer names. */
static uint64_t
part_of(uint64_t lifetime)
{
    return lifetime / (PERCENT / EARLY_PERCENT);
}

static void
judge_replaced(struct judge *judge, const struct change_replaced *change)
{
    const struct sa *old = change->sa->predecessor;

    if (old->predecessor)
        memory_set_flapping(judge->memory, old, memory_flapping(judge->memory, old->predecessor));
    uint64_t negotiated = succession_lifetime(old);
    uint64_t early = negotiated > 0 ? part_of(negotiated) : judge->limits.min_sa_lifetime;
    nstime_t age = sa_lived(old);
    enum succession how = succession_of(judge, change->sa).how;

    if (is_birth_unseen(old) || is_stray(judge, old) || judge_clock_stepped(judge, sa_birth_frame(old)) || (uint64_t)age.secs >= early
            || how == SUCCESSION_ON_DEMAND || how == SUCCESSION_BESIDE)
        return;
    memory_set_churned(judge->memory, old, negotiated > 0 || how != SUCCESSION_REKEYED || !keeps_pace(old));
    struct finding *finding = judge_sa(judge, FINDING_SPI_CHURN, confidence_of(old), old, sizeof(struct churn));
    if (finding) {
        struct churn *churn = finding->detail;
        finding->other = change->sa;
        churn->age = age;
        churn->negotiated = negotiated;
        churn->early = early;
        finding_rests_on(finding, sa_birth_frame(old));
        finding_rests_on(finding, old->deleted_frame);
        finding_rests_on(finding, change->before_frame);
        finding_rests_on(finding, sa_birth_frame(change->sa));
    }
    if (memory_has_churned(judge->memory, old))
        judge_flapping(judge, old);
}

static void
judge_spi_churn(struct judge *judge, const struct change *change)
{
    if (change->kind == CHANGE_SA_SPLIT)
        memory_set_churned(judge->memory, change->sa, false);
    else
        judge_replaced(judge, &change->replaced);
}

static char *
text_spi_churn(const struct words *words, const struct finding *finding)
{
    const struct churn *churn = finding->detail;

    const char *early = churn->negotiated > 0
        ? wmem_strdup_printf(words->scope, "%d %% of the negotiated %" PRIu64, EARLY_PERCENT, churn->negotiated)
        : wmem_strdup_printf(words->scope, "%" PRIu64, churn->early);

    return wmem_strdup_printf(words->scope, "%s was replaced by 0x%08x after only %s (less than %s s)", words_sa(words, finding->sa),
            finding->other->key.spi, words_duration(words, &churn->age), early);
}

static char *
text_flapping(const struct words *words, const struct finding *finding)
{
    const struct flapping *flapping = finding->detail;

    return wmem_strdup_printf(words->scope, "%s: %u SAs in a row were replaced early within %s (window %u s)",
            words_sa(words, finding->sa),
            flapping->count, words_duration(words, &flapping->within), flapping->window);
}

static char *
brief_spi_churn(const struct words *words, const struct finding *finding)
{
    return words_lived(words, finding->sa, &((const struct churn *)finding->detail)->age);
}

static char *
brief_flapping(const struct words *words, const struct finding *finding)
{
    return words_lived(words, finding->sa, &((const struct flapping *)finding->detail)->lived);
}

#define CHECK { "Phase 1 and phase 2 lifetimes, and proxy IDs, on both peers; then who deletes the SA, and why: monitoring, an idle timeout, DPD", \
    "If all agree, a software fault is likely: open a case with this report", VENDORS_PHASE2_LIFETIME, VENDORS_PROXY_IDS, VENDORS_MONITOR }

const struct rule rule_spi_churn = {
    .on = ON(SA_REPLACED) | ON(SA_SPLIT), .judge = judge_spi_churn,
    .findings = {
        { FINDING_SPI_CHURN, .text = text_spi_churn, .brief = brief_spi_churn,
            .meaning = "An SA should keep its SPI until its lifetime is nearly over; it was replaced too early.",
            .check = CHECK },
        { FINDING_FLAPPING, .text = text_flapping, .brief = brief_flapping,
            .meaning = "The tunnel is set up again and again; users see it drop.",
            .check = CHECK },
    }
};

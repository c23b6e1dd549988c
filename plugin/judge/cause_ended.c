/* cause_ended.c
 * Causes that show in who lets SAs end, and at which age. A hard lifetime ends SAs at a constant age; daemons spread the times of
 * their rekeys by a tenth and more (strongSwan's rand_time, libreswan's rekeyfuzz), so that ages within a fiftieth of each other,
 * or two seconds, come from one timer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "../clock.h"
#include "../track/walk.h"
#include "pair_dead.h"

#define CONSTANT_WITHIN_SECONDS 2
#define CONSTANT_SHARE 50

/* A timer is seen to keep its time if it ran out so often. */
#define TIMES_AT_LEAST 2

/* Nothing shows that the SAs ended at all: a peer may have gone away twice at the same age. */
#define SILENT_TIMES_AT_LEAST 3

/* An age fits a lifetime if it lies so close below or above: margins before the end are a tenth (strongSwan's over_time). */
#define FITS_SHARE 10

enum { PHASES = 2 };

struct spread {
    uint64_t least;
    uint64_t most;
    unsigned count;
};

static void
spread_add(struct spread *spread, const nstime_t *span)
{
    uint64_t seconds = (uint64_t)span->secs;

    if (spread->count++ == 0)
        spread->least = spread->most = seconds;
    spread->least = seconds < spread->least ? seconds : spread->least;
    spread->most = seconds > spread->most ? seconds : spread->most;
}

static bool
is_constant(const struct spread *spread)
{
    uint64_t apart = spread->most - spread->least;

    return spread->count >= TIMES_AT_LEAST && (apart <= CONSTANT_WITHIN_SECONDS || apart <= spread->most / CONSTANT_SHARE);
}

static bool
is_delete(const struct outage *outage)
{
    return outage->how == OUTAGE_IKE_DELETED || outage->how == OUTAGE_CHILD_DELETED;
}

/* The ages at which outages of the same kind, ended by the same peer, began. */
static struct spread
ages_like(const struct view *view, const struct outage *outage)
{
    struct spread spread = { 0 };

    for (const struct outage *other = view->tunnel->service.first; other; other = other->next)
        if (other->how == outage->how && other->ended_by == outage->ended_by && (other->age.secs > 0 || other->age.nsecs > 0))
            spread_add(&spread, &other->age);
    if (view->end.is_out && view->end.outage.how == outage->how && view->end.outage.ended_by == outage->ended_by)
        spread_add(&spread, &view->end.outage.age);
    return spread;
}

static bool
fits(uint64_t age, uint64_t lifetime)
{
    uint64_t margin = lifetime / FITS_SHARE > CONSTANT_WITHIN_SECONDS ? lifetime / FITS_SHARE : CONSTANT_WITHIN_SECONDS;

    return lifetime > 0 && age + margin >= lifetime && age <= lifetime + margin;
}

/* One peer's shorter lifetime ended what the other still used: the lifetimes differ, and the age at the end is the shorter one's. */
static bool
explain_lifetime(const struct view *view, const struct trouble *trouble, unsigned phase, enum finding_key key, struct claim *claim)
{
    const struct finding *finding = finding_file_best(view->file, key);

    if (!finding || !trouble->outage)
        return false;
    const struct tunnel_memory *memory = memory_read(view->judge->memory, view->tunnel);
    uint64_t a = offers_shortest(&memory->offers[phase][0]), b = offers_shortest(&memory->offers[phase][1]);
    uint64_t shorter = a == 0 || (b > 0 && b < a) ? b : a;
    if (!fits((uint64_t)trouble->outage->age.secs, shorter))
        return false;
    claim_finding(claim, finding);
    claim_outage(claim, trouble->outage, (enum confidence)finding->confidence);
    if (claim->by == PEER_NOT_SEEN && a != b)
        claim->by = a == shorter ? 0 : 1;
    return true;
}

bool
explain_phase1_lifetime(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return explain_lifetime(view, trouble, 0, FINDING_PHASE1_LIFETIME_MISMATCH, claim);
}

bool
explain_phase2_lifetime(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return explain_lifetime(view, trouble, 1, FINDING_PHASE2_LIFETIME_MISMATCH, claim);
}

/* The lifetime that both agreed on for the SA that ended, in seconds; 0 where it was not read. */
static uint64_t
negotiated_of(const struct outage *outage)
{
    const struct child *child = outage->ended_ike && outage->ended_ike->children ? outage->ended_ike->children->first : NULL;

    return child ? child->lifetime.seconds : 0;
}

/* The pair of SAs that is dead while its tunnel goes on, or NULL. */
static const struct finding *
dead_pair(const struct view *view, const struct trouble *trouble)
{
    return trouble->kind == TROUBLE_DEGRADED ? view_find_last(view, trouble, FINDING_PAIR_DEAD) : NULL;
}

static bool
claim_pair(struct claim *claim, const struct finding *pair, enum confidence confidence)
{
    const struct pair_end *end = pair_dead_of(pair);

    claim_finding(claim, pair);
    claim->confidence = (uint8_t)confidence;
    claim->by = (int8_t)end->peer;
    claim->age = pair_dead_age(end);
    return true;
}

/* The pair ended at the age that both agreed on. */
static bool
pair_expired(const struct finding *pair)
{
    const struct pair_end *end = pair_dead_of(pair);

    return end->child && fits((uint64_t)pair_dead_age(end).secs, end->child->lifetime.seconds);
}

/* Whether the peer who ended the SAs had just set up another IKE SA: it re-authenticates, and their time was not over. */
static bool
was_reauthenticated(const struct view *view, const struct outage *outage)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (ike_sa != outage->ended_ike && ike_sa->set_up && ike_sa->established && (int)flow_peer(ike_sa->flow) == outage->ended_by
                && clock_compare(&ike_sa->established_time, &outage->begin) <= 0
                && !clock_passed(&ike_sa->established_time, &outage->begin, view->judge->limits.handover_grace))
            return true;
    return false;
}

/* Whether a new child was accepted right before the Delete: who rekeys in time does not let SAs expire. */
static bool
was_just_renewed(const struct view *view, const struct outage *outage)
{
    const struct exchange *exchange;

    WALK(exchange, outage->ended_ike ? outage->ended_ike->latest : NULL, older, EXCHANGES_OPEN)
        if (exchange->type == IKE2_CREATE_CHILD_SA && exchange->response_frame != 0 && exchange->response_frame < outage->begin_frame
                && exchange->outcome != EXCHANGE_REFUSED
                && !clock_passed(&exchange->response_time, &outage->begin, view->judge->limits.handover_grace))
            return true;
    return false;
}

/* The tunnel's last SAs were deleted by one peer in the midst of traffic, at one age, and set up again by the next packet, so that nobody missed
 * them for long. */
static bool
claim_expired_in_turn(const struct view *view, struct claim *claim)
{
    const struct past *past = memory_read(view->judge->memory, view->tunnel)->past;
    struct spread ages = { 0 };

    for (unsigned i = 0; i < past->ends && i < PAST_AT_MOST; i++)
        spread_add(&ages, &past->end[i].age);
    return is_constant(&ages) && ages.least >= view->judge->limits.min_sa_lifetime && claim_ended_in_turn(view, claim);
}

/* Whether the outage begins in silence. What is set up anew behind it, at one age each time, ran out before: at a lifetime that was read, or, where not all
 * were, at the same age so often that other ends are no explanation, unless a peer restarted: machines do that by the clock, too. */
static bool
may_run_out(const struct view *view, const struct trouble *trouble)
{
    const struct outage *outage = trouble->outage;
    const struct tunnel_memory *memory = memory_read(view->judge->memory, view->tunnel);
    uint64_t age = (uint64_t)outage->age.secs;
    bool is_all_read = true, is_one = false;

    if (outage->how != OUTAGE_REPLACED)
        return outage->how == OUTAGE_SILENCE;
    for (unsigned i = 0; i < PHASES; i++) {
        uint64_t a = offers_shortest(&memory->offers[i][0]), b = offers_shortest(&memory->offers[i][1]);
        is_all_read &= a > 0 || b > 0;
        is_one |= fits(age, a) || fits(age, b);
    }
    return is_one || (!is_all_read && ages_like(view, outage).count >= SILENT_TIMES_AT_LEAST && !restart_of(view, trouble));
}

bool
explain_lifetime_expired(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct outage *outage = trouble->outage;
    const struct finding *pair = dead_pair(view, trouble);

    if (trouble->kind == TROUBLE_CHURN)
        return claim_expired_in_turn(view, claim);
    if (pair && pair_expired(pair))
        return claim_pair(claim, pair, CONFIDENCE_INFERRED);
    if (!outage || !(is_delete(outage) ? !was_reauthenticated(view, outage) : may_run_out(view, trouble)))
        return false;
    if (was_just_renewed(view, outage))
        return false;
    uint64_t age = (uint64_t)outage->age.secs;
    struct spread ages = ages_like(view, outage);
    bool is_read = fits(age, negotiated_of(outage));
    bool is_timer = is_constant(&ages) && age >= view->judge->limits.min_sa_lifetime
            && age + CONSTANT_WITHIN_SECONDS + (age / CONSTANT_SHARE) >= ages.least;
    if (!is_read && !is_timer)
        return false;
    return claim_outage(claim, outage, CONFIDENCE_INFERRED);
}

bool
explain_deleted_by_peer(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *pair = dead_pair(view, trouble);

    if (pair)
        return claim_pair(claim, pair, (enum confidence)pair->confidence);
    if (trouble->outage && trouble->outage->kept_down) {
        claim_outage(claim, trouble->outage, CONFIDENCE_INFERRED);
        claim->by = trouble->outage->kept_down_by;
        return true;
    }
    if (!trouble->outage || !is_delete(trouble->outage))
        return false;
    return claim_outage(claim, trouble->outage, trouble->outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED);
}

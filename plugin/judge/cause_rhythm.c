/* cause_rhythm.c
 * Causes that show in a rhythm, where SAs come and go although nothing fails: a constant time after the last packet, a constant age at which
 * both peers rekey, or one of them; Deletes that each new set-up is the answer to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "../clock.h"
#include "../track/walk.h"
#include "rule.h"
#include "succession.h"

/* A timer that ends SAs ticks exactly; daemons look at it each second or so, and in long spans clocks differ. */
#define CONSTANT_WITHIN_SECONDS 2
#define CONSTANT_SHARE 50

/* Seconds: half of the shortest idle timeout that gateways take (Cisco IOS and ASA: 60 s). What is deleted sooner after a packet is not idle. */
#define IDLE_AT_LEAST 30

/* A rhythm is seen from so many on. */
#define TIMES_AT_LEAST 2

/* Set-ups that are looked at, back from the latest, and IKE SAs before each of which one may have ended. */
#define SET_UPS_LOOKED_AT 16
#define ENDS_LOOKED_AT 4

static const struct past *
past_of(const struct view *view)
{
    return memory_read(view->judge->memory, view->tunnel)->past;
}

static unsigned
kept(unsigned count)
{
    return count < PAST_AT_MOST ? count : PAST_AT_MOST;
}

static bool
nothing_fails(const struct trouble *trouble)
{
    return trouble->kind == TROUBLE_CHURN || trouble->kind == TROUBLE_NONE;
}

/* ---- idle timeout */

struct idle_ends {
    unsigned count;
    nstime_t least;
    nstime_t most;
};

static void
add_idle(struct idle_ends *ends, const struct past_end *end)
{
    if (ends->count++ == 0)
        ends->least = ends->most = end->idle;
    if (clock_compare(&end->idle, &ends->least) < 0)
        ends->least = end->idle;
    if (clock_compare(&end->idle, &ends->most) > 0)
        ends->most = end->idle;
}

static bool
is_constant(const struct idle_ends *ends)
{
    nstime_t apart = clock_elapsed(&ends->least, &ends->most);

    return ends->count >= TIMES_AT_LEAST && ends->least.secs >= IDLE_AT_LEAST && (!clock_passed(&ends->least, &ends->most, CONSTANT_WITHIN_SECONDS + 1)
            || apart.secs <= ends->most.secs / CONSTANT_SHARE);
}

/* Who ends SAs for want of traffic asks for no others until there is some. */
static bool
is_idle_end(const struct past_end *end, int peer)
{
    return end->peer == peer && end->in_silence && !end->is_renewed;
}

/* Ends in a silence, by one peer, the same time after the last packet: most of the last ones. */
bool
explain_idle_timeout(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct past *past = past_of(view);

    if (!nothing_fails(trouble))
        return false;
    for (int peer = 0; peer < 2; peer++) {
        struct idle_ends ends = { 0 };
        for (unsigned i = 0; i < kept(past->ends); i++)
            if (is_idle_end(&past->end[i], peer))
                add_idle(&ends, &past->end[i]);
        if (!is_constant(&ends) || 2 * ends.count <= kept(past->ends))
            continue;
        claim->confidence = CONFIDENCE_INFERRED;
        claim->by = (int8_t)peer;
        claim->age = ends.most;
        for (unsigned i = 0; i < kept(past->ends); i++)
            if (is_idle_end(&past->end[i], peer))
                claim_rests_on(claim, past->end[i].frame);
        return true;
    }
    return false;
}

/* ---- rekeys at a constant pace */

struct pace {
    unsigned count;
    unsigned asked[2];
    unsigned read;                  /* those whose lifetime was read, and kept to its half at least */
    uint64_t least;
    uint64_t most;
    uint64_t lifetime;              /* the longest that was read, seconds */
};

static bool
is_one_pace(const struct pace *pace)
{
    return pace->least >= pace->most - (pace->most / 4);
}

static void
pace_add(struct pace *pace, const struct past_rekey *rekey)
{
    if (pace->count++ == 0)
        pace->least = pace->most = rekey->age;
    pace->asked[rekey->peer]++;
    pace->least = rekey->age < pace->least ? rekey->age : pace->least;
    pace->most = rekey->age > pace->most ? rekey->age : pace->most;
    pace->read += rekey->lifetime > 0 && rekey->age >= rekey->lifetime / 2;
    pace->lifetime = rekey->lifetime > pace->lifetime ? rekey->lifetime : pace->lifetime;
}

/* The last rekeys, without those that cross another one: back to where another pace was kept before. */
static struct pace
pace_of(const struct view *view)
{
    const struct past *past = past_of(view);
    struct pace pace = { 0 };

    for (unsigned i = 1; i <= kept(past->rekeys); i++) {
        const struct past_rekey *rekey = &past->rekey[(past->rekeys - i) % PAST_AT_MOST];
        struct pace before = pace;
        if (rekey->age <= view->judge->limits.handover_grace)
            continue;
        pace_add(&pace, rekey);
        if (!is_one_pace(&pace) && before.count >= view->judge->limits.churn_count)
            return before;
    }
    return pace;
}

static bool
claim_rekeys(const struct view *view, struct claim *claim, int by, const struct pace *pace)
{
    const struct past *past = past_of(view);

    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = (int8_t)by;
    claim->age.secs = (time_t)pace->most;
    for (unsigned i = 0; i < kept(past->rekeys); i++)
        claim_rests_on(claim, past->rekey[i].frame);
    return true;
}

/* Both rekey at about that age (a quarter for jitter, as in spi_churn.c), or the lifetime was read, and kept. */
bool
explain_lifetime_too_short(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    struct pace pace = pace_of(view);
    uint32_t limit = view->judge->limits.min_sa_lifetime;

    if (trouble->kind != TROUBLE_CHURN || pace.count < view->judge->limits.churn_count
            || finding_file_count(view->file, FINDING_PHASE2_LIFETIME_MISMATCH) > 0)
        return false;
    bool is_read = pace.read == pace.count && pace.lifetime < limit;
    bool both = pace.asked[0] >= TIMES_AT_LEAST && pace.asked[1] >= TIMES_AT_LEAST && pace.most < limit && is_one_pace(&pace);
    return (is_read || both) && claim_rekeys(view, claim, PEER_BOTH, &pace);
}

/* The peer with the shorter lifetime asks for the rekeys, at its own lifetime's pace, which the other one would not. */
bool
explain_phase2_rekeys(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *finding = finding_file_best(view->file, FINDING_PHASE2_LIFETIME_MISMATCH);
    struct pace pace = pace_of(view);

    if (!finding || trouble->kind != TROUBLE_CHURN || pace.count < view->judge->limits.churn_count)
        return false;
    const struct offers *offers = memory_read(view->judge->memory, view->tunnel)->offers[1];
    const uint64_t offered[2] = { offers_shortest(&offers[0]), offers_shortest(&offers[1]) };
    unsigned shorter = offered[1] < offered[0] ? 1 : 0;
    if (offered[shorter] == 0 || pace.asked[shorter] <= pace.asked[1 - shorter] || pace.most > offered[shorter]
            || pace.most > offered[1 - shorter] / 2)
        return false;
    claim_finding(claim, finding);
    return claim_rekeys(view, claim, (int)shorter, &pace);
}

/* ---- set-ups */

struct set_ups {
    unsigned count;
    unsigned after_delete_of[2];    /* each answers the Delete of that peer */
    unsigned renewed[2];            /* by the peer who also deleted the one before */
    unsigned left[2];               /* or left it to itself */
    nstime_t apart;                 /* the latest from the one before */
};

static const struct ike_sa *
set_up_before(const struct ike_sa *ike_sa)
{
    const struct ike_sa *old = ike_sa->tunnel_older;

    for (unsigned looked_at = 0; old && !(old->set_up && old->established) && looked_at < SET_UPS_LOOKED_AT; looked_at++)
        old = old->tunnel_older;
    return old && old->set_up && old->established ? old : NULL;
}

/* Who ended an IKE SA just before this one was begun, or else the one before it, once this one was up. */
static int
ended_around(const struct ike_sa *ike_sa, const struct ike_sa *before, uint32_t grace, uint32_t *frame)
{
    nstime_t until = clock_later_by(&ike_sa->established_time, grace);
    const struct ike_sa *old = before;
    int peer;

    for (unsigned looked_at = 0; old && looked_at < ENDS_LOOKED_AT; old = old->tunnel_older, looked_at++) {
        peer = succession_ended_before(old, &ike_sa->first_time, grace, frame);
        if (peer != PEER_NOT_SEEN)
            return peer;
    }
    peer = succession_ended_before(before, &until, grace, frame);
    return peer == (int)flow_peer(ike_sa->flow) && *frame > ike_sa->established_frame ? peer : PEER_NOT_SEEN;
}

/* Whether its initiator was read to say that it has lost what it had (INITIAL_CONTACT: RFC 7296 section 2.4): it left nothing that works. */
static bool
has_lost_state(const struct view *view, const struct ike_sa *ike_sa)
{
    const struct finding *finding;

    WALK(finding, finding_file_latest(view->file, FINDING_PEER_RESTART), older, SET_UPS_LOOKED_AT)
        if (finding->ike_sa == ike_sa && finding->confidence == CONFIDENCE_PROVEN)
            return true;
    return false;
}

static struct set_ups
set_ups_of(const struct view *view, struct claim *claim)
{
    const struct judge_limits *limits = &view->judge->limits;
    const struct ike_sa *ike_sa = view->tunnel->ike_sas, *before;
    struct set_ups set_ups = { 0 };

    if (ike_sa && !(ike_sa->set_up && ike_sa->established))
        ike_sa = set_up_before(ike_sa);
    for (unsigned looked_at = 0; ike_sa && looked_at < SET_UPS_LOOKED_AT && (before = set_up_before(ike_sa)) != NULL;
            ike_sa = before, looked_at++) {
        uint32_t frame = 0;
        if (clock_passed(&before->first_time, &ike_sa->first_time, limits->min_sa_lifetime))
            break;
        if (set_ups.count++ == 0)
            set_ups.apart = clock_elapsed(&before->first_time, &ike_sa->first_time);
        int peer = ended_around(ike_sa, before, limits->handover_grace, &frame);
        if (peer == PEER_NOT_SEEN && succession_was_left(before, ike_sa, limits->handover_grace) && !has_lost_state(view, ike_sa)) {
            set_ups.left[flow_peer(ike_sa->flow)]++;
            claim_rests_on(claim, before->first_frame);
        }
        if (peer == PEER_NOT_SEEN)
            continue;
        claim_rests_on(claim, frame);
        claim_rests_on(claim, ike_sa->first_frame);
        (*(peer == (int)flow_peer(ike_sa->flow) ? &set_ups.renewed[peer] : &set_ups.after_delete_of[peer]))++;
    }
    return set_ups;
}

static bool
claim_set_ups(const struct view *view, const unsigned *of_peer, const struct set_ups *set_ups, struct claim *claim)
{
    int peer = of_peer[1] > of_peer[0] ? 1 : 0;

    if (of_peer[peer] < view->judge->limits.churn_count || 2 * of_peer[peer] <= set_ups->count)
        return false;
    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = (int8_t)peer;
    claim->age = set_ups->apart;
    return true;
}

/* Set-ups that nothing but an earlier one went before: without a gap, or with one until the new one carried; not one that began before it. */
static bool
is_replaced(const struct view *view, const struct trouble *trouble)
{
    const struct outage *outage = trouble->outage;

    if (!outage || outage->how != OUTAGE_REPLACED)
        return trouble->kind == TROUBLE_CHURN;
    return !outage->restored_ike || !clock_passed(&outage->begin, &outage->restored_ike->first_time, view->judge->limits.min_outage);
}

/* Whether the Delete was read, and the other peer set up the next IKE SA: who does so itself re-authenticates. */
static bool
is_put_right_by_other(const struct view *view, const struct past_end *end)
{
    const struct ike_sa *ike_sa, *next = NULL;

    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, IKE_SAS_KNOWN) {
        if (ike_sa->first_frame <= end->frame)
            break;
        if (ike_sa->set_up && ike_sa->established)
            next = ike_sa;
    }
    return end->proven && next && (int)flow_peer(next->flow) != end->peer;
}

bool
claim_ended_in_turn(const struct view *view, struct claim *claim)
{
    const struct past *past = past_of(view);
    unsigned count = kept(past->ends);

    for (unsigned i = 0; i < count; i++)
        if (past->end[i].in_silence || past->end[i].peer != past->end[0].peer)
            return false;
    const struct past_end *latest = &past->end[(past->ends - 1) % PAST_AT_MOST];
    claim->confidence = CONFIDENCE_INFERRED;
    claim->by = latest->peer;
    claim->age = latest->age;
    for (unsigned i = 0; i < count; i++)
        claim_rests_on(claim, past->end[i].frame);
    return true;
}

/* The last SAs ended so before min_sa_lifetime, or at whatever age where each end is answered by a set-up of the other peer. Who asks for others
 * at once itself let none go that it wanted: it re-authenticates, though not all of its set-ups may have been seen. */
static bool
claim_deleted_children(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct past *past = past_of(view);
    unsigned count = kept(past->ends);

    if (trouble->kind != TROUBLE_CHURN || count < view->judge->limits.churn_count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (past->end[i].is_renewed
                || ((uint64_t)past->end[i].age.secs >= view->judge->limits.min_sa_lifetime && !is_put_right_by_other(view, &past->end[i])))
            return false;
    return claim_ended_in_turn(view, claim);
}

/* Each new set-up comes right behind the Delete of one peer, from the other one; or each new child does. Who deletes and sets up anew
 * itself re-authenticates (explain_early_reauth). */
bool
explain_deletes_in_turn(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    struct claim found = *claim;
    struct set_ups set_ups = { 0 };

    if (!is_replaced(view, trouble))
        return false;
    set_ups = set_ups_of(view, &found);
    if (!claim_set_ups(view, set_ups.after_delete_of, &set_ups, &found))
        return !claim_set_ups(view, set_ups.renewed, &set_ups, &found) && claim_deleted_children(view, trouble, claim);
    *claim = found;
    return true;
}

/* Whether the clock stepped back among the latest set-ups: then it may hide that traffic paused for them. */
static bool
has_clock_stepped(const struct view *view)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, SET_UPS_LOOKED_AT)
        if (judge_clock_stepped(view->judge, ike_sa->first_frame))
            return true;
    return false;
}

/* A peer sets up another IKE SA and deletes its old one, before or behind, again and again, though there is traffic. */
bool
explain_early_reauth(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    struct claim found = *claim;
    struct set_ups set_ups = { 0 };

    if (!is_replaced(view, trouble) || !view->was_up || has_clock_stepped(view))
        return false;
    set_ups = set_ups_of(view, &found);
    if (!claim_set_ups(view, set_ups.renewed, &set_ups, &found) && !claim_set_ups(view, set_ups.left, &set_ups, &found))
        return false;
    *claim = found;
    return true;
}

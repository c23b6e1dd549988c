/* outage.c
 * When service began to be missing, what brought it back, and whether that was an outage.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "outage.h"

#include "../clock.h"
#include "envelope.h"
#include "protection.h"
#include "walk.h"

/* Set-ups that are refused one after the other, until the tunnel counts as gone: one may be another's. */
#define REFUSED_AT_LEAST 2

/* No vendor's idle timeout is shorter by default (Azure and Windows: 300 s, FortiGate 900 s, Cisco ASA 1800 s): an SA that ended
 * in a longer silence may have ended for that. */
#define IDLE_TIMEOUT_SECONDS 300

/* A peer is silent in the midst of traffic if the other went on with so many packets. */
#define TRIED_AT_LEAST 3

/* No gateway checks its peer more rarely by default (Cisco ASA, remote access: 300 s; MikroTik 120 s, Azure 45 s, strongSwan and AWS 30 s). */
#define CHECKED_WITHIN_SECONDS 300

/* One direction's silence is told from an application's only if the other one sent so many packets in it, and if before
 * there was a packet for at least every fourth of the other one's. */
#define UNANSWERED_AT_LEAST 5
#define ANSWERED_OF 4

/* Packets that an SA carries at least where it is in use, though in one direction only. */
#define IN_USE_PACKETS 5

/* IKE SAs and SAs that are looked at: beyond that it is a flood. */
#define LOOKED_AT_MOST 16

/* Deletes of SAs and of their IKE SA come one behind the other. */
#define DELETED_TOGETHER_MS 1000

/* Longer spans are all the same. */
#define SECONDS_AT_MOST (UINT64_C(1) << 32)

uint64_t
outage_ns_between(const nstime_t *from, const nstime_t *to)
{
    nstime_t span = clock_elapsed(from, to);

    if ((uint64_t)span.secs >= SECONDS_AT_MOST)
        return SECONDS_AT_MOST * CLOCK_NSECS;
    return ((uint64_t)span.secs * CLOCK_NSECS) + (uint64_t)span.nsecs;
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t
outage_pause(const struct service_side *side, uint64_t min_outage)
{
    return greater(min_outage, PAUSE_GAPS * side->usual);
}

nstime_t
outage_last_heard(const struct service *service, unsigned peer)
{
    const struct service_side *side = &service->side[peer];

    if (side->packets == 0 || side->answered_frame == 0)
        return side->packets > 0 ? side->last : side->answered;
    return *clock_later(&side->last, &side->answered);
}

uint32_t
outage_last_packet(const struct service *service, nstime_t *time)
{
    const struct service_side *a = &service->side[0], *b = &service->side[1];
    bool second = b->packets > 0 && (a->packets == 0 || clock_compare(&b->last, &a->last) >= 0);

    *time = second ? b->last : a->last;
    return second ? b->last_frame : a->last_frame;
}

bool
outage_in_midst(const struct service *service, unsigned peer, const nstime_t *at, uint64_t min_outage)
{
    const struct service_side *side = &service->side[peer];

    return side->packets > 1 && outage_ns_between(&side->last, at) <= outage_pause(side, min_outage);
}

/* The usual gap of the livelier direction. */
static uint64_t
usual_gap(const struct service *service)
{
    const struct service_side *a = &service->side[0], *b = &service->side[1];

    if (a->packets < 2 || b->packets < 2)
        return a->packets < 2 ? b->usual : a->usual;
    return a->usual < b->usual ? a->usual : b->usual;
}

/* Whether anybody may have made up the other IKE SA: one peer alone was heard on it, and both on this one. */
static bool
may_be_made_up(const struct ike_sa *other, const struct ike_sa *ike_sa)
{
    return protection_is_unproven(other) && !protection_is_unproven(ike_sa);
}

bool
outage_has_successor(const struct ike_sa *ike_sa)
{
    unsigned looked_at = 0;
    bool is_newer = true;

    for (const struct ike_sa *other = ike_sa->flow->tunnel->ike_sas; other && looked_at < LOOKED_AT_MOST;
            other = other->tunnel_older, looked_at++) {
        is_newer &= other != ike_sa;
        bool began_at_once = clock_compare(&other->established_time, &ike_sa->first_time) >= 0;
        if (other != ike_sa && other->established && other->end == IKE_ALIVE && (is_newer || began_at_once) && !may_be_made_up(other, ike_sa))
            return true;
    }
    return false;
}

/* When the peer was last heard, at the latest where the IKE SA came up on which the other one asks it in vain: both have a part in that.
 * @param frame  gets that frame */
static nstime_t
heard_before_asked(const struct service *service, unsigned peer, uint32_t *frame)
{
    const struct service_side *side = &service->side[peer], *other = &service->side[1 - peer];
    const struct ike_sa *asked_on = other->asked_on;
    nstime_t heard = outage_last_heard(service, peer);
    bool by_packet = side->packets > 0 && clock_compare(&side->last, &heard) == 0;

    *frame = by_packet ? side->last_frame : side->answered_frame;
    if (!asked_on || !asked_on->established || asked_on->established_frame == 0 || asked_on->established_frame > other->asked_frame
            || clock_compare(&asked_on->established_time, &heard) <= 0)
        return heard;
    *frame = asked_on->established_frame;
    return asked_on->established_time;
}

/* Whether the peer was asked so long after both had fallen silent that traffic had ended by itself: who checks a peer does so sooner. */
static bool
is_asked_late(const struct service *service, unsigned peer, const nstime_t *heard, uint64_t min_outage)
{
    return outage_ns_between(heard, &service->side[1 - peer].asked_first)
            > greater((uint64_t)CHECKED_WITHIN_SECONDS * CLOCK_NSECS, outage_pause(&service->side[peer], min_outage));
}

struct service_silence
outage_silence_of(const struct service *service, unsigned peer, uint64_t min_outage)
{
    const struct service_side *other = &service->side[1 - peer];
    uint32_t frame = 0;
    nstime_t heard = heard_before_asked(service, peer, &frame);
    bool in_midst = outage_in_midst(service, peer, &heard, min_outage) && !is_asked_late(service, peer, &heard, min_outage);
    struct service_silence silence = {
        .is_open = true,
        .asked = other->asked,
        .asked_frame = other->asked_frame,
        .asked_first = other->asked_first,
        .begin = heard,
        .frame = frame,
        .in_use = in_midst || other->tried >= TRIED_AT_LEAST,
    };

    return silence;
}

void
outage_doubt_since(const struct service *service, unsigned peer, nstime_t *since)
{
    bool any = service->ended.is_open;

    *since = any ? service->ended.time : service->side[peer].last;
    for (unsigned i = 0; i < 2; i++) {
        const struct service_silence *silence = &service->silence[i];
        if (silence->is_open && (!any || clock_compare(&silence->begin, since) < 0))
            *since = silence->begin;
        any |= silence->is_open;
    }
}

bool
outage_was_refused(const struct tunnel *tunnel, const nstime_t *since)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older) {
        const struct exchange *exchange = ike_sa->latest;
        for (; exchange && looked_at < LOOKED_AT_MOST && clock_compare(&exchange->request_time, since) > 0; exchange = exchange->older, looked_at++)
            if (exchange->outcome == EXCHANGE_REFUSED)
                return true;
        looked_at++;
    }
    return false;
}

/* ---- what brought it back */

/* The set-up that an IKE SA goes back to, through its rekeys. */
static const struct ike_sa *
set_up_of(const struct ike_sa *ike_sa)
{
    for (unsigned looked_at = 0; !ike_sa->set_up && ike_sa->predecessor && looked_at < LOOKED_AT_MOST; looked_at++)
        ike_sa = ike_sa->predecessor;
    return ike_sa;
}

static struct recovery
recovery_by(const struct ike_sa *ike_sa, const struct exchange *made, const nstime_t *since)
{
    const struct ike_sa *root = set_up_of(ike_sa);
    bool anew = root->set_up && clock_compare(&root->first_time, since) > 0;
    struct recovery recovery = { .how = anew ? RESTORED_NEW_IKE_SA : RESTORED_NEW_CHILD, .ike_sa = anew ? root : ike_sa,
            .peer = (int8_t)flow_peer(anew || !made ? root->flow : made->flow) };

    recovery.frame = made ? made->response_frame : ike_sa->established_frame;
    recovery.time = made ? made->response_time : ike_sa->established_time;
    return recovery;
}

/* Whether the IKE SA's last IKE_AUTH can't have made a child, unread as it is: its answer has no room for one, as EAP's Failure has not. */
static bool
came_to_no_child(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange, *last = NULL;

    WALK(exchange, ike_sa->latest, older, LOOKED_AT_MOST) {
        if (exchange->type == IKE2_CREATE_CHILD_SA)
            return false;
        if (exchange->type == IKE2_IKE_AUTH && (!last || exchange->message_id > last->message_id))
            last = exchange;
    }
    return last && !last->first.readable && last->response_frame != 0 && !last->response_fragmented
            && envelope_holds_at_most(ike_sa, last->response_length) < SMALLEST_EAP_LAST_ANSWER;
}

/* Whether it is an IKE_AUTH that left its IKE SA where it was: refused, more likely than not, as its answer has no room for more. */
static bool
is_in_doubt(const struct exchange *made)
{
    const struct ike_sa *ike_sa = made->ike_sa;

    return made->type == IKE2_IKE_AUTH && ((!ike_sa->established && ike_sa->stuck_said) || came_to_no_child(ike_sa));
}

static bool
may_have_made_child(const struct exchange *exchange)
{
    return exchange->outcome != EXCHANGE_REFUSED && !is_in_doubt(exchange);
}

/* The latest exchange since that moment that may have made an SA; or NULL. */
static const struct exchange *
latest_negotiation(const struct tunnel *tunnel, const nstime_t *since)
{
    const struct exchange *latest = tunnel->children ? tunnel->children->origin : NULL;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        const struct exchange *made = tunnel->origin[i].exchange;
        if (may_have_made_child(made) && (!latest || clock_compare(&made->response_time, &latest->response_time) > 0))
            latest = made;
    }
    return latest && clock_compare(&latest->response_time, since) > 0 ? latest : NULL;
}

/* An earlier exchange since that moment, behind which the packet is not late by the traffic's own rhythm: a gateway asks for all its networks one by one, and
 * which of them the first packet belongs to is not known. */
static const struct exchange *
first_of_batch(const struct tunnel *tunnel, const struct exchange *latest, const nstime_t *since, const struct ipsec_packet *packet)
{
    uint64_t pause = PAUSE_GAPS * usual_gap(&tunnel->service);
    const struct exchange *first = latest;

    for (unsigned i = 0; packet && i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        const struct exchange *made = tunnel->origin[i].exchange;
        if (may_have_made_child(made) && clock_compare(&made->response_time, since) > 0 && clock_compare(&made->response_time, &first->response_time) < 0
                && outage_ns_between(&made->response_time, &packet->time) <= pause)
            first = made;
    }
    return first;
}

/* Whether an exchange asks for a child SA. */
static bool
asks_for_child(const struct exchange *exchange)
{
    return exchange->ike_sa->version >= 2 ? exchange->type == IKE2_CREATE_CHILD_SA || exchange->type == IKE2_IKE_AUTH : exchange->type == IKE1_QUICK_MODE;
}

/* Whether children were asked for on the IKE SA, and refused each time, but for one that waits for its answer: it carries nothing. */
static bool
was_refused_children(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;
    bool refused = false;

    WALK(exchange, ike_sa->latest, older, LOOKED_AT_MOST) {
        bool is_waiting = exchange->outcome == EXCHANGE_OPEN && exchange->awaiting && exchange->response_frame == 0;
        if (!asks_for_child(exchange) || is_waiting)
            continue;
        if (exchange->outcome != EXCHANGE_REFUSED)
            return false;
        refused = true;
    }
    return refused;
}

static const struct ike_sa *
latest_set_up(const struct tunnel *tunnel, const nstime_t *since)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older, looked_at++)
        if (ike_sa->established_frame != 0 && clock_compare(&ike_sa->established_time, since) > 0 && !came_to_no_child(ike_sa)
                && !was_refused_children(ike_sa))
            return ike_sa;
    return NULL;
}

struct recovery
outage_recovery(const struct tunnel *tunnel, const struct sa *sa, const nstime_t *since, const struct ipsec_packet *packet)
{
    struct recovery same = { .how = RESTORED_SAME_SA, .peer = PEER_NOT_SEEN };
    const struct exchange *made = sa ? sa->origin : NULL;
    const nstime_t *born = made ? &made->response_time : sa ? &sa->first_time : NULL;

    if (born && clock_compare(born, since) <= 0)
        return same;
    if (!made)
        made = latest_negotiation(tunnel, since);
    if (made && !(sa && sa->child))
        made = first_of_batch(tunnel, made, since, packet);
    if (made)
        return recovery_by(made->ike_sa, made, since);
    const struct ike_sa *ike_sa = latest_set_up(tunnel, since);
    if (ike_sa)
        return recovery_by(ike_sa, NULL, since);
    if (!packet || tunnel->ike_sas)
        return same;                /* its negotiation would have been seen */
    same.how = RESTORED_NEW_CHILD;
    same.time = packet->time;
    same.frame = packet->frame;
    return same;
}

struct recovery
outage_recovery_by_answer(unsigned peer, const struct service_silence *silence)
{
    return (struct recovery){ .how = RESTORED_SAME_SA, .peer = (int8_t)peer, .time = silence->answered, .frame = silence->answered_frame };
}

/* ---- whether it is an outage */

bool
service_was_up(const struct tunnel *tunnel)
{
    const struct flow *a = &tunnel->flow[0], *b = &tunnel->flow[1];

    return (a->packets > 0 && b->packets > 0) || (a->packets > 0 && a->packets >= (uint64_t)IN_USE_PACKETS * a->sas)
            || (b->packets > 0 && b->packets >= (uint64_t)IN_USE_PACKETS * b->sas);
}

static void
rests_on(struct outage *outage, uint32_t frame)
{
    if (frame == 0 || outage->evidence_count == OUTAGE_EVIDENCE_AT_MOST)
        return;
    for (unsigned i = 0; i < outage->evidence_count; i++)
        if (outage->evidence[i] == frame)
            return;
    outage->evidence[outage->evidence_count++] = frame;
}

static void
put_in_order(struct service *service, struct outage *outage)
{
    struct outage **at = &service->first;

    if (service->latest && clock_compare(&service->latest->begin, &outage->begin) <= 0)
        at = &service->latest->next;
    while (*at && clock_compare(&(*at)->begin, &outage->begin) <= 0)
        at = &(*at)->next;
    outage->next = *at;
    *at = outage;
    if (!outage->next)
        service->latest = outage;
}

static bool
overlaps(const struct outage *one, const struct outage *other)
{
    return clock_compare(&one->begin, &other->end) < 0 && clock_compare(&other->begin, &one->end) < 0;
}

static void
end_later(struct outage *outage, const struct outage *other)
{
    outage->directions |= other->directions;
    if (clock_compare(&other->end, &outage->end) <= 0)
        return;
    outage->end = other->end;
    outage->end_frame = other->end_frame;
    outage->restored_how = other->restored_how;
    outage->restored_by = other->restored_by;
    outage->restored_ike = other->restored_ike;
}

/* The outage that a new one overlaps: the latest, or, where time went back, another one; or NULL. */
static struct outage *
find_overlapped(const struct service *service, const struct outage *made)
{
    struct outage *latest = service->latest;
    struct outage *old = latest && clock_compare(&latest->begin, &made->begin) <= 0 ? latest : service->first;

    while (old && !overlaps(old, made))
        old = old->next;
    return old;
}

/* What is seen of an outage whose beginning is known already: from capture points, or as it seemed over while one direction was silent still.
 * What time that went back makes overlap others is none. */
static bool
extends_known(const struct service *service, const struct outage *made)
{
    struct outage *old = find_overlapped(service, made);

    if (old && old == service->latest && clock_compare(&made->begin, &old->begin) >= 0)
        end_later(old, made);
    return old != NULL;
}

static void
keep(struct outage_context *context, const struct outage *made)
{
    struct service *service = &context->tunnel->service;

    service->side[0].resumed = service->side[1].resumed = true;
    service->side[0].asked = service->side[1].asked = 0;
    if (extends_known(service, made))
        return;
    if (service->outages >= OUTAGES_AT_MOST) {
        change_add_limit(context->changes, LIMIT_OUTAGES, OUTAGES_AT_MOST);
        return;
    }
    struct outage *outage = wmem_new(context->pool, struct outage);
    *outage = *made;
    outage->id = service->outages++;
    outage->known_frame = context->frame;
    put_in_order(service, outage);
    change_outage(context->changes, outage, context->tunnel);
}

static void
fill_recovery(struct outage *outage, const struct recovery *recovery)
{
    outage->restored_how = (uint8_t)recovery->how;
    outage->restored_by = recovery->peer;
    outage->restored_ike = recovery->ike_sa;
    outage->end = *clock_later(&recovery->time, &outage->begin);
    outage->end_frame = recovery->frame;
    rests_on(outage, recovery->frame);
}

/* The IKE SA that was there at that moment, or NULL. */
static const struct ike_sa *
ike_sa_then(const struct tunnel *tunnel, const nstime_t *then)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older, looked_at++)
        if (ike_sa->established && clock_compare(&ike_sa->first_time, then) <= 0)
            return ike_sa;
    return NULL;
}

static struct outage
begin(const struct tunnel *tunnel, enum outage_how how, const nstime_t *time, uint32_t frame)
{
    struct outage outage = { .how = (uint8_t)how, .ended_by = PEER_NOT_SEEN, .restored_by = PEER_NOT_SEEN, .directions = OUTAGE_BOTH_DIRECTIONS,
            .begin = *time, .begin_frame = frame };

    outage.ended_ike = ike_sa_then(tunnel, time);
    if (outage.ended_ike)
        outage.age = clock_elapsed(&outage.ended_ike->first_time, time);
    rests_on(&outage, frame);
    return outage;
}

static struct outage
begin_by_end(const struct service_end_seen *ended, const struct recovery *recovery)
{
    bool deletes_child = ended->exchange && ended->exchange->deletes_child;
    bool child_only = !ended->proven && (ended->ike_went_on || recovery->how == RESTORED_NEW_CHILD || deletes_child);
    struct outage outage = { .how = child_only ? OUTAGE_CHILD_DELETED : ended->how, .ended_by = ended->peer, .restored_by = PEER_NOT_SEEN, .directions = OUTAGE_BOTH_DIRECTIONS,
            .proven = ended->proven, .begin = ended->time, .begin_frame = ended->frame, .age = child_only ? ended->child_age : ended->age,
            .idle = ended->idle, .ended_ike = ended->ike_sa };

    if (child_only && ended->sa)
        outage.age = clock_elapsed(sa_birth_time(ended->sa), &ended->time);
    rests_on(&outage, ended->last_frame);
    rests_on(&outage, ended->frame);
    rests_on(&outage, ended->more_frame);
    return outage;
}

/* Whether the peer that had been silent answered again, and what there was was deleted then, before it carried anything. */
static bool
was_kept_down(const struct service *service, const struct service_silence *silence)
{
    return silence->answered_frame != 0 && service->ended.is_open && clock_compare(&service->ended.time, &silence->answered) >= 0;
}

/* Whether the peer was heard again on what there was before, and nothing speaks against that. */
static bool
is_answered(const struct service_silence *silence)
{
    return silence->answered_frame != 0 && !silence->was_given_up;
}

static void
note_kept_down(struct outage *outage, const struct service *service, const struct service_silence *silence)
{
    if (!was_kept_down(service, silence))
        return;
    outage->kept_down = true;
    outage->kept_down_by = service->ended.peer;
    rests_on(outage, silence->answered_frame);
    rests_on(outage, service->ended.frame);
}

static struct outage
begin_by_silence(const struct tunnel *tunnel, const struct service_silence *silence)
{
    struct outage outage = begin(tunnel, OUTAGE_UNANSWERED, &silence->begin, silence->frame);

    outage.asked = silence->asked;
    rests_on(&outage, silence->asked_frame);
    return outage;
}

bool
outage_by_silence(struct outage_context *context, unsigned peer, const struct service_silence *silence,
        const struct recovery *recovery)
{
    const struct service_side *side = &context->tunnel->service.side[peer];
    uint64_t span = outage_ns_between(&silence->begin, &recovery->time);
    struct outage outage = begin_by_silence(context->tunnel, silence);

    if (span < context->min_outage || span < UNSEEN_GAPS * side->usual || !service_was_up(context->tunnel))
        return false;
    note_kept_down(&outage, &context->tunnel->service, silence);
    fill_recovery(&outage, recovery);
    keep(context, &outage);
    return true;
}

/* One that was known: it began with the packets that are lost, if these were lost before. */
static void
begin_with_cut(struct outage *outage, const struct outage *cut)
{
    if (clock_compare(&outage->begin, &cut->begin) < 0) {
        outage->directions |= cut->directions;
        return;
    }
    outage->how = OUTAGE_LOST_BETWEEN;
    outage->ike_passed = cut->ike_passed;
    outage->lost += cut->lost;
    outage->ended_by = PEER_NOT_SEEN;
    outage->begin = cut->begin;
    outage->begin_frame = cut->begin_frame;
    outage->ended_ike = cut->ended_ike;
    outage->age = cut->age;
    outage->idle = cut->idle;
    rests_on(outage, cut->begin_frame);
    end_later(outage, cut);
}

static struct outage
begin_by_cut(const struct tunnel *tunnel, const struct outage *cut)
{
    struct outage outage = begin(tunnel, OUTAGE_LOST_BETWEEN, &cut->begin, cut->begin_frame);

    outage.directions = cut->directions;
    outage.ike_passed = cut->ike_passed;
    outage.lost = cut->lost;
    return outage;
}

void
outage_by_cut(struct outage_context *context, const struct outage *cut, const struct recovery *recovery)
{
    struct outage outage = begin_by_cut(context->tunnel, cut);

    fill_recovery(&outage, recovery);
    for (struct outage *known = context->tunnel->service.first; known; known = known->next) {
        if (!overlaps(known, &outage))
            continue;
        begin_with_cut(known, &outage);
        return;
    }
    keep(context, &outage);
}

/* Whether an idle timeout may have ended what was silent for so long: not where it lived through as long a silence before. */
static bool
may_be_idle_timeout(const struct service *service, uint64_t idle)
{
    for (unsigned i = 0; i < 2; i++)
        if (service->side[i].packets > 2 && idle <= service->side[i].longest)
            return false;
    return idle >= (uint64_t)IDLE_TIMEOUT_SECONDS * CLOCK_NSECS;
}

/* Whether the traffic came without a pause for longer than it has been missing, by more than its rhythm explains.
 * @param idle  of the missing time: until service ended, as far as that may have been seen */
static bool
breaks_rhythm(const struct service *service, uint64_t span, uint64_t idle)
{
    if (may_be_idle_timeout(service, idle))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct service_side *side = &service->side[i];
        uint64_t gap = greater(side->usual, side->longest);
        if (side->packets > 2 && span >= UNSEEN_GAPS * gap && outage_ns_between(&side->run_since, &side->last) >= span)
            return true;
    }
    return false;
}

/* A Delete ends service in the midst of traffic if the silence before it was no pause; and the gap counts only if packets were
 * due after the Delete, and half of min_outage lies behind it: else it is a pause that the Delete fell into. */
static bool
is_outage_by_end(const struct service *service, const struct recovery *recovery, uint64_t min_outage)
{
    const struct service_end_seen *ended = &service->ended;
    uint64_t usual = usual_gap(service);
    uint64_t idle = outage_ns_between(&ended->last, &ended->time);
    uint64_t down = outage_ns_between(&ended->time, &recovery->time);

    return ended->last_frame != 0 && idle <= greater(min_outage, PAUSE_GAPS * usual) && down >= usual && 2 * down >= min_outage
            && outage_ns_between(&ended->last, &recovery->time) >= min_outage;
}

/* A Delete by what stands in clear in front of it, which the other peer took for one: it answers only what is authentic. */
static bool
is_answered_delete(const struct exchange *exchange)
{
    return exchange && exchange->is_delete && exchange->response_frame != 0;
}

/* Whether a peer had fallen silent, while the other one went on, before what looked like a Delete. */
static bool
was_silent_before(const struct service *service, uint64_t min_outage)
{
    for (unsigned i = 0; i < 2; i++)
        if (service->side[i].packets > 1 && !outage_in_midst(service, i, &service->ended.time, min_outage)
                && service->side[1 - i].tried >= TRIED_AT_LEAST)
            return true;
    return false;
}

/* What looked like a Delete and was not read: both peers had been heard until then, and either the IKE SA was set up anew, with
 * nothing after it on the old one, or the traffic's rhythm was broken. */
static bool
is_inferred_end(const struct service *service, const struct recovery *recovery, uint64_t min_outage)
{
    const struct service_end_seen *ended = &service->ended;
    const struct exchange *exchange = ended->exchange;

    if (exchange && exchange->ike_sa->version >= 2 && exchange->response_frame == 0 && exchange->retransmissions > 0 && !exchange->is_delete)
        return false;               /* it waits for an answer: liveness, more likely */
    if (was_silent_before(service, min_outage))
        return false;
    return is_answered_delete(exchange) || (recovery->how == RESTORED_NEW_IKE_SA && !ended->ike_went_on)
            || breaks_rhythm(service, outage_ns_between(&ended->last, &recovery->time), outage_ns_between(&ended->last, &ended->time));
}

/* Who ended the SAs that carried traffic until then, and the IKE SA. */
static void
mark_ended(struct tunnel *tunnel, const struct service_end_seen *ended, enum outage_how how)
{
    if (how == OUTAGE_IKE_DELETED) {
        ended->ike_sa->ended_by = (int8_t)(1 + ended->peer);
        ended->ike_sa->ended_in = ended->frame;
    }
    for (unsigned i = 0; i < 2; i++) {
        unsigned looked_at = 0;
        for (struct sa *sa = tunnel->flow[i].current; sa && looked_at < LOOKED_AT_MOST; sa = sa->current_next, looked_at++) {
            if (sa->ended_by != 0 || clock_compare(&sa->first_time, &ended->time) > 0)
                continue;
            sa->ended_by = (int8_t)(1 + ended->peer);
            sa->ended_in = ended->frame;
        }
    }
}

/* Whether a direction is silent, beyond what its rhythm explains, while the other one sends on: then service ended with its last packet. */
static bool
ended_one_way(const struct service *service, unsigned peer, const nstime_t *until, uint64_t min_outage)
{
    const struct service_side *side = &service->side[peer], *other = &service->side[1 - peer];
    uint64_t span = outage_ns_between(&side->last, until);

    return side->packets >= 2 && other->tried >= UNANSWERED_AT_LEAST && span >= min_outage && span >= UNSEEN_GAPS * greater(side->usual, side->longest)
            && ANSWERED_OF * side->packets >= other->packets - other->tried;
}

/* The direction with whose last packet service ended, as it did not only fall silent for want of questions, or NULL; of both, the earlier one. */
static const struct service_side *
first_silent(const struct tunnel *tunnel, const nstime_t *until, uint64_t min_outage)
{
    const struct service *service = &tunnel->service;
    const struct service_side *first = NULL;

    for (unsigned i = 0; i < 2; i++)
        if (ended_one_way(service, i, until, min_outage) && !flow_asks_for_nothing(&tunnel->flow[1 - i])
                && (!first || clock_compare(&service->side[i].last, &first->last) < 0))
            first = &service->side[i];
    return first;
}

static bool
settle_end(struct outage_context *context, const struct recovery *recovery)
{
    struct service *service = &context->tunnel->service;
    struct service_end_seen *ended = &service->ended;

    if (!is_outage_by_end(service, recovery, context->min_outage)
            || (!ended->proven && !is_inferred_end(service, recovery, context->min_outage)))
        return false;
    struct outage outage = begin_by_end(ended, recovery);
    if (!ended->proven)
        mark_ended(context->tunnel, ended, outage.how);
    const struct service_side *silent = first_silent(context->tunnel, &ended->time, context->min_outage);
    if (silent) {
        outage = begin(context->tunnel, OUTAGE_SILENCE, &silent->last, silent->last_frame);
        rests_on(&outage, ended->frame);
    }
    fill_recovery(&outage, recovery);
    keep(context, &outage);
    if (silent)
        service->side[silent - service->side].resumed = false;      /* that may last: it is not back before it speaks */
    return true;
}

uint32_t
outage_asked(const struct service_side *side, const nstime_t *last, uint64_t min_outage)
{
    bool is_under_way = side->asked > 0 && outage_ns_between(&side->asked_last, last) < min_outage;

    return side->asked - (is_under_way ? 1 : 0);
}

/* The silence that began first, of a peer that was asked in vain: one that ended with the new set-up, or one that lasts.
 * @param is_end  the capture ends now */
static const struct service_silence *
first_silence(const struct service *service, struct service_silence *lasting, unsigned *of, const nstime_t *now, bool is_end, uint64_t min_outage)
{
    const struct service_silence *first = NULL;

    for (unsigned i = 0; i < 2; i++) {
        const struct service_silence *silence = &service->silence[i];
        const struct service_side *other = &service->side[1 - i];
        if (!silence->is_open) {
            uint32_t asked = is_end ? outage_asked(other, now, min_outage) : other->asked;
            if (asked < 2 || outage_ns_between(&other->asked_first, now) < min_outage)
                continue;
            lasting[i] = outage_silence_of(service, i, min_outage);
            silence = &lasting[i];
        }
        if (!silence->in_use || silence->frame == 0 || (first && clock_compare(&first->begin, &silence->begin) <= 0))
            continue;
        first = silence;
        *of = i;
    }
    return first;
}

/* Whether the peer was asked in vain before what looked like a Delete. */
static bool
is_before_end(const struct service *service, const struct service_silence *silence, uint64_t min_outage)
{
    return outage_ns_between(&silence->asked_first, &service->ended.time) >= min_outage;
}

/* A new set-up while nothing of the old one's end was seen. Where one direction fell silent before the other, it is over when that one speaks. */
static void
settle_replaced(struct outage_context *context, unsigned peer, const struct recovery *recovery)
{
    const struct service *service = &context->tunnel->service;
    const struct service_side *silent = first_silent(context->tunnel, &recovery->time, context->min_outage);
    nstime_t last;
    uint32_t frame = outage_last_packet(service, &last);
    if (silent && silent != &service->side[peer])
        return;
    if (silent) {
        last = silent->last;
        frame = silent->last_frame;
    }
    uint64_t span = outage_ns_between(&last, &recovery->time);

    if (recovery->how != RESTORED_NEW_IKE_SA || frame == 0 || clock_compare(&recovery->ike_sa->first_time, &last) <= 0)
        return;
    struct outage outage = begin(context->tunnel, OUTAGE_REPLACED, &last, frame);
    if (span < context->min_outage || !breaks_rhythm(service, span, span) || (outage.ended_ike && outage.ended_ike->end == IKE_DELETED))
        return;
    fill_recovery(&outage, recovery);
    keep(context, &outage);
}

/* A sequence that fell back as the silence began explains it: the receiver drops all that is not beyond its window. */
static void
find_fall(const struct service *service, struct outage *outage, uint64_t min_outage)
{
    const struct service_fall *fall = &service->fall;

    if (fall->frame == 0 || clock_compare(&fall->time, &outage->begin) < 0 || clock_compare(&fall->time, &outage->end) > 0
            || outage_ns_between(&outage->begin, &fall->time) > outage_pause(&service->side[fall->peer], min_outage))
        return;
    outage->how = OUTAGE_SEQUENCE_FELL;
    outage->ended_by = (int8_t)fall->peer;
    rests_on(outage, fall->frame);
}

/* One direction was silent while the other went on, and speaks as soon as new SAs are there. */
static bool
settle_direction(struct outage_context *context, unsigned peer, const struct recovery *recovery, const struct ipsec_packet *packet)
{
    const struct service *service = &context->tunnel->service;
    const struct service_side *side = &service->side[peer];

    if (!ended_one_way(service, peer, &recovery->time, context->min_outage) || recovery->frame == packet->frame
            || outage_ns_between(&recovery->time, &packet->time) > outage_pause(side, context->min_outage))
        return false;
    bool anew = recovery->how == RESTORED_NEW_IKE_SA;
    struct outage outage = begin(context->tunnel, anew ? OUTAGE_REPLACED : OUTAGE_SILENCE, &side->last, side->last_frame);
    outage.directions = anew ? OUTAGE_BOTH_DIRECTIONS : (uint8_t)(1U << peer);
    fill_recovery(&outage, recovery);
    find_fall(service, &outage, context->min_outage);
    keep(context, &outage);
    return true;
}

void
outage_settle(struct outage_context *context, unsigned peer, const struct recovery *recovery, const struct ipsec_packet *packet)
{
    struct service *service = &context->tunnel->service;
    struct service_silence lasting[2];
    unsigned of = peer;
    const struct service_silence *silence = first_silence(service, lasting, &of, &packet->time, false, context->min_outage);
    bool by_end = service->ended.is_open && clock_compare(&recovery->time, &service->ended.time) > 0;

    if (!service_was_up(context->tunnel))
        return;
    if (by_end && !(silence && is_before_end(service, silence, context->min_outage)) && settle_end(context, recovery))
        return;
    if (silence && !(by_end && service->ended.proven && !is_before_end(service, silence, context->min_outage))) {
        bool was_over = is_answered(silence) && !was_kept_down(service, silence) && clock_compare(&silence->answered, &recovery->time) < 0;
        struct recovery answered = was_over ? outage_recovery_by_answer(of, silence) : *recovery;
        if (outage_by_silence(context, of, silence, &answered))
            return;
    }
    if (by_end && (service->ended.proven || !was_silent_before(service, context->min_outage)))
        return;                     /* it was deleted in a pause, and set up on demand */
    if (!settle_direction(context, peer, recovery, packet))
        settle_replaced(context, peer, recovery);
}

/* One that begins in the latest one goes on from there; false where nothing is left of it then. */
static bool
goes_beyond(const struct outage *latest, struct outage *outage)
{
    if (!latest || clock_compare(&outage->begin, &latest->end) >= 0)
        return true;
    outage->begin = latest->end;
    outage->begin_frame = latest->end_frame;
    return outage->restored_how == RESTORED_NOT || clock_compare(&outage->end, &outage->begin) > 0;
}

void
outage_open_with_cut(struct service_end *end, const struct outage *cut, const struct tunnel *tunnel)
{
    struct outage outage = begin_by_cut(tunnel, cut);
    bool is_later = end->is_out && clock_compare(&end->outage.begin, &cut->begin) < 0;

    outage.id = tunnel->service.outages;
    if (end->is_out && (is_later || end->outage.restored_how != RESTORED_NOT)) {
        end->outage.directions |= cut->directions;
        return;                     /* SAs are up since, or it began otherwise */
    }
    if (end->is_out)
        outage.directions |= end->outage.directions;
    end->is_out = goes_beyond(tunnel->service.latest, &outage);
    end->outage = outage;
}

/* ---- at the end of the capture */

/* Whether it was tried in vain to set up the tunnel, or to reach the peer, since that moment. */
static bool
was_tried(const struct service *service, const nstime_t *since, const nstime_t *last, uint64_t min_outage)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct service_side *side = &service->side[i];
        if (outage_asked(side, last, min_outage) >= 2 && clock_compare(&side->asked_last, since) > 0 && outage_ns_between(&side->asked_first, last) >= min_outage)
            return true;
    }
    return false;
}

/* IKEv1: whether long and steady traffic ended with the last messages of an IKE SA, which were not read: several of one peer at once, which asks
 * for life in one, or while another IKE SA of the tunnel lives on. They were its Deletes, and nothing carries the traffic since. */
static bool
stops_dead(const struct tunnel *tunnel, const struct service_end_seen *ended, const nstime_t *last)
{
    const struct ike_sa *latest = tunnel->ike_sas;

    if (ended->ike_sa->version >= 2)
        return false;
    bool lives_on = latest != ended->ike_sa && latest->end == IKE_ALIVE && clock_compare(&latest->last_time, &ended->time) > 0;

    return (lives_on || ended->more_frame != 0) && !clock_passed_ms(&ended->time, &ended->ike_sa->last_time, DELETED_TOGETHER_MS)
            && breaks_rhythm(&tunnel->service, outage_ns_between(&ended->last, last), outage_ns_between(&ended->last, &ended->time));
}

static bool
end_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage)
{
    const struct service *service = &tunnel->service;
    const struct service_end_seen *ended = &service->ended;
    struct recovery recovery = outage_recovery(tunnel, NULL, &ended->time, NULL);
    bool is_over = recovery.how != RESTORED_SAME_SA;

    if (!is_over)
        recovery.time = *last;
    if (!is_outage_by_end(service, &recovery, min_outage))
        return false;
    if (!ended->proven && (is_over ? !is_inferred_end(service, &recovery, min_outage) : !was_tried(service, &ended->time, last, min_outage)
            && !outage_was_refused(tunnel, &ended->time) && !stops_dead(tunnel, ended, last) && !is_answered_delete(ended->exchange)))
        return false;
    if (!is_over && outage_ns_between(&ended->time, last) < greater(min_outage, PAUSE_GAPS * usual_gap(service)))
        return false;
    *outage = begin_by_end(ended, &recovery);
    if (is_over)
        fill_recovery(outage, &recovery);
    return true;
}

static bool
silence_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage)
{
    struct service_silence lasting[2];
    unsigned of = 0;
    const struct service_silence *silence = first_silence(&tunnel->service, lasting, &of, last, true, min_outage);

    if (!silence)
        return false;
    const struct service_side *side = &tunnel->service.side[of];
    struct recovery recovery = outage_recovery(tunnel, NULL, &silence->begin, NULL);
    bool is_kept_down = was_kept_down(&tunnel->service, silence), is_over = recovery.how != RESTORED_SAME_SA;
    if (is_answered(silence) && !is_kept_down && (!is_over || clock_compare(&silence->answered, &recovery.time) < 0)) {
        recovery = outage_recovery_by_answer(of, silence);
        is_over = true;
    }
    uint64_t span = outage_ns_between(&silence->begin, is_over ? &recovery.time : last);
    if (span < min_outage || span < UNSEEN_GAPS * side->usual)
        return false;
    *outage = begin_by_silence(tunnel, silence);
    note_kept_down(outage, &tunnel->service, silence);
    if (is_over)
        fill_recovery(outage, &recovery);
    return true;
}

/* The IKE SA on which a peer asked in vain, again and again, before it began the set-up that the tunnel ends with, in vain too; or NULL. */
static const struct ike_sa *
given_up_for(const struct tunnel *tunnel, const struct ike_sa *attempt)
{
    const struct ike_sa *old = attempt ? attempt->tunnel_older : NULL;
    const struct exchange *asked;

    if (!attempt || attempt->established || !attempt->set_up || !attempt->latest || attempt->latest->response_frame != 0)
        return NULL;
    for (unsigned looked_at = 0; old && !old->established && looked_at < LOOKED_AT_MOST; looked_at++)
        old = old->tunnel_older;
    asked = old && old->established ? old->latest : NULL;
    bool is_vain = asked && old->version >= 2 && old->end != IKE_DELETED && asked->response_frame == 0 && asked->asked_again >= ASKED_AGAIN_AT_LEAST;
    return is_vain && flow_peer(asked->flow) == flow_peer(attempt->flow) && asked->flow->tunnel == tunnel ? old : NULL;
}

/* Whether the peer has sent nothing for longer than its rhythm explains. */
static bool
has_stopped(const struct service_side *side, uint64_t min_outage, const nstime_t *last)
{
    uint64_t span = outage_ns_between(&side->last, last);

    return side->packets >= 2 && span >= outage_pause(side, min_outage) && span >= UNSEEN_GAPS * side->longest;
}

/* Who gave up its peer and begins anew in vain has no SAs any more, and sends nothing; the other one, whose ESP still comes, may not know. */
static bool
gave_up_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage)
{
    const struct ike_sa *attempt = tunnel->ike_sas, *old = given_up_for(tunnel, attempt);

    if (!old)
        return false;
    unsigned peer = flow_peer(attempt->flow);
    const struct service_side *side = &tunnel->service.side[peer], *other = &tunnel->service.side[1 - peer];
    if (other->tried < UNANSWERED_AT_LEAST || clock_compare(&attempt->first_time, &side->last) < 0 || !has_stopped(side, min_outage, last))
        return false;
    *outage = begin(tunnel, OUTAGE_UNANSWERED, &side->last, side->last_frame);
    outage->asked = old->latest->asked_again + 1;
    rests_on(outage, old->latest->request_frame);
    rests_on(outage, old->latest->last_frame);
    rests_on(outage, attempt->first_frame);
    return true;
}

/* How many set-ups were begun since that moment and refused, or came to no child; 0 if one came up, or nothing of it was refused. Gives the latest frame. */
static unsigned
refused_set_ups(const struct tunnel *tunnel, const nstime_t *since, uint32_t *frame)
{
    const struct ike_sa *ike_sa;
    unsigned refused = 0;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, LOOKED_AT_MOST) {
        const struct exchange *latest = ike_sa->latest;
        if (!ike_sa->set_up || clock_compare(&ike_sa->first_time, since) <= 0)
            break;
        bool is_without_child = came_to_no_child(ike_sa);
        if (ike_sa->established && !is_without_child && !was_refused_children(ike_sa))
            return 0;
        bool is_hearsay = latest && latest->refused_in_clear && latest->type != IKE2_IKE_AUTH;      /* the first that is protected */
        if (latest && (is_without_child || latest->outcome == EXCHANGE_REFUSED) && !is_hearsay && refused++ == 0)
            *frame = latest->response_frame;
    }
    return refused;
}

/* Traffic ended, in both directions and in their midst, and each set-up since was refused, by what has to be protected: who sets up again and again has no SAs
 * any more. The Delete is not in the capture. */
static bool
refused_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage)
{
    const struct service_side *side = tunnel->service.side;
    const struct service_side *latest = clock_compare(&side[0].last, &side[1].last) > 0 ? &side[0] : &side[1];
    uint32_t frame = 0;

    if (!has_stopped(&side[0], min_outage, last) || !has_stopped(&side[1], min_outage, last)
            || refused_set_ups(tunnel, &latest->last, &frame) < REFUSED_AT_LEAST)
        return false;
    *outage = begin(tunnel, OUTAGE_SILENCE, &latest->last, latest->last_frame);
    rests_on(outage, frame);
    return true;
}

bool
outage_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last, struct outage *outage)
{
    const struct service *service = &tunnel->service;
    struct outage by_end;

    if (!service_was_up(tunnel))
        return false;
    bool ended = service->ended.is_open && end_at_end(tunnel, min_outage, last, &by_end);
    bool silent = silence_at_end(tunnel, min_outage, last, outage);
    if (ended && (!silent || clock_compare(&by_end.begin, &outage->begin) < 0))
        *outage = by_end;
    bool is_out = ended || silent || gave_up_at_end(tunnel, min_outage, last, outage) || refused_at_end(tunnel, min_outage, last, outage);
    outage->id = service->outages;
    return is_out && goes_beyond(service->latest, outage);
}

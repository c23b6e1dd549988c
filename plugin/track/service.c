/* service.c
 * What a packet or a message shows of the tunnel's service. An end is first only suspected: a Delete, a message that may have
 * been one, a peer that answers no more. The next packet that gets through tells: on an SA that was there before, service never
 * ended; on one that was negotiated since, it did, until that negotiation's end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "service.h"

#include "../clock.h"
#include "child.h"
#include "exchange.h"
#include "ike_sa.h"
#include "outage.h"
#include "unseen.h"
#include "walk.h"

/* The running mean takes in an eighth of each new gap, as RFC 6298 section 2 does with round-trip times; one gap
 * counts at most as eight usual ones, so that a pause does not become the rule at once. */
#define GAP_SHIFT 3
#define GAP_AT_MOST 8

/* A gap that is reckoned with at no cost: its nanoseconds fit in 63 bits. */
#define SECONDS_AT_HAND UINT32_MAX

/* The longest gap is halved about every 700 packets. */
#define LONGEST_SHIFT 10

/* Packets on their way when a peer deletes its SAs: no longer than a slow round trip. */
#define UNDER_WAY_MS 1000

/* Informationals of IKEv1, of which some want no answer, belong to no one series if they are further apart: strongSwan's last retransmission waits 76 s, liveness
 * checks are repeated every 30 s and faster. */
#define SERIES_WITHIN_SECONDS 120

/* Messages of one request that the peer must have left unanswered: a second one may be lost as the first was. */
#define ASKED_AT_LEAST 2
#define ASKED_ON_SAME_SA_AT_LEAST 3

/* No vendor's idle timeout is shorter by default (Azure and Windows: 300 s): a Delete that comes later is another end. */
#define IDLE_TIMEOUT_SECONDS 300

/* SAs of a direction that are looked at for a living one: beyond that it is a flood. */
#define HEADS_AT_MOST 16

static bool
may_be_out(const struct service *service)
{
    return service->ended.is_open || service->silence[0].is_open || service->silence[1].is_open;
}

static void
note_doubt(struct service *service)
{
    service->in_doubt = may_be_out(service) || (service->pairs && service->pairs->count > 0);
}

/* ---- the rhythm of the traffic */

static void
count_gap(struct service_side *side, uint64_t gap, const nstime_t *now, uint64_t min_outage)
{
    if (side->packets == 1 || side->usual == 0) {
        side->usual = gap;
        side->longest = gap;
        return;
    }
    if (gap > GAP_AT_MOST * side->usual) {
        if (gap > min_outage)
            side->run_since = *now;
        side->usual += (GAP_AT_MOST * side->usual - side->usual) >> GAP_SHIFT;
    } else {
        side->usual = side->usual - (side->usual >> GAP_SHIFT) + (gap >> GAP_SHIFT);
    }
    side->longest = gap > side->longest ? gap : side->longest - (side->longest >> LONGEST_SHIFT);
}

/* Nanoseconds since the direction's last packet; 0 where the clock stands or runs backwards. As outage_ns_between, but cheap, as
 * nearly always no more than years lie between the two. */
static inline uint64_t
gap_before(const struct service_side *side, const struct ipsec_packet *packet)
{
    uint64_t secs = (uint64_t)packet->time.secs - (uint64_t)side->last.secs;

    if (secs > SECONDS_AT_HAND)
        return outage_ns_between(&side->last, &packet->time);
    int64_t gap = ((int64_t)secs * CLOCK_NSECS) + packet->time.nsecs - side->last.nsecs;
    return gap > 0 ? (uint64_t)gap : 0;
}

static inline void
count_packet(struct service *service, unsigned peer, const struct ipsec_packet *packet, uint64_t gap, uint64_t min_outage)
{
    struct service_side *side = &service->side[peer], *other = &service->side[1 - peer];

    if (side->packets++ == 0) {
        side->run_since = side->last = packet->time;
    } else {
        if (!side->resumed)
            count_gap(side, gap, &packet->time, min_outage);
        if (gap > 0)
            side->last = packet->time;
    }
    side->resumed = false;
    side->last_frame = packet->frame;
    side->tried++;
    other->tried = 0;
    other->asked = 0;
}

/* ---- a silence that ends */

/* Requests of the other peer to this one that went unanswered for long enough. */
static bool
was_asked_in_vain(const struct service *service, unsigned peer, const nstime_t *now, uint64_t min_outage)
{
    const struct service_side *other = &service->side[1 - peer];

    return other->asked >= ASKED_AT_LEAST && outage_ns_between(&other->asked_first, now) >= min_outage;
}

/* Whether requests went before the one that is answered now. In IKEv1, what was not read and wants no answer, as the Deletes in front of a new
 * set-up, counts as one of them. */
static bool
was_asked_before(const struct service *service, unsigned peer, const struct exchange *answered)
{
    return answered->ike_sa->version >= 2 || service->side[1 - peer].asked > ASKED_AT_LEAST + answered->asked_again;
}

/* The peer is heard again, by a new set-up. */
static void
end_silence(struct service *service, unsigned peer, const struct exchange *answered, const nstime_t *now, uint64_t min_outage)
{
    struct service_silence *silence = &service->silence[peer];

    if (!silence->is_open && was_asked_before(service, peer, answered) && was_asked_in_vain(service, peer, now, min_outage)) {
        *silence = outage_silence_of(service, peer, min_outage);
        service->in_doubt = true;
    }
}

/* Whether the peer that asked in vain has sent nothing either, for longer than its rhythm explains. */
static bool
has_given_up(const struct service_side *asking, const nstime_t *now, uint64_t min_outage)
{
    uint64_t span = outage_ns_between(&asking->last, now);

    return asking->packets > 2 && span > outage_pause(asking, min_outage) && span > UNSEEN_GAPS * asking->longest;
}

/* The peer is heard again on what there was before: an outage only if requests were repeated in vain, in the midst of its
 * traffic.
 * @param by_answer  of IKE: its packets have to show yet that its SAs carry them */
static void
end_silence_on_same_sa(struct outage_context *context, unsigned peer, const nstime_t *now, uint32_t frame, bool by_answer)
{
    const struct service *service = &context->tunnel->service;
    struct service_silence silence = outage_silence_of(service, peer, context->min_outage);

    if (silence.asked < ASKED_ON_SAME_SA_AT_LEAST || !was_asked_in_vain(service, peer, now, context->min_outage)
            || !outage_in_midst(service, peer, &silence.begin, context->min_outage))
        return;
    struct recovery recovery = { .how = RESTORED_SAME_SA, .peer = (int8_t)peer, .time = *now, .frame = frame };
    silence.was_given_up = !by_answer && has_given_up(&service->side[1 - peer], now, context->min_outage);
    if (!by_answer && !silence.was_given_up) {
        outage_by_silence(context, peer, &silence, &recovery);
        return;
    }
    silence.answered_frame = frame;
    silence.answered = *now;
    context->tunnel->service.silence[peer] = silence;
    context->tunnel->service.in_doubt = true;
}

/* ---- packets */

/* Whether either peer's packets go on at that moment. */
static bool
is_in_midst(const struct outage_context *context, const nstime_t *at)
{
    const struct service *service = &context->tunnel->service;

    return outage_in_midst(service, 0, at, context->min_outage) || outage_in_midst(service, 1, at, context->min_outage);
}

/* A packet on an SA that was there before what looked like a Delete. Its sender had not deleted it; the other peer's packets may
 * have been on their way. After a pause it has to be followed by another one: a single packet may be anybody's. */
static void
disprove_end(struct outage_context *context, const struct sa *sa, const nstime_t *now)
{
    struct service_end_seen *ended = &context->tunnel->service.ended;
    unsigned peer = flow_peer(sa->flow);

    if (!ended->is_open || !is_in_midst(context, now))
        return;
    if (!ended->proven && ended->peer != (int8_t)peer && !clock_passed_ms(&ended->time, now, UNDER_WAY_MS))
        return;
    ended->is_open = false;
    if (!ended->proven)
        pair_suspect(context, ended, sa);
}

/* Whether it is the only packet of an SPI that nothing negotiated, where negotiations are seen: anybody may have sent it. */
static bool
may_be_made_up(const struct sa *sa, const struct recovery *recovery, const nstime_t *since)
{
    const struct tunnel *tunnel = sa->flow->tunnel;

    return recovery->how == RESTORED_SAME_SA && !sa->origin && sa->sequence.packets <= 1 && tunnel->ike_sas && !tunnel->is_incomplete
            && clock_compare(&sa->first_time, since) > 0;
}

/* The silence of a peer is over, by an answer that these SAs' packets bear out. */
static void
settle_answered(struct outage_context *context, unsigned peer)
{
    struct service_silence *silence = &context->tunnel->service.silence[peer];
    struct recovery answered = outage_recovery_by_answer(peer, silence);

    outage_by_silence(context, peer, silence, &answered);
    silence->is_open = false;
}

/* A packet of the peer on what there was before. */
static void
settle_same_sa(struct outage_context *context, unsigned peer, const struct ipsec_packet *packet)
{
    struct service *service = &context->tunnel->service;
    struct service_silence *silence = &service->silence[peer], *other = &service->silence[1 - peer];

    if (other->is_open && other->was_given_up)
        settle_answered(context, 1 - peer);     /* it had not given up */
    if (silence->is_open && silence->was_given_up)
        return;
    if (silence->is_open && silence->answered_frame != 0) {
        settle_answered(context, peer);
        return;
    }
    silence->is_open = false;
    end_silence_on_same_sa(context, peer, &packet->time, packet->frame, false);
}

/* The first packet after a pause, or while an end is suspected.
 * @return whether it shows anything of the tunnel */
static bool
settle(struct outage_context *context, const struct sa *sa, const struct ipsec_packet *packet)
{
    struct service *service = &context->tunnel->service;
    unsigned peer = flow_peer(sa->flow);
    nstime_t since;

    outage_doubt_since(service, peer, &since);
    struct recovery recovery = outage_recovery(context->tunnel, sa, &since, packet);
    if (may_be_made_up(sa, &recovery, &since))
        return false;
    if (recovery.how == RESTORED_SAME_SA) {
        settle_same_sa(context, peer, packet);
        disprove_end(context, sa, &packet->time);
    } else {
        outage_settle(context, peer, &recovery, packet);
        service->ended.is_open = service->silence[0].is_open = service->silence[1].is_open = false;
    }
    return true;
}

/* Whether a pause before this packet can have been an end: not where its SA carried the packets before the pause, and nothing was
 * asked in vain. */
static inline bool
may_have_ended(const struct service *service, unsigned peer, const struct sa *sa)
{
    return service->side[1 - peer].asked > 0 || sa->sequence.packets <= 1 || sa->first_frame > service->side[peer].last_frame;
}

void
service_take_packet(wmem_allocator_t *pool, struct sa *sa, const struct ipsec_packet *packet, uint64_t min_outage,
        struct changes *changes)
{
    struct tunnel *tunnel = sa->flow->tunnel;
    struct service *service = &tunnel->service;
    unsigned peer = flow_peer(sa->flow);
    struct service_side *side = &service->side[peer];

    if (sa->deleted_frame != 0 || sa->many_senders)
        return;
    uint64_t gap = side->packets > 0 ? gap_before(side, packet) : 0;
    bool paused = gap >= min_outage && gap > 0 && !side->resumed && may_have_ended(service, peer, sa);
    if (service->in_doubt || paused) {
        struct outage_context context = { pool, tunnel, min_outage, packet->frame, changes };
        pair_settle(&context, &packet->time);
        bool shows = !(paused || may_be_out(service)) || settle(&context, sa, packet);
        note_doubt(service);
        if (!shows)
            return;
    }
    count_packet(service, peer, packet, gap, min_outage);
}

void
service_sequence_fell(const struct sa *sa, const struct ipsec_packet *packet)
{
    sa->flow->tunnel->service.fall = (struct service_fall){ (uint8_t)flow_peer(sa->flow), packet->frame, packet->time };
}

/* ---- messages */

static uint64_t
min_outage_of(const struct ike_context *context)
{
    return context->min_outage;
}

/* In IKEv1 an Informational answers one of the other peer, if anything does. */
static bool
answers_informational(const struct service *service, const struct ike_message *message, unsigned peer)
{
    const struct service_side *other = &service->side[1 - peer];

    return message->version < 2 && message->exchange_type == IKE1_INFORMATIONAL && other->asked > 0
            && !clock_passed_ms(&other->asked_last, &message->time, ANSWER_WITHIN_MS);
}

static void
take_answer(struct ike_context *context, unsigned peer, const struct exchange *exchange)
{
    struct tunnel *tunnel = context->flow->tunnel;
    struct service *service = &tunnel->service;
    const struct ike_message *message = context->message;
    nstime_t heard = outage_last_heard(service, peer);

    for (unsigned i = 0; i < 2; i++)
        if (clock_compare(&exchange->ike_sa->first_time, &service->silence[i].begin) <= 0)
            service->silence[i].was_given_up = false;   /* the IKE SA of before it goes on */
    if (clock_compare(&exchange->ike_sa->first_time, &heard) > 0) {
        end_silence(service, peer, exchange, &message->time, min_outage_of(context));
    } else {
        struct outage_context outage = { context->pool, tunnel, min_outage_of(context), message->frame, context->changes };
        end_silence_on_same_sa(&outage, peer, &message->time, message->frame, true);
    }
    service->side[peer].answered = message->time;
    service->side[peer].answered_frame = message->frame;
    service->side[1 - peer].asked = 0;
}

/* Whether what was asked is too long ago to be of one series with what is asked now: of IKEv1, where an Informational may want no answer, and what
 * wants one is repeated. */
static bool
is_stale(const struct service_side *side, const struct ike_message *message, bool may_want_none, bool news)
{
    bool was_alone = news && side->asked == 1 && side->asked_on && side->asked_on->version < 2;

    return (may_want_none || was_alone) && clock_passed(&side->asked_last, &message->time, SERIES_WITHIN_SECONDS);
}

/* IKEv1: whether the requester says the next thing in a mode where no answer was seen, as only an answer lets it (RFC 2409 section 5). What comes in
 * fragments is said as the last of them comes. */
static bool
goes_on_unseen(struct exchange *exchange, const struct ike_message *message)
{
    if (message->version >= 2 || exchange->type == IKE1_INFORMATIONAL || message->fragments > 1 || exchange->messages < 2
            || exchange->steps < exchange->messages)
        return false;
    const struct exchange_message *last = exchange_message_at(exchange, exchange->messages - 1U);
    return last->frame == message->frame && last->from_requester && exchange_message_at(exchange, exchange->messages - 2U)->from_requester;
}

/* Whether what was asked once before was answered, unseen, as its sender asks the next thing on that IKE SA: in IKEv2 it has a window of one (RFC 7296
 * section 2.3), and in IKEv1 nothing is asked before phase 1 has come to its end (RFC 2409 section 5). */
static bool
was_answered_unseen(const struct service_side *side, const struct exchange *exchange, bool news)
{
    if (!news || side->asked != 1 || side->asked_on != exchange->ike_sa)
        return false;
    return exchange->ike_sa->version >= 2 || (exchange->older && exchange_is_phase1(exchange->older) && !exchange_is_phase1(exchange));
}

static void
take_request(struct service *service, unsigned peer, const struct ike_message *message, const struct exchange *exchange, bool news)
{
    struct service_side *side = &service->side[peer];
    bool may_want_none = message->version < 2 && message->exchange_type == IKE1_INFORMATIONAL;
    bool together = may_want_none && !clock_passed_ms(&side->asked_last, &message->time, ANSWER_WITHIN_MS);

    if (side->asked > 0 && is_stale(side, message, may_want_none, news))
        side->asked = 0;
    if (was_answered_unseen(side, exchange, news))
        side->asked = 0;
    if (side->asked > 0 && together)
        return;                     /* the Deletes of an SA and of its IKE SA, say */
    if (side->asked > 0 && !clock_passed_ms(&side->asked_last, &message->time, ASKS_AGAIN_AFTER_MS)) {
        side->asked_last = message->time;
        return;                     /* nobody waited for an answer to the one before */
    }
    if (side->asked++ == 0) {
        side->asked_first = message->time;
        side->asked_frame = message->frame;
    }
    side->asked_last = message->time;
    side->asked_on = exchange->ike_sa;
}

/* Whether a new request shows that its sender got an answer that the other one gave on the same IKE SA after it had begun to ask in vain: it
 * has a window of one. Then the sender is there, and the path carries both ways: what it does not answer it does not take for the other's. */
static bool
got_answer(const struct exchange *exchange, const struct service_side *other)
{
    const struct exchange *before;

    if (other->asked == 0 || other->asked_on != exchange->ike_sa || exchange->ike_sa->version < 2)
        return false;
    WALK(before, exchange->older, older, EXCHANGES_OPEN)
        if (before->flow == exchange->flow)
            return before->response_frame > other->asked_frame;
    return false;
}

static bool
asks_for_life(const struct ike_contents *contents)
{
    for (unsigned i = 0; i < contents->notifies; i++)
        if (contents->notify[i].type == IKE1_NOTIFY_R_U_THERE)
            return true;
    return false;
}

/* Whether the message wants an answer, as far as can be seen. */
static bool
wants_answer(const struct ike_message *message, const struct ike_frame *frame)
{
    if (message->version < 2 && message->exchange_type == IKE1_INFORMATIONAL)
        return !message->readable || asks_for_life(&message->contents);
    return !frame->is_response && frame->exchange->awaiting;
}

/* How old the tunnel's youngest SA is; zero where it has none. */
static nstime_t
youngest_age(const struct tunnel *tunnel, const nstime_t *now)
{
    const nstime_t *birth = NULL;

    for (unsigned peer = 0; peer < 2; peer++) {
        const struct flow *flow = &tunnel->flow[peer];
        const struct sa *sa = flow->pending_last ? flow->pending_last : flow->current;
        if (sa)
            birth = birth ? clock_later(birth, sa_birth_time(sa)) : sa_birth_time(sa);
    }
    return birth ? clock_elapsed(birth, now) : (nstime_t)NSTIME_INIT_ZERO;
}

/* Whether an end is open that was the last message of another IKE SA: what is not read on the one that lives ended nothing. */
static bool
ended_with_another(const struct service_end_seen *ended, const struct ike_sa *ike_sa)
{
    return ended->is_open && ended->ike_sa != ike_sa && !clock_passed_ms(&ended->time, &ended->ike_sa->last_time, UNDER_WAY_MS);
}

/* An end of service, unless one is open already: then the first one counts, if this one follows it at once. */
static struct service_end_seen *
open_end(struct ike_context *context, bool proven, enum outage_how how, struct ike_sa *ike_sa)
{
    struct service *service = &context->flow->tunnel->service;
    const struct ike_message *message = context->message;
    struct service_end_seen *ended = &service->ended;
    bool follows = ended->is_open && (ended->proven || !clock_passed(&ended->time, &message->time, IDLE_TIMEOUT_SECONDS)
            || outage_was_refused(context->flow->tunnel, &ended->time));

    if (follows && ended->peer == (int8_t)flow_peer(context->flow)) {
        if (ended->frame != message->frame && ended->more_frame == 0)
            ended->more_frame = message->frame;
        if (how == OUTAGE_IKE_DELETED && !clock_passed_ms(&ended->time, &message->time, UNDER_WAY_MS))
            ended->how = OUTAGE_IKE_DELETED;
        ended->proven |= proven;
        return NULL;
    }
    if (follows)
        return NULL;                /* the other peer's part of it */
    memset(ended, 0, sizeof *ended);
    ended->is_open = service->in_doubt = true;
    ended->proven = proven;
    ended->how = (uint8_t)how;
    ended->peer = (int8_t)flow_peer(context->flow);
    ended->frame = message->frame;
    ended->time = message->time;
    ended->ike_sa = ike_sa;
    ended->last_frame = outage_last_packet(service, &ended->last);
    ended->idle = ended->last_frame != 0 ? clock_elapsed(&ended->last, &ended->time) : ended->idle;
    ended->age = clock_elapsed(&ike_sa->first_time, &message->time);
    ended->child_age = youngest_age(context->flow->tunnel, &message->time);
    return ended;
}

/* Whether more Deletes were sent on the IKE SA than children were negotiated in it within the grace: those of the old child and of all new ones, as
 * when both rekeyed at once and each deletes what it asked for. */
static bool
are_all_deleted(const struct ike_context *context, const struct exchange *latest)
{
    const struct exchange *exchange;
    unsigned made = 0, deletes = 0;

    WALK(exchange, latest->ike_sa->latest, older, HEADS_AT_MOST) {
        if (clock_passed(&exchange->request_time, &context->message->time, context->grace))
            break;
        made += exchange->type == IKE2_CREATE_CHILD_SA && exchange->outcome != EXCHANGE_REFUSED;
        deletes += exchange->is_delete;
    }
    return deletes > made;
}

/* Whether a child SA was just negotiated within an IKE SA and has carried nothing yet: what follows is the old one's Delete. */
static bool
has_successor(const struct ike_context *context)
{
    const struct tunnel *tunnel = context->flow->tunnel;
    unsigned looked_at = 0;

    if (tunnel->origins == 0)
        return false;
    const struct exchange *made = tunnel->origin[(tunnel->origins - 1) % RECENT_ORIGINS].exchange;
    if (made->type == IKE2_IKE_AUTH || made->outcome == EXCHANGE_REFUSED
            || clock_passed(&made->response_time, &context->message->time, context->grace) || are_all_deleted(context, made))
        return false;
    for (unsigned i = 0; i < 2; i++)
        for (const struct sa *sa = tunnel->flow[i].current; sa && looked_at < HEADS_AT_MOST; sa = sa->current_next, looked_at++)
            if (sa->origin == made)
                return false;
    return true;
}

/* The SA that carried the tunnel's last packet, or NULL where it is not among the latest. */
static const struct sa *
last_to_speak(const struct tunnel *tunnel, uint32_t frame)
{
    unsigned looked_at = 0;

    for (unsigned i = 0; i < 2; i++)
        for (struct sa *sa = tunnel->flow[i].current; sa && looked_at < HEADS_AT_MOST; sa = sa->current_next, looked_at++) {
            if (sa->last_frame != frame)
                continue;
            sa->is_kept = true;
            return sa;
        }
    return NULL;
}

/* Whether the first that is said on an IKE SA that a rekey made is a Delete: what that rekey was for is gone again. */
static bool
is_first_word(const struct exchange *exchange)
{
    const struct ike_sa *ike_sa = exchange->ike_sa;

    return exchange->is_delete && exchange->message_id == 0 && ike_sa->predecessor && !ike_sa->set_up;
}

/* Whether who is said to have ended the service says something else with that message's ID, on the same IKE SA: one of the two is not its own, and
 * it is the one that is not answered (RFC 7296 section 2.2). */
static bool
has_its_id(const struct service_end_seen *ended, const struct exchange *answered)
{
    const struct exchange *end = ended->exchange;

    return ended->is_open && !ended->proven && end && end != answered && end->ike_sa == answered->ike_sa && end->ike_sa->version >= 2
            && end->flow == answered->flow && end->message_id == answered->message_id && end->response_frame == 0;
}

/* Nobody ended the service, after all; the doubt is to be noted anew. */
static void
forget_end(struct service *service)
{
    service->ended.is_open = false;
    pair_forget(service, service->ended.frame);
}

/* An Informational that was not read: it may be a Delete. */
static void
suspect_delete(struct ike_context *context, const struct exchange *exchange)
{
    struct service *service = &context->flow->tunnel->service;

    if (answers_informational(service, context->message, flow_peer(context->flow))) {
        if (!service->ended.proven && service->ended.ike_sa == exchange->ike_sa)
            forget_end(service);    /* a liveness check */
        note_doubt(service);
        return;
    }
    bool is_replaced = exchange->ike_sa->version >= 2 && outage_has_successor(exchange->ike_sa);    /* in IKEv1, SAs have no part in that */
    bool is_unseen = unseen_successor(exchange, true) || unseen_successor(exchange, false);
    if (exchange->liveness || exchange->is_no_delete || ike_message_is_fragment(context->message) || is_replaced || is_unseen
            || (has_successor(context) && !is_first_word(exchange)) || service->side[0].packets + service->side[1].packets == 0)
        return;
    struct service_end_seen *ended = ended_with_another(&service->ended, exchange->ike_sa) ? NULL
        : open_end(context, false, OUTAGE_IKE_DELETED, exchange->ike_sa);
    if (!ended)
        return;
    ended->exchange = exchange;
    ended->sa = last_to_speak(context->flow->tunnel, ended->last_frame);
}

void
service_take_message(struct ike_context *context, const struct ike_frame *frame, bool news)
{
    struct service *service = &context->flow->tunnel->service;
    const struct ike_message *message = context->message;
    const struct exchange *exchange = frame->exchange;
    unsigned peer = flow_peer(context->flow);
    bool informational = exchange->type == IKE1_INFORMATIONAL || exchange->type == IKE2_INFORMATIONAL;
    bool answers = frame->is_response || answers_informational(service, message, peer);

    if (!news && frame->retransmission_of == 0)
        return;                     /* a copy */
    if (news && !message->readable && informational && !frame->is_response)
        suspect_delete(context, exchange);
    if (frame->is_response && news && has_its_id(&service->ended, exchange)) {
        forget_end(service);
        note_doubt(service);
    }
    if (service->ended.is_open && !service->ended.proven && !informational && exchange->ike_sa == service->ended.ike_sa)
        service->ended.ike_went_on = true;
    if (answers && news)
        take_answer(context, peer, exchange);
    else if (!answers && news && got_answer(exchange, &service->side[1 - peer]))
        service->side[1 - peer].asked = 0;
    if (!answers && news && goes_on_unseen(frame->exchange, message))
        service->side[peer].asked = 0;
    if (!answers && wants_answer(message, frame))
        take_request(service, peer, message, exchange, news);
}

/* The SA, or the one before it where what took its place was deleted; or NULL. */
static const struct sa *
latest_living(const struct sa *sa)
{
    for (unsigned looked_at = 0; sa && sa->deleted_frame != 0 && looked_at < HEADS_AT_MOST; looked_at++)
        sa = sa->predecessor;
    return sa && sa->deleted_frame == 0 ? sa : NULL;
}

/* Whether another SA of the direction lives: one in use, or one that was just negotiated. */
static bool
has_living(const struct sa *gone, const struct ike_context *context)
{
    const nstime_t *now = &context->message->time;
    const struct service_side *side = &gone->flow->tunnel->service.side[flow_peer(gone->flow)];
    uint64_t pause = outage_pause(side, min_outage_of(context));
    unsigned looked_at = 0;

    for (const struct sa *head = gone->flow->current; head && looked_at < HEADS_AT_MOST; head = head->current_next, looked_at++) {
        const struct sa *sa = latest_living(head);
        if (!sa || sa == gone)
            continue;
        if (sa->sequence.packets == 0 ? !clock_passed(&sa->first_time, now, context->grace)
                                      : outage_ns_between(&sa->last_time, now) <= pause)
            return true;
    }
    return false;
}

/* Whether another SA has its place: one that was deleted itself, as by a gateway that can't use what it asked for, has not. */
static bool
is_succeeded(const struct sa *sa)
{
    const struct sa *next = sa->successor;

    for (unsigned looked_at = 0; next && next->deleted_frame != 0 && looked_at < HEADS_AT_MOST; looked_at++)
        next = next->successor;
    return next != NULL;
}

void
service_sa_deleted(struct ike_context *context, struct sa *sa)
{
    struct service *service = &sa->flow->tunnel->service;

    if (!context->message || sa->flow->tunnel != context->flow->tunnel)
        return;
    sa->ended_by = (int8_t)(1 + flow_peer(context->flow));
    sa->ended_in = context->message->frame;
    if (service->ended.is_open && service->ended.frame == context->message->frame) {
        if (!service->ended.sa)
            service->ended.sa = sa;
        return;
    }
    if (is_succeeded(sa) || !sa->child)
        return;
    bool proven = !unseen_successor(context->exchange, false);
    if (has_living(sa, context)) {
        if (proven)
            pair_deleted(context, sa->child);
        note_doubt(service);
        return;
    }
    struct service_end_seen *ended = open_end(context, proven, OUTAGE_CHILD_DELETED, sa->child->list->ike_sa);
    if (!ended)
        return;
    ended->sa = sa;
    ended->age = clock_elapsed(sa_birth_time(sa), &context->message->time);
    sa->is_kept = true;
    if (proven)
        change_service_ended(context->changes, ended);
}

void
service_ike_deleted(struct ike_context *context, struct ike_sa *ike_sa)
{
    struct service *service = &context->flow->tunnel->service;

    ike_sa->ended_by = (int8_t)(1 + flow_peer(context->flow));
    ike_sa->ended_in = context->message->frame;
    if (ike_sa->successor || outage_has_successor(ike_sa) || ike_sa->flow->tunnel != context->flow->tunnel || !ike_sa->established)
        return;
    /* in IKEv1, phase 2 outlives phase 1 */
    if (ike_sa->version < 2 && !service->ended.is_open && service->side[0].packets + service->side[1].packets == 0)
        return;
    bool proven = !unseen_successor(context->exchange, true);
    struct service_end_seen *ended = open_end(context, proven && (ike_sa->version >= 2 || service->ended.proven), OUTAGE_IKE_DELETED, ike_sa);
    if (ended && proven)
        change_service_ended(context->changes, ended);
}

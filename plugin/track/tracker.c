/* tracker.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tracker.h"

#include "../clock.h"
#include "cut.h"
#include "half.h"
#include "lineage.h"
#include "mapping.h"
#include "most.h"
#include "origin.h"
#include "outage.h"
#include "path.h"
#include "protection.h"
#include "restart.h"
#include "walk.h"

/* What stands in the upper half of IKE's initiator SPI, where ESP is taken for IKE: its SPI. */
#define SPI_BITS 32

/* A direction is one-way only if it carried more than a stray packet or two. */
#define ONE_WAY_PACKETS 5

/* Where packets are missing at random, so many in a row are missing once in a million times, or it is too many to wait for. */
#define ALL_MISSED_BY_CHANCE 1e-6
#define ONE_WAY_PACKETS_AT_MOST 256

/* SAs of a direction whose losses count, back from the latest; and tunnels among which one is looked for that carries the answers. */
#define LOSS_GENERATIONS 4
#define TUNNELS_BESIDE 64

/* SAs that had a key one after the other, of which a packet may be a copy: their SPI was in use again within minutes. */
#define NAMESAKES_AT_MOST 4

/* After a NAT has moved an SA, its sequence goes on where it was: no further ahead than this. */
#define MOVED_AHEAD_AT_MOST 65536

/* Newborn SAs that one packet can settle; the rest wait for the next one. */
#define SETTLED_AT_ONCE 8

/* A packet that is so much older than one before it stands in a file that is out of time order. */
#define OUT_OF_ORDER_MS 1000

struct tracker {
    wmem_allocator_t *pool;
    struct tracker_limits limits;
    uint64_t min_outage;            /* nanoseconds */
    struct sa_table *sas;
    struct tunnel_table *tunnels;
    struct ike_table *ike;
    struct copies copies;
    struct changes changes;
    bool disorder_said;
    struct unread unread;
    bool was_misported;             /* what may be ESP came on IKE's port, in some tunnel */
};

struct tracker *
tracker_create(wmem_allocator_t *pool, const struct tracker_limits *limits)
{
    struct tracker *tracker = wmem_new0(pool, struct tracker);

    tracker->pool = pool;
    tracker->limits = *limits;
    tracker->sas = sa_table_create(pool);
    tracker->tunnels = tunnel_table_create(pool, most_of(limits->max_sas, SHARE_ADDRESSES));
    tracker->copies.pool = pool;
    tracker->copies.sas = tracker->sas;
    tracker->copies.is_off = limits->one_point;
    tracker->changes.pool = pool;
    tracker->min_outage = (uint64_t)limits->min_outage * CLOCK_NSECS;
    tracker->ike = ike_table_create(pool, tracker->tunnels, tracker->sas, &tracker->changes,
            limits->handover_grace, limits->max_sas, tracker->min_outage);
    return tracker;
}

void
tracker_begin_frame(struct tracker *tracker)
{
    tracker->changes.count = 0;
}

const struct changes *
tracker_changes(const struct tracker *tracker)
{
    return &tracker->changes;
}

const struct sa_table *
tracker_sas(const struct tracker *tracker)
{
    return tracker->sas;
}

const struct tunnel_table *
tracker_tunnels(const struct tracker *tracker)
{
    return tracker->tunnels;
}

const struct ike_table *
tracker_ike(const struct tracker *tracker)
{
    return tracker->ike;
}

static void
check_disorder(struct tracker *tracker, const nstime_t *time)
{
    if (tracker->disorder_said || tracker->changes.latest_frame == 0 || !clock_passed_ms(time, &tracker->changes.latest, OUT_OF_ORDER_MS))
        return;
    nstime_t by = clock_elapsed(time, &tracker->changes.latest);
    tracker->disorder_said = true;
    change_disordered(&tracker->changes, tracker->changes.latest_frame, &by);
}

static inline void
check_order(struct tracker *tracker, const nstime_t *time, uint32_t frame)
{
    if (clock_compare(time, &tracker->changes.latest) < 0) {
        check_disorder(tracker, time);
        return;
    }
    tracker->changes.latest = *time;
    tracker->changes.latest_frame = frame;
}

/* Of an SA in plain IP: the IKE SA moved before, to the addresses of the packet (MOBIKE, RFC 4555 section 3.5), so that these are
 * known to be the flow's. */
static struct sa *
find_by_flow(const struct tracker *tracker, const struct ipsec_packet *packet)
{
    const struct flow *flow = tunnel_find(tracker->tunnels, &packet->source, &packet->destination);

    return flow ? lineage_find(flow, packet->protocol, packet->spi) : NULL;
}

/* An SA whose SPI is known under another address: a NAT moved it, or MOBIKE, and its sequence goes on. Or the
 * capture saw the packet on both sides of the NAT. */
static struct sa *
find_moved(struct tracker *tracker, const struct ipsec_packet *packet)
{
    struct sa *sa = packet->source.port ? sa_find_by_spi(tracker->sas, packet->protocol, packet->spi) : find_by_flow(tracker, packet);

    if (!sa)
        return NULL;
    bool end_stayed = ip_address_equal(&sa->flow->source.address, &packet->source.address)
            || ip_address_equal(&sa->flow->destination.address, &packet->destination.address);
    if (!end_stayed)
        return NULL;
    if (sequence_is_behind(&sa->sequence, packet->sequence))
        return recent_has_copy(&tracker->copies.recent, sa->id, packet) || copies_differ(&tracker->copies, sa, packet) ? sa : NULL;
    uint32_t ahead = packet->sequence - (uint32_t)sa->sequence.highest;
    return ahead <= MOVED_AHEAD_AT_MOST ? sa : NULL;
}

/* ESP under a port of a NAT's that no IKE came from, right after the only tunnel of the two addresses was set up, and in the direction
 * that it still lacks: the NAT gives IKE and ESP different ports. NULL where it is not so, or can't be told from another peer. */
static struct flow *
adopt_path(struct tracker *tracker, const struct ipsec_packet *packet)
{
    bool is_natted = port_is_translated(packet->source.port) || port_is_translated(packet->destination.port);
    struct flow *flow = is_natted && packet->sequence <= 1
        ? tunnel_between(tracker->tunnels, &packet->source.address, &packet->destination.address) : NULL;

    if (!flow || flow->packets > 0 || flow->sas > 0 || !flow->tunnel->ike_sas || !flow->tunnel->ike_sas->established
            || clock_passed(&flow->tunnel->ike_last_time, &packet->time, tracker->limits.handover_grace)
            || !tunnel_alias(tracker->tunnels, &packet->source, &packet->destination, flow))
        return NULL;
    return flow;
}

static struct sa *
open_sa(struct tracker *tracker, const struct ipsec_packet *packet)
{
    const struct sa_key key = sa_key_of(packet->protocol, &packet->destination, packet->spi);
    /* where an SA had this key, its SPI is in use again; an alias would hide it from those who read again */
    struct sa *sa = sa_find(tracker->sas, &key) ? NULL : find_moved(tracker, packet);

    if (sa) {
        if (!sa_alias(tracker->sas, &key, sa, most_of(tracker->limits.max_sas, SHARE_ADDRESSES)))
            change_add_limit(&tracker->changes, LIMIT_ADDRESSES, most_of(tracker->limits.max_sas, SHARE_ADDRESSES));
        return sa;
    }
    struct flow *flow = tunnel_find(tracker->tunnels, &packet->source, &packet->destination);
    if (!flow)
        flow = adopt_path(tracker, packet);
    if ((!flow && !change_room_for_tunnel(&tracker->changes, tracker->tunnels, most_of(tracker->limits.max_sas, SHARE_TUNNELS)))
            || !change_room_for_sa(&tracker->changes, tracker->sas, tracker->limits.max_sas)) {
        if (flow)
            flow->tunnel->is_incomplete = true;
        return NULL;
    }
    if (!flow)
        flow = tunnel_open(tracker->tunnels, &packet->source, &packet->destination);
    sa = sa_open(tracker->sas, &key, flow, packet->frame, &packet->time, packet->source.port != 0);
    bool sure;
    sa->origin = origin_claim(flow, &packet->time, tracker->limits.handover_grace, &sure);
    sa->origin_sure = sure;
    sa->born_in_capture = packet->sequence <= 1;
    return sa;
}

static void
follow_address(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct flow *flow = sa->flow;

    if (sa->many_senders || (endpoint_equal(&flow->source, &packet->source)
            && endpoint_equal(&flow->destination, &packet->destination)))
        return;
    const struct flow *known = tunnel_find(tracker->tunnels, &packet->source, &packet->destination);
    bool is_new = !known || known->tunnel != flow->tunnel;
    if (is_new && !tunnel_alias(tracker->tunnels, &packet->source, &packet->destination, flow)) {
        change_add_limit(&tracker->changes, LIMIT_ADDRESSES, most_of(tracker->limits.max_sas, SHARE_ADDRESSES));
    } else if (is_new) {
        bool source_stayed = endpoint_equal(&flow->source, &packet->source);
        change_moved(&tracker->changes, sa, flow->last_frame, source_stayed ? &flow->destination : &flow->source);
    }
    if (!endpoint_equal(&flow->source, &packet->source))
        flow->source_before = flow->source;
    flow->source = packet->source;
    flow->destination = packet->destination;
}

/* Whether the capture shows that it can see the other direction too: it did so before. */
static bool
sees_other_direction(const struct flow *flow)
{
    const struct flow *reverse = flow_reverse(flow);

    return reverse->packets > 0 || flow->tunnel->ike_heard[flow_peer(reverse)];
}

/* Numbers that are missing, and packets, of a direction's latest SAs. */
static void
add_losses(const struct flow *flow, uint64_t *lost, uint64_t *packets)
{
    const struct sa *sa;

    WALK(sa, flow->current, predecessor, LOSS_GENERATIONS) {
        struct sequence_counts counts = sequence_counts(&sa->sequence);
        *lost += counts.lost;
        *packets += counts.packets;
    }
}

/* Packets that have to stay unanswered: more, where the capture misses a part of them (a sampled one, or one that drops), until it is
 * unlikely that it missed all the answers. */
static uint64_t
unanswered_at_least(const struct flow *flow)
{
    uint64_t lost = 0, packets = 0, count = 0;
    double all_missed = 1;

    add_losses(flow, &lost, &packets);
    add_losses(flow_reverse(flow), &lost, &packets);
    if (lost == 0)
        return ONE_WAY_PACKETS;
    for (; count < ONE_WAY_PACKETS_AT_MOST && all_missed > ALL_MISSED_BY_CHANCE; count++)
        all_missed *= (double)lost / (double)(lost + packets);
    return count < ONE_WAY_PACKETS ? ONE_WAY_PACKETS : count;
}

static bool
has_live_ike_sa(const struct tunnel *tunnel)
{
    return tunnel->ike_sas && tunnel->ike_sas->established && tunnel->ike_sas->end == IKE_ALIVE;
}

/* Whether the other tunnel carries just the direction that this flow leaves out, at the same time, for the gateway that both share:
 * answers take another way (as with a cloud's two tunnels). Each has an IKE SA of its own that lives: a peer that moved to another
 * address has not. */
static bool
carries_answers(const struct tunnel *other, const struct flow *flow, const nstime_t *now, uint32_t within)
{
    bool both_live = has_live_ike_sa(other) && has_live_ike_sa(flow->tunnel);

    for (unsigned i = 0; i < 2 && other != flow->tunnel && both_live; i++) {
        const struct flow *back = &other->flow[i];
        if (back->unanswered >= ONE_WAY_PACKETS && !clock_passed(&back->unanswered_last, now, within)
                && (ip_address_equal(&back->destination.address, &flow->source.address)
                    || ip_address_equal(&back->source.address, &flow->destination.address)))
            return true;
    }
    return false;
}

/* Looked for once in each silence. */
static bool
is_answered_elsewhere(struct tracker *tracker, struct flow *flow, const nstime_t *now)
{
    const struct tunnel *other;

    flow->tunnel->answered_by = NULL;
    WALK(other, tunnel_first(tracker->tunnels), next, TUNNELS_BESIDE) {
        if (carries_answers(other, flow, now, tracker->limits.one_way_after)) {
            flow->tunnel->answered_by = other;
            return true;
        }
    }
    return false;
}

static void
add_length(struct flow_lengths *lengths, uint32_t length)
{
    if (lengths->most == 0 || length < lengths->least)
        lengths->least = length;
    if (length > lengths->most)
        lengths->most = length;
}

/* Whether a silence of which was said that it is one-way is the rhythm of the direction that speaks again: for the second time in a row it does so on an SA of
 * before, as one that was broken would not without new ones. */
static bool
is_rhythm(struct flow *answered, const struct sa *sa)
{
    bool was_same = answered->spoke_again;

    answered->spoke_again = clock_compare(&sa->first_time, &answered->unanswered_since) < 0;
    return was_same && answered->spoke_again;
}

/* The sender's earlier packets count as answered: the last one of them, as only this one is known to have been. */
static void
take_answer(struct flow *answered, const struct sa *sa)
{
    if (answered->unanswered == 0)
        return;
    add_length(&answered->answered, answered->length);
    if (answered->unanswered >= ONE_WAY_PACKETS && (!answered->one_way_said || is_rhythm(answered, sa))) {
        nstime_t silence = clock_elapsed(&answered->unanswered_since, &answered->unanswered_last);
        answered->longest_unanswered = *clock_later(&silence, &answered->longest_unanswered);
    }
    answered->unanswered = 0;
    answered->waiting = (struct flow_lengths){ 0 };
    answered->one_way_said = false;
}

/* Whether the other direction was silent for as long before, by its own rhythm, and spoke again: a monitor that asks once a minute, while what
 * is sent here wants no answer. */
static bool
is_usual_silence(const struct flow *flow)
{
    nstime_t silence = clock_elapsed(&flow->unanswered_since, &flow->unanswered_last);

    return silence.secs / PAUSE_GAPS < flow->longest_unanswered.secs;   /* parts of a second don't count */
}

static void
count_answers(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct flow *flow = sa->flow;
    struct flow *reverse = flow_reverse(flow);

    if (sa->many_senders)
        return;
    take_answer(reverse, sa);
    /* of those before this packet, which after an idle time may be the first that wants an answer */
    bool for_long = flow->unanswered >= ONE_WAY_PACKETS && !flow->one_way_said
            && clock_passed(&flow->unanswered_since, &flow->unanswered_last, tracker->limits.one_way_after);
    if (flow->unanswered++ == 0) {
        flow->unanswered_since = packet->time;
        flow->unanswered_frame = packet->frame;
    }
    flow->unanswered_last = packet->time;
    flow->length = packet->length;
    add_length(&flow->waiting, packet->length);
    if (!for_long || flow->tunnel->is_incomplete || !sees_other_direction(flow) || is_usual_silence(flow)
            || flow->unanswered <= unanswered_at_least(flow))
        return;
    flow->one_way_said = true;
    if (is_answered_elsewhere(tracker, flow, &packet->time))
        return;
    change_one_way(&tracker->changes, sa, reverse->last_frame, false);
}

/* Looked for as its packets double, until it is found. */
static void
check_half(struct tracker *tracker, struct sa *sa, const nstime_t *now)
{
    if (sa->half_said || sa->flow->tunnel->is_incomplete || !half_is_used_alone(sa, now, tracker->limits.handover_grace, tracker->limits.one_way_after))
        return;
    sa->half_said = true;
    change_one_way(&tracker->changes, sa, sa->first_frame, true);
}

static bool
is_power_of_two(uint64_t number)
{
    return (number & (number - 1)) == 0;
}

static void
split(struct tracker *tracker, struct sa *sa)
{
    lineage_split(sa);
    change_sa(&tracker->changes, CHANGE_SA_SPLIT, sa);
}

/* Whether a second SA of the direction speaks again though it had been replaced, in a direction whose SAs take turns then: one that
 * missed the change would be the last one alone. */
static bool
takes_turns(struct tracker *tracker, struct sa *sa)
{
    struct sa *before = sa->flow->resumed;

    if (sa->successor->link_proven)
        return false;
    sa->flow->resumed = sa;
    sa->is_kept = true;
    if (!before || before == sa)
        return false;
    if (before->successor && !before->successor->link_proven)
        split(tracker, before);
    return true;
}

/* A packet of an SA that had been replaced: said once, and if it goes on, or others do so too, they are parallel. */
static void
resume(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    uint32_t grace = tracker->limits.handover_grace;

    if (!clock_passed(&sa->successor->first_time, &packet->time, grace))
        return;
    if (takes_turns(tracker, sa)) {
        split(tracker, sa);
        return;
    }
    if (!sa->resumed) {
        sa->resumed = true;
        sa_extra(tracker->sas, sa)->resumed_time = packet->time;
        change_resumed(&tracker->changes, sa, sa->last_frame, !clock_passed(&sa->last_time, &sa->successor->first_time, grace));
    } else if (!sa->successor->link_proven && clock_passed(&sa->extra->resumed_time, &packet->time, grace)) {
        split(tracker, sa);
    }
}

/* Whether anybody may have sent the Delete that named the SA: in clear, before it was seen that the IKE SA's peers protect what they say. An SA whose
 * negotiation was read has a child that ended with it, and no such Delete is taken of its IKE SA. */
static bool
was_deleted_by_anybody(const struct tracker *tracker, const struct sa *sa)
{
    const struct ike_frame *frame = sa->child ? NULL : ike_frame_at(tracker->ike, sa->deleted_frame);

    return frame && protection_was_missing_in(frame->exchange, sa->deleted_frame);
}

/* A packet of an SA that was deleted; said once. It was not, where the Delete is none that gateways take, and its sender goes on. */
static void
outlive(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    if (sa->stale_said)
        return;
    if (was_deleted_by_anybody(tracker, sa)) {
        sa_undelete(sa);
        change_sa(&tracker->changes, CHANGE_SA_STATE, sa);
        return;
    }
    if (!clock_passed(&sa->deleted_time, &packet->time, tracker->limits.handover_grace))
        return;
    sa->stale_said = true;
    change_sa(&tracker->changes, CHANGE_SA_STALE, sa);
}

/* Whether the SPI is in use again, by a new SA: the old one was deleted, or a negotiation that may have made a new
 * one came after its last packet; and this is no copy of its first packet. Some gateways count SPIs from the same number after each start. */
static bool
begins_anew(const struct sa *sa, const struct ipsec_packet *packet, uint32_t grace)
{
    if (packet->sequence > 1 || sa->sequence.packets == 0)
        return false;
    bool is_again = packet->fingerprint == sa->sequence.first_fingerprint;
    if (sa->deleted_frame != 0)
        return clock_passed_ms(&sa->deleted_time, &packet->time, 0) && !(is_again && !clock_passed_ms(&sa->first_time, &packet->time, OUT_OF_ORDER_MS));
    return !is_again && origin_may_have_made_new(sa->flow, &sa->last_time, &packet->time, grace);
}

static void
take_sequence(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet, bool is_behind, bool is_replay)
{
    uint64_t behind = is_behind ? sequence_behind(&sa->sequence, packet->sequence) : 0;
    unsigned effect = sequence_take(&sa->sequence, packet, &tracker->limits.sequence, tracker->pool);

    if (is_replay)
        sequence_note_replay(&sa->sequence);
    if (effect == SEQUENCE_IN_ORDER || sa_spi_is_shared(tracker->sas, sa->key.spi))
        return;
    if (effect & SEQUENCE_RESTARTED)
        service_sequence_fell(sa, packet);
    struct change_sequence *change = change_sequence(&tracker->changes, sa, effect);
    uint32_t gap_frame = 0;
    change->behind = behind;
    change->is_replay = is_replay;
    change->before_frame = sa->last_frame;
    if (effect & SEQUENCE_LOSS_SETTLED) {
        uint64_t lost = sequence_settled_loss(&sa->sequence, &gap_frame);
        change_add_loss(&tracker->changes, change, lost, gap_frame);
    }
}

static void
extend_life(struct sa *sa, const struct ipsec_packet *packet)
{
    if (sa->sequence.packets == 1 && sa->negotiated) {
        sa->first_time = sa->last_time = packet->time;
        sa->first_frame = packet->frame;
    }
    if (clock_compare(&packet->time, &sa->last_time) > 0)
        sa->last_time = packet->time;
    else if (clock_compare(&packet->time, &sa->first_time) < 0)
        sa->first_time = packet->time;      /* the capture is out of order */
    sa->last_frame = packet->frame;
    if (packet->sequence <= 1)
        sa->born_in_capture = true;
    sa->bytes += packet->length;
    if (sa->flow->packets++ == 0) {
        sa->flow->first_time = packet->time;
        sa->flow->source = packet->source;      /* until now they were IKE's */
        sa->flow->destination = packet->destination;
    }
    sa->flow->last_time = sa->last_time;
    sa->flow->last_frame = packet->frame;
}

static void
settle(struct tracker *tracker, struct flow *flow, const nstime_t *now)
{
    uint32_t grace = tracker->limits.handover_grace;

    for (int i = 0; i < SETTLED_AT_ONCE && lineage_is_due(flow, now, grace); i++) {
        struct sa *settled = lineage_settle(flow, now, grace);
        if (!settled)
            return;
        if (settled->negotiated && (!settled->predecessor || settled->link_proven))
            continue;               /* its place was told when its negotiation was read */
        if (settled->predecessor)
            change_replaced(&tracker->changes, settled, settled->predecessor->last_frame);
        else
            change_sa(&tracker->changes, CHANGE_SA_STATE, settled);
    }
}

/* The packet of an SA with its number as the sender means it. */
static struct ipsec_packet
as_meant(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct ipsec_packet meant = *packet;

    if (sequence_turns_swapped(&sa->sequence, packet->sequence)) {
        sa->born_in_capture |= sa->sequence.first <= 1;
        change_sa(&tracker->changes, CHANGE_BYTE_ORDER, sa);
    }
    meant.sequence = sequence_number(&sa->sequence, packet->sequence);
    return meant;
}

/* The newest SA, of those that had this key, of which the packet is a copy; or NULL. */
static struct sa *
copied_of(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct copies *copies = &tracker->copies;

    for (unsigned i = 0; sa && i < NAMESAKES_AT_MOST; sa = sa->extra ? sa->extra->older : NULL, i++) {
        copies_learn_points(copies, sa, packet);
        if (copies_take_packet(copies, sa, packet))
            return sa;
    }
    return NULL;
}

/* A packet of an SA that is known under another address: a NAT stands between the points. */
static void
lead_through_nat(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    const struct sa_key key = sa_key_of(packet->protocol, &packet->destination, packet->spi);
    bool has_room = sa_find(tracker->sas, &key) || sa_alias(tracker->sas, &key, sa, tracker->limits.max_sas);

    if (!tunnel_find(tracker->tunnels, &packet->source, &packet->destination)) {
        has_room &= tunnel_alias(tracker->tunnels, &packet->source, &packet->destination, sa->flow);
        mapping_take_copy(sa->flow, packet);
    }
    if (!has_room)
        change_add_limit(&tracker->changes, LIMIT_ADDRESSES, tracker->limits.max_sas);
}

/* The SA of a packet that another point saw before, or NULL. */
static struct sa *
take_copy(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct sa *copied = copied_of(tracker, sa, packet);

    if (!copied)
        copied = copied_of(tracker, sa_find_by_spi(tracker->sas, packet->protocol, packet->spi), packet);
    if (copied)
        lead_through_nat(tracker, copied, packet);
    return copied;
}

static void
tell_losses(struct tracker *tracker)
{
    struct copies_loss loss;

    while (copies_next_loss(&tracker->copies, &loss))
        change_lost_between(&tracker->changes, &loss, &tracker->copies);
    if (tracker->copies.is_full)
        change_add_limit(&tracker->changes, LIMIT_COPIES, COPIES_AWAITED_AT_MOST);
}

/* What a packet shows of the way, which copies has taken. */
static void
watch_way(struct tracker *tracker, const struct sa *sa, const struct ipsec_packet *packet)
{
    struct outage_context context = { tracker->pool, sa->flow->tunnel, tracker->min_outage, packet->frame, &tracker->changes };

    tell_losses(tracker);
    cut_take_packet(&context, &tracker->copies, sa, packet);
}

/* A packet of the SA that the point it follows did not see. */
static void
add_from_elsewhere(struct tracker *tracker, const struct sa *sa, const struct ipsec_packet *packet)
{
    copies_add_packet(&tracker->copies, sa, packet, false);
    watch_way(tracker, sa, packet);
    recent_add(&tracker->copies.recent, sa->id, packet);
}

/* A packet with a number before the first one that was seen belongs to the SA's time, as it does to its packets: its rhythm is reckoned of both.
 * But clocks are known only as far as both directions give them: no packet is sent before what is known to have made its SA. */
static void
begin_earlier(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    const struct copies *copies = &tracker->copies;
    unsigned point = copies_point(copies, sa->flow, &packet->seen);
    const nstime_t *birth = sa_birth_time(sa);
    nstime_t time;

    if (packet->sequence >= sa->sequence.first || !copies_followed(copies, sa->flow->tunnel->passage, point, &packet->time, &time))
        return;
    if (clock_compare(birth, &sa->first_time) < 0)
        time = *clock_later(birth, &time);
    if (clock_compare(&time, &sa->first_time) < 0)
        sa->first_time = time;
}

/* A number of the SA that is missing. */
static void
fill(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    add_from_elsewhere(tracker, sa, packet);
    begin_earlier(tracker, sa, packet);
    sa->bytes += packet->length;
    if (sequence_fill(&sa->sequence, packet, tracker->pool))
        change_sa(&tracker->changes, CHANGE_FOUND_ELSEWHERE, sa);
}

/* The receiver drops it: it shows nobody alive, and wants no answer. */
static void
take_replay(struct sa *sa, const struct ipsec_packet *packet)
{
    extend_life(sa, packet);
    if (sa->waits_for_traffic || sa->flow->pending)
        lineage_heard(sa);
}

/* How a packet's number stands to those of its SA. */
struct standing {
    bool is_next;                   /* just the next one */
    bool is_behind;
    bool is_replay;                 /* behind, and seen before */
};

/* Whether nothing negotiated the SA, where negotiations are seen, and each of these may have its SA already: anybody may have sent its first packet. */
static bool
may_be_made_up(const struct sa *sa)
{
    const struct tunnel *tunnel = sa->flow->tunnel;

    return !sa->origin && tunnel->ike_sas && !tunnel->is_incomplete && sa->flow->sas > tunnel->origins;
}

/* What a packet shows of the tunnel, beside its SA. */
static void
take_of_tunnel(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    struct tunnel *tunnel = sa->flow->tunnel;

    if (tunnel->maybe_restarted || tunnel->twin)
        restart_check(tunnel, &packet->time, tracker->limits.handover_grace, &tracker->changes);
    settle(tracker, sa->flow, &packet->time);
}

/* The first packet of an SA whose negotiation was not read. */
static void
admit(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet)
{
    lineage_admit(sa);
    take_of_tunnel(tracker, sa, packet);
    if (!may_be_made_up(sa))
        count_answers(tracker, sa, packet);
}

static void
take_packet(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet, const struct standing standing)
{
    bool is_new = sa->sequence.packets == 0, is_behind = standing.is_behind;

    if (!is_new && !is_behind)
        follow_address(tracker, sa, packet);
    if (standing.is_next) {
        sequence_take_next(&sa->sequence);
    } else {
        take_sequence(tracker, sa, packet, is_behind, standing.is_replay);
        if (standing.is_replay) {
            take_replay(sa, packet);
            return;
        }
    }
    service_take_packet(tracker->pool, sa, packet, tracker->min_outage, &tracker->changes);
    if (is_behind)
        ;                           /* perhaps a replay: only a sender that goes on speaks */
    else if (sa->deleted_frame != 0)
        outlive(tracker, sa, packet);
    else if (sa->successor)
        resume(tracker, sa, packet);
    extend_life(sa, packet);
    if (!is_behind)
        mapping_take(sa->flow, sa, packet, tracker->limits.handover_grace, &tracker->changes);
    if (is_new && !sa->negotiated) {
        admit(tracker, sa, packet);
        return;
    }
    if (sa->waits_for_traffic || sa->flow->pending)
        lineage_heard(sa);
    take_of_tunnel(tracker, sa, packet);
    count_answers(tracker, sa, packet);
    if (sa->predecessor && is_power_of_two(sa->sequence.packets))
        check_half(tracker, sa, &packet->time);
}

/* Whether it is the first packet that shows that there is more than one point. */
static bool
begins_points(struct tracker *tracker, const struct sa *sa, const struct ipsec_packet *packet)
{
    if (copies_are_sought(&tracker->copies) || !copies_learn_points(&tracker->copies, sa, packet))
        return false;
    sa_index_spis(tracker->sas);
    return true;
}

/* The SA of a packet whose addresses are known to lead to the SA's tunnel, from the other side of a NAT; or NULL. */
static struct sa *
find_behind_nat(struct tracker *tracker, const struct ipsec_packet *packet)
{
    struct sa *sa = sa_find_by_spi(tracker->sas, packet->protocol, packet->spi);

    if (!sa || tunnel_find(tracker->tunnels, &packet->source, &packet->destination) != sa->flow)
        return NULL;
    lead_through_nat(tracker, sa, packet);
    return sa;
}

/* A packet that goes beyond the numbers which the point that its SA follows saw, and is older than what that one saw since. */
static void
fill_beyond(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet, const struct ipsec_packet *followed)
{
    add_from_elsewhere(tracker, sa, packet);
    take_sequence(tracker, sa, followed, false, false);
    extend_life(sa, followed);
}

/* Where there are several points: whether another one saw the packet before, or it fills what the point missed that its SA follows.
 * If not, it is to be taken with its time by the clock that the tunnels follow.
 * @param sa  of the packet, or NULL; gets it */
static bool
is_known_elsewhere(struct tracker *tracker, struct sa **sa, const struct ipsec_packet *packet, struct ipsec_packet *followed)
{
    struct copies *copies = &tracker->copies;
    struct sa *copied = take_copy(tracker, *sa, packet);

    if (copied) {
        watch_way(tracker, copied, packet);
        *sa = copied;
        return true;
    }
    if (!*sa)
        *sa = find_behind_nat(tracker, packet);
    const struct flow *flow = *sa ? (*sa)->flow : tunnel_find(tracker->tunnels, &packet->source, &packet->destination);
    *followed = *packet;
    followed->time = copies_time(copies, flow, &packet->seen, &packet->time);
    bool is_behind = *sa && sequence_is_behind(&(*sa)->sequence, packet->sequence);
    bool fills = is_behind && copies_come_from_behind(copies, *sa, packet)
            && (clock_compare(&followed->time, &(*sa)->last_time) <= 0 || !begins_anew(*sa, followed, tracker->limits.handover_grace));
    if (fills) {
        fill(tracker, *sa, packet);
        return true;
    }
    if (!*sa || is_behind || (*sa)->sequence.packets < 2 || (*sa)->sequence.is_swapped || !copies_fill_in(copies, flow, &packet->seen, &followed->time))
        return false;
    fill_beyond(tracker, *sa, packet, followed);
    return true;
}

struct sa *
tracker_take_ipsec(struct tracker *tracker, const struct ipsec_packet *packet)
{
    struct sa *sa = sa_of_packet(tracker->sas, packet);
    const struct ipsec_packet *captured = packet;
    struct ipsec_packet followed, meant;

    check_order(tracker, &packet->time, packet->frame);
    if (copies_are_sought(&tracker->copies)) {
        if (is_known_elsewhere(tracker, &sa, packet, &followed))
            return sa;
        packet = &followed;
    }
    if (sa && begins_anew(sa, packet, tracker->limits.handover_grace))
        sa = NULL;
    if (!sa) {
        sa = open_sa(tracker, packet);
        if (!sa)
            return NULL;
    }
    if (sa->sequence.packets == 1 || sa->sequence.is_swapped) {
        meant = as_meant(tracker, sa, packet);
        packet = &meant;
    }
    bool is_next = sequence_is_next(&sa->sequence, packet->sequence);
    bool is_behind = !is_next && sequence_looks_behind(&sa->sequence, packet->sequence);
    bool is_replay = is_behind && (recent_find(&tracker->copies.recent, sa->id, packet)
            || clock_passed_ms(&packet->time, &sa->last_time, OUT_OF_ORDER_MS));
    if (is_behind && begins_points(tracker, sa, packet))
        return take_copy(tracker, sa, packet);
    if (is_behind && recent_has_copy(&tracker->copies.recent, sa->id, packet)) {
        copies_note(&tracker->copies, packet->frame, recent_find(&tracker->copies.recent, sa->id, packet)->frame);
        sa->last_frame = packet->frame;
        sequence_note_copy(&sa->sequence, packet, tracker->pool);
        mapping_take_copy(sa->flow, packet);
        return sa;
    }
    recent_add(&tracker->copies.recent, sa->id, packet);
    take_packet(tracker, sa, packet, (struct standing){ is_next, is_behind, is_replay });
    if (copies_are_sought(&tracker->copies)) {
        copies_add_packet(&tracker->copies, sa, captured, !is_behind);
        watch_way(tracker, sa, captured);
    }
    return sa;
}

void
tracker_begin_points(struct tracker *tracker)
{
    if (copies_are_sought(&tracker->copies) || tracker->limits.one_point)
        return;
    copies_begin_interfaces(&tracker->copies);
    sa_index_spis(tracker->sas);
}

nstime_t
tracker_now(const struct tracker *tracker, const nstime_t *last)
{
    return copies_points(&tracker->copies) > 0 ? tracker->copies.latest_time : *last;
}

const struct copies *
tracker_copies(const struct tracker *tracker)
{
    return &tracker->copies;
}

/* Whether what is shorter than it says begins with the SPI of an IKE SA between the two: half a message of IKE. */
static bool
is_half_a_message(const struct flow *flow, const struct ipsec_packet *packet)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, flow->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (ike_sa->initiator_spi == ((uint64_t)packet->spi << SPI_BITS | packet->sequence))
            return true;
    return false;
}

bool
tracker_take_on_ike_port(struct tracker *tracker, const struct ipsec_packet *packet)
{
    struct flow *flow = tunnel_find(tracker->tunnels, &packet->source, &packet->destination);

    if (!flow || is_half_a_message(flow, packet))
        return false;
    tracker->was_misported = true;
    if (!mapping_knows_misported(flow, packet) && !sa_of_packet(tracker->sas, packet))
        return false;
    tracker_take_ipsec(tracker, packet);
    return true;
}

/* The peer takes ESP on its IKE port for IKE, and answers that: it is no IKE SA. */
static bool
answers_misported(const struct tracker *tracker, const struct ike_message *message)
{
    if (!tracker->was_misported)
        return false;
    const struct flow *flow = tunnel_find(tracker->tunnels, &message->destination, &message->source);

    return flow && flow->misported_spi != 0 && (uint32_t)(message->initiator_spi >> SPI_BITS) == flow->misported_spi;
}

/* A message that no other point saw before. */
static const struct ike_frame *
take_new_message(struct tracker *tracker, const struct ike_message *message)
{
    struct copies *copies = &tracker->copies;
    const struct flow *path = copies_are_sought(copies) ? tunnel_find(tracker->tunnels, &message->source, &message->destination) : NULL;
    nstime_t time = copies_are_sought(copies) ? copies_time(copies, path, &message->seen, &message->time) : message->time;
    const struct ike_frame *frame;
    bool is_copy = recent_has_copy_of(&copies->recent, message);

    if (clock_compare(&time, &message->time) == 0) {
        frame = ike_take(tracker->ike, message, is_copy);
    } else {
        struct ike_message followed = *message;
        followed.time = time;
        frame = ike_take(tracker->ike, &followed, is_copy);
    }
    struct flow *flow = frame ? frame->exchange->flow : NULL;
    copies_add_message(copies, message, flow && frame->is_response ? flow_reverse(flow) : flow, frame && frame->is_response);
    return frame;
}

/* The frame that holds the same message, captured moments ago on the other side of a NAT; or 0. */
static uint32_t
copied_through_nat(const struct tracker *tracker, const struct ike_message *message)
{
    const struct recent *recent = &tracker->copies.recent;
    bool is_copy = recent_has_copy_of(recent, message) && !tunnel_find(tracker->tunnels, &message->source, &message->destination);

    return is_copy ? recent_find_message(recent, message)->frame : 0;
}

const struct ike_frame *
tracker_take_ike(struct tracker *tracker, const struct ike_message *message)
{
    struct copies *copies = &tracker->copies;

    check_order(tracker, &message->time, message->frame);
    if (answers_misported(tracker, message))
        return NULL;
    if (copies_learn_points_of(copies, message))
        sa_index_spis(tracker->sas);
    uint32_t of = copies_are_sought(copies) ? copies_take_message(copies, message) : copied_through_nat(tracker, message);
    const struct ike_frame *frame = of != 0 ? ike_take_copy(tracker->ike, message, of) : take_new_message(tracker, message);
    tell_losses(tracker);
    return frame;
}

void
tracker_take_icmp(struct tracker *tracker, const struct icmp_error *error)
{
    if (copies_take_error(&tracker->copies, error))
        return;
    path_take_icmp(tracker->tunnels, tracker->sas, error, tracker->limits.handover_grace, &tracker->changes);
}

void
tracker_take_lost(struct tracker *tracker, const struct lost_packet *lost)
{
    path_take_lost(tracker->tunnels, lost, &tracker->changes);
}

void
tracker_take_unread(struct tracker *tracker, const struct unread *more)
{
    struct unread *unread = &tracker->unread;
    bool is_first = unread->esp == 0 && unread->ah == 0 && unread->ike == 0;

    unread->esp += more->esp;
    unread->ah += more->ah;
    unread->ike += more->ike;
    if (is_first)
        change_unread(&tracker->changes, unread);
}

const struct unread *
tracker_unread(const struct tracker *tracker)
{
    return &tracker->unread;
}

struct sa *
tracker_find_at(const struct tracker *tracker, const struct ipsec_packet *packet)
{
    struct sa_key key = sa_key_of(packet->protocol, &packet->destination, packet->spi);
    uint32_t of = copies_of(&tracker->copies, packet->frame);

    return sa_find_at(tracker->sas, &key, of != 0 ? of : packet->frame);
}

bool
tracker_reread_bytes(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet, uint64_t packets,
        uint64_t *bytes)
{
    return sa_reread_bytes(tracker->sas, sa, packet->frame, packets, packet->length, bytes);
}

/* copies.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "copies.h"

#include "../by_frame.h"
#include "../clock.h"
#include "sa.h"

/* Steps of numbers whose copies are waited for: two million packets, of some 30 MB. */
#define STEPS_AT_MOST (COPIES_AWAITED_AT_MOST / TRAIL_STEP)

/* Messages of IKE whose copies are known, of 90 bytes each. */
#define MESSAGES_AT_MOST 262144

/* Frames whose originals are known: 8 MB. */
#define FRAMES_AT_MOST 1000000

/* Clocks that differ by less are left as they are: the tunnel's times are then those of whoever saw a packet first, which is whoever
 * is nearest to its sender. */
#define SAME_CLOCK 1000000

/* The way there and back takes no longer. */
#define THERE_AND_BACK 1000000

/* So many packets come again by chance, or by somebody's will, and no more. */
#define COPIES_AT_LEAST 3

/* Messages with the same bytes that are looked through for one that this point has not seen. */
#define SAME_AT_MOST 64

/* ---- points */

static bool
sightings_differ(const struct sighting *one, const struct sighting *other)
{
    return one->link != other->link || one->ttl != other->ttl;
}

static unsigned
point_by_link(const struct copies *copies, uint32_t link)
{
    for (unsigned i = 0; i < copies->points; i++)
        if (copies->link[i] == link)
            return i;
    return POINTS_AT_MOST;
}

/* Whoever sees the higher TTL is nearer to the sender. */
static unsigned
point_by_ttl(const struct flow *flow, uint8_t ttl)
{
    const struct passage *passage = flow ? flow->tunnel->passage : NULL;
    unsigned direction = flow ? flow_peer(flow) : 0;

    if (!passage || ttl == 0)
        return POINTS_AT_MOST;
    for (unsigned i = 0; i < 2; i++)
        if (passage->way[direction].by_ttl[i] == ttl)
            return i == direction ? 0 : 1;
    return POINTS_AT_MOST;
}

unsigned
copies_point(const struct copies *copies, const struct flow *flow, const struct sighting *seen)
{
    switch (copies->by) {
    case POINTS_BY_INTERFACE:
        return seen->point;
    case POINTS_BY_LINK:
        return point_by_link(copies, seen->link);
    case POINTS_BY_TTL:
        return point_by_ttl(flow, seen->ttl);
    default:
        return 0;
    }
}

static struct passage *
passage_of(const struct copies *copies, struct tunnel *tunnel)
{
    if (tunnel->passage)
        return tunnel->passage;
    tunnel->passage = wmem_new0(copies->pool, struct passage);
    tunnel->passage->copies = copies;
    for (unsigned i = 0; i < 2; i++)
        tunnel->passage->way[i].trail.owner = tunnel->passage;
    return tunnel->passage;
}

/* ---- what is over */

/* Whether no copy of any packet of a step will come any more. */
static bool
is_step_over(const struct copies *copies, const struct passage *passage, unsigned direction, const struct trail_step *step)
{
    struct footprint print, last[POINTS_AT_MOST] = { 0 };

    for (unsigned i = 0; i < TRAIL_STEP; i++)
        if (passage_print_of(step, i, &print) && (last[print.first].seen == 0 || print.when > last[print.first].when))
            last[print.first] = print;
    for (unsigned i = 0; i < POINTS_AT_MOST; i++)
        if (last[i].seen != 0 && !passage_is_over(passage, direction, i, last[i].when, copies->now, copies->span))
            return false;
    return true;
}

static void
count_step(const struct copies *copies, const struct passage *passage, unsigned direction, const struct trail_step *step, struct passage_loss *lost)
{
    struct footprint print;

    for (unsigned i = 0; i < TRAIL_STEP; i++)
        if (passage_print_of(step, i, &print))
            passage_count(passage, direction, &print, copies->span, lost);
}

static void
note_loss(struct copies *copies, const struct flow *flow, uint64_t lost)
{
    const struct passage *passage = flow->tunnel->passage;
    unsigned direction = flow_peer(flow);
    uint8_t order[POINTS_AT_MOST];
    unsigned count = passage_order(passage, direction, order);

    if (count == 0 || copies->losses == COPIES_LOSSES)
        return;
    copies->loss[copies->losses++] = (struct copies_loss){ flow, lost, passage->way[direction].due, passage->way[direction].missing,
            passage->way[1 - direction].missed[order[count - 1]] };
}

/* The next step that is over, if there is one, is looked through for losses. */
static void
check_step(struct copies *copies, const struct flow *flow)
{
    struct passage *passage = flow->tunnel->passage;
    unsigned direction = flow_peer(flow);
    struct trail_step *step = passage->way[direction].trail.due;
    uint64_t in_a_row = 0;
    struct footprint print;

    if (!step || !is_step_over(copies, passage, direction, step))
        return;
    for (unsigned i = 0; i < TRAIL_STEP; i++) {
        if (step->counted & 1U << i || !passage_print_of(step, i, &print))
            continue;
        step->counted |= (uint16_t)(1U << i);
        if (passage_look_at(passage, direction, &print, copies->span) == PASSAGE_LOST) {
            in_a_row++;
        } else if (in_a_row > 0) {
            note_loss(copies, flow, in_a_row);
            in_a_row = 0;
        }
    }
    if (in_a_row > 0)
        note_loss(copies, flow, in_a_row);
    trail_look_on(&passage->way[direction].trail);
}

/* The oldest step makes room, where it is too old or there are too many. */
static void
settle_packets(struct copies *copies)
{
    struct trail_step *step = trail_oldest(copies->trail);

    if (!step || (copies->now - step->last <= TRAIL_COPY_WITHIN && trail_count(copies->trail) < STEPS_AT_MOST))
        return;
    struct passage *passage = step->of->owner;
    unsigned direction = step->of == &passage->way[0].trail ? 0 : 1;
    struct passage_way *way = &passage->way[direction];
    bool is_over = is_step_over(copies, passage, direction, step);
    if (is_over)
        count_step(copies, passage, direction, step, way->lost);
    copies->is_full |= !is_over;
    trail_drop(copies->trail, step);
}

static void
settle_messages(struct copies *copies, const struct flow *flow)
{
    struct passage *passage = flow->tunnel->passage;
    unsigned direction = flow_peer(flow);
    struct passage_way *way = &passage->way[direction];
    struct passage_message *message = way->first;

    if (!message || !passage_is_over(passage, direction, message->print.first, message->print.when, copies->now, copies->span))
        return;
    bool is_lost = passage_count(passage, direction, &message->print, copies->span, way->lost);
    if (is_lost)
        note_loss(copies, flow, 0);
    way->messages_lost = is_lost ? way->messages_lost + 1 : 0;
    message->is_over = true;
    way->first = message->next;
    if (!way->first)
        way->last = NULL;
}

/* Interfaces are points for sure. Others are if copies are no exceptions: anybody may send a packet again, with another TTL. */
static bool
is_sure(const struct copies *copies, const struct passage_way *way, unsigned point, uint64_t lost)
{
    return copies->by == POINTS_BY_INTERFACE || (way->reached[point] >= COPIES_AT_LEAST && way->reached[point] >= lost);
}

unsigned
copies_losses(const struct copies *copies, const struct flow *flow, uint8_t order[POINTS_AT_MOST], struct passage_loss lost[POINTS_AT_MOST])
{
    const struct passage *passage = flow->tunnel->passage;
    unsigned direction = flow_peer(flow), count = passage ? passage_order(passage, direction, order) : 0;

    if (count == 0)
        return 0;
    passage_losses(passage, direction, copies->span, lost);
    for (unsigned i = 1; i < count; i++)
        if (!is_sure(copies, &passage->way[direction], order[i], lost[order[i]].packets))
            return 0;
    return count;
}

bool
copies_next_loss(struct copies *copies, struct copies_loss *loss)
{
    if (copies->losses == 0)
        return false;
    *loss = copies->loss[0];
    copies->losses--;
    memmove(&copies->loss[0], &copies->loss[1], copies->losses * sizeof copies->loss[0]);
    return true;
}

unsigned
copies_points(const struct copies *copies)
{
    unsigned count = 0, seen = 0;

    if (!copies_are_sought(copies))
        return 0;
    for (unsigned i = 0; i < POINTS_AT_MOST; i++) {
        if (copies->span[i].first == 0)
            continue;
        count = i + 1;
        seen++;
    }
    return seen < 2 ? 0 : count;
}

/* ---- what is noted down */

static void
note_time(struct copies *copies, unsigned point, const nstime_t *time)
{
    struct point_span *span = &copies->span[point];

    copies->now = clock_micros(time);
    if (span->first == 0 || copies->now < span->first)
        span->first = copies->now;
    if (copies->now > span->latest)
        span->latest = copies->now;
    if (!copies->is_followed) {
        copies->is_followed = true;
        copies->follows = (uint8_t)point;
    }
}

void
copies_add_packet(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet, bool leads)
{
    unsigned direction = flow_peer(sa->flow), point = copies_point(copies, sa->flow, &packet->seen);

    if (point >= POINTS_AT_MOST || trail_knows(copies->trail, sa->id, packet))
        return;
    struct passage *passage = passage_of(copies, sa->flow->tunnel);
    struct passage_way *way = &passage->way[direction];
    note_time(copies, point, &packet->time);
    settle_packets(copies);
    check_step(copies, sa->flow);
    way->ttl[PASSAGE_IPSEC][point] = packet->seen.ttl;
    if (leads)
        way->leads = packet->seen;
    trail_add(copies->trail, &way->trail, sa->id, packet, point);
}

/* A copy from a point that is none of those which are told apart is known as one, and nothing more. */
static bool
take_at_unknown(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *first = recent_find(&copies->recent, sa->id, packet);

    if (!trail_knows(copies->trail, sa->id, packet) && !(first && sightings_differ(&first->seen, &packet->seen)))
        return false;
    copies_note(copies, packet->frame, first ? first->frame : 0);
    return true;
}

bool
copies_take_packet(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    unsigned point = copies_point(copies, sa->flow, &packet->seen), direction = flow_peer(sa->flow);

    if (point >= POINTS_AT_MOST)
        return take_at_unknown(copies, sa, packet);
    struct trail_found found = trail_find(copies->trail, sa->id, packet, point);
    if (found.kind == TRAIL_NEW || (found.kind == TRAIL_AGAIN && found.first == point))
        return false;
    note_time(copies, point, &packet->time);
    const struct recent_slot *first = recent_find(&copies->recent, sa->id, packet);
    copies_note(copies, packet->frame, first ? first->frame : 0);
    if (found.kind == TRAIL_AGAIN)
        return true;                /* sent twice behind the point that saw it first */
    copies->latest = passage_of(copies, sa->flow->tunnel);
    copies->latest_of = sa->flow->tunnel;
    passage_take_copy(&copies->latest->way[direction], &found, point);
    copies->latest->way[direction].ttl[PASSAGE_IPSEC][point] = packet->seen.ttl;
    check_step(copies, sa->flow);
    settle_messages(copies, sa->flow);
    return true;
}

bool
copies_come_from_behind(const struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    const struct passage *passage = sa->flow->tunnel->passage;
    unsigned point = copies_point(copies, sa->flow, &packet->seen);

    if (point >= POINTS_AT_MOST || !passage)
        return false;
    return point != copies_point(copies, sa->flow, &passage->way[flow_peer(sa->flow)].leads);
}

/* ---- IKE */

static uint64_t
message_key(uint64_t initiator_spi, uint32_t fingerprint)
{
    enum { UPPER = 32 };

    return initiator_spi ^ (uint64_t)fingerprint << UPPER;
}

/* Whether the point is the first one that a direction's packets pass, of several. */
static bool
is_first_of(const struct passage *passage, unsigned direction, unsigned point)
{
    uint8_t order[POINTS_AT_MOST];

    return passage_order(passage, direction, order) > 0 && order[0] == point;
}

/* Nothing of a tunnel was seen at two points yet, nor anything of the peer that is asked: if another tunnel's packets to that peer come from the same
 * point, these pass the same points as those, or are lost on the way. What the peer sends must come by them, too. */
static void
go_by_another(const struct copies *copies, const struct flow *flow, unsigned point)
{
    struct passage *passage = flow->tunnel->passage;
    const struct tunnel *other = copies->latest_of;
    unsigned direction = flow_peer(flow);

    if (passage->like) {
        passage->is_unlike |= !is_first_of(passage, direction, point);
        passage->like = passage->is_unlike ? NULL : passage->like;
    }
    if (passage->like || passage->is_unlike || passage_is_seen(passage) || !other || flow->tunnel->ike_heard[1 - direction])
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (!ip_address_equal(&other->flow[i].destination.address, &flow->destination.address) || !is_first_of(other->passage, i, point))
            continue;
        passage->like = other->passage;
        passage->like_reversed = i != direction;
    }
}

static void
add_message(struct copies *copies, const struct recent_message *message)
{
    unsigned point = copies_point(copies, message->flow, &message->seen);

    if (point >= POINTS_AT_MOST)
        return;
    if (copies->messages_kept >= MESSAGES_AT_MOST) {
        copies->is_full = true;
        return;
    }
    copies->messages_kept++;
    struct passage_message *kept = wmem_new0(copies->pool, struct passage_message);
    kept->key = message_key(message->initiator_spi, message->fingerprint);
    kept->print = (struct footprint){ .seen = (uint8_t)(1U << point), .first = (uint8_t)point, .when = clock_micros(&message->time),
            .is_answer = message->is_answer, .frame = message->frame };
    kept->same = wmem_map_lookup(copies->messages, &kept->key);
    kept->flow = message->flow;
    wmem_map_insert(copies->messages, &kept->key, kept);
    if (!kept->flow)
        return;
    struct passage *passage = passage_of(copies, kept->flow->tunnel);
    note_time(copies, point, &message->time);
    go_by_another(copies, kept->flow, point);
    struct passage_way *way = &passage->way[flow_peer(kept->flow)];
    way->ttl[PASSAGE_IKE][point] = message->seen.ttl;
    passage_hear_message(passage, flow_peer(kept->flow), point, &message->time);
    settle_messages(copies, kept->flow);
    *(way->last ? &way->last->next : &way->first) = kept;
    way->last = kept;
}

void
copies_add_message(struct copies *copies, const struct ike_message *message, struct flow *flow, bool is_answer)
{
    recent_add_message(&copies->recent, message, flow, is_answer);
    if (copies_are_sought(copies))
        add_message(copies, recent_find_message(&copies->recent, message));
}

/* How far from what is known of the way a message would be, if it were this one's copy, beyond what is not known of it: microseconds. Of the other
 * direction is known what clocks differ by, less the time there and back. Retransmissions have the same bytes. */
static int64_t
strays_by(const struct passage_message *message, unsigned point, int64_t after)
{
    const struct passage *passage = message->flow ? message->flow->tunnel->passage : NULL;
    int64_t lag;

    if (!passage || !passage_lag(passage, flow_peer(message->flow), message->print.first, point, &lag))
        return 0;
    int64_t by = after > lag ? after - lag : lag - after;
    if (passage_knows(passage, flow_peer(message->flow), message->print.first, point) || by < SAME_CLOCK)
        return by;
    return by > SAME_CLOCK + THERE_AND_BACK ? by : SAME_CLOCK;
}

/* The one of them that this point has not seen, and fits best; of several that do, the first. */
static struct passage_message *
best_of(struct passage_message *same, unsigned point, int64_t when)
{
    struct passage_message *best = NULL;
    int64_t least = TRAIL_COPY_WITHIN;
    unsigned looked_at = 0;

    for (; same && looked_at < SAME_AT_MOST; same = same->same, looked_at++) {
        int64_t after = when - same->print.when;
        if (same->print.seen & 1U << point || after > TRAIL_COPY_WITHIN || after < -TRAIL_COPY_WITHIN)
            continue;
        int64_t by = strays_by(same, point, after);
        if (by <= least) {
            best = same;
            least = by;
        }
    }
    return least <= SAME_CLOCK ? best : NULL;
}

static uint32_t
message_at_unknown(struct copies *copies, const struct ike_message *message)
{
    const struct recent_message *first = recent_find_message(&copies->recent, message);

    if (!first || !sightings_differ(&first->seen, &message->seen))
        return 0;
    copies_note(copies, message->frame, first->frame);
    return first->frame;
}

uint32_t
copies_take_message(struct copies *copies, const struct ike_message *message)
{
    uint64_t key = message_key(message->initiator_spi, message->fingerprint);
    struct passage_message *same = wmem_map_lookup(copies->messages, &key);
    unsigned point = copies_point(copies, same ? same->flow : NULL, &message->seen);
    int64_t when = clock_micros(&message->time);
    struct passage_message *first = point < POINTS_AT_MOST ? best_of(same, point, when) : NULL;

    if (!first)
        return point < POINTS_AT_MOST ? 0 : message_at_unknown(copies, message);
    struct trail_found found = { .kind = TRAIL_COPY, .first = first->print.first, .seen = first->print.seen,
            .after = (int32_t)(when - first->print.when) };
    note_time(copies, point, &message->time);
    first->print.seen |= (uint8_t)(1U << point);
    copies_note(copies, message->frame, first->print.frame);
    if (first->flow) {
        copies->latest = passage_of(copies, first->flow->tunnel);
        copies->latest_of = first->flow->tunnel;
        struct passage_way *way = &copies->latest->way[flow_peer(first->flow)];
        way->ttl[PASSAGE_IKE][point] = message->seen.ttl;
        passage_hear_message(copies->latest, flow_peer(first->flow), point, &message->time);
        /* what is over is counted; a point that was not known then has its clock known by it all the same */
        if (!first->is_over || !(way->points & 1U << point))
            passage_take_copy(way, &found, point);
    }
    return first->print.frame;
}

bool
copies_take_error(struct copies *copies, const struct icmp_error *error)
{
    enum { PER_SECOND = 1000000 };
    /* an error belongs to no flow whose TTLs are known: those that come by with two are of two points */
    unsigned point = copies->by == POINTS_BY_TTL ? RECENT_BY_TTL : copies_point(copies, NULL, &error->seen);
    bool is_unknown = point >= POINTS_AT_MOST && copies->by != POINTS_BY_TTL;

    return !is_unknown && recent_take_error(&copies->recent, error, point, (uint32_t)(TRAIL_COPY_WITHIN / PER_SECOND));
}

/* ---- points become known */

static gboolean
id_equal(const void *a, const void *b)
{
    return *(const uint32_t *)a == *(const uint32_t *)b;
}

static guint
id_hash(const void *id)
{
    return *(const uint32_t *)id;
}

/* In the order in which they came. */
static int
by_frame(const void *a, const void *b)
{
    const struct recent_slot *one = *(const struct recent_slot *const *)a, *other = *(const struct recent_slot *const *)b;

    return (one->frame > other->frame) - (one->frame < other->frame);
}

static int
messages_by_frame(const void *a, const void *b)
{
    const struct recent_message *one = *(const struct recent_message *const *)a, *other = *(const struct recent_message *const *)b;

    return (one->frame > other->frame) - (one->frame < other->frame);
}

static void
take_in_packets(struct copies *copies)
{
    const struct recent_slot **list = g_new(const struct recent_slot *, RECENT_SLOTS);
    GHashTable *sas = g_hash_table_new(id_hash, id_equal);
    unsigned count = 0;

    for (unsigned i = 0; i < RECENT_SLOTS; i++)
        if (copies->recent.slot[i].frame != 0)
            list[count++] = &copies->recent.slot[i];
    qsort(list, count, sizeof(const struct recent_slot *), by_frame);
    for (struct sa *sa = sa_first(copies->sas); sa; sa = sa->next)
        g_hash_table_insert(sas, &sa->id, sa);
    for (unsigned i = 0; i < count; i++) {
        const struct sa *sa = g_hash_table_lookup(sas, &list[i]->sa);
        struct ipsec_packet packet = { .time = list[i]->time, .frame = list[i]->frame, .sequence = list[i]->sequence,
                .fingerprint = list[i]->fingerprint, .seen = list[i]->seen };
        if (!sa)
            continue;
        copies_add_packet(copies, sa, &packet, true);
        copies_time(copies, sa->flow, &packet.seen, &packet.time);
    }
    g_hash_table_destroy(sas);
    g_free(list);
}

static bool
has_message(const struct copies *copies, const struct recent_message *message)
{
    uint64_t key = message_key(message->initiator_spi, message->fingerprint);

    for (const struct passage_message *same = wmem_map_lookup(copies->messages, &key); same; same = same->same)
        if (same->print.frame == message->frame)
            return true;
    return false;
}

static void
take_in_messages(struct copies *copies)
{
    const struct recent_message **list = g_new(const struct recent_message *, RECENT_MESSAGES);
    unsigned count = 0;

    for (unsigned i = 0; i < RECENT_MESSAGES; i++)
        if (copies->recent.message[i].frame != 0 && !has_message(copies, &copies->recent.message[i]))
            list[count++] = &copies->recent.message[i];
    qsort(list, count, sizeof(void *), messages_by_frame);
    for (unsigned i = 0; i < count; i++) {
        add_message(copies, list[i]);
        copies_time(copies, list[i]->flow, &list[i]->seen, &list[i]->time);
    }
    g_free(list);
}

static void
begin(struct copies *copies, enum points_by by)
{
    if (copies->by == POINTS_ONE) {
        copies->by = by;
        copies->trail = trail_create(copies->pool);
        copies->messages = wmem_map_new(copies->pool, g_int64_hash, g_int64_equal);
    }
    take_in_packets(copies);
    take_in_messages(copies);
}

void
copies_begin_interfaces(struct copies *copies)
{
    if (copies->is_off)
        return;
    copies->points = POINTS_AT_MOST;
    begin(copies, POINTS_BY_INTERFACE);
}

bool
copies_differ(const struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *first = recent_find(&copies->recent, sa->id, packet);

    return first && sightings_differ(&first->seen, &packet->seen);
}

/* Whether one of them at least is new. */
static bool
add_links(struct copies *copies, uint32_t one, uint32_t other)
{
    const uint32_t links[] = { one, other };
    bool is_new = false;

    for (unsigned i = 0; i < 2; i++) {
        if (point_by_link(copies, links[i]) < POINTS_AT_MOST || copies->points == POINTS_AT_MOST)
            continue;
        copies->link[copies->points++] = links[i];
        is_new = true;
    }
    return is_new;
}

static bool
learn_ttls(const struct copies *copies, struct flow *flow, uint8_t one, uint8_t other)
{
    struct passage_way *way = flow ? &passage_of(copies, flow->tunnel)->way[flow_peer(flow)] : NULL;

    if (!way || way->by_ttl[0] != 0 || one == other)
        return false;
    way->by_ttl[0] = one > other ? one : other;
    way->by_ttl[1] = one > other ? other : one;
    return true;
}

static bool
learn(struct copies *copies, struct flow *flow, const struct sighting *first, const struct sighting *seen)
{
    bool are_linked = first->link != 0 && seen->link != 0 && first->link != seen->link;
    enum points_by by = are_linked ? POINTS_BY_LINK : POINTS_BY_TTL;

    if (copies->is_off || !sightings_differ(first, seen) || (copies->by != POINTS_ONE && copies->by != by))
        return false;
    if (are_linked ? !add_links(copies, first->link, seen->link) : !learn_ttls(copies, flow, first->ttl, seen->ttl))
        return false;
    if (by == POINTS_BY_TTL)
        copies->points = 2;
    begin(copies, by);
    return true;
}

bool
copies_learn_points(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *first = recent_find(&copies->recent, sa->id, packet);

    return first && copies->by != POINTS_BY_INTERFACE && learn(copies, sa->flow, &first->seen, &packet->seen);
}

bool
copies_learn_points_of(struct copies *copies, const struct ike_message *message)
{
    const struct recent_message *first = recent_find_message(&copies->recent, message);

    return first && copies->by != POINTS_BY_INTERFACE && learn(copies, first->flow, &first->seen, &message->seen);
}

/* ---- */

/* How far the clock of a point is ahead of the one by which all times go, as a tunnel's passage shows it. */
static bool
is_ahead(const struct copies *copies, const struct passage *passage, unsigned point, int64_t *micros)
{
    return passage && passage_clock_ahead(passage, point, copies->follows, micros);
}

bool
copies_followed(const struct copies *copies, const struct passage *passage, unsigned point, const nstime_t *time, nstime_t *followed)
{
    int64_t ahead;

    *followed = *time;
    if (point >= POINTS_AT_MOST || !copies->is_followed || point == copies->follows)
        return true;
    if (!is_ahead(copies, passage, point, &ahead) && !is_ahead(copies, copies->latest, point, &ahead))
        return false;
    if (ahead >= SAME_CLOCK || ahead <= -SAME_CLOCK)
        *followed = clock_earlier(time, ahead);
    return true;
}

nstime_t
copies_time(struct copies *copies, const struct flow *flow, const struct sighting *seen, const nstime_t *time)
{
    unsigned point = copies_point(copies, flow, seen);
    nstime_t followed;

    if (!copies_followed(copies, flow ? flow->tunnel->passage : NULL, point, time, &followed))
        return followed;            /* by a clock of which nothing is known */
    if (clock_compare(&followed, &copies->latest_time) > 0) {
        copies->latest_time = followed;
        copies->latest_point = (uint8_t)point;
    }
    return followed;
}

bool
copies_fill_in(const struct copies *copies, const struct flow *flow, const struct sighting *seen, const nstime_t *followed)
{
    unsigned point = copies_point(copies, flow, seen);

    return point < POINTS_AT_MOST && point != copies->latest_point && clock_passed_ms(followed, &copies->latest_time, SAME_CLOCK / CLOCK_MICROS_PER_MS);
}

void
copies_note(struct copies *copies, uint32_t frame, uint32_t of)
{
    struct copy_frame copy = { frame, of };

    if (!copies->frames)
        copies->frames = wmem_array_new(copies->pool, sizeof copy);
    if (of != 0 && wmem_array_get_count(copies->frames) < FRAMES_AT_MOST)
        wmem_array_append_one(copies->frames, copy);
}

static uint32_t
frame_of(const void *list, uint32_t i)
{
    return ((const struct copy_frame *)list)[i].frame;
}

uint32_t
copies_of(const struct copies *copies, uint32_t frame)
{
    if (!copies->frames)
        return 0;
    const struct copy_frame *list = wmem_array_get_raw(copies->frames);
    uint32_t count = wmem_array_get_count(copies->frames), first = by_frame_first(list, count, frame_of, frame);

    return first < count && list[first].frame == frame ? list[first].of : 0;
}

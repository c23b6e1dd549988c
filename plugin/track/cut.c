/* cut.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cut.h"

#include "../clock.h"
#include "sa.h"

/* Packets that have to be lost: as many as have to stay unanswered before a direction counts as silent. */
#define GONE_AT_LEAST 5

/* Where packets are lost at random, so many in a row are lost once in a million times. */
#define ALL_GONE_BY_CHANCE 1e-6
#define PACKETS_RECKONED 4096

/* Where none of so many is lost, no more than three of them are, 95 % sure. */
#define RULE_OF_THREE 3

/* Times that the last point is known to have captured while packets were lost before it: else it may have been its capture that paused. */
#define WAKES_AT_LEAST 2

/* Messages of IKE that have to be lost in a row: gateways send a request three times and more (FortiGate, Cisco, strongSwan). */
#define MESSAGES_AT_LEAST 3

/* Silences of a direction that wait to be looked at: of two seconds and more, in twenty minutes. */
#define CUTS_AT_MOST 640

#define NS_PER_MICRO 1000

/* A silence that is over. */
struct cut {
    struct passage_silence silence;
    struct recovery recovery;       /* by what was negotiated since, or as heard */
    struct recovery heard;          /* by the packet that ended it */
    nstime_t until;                 /* by the point's clock */
    uint8_t point;
    struct cut *next;
};

/* ---- whether a silence was a cut */

/* Whether so many packets in a row are lost by chance, as the direction loses others: at most as it may, by the rule of three, where few others
 * were lost. */
static bool
is_chance(const struct passage_way *way, uint64_t packets)
{
    uint64_t others = way->missing > packets ? way->missing - packets : 0, of = way->due > packets ? way->due - packets : 0;
    double share = (double)(others + RULE_OF_THREE) / (double)(of + RULE_OF_THREE), all = 1;

    if (of < others)
        return true;
    for (uint64_t i = 0; i < packets && i < PACKETS_RECKONED && all > ALL_GONE_BY_CHANCE; i++)
        all *= share;
    return all > ALL_GONE_BY_CHANCE;
}

/* Whether the point captured anything else while packets were lost before it. */
static bool
was_awake(const struct passage *passage, unsigned direction, unsigned point, const struct passage_silence *silence, const struct passage_due *gone)
{
    int64_t since = clock_micros(&silence->since);
    uint64_t wakes = 0;

    for (uint32_t i = 0; i < silence->wakes; i++) {
        int64_t at = since + ((int64_t)silence->wake[i] * CLOCK_MICROS_PER_MS);
        wakes += at > gone->first && at < gone->last;
    }
    if (wakes < WAKES_AT_LEAST)
        wakes += passage_due(passage, 1 - direction, point, gone->first, gone->last, true).packets;
    return wakes >= WAKES_AT_LEAST;
}

static nstime_t
time_of(int64_t micros)
{
    return clock_unpack(micros > INT64_MAX / NS_PER_MICRO ? INT64_MAX : micros * NS_PER_MICRO);
}

/* Whether packets were lost for so long in a silence of the last point, and none came. Its beginning is the last one that did, or if there was a
 * pause first, the first one that was lost. */
static bool
is_cut(const struct tunnel *tunnel, unsigned direction, unsigned point, const struct passage_silence *silence, const nstime_t *until,
        uint64_t min_outage, struct outage *outage)
{
    const struct passage *passage = tunnel->passage;
    const struct passage_way *way = &passage->way[direction];
    int64_t since = clock_micros(&silence->since), ike = since + ((int64_t)silence->ike_after * CLOCK_MICROS_PER_MS);
    struct passage_due gone = passage_due(passage, direction, point, since, clock_micros(until), false);

    if (gone.packets < GONE_AT_LEAST || (uint64_t)(gone.last - gone.first) * NS_PER_MICRO < min_outage || is_chance(way, gone.packets)
            || !was_awake(passage, direction, point, silence, &gone))
        return false;
    nstime_t begin = silence->since, first = time_of(gone.first);
    if (outage_ns_between(&begin, &first) > outage_pause(&tunnel->service.side[direction], min_outage))
        begin = first;
    *outage = (struct outage){ .how = OUTAGE_LOST_BETWEEN, .ended_by = PEER_NOT_SEEN, .restored_by = PEER_NOT_SEEN, .begin_frame = silence->frame,
            .directions = (uint8_t)(1U << direction), .ike_passed = silence->ike_after != 0 && ike < gone.last, .lost = gone.packets };
    return copies_followed(passage->copies, passage, point, &begin, &outage->begin);
}

/* ---- silences that are over */

/* Whether all that was sent in a silence was captured by the points before, if ever. */
static bool
is_known(const struct passage *passage, unsigned direction, const uint8_t *order, unsigned count, const nstime_t *until)
{
    int64_t lag;

    for (unsigned i = 0; i + 1 < count; i++)
        if (!passage_lag(passage, direction, order[i], order[count - 1], &lag)
                || clock_micros(until) - lag + PASSAGE_LATE_AT_MOST > passage->copies->span[order[i]].latest)
            return false;
    return count > 0;
}

static void
drop_first(struct outage_context *context, struct passage_way *way)
{
    struct cut *cut = way->cuts;

    way->cuts = cut->next;
    if (!way->cuts)
        way->latest_cut = NULL;
    way->cuts_waiting--;
    wmem_free(context->pool, cut);
}

/* Looks at those of which all is known; what is too old or too much is left out. */
static void
look_at_cuts(struct outage_context *context, struct passage *passage, unsigned direction)
{
    struct passage_way *way = &passage->way[direction];
    uint8_t order[POINTS_AT_MOST];
    struct outage outage;

    while (way->cuts) {
        const struct cut *cut = way->cuts;
        unsigned count = passage_order(passage, direction, order);
        bool known = is_known(passage, direction, order, count, &cut->until);
        if (!known && way->cuts_waiting <= CUTS_AT_MOST)
            return;
        if (known && order[count - 1] == cut->point
                && is_cut(context->tunnel, direction, cut->point, &cut->silence, &cut->until, context->min_outage, &outage))
            outage_by_cut(context, &outage, clock_compare(&cut->recovery.time, &outage.begin) > 0 ? &cut->recovery : &cut->heard);
        drop_first(context, way);
    }
}

/* The silence at a point that this packet ends. */
static void
note_silence(struct outage_context *context, struct passage_way *way, unsigned point, const struct sa *sa, const struct ipsec_packet *packet)
{
    const struct passage_silence *silence = &way->silence[point];
    const struct passage *passage = context->tunnel->passage;
    nstime_t since, now;

    if (silence->frame == 0 || outage_ns_between(&silence->since, &packet->time) < context->min_outage
            || !copies_followed(passage->copies, passage, point, &silence->since, &since)
            || !copies_followed(passage->copies, passage, point, &packet->time, &now))
        return;
    struct cut *cut = wmem_new0(context->pool, struct cut);
    cut->silence = *silence;
    cut->until = packet->time;
    cut->point = (uint8_t)point;
    cut->heard = (struct recovery){ .how = RESTORED_SAME_SA, .peer = PEER_NOT_SEEN, .frame = packet->frame, .time = now };
    cut->recovery = outage_recovery(context->tunnel, sa, &since, packet);
    if (cut->recovery.how == RESTORED_SAME_SA)
        cut->recovery = cut->heard;
    *(way->latest_cut ? &way->latest_cut->next : &way->cuts) = cut;
    way->latest_cut = cut;
    way->cuts_waiting++;
}

void
cut_take_packet(struct outage_context *context, struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet)
{
    struct passage *passage = sa->flow->tunnel->passage;
    unsigned direction = flow_peer(sa->flow), point = copies_point(copies, sa->flow, &packet->seen);

    if (!passage || point >= POINTS_AT_MOST || sa->many_senders)
        return;
    note_silence(context, &passage->way[direction], point, sa, packet);
    passage_hear(passage, direction, point, &packet->time, packet->frame);
    for (unsigned i = 0; i < 2; i++)
        look_at_cuts(context, passage, i);
}

/* ---- at the end of the capture */

bool
cut_at_end(const struct tunnel *tunnel, unsigned direction, uint64_t min_outage, struct outage *outage)
{
    const struct passage *passage = tunnel->passage;
    uint8_t order[POINTS_AT_MOST];
    unsigned count = passage ? passage_order(passage, direction, order) : 0;

    if (count == 0)
        return false;
    const struct passage_silence *silence = &passage->way[direction].silence[order[count - 1]];
    nstime_t until = time_of(passage->copies->span[order[count - 1]].latest);
    return silence->frame != 0 && is_cut(tunnel, direction, order[count - 1], silence, &until, min_outage, outage);
}

bool
cut_of_messages(const struct tunnel *tunnel, unsigned direction)
{
    const struct passage *passage = tunnel->passage;
    const struct passage_way *way = passage ? &passage->way[direction] : NULL;
    uint32_t lost = way ? way->messages_lost : 0;

    if (!way)
        return false;
    for (const struct passage_message *message = way->first; message; message = message->next) {
        struct passage_loss scratch[POINTS_AT_MOST] = { { 0 } };
        lost = passage_count(passage, direction, &message->print, passage->copies->span, scratch) ? lost + 1 : 0;
    }
    return lost >= MESSAGES_AT_LEAST;
}

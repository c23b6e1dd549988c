/* passage.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "passage.h"

#include "../clock.h"

/* Clocks that differ by less are taken for set by the same hand: then whoever saw it first is nearer to its sender. */
#define SAME_CLOCK 1000000

/* Wakes are at first no nearer to each other than that. */
#define WAKE_EVERY_MS 250

/* Steps in a row that lie before a silence: those before them do so, too. As many as SAs of a direction that speak by turns. */
#define STEPS_BEFORE 64

static void
widen(struct passage_way *way, unsigned point, int64_t after)
{
    bool is_new = !(way->points & 1U << point);

    if (is_new || after < way->least[point])
        way->least[point] = (int32_t)after;
    if (is_new || after > way->most[point])
        way->most[point] = (int32_t)after;
    way->points |= (uint8_t)(1U << point);
}

void
passage_take_copy(struct passage_way *way, const struct trail_found *found, unsigned point)
{
    bool is_first_copy = found->seen == 1U << found->first;

    if (way->points == 0) {
        way->base = found->first;
        way->points = (uint8_t)(1U << found->first);
    }
    if (found->first == way->base)
        widen(way, point, found->after);
    else if (point == way->base)
        widen(way, found->first, -(int64_t)found->after);
    way->reached[found->first] += is_first_copy;
    way->reached[point]++;
}

/* ---- silences */

static uint32_t
ms_since(const struct passage_silence *silence, const nstime_t *time)
{
    int64_t ms = (clock_micros(time) - clock_micros(&silence->since)) / CLOCK_MICROS_PER_MS;

    return ms < 1 ? 1 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Each second one makes room for those that are twice as far apart. */
static void
thin_out(struct passage_silence *silence)
{
    for (size_t i = 0; i < PASSAGE_WAKES / 2; i++)
        silence->wake[i] = silence->wake[2 * i];
    silence->wakes = PASSAGE_WAKES / 2;
    silence->every = silence->every == 0 ? WAKE_EVERY_MS : silence->every > UINT32_MAX / 2 ? UINT32_MAX : 2 * silence->every;
}

static void
wake(struct passage_silence *silence, const nstime_t *time)
{
    uint32_t ms = silence->frame != 0 ? ms_since(silence, time) : 0;

    if (ms == 0 || (silence->wakes > 0 && ms - silence->wake[silence->wakes - 1] < silence->every))
        return;
    if (silence->wakes == PASSAGE_WAKES)
        thin_out(silence);
    silence->wake[silence->wakes++] = ms;
}

void
passage_hear(struct passage *passage, unsigned direction, unsigned point, const nstime_t *time, uint32_t frame)
{
    passage->way[direction].silence[point] = (struct passage_silence){ .since = *time, .frame = frame };
}

void
passage_hear_message(struct passage *passage, unsigned direction, unsigned point, const nstime_t *time)
{
    struct passage_silence *silence = &passage->way[direction].silence[point];

    if (silence->frame != 0 && silence->ike_after == 0)
        silence->ike_after = ms_since(silence, time);
    wake(silence, time);
    wake(&passage->way[1 - direction].silence[point], time);
}

static bool
way_knows(const struct passage_way *way, unsigned one, unsigned other)
{
    return way->points & 1U << one && way->points & 1U << other;
}

/* The least of what to is later than from. */
static int64_t
lag_of(const struct passage_way *way, unsigned from, unsigned to)
{
    if (to == way->base)
        return -(int64_t)way->most[from];
    return from == way->base ? way->least[to] : (int64_t)way->least[to] - way->least[from];
}

bool
passage_knows(const struct passage *passage, unsigned direction, unsigned one, unsigned other)
{
    return way_knows(&passage->way[direction], one, other);
}

bool
passage_is_seen(const struct passage *passage)
{
    return passage->way[0].points != 0 || passage->way[1].points != 0;
}

/* The passage whose points the tunnel's packets pass: its own, or another tunnel's. Turns the direction into that one's. */
static const struct passage *
leading(const struct passage *passage, unsigned *direction)
{
    if (!passage->like || passage_is_seen(passage))
        return passage;
    *direction = passage->like_reversed ? 1 - *direction : *direction;
    return passage->like;
}

bool
passage_lag(const struct passage *passage, unsigned direction, unsigned from, unsigned to, int64_t *lag)
{
    const struct passage *led = leading(passage, &direction);
    const struct passage_way *way = &led->way[direction], *back = &led->way[1 - direction];

    if (way_knows(way, from, to))
        *lag = lag_of(way, from, to);
    else if (way_knows(back, from, to))
        *lag = lag_of(back, from, to);
    else
        return false;
    return true;
}

/* The way of direction 0 from one to the other, and of the other direction back, if that is how they pass: else what it takes is below 0. */
static int64_t
there_and_back(const struct passage *passage, unsigned from, unsigned to)
{
    return lag_of(&passage->way[0], from, to) + lag_of(&passage->way[1], to, from);
}

bool
passage_round_trip(const struct passage *passage, unsigned from, unsigned to, int64_t *micros)
{
    if (!way_knows(&passage->way[0], from, to) || !way_knows(&passage->way[1], from, to))
        return false;
    *micros = there_and_back(passage, from, to);
    if (*micros < 0)
        *micros = there_and_back(passage, to, from);
    return *micros >= 0;
}

bool
passage_clock_ahead(const struct passage *passage, unsigned of, unsigned ahead_of, int64_t *micros)
{
    const struct passage_way *one = &passage->way[0], *other = &passage->way[1];

    if (!way_knows(one, of, ahead_of) || !way_knows(other, of, ahead_of))
        return passage_lag(passage, 0, ahead_of, of, micros);
    *micros = (lag_of(one, ahead_of, of) - lag_of(other, of, ahead_of)) / 2;
    return true;
}

/* Below 0 where packets pass the first of both first; 0 where it is not known. */
static int
compare(const struct passage *passage, unsigned direction, unsigned one, unsigned other)
{
    const struct passage_way *way = &passage->way[direction], *back = &passage->way[1 - direction];
    int64_t lag;

    for (unsigned kind = 0; kind < PASSAGE_KINDS; kind++) {
        uint8_t here = way->ttl[kind][one], there = way->ttl[kind][other];
        if (here != 0 && there != 0 && here != there)
            return here > there ? -1 : 1;
        here = back->ttl[kind][one];
        there = back->ttl[kind][other];
        if (here != 0 && there != 0 && here != there)
            return here > there ? 1 : -1;
    }
    if (way_knows(way, one, other) && way_knows(back, one, other)) {
        lag = lag_of(way, one, other) - lag_of(back, one, other);
        return (lag < 0) - (lag > 0);
    }
    if (!passage_lag(passage, direction, one, other, &lag) || lag > SAME_CLOCK || lag < -SAME_CLOCK)
        return 0;
    return way_knows(way, one, other) ? (lag < 0) - (lag > 0) : (lag > 0) - (lag < 0);
}

unsigned
passage_order(const struct passage *passage, unsigned direction, uint8_t order[POINTS_AT_MOST])
{
    const struct passage *led = leading(passage, &direction);
    const uint8_t points = led->way[direction].points ? led->way[direction].points : led->way[1 - direction].points;
    unsigned count = 0;

    for (uint8_t point = 0; point < POINTS_AT_MOST; point++) {
        if (!(points & 1U << point))
            continue;
        unsigned at = count++;
        for (; at > 0; at--) {
            int before = compare(led, direction, order[at - 1], point);
            if (before == 0)
                return 0;
            if (before < 0)
                break;
            order[at] = order[at - 1];
        }
        order[at] = point;
    }
    return count < 2 ? 0 : count;
}

/* Whether a point captured when the packet passed it, by the clock of the one that saw it first. */
static bool
captured_then(const struct passage *passage, unsigned direction, const struct footprint *print, unsigned point, const struct point_span *span)
{
    int64_t lag;

    return passage_lag(passage, direction, print->first, point, &lag) && print->when + lag >= span->first && print->when + lag <= span->latest;
}

bool
passage_count(const struct passage *passage, unsigned direction, const struct footprint *print,
        const struct point_span span[POINTS_AT_MOST], struct passage_loss lost[POINTS_AT_MOST])
{
    uint8_t order[POINTS_AT_MOST];
    unsigned count = passage_order(passage, direction, order), next = count;

    while (next > 0 && !(print->seen & 1U << order[next - 1]))
        next--;
    if (next == 0 || next == count)
        return false;               /* seen at none of them, or at the last one */
    unsigned to = order[next];
    if (!captured_then(passage, direction, print, to, &span[to]))
        return false;
    lost[to].packets++;
    if (print->is_answer) {
        lost[to].answers++;
        lost[to].answer_frame = print->frame;
    }
    return true;
}

enum passage_fate
passage_look_at(struct passage *passage, unsigned direction, const struct footprint *print, const struct point_span span[POINTS_AT_MOST])
{
    struct passage_way *way = &passage->way[direction];
    uint8_t order[POINTS_AT_MOST];
    unsigned count = passage_order(passage, direction, order);

    if (count == 0)
        return PASSAGE_NOT_KNOWN;
    if (!(print->seen & 1U << order[count - 1])) {
        struct passage_loss lost[POINTS_AT_MOST] = { { 0 } };
        bool is_lost = passage_count(passage, direction, print, span, lost);
        way->due += is_lost;
        way->missing += is_lost;
        return is_lost ? PASSAGE_LOST : PASSAGE_NOT_KNOWN;
    }
    way->due++;
    for (unsigned i = 0; i + 1 < count; i++)
        if (!(print->seen & 1U << order[i]) && captured_then(passage, direction, print, order[i], &span[order[i]]))
            way->missed[order[i]]++;
    return PASSAGE_ARRIVED;
}

bool
passage_print_of(const struct trail_step *step, unsigned i, struct footprint *print)
{
    *print = (struct footprint){ .seen = step->seen[i], .first = step->first[i] };
    print->when = step->last - (int32_t)((uint32_t)step->last - step->when[i]);
    return step->seen[i] != 0;
}

static bool
lag_to(const struct passage *passage, unsigned direction, unsigned from, unsigned to, int64_t *lag)
{
    *lag = 0;
    return from == to || passage_lag(passage, direction, from, to, lag);
}

/* Whether any of the step's packets was due at a point at that moment or later; adds up those that were, until another one, and were seen there, or
 * not. */
static bool
add_due(const struct passage *passage, unsigned direction, unsigned point, const struct trail_step *step, int64_t since, int64_t until, bool seen,
        struct passage_due *sum)
{
    struct footprint print;
    bool is_within = false;
    int64_t lag;

    for (unsigned i = 0; i < TRAIL_STEP; i++) {
        if (!passage_print_of(step, i, &print) || !lag_to(passage, direction, print.first, point, &lag))
            continue;
        int64_t due = print.when + lag;
        is_within |= due >= since;
        if (due <= since || due >= until || ((print.seen & 1U << point) != 0) != seen)
            continue;
        sum->first = sum->packets == 0 || due < sum->first ? due : sum->first;
        sum->last = sum->packets == 0 || due > sum->last ? due : sum->last;
        sum->packets++;
    }
    return is_within;
}

struct passage_due
passage_due(const struct passage *passage, unsigned direction, unsigned point, int64_t since, int64_t until, bool seen)
{
    struct passage_due sum = { 0 };
    unsigned before = 0;

    for (const struct trail_step *step = passage->way[direction].trail.last; step && before < STEPS_BEFORE; step = step->before)
        before = add_due(passage, direction, point, step, since, until, seen, &sum) ? 0 : before + 1;
    return sum;
}

void
passage_losses(const struct passage *passage, unsigned direction, const struct point_span span[POINTS_AT_MOST],
        struct passage_loss lost[POINTS_AT_MOST])
{
    const struct passage_way *way = &passage->way[direction];
    struct footprint print;

    memcpy(lost, way->lost, sizeof way->lost);
    for (const struct trail_step *step = way->trail.first; step; step = step->next)
        for (unsigned i = 0; i < TRAIL_STEP; i++)
            if (passage_print_of(step, i, &print))
                passage_count(passage, direction, &print, span, lost);
    for (const struct passage_message *message = way->first; message; message = message->next)
        passage_count(passage, direction, &message->print, span, lost);
}

bool
passage_is_over(const struct passage *passage, unsigned direction, unsigned first, int64_t when, int64_t now,
        const struct point_span span[POINTS_AT_MOST])
{
    uint8_t order[POINTS_AT_MOST];
    unsigned count = passage_order(passage, direction, order);
    int64_t lag;

    if (now - when > TRAIL_COPY_WITHIN)
        return true;
    for (unsigned i = 0; i < count; i++)
        if (!passage_lag(passage, direction, first, order[i], &lag) || when + lag + PASSAGE_LATE_AT_MOST > span[order[i]].latest)
            return false;
    return count > 0;
}

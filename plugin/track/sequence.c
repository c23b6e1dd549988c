/* sequence.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sequence.h"

#include "../clock.h"
#include "gaps.h"

#define WORD_BITS 64

/* The window that we keep for ourselves is wider than most receivers': it tells late packets from
 * repeated ones even where the receiver would drop both. A multiple of WORD_BITS. */
#define OWN_WINDOW 1024

/* A step over 2^32 is a wrap if it is no longer than this; a longer one is a step back. */
#define WRAP_REACH (1U << 20)

/* A restart is believed after so many numbers in a row, from the first number that was seen, or from
 * one as low as this that was never seen. Others may be a replay of what was seen. */
#define RESTART_RUN 3
#define RESTART_FROM_AT_MOST 64

/* Numbers that go on from behind the highest for so long, and none beyond it meanwhile, are no late packets: reordering
 * lasts milliseconds. */
#define FALLEN_FOR_MS 1000

/* The window that receivers should have by default (RFC 4303 section 3.4.3). */
#define LEAP_AT_LEAST 64

/* Gaps beyond this length prove nothing; keeps the reckoning within 64 bits. */
#define PROVING_GAP (1U << 20)

/* Numbers behind the highest that follow each other: a restart, a replay, or just late packets. */
struct run {
    uint32_t next;
    uint32_t length;
    uint32_t start;
    uint32_t start_fingerprint;
    uint32_t duplicates;
    bool replayed;                  /* it holds a packet that is known to be a copy */
};

/* The same with holes in them: where the sender may have fallen back to (a failover to a member whose number is an old one). */
struct fall {
    uint32_t start;
    uint32_t start_fingerprint;
    uint32_t highest;
    uint32_t duplicates;
    uint64_t packets;               /* that fill no gap that is known, in ascending order; 0: none */
    nstime_t since;
    bool replayed;                  /* it holds a packet that is known to be a copy, or out of time order */
};

/* A packet so far ahead of the highest number that the receiver would drop what comes between. One may be forged: it counts once the next
 * packet goes on from it. */
struct leap {
    uint32_t number;
    uint32_t frame;                 /* 0: there is none */
    nstime_t time;
};

struct sequence_history {
    uint64_t seen[OWN_WINDOW / WORD_BITS]; /* ring of bits: number modulo OWN_WINDOW */
    uint64_t lost;
    uint32_t duplicate;
    uint32_t reordered;
    uint32_t initial_first;
    struct run run;
    struct fall fall;
    struct leap leap;
    struct gaps gaps;
    uint64_t longest_gap;           /* numbers */
    uint64_t before_restart;
    bool restart_fell;
    bool restart_repeats;           /* it began with a number that another packet had: no late packets of another clock */
    struct ledger ledger;
};

static bool
seen_get(const struct sequence_history *history, uint64_t number)
{
    uint64_t bit = number % OWN_WINDOW;

    return (history->seen[bit / WORD_BITS] >> (bit % WORD_BITS)) & 1;
}

static void
seen_set(struct sequence_history *history, uint64_t number, bool seen)
{
    uint64_t bit = number % OWN_WINDOW;

    if (seen)
        history->seen[bit / WORD_BITS] |= UINT64_C(1) << (bit % WORD_BITS);
    else
        history->seen[bit / WORD_BITS] &= ~(UINT64_C(1) << (bit % WORD_BITS));
}

static struct sequence_history *
history_of(struct sequence *sequence, wmem_allocator_t *pool)
{
    struct sequence_history *history = sequence->history;
    if (history)
        return history;

    history = wmem_new0(pool, struct sequence_history);
    history->ledger = ledger_create(pool);
    history->initial_first = sequence->first;
    uint64_t count = sequence->highest - sequence->first + 1;
    if (count > OWN_WINDOW)
        count = OWN_WINDOW;
    for (uint64_t i = 0; i < count; i++)
        seen_set(history, sequence->highest - i, true);
    sequence->history = history;
    return history;
}

/* Of a sender that counts in little-endian, no more are lost between the first two packets. */
#define SWAPPED_AHEAD_AT_MOST 64

bool
sequence_turns_swapped(struct sequence *sequence, uint32_t number)
{
    uint32_t first = GUINT32_SWAP_LE_BE(sequence->first);
    uint32_t ahead = GUINT32_SWAP_LE_BE(number) - first;

    if (sequence->packets != 1 || sequence->is_swapped || ahead == 0 || ahead > SWAPPED_AHEAD_AT_MOST
            || number - sequence->first <= SWAPPED_AHEAD_AT_MOST)
        return false;
    sequence->is_swapped = true;
    sequence->first = first;
    sequence->highest = first;
    return true;
}

uint32_t
sequence_number(const struct sequence *sequence, uint32_t number)
{
    return sequence->is_swapped ? GUINT32_SWAP_LE_BE(number) : number;
}

/* Where a number on the wire stands: forward of the highest by some steps, or behind it. Only the
 * low 32 bits travel, with extended sequence numbers too (RFC 4303 section 2.2.1). */
static bool
is_forward(const struct sequence *sequence, uint32_t number, uint64_t *distance)
{
    uint32_t highest = (uint32_t)sequence->highest;
    uint32_t ahead = number - highest;
    uint32_t behind = highest - number;

    if (ahead == 1) {
        *distance = ahead;
        return true;
    }
    if (number > highest) {
        bool of_the_last_epoch = sequence->highest > UINT32_MAX && behind <= WRAP_REACH;
        *distance = of_the_last_epoch ? behind : ahead;
        return !of_the_last_epoch;
    }
    if (ahead != 0 && ahead <= WRAP_REACH) {
        *distance = ahead;
        return true;
    }
    *distance = behind;
    return false;
}

bool
sequence_looks_behind(const struct sequence *sequence, uint32_t number)
{
    uint64_t distance;

    if (sequence->history && sequence->history->leap.frame != 0 && sequence->history->leap.number == number)
        return true;
    return sequence->packets != 0 && !is_forward(sequence, number, &distance);
}

uint64_t
sequence_behind(const struct sequence *sequence, uint32_t number)
{
    uint64_t distance;

    return is_forward(sequence, number, &distance) ? 0 : distance;
}

static unsigned
take_forward(struct sequence *sequence, const struct ipsec_packet *packet, uint64_t distance,
        const struct sequence_limits *limits, wmem_allocator_t *pool)
{
    unsigned effect = SEQUENCE_IN_ORDER;
    uint32_t before = (uint32_t)sequence->highest;
    uint64_t number = sequence->highest + distance;
    struct sequence_history *history = distance > 1 ? history_of(sequence, pool) : sequence->history;

    if (packet->sequence < before)
        effect |= SEQUENCE_WRAPPED;
    else if (packet->sequence >= SEQUENCE_NEAR_END_FROM && (before < SEQUENCE_NEAR_END_FROM || sequence->packets == 2))
        effect |= SEQUENCE_NEAR_END;
    if (history) {
        if (distance >= OWN_WINDOW)
            memset(history->seen, 0, sizeof history->seen);
        else
            for (uint64_t skipped = sequence->highest + 1; skipped < number; skipped++)
                seen_set(history, skipped, false);
        seen_set(history, number, true);
        history->run.length = 0;
        history->fall.packets = 0;
        if (distance > 1) {
            effect |= SEQUENCE_GAP;
            history->longest_gap = distance - 1 > history->longest_gap ? distance - 1 : history->longest_gap;
            history->lost += number - (sequence->highest + 1);
            gaps_open(&history->gaps, packet, sequence->highest + 1, number);
        }
    }
    sequence->highest = number;
    bool proven = false;
    if (history && gaps_settle(&history->gaps, number, limits->replay_window, &packet->time, &proven))
        effect |= SEQUENCE_LOSS_SETTLED | (proven ? SEQUENCE_LOSS_PROVEN : 0);
    return effect;
}

/* Whether the numbers behind the highest have become a new beginning. */
static bool
run_extend(struct run *run, const struct sequence *sequence, const struct ipsec_packet *packet,
        bool duplicate)
{
    if (run->length == 0 || packet->sequence != run->next) {
        memset(run, 0, sizeof *run);
        run->start = packet->sequence;
        run->start_fingerprint = packet->fingerprint;
    }
    run->next = packet->sequence + 1;
    run->length++;
    run->duplicates += duplicate;
    if (packet->sequence == sequence->first && packet->fingerprint == sequence->first_fingerprint)
        run->replayed = true;
    bool from_the_beginning = run->start == sequence->first
            || (run->start < sequence->first && run->start <= RESTART_FROM_AT_MOST);
    return run->length >= RESTART_RUN && from_the_beginning && !run->replayed;
}

/* Whether some of the fall's numbers must have been seen before. All late packets were missing: there are no more of them than
 * numbers that are missing, nor, within any span, than gaps of the longest length with one number between them leave room for. */
static bool
fall_repeats(const struct fall *fall, const struct sequence *sequence)
{
    const struct sequence_history *history = sequence->history;
    uint64_t span = (uint64_t)(uint32_t)(fall->highest - fall->start) + 1;
    uint64_t gap = history->longest_gap;
    uint32_t by = (uint32_t)sequence->highest - fall->highest;
    bool before_first = by > sequence->highest || sequence->highest - by < sequence->first;

    if (fall->packets > history->lost || before_first)
        return true;
    return gap < PROVING_GAP && fall->packets * (gap + 1) > (span * gap) + (gap * (gap + 1));
}

/* Whether the sender has fallen back, and goes on from there: see FALLEN_FOR_MS.
 * @param reach  packets: as far as numbers of one sender lie apart */
static bool
fall_extend(struct fall *fall, const struct sequence *sequence, const struct ipsec_packet *packet, bool duplicate, uint32_t reach)
{
    uint32_t ahead = packet->sequence - fall->highest, since_start = packet->sequence - fall->start;
    bool is_within = since_start <= fall->highest - fall->start;    /* late within it */

    if (fall->packets == 0 || (ahead > reach && !is_within)) {
        *fall = (struct fall){ .start = packet->sequence, .start_fingerprint = packet->fingerprint, .highest = packet->sequence,
                .packets = 1, .since = packet->time };
    } else if (!is_within) {
        fall->highest = packet->sequence;
        fall->packets++;            /* of each number one */
    }
    fall->duplicates += duplicate;
    if (packet->sequence == sequence->first && packet->fingerprint == sequence->first_fingerprint)
        fall->replayed = true;
    bool dense = fall->packets > (fall->highest - fall->start) / 2;    /* scattered ones are copies and late packets */
    return fall->packets >= RESTART_RUN && dense && !fall->replayed && clock_passed_ms(&fall->since, &packet->time, FALLEN_FOR_MS)
            && fall_repeats(fall, sequence);
}

/* The sequence goes on from numbers behind its highest: start is the first of count that were seen, up to highest. */
static void
begin_again(struct sequence *sequence, uint32_t start, uint32_t fingerprint, uint64_t highest, uint64_t count)
{
    struct sequence_history *history = sequence->history;

    history->before_restart = sequence->highest;
    gaps_close(&history->gaps);
    sequence->first = start;
    sequence->first_fingerprint = fingerprint;
    sequence->highest = highest;
    memset(history->seen, 0, sizeof history->seen);
    for (uint64_t i = 0; i < count && i < OWN_WINDOW; i++)
        seen_set(history, highest - i, true);
    history->run.length = 0;
    history->fall.packets = 0;
    history->longest_gap = 0;
}

static void
restart(struct sequence *sequence)
{
    struct sequence_history *history = sequence->history;
    const struct run *run = &history->run;

    history->restart_repeats = run->start == sequence->first;
    history->restart_fell = false;
    history->duplicate -= run->duplicates;
    begin_again(sequence, run->start, run->start_fingerprint, (uint64_t)run->start + run->length - 1, run->length); /* which may have wrapped */
}

static void
fall_back(struct sequence *sequence)
{
    struct sequence_history *history = sequence->history;
    const struct fall *fall = &history->fall;
    uint32_t by = (uint32_t)sequence->highest - fall->highest;
    uint64_t highest = by <= sequence->highest ? sequence->highest - by : fall->highest;

    history->restart_repeats = false;
    history->restart_fell = true;
    history->duplicate -= fall->duplicates;
    begin_again(sequence, fall->start, fall->start_fingerprint, highest, (uint64_t)(uint32_t)(fall->highest - fall->start) + 1);
}

static unsigned
take_behind(struct sequence *sequence, const struct ipsec_packet *packet, uint64_t distance,
        const struct sequence_limits *limits, wmem_allocator_t *pool)
{
    struct sequence_history *history = history_of(sequence, pool);
    unsigned effect = distance >= limits->replay_window ? SEQUENCE_OUTSIDE_WINDOW : 0;
    bool known = distance < OWN_WINDOW && distance <= sequence->highest;
    uint64_t number = known ? sequence->highest - distance : 0;
    bool before_first = known && number < sequence->first;

    /* A little before the first number seen is late; far before it is something else. */
    if (before_first && sequence->first - number > limits->replay_window)
        known = before_first = false;
    if (known && seen_get(history, number) && !before_first) {
        effect |= SEQUENCE_DUPLICATE;
        history->duplicate++;
    } else if (known) {
        effect |= SEQUENCE_LATE;
        history->reordered++;
        seen_set(history, number, true);
        if (before_first) {
            history->lost += sequence->first - number - 1;
            for (uint64_t skipped = number + 1; skipped < sequence->first; skipped++)
                seen_set(history, skipped, false);
            sequence->first = packet->sequence;
            sequence->first_fingerprint = packet->fingerprint;
        } else if (history->lost > 0) {
            history->lost--;
            gaps_fill(&history->gaps, number);
        }
        history->run.length = 0;
        return effect;
    } else {
        effect |= SEQUENCE_OUTSIDE_WINDOW;
    }
    bool duplicate = (effect & SEQUENCE_DUPLICATE) != 0;
    bool fallen = fall_extend(&history->fall, sequence, packet, duplicate, limits->replay_window);
    bool restarted = run_extend(&history->run, sequence, packet, duplicate);
    if (restarted || fallen) {
        if (restarted)
            restart(sequence);
        else
            fall_back(sequence);
        return SEQUENCE_RESTARTED | (history->gaps.settled > 0 ? SEQUENCE_LOSS_SETTLED | SEQUENCE_LOSS_PROVEN : 0);
    }
    return effect;
}

/* The frame is to be shown again with the counts as they are now. */
static void
write_down(struct sequence *sequence, uint32_t frame)
{
    struct ledger_entry entry = { frame, (uint32_t)sequence->highest, sequence_counts(sequence) };

    ledger_write(&sequence->history->ledger, &entry);
}

/* Whether a packet goes on from the leap, and not from before it: beyond it, by no more than the leap itself was, as in a sampled capture; or
 * just before it, late. */
static bool
goes_on_from(const struct leap *leap, const struct sequence *sequence, uint32_t number)
{
    uint32_t highest = (uint32_t)sequence->highest;
    uint32_t ahead = number - leap->number, behind = leap->number - number;

    return behind < LEAP_AT_LEAST || (ahead <= leap->number - highest && ahead < number - highest);
}

/* Whether the number is further ahead than a receiver's window, so that the packets that follow tell whether it counts. */
static bool
leaps(uint64_t distance, const struct sequence_limits *limits)
{
    return distance > LEAP_AT_LEAST && distance > limits->replay_window;
}

/* The packet that leapt is taken before the one that goes on from it; one from which nothing goes on was not its sender's. */
static unsigned
settle_leap(struct sequence *sequence, uint32_t number, const struct sequence_limits *limits, wmem_allocator_t *pool)
{
    struct leap *leap = &sequence->history->leap;
    struct ipsec_packet leapt = { .sequence = leap->number, .frame = leap->frame, .time = leap->time };
    unsigned effect = SEQUENCE_IN_ORDER;
    uint64_t distance;

    if (goes_on_from(leap, sequence, number) && is_forward(sequence, leap->number, &distance))
        effect = take_forward(sequence, &leapt, distance, limits, pool);
    leap->frame = 0;
    return effect;
}

static void
hold_leap(struct sequence *sequence, const struct ipsec_packet *packet, wmem_allocator_t *pool)
{
    struct leap *leap = &history_of(sequence, pool)->leap;

    *leap = (struct leap){ packet->sequence, packet->frame, packet->time };
    write_down(sequence, packet->frame);
}

unsigned
sequence_take(struct sequence *sequence, const struct ipsec_packet *packet,
        const struct sequence_limits *limits, wmem_allocator_t *pool)
{
    uint64_t distance;

    if (sequence_is_next(sequence, packet->sequence)) {
        sequence_take_next(sequence);
        return SEQUENCE_IN_ORDER;
    }
    if (sequence->packets++ == 0) {
        sequence->first = packet->sequence;
        sequence->first_fingerprint = packet->fingerprint;
        sequence->highest = packet->sequence;
        return SEQUENCE_IN_ORDER;   /* one packet may be anything: near its end or not, the next one tells */
    }
    unsigned effect = sequence->history && sequence->history->leap.frame != 0
            ? settle_leap(sequence, packet->sequence, limits, pool) : SEQUENCE_IN_ORDER;
    bool forward = is_forward(sequence, packet->sequence, &distance);
    if (forward && leaps(distance, limits) && effect == SEQUENCE_IN_ORDER) {
        hold_leap(sequence, packet, pool);
        return SEQUENCE_IN_ORDER;
    }
    effect |= forward
            ? take_forward(sequence, packet, distance, limits, pool)
            : take_behind(sequence, packet, distance, limits, pool);
    if (effect & ~(unsigned)(SEQUENCE_NEAR_END | SEQUENCE_WRAPPED | SEQUENCE_LOSS_SETTLED | SEQUENCE_LOSS_PROVEN))
        write_down(sequence, packet->frame);
    return effect;
}

bool
sequence_fill(struct sequence *sequence, const struct ipsec_packet *packet, wmem_allocator_t *pool)
{
    struct sequence_history *history = history_of(sequence, pool);
    uint64_t behind = sequence_behind(sequence, packet->sequence);
    bool is_missing = history->lost > 0;

    sequence->packets++;
    if (behind < OWN_WINDOW && behind <= sequence->highest)
        seen_set(history, sequence->highest - behind, true);
    if (is_missing) {
        history->lost--;
        gaps_fill(&history->gaps, sequence->highest - behind);
    }
    write_down(sequence, packet->frame);
    return is_missing;
}

void
sequence_note_replay(struct sequence *sequence)
{
    if (sequence->history)
        sequence->history->fall.replayed = true;
}

void
sequence_note_copy(struct sequence *sequence, const struct ipsec_packet *packet, wmem_allocator_t *pool)
{
    if (packet->sequence == (uint32_t)sequence->highest)
        return;                     /* it shows the counts of the packet itself */
    history_of(sequence, pool);
    write_down(sequence, packet->frame);
}

struct sequence_counts
sequence_counts(const struct sequence *sequence)
{
    struct sequence_counts counts = { sequence->packets, 0, 0, 0 };

    if (sequence->history) {
        counts.lost = sequence->history->lost;
        counts.duplicate = sequence->history->duplicate;
        counts.reordered = sequence->history->reordered;
    }
    return counts;
}

bool
sequence_counts_at(const struct sequence *sequence, uint32_t frame, uint32_t number,
        struct sequence_counts *counts)
{
    const struct sequence_history *history = sequence->history;
    number = sequence_number(sequence, number);
    struct ledger_entry base = { 0, history ? history->initial_first : sequence->first, { 1, 0, 0, 0 } };
    const struct ledger_entry *entry = NULL;

    if (history && !ledger_find(&history->ledger, frame, &entry))
        return false;
    if (entry)
        base = *entry;
    *counts = base.counts;
    /* In between each packet moves on by one; a copy of an earlier one moves nothing. */
    if (base.frame != frame && (int32_t)(number - base.highest) > 0)
        counts->packets += number - base.highest;
    return true;
}

uint64_t
sequence_settled_loss(struct sequence *sequence, uint32_t *gap_frame)
{
    return sequence->history ? gaps_take_settled(&sequence->history->gaps, gap_frame) : 0;
}

uint64_t
sequence_highest_before_restart(const struct sequence *sequence)
{
    return sequence->history ? sequence->history->before_restart : 0;
}

bool
sequence_restart_repeats(const struct sequence *sequence)
{
    return sequence->history && sequence->history->restart_repeats;
}

bool
sequence_restart_fell(const struct sequence *sequence)
{
    return sequence->history && sequence->history->restart_fell;
}

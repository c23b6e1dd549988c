/* sequence.h
 * The sequence numbers of one SA, as a receiver's anti-replay window sees them (RFC 4303 section
 * 3.4.3), and the counts that follow from them.
 *
 * A healthy SA needs two numbers: the first and the highest seen. Everything that a second pass
 * wants to know of a frame in between follows by subtraction. Only the first irregularity allocates
 * a history: the window itself and a ledger with one entry per irregular frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SEQUENCE_H
#define SPISCOPE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/wmem/wmem.h>

#include "../event.h"
#include "ledger.h"

/** What one packet did to the sequence; several can hold at once. */
enum sequence_effect {
    SEQUENCE_IN_ORDER = 0,
    SEQUENCE_GAP = 1 << 0,          /**< numbers were skipped before this one */
    SEQUENCE_LATE = 1 << 1,         /**< it fills a gap: reordered on the way */
    SEQUENCE_DUPLICATE = 1 << 2,    /**< this number was seen before */
    SEQUENCE_OUTSIDE_WINDOW = 1 << 3, /**< too far behind for the receiver's window */
    SEQUENCE_RESTARTED = 1 << 4,    /**< the sender began again on the same SPI, or fell back and goes on from there */
    SEQUENCE_NEAR_END = 1 << 5,     /**< about to pass 2^32; said once */
    SEQUENCE_WRAPPED = 1 << 6,      /**< passed 2^32 */
    SEQUENCE_LOSS_SETTLED = 1 << 7, /**< missing numbers count as lost: they are a second late */
    SEQUENCE_LOSS_PROVEN = 1 << 8   /**< and the receiver's window has passed them */
};

struct sequence_history;

/** Embedded in each SA. All zero before the first packet. */
struct sequence {
    uint64_t highest;               /**< extended over wraps */
    uint64_t packets;
    struct sequence_history *history; /**< NULL while nothing irregular was seen */
    uint32_t first;                 /**< lowest number of the first packets */
    uint32_t first_fingerprint;
    bool is_swapped;                /**< the sender counts in little-endian: numbers here are as it means them */
};

/** How the sequence is judged. */
struct sequence_limits {
    uint32_t replay_window;         /**< packets; of the receiver */
};

/** Whether the SA's second number goes on from its first one if both are read in little-endian, and is millions ahead or behind
 * if not. If so, that is how the sender counts from now on: the caller swaps further numbers, with sequence_number. */
bool sequence_turns_swapped(struct sequence *sequence, uint32_t number);

/** A number on the wire as its sender means it. */
uint32_t sequence_number(const struct sequence *sequence, uint32_t number);

/** Numbers from here on are "about to wrap": 2^24 are left, minutes at 100,000 packets a second. */
#define SEQUENCE_NEAR_END_FROM (UINT32_MAX - (1U << 24))

/* sequence_is_behind for any number. */
bool sequence_looks_behind(const struct sequence *sequence, uint32_t number);

/** Whether it is just the number that comes next, of a sequence of which nothing is missing and nothing else is to be said: most are. */
static inline bool
sequence_is_next(const struct sequence *sequence, uint32_t number)
{
    return !sequence->history && number == (uint32_t)sequence->highest + 1 && sequence->packets != 0
            && number - 1 < SEQUENCE_NEAR_END_FROM - 1;        /* 0 has begun anew */
}

/** Takes a packet of which sequence_is_next holds: SEQUENCE_IN_ORDER. */
static inline void
sequence_take_next(struct sequence *sequence)
{
    sequence->packets++;
    sequence->highest++;
}

/** Whether this number is not beyond the highest one: late, seen before, or of a new start. */
static inline bool
sequence_is_behind(const struct sequence *sequence, uint32_t number)
{
    return !sequence_is_next(sequence, number) && sequence_looks_behind(sequence, number);
}

/** Takes the SA's next packet; copies that the capture itself made are the caller's to drop.
 * @return a set of enum sequence_effect
 * The history is allocated from pool and lives as long as that. */
unsigned sequence_take(struct sequence *sequence, const struct ipsec_packet *packet,
        const struct sequence_limits *limits, wmem_allocator_t *pool);

/** Takes a packet behind the highest number that was not late, but seen at another place: it fills what was missing.
 * @return whether its number had been missing */
bool sequence_fill(struct sequence *sequence, const struct ipsec_packet *packet, wmem_allocator_t *pool);

/** Notes that the packet that was just taken is known to be a copy of an earlier one, or out of time order: numbers behind the
 * highest that hold it are no fallback of the sender. */
void sequence_note_replay(struct sequence *sequence);

/** Notes a copy that the capture made, so that its frame shows the counts as they were then. */
void sequence_note_copy(struct sequence *sequence, const struct ipsec_packet *packet, wmem_allocator_t *pool);

/** The counts as they were at a frame that was taken before.
 * @param number  the sequence number on the wire in that frame
 * @return false where they can't be told any more (the ledger is full) */
bool sequence_counts_at(const struct sequence *sequence, uint32_t frame, uint32_t number,
        struct sequence_counts *counts);

/** The counts now. */
struct sequence_counts sequence_counts(const struct sequence *sequence);

/** Numbers that went missing for good since this was last asked, and the frame behind the first gap. */
uint64_t sequence_settled_loss(struct sequence *sequence, uint32_t *gap_frame);

/** How far behind the highest number this one is, in packets; 0 for the highest itself. */
uint64_t sequence_behind(const struct sequence *sequence, uint32_t number);

/** Whether the last restart began with a number that another packet had had. */
bool sequence_restart_repeats(const struct sequence *sequence);

/** Whether the last restart was a fallback: not to the beginning. */
bool sequence_restart_fell(const struct sequence *sequence);

/** The highest number that was seen before the sequence restarted; 0 if it never did. */
uint64_t sequence_highest_before_restart(const struct sequence *sequence);

#endif /* SPISCOPE_SEQUENCE_H */

/* gaps.h
 * The numbers that an SA's packets skipped. They may still come: reordering lasts milliseconds. After a second, or once
 * the receiver's anti-replay window has passed them (RFC 4303 section 3.4.3), they count as lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_GAPS_H
#define SPISCOPE_GAPS_H

#include "../event.h"

/** Gaps that may still be filled, told apart; later ones share the last place. */
#define GAPS_AT_MOST 8

struct gap {
    uint64_t first;
    uint64_t end;                   /**< the number after it */
    uint64_t missing;
    nstime_t time;                  /**< of the packet behind it */
    uint32_t frame;
};

/** All zero where nothing is missing. */
struct gaps {
    struct gap open[GAPS_AT_MOST];  /**< oldest first */
    unsigned count;
    uint32_t settled_frame;         /**< behind the first of those that are settled */
    uint64_t settled;               /**< lost, not yet asked for */
};

/** A packet came behind a gap of the numbers from first up to the one before end. */
void gaps_open(struct gaps *gaps, const struct ipsec_packet *packet, uint64_t first, uint64_t end);

/** A number came late. */
void gaps_fill(struct gaps *gaps, uint64_t number);

/** Settles the gaps that are old, or that the window has passed.
 * @param highest  number so far
 * @param window   packets
 * @param proven   is set where the window has passed some
 * @return whether numbers are lost now */
bool gaps_settle(struct gaps *gaps, uint64_t highest, uint32_t window, const nstime_t *now, bool *proven);

/** Settles all of them. */
void gaps_close(struct gaps *gaps);

/** Numbers that were settled since this was last asked.
 * @param frame  gets the one behind the first of them */
uint64_t gaps_take_settled(struct gaps *gaps, uint32_t *frame);

#endif /* SPISCOPE_GAPS_H */

/* gaps.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gaps.h"

#include "../clock.h"

/* Reordering lasts milliseconds; after a second a missing number counts as lost. */
#define LATE_AT_MOST_MS 1000

/* The oldest gap counts as lost. */
static void
close_first(struct gaps *gaps)
{
    if (gaps->settled == 0)
        gaps->settled_frame = gaps->open[0].frame;
    gaps->settled += gaps->open[0].missing;
    gaps->count--;
    memmove(&gaps->open[0], &gaps->open[1], gaps->count * sizeof gaps->open[0]);
}

void
gaps_close(struct gaps *gaps)
{
    while (gaps->count > 0)
        close_first(gaps);
}

bool
gaps_settle(struct gaps *gaps, uint64_t highest, uint32_t window, const nstime_t *now, bool *proven)
{
    bool lost = false;

    while (gaps->count > 0) {
        const struct gap *gap = &gaps->open[0];
        bool passed = highest - gap->end >= window;
        if (!passed && !clock_passed_ms(&gap->time, now, LATE_AT_MOST_MS))
            break;
        if (gap->missing > 0) {
            lost = true;
            *proven |= passed;
        }
        close_first(gaps);
    }
    return lost;
}

void
gaps_open(struct gaps *gaps, const struct ipsec_packet *packet, uint64_t first, uint64_t end)
{
    struct gap *gap = &gaps->open[gaps->count < GAPS_AT_MOST ? gaps->count : GAPS_AT_MOST - 1];

    if (gaps->count < GAPS_AT_MOST) {
        gaps->count++;
        gap->first = first;
        gap->missing = 0;
        gap->frame = packet->frame;
    }
    gap->end = end;
    gap->missing += end - first;
    gap->time = packet->time;
}

void
gaps_fill(struct gaps *gaps, uint64_t number)
{
    for (unsigned i = 0; i < gaps->count; i++) {
        struct gap *gap = &gaps->open[i];
        if (number >= gap->first && number < gap->end && gap->missing > 0) {
            gap->missing--;
            return;
        }
    }
}

uint64_t
gaps_take_settled(struct gaps *gaps, uint32_t *frame)
{
    uint64_t lost = gaps->settled;

    *frame = gaps->settled_frame;
    gaps->settled = 0;
    return lost;
}

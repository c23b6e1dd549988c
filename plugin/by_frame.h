/* by_frame.h
 * Lists that ascend by frame, looked up by halves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_BY_FRAME_H
#define SPISCOPE_BY_FRAME_H

#include <stdint.h>

/** The frame of a list's entry with this index. */
typedef uint32_t frame_of_entry(const void *list, uint32_t i);

/** The index of the first of count entries at or after a frame; count where there is none. */
static inline uint32_t
by_frame_first(const void *list, uint32_t count, frame_of_entry *frame_of, uint32_t frame)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + ((high - low) / 2);
        if (frame_of(list, middle) < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif /* SPISCOPE_BY_FRAME_H */

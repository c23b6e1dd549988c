/* shared_trouble.h
 * Troubles that tunnels share: several of one gateway went down together, which is that gateway or its path, and not the others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SHARED_TROUBLE_H
#define SPISCOPE_SHARED_TROUBLE_H

#include "judge.h"

/** Frames that are named of one trouble. */
#define SHARED_FRAMES_AT_MOST 8

struct shared_trouble {
    uint32_t tunnels;               /**< that went down, each once */
    const uint32_t *id;             /**< of those tunnels, in the order in which they went down */
    const struct ip_address *gateway; /**< of all of them */
    nstime_t first;                 /**< when the first one went down, ... */
    nstime_t last;                  /**< ... and the last one */
    uint32_t frames;
    uint32_t frame[SHARED_FRAMES_AT_MOST]; /**< at which they went down, ascending in time */
};

/** Finds them among the tunnels' outages; owned by pool.
 * @param first  time of the capture's first frame, and
 * @param last   of its last one
 * @param count  gets how many there are, in order of time */
const struct shared_trouble *shared_troubles(wmem_allocator_t *pool, const struct tunnel_table *tunnels, const struct judge *judge,
        const nstime_t *first, const nstime_t *last, uint32_t *count);

#endif /* SPISCOPE_SHARED_TROUBLE_H */

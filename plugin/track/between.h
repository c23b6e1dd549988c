/* between.h
 * What is known of a tunnel's way between two capture points that follow each other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_BETWEEN_H
#define SPISCOPE_BETWEEN_H

#include "copies.h"

/** One direction. */
struct between_way {
    bool is_known;                  /**< in which order its packets pass the points */
    uint64_t arrived;               /**< packets that were seen at the point behind, and at another one before */
    struct passage_loss lost;       /**< on the way to it */
};

struct between {
    uint8_t from;                   /**< the point nearer to the tunnel's first peer */
    uint8_t to;
    bool knows_round_trip;
    bool knows_clock;
    int64_t round_trip;             /**< microseconds: from one to the other and back, without the time that answers take */
    int64_t ahead;                  /**< microseconds that the clock of to is ahead of that of from, if both directions take as long */
    struct between_way way[2];      /**< as the tunnel's flows */
};

/** All pairs of points that follow each other on a tunnel's way.
 * @return how many; 0 where there are not several points, or their order is not known */
unsigned between_points(const struct copies *copies, const struct tunnel *tunnel, struct between list[POINTS_AT_MOST]);

#endif /* SPISCOPE_BETWEEN_H */

/* share.h
 * Which share of an SA's packets goes wrong, measured over a minute or longer. Asked only when one does: nothing is kept for
 * packets that are well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SHARE_H
#define SPISCOPE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/nstime.h>

/** What was measured. */
struct share_seen {
    uint64_t bad;
    uint64_t of;                    /**< packets in all */
    nstime_t since;
    nstime_t span;
    uint32_t since_frame;
    bool is_few;                    /**< few packets, of which so many went wrong that it is no chance */
};

/** All zero at first. */
struct share {
    bool is_open;
    uint32_t since_frame;
    nstime_t since;
    uint64_t base;                  /**< packets before it */
    uint64_t bad;
    uint64_t largest;               /**< of those that went wrong at once */
    uint64_t last;                  /**< packets up to the latest one that did */
    uint64_t nearest;               /**< packets from one time to the next, at least ... */
    uint64_t farthest;              /**< ... and at most */
};

/** Takes that so many packets went wrong at once.
 * @param total   the SA's packets so far, with these
 * @param one_in  of so many packets, one that goes wrong is too much
 * @param seen    gets what was measured, where it is true
 * @return whether it was too much, over a minute and longer, and no regular sample; what went wrong at once, and as often as nothing else, does not count */
bool share_add(struct share *share, uint64_t bad, uint64_t total, const nstime_t *now, uint32_t frame, uint32_t one_in,
        struct share_seen *seen);

#endif /* SPISCOPE_SHARE_H */

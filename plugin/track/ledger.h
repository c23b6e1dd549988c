/* ledger.h
 * What an SA's counts were at its irregular frames, so that these frames can be shown again. In between, each packet
 * moves on by one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LEDGER_H
#define SPISCOPE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/wmem/wmem.h>

/** Counts up to and including some frame. */
struct sequence_counts {
    uint64_t packets;
    uint64_t lost;
    uint32_t duplicate;
    uint32_t reordered;
};

struct ledger_entry {
    uint32_t frame;
    uint32_t highest;               /**< low 32 bits of the highest number seen */
    struct sequence_counts counts;
};

struct ledger {
    wmem_array_t *entries;          /**< ascending by frame */
};

/** An empty one, whose entries are the pool's. */
struct ledger ledger_create(wmem_allocator_t *pool);

/** Frames ascend. A full ledger takes no more. */
void ledger_write(struct ledger *ledger, const struct ledger_entry *entry);

/** The last entry at or before the frame.
 * @return false where that can't be told, since the ledger was full by then; entry is NULL where there is none */
bool ledger_find(const struct ledger *ledger, uint32_t frame, const struct ledger_entry **entry);

#endif /* SPISCOPE_LEDGER_H */

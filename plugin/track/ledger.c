/* ledger.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ledger.h"

#include "../by_frame.h"

/* Past this an SA is no longer merely irregular, and its past frames show no counts. */
#define ENTRIES_AT_MOST 65536

struct ledger
ledger_create(wmem_allocator_t *pool)
{
    struct ledger ledger = { wmem_array_new(pool, sizeof(struct ledger_entry)) };

    return ledger;
}

/* One more than can be found: it tells since when the ledger is full. */
void
ledger_write(struct ledger *ledger, const struct ledger_entry *entry)
{
    if (wmem_array_get_count(ledger->entries) <= ENTRIES_AT_MOST)
        wmem_array_append(ledger->entries, entry, 1);
}

static uint32_t
frame_of(const void *list, uint32_t i)
{
    return ((const struct ledger_entry *)list)[i].frame;
}

bool
ledger_find(const struct ledger *ledger, uint32_t frame, const struct ledger_entry **entry)
{
    const struct ledger_entry *entries = wmem_array_get_raw(ledger->entries);
    uint32_t count = wmem_array_get_count(ledger->entries);

    *entry = NULL;
    if (count > ENTRIES_AT_MOST && frame > entries[ENTRIES_AT_MOST].frame)
        return false;
    uint32_t behind = frame < UINT32_MAX ? by_frame_first(entries, count, frame_of, frame + 1) : count;
    if (behind > 0)
        *entry = &entries[behind - 1];
    return true;
}

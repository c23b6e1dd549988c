/* share.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "share.h"

#include "../clock.h"

#define SECONDS_AT_LEAST 60

/* With loss of one in twenty, which is nothing, a tenth or more of so many packets are lost once in a million times: the
 * binomial distribution's mean is 20 there, its standard deviation 4.4, and a tenth lies 4.6 of these above. */
#define PACKETS_AT_LEAST 400

static void
begin(struct share *share, uint64_t base, const nstime_t *now, uint32_t frame)
{
    *share = (struct share){ .is_open = true, .base = base, .since = *now, .since_frame = frame };
}

bool
share_add(struct share *share, uint64_t bad, uint64_t total, const nstime_t *now, uint32_t frame, uint32_t one_in,
        struct share_seen *seen)
{
    if (!share->is_open || total < share->base)
        begin(share, total > bad ? total - bad : 0, now, frame);
    share->bad += bad;
    share->largest = bad > share->largest ? bad : share->largest;
    uint64_t of = total - share->base;
    if (!clock_passed(&share->since, now, SECONDS_AT_LEAST) || of < PACKETS_AT_LEAST)
        return false;
    *seen = (struct share_seen){ .bad = share->bad, .of = of, .since = share->since, .span = clock_elapsed(&share->since, now),
            .since_frame = share->since_frame };
    uint64_t steady = share->bad - share->largest, others = of > share->largest ? of - share->largest : 0;
    begin(share, total, now, frame);
    return steady > 0 && steady >= others / one_in;
}

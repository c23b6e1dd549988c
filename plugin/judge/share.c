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

/* Half of what is too much is nothing. */
#define TIMES_TOLERABLE 2

/* Of fewer packets more have to be lost for the same certainty. By Bernstein's inequality at most once in a million times t more than the
 * mean are lost, where t * t is 27.6 times (mean + t / 3): 18 of 60 are enough, 12 of 40 are not. */
#define BERNSTEIN_TENTHS 276
#define TENTHS UINT64_C(10)

static void
begin(struct share *share, uint64_t base, const nstime_t *now, uint32_t frame)
{
    *share = (struct share){ .is_open = true, .base = base, .since = *now, .since_frame = frame };
}

static void
note_distance(struct share *share, uint64_t total)
{
    uint64_t distance = total - share->last;

    if (share->last > 0) {
        share->nearest = share->nearest == 0 || distance < share->nearest ? distance : share->nearest;
        share->farthest = distance > share->farthest ? distance : share->farthest;
    }
    share->last = total;
}

/* More than chance: and not each third packet, say, which a capture left out that is only a sample. */
static bool
is_beyond_chance(const struct share *share, uint64_t bad, uint64_t of, uint32_t one_in)
{
    uint64_t mean = of / ((uint64_t)TIMES_TOLERABLE * one_in) + 1, above = bad > mean ? bad - mean : 0;

    return share->farthest > share->nearest + 1 && TENTHS * above * above >= BERNSTEIN_TENTHS * mean + BERNSTEIN_TENTHS * above / 3;
}

bool
share_add(struct share *share, uint64_t bad, uint64_t total, const nstime_t *now, uint32_t frame, uint32_t one_in,
        struct share_seen *seen)
{
    uint64_t before = total > bad ? total - bad : 0, of_before = before > share->base ? before - share->base : 0;
    /* what was well until now says nothing of what begins now */
    bool was_well = of_before < PACKETS_AT_LEAST && share->bad * TIMES_TOLERABLE * one_in < of_before;

    if (!share->is_open || total < share->base || was_well)
        begin(share, before, now, frame);
    share->bad += bad;
    share->largest = bad > share->largest ? bad : share->largest;
    note_distance(share, total);
    uint64_t of = total - share->base;
    uint64_t steady = share->bad - share->largest, others = of > share->largest ? of - share->largest : 0;
    if (!clock_passed(&share->since, now, SECONDS_AT_LEAST) || (of < PACKETS_AT_LEAST && !is_beyond_chance(share, steady, others, one_in)))
        return false;
    *seen = (struct share_seen){ .bad = share->bad, .of = of, .since = share->since, .span = clock_elapsed(&share->since, now),
            .since_frame = share->since_frame, .is_few = of < PACKETS_AT_LEAST };
    begin(share, total, now, frame);
    return steady > 0 && steady >= others / one_in;
}

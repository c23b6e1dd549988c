/* between.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "between.h"

/* The points of a direction, and what it lost on the way to each. */
struct passed {
    unsigned count;
    uint8_t order[POINTS_AT_MOST];
    struct passage_loss lost[POINTS_AT_MOST];
};

static void
take_way(struct between *between, unsigned direction, const struct passage_way *way, const struct passed *passed)
{
    unsigned to = direction == 0 ? between->to : between->from;

    between->way[direction].is_known = passed->count > 0;
    between->way[direction].arrived = way->reached[to];
    if (passed->count > 0)
        between->way[direction].lost = passed->lost[to];
}

unsigned
between_points(const struct copies *copies, const struct tunnel *tunnel, struct between list[POINTS_AT_MOST])
{
    const struct passage *passage = tunnel->passage;
    struct passed passed[2];

    for (unsigned i = 0; i < 2; i++)
        passed[i].count = copies_losses(copies, &tunnel->flow[i], passed[i].order, passed[i].lost);
    unsigned leads = passed[0].count > 0 ? 0 : 1, count = passed[leads].count;
    for (unsigned i = 1; i < count; i++) {
        struct between *between = &list[i - 1];
        *between = (struct between){ .from = leads == 0 ? passed[0].order[i - 1] : passed[1].order[count - i],
                .to = leads == 0 ? passed[0].order[i] : passed[1].order[count - i - 1] };
        between->knows_round_trip = passage_round_trip(passage, between->from, between->to, &between->round_trip);
        between->knows_clock = passage_clock_ahead(passage, between->to, between->from, &between->ahead);
        for (unsigned direction = 0; direction < 2; direction++)
            take_way(between, direction, &passage->way[direction], &passed[direction]);
    }
    return count > 0 ? count - 1 : 0;
}

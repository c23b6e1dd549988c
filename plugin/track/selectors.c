/* selectors.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "selectors.h"

static bool
contains(const struct traffic_selector *outer, const struct traffic_selector *inner)
{
    return outer->start.length == inner->start.length
            && memcmp(outer->start.bytes, inner->start.bytes, sizeof outer->start.bytes) <= 0
            && memcmp(outer->end.bytes, inner->end.bytes, sizeof outer->end.bytes) >= 0
            && (outer->protocol == 0 || outer->protocol == inner->protocol)
            && outer->start_port <= inner->start_port && outer->end_port >= inner->end_port;
}

bool
selectors_contain(const struct selectors *outer, const struct selectors *inner)
{
    for (unsigned i = 0; i < inner->count; i++) {
        bool found = false;
        for (unsigned o = 0; o < outer->count && !found; o++)
            found = contains(&outer->item[o], &inner->item[i]);
        if (!found)
            return false;
    }
    return true;
}

bool
selectors_equal(const struct selectors *a, const struct selectors *b)
{
    return selectors_contain(a, b) && selectors_contain(b, a);
}

bool
selectors_overlap(const struct selectors *a, const struct selectors *b)
{
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < b->count; j++) {
            const struct traffic_selector *one = &a->item[i], *other = &b->item[j];
            if (one->start.length == other->start.length
                    && memcmp(one->start.bytes, other->end.bytes, sizeof one->start.bytes) <= 0
                    && memcmp(other->start.bytes, one->end.bytes, sizeof one->start.bytes) <= 0
                    && (one->protocol == 0 || other->protocol == 0 || one->protocol == other->protocol)
                    && one->start_port <= other->end_port && other->start_port <= one->end_port)
                return true;
        }
    }
    return false;
}

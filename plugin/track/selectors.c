/* selectors.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "selectors.h"

#define PORT_MAX 65535

/* No port: packets whose ports can't be seen, as in fragments (RFC 7296 section 3.13.1). */
static bool
is_opaque(const struct traffic_selector *selector)
{
    return selector->start_port == PORT_MAX && selector->end_port == 0;
}

/* Any port, and none: what can't be seen too (RFC 4301 section 4.4.1.1). */
static bool
is_any(const struct traffic_selector *selector)
{
    return selector->start_port == 0 && selector->end_port == PORT_MAX;
}

static bool
ports_contain(const struct traffic_selector *outer, const struct traffic_selector *inner)
{
    if (is_any(outer))
        return true;
    if (is_opaque(outer) || is_opaque(inner))
        return is_opaque(outer) && is_opaque(inner);
    return outer->start_port <= inner->start_port && outer->end_port >= inner->end_port;
}

static bool
ports_overlap(const struct traffic_selector *a, const struct traffic_selector *b)
{
    if (is_any(a) || is_any(b))
        return true;
    if (is_opaque(a) || is_opaque(b))
        return is_opaque(a) && is_opaque(b);
    return a->start_port <= b->end_port && b->start_port <= a->end_port;
}

static bool
contains(const struct traffic_selector *outer, const struct traffic_selector *inner)
{
    return outer->start.length == inner->start.length
            && memcmp(outer->start.bytes, inner->start.bytes, sizeof outer->start.bytes) <= 0
            && memcmp(outer->end.bytes, inner->end.bytes, sizeof outer->end.bytes) >= 0
            && (outer->protocol == 0 || outer->protocol == inner->protocol)
            && ports_contain(outer, inner);
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
                    && ports_overlap(one, other))
                return true;
        }
    }
    return false;
}

/* overview.h
 * All tunnels at a glance: how many are in which state, the worst first, and the gateway that most of them share. The pairs of a scan are
 * none of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OVERVIEW_H
#define SPISCOPE_OVERVIEW_H

#include "scan.h"
#include "verdict.h"

/** So many tunnels or fewer are all told and drawn in full, whatever they are like. */
#define OVERVIEW_FEW 5

struct overview_row {
    const struct tunnel *tunnel;
    const char *name;               /**< of its gateways, or NULL */
    struct verdict verdict;
    const struct ip_address *sought; /**< where there is a hub: the address of the other peer */
};

struct overview {
    uint32_t tunnels;
    uint32_t count[STATES];         /**< by enum state */
    uint32_t troubled;              /**< tunnels that are not well: the first rows */
    struct overview_row *row;       /**< all: by state, the worst first; then by outages, the most and the longest first; then by the address of the
                                         peer that is not the hub, where there is one; then in order of appearance */
    const struct overview_row **of; /**< each tunnel's row, by its number; NULL for a pair of the scan */
    const struct ip_address *hub;   /**< a gateway of more than half of them, and of three at least; or NULL */
    struct scan scan;
};

/** Whether users of a tunnel in this state feel that something is wrong.
 * @param state  enum state */
bool overview_is_troubled(uint8_t state);

/** Looks at every tunnel as it stands at judge->now; owned by pool. */
struct overview overview_of(wmem_allocator_t *pool, const struct tunnel_table *tunnels, const struct judge *judge);

/** The peer that the hub is not, or -1 where the tunnel has no part in the hub, or is its own. */
int overview_spoke(const struct overview *overview, const struct tunnel *tunnel);

#endif /* SPISCOPE_OVERVIEW_H */

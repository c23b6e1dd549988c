/* scan.h
 * A scan: so many pairs of addresses of which one asked for an IKE SA, once or twice, and nobody answered, that they are no tunnels that are
 * down; or of which one answers what the other was not seen to ask, as it does to forged addresses. A peer that asks for longer, or was heard, or
 * carries traffic, is none of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SCAN_H
#define SPISCOPE_SCAN_H

#include "../track/tunnel.h"

/** All zero where there are too few for a scan: then they are told one by one, as tunnels. */
struct scan {
    uint32_t pairs;
    uint64_t frames;
    nstime_t first;
    nstime_t last;
    const struct tunnel *first_pair; /**< in order of appearance */
};

/** A walk along all tunnels. */
struct scan scan_of(const struct tunnel_table *tunnels);

/** Whether the tunnel is a pair of the scan. */
bool scan_holds(const struct scan *scan, const struct tunnel *tunnel);

#endif /* SPISCOPE_SCAN_H */

/* path.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "path.h"

void
path_take_icmp(const struct tunnel_table *tunnels, const struct icmp_error *error)
{
    struct flow *flow = tunnel_find(tunnels, &error->source, &error->destination);

    if (flow)
        flow->tunnel->icmp_errors++;
}

void
path_take_lost(const struct tunnel_table *tunnels, const struct lost_packet *lost)
{
    struct flow *flow = tunnel_find(tunnels, &lost->source, &lost->destination);

    if (flow)
        flow->tunnel->lost_in_fragments++;
}

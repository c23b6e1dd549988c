/* gateways.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gateways.h"

/* As the tunnel began, or as it goes on behind a NAT. */
static bool
is_at(const struct tunnel *tunnel, int peer, const struct ip_address *address)
{
    return ip_address_equal(&tunnel->peer[peer].address, address) || ip_address_equal(&tunnel->flow[peer].source.address, address);
}

const struct gateway_pair *
gateways_find(const struct gateways *gateways, const struct tunnel *tunnel)
{
    for (unsigned i = 0; i < gateways->count; i++) {
        const struct ip_address *peer = gateways->pair[i].peer;
        if ((is_at(tunnel, 0, &peer[0]) && is_at(tunnel, 1, &peer[1])) || (is_at(tunnel, 0, &peer[1]) && is_at(tunnel, 1, &peer[0])))
            return &gateways->pair[i];
    }
    return NULL;
}

const char *
gateways_name(const struct gateways *gateways, const struct tunnel *tunnel)
{
    const struct gateway_pair *pair = gateways_find(gateways, tunnel);

    return pair && pair->name[0] != '\0' ? pair->name : NULL;
}

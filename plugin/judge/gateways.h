/* gateways.h
 * What the user knows of pairs of gateways: a name, and the lifetimes that they are configured with.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_GATEWAYS_H
#define SPISCOPE_GATEWAYS_H

#include "../track/tunnel.h"

struct gateway_pair {
    struct ip_address peer[2];      /**< in any order */
    const char *name;               /**< UTF-8; "": none */
    uint32_t phase1_lifetime;       /**< as configured, in seconds; 0: not given */
    uint32_t phase2_lifetime;
};

/** All zero: none is known. */
struct gateways {
    const struct gateway_pair *pair; /**< the first that fits counts */
    unsigned count;
};

/** What is known of a tunnel's gateways, whatever the ports: NULL where nothing is. */
const struct gateway_pair *gateways_find(const struct gateways *gateways, const struct tunnel *tunnel);

/** The name of a tunnel's gateways, or NULL. */
const char *gateways_name(const struct gateways *gateways, const struct tunnel *tunnel);

#endif /* SPISCOPE_GATEWAYS_H */

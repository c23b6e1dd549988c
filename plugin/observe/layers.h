/* layers.h
 * Which protocols a frame holds, outermost first, and what of them an ICMP error merely quotes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LAYERS_H
#define SPISCOPE_LAYERS_H

#include <epan/packet.h>

#include "../event.h"

/** How many headers of each protocol stand in a frame before an ICMP message. */
struct layers {
    unsigned esp;
    unsigned ah;
    unsigned isakmp;
};

/** Looks up the protocols; to be called once, when all are registered. */
void layers_handoff(void);

/** Counts a frame's headers. The only work that a frame without IPsec causes. */
struct layers layers_of(const packet_info *pinfo);

/** The frame's innermost IP addresses, with the ports if they are UDP's. An address that is neither
 * IPv4 nor IPv6 has length 0. */
void layers_endpoints(const packet_info *pinfo, struct endpoint *source, struct endpoint *destination);

#endif /* SPISCOPE_LAYERS_H */

/* mapping.h
 * Whether each peer sends to where the other one sends from. A NAT expects answers under the address and port that it gave
 * (RFC 3948 section 1), and RFC 7296 section 2.23 has a peer follow them when they change.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MAPPING_H
#define SPISCOPE_MAPPING_H

#include "change.h"

/** Takes an IPsec packet of the flow, once the flow has its addresses.
 * @param grace  seconds that a peer has to follow */
void mapping_take(struct flow *flow, struct sa *sa, const struct ipsec_packet *packet, uint32_t grace, struct changes *changes);

/** Takes a copy of an earlier packet: where its addresses are others, the capture sees both sides of a NAT, and each packet under two. */
void mapping_take_copy(struct flow *flow, const struct ipsec_packet *packet);

/** Whether what came on IKE's port goes on with the SPI and the numbers of what came there before it. Remembers it for the next one. */
bool mapping_knows_misported(struct flow *flow, const struct ipsec_packet *packet);

/** Whether this flow's packets go astray, as far as was seen last. */
bool mapping_goes_astray(const struct flow *flow);

#endif /* SPISCOPE_MAPPING_H */

/* ipsec.h
 * An ESP or AH packet, from the bytes of its header.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IPSEC_H
#define SPISCOPE_IPSEC_H

#include <epan/packet.h>

#include "../event.h"
#include "places.h"

/** Whether what came on IKE's port can't be IKE, by its length, and has room for ESP: some gateways send ESP there by mistake.
 * @param place  an ISAKMP header that was found */
bool ipsec_is_on_ike_port(const struct place *place);

/** @param time   the frame's
 * @param place  a header that was found */
void ipsec_read(const packet_info *pinfo, const nstime_t *time, const struct place *place, struct ipsec_packet *packet);

#endif /* SPISCOPE_IPSEC_H */

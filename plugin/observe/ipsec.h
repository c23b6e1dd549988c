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

/** @param time   the frame's
 * @param place  a header that was found */
void ipsec_read(const packet_info *pinfo, const nstime_t *time, const struct place *place, struct ipsec_packet *packet);

#endif /* SPISCOPE_IPSEC_H */

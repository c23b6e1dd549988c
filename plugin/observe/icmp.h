/* icmp.h
 * ICMP errors that quote IKE, ESP or AH (RFC 792, RFC 1191, RFC 4443).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_ICMP_H
#define SPISCOPE_OBSERVE_ICMP_H

#include <epan/packet.h>

#include "../event.h"
#include "places.h"

/** @param place  an ICMP header that was found
 * @return whether it is an error, and quotes any of them */
bool icmp_read(const packet_info *pinfo, const struct place *place, struct icmp_error *error);

#endif /* SPISCOPE_OBSERVE_ICMP_H */

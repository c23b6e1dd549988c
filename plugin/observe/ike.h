/* ike.h
 * An IKE message, from the bytes of its header and payloads. What the ISAKMP dissector decrypted or put
 * together of fragments is found in the data sources that it added behind the one which holds the message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_H
#define SPISCOPE_OBSERVE_IKE_H

#include <epan/packet.h>

#include "../event.h"
#include "places.h"

struct ike_observer;

/** Owned by pool. */
struct ike_observer *ike_observer_create(wmem_allocator_t *pool);

/** Reads a message for the first time, in the order of the capture.
 * @param place  where it was found
 * @return whether it is one that can be tracked */
bool ike_observe(struct ike_observer *observer, const packet_info *pinfo, const struct place *place, struct ike_message *message);

#endif /* SPISCOPE_OBSERVE_IKE_H */

/* ike.h
 * The IKE messages of a frame, from the ISAKMP dissector's fields.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_H
#define SPISCOPE_OBSERVE_IKE_H

#include <epan/packet.h>

#include "../event.h"

struct ike_observer;

/** Owned by pool. */
struct ike_observer *ike_observer_create(wmem_allocator_t *pool);

/** The ids of the fields that the first pass needs; to be appended to wanted. */
void ike_wanted_fields(GArray *wanted);

/** Reads a frame for the first time.
 * @return whether it holds an IKE message; one quoted in an ICMP error does not count */
bool ike_observe(const struct ike_observer *observer, packet_info *pinfo, proto_tree *tree,
        struct ike_message *message);

#endif /* SPISCOPE_OBSERVE_IKE_H */

/* ike.h
 * The IKE messages of a frame, from the ISAKMP dissector's tree: it says where the message and its
 * payloads lie, in tree order. What it decrypts, reassembles or takes out of vendors' captures comes
 * along. A field that is wanted costs every packet some thirty instructions, so what a payload holds
 * is read from its bytes, and four fields are wanted instead of eighty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_H
#define SPISCOPE_OBSERVE_IKE_H

#include <epan/packet.h>

#include "../event.h"
#include "layers.h"

struct ike_observer;

/** Owned by pool. */
struct ike_observer *ike_observer_create(wmem_allocator_t *pool);

/** The ids of the fields that the first pass needs; to be appended to wanted. */
void ike_wanted_fields(GArray *wanted);

/** Reads a frame that holds a message, for the first time.
 * @return whether it could be read */
bool ike_observe(const struct ike_observer *observer, const packet_info *pinfo, const proto_tree *tree,
        struct ike_message *message);

#endif /* SPISCOPE_OBSERVE_IKE_H */

/* ipsec.h
 * The ESP and AH packets of a frame, as Wireshark's dissectors found them.
 *
 * A field that is wanted costs a thirtieth of the dissection of an ESP packet. So the fields of ESP
 * and AH are wanted only until a capture has shown that its headers are found without them: that
 * they lie where they lay before, behind an IP header that leads to them. Where they don't, as in ESP
 * over TCP, the fields are wanted again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IPSEC_H
#define SPISCOPE_OBSERVE_IPSEC_H

#include <epan/packet.h>

#include "../event.h"
#include "layers.h"

/** Nested IPsec headers in one frame that are looked at. */
#define IPSEC_AT_MOST 8

struct ipsec_observer;

/** Owned by pool. */
struct ipsec_observer *ipsec_observer_create(wmem_allocator_t *pool);

/** Whether the next frame's fields are needed. */
bool ipsec_wants_fields(const struct ipsec_observer *observer);

/** The ids of these fields; to be appended to wanted. */
void ipsec_wanted_fields(GArray *wanted);

/** Reads a frame for the first time.
 * @param tree     may lack the fields while they are not wanted
 * @param packets  IPSEC_AT_MOST of them; filled with AH, then ESP, each from the outermost inwards
 * @return how many. Headers quoted in ICMP errors are not among them. */
unsigned ipsec_observe(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo,
        proto_tree *tree, const struct layers *layers, struct ipsec_packet *packets);

/** Reads a frame again, without a tree: every place where a header may lie. Some of what is returned
 * may be other bytes that look like one; the caller keeps those whose SA it knows. */
unsigned ipsec_observe_again(const struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo,
        const struct layers *layers, struct ipsec_packet *packets);

#endif /* SPISCOPE_OBSERVE_IPSEC_H */

/* ipsec.h
 * The ESP and AH packets of a frame, as Wireshark's dissectors found them.
 *
 * In the first pass the dissectors' fields tell where the headers lie. When a frame is read again
 * there may be no tree, or one without these fields; then the places where headers lay in the first
 * pass are tried, of which a capture has few, and the caller's look-up confirms them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IPSEC_H
#define SPISCOPE_OBSERVE_IPSEC_H

#include <epan/packet.h>

#include "../event.h"

/** Nested IPsec headers in one frame that are looked at. */
#define IPSEC_AT_MOST 8

struct ipsec_observer;

/** Owned by pool. */
struct ipsec_observer *ipsec_observer_create(wmem_allocator_t *pool);

/** The ids of the fields that the first pass needs; to be appended to wanted. */
void ipsec_wanted_fields(GArray *wanted);

/** Reads a frame for the first time.
 * @param packets  IPSEC_AT_MOST of them; filled from the outermost inwards
 * @return how many. Headers quoted in ICMP errors are not among them. */
unsigned ipsec_observe(struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo,
        proto_tree *tree, struct ipsec_packet *packets);

/** Reads a frame again: every place where a header may lie. Some of what is returned may be other
 * bytes that look like one; the caller keeps those whose SA it knows. */
unsigned ipsec_observe_again(const struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo,
        struct ipsec_packet *packets);

#endif /* SPISCOPE_OBSERVE_IPSEC_H */

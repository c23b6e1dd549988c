/* fragments.h
 * IP fragments of IKE, ESP and AH that never became a whole packet. Receivers give up after a while (RFC 1122
 * section 3.3.2, RFC 8200 section 4.5), and so does this; sooner where the sender has gone on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_FRAGMENTS_H
#define SPISCOPE_OBSERVE_FRAGMENTS_H

#include <epan/packet.h>

#include "../event.h"
#include "carrier.h"

struct fragments;

/** Owned by pool. */
struct fragments *fragments_create(wmem_allocator_t *pool);

/** Takes a fragment that completes nothing.
 * @param carrier  behind its IP header */
void fragments_take(struct fragments *fragments, const packet_info *pinfo, const struct carrier *carrier);

/** Takes what Wireshark reassembled: none of its fragments is lost. */
void fragments_forget(struct fragments *fragments, const struct carrier *carrier);

/** Whether any packet is waited for. */
bool fragments_wait(const struct fragments *fragments);

/** The next packet that did not become whole in time, if there is one. */
bool fragments_expired(struct fragments *fragments, const nstime_t *now, struct lost_packet *lost);

#endif /* SPISCOPE_OBSERVE_FRAGMENTS_H */

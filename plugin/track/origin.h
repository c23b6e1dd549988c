/* origin.h
 * Which exchange made a new SPI, where no negotiation was readable: the headers tell when exchanges that make child SAs
 * were answered, and a new SPI that comes soon after is the work of one of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_ORIGIN_H
#define SPISCOPE_ORIGIN_H

#include "tunnel.h"

struct pack;

/** The exchange may have made the tunnel's next new SPIs. */
void origin_remember(struct pack *pack, struct tunnel *tunnel, struct exchange *exchange);

/** The exchange that made a new SPI of the flow: answered no longer ago than so many seconds or, where there is none,
 * the only one since the flow's last packet. NULL where there is none or several IKE SAs come into question. Claims it. For SPIs
 * that no readable negotiation named.
 * @param sure  whether it is the only exchange that comes into question; else it is the latest */
struct exchange *origin_claim(struct flow *flow, const nstime_t *now, uint32_t seconds, bool *sure);

/** Whether an exchange that was answered after one moment, and no longer than so many seconds before now, may have
 * made a new SPI of the flow that was not seen yet. */
bool origin_may_have_made_new(const struct flow *flow, const nstime_t *since, const nstime_t *now, uint32_t seconds);

/** Whether a child SA that one exchange made can have been replaced by one that another made.
 * A CREATE_CHILD_SA renews children of its own IKE SA (RFC 7296 section 1.3.3); a new initial
 * exchange replaces them all, if the old IKE SA has not outlived it by so many seconds. */
bool origin_may_replace(const struct exchange *old_origin, const struct exchange *new_origin, uint32_t seconds);

/** Whether one exchange was asked for no later than so many seconds after another was answered, as a further child is: what the other made is
 * no older, and is not renewed yet. */
bool origin_is_at_once(const struct exchange *before, const struct exchange *exchange, uint32_t seconds);

#endif /* SPISCOPE_ORIGIN_H */

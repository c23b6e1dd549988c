/* restart.h
 * A peer that lost its state: it sets up a new IKE SA while the old one still lives at the other peer, and what was
 * negotiated before is void without a Delete. Only this file says that an IKE SA was displaced.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_RESTART_H
#define SPISCOPE_RESTART_H

#include "ike_context.h"

struct ike_sa;
struct tunnel;

/** An IKE SA was established: whether it says that there is no other one any more (INITIAL_CONTACT, RFC 7296 section 2.4),
 * or may show it later. */
void restart_take_established(const struct ike_context *context, struct ike_sa *ike_sa);

/** Whether, once the grace is over, an IKE SA and its traffic turn out to have fallen silent for a new one; and whether the
 * tunnel's child SAs for the same selectors are duplicates, or one of them is void with its IKE SA. Each is said once.
 * Cheap where there is nothing to find out.
 * @param grace  seconds */
void restart_check(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes);

#endif /* SPISCOPE_RESTART_H */

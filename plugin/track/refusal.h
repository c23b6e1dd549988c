/* refusal.h
 * Refusals that were made good: a try within a minute worked, or the other peer's negotiation of the same moment did.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_REFUSAL_H
#define SPISCOPE_REFUSAL_H

#include "exchange.h"

/** A child negotiation, or the rekey of an IKE SA, got its answer: marks the refusals that are overcome by that (tried_again). */
void refusal_take_answer(struct exchange *answered);

/** Whether the notify asks to come back later, or tells the loser of a collision (RFC 7296 sections 2.25, 3.10.1). */
bool refusal_is_temporary(const struct exchange *refused);

/** Whether the exchange was read to be the rekey of its IKE SA (RFC 7296 section 1.3.2). */
bool refusal_is_of_ike_sa(const struct exchange *exchange);

#endif /* SPISCOPE_REFUSAL_H */

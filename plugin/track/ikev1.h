/* ikev1.h
 * Readable messages of IKEv1 (RFC 2408, RFC 2409): phase 1, Quick Mode, Informational.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKEV1_H
#define SPISCOPE_IKEV1_H

#include "exchange.h"

/** Takes a message that was not read before. */
void ikev1_take(struct ike_context *context, struct exchange *exchange, const struct ike_frame *frame);

/** A new IKE SA began: the one before it in its tunnel has failed if it left liveness checks (RFC 3706) unanswered. */
void ikev1_give_up_probes(const struct ike_context *context, const struct ike_sa *began);

#endif /* SPISCOPE_IKEV1_H */

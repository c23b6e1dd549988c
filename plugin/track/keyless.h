/* keyless.h
 * What the header and the size of unreadable messages prove: refusals too small to be anything else,
 * Quick Modes met by an Informational, liveness checks, authentications that lead nowhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_KEYLESS_H
#define SPISCOPE_KEYLESS_H

#include "exchange.h"
#include "ike_sa.h"

/** Takes a message whose payloads can't be read, for what its header and size prove. */
void keyless_take(struct ike_context *context, struct exchange *exchange, bool response);

/** Whether an answer of IKEv2 was seen to what nobody asked, although the capture shows what the asked one sends, or that it can't have asked yet
 * (RFC 7296 section 1.2): anybody may have sent it. */
bool keyless_answers_nothing(const struct exchange *exchange);

/** A new initial exchange began: what that proves of earlier ones in its tunnel. */
void keyless_begin_anew(struct ike_context *context, const struct ike_sa *began);

/** A new IKE SA was seen without its beginning: whether it is another one's rekey. */
void keyless_find_predecessor(const struct ike_context *context, struct ike_sa *ike_sa);

#endif /* SPISCOPE_KEYLESS_H */

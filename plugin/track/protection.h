/* protection.h
 * Messages that had to be protected and came in clear. Every message of IKEv2 behind IKE_SA_INIT is (RFC 7296 section 1.2), and every one
 * behind phase 1 of IKEv1 (RFC 2409 sections 5.5, 5.7): gateways ignore those that are not (RFC 7296 sections 2.4, 2.21.4), as
 * anybody may have sent them. But a gateway's own capture may show what it decrypted: then the whole IKE SA is in clear, or each message
 * is there in both forms.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PROTECTION_H
#define SPISCOPE_PROTECTION_H

#include "ike_context.h"

struct exchange;
struct ike_sa;

/** Whether the message is encrypted, readable or not. */
bool protection_is_on(const struct ike_message *message);

/** Whether the message had to be protected, and is. */
bool protection_is_in_use(const struct ike_message *message, const struct ike_sa *ike_sa);

/** Whether the message that is taken had to be protected and is not, although its IKE SA is, or where it belongs to none, one of the
 * tunnel between the two. It may still be the other form of an encrypted message.
 * @param ike_sa  or NULL */
bool protection_is_missing(const struct ike_context *context, const struct ike_sa *ike_sa);

/** Whether the message answers an IKE_SA_INIT although the capture shows what the asked one sends, and no such exchange is under way. It
 * may still be one of an exchange that is over.
 * @param ike_sa  of the message, or NULL */
bool protection_answers_nothing(const struct ike_context *context, const struct ike_sa *ike_sa);

/** Whether the message that is taken is encrypted with other keys than those that its IKE SA's messages were decrypted with: who receives it
 * finds that it was not its peer who sent it (RFC 7296 section 3.14). */
bool protection_is_wrong(const struct ike_message *message, const struct ike_sa *ike_sa);

/** Whether what the exchange says came in clear, and its IKE SA turned out to be protected: anybody may have said it. */
bool protection_was_missing(const struct exchange *exchange);

/** The same of what the exchange's message in that frame says: a later one with the same message ID may be the peer's own, and protected. */
bool protection_was_missing_in(const struct exchange *exchange, uint32_t frame);

/** Whether nothing shows that both peers took part in the IKE SA: it never came up, or one of them said nothing. Anybody may have
 * sent its messages. */
bool protection_is_unproven(const struct ike_sa *ike_sa);

#endif /* SPISCOPE_PROTECTION_H */

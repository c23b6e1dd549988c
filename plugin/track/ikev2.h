/* ikev2.h
 * Readable messages of IKEv2 (RFC 7296 sections 1.2 to 1.4): child SAs, rekeys, refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKEV2_H
#define SPISCOPE_IKEV2_H

#include "exchange.h"

/** What an answer to IKE_AUTH says of the authentication. */
enum ikev2_auth {
    AUTH_GOES_ON,                   /**< another round, as with EAP */
    AUTH_DONE,                      /**< it was accepted, even if the child SA was not */
    AUTH_FAILED
};

enum ikev2_auth ikev2_auth_of(const struct exchange *exchange, const struct ike_message *message);

/** Take a message that was not read before. */
void ikev2_take_request(struct ike_context *context, struct exchange *exchange);
void ikev2_take_response(struct ike_context *context, struct exchange *exchange);

#endif /* SPISCOPE_IKEV2_H */

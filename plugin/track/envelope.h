/* envelope.h
 * What the size of an encrypted IKEv2 message proves about its contents (RFC 7296 sections 3.1, 3.14;
 * RFC 5282 for combined modes).
 *
 * A message is the IKE header (28 bytes), the generic header of the SK payload (4), the IV, the
 * payloads with padding and the pad length (1), and the ICV. A sender may pad as it likes, so that
 * size proves only one thing: a message can't hold more than what is left when all of that is as
 * small as the IKE SA's algorithms allow. Those are named in clear in IKE_SA_INIT; where that was not
 * captured, the smallest of any algorithm counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_ENVELOPE_H
#define SPISCOPE_ENVELOPE_H

#include "exchange.h"
#include "ike_sa.h"

/** The smallest contents of an answer, in bytes, each the sum of its smallest payloads:
 *
 *    SA     4 header + 8 proposal + SPI (4 ESP or AH, 8 IKE) + 8 for each transform. ESP needs a
 *           cipher and AH an integrity algorithm; RFC 7296 section 3.3.3 asks for ESN beside it,
 *           which some leave out. IKE needs a cipher, a PRF and a group.
 *    Nonce  4 header + 16 (section 2.10)
 *    TS     4 header + 4 + 16 for one IPv4 range (section 3.13)
 *    KE     4 header + 4 + 32 for Curve25519, the smallest public value of the registry
 *    IDr    4 header + 4 + 1
 *    AUTH   4 header + 4 + 16, the shortest PRF's output
 *    N      4 header + 4
 *    EAP    4 header + 5, a request (RFC 3748 section 4.1); Success and Failure have 4
 *
 * An extension by which rekeys leave out what does not change would have smaller answers; none is in
 * RFC 7296, and none was seen in a capture.
 */
enum smallest_content {
    SMALLEST_CHILD_ANSWER = (4 + 8 + 4 + 8) + (4 + 16) + (2 * (4 + 4 + 16)),    /* SA, Nonce, TSi, TSr: 92 */
    SMALLEST_IKE_REKEY_ANSWER = (4 + 8 + 8 + (3 * 8)) + (4 + 16) + (4 + 4 + 32), /* SA, Nonce, KE: 104 */
    SMALLEST_AUTH_ANSWER = (4 + 4 + 1) + (4 + 4 + 16),                          /* IDr, AUTH: 33 */
    SMALLEST_AUTH_CHILD_ANSWER = SMALLEST_AUTH_ANSWER + (4 + 8 + 4 + 8) + (2 * (4 + 4 + 16)), /* and SA, TSi, TSr: 105 */
    SMALLEST_EAP_FIRST_ANSWER = (4 + 4 + 1) + (4 + 5),                          /* IDr, EAP (RFC 5998 leaves out AUTH): 18 */
    SMALLEST_EAP_LAST_ANSWER = (4 + 4 + 16) + (4 + 8 + 4 + 8) + (2 * (4 + 4 + 16)), /* AUTH, SA, TSi, TSr: 96 */
    SMALLEST_NOTIFY = 4 + 4
};

/** The most that an encrypted message of this length can hold, in bytes of payloads; 0 if it is too
 * short for any. */
uint32_t envelope_holds_at_most(const struct ike_sa *ike_sa, uint32_t length);

/** Whether the message is proven to be empty: as small as the IKE SA's known algorithms allow, and
 * these need no padding. */
bool envelope_is_empty(const struct ike_sa *ike_sa, uint32_t length);

/** Whether the answer to a CREATE_CHILD_SA is proven to be a refusal: too small for SA, Nonce, TSi and
 * TSr, and so for an IKE SA's SA, Nonce and KE too, which are larger. Says nothing about fragments. */
bool envelope_refuses_child(const struct exchange *exchange);

#endif /* SPISCOPE_ENVELOPE_H */

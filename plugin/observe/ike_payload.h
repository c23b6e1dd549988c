/* ike_payload.h
 * The contents of one IKE payload, as the RFCs lay them out. The payload itself was found, decrypted
 * and reassembled by Wireshark.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_PAYLOAD_H
#define SPISCOPE_OBSERVE_IKE_PAYLOAD_H

#include "../event.h"

/** A message that is being read, payload by payload. */
struct ike_reader {
    struct ike_message *message;    /**< its version and exchange type are known */
    unsigned ids;                   /**< IKEv1: ID payloads so far */
    bool beyond;                    /**< in a proposal that is one too many to be kept */
};

/** Takes the next payload, proposal or transform, in the order of the message.
 * @param type    enum ike_payload_type
 * @param bytes   from its generic header on
 * @param length  captured bytes; what is cut off is not taken */
void ike_payload_take(struct ike_reader *reader, uint8_t type, const uint8_t *bytes, unsigned length);

#endif /* SPISCOPE_OBSERVE_IKE_PAYLOAD_H */

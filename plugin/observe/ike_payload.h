/* ike_payload.h
 * A chain of IKE payloads, and what they hold, as the RFCs lay them out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_PAYLOAD_H
#define SPISCOPE_OBSERVE_IKE_PAYLOAD_H

#include "../event.h"

/** Where a chain of payloads lies, and what of it may be no payload. */
struct ike_chain {
    const uint8_t *bytes;
    unsigned length;
    uint8_t first;                  /**< enum ike_payload_type */
    unsigned trailer;               /**< so many bytes may follow the last payload */
    bool was_decrypted;             /**< perhaps with a wrong key: nothing may be in it that no sender writes */
};

/** The Encrypted payload at the end of a chain of IKEv2. */
struct ike_sealed {
    uint8_t type;                   /**< IKE2_PAYLOAD_SK or _SKF; 0 where there is none */
    uint8_t first;                  /**< type of the first payload inside */
};

/** Whether the chain's first payload is one that a sender writes: it fits into the chain, and what is reserved in it is 0. */
bool ike_chain_begins(const struct ike_chain *chain, uint8_t version);

/** Reads a chain of payloads into the message's contents, in their order. Its version and exchange type are known.
 * @param sealed  filled with what ends the chain
 * @return false where the chain, or a payload of a known kind in it, does not add up: then contents are of no use */
bool ike_chain_take(struct ike_message *message, const struct ike_chain *chain, struct ike_sealed *sealed);

#endif /* SPISCOPE_OBSERVE_IKE_PAYLOAD_H */

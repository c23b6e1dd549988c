/* carrier.h
 * The IP header that carries an ESP or AH header. After Wireshark has decrypted ESP, pinfo's
 * addresses are the inner ones, and asking for the address fields would cost a tenth of the whole
 * dissection; so the header is found from where the ESP header lies, and has to lead to it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CARRIER_H
#define SPISCOPE_CARRIER_H

#include <epan/packet.h>

#include "../event.h"

struct carrier {
    struct endpoint source;
    struct endpoint destination;
    uint32_t length;                /**< bytes from the header asked for to the end of the IP payload */
};

/** Finds the IPv4 or IPv6 header whose chain of headers (extension headers, AH, UDP) ends at offset
 * with the given protocol.
 * @param tvb       a whole frame, or whatever data source holds the header
 * @param offset    of the ESP or AH header in tvb
 * @param protocol  enum ipsec_protocol
 * @return false where no header leads there: the packet was reassembled, or runs over TCP */
bool carrier_find(tvbuff_t *tvb, int offset, uint8_t protocol, struct carrier *carrier);

/** Finds the IP header of a fragment, the last one of a packet that Wireshark reassembled.
 * @param tvb  the frame that completed the packet */
bool carrier_find_fragment(tvbuff_t *tvb, uint8_t protocol, struct carrier *carrier);

#endif /* SPISCOPE_CARRIER_H */

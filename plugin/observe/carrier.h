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

/** The bytes of a frame, or of another data source. */
struct span {
    const uint8_t *bytes;
    int captured;
    int reported;                   /**< on the wire; a capture may hold less */
};

/** Valid as long as the tvbuff. */
struct span span_of(tvbuff_t *tvb);

/** Finds the IPv4 or IPv6 header whose chain of headers (extension headers, AH, UDP) ends at offset
 * with the given protocol; fills the packet's source, destination and length from it.
 * @param span      a whole frame, or whatever data source holds the header
 * @param offset    of the ESP or AH header in span
 * @param protocol  enum ipsec_protocol
 * @return false where no header leads there: the packet was reassembled, or runs over TCP */
bool carrier_find(const struct span *span, int offset, uint8_t protocol, struct ipsec_packet *packet);

/** Whether a packet that was found comes without UDP, or with ESP's port (RFC 3948 section 2.1): other
 * UDP may carry anything, and a dissector has to say that it is ESP. */
bool carrier_is_usual(const struct ipsec_packet *packet);

/** Searches a data source for an ESP or AH header that an IPv4 or IPv6 header leads to, in the usual way.
 * @param from  the search begins behind this offset; -1 for the whole
 * @return the header's offset, or -1 */
int carrier_search(const struct span *span, int from, uint8_t protocol);

/** Finds the IP header of a fragment, the last one of a packet that Wireshark reassembled; fills the
 * packet's source and destination from it, without ports.
 * @param span    the frame that completed the packet
 * @param in_udp  set to whether the packet is UDP, which then carries ESP (RFC 3948) */
bool carrier_find_fragment(const struct span *span, uint8_t protocol, struct ipsec_packet *packet, bool *in_udp);

#endif /* SPISCOPE_CARRIER_H */

/* carrier.h
 * An IP header and the chain of headers behind it, read from bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CARRIER_H
#define SPISCOPE_CARRIER_H

#include <epan/packet.h>

#include "../event.h"

/** The bytes of a frame, or of another data source. Valid as long as its tvbuff. */
struct span {
    const uint8_t *bytes;
    int captured;
    int reported;                   /**< on the wire; a capture may hold less */
};

/** What the header at a carrier's position is, where no IP header numbers it. */
enum {
    NEXT_PAYLOAD = 256,             /**< what a UDP or TCP header carries */
    NEXT_UNKNOWN = 257
};

/** An IP header, and a position in the chain that it begins. */
struct carrier {
    struct span span;
    int at;
    int end;                        /**< of the IP payload, as far as the span goes */
    int next;                       /**< IANA protocol of what stands at at, or NEXT_ */
    uint8_t address_length;         /**< enum ip_address_length */
    const uint8_t *source;          /**< addresses, in the span where the IP header is */
    const uint8_t *destination;
    bool has_ports;                 /**< of UDP */
    uint16_t source_port;
    uint16_t destination_port;
    /* of a fragment, or of the one that completed a packet */
    bool is_fragment;
    bool was_reassembled;
    bool more;                      /**< fragments follow */
    uint16_t offset;                /**< bytes */
    uint32_t id;
};

/** How sure it must be that an IP header begins here. */
enum certainty {
    CERTAIN,                        /**< something else says so */
    PROBABLE,                       /**< it has to have its checksum, IPv6 to be whole */
    WHOLE                           /**< its checksum may be wrong; it has to be whole */
};

struct span span_of(tvbuff_t *tvb);

/** The same for a frame's own buffer, whose lengths need not be asked for (each packet comes here). */
struct span span_of_frame(tvbuff_t *tvb, const packet_info *pinfo);

static inline bool
span_holds(const struct span *span, int offset, int length)
{
    return offset >= 0 && length >= 0 && offset <= span->captured - length;
}

/** Reads an IPv4 or IPv6 header, and goes behind it and IPv6's extension headers.
 * @param version  4, 6, or 0 for either
 * @return false where none begins here */
bool carrier_begin(struct carrier *carrier, const struct span *span, int start, unsigned version, enum certainty certainty);

/** Reads the IPv4 header that certainly begins here if it is as most are: without options, whole, and no fragment.
 * @param carrier  in its span, at no IP header yet
 * @return false if it is not: carrier_begin reads any */
bool carrier_begin_plain(struct carrier *carrier, int start);

/** Goes over an AH header, and over what extension headers follow. */
bool carrier_step_ah(struct carrier *carrier);

/** Goes over a UDP header (which Cisco's ESP in TCP has behind TCP's), and takes its ports. */
bool carrier_step_udp(struct carrier *carrier);

bool carrier_step_tcp(struct carrier *carrier);

static inline void
carrier_take_endpoint(struct endpoint *endpoint, const uint8_t *bytes, uint8_t length, uint16_t port)
{
    *endpoint = (struct endpoint){ .address.length = length, .port = port };
    if (length == IPV4_LENGTH)
        memcpy(endpoint->address.bytes, bytes, IPV4_LENGTH);
    else
        memcpy(endpoint->address.bytes, bytes, IPV6_LENGTH);
}

/** The addresses, with the ports if they are UDP's. */
static inline void
carrier_endpoints(const struct carrier *carrier, struct endpoint *source, struct endpoint *destination)
{
    carrier_take_endpoint(source, carrier->source, carrier->address_length, carrier->has_ports ? carrier->source_port : 0);
    carrier_take_endpoint(destination, carrier->destination, carrier->address_length, carrier->has_ports ? carrier->destination_port : 0);
}

#endif /* SPISCOPE_CARRIER_H */

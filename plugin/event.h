/* event.h
 * What observe/ tells track/: the vocabulary between the two rooms.
 *
 * SPIscope: why an IPsec tunnel flaps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_EVENT_H
#define SPISCOPE_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <wsutil/nstime.h>

/** An IPv4 or IPv6 address. Bytes past length are zero, so that addresses can be hashed whole. */
struct ip_address {
    uint8_t length;             /**< 4, 16, or 0 where it is not known */
    uint8_t bytes[16];
};

/** An address and, inside UDP, its port; port 0 stands for plain IP. */
struct endpoint {
    struct ip_address address;
    uint16_t port;
};

/** IANA protocol numbers of the two IPsec protocols (RFC 4302, RFC 4303). */
enum ipsec_protocol {
    IPSEC_ESP = 50,
    IPSEC_AH = 51
};

/** The ports of IKE (RFC 7296 section 2) and of IKE and ESP behind a NAT (RFC 3948). */
enum ipsec_port {
    PORT_IKE = 500,
    PORT_NAT_T = 4500
};

/** One ESP or AH packet, under the addresses of the IP header that carries it. */
struct ipsec_packet {
    uint32_t frame;
    nstime_t time;
    struct endpoint source;
    struct endpoint destination;
    uint8_t protocol;           /**< enum ipsec_protocol */
    uint32_t spi;
    uint32_t sequence;          /**< the 32 bits on the wire */
    uint32_t length;            /**< bytes from the SPI (AH: its header) to the end of the IP payload */
    uint32_t fingerprint;       /**< the last captured bytes: equal in copies of one packet */
};

/** Exchange types of both versions (IANA: IKEv2 Exchange Types; RFC 2408 section 3.1, RFC 2409). */
enum ike_exchange_type {
    IKE1_BASE = 1,
    IKE1_IDENTITY_PROTECTION = 2,   /* main mode */
    IKE1_AUTHENTICATION_ONLY = 3,
    IKE1_AGGRESSIVE = 4,
    IKE1_INFORMATIONAL = 5,
    IKE1_TRANSACTION = 6,
    IKE1_QUICK_MODE = 32,
    IKE1_NEW_GROUP_MODE = 33,
    IKE2_IKE_SA_INIT = 34,
    IKE2_IKE_AUTH = 35,
    IKE2_CREATE_CHILD_SA = 36,
    IKE2_INFORMATIONAL = 37,
    IKE2_IKE_SESSION_RESUME = 38,
    IKE2_GSA_AUTH = 39,
    IKE2_GSA_REGISTRATION = 40,
    IKE2_GSA_REKEY = 41,
    IKE2_IKE_INTERMEDIATE = 43,
    IKE2_IKE_FOLLOWUP_KE = 44
};

/** Flags of the IKE header (RFC 7296 section 3.1; RFC 2408 section 3.1). */
enum ike_flag {
    IKE1_FLAG_ENCRYPTION = 0x01,
    IKE1_FLAG_COMMIT = 0x02,
    IKE1_FLAG_AUTHENTICATION_ONLY = 0x04,
    IKE2_FLAG_INITIATOR = 0x08,     /* from the original initiator of the IKE SA */
    IKE2_FLAG_VERSION = 0x10,
    IKE2_FLAG_RESPONSE = 0x20
};

/** One IKE message. */
struct ike_message {
    uint32_t frame;
    nstime_t time;
    struct endpoint source;
    struct endpoint destination;
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint8_t version;                /**< major: 1 or 2 */
    uint8_t exchange_type;          /**< enum ike_exchange_type */
    uint8_t flags;                  /**< enum ike_flag */
    uint32_t message_id;
    uint32_t length;                /**< bytes, of the whole message */
};

static inline bool
ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && ip_address_equal(&a->address, &b->address);
}

#endif /* SPISCOPE_EVENT_H */

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

#include "ike_registry.h"

/** Bytes of an address (RFC 791 section 3.1, RFC 8200 section 3). */
enum ip_address_length {
    IPV4_LENGTH = 4,
    IPV6_LENGTH = 16
};

/** An IPv4 or IPv6 address. Bytes past length are zero, so that addresses can be hashed whole. */
struct ip_address {
    uint8_t length;             /**< enum ip_address_length, or 0 where it is not known */
    uint8_t bytes[IPV6_LENGTH];
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

/** Capture points that are told apart. */
#define POINTS_AT_MOST 8

/** Where a frame was captured, as far as it shows that. */
struct sighting {
    uint8_t point;                  /**< the number of its interface; POINTS_AT_MOST where there are too many */
    uint8_t ttl;                    /**< or hop limit, of the IP header that carries it */
    uint32_t link;                  /**< the same for both directions of a link: of its two MAC addresses; 0 without Ethernet */
};

/** One ESP or AH packet, under the addresses of the IP header that carries it. */
struct ipsec_packet {
    nstime_t time;
    uint32_t frame;
    struct endpoint source;
    struct endpoint destination;
    uint8_t protocol;           /**< enum ipsec_protocol */
    uint32_t spi;
    uint32_t sequence;          /**< the 32 bits on the wire */
    uint32_t length;            /**< bytes from the SPI (AH: its header) to the end of the IP payload */
    uint32_t fingerprint;       /**< the last captured bytes: equal in copies of one packet */
    struct sighting seen;
};

/** How much of an IKE message is kept. */
enum {
    TRANSFORMS_AT_MOST = 16,
    PROPOSALS_AT_MOST = 6,
    SELECTORS_AT_MOST = 8,
    NOTIFIES_AT_MOST = 12,
    DELETES_AT_MOST = 1024,
    LIFETIMES_AT_MOST = 6
};

/** A lifetime as offered; 0 is "not said". */
struct lifetime {
    uint64_t seconds;
    uint64_t kilobytes;
};

/** Lifetimes of one offer: several are alternatives. */
struct lifetimes {
    uint8_t count;
    bool incomplete;                /**< there were more */
    struct lifetime item[LIFETIMES_AT_MOST];
};

struct transform {
    uint8_t type;                   /**< enum ike_transform_type */
    uint16_t id;
    uint16_t key_length;            /**< bits; 0 where it is not said */
};

struct proposal {
    uint8_t protocol;               /**< enum ike_protocol */
    uint8_t transforms;             /**< of transform[] */
    bool incomplete;                /**< there were more transforms */
    uint64_t spi;                   /**< 0 where there is none */
    struct transform transform[TRANSFORMS_AT_MOST];
};

/** A range of addresses with protocol and ports (RFC 7296 section 3.13.1). */
struct traffic_selector {
    struct ip_address start;
    struct ip_address end;
    uint16_t start_port;
    uint16_t end_port;
    uint8_t protocol;               /**< 0 is any */
};

struct selectors {
    uint8_t count;
    bool incomplete;                /**< there were more, or some of another kind */
    struct traffic_selector item[SELECTORS_AT_MOST];
};

struct notify {
    uint16_t type;                  /**< enum ike_notify_type */
    uint8_t protocol;               /**< enum ike_protocol */
    uint32_t spi;                   /**< of ESP or AH; 0 where there is none */
    struct lifetime lifetime;       /**< of RESPONDER-LIFETIME and AUTH_LIFETIME */
    uint32_t value;                 /**< the data's first 32 bits or fewer */
};

/** What an IKE message says, where it is in clear or was decrypted. */
struct ike_contents {
    bool has_sa;
    bool has_ke;
    bool proposals_incomplete;      /**< there were more */
    bool deletes_incomplete;
    bool eap_failed;                /**< EAP's Failure (RFC 3748 section 4.2) */
    uint8_t proposals;
    uint8_t notifies;
    uint16_t deletes;
    uint16_t ke_group;              /**< of IKEv2's KE payload; 0 in IKEv1 */
    uint32_t identity[2];           /**< hash of the initiator's, the responder's; 0 where it is not said. IKEv1: [0] is the sender's */
    uint8_t delete_protocol;
    uint64_t delete_ike_initiator;  /**< of IKEv1: the IKE SA that a Delete names; 0 where none */
    uint64_t delete_ike_responder;
    struct lifetimes lifetimes;
    struct selectors tsi;           /**< in IKEv1 the first and the second ID of Quick Mode */
    struct selectors tsr;
    struct proposal proposal[PROPOSALS_AT_MOST];
    struct notify notify[NOTIFIES_AT_MOST];     /**< the first ones; an error beyond them takes the last one's place */
    uint32_t delete_spi[DELETES_AT_MOST]; /**< of ESP and AH */
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
    uint8_t first_payload;          /**< enum ike_payload_type */
    uint8_t first_sealed;           /**< of the first one that is encrypted, which stands in clear (RFC 7296 section 3.14); 0: none, or not known */
    uint16_t fragment;              /**< number of a fragment, from 1 (RFC 7383; IKEv1: Cisco's); else 0 */
    uint16_t fragments;             /**< how many there are of it; 0 in all but the last one of IKEv1 */
    uint32_t message_id;
    uint32_t length;                /**< bytes, of the whole message */
    uint32_t fingerprint;           /**< of all its bytes: equal in retransmissions */
    struct sighting seen;
    bool readable;                  /**< contents could be read */
    bool is_garbled;                /**< IKEv2: whole, and encrypted in one piece, but what came of its decryption, if anything, does not begin as payloads do */
    struct ike_contents contents;
};

/** An ICMP error that quotes IKE, ESP or AH. Anybody on the path can forge one. */
struct icmp_error {
    uint32_t frame;
    nstime_t time;
    struct ip_address reporter;     /**< who says it */
    uint8_t type;                   /**< of ICMP, or of ICMPv6 where the reporter's address is IPv6 */
    uint8_t code;
    uint32_t fingerprint;           /**< of all its bytes that were captured: equal in copies */
    struct sighting seen;
    uint32_t mtu;                   /**< of the next hop, bytes; 0 where it is not said */
    struct endpoint source;         /**< of the quoted packet */
    struct endpoint destination;
    bool is_ike;
    uint8_t protocol;               /**< enum ipsec_protocol; 0 of IKE */
    uint32_t spi;                   /**< of ESP or AH; 0 where the quote ends before */
    uint64_t initiator_spi;         /**< of IKE; 0 where the quote ends before */
    uint64_t responder_spi;
};

/** A packet of IKE, ESP or AH of which some IP fragments came and never all. */
struct lost_packet {
    uint32_t frame;                 /**< of the fragment that came first */
    nstime_t time;
    struct endpoint source;
    struct endpoint destination;
    bool is_ike;
    uint32_t fragments;             /**< that came */
    uint32_t bytes;                 /**< in them, behind their IP headers */
};

/** Headers that Wireshark's dissectors found and observe/ did not, by protocol: in an encapsulation that is not read. */
struct unread {
    uint32_t esp;
    uint32_t ah;
    uint32_t ike;
};

/** Whether it is an error and no status (RFC 7296 section 3.10.1, RFC 2408 section 3.14.1). */
static inline bool
notify_refuses(const struct notify *notify, uint8_t version)
{
    return notify->type != 0 && notify->type <= (version >= 2 ? IKE2_NOTIFY_LAST_ERROR : IKE1_NOTIFY_LAST_ERROR);
}

/** Whether it is a fragment of IKEv2: a refusal, an error or a Delete needs none (RFC 7383 section 2.5.1), and one alone says nothing. */
static inline bool
ike_message_is_fragment(const struct ike_message *message)
{
    return message->first_payload == IKE2_PAYLOAD_SKF;
}

/** Whether a port is given by a NAT rather than by a standard. */
static inline bool
port_is_translated(uint16_t port)
{
    return port != 0 && port != PORT_IKE && port != PORT_NAT_T;
}

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

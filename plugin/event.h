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

/** Payload types of both versions (RFC 2408 section 3.1, RFC 7296 section 3.2, RFC 7383). */
enum ike_payload_type {
    IKE1_PAYLOAD_SA = 1,
    IKE_PAYLOAD_PROPOSAL = 2,
    IKE_PAYLOAD_TRANSFORM = 3,
    IKE1_PAYLOAD_KE = 4,
    IKE1_PAYLOAD_ID = 5,
    IKE1_PAYLOAD_HASH = 8,
    IKE1_PAYLOAD_NONCE = 10,
    IKE1_PAYLOAD_NOTIFY = 11,
    IKE1_PAYLOAD_DELETE = 12,
    IKE1_PAYLOAD_FRAGMENT = 132,    /* private use: Cisco's and Microsoft's fragmentation */
    IKE2_PAYLOAD_SA = 33,
    IKE2_PAYLOAD_KE = 34,
    IKE2_PAYLOAD_NONCE = 40,
    IKE2_PAYLOAD_NOTIFY = 41,
    IKE2_PAYLOAD_DELETE = 42,
    IKE2_PAYLOAD_TSI = 44,
    IKE2_PAYLOAD_TSR = 45,
    IKE2_PAYLOAD_SK = 46,
    IKE2_PAYLOAD_SKF = 53
};

/** Notify message types (IANA: IKEv2 Notify Message Types; RFC 2408 section 3.14.1, RFC 2407 section
 * 4.6.3, RFC 3706). Those of IKEv1 have the same numbers where they have the same name. */
enum ike_notify_type {
    NOTIFY_INVALID_SPI = 11,
    NOTIFY_NO_PROPOSAL_CHOSEN = 14,
    IKE2_NOTIFY_INVALID_KE_PAYLOAD = 17,
    IKE1_NOTIFY_INVALID_KEY_INFORMATION = 17,
    IKE1_NOTIFY_INVALID_ID_INFORMATION = 18,
    IKE1_NOTIFY_INVALID_HASH_INFORMATION = 23,
    NOTIFY_AUTHENTICATION_FAILED = 24,
    IKE1_NOTIFY_INVALID_SIGNATURE = 25,
    IKE2_NOTIFY_SINGLE_PAIR_REQUIRED = 34,
    IKE2_NOTIFY_NO_ADDITIONAL_SAS = 35,
    IKE2_NOTIFY_INTERNAL_ADDRESS_FAILURE = 36,
    IKE2_NOTIFY_FAILED_CP_REQUIRED = 37,
    IKE2_NOTIFY_TS_UNACCEPTABLE = 38,
    IKE2_NOTIFY_INVALID_SELECTORS = 39,
    IKE2_NOTIFY_TEMPORARY_FAILURE = 43,
    IKE2_NOTIFY_CHILD_SA_NOT_FOUND = 44,
    IKE1_NOTIFY_LAST_ERROR = 8191,      /* private ones follow */
    IKE2_NOTIFY_LAST_ERROR = 16383,
    IKE2_NOTIFY_INITIAL_CONTACT = 16384,
    IKE2_NOTIFY_COOKIE = 16390,
    IKE2_NOTIFY_REKEY_SA = 16393,
    IKE2_NOTIFY_AUTH_LIFETIME = 16403,
    IKE1_NOTIFY_RESPONDER_LIFETIME = 24576,
    IKE1_NOTIFY_INITIAL_CONTACT = 24578,
    IKE1_NOTIFY_R_U_THERE = 36136,
    IKE1_NOTIFY_R_U_THERE_ACK = 36137
};

/** Protocol IDs in proposals, Notify and Delete: the same in both versions. */
enum ike_protocol {
    IKE_PROTOCOL_IKE = 1,
    IKE_PROTOCOL_AH = 2,
    IKE_PROTOCOL_ESP = 3
};

/** Transform types (RFC 7296 section 3.3.2). What IKEv1 has as attributes is told in the same way. */
enum ike_transform_type {
    TRANSFORM_ENCR = 1,
    TRANSFORM_PRF = 2,
    TRANSFORM_INTEG = 3,
    TRANSFORM_KE = 4,
    TRANSFORM_ESN = 5,
    TRANSFORM_IKE1_AUTH_METHOD = 241,
    TRANSFORM_IKE1_HASH = 242,
    TRANSFORM_IKE1_ESP_AUTH = 243
};

/** Transform IDs of TRANSFORM_ESN (IANA, Transform Type 5). */
enum ike_esn {
    ESN_NONE = 0,
    ESN_EXTENDED = 1
};

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
    uint8_t proposals;
    uint8_t notifies;
    uint16_t deletes;
    uint16_t ke_group;              /**< of IKEv2's KE payload; 0 in IKEv1 */
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
    uint16_t fragment;              /**< number of a fragment, from 1 (RFC 7383; IKEv1: Cisco's); else 0 */
    uint16_t fragments;             /**< how many there are of it; 0 in all but the last one of IKEv1 */
    uint32_t message_id;
    uint32_t length;                /**< bytes, of the whole message */
    uint32_t fingerprint;           /**< of all its bytes: equal in retransmissions */
    bool readable;                  /**< contents could be read */
    struct ike_contents contents;
};

/** An ICMP error that quotes IKE, ESP or AH. Anybody on the path can forge one. */
struct icmp_error {
    uint32_t frame;
    nstime_t time;
    struct ip_address reporter;     /**< who says it */
    uint8_t type;                   /**< of ICMP, or of ICMPv6 where the reporter's address is IPv6 */
    uint8_t code;
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

/** Whether it is an error and no status (RFC 7296 section 3.10.1, RFC 2408 section 3.14.1). */
static inline bool
notify_refuses(const struct notify *notify, uint8_t version)
{
    return notify->type != 0 && notify->type <= (version >= 2 ? IKE2_NOTIFY_LAST_ERROR : IKE1_NOTIFY_LAST_ERROR);
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

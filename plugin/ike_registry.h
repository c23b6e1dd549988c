/* ike_registry.h
 * The numbers of IKE, named as in the registries of the RFCs and of IANA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_REGISTRY_H
#define SPISCOPE_IKE_REGISTRY_H

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
    IKE2_PAYLOAD_IDI = 35,
    IKE2_PAYLOAD_IDR = 36,
    IKE2_PAYLOAD_NONCE = 40,
    IKE2_PAYLOAD_NOTIFY = 41,
    IKE2_PAYLOAD_DELETE = 42,
    IKE2_PAYLOAD_TSI = 44,
    IKE2_PAYLOAD_TSR = 45,
    IKE2_PAYLOAD_SK = 46,
    IKE2_PAYLOAD_EAP = 48,
    IKE2_PAYLOAD_SKF = 53
};

/** Notify message types (IANA: IKEv2 Notify Message Types; RFC 2408 section 3.14.1, RFC 2407 section
 * 4.6.3, RFC 3706). Those of IKEv1 have the same numbers where they have the same name. */
enum ike_notify_type {
    IKE2_NOTIFY_INVALID_IKE_SPI = 4,
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

#endif /* SPISCOPE_IKE_REGISTRY_H */

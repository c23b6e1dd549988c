/* ike_words.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_words.h"

#include <limits.h>

struct name {
    uint16_t number;
    const char *name;
};

static const char *
find_name(const struct name *names, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

#define FIND_NAME(names, number) find_name(names, sizeof (names) / sizeof (names)[0], number)

static char *
name_or_number(const struct words *words, const char *name, const char *kind, uint16_t number)
{
    return name ? wmem_strdup(words->scope, name) : wmem_strdup_printf(words->scope, "%s %u", kind, number);
}

/* ---- selectors */

/* The prefix length if the range is one subnet, else -1. */
static int
prefix_of(const struct traffic_selector *selector)
{
    enum { TOP_BIT = 1 << (CHAR_BIT - 1) };
    unsigned bits = (unsigned)selector->start.length * CHAR_BIT, prefix = 0;

    while (prefix < bits) {
        unsigned mask = TOP_BIT >> (prefix % CHAR_BIT);
        if ((selector->start.bytes[prefix / CHAR_BIT] & mask) != (selector->end.bytes[prefix / CHAR_BIT] & mask))
            break;
        prefix++;
    }
    for (unsigned bit = prefix; bit < bits; bit++) {
        unsigned mask = TOP_BIT >> (bit % CHAR_BIT);
        if ((selector->start.bytes[bit / CHAR_BIT] & mask) != 0 || (selector->end.bytes[bit / CHAR_BIT] & mask) == 0)
            return -1;
    }
    return (int)prefix;
}

/* IANA, Protocol Numbers. */
enum ip_protocol {
    ICMP_OF_IPV4 = 1,
    ICMP_OF_IPV6 = 58
};

static void
append_selector(wmem_strbuf_t *text, const struct words *words, const struct traffic_selector *selector)
{
    int prefix = prefix_of(selector);

    if (prefix >= 0)
        wmem_strbuf_append_printf(text, "%s/%d", words_number(words, &selector->start), prefix);
    else
        wmem_strbuf_append_printf(text, "%s-%s", words_number(words, &selector->start), words_number(words, &selector->end));
    if (selector->protocol != 0)
        wmem_strbuf_append_printf(text, " %s", words->ip_protocol(selector->protocol));
    bool icmp = selector->protocol == ICMP_OF_IPV4 || selector->protocol == ICMP_OF_IPV6;
    if (selector->start_port == UINT16_MAX && selector->end_port == 0)
        wmem_strbuf_append(text, " ports opaque");      /* RFC 7296 section 3.13.1 */
    else if (icmp && selector->start_port == selector->end_port)
        wmem_strbuf_append_printf(text, " type %u code %u", selector->start_port >> CHAR_BIT, selector->start_port & UINT8_MAX);
    else if (selector->start_port == selector->end_port)
        wmem_strbuf_append_printf(text, " port %u", selector->start_port);
    else if (selector->start_port != 0 || selector->end_port != UINT16_MAX)
        wmem_strbuf_append_printf(text, " ports %u-%u", selector->start_port, selector->end_port);
}

static void
append_selectors(wmem_strbuf_t *text, const struct words *words, const struct selectors *selectors)
{
    if (selectors->count == 0)
        wmem_strbuf_append(text, "any");
    for (unsigned i = 0; i < selectors->count; i++) {
        if (i > 0)
            wmem_strbuf_append(text, ", ");
        append_selector(text, words, &selectors->item[i]);
    }
    if (selectors->incomplete)
        wmem_strbuf_append(text, ", ...");
}

char *
words_selectors(const struct words *words, const struct selectors *ours, const struct selectors *theirs)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    append_selectors(text, words, ours);
    wmem_strbuf_append(text, " \xe2\x86\x94 ");     /* left right arrow */
    append_selectors(text, words, theirs);
    return (char *)wmem_strbuf_get_str(text);
}

/* ---- notifies and exchanges */

/* IANA, IKEv2 Notify Message Types - Error Types; RFC 2408 section 3.14.1 for IKEv1. */
static const struct name notify2_names[] = {
    { 1, "UNSUPPORTED_CRITICAL_PAYLOAD" }, { 4, "INVALID_IKE_SPI" }, { 5, "INVALID_MAJOR_VERSION" },
    { 7, "INVALID_SYNTAX" }, { 9, "INVALID_MESSAGE_ID" }, { 11, "INVALID_SPI" }, { 14, "NO_PROPOSAL_CHOSEN" },
    { 17, "INVALID_KE_PAYLOAD" }, { 24, "AUTHENTICATION_FAILED" }, { 34, "SINGLE_PAIR_REQUIRED" },
    { 35, "NO_ADDITIONAL_SAS" }, { 36, "INTERNAL_ADDRESS_FAILURE" }, { 37, "FAILED_CP_REQUIRED" },
    { 38, "TS_UNACCEPTABLE" }, { 39, "INVALID_SELECTORS" }, { 40, "UNACCEPTABLE_ADDRESSES" },
    { 41, "UNEXPECTED_NAT_DETECTED" }, { 42, "USE_ASSIGNED_HoA" }, { 43, "TEMPORARY_FAILURE" },
    { 44, "CHILD_SA_NOT_FOUND" }, { 45, "INVALID_GROUP_ID" }, { 46, "AUTHORIZATION_FAILED" },
};

static const struct name notify1_names[] = {
    { 1, "INVALID-PAYLOAD-TYPE" }, { 2, "DOI-NOT-SUPPORTED" }, { 3, "SITUATION-NOT-SUPPORTED" },
    { 4, "INVALID-COOKIE" }, { 5, "INVALID-MAJOR-VERSION" }, { 6, "INVALID-MINOR-VERSION" },
    { 7, "INVALID-EXCHANGE-TYPE" }, { 8, "INVALID-FLAGS" }, { 9, "INVALID-MESSAGE-ID" },
    { 10, "INVALID-PROTOCOL-ID" }, { 11, "INVALID-SPI" }, { 12, "INVALID-TRANSFORM-ID" },
    { 13, "ATTRIBUTES-NOT-SUPPORTED" }, { 14, "NO-PROPOSAL-CHOSEN" }, { 15, "BAD-PROPOSAL-SYNTAX" },
    { 16, "PAYLOAD-MALFORMED" }, { 17, "INVALID-KEY-INFORMATION" }, { 18, "INVALID-ID-INFORMATION" },
    { 19, "INVALID-CERT-ENCODING" }, { 20, "INVALID-CERTIFICATE" }, { 21, "CERT-TYPE-UNSUPPORTED" },
    { 22, "INVALID-CERT-AUTHORITY" }, { 23, "INVALID-HASH-INFORMATION" }, { 24, "AUTHENTICATION-FAILED" },
    { 25, "INVALID-SIGNATURE" }, { 26, "ADDRESS-NOTIFICATION" }, { 27, "NOTIFY-SA-LIFETIME" },
    { 28, "CERTIFICATE-UNAVAILABLE" }, { 29, "UNSUPPORTED-EXCHANGE-TYPE" }, { 30, "UNEQUAL-PAYLOAD-LENGTHS" },
};

static const struct name exchange_names[] = {
    { IKE1_BASE, "Base mode" }, { IKE1_IDENTITY_PROTECTION, "Main mode (phase 1)" },
    { IKE1_AGGRESSIVE, "Aggressive mode (phase 1)" }, { IKE1_INFORMATIONAL, "Informational" },
    { IKE1_TRANSACTION, "Transaction" }, { IKE1_QUICK_MODE, "Quick Mode (phase 2)" },
    { IKE2_IKE_SA_INIT, "IKE_SA_INIT" }, { IKE2_IKE_AUTH, "IKE_AUTH" },
    { IKE2_CREATE_CHILD_SA, "CREATE_CHILD_SA" }, { IKE2_INFORMATIONAL, "INFORMATIONAL" },
    { IKE2_IKE_SESSION_RESUME, "IKE_SESSION_RESUME" }, { IKE2_IKE_INTERMEDIATE, "IKE_INTERMEDIATE" },
    { IKE2_IKE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE" },
};

char *
words_notify(const struct words *words, uint8_t version, uint16_t type)
{
    const char *name = version >= 2 ? FIND_NAME(notify2_names, type) : FIND_NAME(notify1_names, type);

    return name_or_number(words, name, "notify", type);
}

char *
words_exchange(const struct words *words, uint8_t type)
{
    return name_or_number(words, FIND_NAME(exchange_names, type), "exchange", type);
}

/* ---- proposals */

/* IANA, Internet Key Exchange Version 2 Parameters, Transform Types 1 to 4. */
static const struct name encr2_names[] = {
    { 2, "DES" }, { 3, "3DES" }, { 7, "BLOWFISH" }, { 11, "NULL" }, { 12, "AES_CBC" }, { 13, "AES_CTR" },
    { 14, "AES_CCM_8" }, { 15, "AES_CCM_12" }, { 16, "AES_CCM_16" }, { 18, "AES_GCM_8" }, { 19, "AES_GCM_12" },
    { 20, "AES_GCM_16" }, { 21, "NULL_AES_GMAC" }, { 23, "CAMELLIA_CBC" }, { 28, "CHACHA20_POLY1305" },
};
static const struct name prf_names[] = {
    { 1, "PRF_MD5" }, { 2, "PRF_SHA1" }, { 4, "PRF_AES_XCBC" }, { 5, "PRF_SHA2_256" }, { 6, "PRF_SHA2_384" },
    { 7, "PRF_SHA2_512" }, { 8, "PRF_AES_CMAC" },
};
static const struct name integ_names[] = {
    { 1, "MD5_96" }, { 2, "SHA1_96" }, { 5, "AES_XCBC_96" }, { 8, "AES_CMAC_96" }, { 12, "SHA2_256_128" },
    { 13, "SHA2_384_192" }, { 14, "SHA2_512_256" },
};
static const struct name group_names[] = {
    { 1, "MODP_768" }, { 2, "MODP_1024" }, { 5, "MODP_1536" }, { 14, "MODP_2048" }, { 15, "MODP_3072" },
    { 16, "MODP_4096" }, { 17, "MODP_6144" }, { 18, "MODP_8192" }, { 19, "ECP_256" }, { 20, "ECP_384" },
    { 21, "ECP_521" }, { 22, "MODP_1024_160" }, { 23, "MODP_2048_224" }, { 24, "MODP_2048_256" },
    { 28, "BP_256" }, { 29, "BP_384" }, { 30, "BP_512" }, { 31, "CURVE25519" }, { 32, "CURVE448" },
    { 35, "ML_KEM_512" }, { 36, "ML_KEM_768" }, { 37, "ML_KEM_1024" },
};
/* RFC 2409 appendix A and RFC 2407 section 4.4 and 4.5, with their registries. */
static const struct name encr1_phase1_names[] = {
    { 1, "DES" }, { 3, "BLOWFISH" }, { 5, "3DES" }, { 7, "AES_CBC" }, { 8, "CAMELLIA_CBC" },
};
static const struct name encr1_esp_names[] = {
    { 2, "DES" }, { 3, "3DES" }, { 7, "BLOWFISH" }, { 11, "NULL" }, { 12, "AES_CBC" }, { 13, "AES_CTR" },
    { 14, "AES_CCM_8" }, { 15, "AES_CCM_12" }, { 16, "AES_CCM_16" }, { 18, "AES_GCM_8" }, { 19, "AES_GCM_12" },
    { 20, "AES_GCM_16" }, { 22, "CAMELLIA" }, { 23, "NULL_AES_GMAC" },
};
static const struct name hash1_names[] = {
    { 1, "MD5" }, { 2, "SHA1" }, { 4, "SHA2_256" }, { 5, "SHA2_384" }, { 6, "SHA2_512" },
};
static const struct name auth1_names[] = {
    { 1, "MD5" }, { 2, "SHA1" }, { 5, "SHA2_256" }, { 6, "SHA2_384" }, { 7, "SHA2_512" }, { 9, "AES_XCBC" },
};
static const struct name method1_names[] = {
    { 1, "PSK" }, { 2, "DSS" }, { 3, "RSA_SIG" }, { 4, "RSA_ENC" }, { 9, "ECDSA_256" }, { 10, "ECDSA_384" },
    { 11, "ECDSA_521" }, { 65001, "XAUTH_PSK" }, { 65005, "XAUTH_RSA" },
};

static const char *
cipher_name(uint16_t id, uint8_t version, uint8_t protocol)
{
    if (version >= 2)
        return FIND_NAME(encr2_names, id);
    return protocol == IKE_PROTOCOL_IKE ? FIND_NAME(encr1_phase1_names, id) : FIND_NAME(encr1_esp_names, id);
}

static char *
words_transform(const struct words *words, const struct transform *transform, uint8_t version, uint8_t protocol)
{
    uint16_t id = transform->id;

    switch (transform->type) {
    case TRANSFORM_ENCR: {
        char *text = name_or_number(words, cipher_name(id, version, protocol), "cipher", id);
        return transform->key_length ? wmem_strdup_printf(words->scope, "%s_%u", text, transform->key_length) : text;
    }
    case TRANSFORM_PRF:
        return name_or_number(words, FIND_NAME(prf_names, id), "PRF", id);
    case TRANSFORM_INTEG:
        return name_or_number(words, FIND_NAME(integ_names, id), "integrity", id);
    case TRANSFORM_KE:
        return name_or_number(words, FIND_NAME(group_names, id), "group", id);
    case TRANSFORM_ESN:
        return wmem_strdup(words->scope, id == ESN_NONE ? "NO_ESN" : "ESN");
    case TRANSFORM_IKE1_HASH:
        return name_or_number(words, FIND_NAME(hash1_names, id), "hash", id);
    case TRANSFORM_IKE1_ESP_AUTH:
        return name_or_number(words, FIND_NAME(auth1_names, id), "integrity", id);
    default:
        return name_or_number(words, FIND_NAME(method1_names, id), "method", id);
    }
}

char *
words_offer(const struct words *words, const struct offer *offer, uint8_t version)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned p = 0; p < offer->proposals; p++) {
        const struct proposal *proposal = offer->proposal[p];
        if (p > 0)
            wmem_strbuf_append(text, " or ");
        for (unsigned t = 0; t < proposal->transforms; t++)
            wmem_strbuf_append_printf(text, "%s%s", t > 0 ? "/" : "",
                    words_transform(words, &proposal->transform[t], version, proposal->protocol));
        if (proposal->incomplete)
            wmem_strbuf_append(text, "/...");
    }
    if (offer->proposals_incomplete)
        wmem_strbuf_append(text, " or ...");
    return (char *)wmem_strbuf_get_str(text);
}

/* ---- ends */

const char *
words_ike_end(enum ike_end end)
{
    switch (end) {
    case IKE_ALIVE:
        return "alive";
    case IKE_DELETED:
        return "deleted";
    case IKE_REPLACED:
        return "replaced";
    case IKE_FAILED:
        return "failed";
    }
    return "?";
}

const char *
words_ike_fate(const struct ike_sa *ike_sa)
{
    return ike_sa->end == IKE_ALIVE && ike_sa->ended_by != 0 ? "probably deleted" : words_ike_end(ike_sa->end);
}

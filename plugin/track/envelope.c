/* envelope.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "envelope.h"

enum {
    IKE_HEADER = 28,
    PAYLOAD_HEADER = 4,
    PAD_LENGTH = 1
};

struct envelope {
    uint8_t iv;
    uint8_t block;
    uint8_t icv;
};

struct cipher {
    uint16_t id;
    struct envelope envelope;       /* icv 0: comes from the integrity algorithm */
};

/* IANA, Transform Type 1. Of several forms of one number the smallest is given. */
static const struct cipher ciphers[] = {
    { 1, { 8, 8, 0 } },             /* DES_IV64 */
    { 2, { 8, 8, 0 } },             /* DES */
    { 3, { 8, 8, 0 } },             /* 3DES, RFC 2451 */
    { 4, { 8, 8, 0 } },             /* RC5 */
    { 5, { 8, 8, 0 } },             /* IDEA */
    { 6, { 8, 8, 0 } },             /* CAST */
    { 7, { 8, 8, 0 } },             /* BLOWFISH */
    { 8, { 8, 8, 0 } },             /* 3IDEA */
    { 9, { 4, 8, 0 } },             /* DES_IV32 */
    { 11, { 0, 1, 0 } },            /* NULL */
    { 12, { 16, 16, 0 } },          /* AES_CBC, RFC 3602 */
    { 13, { 8, 1, 0 } },            /* AES_CTR, RFC 5930 */
    { 14, { 8, 1, 8 } },            /* AES_CCM_8, RFC 5282 */
    { 15, { 8, 1, 12 } },
    { 16, { 8, 1, 16 } },
    { 18, { 8, 1, 8 } },            /* AES_GCM_8, RFC 5282 */
    { 19, { 8, 1, 12 } },
    { 20, { 8, 1, 16 } },
    { 23, { 16, 16, 0 } },          /* CAMELLIA_CBC, RFC 5529 */
    { 24, { 8, 1, 0 } },            /* CAMELLIA_CTR */
    { 25, { 8, 1, 8 } },            /* CAMELLIA_CCM_8 */
    { 26, { 8, 1, 12 } },
    { 27, { 8, 1, 16 } },
    { 28, { 8, 1, 16 } },           /* CHACHA20_POLY1305, RFC 7634 */
};

struct integrity {
    uint16_t id;
    uint8_t icv;
};

/* IANA, Transform Type 3. */
static const struct integrity integrities[] = {
    { 1, 12 },                      /* HMAC_MD5_96 */
    { 2, 12 },                      /* HMAC_SHA1_96 */
    { 3, 8 },                       /* DES_MAC */
    { 4, 16 },                      /* KPDK_MD5 */
    { 5, 12 },                      /* AES_XCBC_96 */
    { 6, 16 },                      /* HMAC_MD5_128 */
    { 7, 20 },                      /* HMAC_SHA1_160 */
    { 8, 12 },                      /* AES_CMAC_96 */
    { 12, 16 },                     /* HMAC_SHA2_256_128 */
    { 13, 24 },                     /* HMAC_SHA2_384_192 */
    { 14, 32 },                     /* HMAC_SHA2_512_256 */
};

/* No algorithm has less: ciphers with an implicit IV (RFC 8750) have none to send, and the shortest
 * ICV of any registry is 8. */
static const struct envelope smallest = { 0, 1, 8 };

static uint8_t
icv_of(const struct proposal *proposal)
{
    for (unsigned t = 0; t < proposal->transforms; t++)
        for (size_t i = 0; i < sizeof integrities / sizeof integrities[0]; i++)
            if (proposal->transform[t].type == TRANSFORM_INTEG && proposal->transform[t].id == integrities[i].id)
                return integrities[i].icv;
    return smallest.icv;
}

/* @return whether the algorithms are known */
static bool
envelope_of(const struct ike_sa *ike_sa, struct envelope *envelope)
{
    const struct proposal *proposal = ike_sa->init && ike_sa->init->proposals == 1 ? ike_sa->init->proposal[0] : NULL;

    *envelope = smallest;
    for (unsigned t = 0; proposal && t < proposal->transforms; t++) {
        for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
            if (proposal->transform[t].type != TRANSFORM_ENCR || proposal->transform[t].id != ciphers[i].id)
                continue;
            *envelope = ciphers[i].envelope;
            if (envelope->icv == 0)
                envelope->icv = icv_of(proposal);
            return true;
        }
    }
    return false;
}

uint32_t
envelope_holds_at_most(const struct ike_sa *ike_sa, uint32_t length)
{
    struct envelope envelope;

    envelope_of(ike_sa, &envelope);
    uint32_t around = IKE_HEADER + PAYLOAD_HEADER + envelope.iv + envelope.icv;
    if (length <= around)
        return 0;
    uint32_t encrypted = (length - around) / envelope.block * envelope.block;
    return encrypted < PAD_LENGTH ? 0 : encrypted - PAD_LENGTH;
}

bool
envelope_is_empty(const struct ike_sa *ike_sa, uint32_t length)
{
    struct envelope envelope;

    return envelope_of(ike_sa, &envelope) && envelope.block == 1 && envelope_holds_at_most(ike_sa, length) == 0;
}

bool
envelope_refuses_child(const struct exchange *exchange)
{
    return exchange->type == IKE2_CREATE_CHILD_SA && exchange->response_frame != 0 && !exchange->response_fragmented
            && envelope_holds_at_most(exchange->ike_sa, exchange->response_length) < SMALLEST_CHILD_ANSWER;
}

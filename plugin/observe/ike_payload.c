/* ike_payload.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_payload.h"

#include <wsutil/wmem/wmem.h>

#include "ike_proposal.h"
#include "ike_selector.h"

/* Where fields lie, in bytes from the beginning of a payload (RFC 7296 section 3, RFC 2408 section 3). */
enum {
    KE_GROUP = 4,
    EAP_CODE = 4,                   /* RFC 3748 section 4 */
    IDENTITY_TYPE = 4,              /* of an identity, in both versions */
    IDENTITY_DATA = 8,
    /* Notify and Delete: in IKEv1 a DOI of four bytes goes before */
    DOI = 4,
    NOTIFY_PROTOCOL = 4,
    NOTIFY_SPI_SIZE = 5,
    NOTIFY_TYPE = 6,
    NOTIFY_SPI = 8,
    DELETE_PROTOCOL = 4,
    DELETE_SPI_SIZE = 5,
    DELETE_COUNT = 6,
    DELETE_SPIS = 8
};

enum {
    COOKIE_SIZE = 8,                /* of IKEv1, whose SPI is both cookies (RFC 2408 section 2.5) */
    IKE1_SPI_SIZE = 2 * COOKIE_SIZE,
    IKE2_CRITICAL = 0x80            /* in the reserved byte */
};

enum { EAP_FAILURE = 4 };

/* Payload types that are in use (IANA), but for those of vendors from PRIVATE on. */
enum {
    IKE1_LAST = 23,
    IKE2_FIRST = 33,
    IKE2_LAST = 63,
    PRIVATE = 128
};

/* Who a peer says it is, type and value: kept as a hash, only to be compared. */
static uint32_t
identity_of(struct bytes payload)
{
    struct bytes value = rest(payload, IDENTITY_DATA);
    uint32_t hash = value.length > 0 ? wmem_strong_hash(value.at, value.length) : 0;

    return hash == 0 ? 0 : hash ^ get8(payload, IDENTITY_TYPE);
}

/* ---- Notify and Delete */

static void
keep_notify(struct ike_contents *contents, const struct notify *notify, uint8_t version)
{
    if (contents->notifies < NOTIFIES_AT_MOST)
        contents->notify[contents->notifies++] = *notify;
    else if (notify_refuses(notify, version) && !notify_refuses(&contents->notify[NOTIFIES_AT_MOST - 1], version))
        contents->notify[NOTIFIES_AT_MOST - 1] = *notify;
}

static bool
take_notify(struct ike_message *message, struct bytes payload)
{
    struct bytes body = message->version >= 2 ? payload : rest(payload, DOI);
    unsigned size = get8(body, NOTIFY_SPI_SIZE);
    struct bytes data = rest(body, NOTIFY_SPI + size);
    struct notify notify = { .protocol = get8(body, NOTIFY_PROTOCOL), .type = get16(body, NOTIFY_TYPE) };

    if (!holds(body, 0, NOTIFY_SPI + size))
        return false;
    if (size == SPI_SIZE)
        notify.spi = (uint32_t)get_number(body, NOTIFY_SPI, SPI_SIZE);
    if (data.length <= sizeof notify.value)
        notify.value = (uint32_t)get_number(data, 0, data.length);
    if (message->version >= 2 && notify.type == IKE2_NOTIFY_AUTH_LIFETIME)
        notify.lifetime.seconds = notify.value;
    else if (message->version < 2 && notify.type == IKE1_NOTIFY_RESPONDER_LIFETIME)
        notify.lifetime = ike_life_among(data, notify.protocol == IKE_PROTOCOL_IKE);
    keep_notify(&message->contents, &notify, message->version);
    return true;
}

static bool
take_delete(struct ike_message *message, struct bytes payload)
{
    struct ike_contents *contents = &message->contents;
    struct bytes body = message->version >= 2 ? payload : rest(payload, DOI);
    unsigned size = get8(body, DELETE_SPI_SIZE), count = get16(body, DELETE_COUNT);
    struct bytes spis = rest(body, DELETE_SPIS);

    if (!holds(body, DELETE_SPIS, size * count))
        return false;
    contents->delete_protocol = get8(body, DELETE_PROTOCOL);
    if (size == IKE1_SPI_SIZE && count > 0 && holds(spis, 0, IKE1_SPI_SIZE)) {
        contents->delete_ike_initiator = get_number(spis, 0, COOKIE_SIZE);
        contents->delete_ike_responder = get_number(spis, COOKIE_SIZE, COOKIE_SIZE);
    }
    for (unsigned i = 0; size == SPI_SIZE && i < count; i++) {
        if (contents->deletes == DELETES_AT_MOST) {
            contents->deletes_incomplete = true;
            break;
        }
        contents->delete_spi[contents->deletes++] = (uint32_t)get_number(spis, i * SPI_SIZE, SPI_SIZE);
    }
    return true;
}

/* ---- the message */

static bool
take_key_exchange(struct ike_contents *contents, struct bytes payload, bool has_group)
{
    contents->has_ke = true;
    if (has_group)
        contents->ke_group = get16(payload, KE_GROUP);
    return !has_group || holds(payload, KE_GROUP, sizeof contents->ke_group);
}

static bool
take_ike1_payload(struct ike_reader *reader, uint8_t type, struct bytes payload)
{
    struct ike_message *message = reader->message;
    struct ike_contents *contents = &message->contents;

    switch (type) {
    case IKE1_PAYLOAD_SA:
        return ike_take_sa(reader, payload);
    case IKE1_PAYLOAD_KE:
        return take_key_exchange(contents, payload, false);
    case IKE1_PAYLOAD_ID:
        if (message->exchange_type == IKE1_QUICK_MODE)
            return ike_take_id(reader->ids++ == 0 ? &contents->tsi : &contents->tsr, payload);
        contents->identity[0] = identity_of(payload);
        return true;
    case IKE1_PAYLOAD_NOTIFY:
        return take_notify(message, payload);
    case IKE1_PAYLOAD_DELETE:
        return take_delete(message, payload);
    default:
        return true;
    }
}

static bool
take_ike2_payload(struct ike_reader *reader, uint8_t type, struct bytes payload)
{
    struct ike_contents *contents = &reader->message->contents;

    switch (type) {
    case IKE2_PAYLOAD_SA:
        return ike_take_sa(reader, payload);
    case IKE2_PAYLOAD_KE:
        return take_key_exchange(contents, payload, true);
    case IKE2_PAYLOAD_IDI:
        contents->identity[0] = identity_of(payload);
        return true;
    case IKE2_PAYLOAD_IDR:
        contents->identity[1] = identity_of(payload);
        return true;
    case IKE2_PAYLOAD_TSI:
        return ike_take_selectors(&contents->tsi, payload);
    case IKE2_PAYLOAD_TSR:
        return ike_take_selectors(&contents->tsr, payload);
    case IKE2_PAYLOAD_EAP:
        contents->eap_failed = get8(payload, EAP_CODE) == EAP_FAILURE;
        return true;
    case IKE2_PAYLOAD_NOTIFY:
        return take_notify(reader->message, payload);
    case IKE2_PAYLOAD_DELETE:
        return take_delete(reader->message, payload);
    default:
        return true;
    }
}

/* Whether a sender writes such a payload: what a wrong key decrypts to says anything. */
static bool
is_plausible(uint8_t version, uint8_t type, struct bytes payload)
{
    uint8_t reserved = get8(payload, RESERVED);

    if (version < 2)
        return reserved == 0 && (type <= IKE1_LAST || type >= PRIVATE);
    return (reserved & ~IKE2_CRITICAL) == 0 && ((type >= IKE2_FIRST && type <= IKE2_LAST) || type >= PRIVATE);
}

/* The Encrypted payload is the last one, and names the first one inside (RFC 7296 section 3.14). */
static bool
ends_sealed(struct ike_sealed *sealed, uint8_t version, uint8_t type, struct bytes payload)
{
    if (version < 2 || (type != IKE2_PAYLOAD_SK && type != IKE2_PAYLOAD_SKF))
        return false;
    sealed->type = type;
    sealed->first = get8(payload, NEXT_PAYLOAD_TYPE);
    return true;
}

bool
ike_chain_begins(const struct ike_chain *chain, uint8_t version)
{
    struct ike_reader reader = { 0 };
    struct bytes bytes = { chain->bytes, chain->length }, payload;

    return ike_next_payload(&reader, &bytes, &payload) && is_plausible(version, chain->first, payload);
}

bool
ike_chain_take(struct ike_message *message, const struct ike_chain *chain, struct ike_sealed *sealed)
{
    struct ike_reader reader = { .message = message };
    struct bytes bytes = { chain->bytes, chain->length }, payload;

    *sealed = (struct ike_sealed){ 0 };
    for (uint8_t type = chain->first, following; type != 0; type = following) {
        if (!ike_next_payload(&reader, &bytes, &payload) || (chain->was_decrypted && !is_plausible(message->version, type, payload)))
            return false;
        if (ends_sealed(sealed, message->version, type, payload))
            return bytes.length == 0;
        if (!(message->version < 2 ? take_ike1_payload(&reader, type, payload) : take_ike2_payload(&reader, type, payload)))
            return false;
        following = get8(payload, NEXT_PAYLOAD_TYPE);
    }
    return bytes.length <= chain->trailer;
}

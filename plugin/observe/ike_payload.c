/* ike_payload.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_payload.h"

#include <limits.h>

#include "../compat.h"

/* With more payloads, proposals and transforms it is no IKE message of any use. */
#define PAYLOADS_AT_MOST 4096

/* Where fields lie, in bytes from the beginning of a payload (RFC 7296 section 3, RFC 2408 section 3). */
enum {
    NEXT_PAYLOAD_TYPE = 0,
    RESERVED = 1,
    PAYLOAD_LENGTH = 2,
    GENERIC_HEADER = 4,
    SA_PROPOSALS = 4,
    IKE1_SA_DOI = 4,
    IKE1_SA_PROPOSALS = 12,         /* behind DOI and situation */
    PROPOSAL_PROTOCOL = 5,
    PROPOSAL_SPI_SIZE = 6,
    PROPOSAL_TRANSFORMS = 7,        /* how many */
    PROPOSAL_SPI = 8,
    TRANSFORM_TYPE = 4,
    TRANSFORM_ID = 6,
    IKE1_TRANSFORM_ID = 5,
    TRANSFORM_ATTRIBUTES = 8,
    KE_GROUP = 4,
    IKE1_ID_TYPE = 4,
    IKE1_ID_PROTOCOL = 5,
    IKE1_ID_PORT = 6,
    IKE1_ID_DATA = 8,
    TS_COUNT = 4,
    TS_SELECTORS = 8,
    /* in one traffic selector */
    TS_PROTOCOL = 1,
    TS_LENGTH = 2,
    TS_START_PORT = 4,
    TS_END_PORT = 6,
    TS_ADDRESSES = 8,
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
    SPI_SIZE = 4,
    COOKIE_SIZE = 8,                /* of IKEv1, whose SPI is both cookies (RFC 2408 section 2.5) */
    IKE1_SPI_SIZE = 2 * COOKIE_SIZE,
    /* the length of a selector of a kind that is not read: at least its header */
    TS_HEADER = 4,
    ATTRIBUTE_HEADER = 4,
    IKE2_CRITICAL = 0x80,           /* in the reserved byte */
    DOI_IPSEC = 1                   /* RFC 2407 */
};

/* Payload types that are in use (IANA), but for those of vendors from PRIVATE on. */
enum {
    IKE1_LAST = 23,
    IKE2_FIRST = 33,
    IKE2_LAST = 63,
    PRIVATE = 128
};

/* A message that is being read. */
struct ike_reader {
    struct ike_message *message;
    unsigned ids;                   /* IKEv1: ID payloads so far */
    bool beyond;                    /* in a proposal that is one too many to be kept */
    unsigned items;                 /* payloads, proposals and transforms so far */
};

/* Attributes (RFC 2408 section 3.3): IKEv2's only one, those of phase 1 (RFC 2409 appendix A) and of
 * phase 2 (RFC 2407 section 4.5). */
enum {
    ATTRIBUTE_IS_SHORT = 0x8000,
    IKE2_KEY_LENGTH = 14,
    PHASE1_ENCRYPTION = 1,
    PHASE1_HASH = 2,
    PHASE1_AUTH_METHOD = 3,
    PHASE1_GROUP = 4,
    PHASE1_LIFE_TYPE = 11,
    PHASE1_LIFE_DURATION = 12,
    PHASE1_KEY_LENGTH = 14,
    PHASE2_LIFE_TYPE = 1,
    PHASE2_LIFE_DURATION = 2,
    PHASE2_GROUP = 3,
    PHASE2_AUTH = 5,
    PHASE2_KEY_LENGTH = 6
};

enum {
    LIFE_TYPE_SECONDS = 1,
    LIFE_TYPE_KILOBYTES = 2
};

/* Kinds of ID and of traffic selector that hold addresses (RFC 2407 section 4.6.2.1, RFC 7296
 * section 3.13.1). */
enum {
    ID_TYPE_IPV4_ADDR = 1,
    ID_TYPE_IPV4_ADDR_SUBNET = 4,
    ID_TYPE_IPV6_ADDR = 5,
    ID_TYPE_IPV6_ADDR_SUBNET = 6,
    ID_TYPE_IPV4_ADDR_RANGE = 7,
    ID_TYPE_IPV6_ADDR_RANGE = 8
};

/* Bytes of a payload; beyond their end everything is 0. */
struct bytes {
    const uint8_t *at;
    unsigned length;
};

static bool
holds(struct bytes bytes, unsigned offset, unsigned length)
{
    return offset <= bytes.length && length <= bytes.length - offset;
}

static struct bytes
rest(struct bytes bytes, unsigned offset)
{
    struct bytes empty = { bytes.at, 0 };

    return offset > bytes.length ? empty : (struct bytes){ bytes.at + offset, bytes.length - offset };
}

static uint8_t
get8(struct bytes bytes, unsigned offset)
{
    return holds(bytes, offset, 1) ? bytes.at[offset] : 0;
}

static uint16_t
get16(struct bytes bytes, unsigned offset)
{
    return holds(bytes, offset, 2) ? pntohu16(bytes.at + offset) : 0;
}

/* A number of any length; one that is too large for 64 bits is the largest. */
static uint64_t
get_number(struct bytes bytes, unsigned offset, unsigned length)
{
    uint64_t number = 0;

    if (!holds(bytes, offset, length))
        return 0;
    for (unsigned i = 0; i < length; i++) {
        if (number > UINT64_MAX >> CHAR_BIT)
            return UINT64_MAX;
        number = number << CHAR_BIT | bytes.at[offset + i];
    }
    return number;
}

/* ---- proposals and transforms */

static struct proposal *
last_proposal(struct ike_contents *contents)
{
    return contents->proposals > 0 ? &contents->proposal[contents->proposals - 1] : NULL;
}

static void
take_proposal(struct ike_reader *reader, struct bytes payload)
{
    struct ike_contents *contents = &reader->message->contents;
    unsigned size = get8(payload, PROPOSAL_SPI_SIZE);

    reader->beyond = contents->proposals == PROPOSALS_AT_MOST;
    contents->proposals_incomplete |= reader->beyond;
    if (reader->beyond)
        return;
    struct proposal *proposal = &contents->proposal[contents->proposals++];
    proposal->protocol = get8(payload, PROPOSAL_PROTOCOL);
    if (size <= sizeof proposal->spi)
        proposal->spi = get_number(payload, PROPOSAL_SPI, size);
}

static void
add_transform(struct proposal *proposal, uint8_t type, uint64_t id)
{
    if (proposal->transforms == TRANSFORMS_AT_MOST) {
        proposal->incomplete = true;
        return;
    }
    struct transform *transform = &proposal->transform[proposal->transforms++];
    transform->type = type;
    transform->id = (uint16_t)id;
}

static void
set_key_length(struct proposal *proposal, uint64_t bits)
{
    for (unsigned i = proposal->transforms; i-- > 0;) {
        if (proposal->transform[i].type == TRANSFORM_ENCR) {
            proposal->transform[i].key_length = (uint16_t)bits;
            return;
        }
    }
}

static void
set_life(struct lifetime *lifetime, uint64_t type, uint64_t duration)
{
    if (type == LIFE_TYPE_SECONDS)
        lifetime->seconds = duration;
    else if (type == LIFE_TYPE_KILOBYTES)
        lifetime->kilobytes = duration;
}

/* A lifetime that was offered is one of the offer's alternatives. */
static void
add_lifetime(struct lifetimes *lifetimes, const struct lifetime *lifetime)
{
    bool known = lifetime->seconds == 0 && lifetime->kilobytes == 0;

    for (unsigned i = 0; i < lifetimes->count; i++)
        known |= lifetimes->item[i].seconds == lifetime->seconds && lifetimes->item[i].kilobytes == lifetime->kilobytes;
    if (known)
        return;
    if (lifetimes->count < LIFETIMES_AT_MOST)
        lifetimes->item[lifetimes->count++] = *lifetime;
    else
        lifetimes->incomplete = true;
}

struct attribute {
    uint16_t type;
    uint64_t value;
};

/* Takes the first attribute off the bytes. */
static bool
next_attribute(struct bytes *bytes, struct attribute *attribute)
{
    if (!holds(*bytes, 0, ATTRIBUTE_HEADER))
        return false;
    uint16_t type = get16(*bytes, 0);
    unsigned length = type & ATTRIBUTE_IS_SHORT ? 0 : get16(*bytes, 2);

    if (!holds(*bytes, ATTRIBUTE_HEADER, length))
        return false;
    attribute->type = type & (ATTRIBUTE_IS_SHORT - 1);
    attribute->value = type & ATTRIBUTE_IS_SHORT ? get16(*bytes, 2) : get_number(*bytes, ATTRIBUTE_HEADER, length);
    *bytes = rest(*bytes, ATTRIBUTE_HEADER + length);
    return true;
}

static void
take_phase1_attribute(struct proposal *proposal, const struct attribute *attribute)
{
    switch (attribute->type) {
    case PHASE1_ENCRYPTION:
        add_transform(proposal, TRANSFORM_ENCR, attribute->value);
        break;
    case PHASE1_HASH:
        add_transform(proposal, TRANSFORM_IKE1_HASH, attribute->value);
        break;
    case PHASE1_AUTH_METHOD:
        add_transform(proposal, TRANSFORM_IKE1_AUTH_METHOD, attribute->value);
        break;
    case PHASE1_GROUP:
        add_transform(proposal, TRANSFORM_KE, attribute->value);
        break;
    case PHASE1_KEY_LENGTH:
        set_key_length(proposal, attribute->value);
        break;
    default:
        break;
    }
}

static void
take_phase2_attribute(struct proposal *proposal, const struct attribute *attribute)
{
    switch (attribute->type) {
    case PHASE2_GROUP:
        add_transform(proposal, TRANSFORM_KE, attribute->value);
        break;
    case PHASE2_AUTH:
        add_transform(proposal, TRANSFORM_IKE1_ESP_AUTH, attribute->value);
        break;
    case PHASE2_KEY_LENGTH:
        set_key_length(proposal, attribute->value);
        break;
    default:
        break;
    }
}

/* Whether the bytes are attributes to their end. */
static bool
attributes_add_up(struct bytes bytes)
{
    struct attribute attribute;

    while (next_attribute(&bytes, &attribute))
        ;
    return bytes.length == 0;
}

/* The lifetime among IKEv1's attributes: a type goes before each duration. */
static struct lifetime
life_among(struct bytes attributes, bool phase1)
{
    uint16_t life_type = phase1 ? PHASE1_LIFE_TYPE : PHASE2_LIFE_TYPE;
    uint16_t life_duration = phase1 ? PHASE1_LIFE_DURATION : PHASE2_LIFE_DURATION;
    struct lifetime lifetime = { 0 };
    struct attribute attribute;
    uint64_t type = 0;

    while (next_attribute(&attributes, &attribute)) {
        if (attribute.type == life_type)
            type = attribute.value;
        else if (attribute.type == life_duration)
            set_life(&lifetime, type, attribute.value);
    }
    return lifetime;
}

static void
take_ike1_transform(struct ike_contents *contents, struct proposal *proposal, struct bytes payload)
{
    struct bytes attributes = rest(payload, TRANSFORM_ATTRIBUTES);
    bool phase1 = proposal->protocol == IKE_PROTOCOL_IKE;
    struct lifetime lifetime = life_among(attributes, phase1);
    struct attribute attribute;

    if (!phase1)                    /* in phase 1 it says only KEY_IKE; the cipher is an attribute */
        add_transform(proposal, TRANSFORM_ENCR, get8(payload, IKE1_TRANSFORM_ID));
    while (next_attribute(&attributes, &attribute)) {
        if (phase1)
            take_phase1_attribute(proposal, &attribute);
        else
            take_phase2_attribute(proposal, &attribute);
    }
    add_lifetime(&contents->lifetimes, &lifetime);
}

static void
take_ike2_transform(struct proposal *proposal, struct bytes payload)
{
    struct bytes attributes = rest(payload, TRANSFORM_ATTRIBUTES);
    uint8_t type = get8(payload, TRANSFORM_TYPE);
    struct attribute attribute;

    if (type < TRANSFORM_ENCR || type > TRANSFORM_ESN)
        return;
    add_transform(proposal, type, get16(payload, TRANSFORM_ID));
    while (next_attribute(&attributes, &attribute))
        if (attribute.type == IKE2_KEY_LENGTH)
            set_key_length(proposal, attribute.value);
}

static bool
take_transform(struct ike_reader *reader, struct bytes payload)
{
    struct ike_message *message = reader->message;

    if (!holds(payload, 0, TRANSFORM_ATTRIBUTES) || !attributes_add_up(rest(payload, TRANSFORM_ATTRIBUTES)))
        return false;
    if (reader->beyond)
        return true;
    struct proposal *proposal = last_proposal(&message->contents);
    if (message->version >= 2)
        take_ike2_transform(proposal, payload);
    else
        take_ike1_transform(&message->contents, proposal, payload);
    return true;
}

/* ---- chains: of payloads, of an SA's proposals, of a proposal's transforms */

/* Takes the first payload off the bytes.
 * @return false where none is there, or its length cannot be */
static bool
next_payload(struct ike_reader *reader, struct bytes *bytes, struct bytes *payload)
{
    unsigned length = get16(*bytes, PAYLOAD_LENGTH);

    if (length < GENERIC_HEADER || !holds(*bytes, 0, length) || reader->items++ == PAYLOADS_AT_MOST)
        return false;
    *payload = (struct bytes){ bytes->at, length };
    *bytes = rest(*bytes, length);
    return true;
}

static bool
take_transforms(struct ike_reader *reader, struct bytes bytes, unsigned count)
{
    struct bytes payload;

    for (unsigned i = 0; i < count; i++)
        if (!next_payload(reader, &bytes, &payload) || !take_transform(reader, payload))
            return false;
    return bytes.length == 0;
}

static bool
take_proposals(struct ike_reader *reader, struct bytes bytes)
{
    struct bytes payload;

    while (bytes.length > 0) {
        if (!next_payload(reader, &bytes, &payload) || !holds(payload, 0, PROPOSAL_SPI + get8(payload, PROPOSAL_SPI_SIZE)))
            return false;
        bool is_last = get8(payload, NEXT_PAYLOAD_TYPE) != IKE_PAYLOAD_PROPOSAL;
        take_proposal(reader, payload);
        if (is_last != (bytes.length == 0)
                || !take_transforms(reader, rest(payload, PROPOSAL_SPI + get8(payload, PROPOSAL_SPI_SIZE)), get8(payload, PROPOSAL_TRANSFORMS)))
            return false;
    }
    return true;
}

static bool
take_sa(struct ike_reader *reader, struct bytes payload)
{
    reader->message->contents.has_sa = true;
    if (reader->message->version >= 2)
        return take_proposals(reader, rest(payload, SA_PROPOSALS));
    if (get_number(payload, IKE1_SA_DOI, DOI) != DOI_IPSEC)
        return true;                /* of group keys (RFC 6407), and the like */
    return holds(payload, 0, IKE1_SA_PROPOSALS) && take_proposals(reader, rest(payload, IKE1_SA_PROPOSALS));
}

/* ---- selectors */

static bool
get_address(struct bytes bytes, unsigned offset, uint8_t length, struct ip_address *address)
{
    memset(address, 0, sizeof *address);
    if (!holds(bytes, offset, length))
        return false;
    address->length = length;
    memcpy(address->bytes, bytes.at + offset, length);
    return true;
}

/* The next selector to be filled, or NULL: then they are incomplete. */
static struct traffic_selector *
add_selector(struct selectors *selectors, bool is_read)
{
    if (!is_read || selectors->count == SELECTORS_AT_MOST || selectors->incomplete) {
        selectors->incomplete = true;
        return NULL;
    }
    struct traffic_selector *selector = &selectors->item[selectors->count++];
    memset(selector, 0, sizeof *selector);
    return selector;
}

static bool
take_selectors(struct selectors *selectors, struct bytes payload)
{
    unsigned count = get8(payload, TS_COUNT);

    if (!holds(payload, 0, TS_SELECTORS))
        return false;
    payload = rest(payload, TS_SELECTORS);
    for (unsigned i = 0; i < count; i++) {
        uint8_t type = get8(payload, 0);
        uint8_t size = type == ID_TYPE_IPV4_ADDR_RANGE ? IPV4_LENGTH : IPV6_LENGTH;
        bool is_read = type == ID_TYPE_IPV4_ADDR_RANGE || type == ID_TYPE_IPV6_ADDR_RANGE;
        struct traffic_selector *selector = add_selector(selectors, is_read && holds(payload, TS_ADDRESSES, 2U * size));
        unsigned length = get16(payload, TS_LENGTH);

        if (length < TS_HEADER || !holds(payload, 0, length))
            return false;
        if (selector) {
            selector->protocol = get8(payload, TS_PROTOCOL);
            selector->start_port = get16(payload, TS_START_PORT);
            selector->end_port = get16(payload, TS_END_PORT);
            get_address(payload, TS_ADDRESSES, size, &selector->start);
            get_address(payload, TS_ADDRESSES + size, size, &selector->end);
        }
        payload = rest(payload, length);
    }
    return payload.length == 0;
}

/* An ID of Quick Mode may be an address, a subnet or a range: one selector for each of them. */
static bool
take_id(struct selectors *selectors, struct bytes payload)
{
    uint8_t type = get8(payload, IKE1_ID_TYPE);
    bool ipv4 = type == ID_TYPE_IPV4_ADDR || type == ID_TYPE_IPV4_ADDR_SUBNET || type == ID_TYPE_IPV4_ADDR_RANGE;
    bool ipv6 = type == ID_TYPE_IPV6_ADDR || type == ID_TYPE_IPV6_ADDR_SUBNET || type == ID_TYPE_IPV6_ADDR_RANGE;
    bool single = type == ID_TYPE_IPV4_ADDR || type == ID_TYPE_IPV6_ADDR;
    uint8_t size = ipv4 ? IPV4_LENGTH : IPV6_LENGTH;
    struct traffic_selector *selector =
            add_selector(selectors, (ipv4 || ipv6) && holds(payload, IKE1_ID_DATA, single ? size : 2U * size));

    if (!selector)
        return holds(payload, 0, IKE1_ID_DATA);
    selector->protocol = get8(payload, IKE1_ID_PROTOCOL);
    selector->start_port = get16(payload, IKE1_ID_PORT);
    selector->end_port = selector->start_port == 0 ? UINT16_MAX : selector->start_port;
    get_address(payload, IKE1_ID_DATA, size, &selector->start);
    get_address(payload, single ? IKE1_ID_DATA : IKE1_ID_DATA + size, size, &selector->end);
    if (type != ID_TYPE_IPV4_ADDR_SUBNET && type != ID_TYPE_IPV6_ADDR_SUBNET)
        return true;
    for (unsigned i = 0; i < size; i++) {   /* what was read as the end is the mask */
        uint8_t mask = selector->end.bytes[i];
        selector->start.bytes[i] &= mask;
        selector->end.bytes[i] = (uint8_t)(selector->start.bytes[i] | ~mask);
    }
    return true;
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
        notify.lifetime = life_among(data, notify.protocol == IKE_PROTOCOL_IKE);
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
        return take_sa(reader, payload);
    case IKE1_PAYLOAD_KE:
        return take_key_exchange(contents, payload, false);
    case IKE1_PAYLOAD_ID:
        return message->exchange_type != IKE1_QUICK_MODE || take_id(reader->ids++ == 0 ? &contents->tsi : &contents->tsr, payload);
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
        return take_sa(reader, payload);
    case IKE2_PAYLOAD_KE:
        return take_key_exchange(contents, payload, true);
    case IKE2_PAYLOAD_TSI:
        return take_selectors(&contents->tsi, payload);
    case IKE2_PAYLOAD_TSR:
        return take_selectors(&contents->tsr, payload);
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
ike_chain_take(struct ike_message *message, const struct ike_chain *chain, struct ike_sealed *sealed)
{
    struct ike_reader reader = { .message = message };
    struct bytes bytes = { chain->bytes, chain->length }, payload;

    *sealed = (struct ike_sealed){ 0 };
    for (uint8_t type = chain->first, following; type != 0; type = following) {
        if (!next_payload(&reader, &bytes, &payload) || (chain->was_decrypted && !is_plausible(message->version, type, payload)))
            return false;
        if (ends_sealed(sealed, message->version, type, payload))
            return bytes.length == 0;
        if (!(message->version < 2 ? take_ike1_payload(&reader, type, payload) : take_ike2_payload(&reader, type, payload)))
            return false;
        following = get8(payload, NEXT_PAYLOAD_TYPE);
    }
    return bytes.length <= chain->trailer;
}

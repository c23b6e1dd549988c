/* ike_proposal.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_proposal.h"

/* Where fields lie, in bytes from the beginning of a payload (RFC 7296 section 3.3, RFC 2408 sections 3.4 to 3.6). */
enum {
    SA_PROPOSALS = 4,
    IKE1_SA_DOI = 4,
    IKE1_SA_DOI_SIZE = 4,
    IKE1_SA_PROPOSALS = 12,         /* behind DOI and situation */
    PROPOSAL_PROTOCOL = 5,
    PROPOSAL_SPI_SIZE = 6,
    PROPOSAL_TRANSFORMS = 7,        /* how many */
    PROPOSAL_SPI = 8,
    TRANSFORM_TYPE = 4,
    TRANSFORM_ID = 6,
    IKE1_TRANSFORM_ID = 5,
    TRANSFORM_ATTRIBUTES = 8,
    ATTRIBUTE_HEADER = 4,
    DOI_IPSEC = 1                   /* RFC 2407 */
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
    memset(proposal, 0, sizeof *proposal);
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

struct lifetime
ike_life_among(struct bytes attributes, bool phase1)
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
    struct lifetime lifetime = ike_life_among(attributes, phase1);
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

/* ---- chains: of an SA's proposals, of a proposal's transforms */

static bool
take_transforms(struct ike_reader *reader, struct bytes bytes, unsigned count)
{
    struct bytes payload;

    for (unsigned i = 0; i < count; i++)
        if (!ike_next_payload(reader, &bytes, &payload) || !take_transform(reader, payload))
            return false;
    return bytes.length == 0;
}

static bool
take_proposals(struct ike_reader *reader, struct bytes bytes)
{
    struct bytes payload;

    while (bytes.length > 0) {
        if (!ike_next_payload(reader, &bytes, &payload) || !holds(payload, 0, PROPOSAL_SPI + get8(payload, PROPOSAL_SPI_SIZE)))
            return false;
        bool is_last = get8(payload, NEXT_PAYLOAD_TYPE) != IKE_PAYLOAD_PROPOSAL;
        take_proposal(reader, payload);
        if (is_last != (bytes.length == 0)
                || !take_transforms(reader, rest(payload, PROPOSAL_SPI + get8(payload, PROPOSAL_SPI_SIZE)), get8(payload, PROPOSAL_TRANSFORMS)))
            return false;
    }
    return true;
}

bool
ike_take_sa(struct ike_reader *reader, struct bytes payload)
{
    reader->message->contents.has_sa = true;
    if (reader->message->version >= 2)
        return take_proposals(reader, rest(payload, SA_PROPOSALS));
    if (get_number(payload, IKE1_SA_DOI, IKE1_SA_DOI_SIZE) != DOI_IPSEC)
        return true;                /* of group keys (RFC 6407), and the like */
    return holds(payload, 0, IKE1_SA_PROPOSALS) && take_proposals(reader, rest(payload, IKE1_SA_PROPOSALS));
}

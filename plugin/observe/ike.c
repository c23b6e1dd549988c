/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "../compat.h"
#include "../clock.h"
#include "ike_payload.h"

/* Messages in fragments of which the first one came, that are remembered. */
#define FRAGMENTED_AT_MOST 256

/* Data sources that are looked into for what was decrypted of a message. */
#define SOURCES_AT_MOST 16

/* The fixed header (RFC 7296 section 3.1; RFC 2408 section 3.1), in bytes. */
enum {
    IKE_RESPONDER_SPI = 8,
    IKE_NEXT_PAYLOAD = 16,
    IKE_VERSION = 17,
    IKE_EXCHANGE_TYPE = 18,
    IKE_FLAGS = 19,
    IKE_MESSAGE_ID = 20,
    IKE_LENGTH = 24,
    IKE_HEADER = 28
};

/* In an Encrypted Fragment payload (RFC 7383 section 2.5). */
enum {
    FRAGMENT_NUMBER = 4,
    FRAGMENT_TOTAL = 6,
    FRAGMENT_HEADER = 8
};

/* In a fragment of IKEv1: the payload's header, an ID, then these. */
enum {
    FRAGMENT1_NUMBER = 6,
    FRAGMENT1_FLAGS = 7,
    FRAGMENT1_HEADER = 8,
    FRAGMENT1_IS_LAST = 1
};

/* What may follow the last payload inside of IKEv1's encryption: padding to a block (RFC 2408 appendix A), of 16 bytes at most,
 * and one more block where a sender pads in any case. */
enum { IKE1_PADDING = 32 };

/* The first payload's type of a message in fragments: only the first fragment names it. */
struct fragmented {
    uint64_t initiator_spi;
    uint32_t message_id;
    uint8_t flags;
    uint8_t first;
};

struct ike_observer {
    struct fragmented fragmented[FRAGMENTED_AT_MOST];   /* a ring */
    unsigned fragmented_next;
};

/* What was read so far. */
struct reading {
    struct ike_observer *observer;
    struct ike_message *message;
    const uint8_t *body;            /* behind the header */
    unsigned length;                /* of the body */
    const GSList *rest;             /* data sources behind that of the message */
};

struct ike_observer *
ike_observer_create(wmem_allocator_t *pool)
{
    return wmem_new0(pool, struct ike_observer);
}

/* ---- chains in data sources */

/* Nothing is read yet, or what was read is of no use. The lists, some 2 KB of them, hold nothing beyond their counts. */
static void
clear_contents(struct ike_contents *contents)
{
    memset(contents, 0, offsetof(struct ike_contents, lifetimes));
    memset(&contents->lifetimes, 0, offsetof(struct lifetimes, item));
    memset(&contents->tsi, 0, offsetof(struct selectors, item));
    memset(&contents->tsr, 0, offsetof(struct selectors, item));
}

/* Reads a chain; what it said is forgotten if it does not add up. */
static bool
take_chain(struct ike_message *message, const struct ike_chain *chain, struct ike_sealed *sealed)
{
    if (ike_chain_take(message, chain, sealed))
        return true;
    clear_contents(&message->contents);
    return false;
}

/* How a data source may hold a chain. */
enum layout {
    PADDED1,                        /* IKEv1's, padded to a block */
    PADDED2,                        /* IKEv2's: padding, and its length, at the end (RFC 7296 section 3.14) */
    JOINED                          /* of IKEv2's fragments: without padding */
};

static bool
cut_padding(struct ike_chain *chain)
{
    if (chain->length == 0)
        return false;
    unsigned padding = chain->bytes[chain->length - 1] + 1U;
    if (padding > chain->length)
        return false;
    chain->length -= padding;
    return true;
}

/* Reads the payloads that begin with the given type from the first data source that holds just them. */
static bool
take_decrypted(struct ike_message *message, const GSList *source, uint8_t first, enum layout layout)
{
    message->is_garbled = layout == PADDED2;    /* until something in it begins as payloads do */
    if (!source)
        return false;
    struct ike_contents clear = message->contents;
    struct ike_sealed sealed;

    for (unsigned i = 0; source && i < SOURCES_AT_MOST; i++, source = source->next) {
        struct span span = span_of(get_data_source_tvb(source->data));
        struct ike_chain chain = { .bytes = span.bytes, .length = (unsigned)span.captured, .first = first, .was_decrypted = true,
                .trailer = layout == PADDED1 ? IKE1_PADDING : 0 };
        if (layout == PADDED2 && !cut_padding(&chain))
            continue;
        message->is_garbled &= !ike_chain_begins(&chain, message->version);
        if (take_chain(message, &chain, &sealed) && sealed.type == 0)
            return true;
        message->contents = clear;
    }
    return false;
}

/* ---- fragments of IKEv2 */

static struct fragmented *
find_fragmented(struct ike_observer *observer, const struct ike_message *message)
{
    for (unsigned i = 0; i < FRAGMENTED_AT_MOST; i++) {
        struct fragmented *one = &observer->fragmented[i];
        if (one->initiator_spi == message->initiator_spi && one->message_id == message->message_id && one->flags == message->flags)
            return one;
    }
    return NULL;
}

static void
remember_fragmented(struct ike_observer *observer, const struct ike_message *message, uint8_t first)
{
    struct fragmented *one = find_fragmented(observer, message);

    if (!one)
        one = &observer->fragmented[observer->fragmented_next++ % FRAGMENTED_AT_MOST];
    *one = (struct fragmented){ message->initiator_spi, message->message_id, message->flags, first };
}

/* A fragment is all that its message holds. The whole message is there once its last fragment came, in the data source
 * behind that of the fragment. */
static bool
take_fragmented2(const struct reading *reading)
{
    struct ike_message *message = reading->message;
    const uint8_t *payload = reading->body;

    if (reading->length < FRAGMENT_HEADER)
        return false;
    uint8_t first = payload[0];
    message->fragment = pntohu16(payload + FRAGMENT_NUMBER);
    message->fragments = pntohu16(payload + FRAGMENT_TOTAL);
    if (message->fragments == 1)
        return take_decrypted(message, reading->rest, first, PADDED2);
    if (message->fragment == 1)
        remember_fragmented(reading->observer, message, first);
    if (!reading->rest)
        return false;
    const struct fragmented *fragmented = find_fragmented(reading->observer, message);
    return fragmented && take_decrypted(message, reading->rest->next, fragmented->first, JOINED);
}

/* ---- messages */

static bool
take_body2(const struct reading *reading)
{
    struct ike_message *message = reading->message;
    struct ike_chain chain = { .bytes = reading->body, .length = reading->length, .first = message->first_payload };
    struct ike_sealed sealed;

    chain.trailer = chain.first != 0 ? chain.length : 0;
    if (!take_chain(message, &chain, &sealed))
        return false;
    message->first_sealed = sealed.first;
    if (sealed.type == IKE2_PAYLOAD_SK)     /* that it holds nothing is in clear (RFC 7296 section 3.14): a liveness check, or the answer to one */
        return sealed.first == 0 || take_decrypted(message, reading->rest, sealed.first, PADDED2);
    return sealed.type == 0;
}

static bool
take_body1(const struct reading *reading)
{
    struct ike_message *message = reading->message;
    struct ike_chain chain = { .bytes = reading->body, .length = reading->length, .first = message->first_payload };
    struct ike_sealed sealed;

    if (chain.first == 0)
        return false;
    if (message->flags & IKE1_FLAG_ENCRYPTION)
        return take_decrypted(message, reading->rest, chain.first, PADDED1);
    chain.trailer = chain.length;
    return take_chain(message, &chain, &sealed);
}

/* Equal in equal messages, and by chance in one of 2^32 others; made up messages can share one. Eight bytes at a time, for it is
 * most of what a message costs (FNV-1a's steps, with its 64-bit prime, and the upper half folded into the lower one). */
static uint32_t
fingerprint_of(const uint8_t *bytes, unsigned length)
{
    enum { FOLD = 32 };
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t hash = length, word;

    for (; length >= sizeof word; bytes += sizeof word, length -= (unsigned)sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> FOLD;
    }
    word = 0;
    memcpy(&word, bytes, length);
    hash = (hash ^ word) * prime;
    return (uint32_t)(hash ^ hash >> FOLD);
}

static void
take_header(struct ike_message *message, const uint8_t *header)
{
    message->initiator_spi = pntohu64(header);
    message->responder_spi = pntohu64(header + IKE_RESPONDER_SPI);
    message->first_payload = header[IKE_NEXT_PAYLOAD];
    message->version = header[IKE_VERSION] >> 4;
    message->exchange_type = header[IKE_EXCHANGE_TYPE];
    message->flags = header[IKE_FLAGS];
    message->message_id = pntohu32(header + IKE_MESSAGE_ID);
    message->length = pntohu32(header + IKE_LENGTH);
}

/* A message of IKEv1 that came in fragments has a header of its own.
 * @param rest  data sources behind that of the bytes */
static bool
take_joined1(const struct reading *reading, const uint8_t *bytes, unsigned length, const GSList *rest)
{
    struct ike_message *message = reading->message;

    if (length < IKE_HEADER || pntohu64(bytes) != message->initiator_spi)
        return false;
    uint32_t whole = pntohu32(bytes + IKE_LENGTH);
    if (whole < IKE_HEADER || whole > length)
        return false;
    message->first_payload = bytes[IKE_NEXT_PAYLOAD];
    message->flags = bytes[IKE_FLAGS];
    struct reading joined = { .observer = reading->observer, .message = message, .body = bytes + IKE_HEADER,
            .length = whole - IKE_HEADER, .rest = rest };
    return take_body1(&joined);
}

/* The whole message is there once its last fragment came: in a data source of its own, or if it is the only one in place. */
static bool
take_fragmented1(const struct reading *reading)
{
    struct ike_message *message = reading->message;

    if (reading->length < FRAGMENT1_HEADER)
        return false;
    message->fragment = reading->body[FRAGMENT1_NUMBER];
    message->fragments = reading->body[FRAGMENT1_FLAGS] & FRAGMENT1_IS_LAST ? message->fragment : 0;
    if (message->fragments == 1)
        return take_joined1(reading, reading->body + FRAGMENT1_HEADER, reading->length - FRAGMENT1_HEADER, reading->rest);
    if (message->fragments == 0 || !reading->rest)
        return false;
    struct span span = span_of(get_data_source_tvb(reading->rest->data));
    return take_joined1(reading, span.bytes, (unsigned)span.captured, reading->rest->next);
}

static bool
take_body(const struct reading *reading)
{
    const struct ike_message *message = reading->message;

    switch (message->version) {
    case 1:
        if (message->first_payload == IKE1_PAYLOAD_FRAGMENT)
            return take_fragmented1(reading);
        return take_body1(reading);
    case 2:
        if (message->first_payload == IKE2_PAYLOAD_SKF)
            return take_fragmented2(reading);
        return take_body2(reading);
    default:
        return false;
    }
}

/* Whether it can be IKE at all, and not ESP or anything else on its port: no datagram, nor a frame of TCP (RFC 9329), is longer. */
static bool
is_possible(const struct ike_message *message)
{
    return (message->version == 1 || message->version == 2) && message->initiator_spi != 0 && message->length >= IKE_HEADER
            && message->length <= UINT16_MAX;
}

bool
ike_observe(struct ike_observer *observer, const packet_info *pinfo, const struct place *place, struct ike_message *message)
{
    const struct carrier *carrier = place->carrier;
    const uint8_t *header = carrier->span.bytes + carrier->at;
    unsigned captured = (unsigned)(MIN(carrier->span.captured, carrier->end) - carrier->at);

    memset(message, 0, offsetof(struct ike_message, contents));
    clear_contents(&message->contents);
    message->frame = pinfo->num;
    message->time = clock_of(&pinfo->abs_ts);
    carrier_endpoints(carrier, &message->source, &message->destination);
    take_header(message, header);
    if (!is_possible(message))
        return false;
    bool is_whole = message->length <= captured, was_cut = pinfo->fd->cap_len < pinfo->fd->pkt_len || carrier->is_fragment;
    if (!is_whole && !was_cut)
        return false;               /* its sender sent half a message: gateways drop it */
    message->fingerprint = fingerprint_of(header, is_whole ? message->length : captured);
    struct reading reading = { .observer = observer, .message = message, .body = header + IKE_HEADER,
            .length = (is_whole ? message->length : captured) - IKE_HEADER, .rest = place->rest };
    message->readable = take_body(&reading) && is_whole;
    message->is_garbled &= is_whole && !message->readable;
    if (!message->readable)
        clear_contents(&message->contents);
    return true;
}

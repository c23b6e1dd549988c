/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "../compat.h"
#include "../clock.h"
#include "ike_payload.h"

/* With more payloads, proposals and transforms it is no IKE message of any use. */
#define PAYLOADS_AT_MOST 4096

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

/* X(identifier, name): the fields that are read. */
#define IKE_FIELDS(X) \
    X(INITIATOR_SPI, "isakmp.ispi") \
    X(PAYLOAD, "isakmp.typepayload") \
    X(DECRYPTED, "isakmp.enc.decrypted") \
    X(MALFORMED, "_ws.malformed")

enum field {
#define X(identifier, name) FIELD_##identifier,
    IKE_FIELDS(X)
#undef X
    FIELDS
};

static const char *const field_names[FIELDS] = {
#define X(identifier, name) name,
    IKE_FIELDS(X)
#undef X
};

/* In a fragment of IKEv1: the payload's header, an ID, then these. */
enum {
    FRAGMENT1_NUMBER = 6,
    FRAGMENT1_FLAGS = 7,
    FRAGMENT1_HEADER = 8,
    FRAGMENT1_IS_LAST = 1
};

struct ike_observer {
    int hf[FIELDS];
};

/* Where in the stream of fields we are. */
struct stream {
    const struct ike_observer *observer;
    struct ike_message *message;
    struct ike_reader reader;
    bool begun;
    unsigned payloads;
    bool encrypted_seen;            /* the message is protected, and its clear part was read */
    bool decrypted_seen;
    bool malformed;
    bool ended;                     /* a second message began */
};

struct ike_observer *
ike_observer_create(wmem_allocator_t *pool)
{
    struct ike_observer *observer = wmem_new0(pool, struct ike_observer);

    for (int field = 0; field < FIELDS; field++)
        observer->hf[field] = proto_registrar_get_id_byname(field_names[field]);
    return observer;
}

void
ike_wanted_fields(GArray *wanted)
{
    for (int field = 0; field < FIELDS; field++) {
        int id = proto_registrar_get_id_byname(field_names[field]);
        if (id != -1)
            g_array_append_val(wanted, id);
    }
}

/* The captured bytes of a field; their number is 0 where there are none. */
static const uint8_t *
bytes_of(const field_info *field, unsigned *length)
{
    int captured = field->ds_tvb ? tvb_captured_length_remaining(field->ds_tvb, field->start) : 0;

    if (captured > field->length)
        captured = field->length;
    *length = captured > 0 ? (unsigned)captured : 0;
    return captured > 0 ? tvb_get_ptr(field->ds_tvb, field->start, captured) : NULL;
}

static void
take_header(struct stream *stream, const field_info *field)
{
    struct ike_message *message = stream->message;

    bool of_fragments = stream->begun && message->first_payload == IKE1_PAYLOAD_FRAGMENT && message->version < 2;
    if (stream->begun && !of_fragments) {
        stream->ended = true;
        return;
    }
    stream->begun = true;
    int captured = field->ds_tvb ? tvb_captured_length_remaining(field->ds_tvb, field->start) : 0;
    if (captured < IKE_HEADER)
        return;
    const uint8_t *header = tvb_get_ptr(field->ds_tvb, field->start, captured);
    if (of_fragments) {             /* of IKEv1, whose message was put together in the last one's frame */
        message->first_payload = header[IKE_NEXT_PAYLOAD];
        message->flags = header[IKE_FLAGS];
        return;
    }
    message->initiator_spi = pntohu64(header);
    message->responder_spi = pntohu64(header + IKE_RESPONDER_SPI);
    message->first_payload = header[IKE_NEXT_PAYLOAD];
    message->version = header[IKE_VERSION] >> 4;
    message->exchange_type = header[IKE_EXCHANGE_TYPE];
    message->flags = header[IKE_FLAGS];
    message->message_id = pntohu32(header + IKE_MESSAGE_ID);
    message->length = pntohu32(header + IKE_LENGTH);
    if (message->length >= IKE_HEADER && message->length < (uint32_t)captured)
        captured = (int)message->length;
    message->fingerprint = wmem_strong_hash(header, (size_t)captured);
}

/* One that holds nothing that could be read by itself. */
static void
take_fragment1(struct ike_message *message, const uint8_t *bytes, unsigned length)
{
    if (length < FRAGMENT1_HEADER)
        return;
    message->fragment = bytes[FRAGMENT1_NUMBER];
    message->fragments = bytes[FRAGMENT1_FLAGS] & FRAGMENT1_IS_LAST ? message->fragment : 0;
}

static void
take_payload(struct stream *stream, const field_info *field)
{
    unsigned length;
    const uint8_t *bytes = bytes_of(field, &length);
    uint8_t type = (uint8_t)compat_uint(field);

    if (type == IKE1_PAYLOAD_FRAGMENT && stream->message->version < 2) {
        take_fragment1(stream->message, bytes, length);
        return;
    }
    if (stream->payloads++ == PAYLOADS_AT_MOST) {
        stream->ended = stream->malformed = true;
        return;
    }
    if (type == IKE2_PAYLOAD_SK || type == IKE2_PAYLOAD_SKF)
        stream->encrypted_seen = true;
    if (type == IKE2_PAYLOAD_SKF && length >= FRAGMENT_HEADER) {
        stream->message->fragment = pntohu16(bytes + FRAGMENT_NUMBER);
        stream->message->fragments = pntohu16(bytes + FRAGMENT_TOTAL);
    }
    ike_payload_take(&stream->reader, type, bytes, length);
}

static void
take_field(struct stream *stream, const field_info *field)
{
    const int *hf = stream->observer->hf;
    int id = field->hfinfo->id;

    if (id == hf[FIELD_PAYLOAD])
        take_payload(stream, field);
    else if (id == hf[FIELD_INITIATOR_SPI])
        take_header(stream, field);
    else if (id == hf[FIELD_DECRYPTED])
        stream->decrypted_seen = true;
    else if (id == hf[FIELD_MALFORMED])
        stream->malformed = true;
}

/* The node that follows in tree order, below the root; NULL at its end. */
static proto_node *
next_node(const proto_node *node, const proto_node *root)
{
    if (node->first_child)
        return node->first_child;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

static void
walk(struct stream *stream, const proto_tree *tree)
{
    for (proto_node *node = next_node(tree, tree); node && !stream->ended; node = next_node(node, tree)) {
        const field_info *field = PNODE_FINFO(node);
        if (field && field->hfinfo)
            take_field(stream, field);
    }
}

/* Whether what was read of the payloads can be trusted to be all that they say. */
static bool
is_readable(const struct stream *stream)
{
    const struct ike_message *message = stream->message;

    if (stream->malformed)
        return false;
    if (stream->payloads == 0)      /* readable if there is none */
        return message->version >= 2 && message->first_payload == 0 && message->length == IKE_HEADER;
    if (message->version >= 2)
        return !stream->encrypted_seen || stream->decrypted_seen;
    return true;
}

bool
ike_observe(const struct ike_observer *observer, const packet_info *pinfo, const proto_tree *tree, struct ike_message *message)
{
    struct stream stream = { .observer = observer, .message = message, .reader = { .message = message } };

    if (!tree)
        return false;
    memset(message, 0, sizeof *message);
    message->frame = pinfo->num;
    message->time = clock_of(&pinfo->abs_ts);
    layers_endpoints(pinfo, &message->source, &message->destination);
    walk(&stream, tree);
    message->readable = is_readable(&stream);
    if (!message->readable)
        memset(&message->contents, 0, sizeof message->contents);
    return message->source.address.length != 0 && message->initiator_spi != 0;
}

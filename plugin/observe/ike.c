/* ike.c
 * The ISAKMP dissector's fields, read as a stream in tree order: message, payload, proposal,
 * transform, attribute. What Wireshark decrypts, reassembles or decodes from vendors' captures comes
 * along. Bytes and addresses are read where the dissector found them, so that the stream is the same
 * on all versions of Wireshark.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "../compat.h"
#include "layers.h"

/* A tree deeper or larger than this is no IKE message of any use. */
#define DEPTH_AT_MOST 32
#define NODES_AT_MOST 20000

/* X(identifier, name): the fields that are read. */
#define IKE_FIELDS(X) \
    X(INITIATOR_SPI, "isakmp.ispi") \
    X(RESPONDER_SPI, "isakmp.rspi") \
    X(NEXT_PAYLOAD, "isakmp.nextpayload") \
    X(VERSION, "isakmp.version") \
    X(EXCHANGE_TYPE, "isakmp.exchangetype") \
    X(FLAGS, "isakmp.flags") \
    X(MESSAGE_ID, "isakmp.messageid") \
    X(LENGTH, "isakmp.length") \
    X(PAYLOAD, "isakmp.typepayload") \
    X(DECRYPTED, "isakmp.enc.decrypted") \
    X(FRAGMENT_NUMBER, "isakmp.frag.number") \
    X(FRAGMENT_TOTAL, "isakmp.frag.total") \
    X(PROPOSAL_PROTOCOL, "isakmp.prop.protoid") \
    X(SPI, "isakmp.spi") \
    X(TRANSFORM_TYPE, "isakmp.tf.type") \
    X(TRANSFORM_ENCR_ID, "isakmp.tf.id.encr") \
    X(TRANSFORM_PRF_ID, "isakmp.tf.id.prf") \
    X(TRANSFORM_INTEG_ID, "isakmp.tf.id.integ") \
    X(TRANSFORM_DH_ID, "isakmp.tf.id.dh") \
    X(TRANSFORM_ESN_ID, "isakmp.tf.id.esn") \
    X(TRANSFORM_KEY_LENGTH, "isakmp.ike2.attr.key_length") \
    X(IKE1_TRANSFORM_ID, "isakmp.trans.id") \
    X(IKE1_IPSEC_LIFE_TYPE, "isakmp.ipsec.attr.life_type") \
    X(IKE1_IPSEC_LIFE_DURATION, "isakmp.ipsec.attr.life_duration") \
    X(IKE1_IPSEC_LIFE_DURATION64, "isakmp.ipsec.attr.life_duration64") \
    X(IKE1_IPSEC_LIFE_DURATION_BYTES, "isakmp.ipsec.attr.life_duration_bytes") \
    X(IKE1_IPSEC_GROUP, "isakmp.ipsec.attr.group_description") \
    X(IKE1_IPSEC_AUTH, "isakmp.ipsec.attr.auth_algorithm") \
    X(IKE1_IPSEC_KEY_LENGTH, "isakmp.ipsec.attr.key_length") \
    X(IKE1_LIFE_TYPE, "isakmp.ike.attr.life_type") \
    X(IKE1_LIFE_DURATION, "isakmp.ike.attr.life_duration") \
    X(IKE1_LIFE_DURATION64, "isakmp.ike.attr.life_duration64") \
    X(IKE1_LIFE_DURATION_BYTES, "isakmp.ike.attr.life_duration_bytes") \
    X(IKE1_ENCR, "isakmp.ike.attr.encryption_algorithm") \
    X(IKE1_HASH, "isakmp.ike.attr.hash_algorithm") \
    X(IKE1_AUTH_METHOD, "isakmp.ike.attr.authentication_method") \
    X(IKE1_GROUP, "isakmp.ike.attr.group_description") \
    X(IKE1_KEY_LENGTH, "isakmp.ike.attr.key_length") \
    X(KE_GROUP, "isakmp.key_exchange.dh_group") \
    X(ID_TYPE, "isakmp.id.type") \
    X(ID_PROTOCOL, "isakmp.id.protoid") \
    X(ID_PORT, "isakmp.id.port") \
    X(ID_IPV4, "isakmp.id.data.ipv4_addr") \
    X(ID_IPV4_MASK, "isakmp.id.data.ipv4_subnet") \
    X(ID_IPV4_START, "isakmp.id.data.ipv4_range_start") \
    X(ID_IPV4_END, "isakmp.id.data.ipv4_range_end") \
    X(ID_IPV6, "isakmp.id.data.ipv6_addr") \
    X(ID_IPV6_MASK, "isakmp.id.data.ipv6_subnet") \
    X(ID_IPV6_START, "isakmp.id.data.ipv6_range_start") \
    X(ID_IPV6_END, "isakmp.id.data.ipv6_range_end") \
    X(TS_TYPE, "isakmp.ts.type") \
    X(TS_PROTOCOL, "isakmp.ts.protoid") \
    X(TS_START_PORT, "isakmp.ts.start_port") \
    X(TS_END_PORT, "isakmp.ts.end_port") \
    X(TS_START_IPV4, "isakmp.ts.start_ipv4") \
    X(TS_END_IPV4, "isakmp.ts.end_ipv4") \
    X(TS_START_IPV6, "isakmp.ts.start_ipv6") \
    X(TS_END_IPV6, "isakmp.ts.end_ipv6") \
    X(NOTIFY_PROTOCOL, "isakmp.notify.protoid") \
    X(NOTIFY_TYPE, "isakmp.notify.msgtype") \
    X(NOTIFY_DATA, "isakmp.notify.data") \
    X(NOTIFY_KE_GROUP, "isakmp.notify.data.accepted_dh_group") \
    X(NOTIFY_AUTH_LIFETIME, "isakmp.notify.data.auth_lifetime") \
    X(NOTIFY_IPSEC_LIFE_TYPE, "isakmp.notify.data.resp_lifetime.ipsec.attr.life_type") \
    X(NOTIFY_IPSEC_LIFE_DURATION, "isakmp.notify.data.resp_lifetime.ipsec.attr.life_duration") \
    X(NOTIFY_IPSEC_LIFE_DURATION64, "isakmp.notify.data.resp_lifetime.ipsec.attr.life_duration64") \
    X(NOTIFY_IPSEC_LIFE_DURATION_BYTES, "isakmp.notify.data.resp_lifetime.ipsec.attr.life_duration_bytes") \
    X(NOTIFY_IKE_LIFE_DURATION64, "isakmp.notify.data.resp_lifetime.ike.attr.life_duration64") \
    X(NOTIFY_IKE_LIFE_DURATION_BYTES, "isakmp.notify.data.resp_lifetime.ike.attr.life_duration_bytes") \
    X(NOTIFY_IKE_LIFE_TYPE, "isakmp.notify.data.resp_lifetime.ike.attr.life_type") \
    X(NOTIFY_IKE_LIFE_DURATION, "isakmp.notify.data.resp_lifetime.ike.attr.life_duration") \
    X(DELETE_PROTOCOL, "isakmp.delete.protoid") \
    X(DELETE_SPI, "isakmp.delete.spi") \
    X(MALFORMED, "_ws.malformed")

enum field {
    FIELD_OTHER,
#define X(identifier, name) FIELD_##identifier,
    IKE_FIELDS(X)
#undef X
    FIELDS
};

static const char *const field_names[] = {
    NULL,
#define X(identifier, name) name,
    IKE_FIELDS(X)
#undef X
};

/* RFC 7296 section 3.1, in bytes. */
enum { IKE_HEADER = 28 };

/* Attribute values (RFC 2407 section 4.5, RFC 2409 appendix A). */
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

struct ike_observer {
    wmem_map_t *fields;             /* id of a header field -> enum field */
    int hf_initiator_spi;
    int proto_isakmp;
};

/* Where in the stream we are. */
struct stream {
    const struct ike_observer *observer;
    struct ike_message *message;
    uint8_t payload;                /* enum ike_payload_type; of the innermost one begun */
    uint8_t outer;                  /* of the one that is no proposal and no transform */
    bool encrypted_seen;            /* the message is protected, and its clear part was read */
    bool decrypted_seen;
    bool malformed;
    bool ended;                     /* a second message began */
    uint16_t life_type;
    struct lifetime lifetime;       /* of the transform being read */
    struct selectors *selectors;    /* of the payload being read; NULL if it has none */
    unsigned ids;                   /* IKEv1: ID payloads so far */
    unsigned nodes;
};

static void
add_field_ids(const char *name, enum field field, wmem_map_t *map, GArray *list)
{
    header_field_info *info = proto_registrar_get_byname(name);

    if (!info)
        return;
    while (info->same_name_prev_id != -1)
        info = proto_registrar_get_nth((guint)info->same_name_prev_id);
    for (; info; info = info->same_name_next) {
        if (map)
            wmem_map_insert(map, GINT_TO_POINTER(info->id), GINT_TO_POINTER((int)field));
        if (list)
            g_array_append_val(list, info->id);
    }
}

struct ike_observer *
ike_observer_create(wmem_allocator_t *pool)
{
    struct ike_observer *observer = wmem_new0(pool, struct ike_observer);

    observer->fields = wmem_map_new(pool, g_direct_hash, g_direct_equal);
    for (int field = FIELD_OTHER + 1; field < FIELDS; field++)
        add_field_ids(field_names[field], (enum field)field, observer->fields, NULL);
    observer->hf_initiator_spi = proto_registrar_get_id_byname("isakmp.ispi");
    observer->proto_isakmp = proto_get_id_by_filter_name("isakmp");
    return observer;
}

void
ike_wanted_fields(GArray *wanted)
{
    for (int field = FIELD_OTHER + 1; field < FIELDS; field++)
        add_field_ids(field_names[field], (enum field)field, NULL, wanted);
}

/* ---- a field's bytes */

static uint64_t
number_of(const field_info *field)
{
    uint64_t number = 0;
    int length = field->length;

    if (field->hfinfo->type == FT_UINT8 || field->hfinfo->type == FT_UINT16 || field->hfinfo->type == FT_UINT32)
        return compat_uint(field);
    if (!field->ds_tvb || length <= 0 || !tvb_bytes_exist(field->ds_tvb, field->start, length))
        return 0;
    for (int i = 0; i < length; i++) {
        if (number > UINT64_MAX >> 8)
            return UINT64_MAX;      /* a life duration of any length */
        number = number << 8 | tvb_get_uint8(field->ds_tvb, field->start + i);
    }
    return number;
}

static bool
address_of(const field_info *field, struct ip_address *address)
{
    memset(address, 0, sizeof *address);
    if ((field->length != 4 && field->length != 16) || !field->ds_tvb
            || !tvb_bytes_exist(field->ds_tvb, field->start, field->length))
        return false;
    address->length = (uint8_t)field->length;
    tvb_memcpy(field->ds_tvb, address->bytes, field->start, (size_t)field->length);
    return true;
}

/* ---- pieces of the message */

static struct proposal *
last_proposal(struct stream *stream)
{
    struct ike_contents *contents = &stream->message->contents;

    return contents->proposals > 0 ? &contents->proposal[contents->proposals - 1] : NULL;
}

static struct notify *
last_notify(struct stream *stream)
{
    struct ike_contents *contents = &stream->message->contents;

    return contents->notifies > 0 ? &contents->notify[contents->notifies - 1] : NULL;
}

/* The transform being read is over: its lifetime is one of the offer's alternatives. */
static void
end_transform(struct stream *stream)
{
    struct lifetimes *lifetimes = &stream->message->contents.lifetimes;
    struct lifetime *lifetime = &stream->lifetime;
    bool known = lifetime->seconds == 0 && lifetime->kilobytes == 0;

    for (unsigned i = 0; i < lifetimes->count; i++)
        known |= lifetimes->item[i].seconds == lifetime->seconds && lifetimes->item[i].kilobytes == lifetime->kilobytes;
    if (!known && lifetimes->count < LIFETIMES_AT_MOST)
        lifetimes->item[lifetimes->count++] = *lifetime;
    memset(lifetime, 0, sizeof *lifetime);
}

static void
begin_payload(struct stream *stream, uint8_t payload)
{
    struct ike_contents *contents = &stream->message->contents;

    end_transform(stream);
    stream->payload = payload;
    stream->life_type = 0;
    if (payload == IKE_PAYLOAD_PROPOSAL) {
        if (contents->proposals < PROPOSALS_AT_MOST)
            contents->proposals++;
        return;
    }
    if (payload == IKE_PAYLOAD_TRANSFORM)
        return;
    stream->outer = payload;
    stream->selectors = NULL;
    switch (payload) {
    case IKE1_PAYLOAD_SA:
    case IKE2_PAYLOAD_SA:
        contents->has_sa = true;
        break;
    case IKE1_PAYLOAD_KE:
    case IKE2_PAYLOAD_KE:
        contents->has_ke = true;
        break;
    case IKE1_PAYLOAD_ID:
        stream->selectors = stream->ids++ == 0 ? &contents->tsi : &contents->tsr;
        break;
    case IKE2_PAYLOAD_TSI:
        stream->selectors = &contents->tsi;
        break;
    case IKE2_PAYLOAD_TSR:
        stream->selectors = &contents->tsr;
        break;
    case IKE1_PAYLOAD_NOTIFY:
    case IKE2_PAYLOAD_NOTIFY:
        if (contents->notifies < NOTIFIES_AT_MOST)
            contents->notifies++;
        break;
    case IKE2_PAYLOAD_SK:
    case IKE2_PAYLOAD_SKF:
        stream->encrypted_seen = true;
        break;
    default:
        break;
    }
}

static void
add_transform(struct stream *stream, uint8_t type, uint64_t id)
{
    struct proposal *proposal = last_proposal(stream);

    if (!proposal || proposal->transforms == TRANSFORMS_AT_MOST)
        return;
    struct transform *transform = &proposal->transform[proposal->transforms++];
    transform->type = type;
    transform->id = (uint16_t)id;
}

static void
set_key_length(struct stream *stream, uint64_t bits)
{
    struct proposal *proposal = last_proposal(stream);

    if (!proposal)
        return;
    for (unsigned i = proposal->transforms; i-- > 0;) {
        if (proposal->transform[i].type == TRANSFORM_ENCR) {
            proposal->transform[i].key_length = (uint16_t)bits;
            return;
        }
    }
}

static void
set_life(struct lifetime *lifetime, uint16_t type, uint64_t duration)
{
    if (type == LIFE_TYPE_SECONDS)
        lifetime->seconds = duration;
    else if (type == LIFE_TYPE_KILOBYTES)
        lifetime->kilobytes = duration;
}

static struct traffic_selector *
last_selector(struct stream *stream)
{
    struct selectors *selectors = stream->selectors;

    return selectors && selectors->count > 0 && !selectors->incomplete ? &selectors->item[selectors->count - 1] : NULL;
}

static void
begin_selector(struct stream *stream, uint64_t type, bool is_id)
{
    struct selectors *selectors = stream->selectors;
    bool addresses = type == ID_TYPE_IPV4_ADDR_RANGE || type == ID_TYPE_IPV6_ADDR_RANGE;

    if (!selectors)
        return;
    if (is_id)
        addresses |= type == ID_TYPE_IPV4_ADDR || type == ID_TYPE_IPV6_ADDR
                || type == ID_TYPE_IPV4_ADDR_SUBNET || type == ID_TYPE_IPV6_ADDR_SUBNET;
    if (!addresses || selectors->count == SELECTORS_AT_MOST) {
        selectors->incomplete = true;
        return;
    }
    struct traffic_selector *selector = &selectors->item[selectors->count++];
    memset(selector, 0, sizeof *selector);
    selector->end_port = UINT16_MAX;
}

static void
set_addresses(struct stream *stream, const field_info *field, bool start, bool end)
{
    struct traffic_selector *selector = last_selector(stream);
    struct ip_address address;

    if (!selector || !address_of(field, &address))
        return;
    if (start)
        selector->start = address;
    if (end)
        selector->end = address;
}

/* An ID of Quick Mode may be a subnet: its mask makes the range's end. */
static void
set_mask(struct stream *stream, const field_info *field)
{
    struct traffic_selector *selector = last_selector(stream);
    struct ip_address mask;

    if (!selector || !address_of(field, &mask) || mask.length != selector->start.length)
        return;
    for (unsigned i = 0; i < mask.length; i++) {
        selector->start.bytes[i] &= mask.bytes[i];
        selector->end.bytes[i] = (uint8_t)(selector->start.bytes[i] | ~mask.bytes[i]);
    }
}

static void
set_id_port(struct stream *stream, uint64_t port)
{
    struct traffic_selector *selector = last_selector(stream);

    if (!selector)
        return;
    selector->start_port = (uint16_t)port;
    selector->end_port = port == 0 ? UINT16_MAX : (uint16_t)port;
}

static void
set_spi(struct stream *stream, const field_info *field)
{
    uint64_t spi = field->length <= 8 ? number_of(field) : 0;
    struct proposal *proposal = last_proposal(stream);
    struct notify *notify = last_notify(stream);

    if (stream->payload == IKE_PAYLOAD_PROPOSAL && proposal)
        proposal->spi = spi;
    else if ((stream->payload == IKE1_PAYLOAD_NOTIFY || stream->payload == IKE2_PAYLOAD_NOTIFY) && notify
            && field->length == 4)
        notify->spi = (uint32_t)spi;
}

static void
take_header(struct stream *stream, enum field id, const field_info *field)
{
    struct ike_message *message = stream->message;

    switch (id) {
    case FIELD_INITIATOR_SPI:
        if (message->initiator_spi != 0)
            stream->ended = true;
        else
            message->initiator_spi = number_of(field);
        break;
    case FIELD_RESPONDER_SPI:
        message->responder_spi = number_of(field);
        break;
    case FIELD_NEXT_PAYLOAD:
        if (message->version == 0 && message->first_payload == 0)
            message->first_payload = (uint8_t)number_of(field);
        break;
    case FIELD_VERSION:
        message->version = (uint8_t)(number_of(field) >> 4);
        break;
    case FIELD_EXCHANGE_TYPE:
        message->exchange_type = (uint8_t)number_of(field);
        break;
    case FIELD_FLAGS:
        message->flags = (uint8_t)number_of(field);
        break;
    case FIELD_MESSAGE_ID:
        message->message_id = (uint32_t)number_of(field);
        break;
    case FIELD_LENGTH:
        message->length = (uint32_t)number_of(field);
        break;
    case FIELD_FRAGMENT_NUMBER:
        message->fragment = (uint16_t)number_of(field);
        break;
    case FIELD_FRAGMENT_TOTAL:
        message->fragments = (uint16_t)number_of(field);
        break;
    default:
        break;
    }
}

static void
take_transform(struct stream *stream, enum field id, const field_info *field)
{
    struct proposal *proposal = last_proposal(stream);

    switch (id) {
    case FIELD_TRANSFORM_ENCR_ID:
        add_transform(stream, TRANSFORM_ENCR, number_of(field));
        break;
    case FIELD_TRANSFORM_PRF_ID:
        add_transform(stream, TRANSFORM_PRF, number_of(field));
        break;
    case FIELD_TRANSFORM_INTEG_ID:
        add_transform(stream, TRANSFORM_INTEG, number_of(field));
        break;
    case FIELD_TRANSFORM_DH_ID:
    case FIELD_IKE1_IPSEC_GROUP:
    case FIELD_IKE1_GROUP:
        add_transform(stream, TRANSFORM_KE, number_of(field));
        break;
    case FIELD_TRANSFORM_ESN_ID:
        add_transform(stream, TRANSFORM_ESN, number_of(field));
        break;
    case FIELD_IKE1_TRANSFORM_ID:
        /* In phase 1 it says only KEY_IKE; the cipher is an attribute. */
        if (proposal && proposal->protocol != IKE_PROTOCOL_IKE)
            add_transform(stream, TRANSFORM_ENCR, number_of(field));
        break;
    case FIELD_IKE1_ENCR:
        add_transform(stream, TRANSFORM_ENCR, number_of(field));
        break;
    case FIELD_IKE1_HASH:
        add_transform(stream, TRANSFORM_IKE1_HASH, number_of(field));
        break;
    case FIELD_IKE1_AUTH_METHOD:
        add_transform(stream, TRANSFORM_IKE1_AUTH_METHOD, number_of(field));
        break;
    case FIELD_IKE1_IPSEC_AUTH:
        add_transform(stream, TRANSFORM_IKE1_ESP_AUTH, number_of(field));
        break;
    case FIELD_TRANSFORM_KEY_LENGTH:
    case FIELD_IKE1_IPSEC_KEY_LENGTH:
    case FIELD_IKE1_KEY_LENGTH:
        set_key_length(stream, number_of(field));
        break;
    default:
        break;
    }
}

static void
take_selector(struct stream *stream, enum field id, const field_info *field)
{
    struct traffic_selector *selector = last_selector(stream);

    switch (id) {
    case FIELD_TS_TYPE:
        begin_selector(stream, number_of(field), false);
        break;
    case FIELD_ID_TYPE:
        if (stream->message->exchange_type == IKE1_QUICK_MODE)
            begin_selector(stream, number_of(field), true);
        break;
    case FIELD_TS_PROTOCOL:
    case FIELD_ID_PROTOCOL:
        if (selector)
            selector->protocol = (uint8_t)number_of(field);
        break;
    case FIELD_TS_START_PORT:
        if (selector)
            selector->start_port = (uint16_t)number_of(field);
        break;
    case FIELD_TS_END_PORT:
        if (selector)
            selector->end_port = (uint16_t)number_of(field);
        break;
    case FIELD_ID_PORT:
        set_id_port(stream, number_of(field));
        break;
    case FIELD_ID_IPV4:
    case FIELD_ID_IPV6:
        set_addresses(stream, field, true, true);
        break;
    case FIELD_ID_IPV4_MASK:
    case FIELD_ID_IPV6_MASK:
        set_mask(stream, field);
        break;
    case FIELD_TS_START_IPV4:
    case FIELD_TS_START_IPV6:
    case FIELD_ID_IPV4_START:
    case FIELD_ID_IPV6_START:
        set_addresses(stream, field, true, false);
        break;
    case FIELD_TS_END_IPV4:
    case FIELD_TS_END_IPV6:
    case FIELD_ID_IPV4_END:
    case FIELD_ID_IPV6_END:
        set_addresses(stream, field, false, true);
        break;
    default:
        break;
    }
}

static void
take_deleted_spi(struct ike_contents *contents, const field_info *field)
{
    if (field->length == 4 && contents->deletes < DELETES_AT_MOST) {
        contents->delete_spi[contents->deletes++] = (uint32_t)number_of(field);
    } else if (field->length == 16 && tvb_bytes_exist(field->ds_tvb, field->start, 16)) {
        contents->delete_ike_initiator = tvb_get_ntoh64(field->ds_tvb, field->start);
        contents->delete_ike_responder = tvb_get_ntoh64(field->ds_tvb, field->start + 8);
    }
}

static void
take_notify(struct stream *stream, enum field id, const field_info *field)
{
    struct ike_contents *contents = &stream->message->contents;
    struct notify *notify = last_notify(stream);

    switch (id) {
    case FIELD_NOTIFY_PROTOCOL:
        if (notify)
            notify->protocol = (uint8_t)number_of(field);
        break;
    case FIELD_NOTIFY_TYPE:
        if (notify)
            notify->type = (uint16_t)number_of(field);
        break;
    case FIELD_NOTIFY_DATA:
    case FIELD_NOTIFY_KE_GROUP:
        if (notify && field->length > 0 && field->length <= 4)
            notify->value = (uint32_t)number_of(field);
        break;
    case FIELD_NOTIFY_AUTH_LIFETIME:
        if (notify)
            notify->lifetime.seconds = number_of(field);
        break;
    case FIELD_NOTIFY_IPSEC_LIFE_DURATION:
    case FIELD_NOTIFY_IPSEC_LIFE_DURATION64:
    case FIELD_NOTIFY_IPSEC_LIFE_DURATION_BYTES:
    case FIELD_NOTIFY_IKE_LIFE_DURATION:
    case FIELD_NOTIFY_IKE_LIFE_DURATION64:
    case FIELD_NOTIFY_IKE_LIFE_DURATION_BYTES:
        if (notify)
            set_life(&notify->lifetime, stream->life_type, number_of(field));
        break;
    case FIELD_DELETE_PROTOCOL:
        contents->delete_protocol = (uint8_t)number_of(field);
        break;
    case FIELD_DELETE_SPI:
        take_deleted_spi(contents, field);
        break;
    default:
        break;
    }
}

static void
take_field(struct stream *stream, enum field id, const field_info *field)
{
    struct proposal *proposal = last_proposal(stream);

    switch (id) {
    case FIELD_PAYLOAD:
        begin_payload(stream, (uint8_t)number_of(field));
        break;
    case FIELD_DECRYPTED:
        stream->decrypted_seen = true;
        break;
    case FIELD_MALFORMED:
        stream->malformed = true;
        break;
    case FIELD_PROPOSAL_PROTOCOL:
        if (proposal)
            proposal->protocol = (uint8_t)number_of(field);
        break;
    case FIELD_SPI:
        set_spi(stream, field);
        break;
    case FIELD_KE_GROUP:
        stream->message->contents.ke_group = (uint16_t)number_of(field);
        break;
    case FIELD_IKE1_IPSEC_LIFE_TYPE:
    case FIELD_IKE1_LIFE_TYPE:
    case FIELD_NOTIFY_IPSEC_LIFE_TYPE:
    case FIELD_NOTIFY_IKE_LIFE_TYPE:
        stream->life_type = (uint16_t)number_of(field);
        break;
    case FIELD_IKE1_IPSEC_LIFE_DURATION:
    case FIELD_IKE1_IPSEC_LIFE_DURATION64:
    case FIELD_IKE1_IPSEC_LIFE_DURATION_BYTES:
    case FIELD_IKE1_LIFE_DURATION:
    case FIELD_IKE1_LIFE_DURATION64:
    case FIELD_IKE1_LIFE_DURATION_BYTES:
        set_life(&stream->lifetime, stream->life_type, number_of(field));
        break;
    default:
        take_header(stream, id, field);
        take_transform(stream, id, field);
        take_selector(stream, id, field);
        take_notify(stream, id, field);
        break;
    }
}

static void
walk(struct stream *stream, proto_node *node, unsigned depth)
{
    if (depth > DEPTH_AT_MOST)
        return;
    for (proto_node *child = node->first_child; child && !stream->ended; child = child->next) {
        if (++stream->nodes > NODES_AT_MOST)
            return;
        const field_info *field = PNODE_FINFO(child);
        if (field && field->hfinfo) {
            gpointer id = wmem_map_lookup(stream->observer->fields, GINT_TO_POINTER(field->hfinfo->id));
            if (id)
                take_field(stream, (enum field)GPOINTER_TO_INT(id), field);
        }
        walk(stream, child, depth + 1);
    }
}

/* Whether what was read of the payloads can be trusted to be all that they say. */
static bool
is_readable(const struct stream *stream)
{
    const struct ike_message *message = stream->message;

    if (stream->malformed)
        return false;
    if (stream->outer == 0)         /* no payload: readable if there is none */
        return message->version >= 2 && message->first_payload == 0 && message->length == IKE_HEADER;
    if (message->version >= 2)
        return !stream->encrypted_seen || stream->decrypted_seen;
    return true;
}

bool
ike_observe(const struct ike_observer *observer, packet_info *pinfo, proto_tree *tree,
        struct ike_message *message)
{
    struct stream stream = { .observer = observer, .message = message };

    if (!tree || observer->hf_initiator_spi == -1)
        return false;
    const GPtrArray *first = proto_get_finfo_ptr_array(tree, observer->hf_initiator_spi);
    if (!first || first->len == 0 || layers_before_icmp(pinfo, observer->proto_isakmp) == 0)
        return false;
    memset(message, 0, sizeof *message);
    message->frame = pinfo->num;
    message->time = pinfo->abs_ts;
    layers_endpoints(pinfo, &message->source, &message->destination);
    walk(&stream, tree, 0);
    end_transform(&stream);
    message->readable = is_readable(&stream);
    if (!message->readable)
        memset(&message->contents, 0, sizeof message->contents);
    const field_info *start = g_ptr_array_index(first, 0);
    int length = tvb_captured_length_remaining(start->ds_tvb, start->start);
    if (length > 0 && message->length < (uint32_t)length)
        length = (int)message->length;
    if (length > 0)
        message->fingerprint = wmem_strong_hash(tvb_get_ptr(start->ds_tvb, start->start, length), (size_t)length);
    return message->source.address.length != 0 && message->initiator_spi != 0;
}

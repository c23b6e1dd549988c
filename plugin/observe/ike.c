/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "layers.h"

/* Offsets in the header (RFC 7296 section 3.1). */
enum {
    INITIATOR_SPI = 0,
    RESPONDER_SPI = 8,
    VERSION = 17,
    EXCHANGE_TYPE = 18,
    FLAGS = 19,
    MESSAGE_ID = 20,
    LENGTH = 24,
    IKE_HEADER = 28
};

struct ike_observer {
    int hf_initiator_spi;
    int proto_isakmp;
};

struct ike_observer *
ike_observer_create(wmem_allocator_t *pool)
{
    struct ike_observer *observer = wmem_new0(pool, struct ike_observer);

    observer->hf_initiator_spi = proto_registrar_get_id_byname("isakmp.ispi");
    observer->proto_isakmp = proto_get_id_by_filter_name("isakmp");
    return observer;
}

void
ike_wanted_fields(GArray *wanted)
{
    int id = proto_registrar_get_id_byname("isakmp.ispi");

    if (id != -1)
        g_array_append_val(wanted, id);
}

bool
ike_observe(const struct ike_observer *observer, packet_info *pinfo, proto_tree *tree,
        struct ike_message *message)
{
    if (!tree || observer->hf_initiator_spi == -1)
        return false;
    const GPtrArray *fields = proto_get_finfo_ptr_array(tree, observer->hf_initiator_spi);
    if (!fields || fields->len == 0 || layers_before_icmp(pinfo, observer->proto_isakmp) == 0)
        return false;
    const field_info *field = g_ptr_array_index(fields, 0);
    tvbuff_t *tvb = field->ds_tvb;
    int at = field->start;
    if (!tvb_bytes_exist(tvb, at, IKE_HEADER))
        return false;
    memset(message, 0, sizeof *message);
    message->frame = pinfo->num;
    message->time = pinfo->abs_ts;
    layers_endpoints(pinfo, &message->source, &message->destination);
    message->initiator_spi = tvb_get_ntoh64(tvb, at + INITIATOR_SPI);
    message->responder_spi = tvb_get_ntoh64(tvb, at + RESPONDER_SPI);
    message->version = tvb_get_guint8(tvb, at + VERSION) >> 4;
    message->exchange_type = tvb_get_guint8(tvb, at + EXCHANGE_TYPE);
    message->flags = tvb_get_guint8(tvb, at + FLAGS);
    message->message_id = tvb_get_ntohl(tvb, at + MESSAGE_ID);
    message->length = tvb_get_ntohl(tvb, at + LENGTH);
    return message->source.address.length != 0 && message->initiator_spi != 0;
}

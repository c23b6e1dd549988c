/* ipsec.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ipsec.h"

#include "carrier.h"
#include "layers.h"

/* Different depths at which IPsec headers lie in the frames of one capture. */
#define PLACES_AT_MOST 64

/* Packets that were reassembled from fragments, and so lie in no frame, that are remembered. */
#define REASSEMBLED_AT_MOST 65536

enum {
    ESP_SPI = 0,
    ESP_SEQUENCE = 4,
    ESP_HEADER = 8,
    AH_SPI = 4,
    AH_SEQUENCE = 8,
    AH_HEADER = 12
};

struct place {
    int offset;
    uint8_t protocol;
};

struct ipsec_observer {
    struct place places[PLACES_AT_MOST];
    unsigned count;
    wmem_array_t *reassembled;      /* of struct ipsec_packet, ascending by frame */
    int hf_esp_spi;
    int hf_ah_spi;
    int proto_esp;
    int proto_ah;
};

struct ipsec_observer *
ipsec_observer_create(wmem_allocator_t *pool)
{
    struct ipsec_observer *observer = wmem_new0(pool, struct ipsec_observer);

    observer->reassembled = wmem_array_new(pool, sizeof(struct ipsec_packet));
    observer->hf_esp_spi = proto_registrar_get_id_byname("esp.spi");
    observer->hf_ah_spi = proto_registrar_get_id_byname("ah.spi");
    observer->proto_esp = proto_get_id_by_filter_name("esp");
    observer->proto_ah = proto_get_id_by_filter_name("ah");
    return observer;
}

void
ipsec_wanted_fields(GArray *wanted)
{
    static const char *const names[] = { "esp.spi", "ah.spi" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int id = proto_registrar_get_id_byname(names[i]);
        if (id != -1)
            g_array_append_val(wanted, id);
    }
}

static void
read_header(tvbuff_t *tvb, int offset, uint8_t protocol, struct ipsec_packet *packet)
{
    packet->protocol = protocol;
    packet->spi = tvb_get_ntohl(tvb, offset + (protocol == IPSEC_AH ? AH_SPI : ESP_SPI));
    packet->sequence = tvb_get_ntohl(tvb, offset + (protocol == IPSEC_AH ? AH_SEQUENCE : ESP_SEQUENCE));
}

static int
header_length(uint8_t protocol)
{
    return protocol == IPSEC_AH ? AH_HEADER : ESP_HEADER;
}

/* The last four captured bytes of the packet: of the ICV, or else of what is encrypted. */
static uint32_t
fingerprint(tvbuff_t *tvb, int offset, uint32_t length)
{
    int captured = tvb_captured_length_remaining(tvb, offset);

    if (length < (uint32_t)captured)
        captured = (int)length;
    return captured >= 4 ? tvb_get_ntohl(tvb, offset + captured - 4) : 0;
}

static void
remember_place(struct ipsec_observer *observer, int offset, uint8_t protocol)
{
    for (unsigned i = 0; i < observer->count; i++)
        if (observer->places[i].offset == offset && observer->places[i].protocol == protocol)
            return;
    if (observer->count == PLACES_AT_MOST)
        return;
    unsigned at = observer->count++;
    for (; at > 0 && observer->places[at - 1].offset > offset; at--)
        observer->places[at] = observer->places[at - 1];
    observer->places[at].offset = offset;
    observer->places[at].protocol = protocol;
}

static void
remember_reassembled(struct ipsec_observer *observer, const struct ipsec_packet *packet)
{
    if (wmem_array_get_count(observer->reassembled) < REASSEMBLED_AT_MOST)
        wmem_array_append(observer->reassembled, packet, 1);
}

/* One header that a dissector found. */
static bool
read_field(struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo, const field_info *field,
        uint8_t protocol, struct ipsec_packet *packet)
{
    tvbuff_t *data = field->ds_tvb;
    int offset = field->start - (protocol == IPSEC_AH ? AH_SPI : ESP_SPI);
    struct carrier carrier;

    if (offset < 0 || !tvb_bytes_exist(data, offset, header_length(protocol)))
        return false;
    memset(packet, 0, sizeof *packet);
    packet->frame = pinfo->num;
    packet->time = pinfo->abs_ts;
    read_header(data, offset, protocol, packet);
    if (carrier_find(data, offset, protocol, &carrier)) {
        packet->source = carrier.source;
        packet->destination = carrier.destination;
        packet->length = carrier.length;
        packet->fingerprint = fingerprint(data, offset, packet->length);
        if (data == tvb)
            remember_place(observer, offset, protocol);
        else
            remember_reassembled(observer, packet);
        return true;
    }
    packet->length = (uint32_t)tvb_reported_length_remaining(data, offset);
    packet->fingerprint = fingerprint(data, offset, packet->length);
    if (data != tvb && carrier_find_fragment(tvb, protocol, &carrier)) {
        packet->source = carrier.source;
        packet->destination = carrier.destination;
    } else {
        layers_endpoints(pinfo, &packet->source, &packet->destination);
    }
    remember_reassembled(observer, packet);
    return packet->destination.address.length != 0;
}

static unsigned
observe_protocol(struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
        int hf, int proto, uint8_t protocol, struct ipsec_packet *packets, unsigned count)
{
    const GPtrArray *fields = hf == -1 ? NULL : proto_get_finfo_ptr_array(tree, hf);

    if (!fields)
        return count;
    unsigned real = layers_before_icmp(pinfo, proto);
    for (unsigned i = 0; i < fields->len && i < real && count < IPSEC_AT_MOST; i++)
        if (read_field(observer, tvb, pinfo, g_ptr_array_index(fields, i), protocol, &packets[count]))
            count++;
    return count;
}

unsigned
ipsec_observe(struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
        struct ipsec_packet *packets)
{
    unsigned count = 0;

    if (!tree)
        return 0;
    count = observe_protocol(observer, tvb, pinfo, tree, observer->hf_ah_spi, observer->proto_ah,
            IPSEC_AH, packets, count);
    return observe_protocol(observer, tvb, pinfo, tree, observer->hf_esp_spi, observer->proto_esp,
            IPSEC_ESP, packets, count);
}

static unsigned
again_reassembled(const struct ipsec_observer *observer, uint32_t frame, struct ipsec_packet *packets)
{
    const struct ipsec_packet *list = wmem_array_get_raw(observer->reassembled);
    unsigned low = 0, high = wmem_array_get_count(observer->reassembled), count = 0;
    unsigned all = high;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (list[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all && list[low].frame == frame && count < IPSEC_AT_MOST; low++)
        packets[count++] = list[low];
    return count;
}

unsigned
ipsec_observe_again(const struct ipsec_observer *observer, tvbuff_t *tvb, packet_info *pinfo,
        struct ipsec_packet *packets)
{
    bool esp = layers_before_icmp(pinfo, observer->proto_esp) > 0;
    bool ah = layers_before_icmp(pinfo, observer->proto_ah) > 0;

    if (!esp && !ah)
        return 0;
    unsigned count = again_reassembled(observer, pinfo->num, packets);
    for (unsigned i = 0; i < observer->count && count < IPSEC_AT_MOST; i++) {
        const struct place *place = &observer->places[i];
        struct carrier carrier;
        if (!(place->protocol == IPSEC_AH ? ah : esp)
                || !tvb_bytes_exist(tvb, place->offset, header_length(place->protocol))
                || !carrier_find(tvb, place->offset, place->protocol, &carrier))
            continue;
        struct ipsec_packet *packet = &packets[count++];
        memset(packet, 0, sizeof *packet);
        packet->frame = pinfo->num;
        packet->time = pinfo->abs_ts;
        packet->source = carrier.source;
        packet->destination = carrier.destination;
        packet->length = carrier.length;
        read_header(tvb, place->offset, place->protocol, packet);
    }
    return count;
}

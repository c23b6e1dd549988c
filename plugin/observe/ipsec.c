/* ipsec.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ipsec.h"

#include "../compat.h"
#include "../clock.h"
#include "carrier.h"

/* Different depths at which IPsec headers lie in the frames of one capture. */
#define PLACES_AT_MOST 64

/* Packets that were reassembled from fragments, and so lie in no frame, that are remembered. */
#define REASSEMBLED_AT_MOST 65536

/* Headers that are looked at in one reassembled or decrypted packet: what looks like one may be payload. */
#define SEARCHES_AT_MOST 16
/* and in so many of them */
#define SOURCES_AT_MOST 16

/* So many frames in a row have to be explained without fields before these are no longer wanted; and
 * after so many that could not be, they are wanted for good. */
#define EXPLAINED_ENOUGH 32
#define UNEXPLAINED_AT_MOST 16

enum {
    ESP_SPI = 0,
    ESP_SEQUENCE = 4,
    ESP_HEADER = 8,
    AH_SPI = 4,
    AH_SEQUENCE = 8,
    AH_HEADER = 12,
    UDP_HEADER = 8
};

struct place {
    int offset;
    uint8_t protocol;
};

struct ipsec_observer {
    struct place places[PLACES_AT_MOST];
    unsigned count;
    unsigned explained;             /* frames in a row, up to EXPLAINED_ENOUGH */
    unsigned unexplained;           /* frames, up to UNEXPLAINED_AT_MOST */
    wmem_array_t *reassembled;      /* of struct ipsec_packet, ascending by frame */
    int hf_esp_spi;
    int hf_ah_spi;
};

/* What was found in a frame. */
struct found {
    struct ipsec_packet *packets;
    unsigned count;
    bool apart[IPSEC_AT_MOST];      /* it lies in no frame */
};

struct ipsec_observer *
ipsec_observer_create(wmem_allocator_t *pool)
{
    struct ipsec_observer *observer = wmem_new0(pool, struct ipsec_observer);

    observer->reassembled = wmem_array_new(pool, sizeof(struct ipsec_packet));
    observer->hf_esp_spi = proto_registrar_get_id_byname("esp.spi");
    observer->hf_ah_spi = proto_registrar_get_id_byname("ah.spi");
    return observer;
}

bool
ipsec_wants_fields(const struct ipsec_observer *observer)
{
    return observer->explained < EXPLAINED_ENOUGH;
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

static int
header_length(uint8_t protocol)
{
    return protocol == IPSEC_AH ? AH_HEADER : ESP_HEADER;
}

static bool
holds_header(const struct span *span, int offset, uint8_t protocol)
{
    return offset >= 0 && offset <= span->captured - header_length(protocol);
}

/* The last four captured bytes of the packet: of the ICV, or else of what is encrypted. */
static uint32_t
fingerprint(const struct span *span, int offset, uint32_t length)
{
    int captured = span->captured - offset;

    if (length < (uint32_t)captured)
        captured = (int)length;
    return captured >= 4 ? pntohu32(span->bytes + offset + captured - 4) : 0;
}

/* What the header itself says; the length is known. */
static inline void
read_header(struct ipsec_packet *packet, const packet_info *pinfo, const struct span *span, int offset, uint8_t protocol)
{
    const uint8_t *header = span->bytes + offset;

    packet->frame = pinfo->num;
    packet->time = clock_of(&pinfo->abs_ts);
    packet->protocol = protocol;
    packet->spi = pntohu32(header + (protocol == IPSEC_AH ? AH_SPI : ESP_SPI));
    packet->sequence = pntohu32(header + (protocol == IPSEC_AH ? AH_SEQUENCE : ESP_SEQUENCE));
    packet->fingerprint = fingerprint(span, offset, packet->length);
}

/* A header at this offset, if an IP header leads to it. */
static inline bool
read_at(const packet_info *pinfo, const struct span *span, int offset, uint8_t protocol, struct ipsec_packet *packet)
{
    if (!holds_header(span, offset, protocol) || !carrier_find(span, offset, protocol, packet))
        return false;
    read_header(packet, pinfo, span, offset, protocol);
    return true;
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

/* The addresses of a packet that was reassembled, from its last fragment, and its length. */
static bool
reassembled_carrier(const struct span *frame, const struct span *span, int offset, uint8_t protocol,
        struct ipsec_packet *packet)
{
    bool in_udp;

    if (!carrier_find_fragment(frame, protocol, packet, &in_udp))
        return false;
    if (in_udp && offset >= UDP_HEADER) {
        packet->source.port = pntohu16(span->bytes + offset - UDP_HEADER);
        packet->destination.port = pntohu16(span->bytes + offset - UDP_HEADER + 2);
    }
    packet->length = (uint32_t)(span->reported - offset);
    return true;
}

/* ---- with fields */

/* One header that a dissector found. */
static bool
read_field(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, const field_info *field,
        uint8_t protocol, struct found *found)
{
    struct span span = span_of(field->ds_tvb), frame = span_of(tvb);
    int offset = field->start - (protocol == IPSEC_AH ? AH_SPI : ESP_SPI);
    struct ipsec_packet *packet = &found->packets[found->count];
    bool apart = field->ds_tvb != tvb;

    if (read_at(pinfo, &span, offset, protocol, packet)) {
        if (!apart)
            remember_place(observer, offset, protocol);
        found->apart[found->count] = apart;
        return true;
    }
    if (!holds_header(&span, offset, protocol))
        return false;
    if (!apart || !reassembled_carrier(&frame, &span, offset, protocol, packet)) {
        layers_endpoints(pinfo, &packet->source, &packet->destination);
        packet->length = (uint32_t)(span.reported - offset);
    }
    read_header(packet, pinfo, &span, offset, protocol);
    found->apart[found->count] = true;
    return packet->destination.address.length != 0;
}

static void
observe_fields(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, proto_tree *tree,
        uint8_t protocol, unsigned layers, struct found *found)
{
    int hf = protocol == IPSEC_AH ? observer->hf_ah_spi : observer->hf_esp_spi;
    const GPtrArray *fields = tree && layers > 0 && hf != -1 ? proto_get_finfo_ptr_array(tree, hf) : NULL;

    for (unsigned i = 0; fields && i < fields->len && i < layers && found->count < IPSEC_AT_MOST; i++)
        if (read_field(observer, tvb, pinfo, g_ptr_array_index(fields, i), protocol, found))
            found->count++;
}

/* ---- without fields */

/* @return headers that are still missing of those that the dissectors found */
static inline unsigned
read_places(const struct ipsec_observer *observer, const packet_info *pinfo, const struct span *frame, uint8_t protocol,
        unsigned missing, struct found *found)
{
    for (unsigned i = 0; i < observer->count && missing > 0; i++) {
        const struct place *place = &observer->places[i];
        if (place->protocol != protocol
                || !read_at(pinfo, frame, place->offset, protocol, &found->packets[found->count])
                || !carrier_is_usual(&found->packets[found->count]))
            continue;
        found->apart[found->count++] = false;
        missing--;
    }
    return missing;
}

/* Headers in what Wireshark reassembled or decrypted. */
static unsigned
read_apart(const packet_info *pinfo, const struct span *frame, const struct span *span, uint8_t protocol,
        unsigned missing, struct found *found)
{
    unsigned before = found->count;

    int offset = -1;
    for (unsigned i = 0; i < SEARCHES_AT_MOST && missing > 0 && (offset = carrier_search(span, offset, protocol)) != -1; i++) {
        if (!read_at(pinfo, span, offset, protocol, &found->packets[found->count]))
            continue;
        found->apart[found->count++] = true;
        missing--;
    }
    for (offset = 0; missing > 0 && found->count == before && offset <= UDP_HEADER; offset += UDP_HEADER) {
        struct ipsec_packet *packet = &found->packets[found->count];
        if (!holds_header(span, offset, protocol) || !reassembled_carrier(frame, span, offset, protocol, packet)
                || (offset == 0) != (packet->source.port == 0))
            continue;
        read_header(packet, pinfo, span, offset, protocol);
        found->apart[found->count++] = true;
        missing--;
    }
    return missing;
}

/* @return whether as many headers were found as the dissectors found */
static inline bool
observe_bytes(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, uint8_t protocol,
        unsigned layers, struct found *found)
{
    unsigned before = found->count;

    if (layers > IPSEC_AT_MOST - before)
        return false;
    struct span frame = span_of(tvb);
    if (read_places(observer, pinfo, &frame, protocol, layers, found) == 0)
        return true;
    found->count = before;
    int offset = -1;
    for (unsigned i = 0; i < layers && (offset = carrier_search(&frame, offset, protocol)) != -1; i++)
        remember_place(observer, offset, protocol);
    unsigned missing = read_places(observer, pinfo, &frame, protocol, layers, found);
    const GSList *source = pinfo->data_src ? pinfo->data_src->next : NULL;
    for (unsigned i = 0; i < SOURCES_AT_MOST && source && missing > 0; i++, source = source->next) {
        struct span span = span_of(get_data_source_tvb(source->data));
        missing = read_apart(pinfo, &frame, &span, protocol, missing, found);
    }
    return missing == 0;
}

static bool
observe_all_bytes(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, const struct layers *layers,
        struct found *found)
{
    return (layers->ah == 0 || observe_bytes(observer, tvb, pinfo, IPSEC_AH, layers->ah, found))
            && (layers->esp == 0 || observe_bytes(observer, tvb, pinfo, IPSEC_ESP, layers->esp, found));
}

/* ---- both */

static bool
same_packets(const struct found *one, const struct found *other)
{
    if (one->count != other->count)
        return false;
    for (unsigned i = 0; i < one->count; i++) {
        const struct ipsec_packet *a = &one->packets[i], *b = &other->packets[i];
        if (a->protocol != b->protocol || a->spi != b->spi || a->sequence != b->sequence || a->length != b->length
                || a->fingerprint != b->fingerprint || one->apart[i] != other->apart[i]
                || !endpoint_equal(&a->source, &b->source) || !endpoint_equal(&a->destination, &b->destination))
            return false;
    }
    return true;
}

static void
note_explained(struct ipsec_observer *observer, bool explained)
{
    if (!explained) {
        observer->explained = 0;
        if (observer->unexplained < UNEXPLAINED_AT_MOST)
            observer->unexplained++;
    } else if (observer->explained < EXPLAINED_ENOUGH) {
        observer->explained++;
    }
}

/* Reads the fields, and whether the bytes alone would have led to the same. */
static void
observe_both(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, proto_tree *tree,
        const struct layers *layers, struct found *found)
{
    struct ipsec_packet packets[IPSEC_AT_MOST];
    struct found by_bytes = { .packets = packets };

    observe_fields(observer, tvb, pinfo, tree, IPSEC_AH, layers->ah, found);
    observe_fields(observer, tvb, pinfo, tree, IPSEC_ESP, layers->esp, found);
    if (observer->unexplained == UNEXPLAINED_AT_MOST)
        return;
    note_explained(observer, observe_all_bytes(observer, tvb, pinfo, layers, &by_bytes) && same_packets(found, &by_bytes));
}

unsigned
ipsec_observe(struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo, proto_tree *tree,
        const struct layers *layers, struct ipsec_packet *packets)
{
    struct found found = { .packets = packets };

    if (ipsec_wants_fields(observer))
        observe_both(observer, tvb, pinfo, tree, layers, &found);
    else
        note_explained(observer, observe_all_bytes(observer, tvb, pinfo, layers, &found));
    for (unsigned i = 0; i < found.count; i++)
        if (found.apart[i])
            remember_reassembled(observer, &packets[i]);
    return found.count;
}

/* ---- frames that are read again */

static unsigned
again_reassembled(const struct ipsec_observer *observer, uint32_t frame, struct ipsec_packet *packets)
{
    const struct ipsec_packet *list = wmem_array_get_raw(observer->reassembled);
    unsigned low = 0, high = wmem_array_get_count(observer->reassembled), count = 0;
    unsigned all = high;

    while (low < high) {
        unsigned middle = low + ((high - low) / 2);
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
ipsec_observe_again(const struct ipsec_observer *observer, tvbuff_t *tvb, const packet_info *pinfo,
        const struct layers *layers, struct ipsec_packet *packets)
{
    struct span frame = span_of(tvb);
    unsigned count = again_reassembled(observer, pinfo->num, packets);

    for (unsigned i = 0; i < observer->count && count < IPSEC_AT_MOST; i++) {
        const struct place *place = &observer->places[i];
        unsigned there = place->protocol == IPSEC_AH ? layers->ah : layers->esp;
        if (there > 0 && read_at(pinfo, &frame, place->offset, place->protocol, &packets[count]))
            count++;
    }
    return count;
}

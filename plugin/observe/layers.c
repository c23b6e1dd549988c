/* layers.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "layers.h"

#include <wiretap/wtap.h>

static const struct {
    const char *name;
    enum layer layer;
} names[] = {
    { "eth", LAYER_ETHERNET },
    { "ip", LAYER_IPV4 },
    { "ipv6", LAYER_IPV6 },
    { "udp", LAYER_UDP },
    { "tcp", LAYER_TCP },
    { "udpencap", LAYER_UDPENCAP },
    { "tcpencap", LAYER_TCPENCAP },
    { "esp", LAYER_ESP },
    { "ah", LAYER_AH },
    { "isakmp", LAYER_ISAKMP },
    { "icmp", LAYER_ICMP },
    { "icmpv6", LAYER_ICMP },
    { "sflow", LAYER_QUOTES },
    { "openflow", LAYER_QUOTES },
    { "openflow_v1", LAYER_QUOTES },
    { "openflow_v4", LAYER_QUOTES },
    { "openflow_v5", LAYER_QUOTES },
    { "openflow_v6", LAYER_QUOTES },
    { "data", LAYER_DATA },
};

/* Protocol -> layer, up to the last protocol that has one; filled by layers_handoff(). */
static uint8_t *layer_of_protocol;
static unsigned protocols;

static int
last_protocol(void)
{
    int last = -1;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        last = MAX(last, proto_get_id_by_filter_name(names[i].name));
    return last;
}

void
layers_handoff(void)
{
    protocols = (unsigned)(last_protocol() + 1);
    layer_of_protocol = wmem_alloc0_array(wmem_epan_scope(), uint8_t, protocols);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int protocol = proto_get_id_by_filter_name(names[i].name);
        if (protocol >= 0)
            layer_of_protocol[protocol] = (uint8_t)names[i].layer;
    }
}

static inline uint8_t
layer_of(unsigned protocol)
{
    return protocol < protocols ? layer_of_protocol[protocol] : LAYER_OTHER;
}

/* Sets of layers, as bits. */
enum {
    IP = 1U << LAYER_IPV4 | 1U << LAYER_IPV6,
    WITH_PORTS = 1U << LAYER_UDP | 1U << LAYER_TCP | 1U << LAYER_UDPENCAP | 1U << LAYER_TCPENCAP
};

/* Whether a frame's protocols are those of the frame that was listed before, up to where that one was looked at. */
static bool
are_those_before(const packet_info *pinfo, const struct layers *layers)
{
    wmem_list_frame_t *item = wmem_list_head(pinfo->layers);
    void *const *known = layers->protocol, *const *end = known + layers->looked_at;

    for (; known < end; known++, item = wmem_list_frame_next(item))
        if (!item || wmem_list_frame_data(item) != *known)
            return false;
    return layers->looked_at > 0 && (!item || layers->is_cut_short);
}

/* Whether that is so for all that can be seen at little cost, which most frames of a gateway's capture are worth: a frame of Ethernet as the one
 * before, with as many protocols, and ESP the last one. If IPv4 with ESP in it follows Ethernet's header, none of those between can differ. */
static bool
seem_those_before(const packet_info *pinfo, const struct layers *layers)
{
    return layers->is_plain && pinfo->rec->rec_type == REC_TYPE_PACKET && pinfo->rec->rec_header.packet_header.pkt_encap == WTAP_ENCAP_ETHERNET
            && wmem_list_count(pinfo->layers) == layers->looked_at
            && wmem_list_frame_data(wmem_list_tail(pinfo->layers)) == layers->protocol[layers->looked_at - 1];
}

/* Of a list that is finished. */
static bool
are_plain(const struct layers *layers)
{
    enum { COUNT = 3 };

    return layers->looked_at > 0 && !layers->is_cut_short && layers->count == COUNT && layers->layer[0] == LAYER_ETHERNET
            && layers->layer[1] == LAYER_IPV4 && layers->layer[2] == LAYER_ESP;
}

static void
list(const packet_info *pinfo, struct layers *layers)
{
    unsigned count = 0, seen = 0, looked_at = 0, before = 0;        /* before: the layer that was kept last, as a set */
    uint8_t layer = LAYER_OTHER;
    bool is_fragment = false;
    wmem_list_frame_t *item;

    for (item = wmem_list_head(pinfo->layers); item; item = wmem_list_frame_next(item)) {
        void *protocol = wmem_list_frame_data(item);
        if (looked_at < LAYERS_REMEMBERED)
            layers->protocol[looked_at] = protocol;
        looked_at++;
        layer = layer_of(GPOINTER_TO_UINT(protocol));
        if (layer <= LAYER_DATA) {
            is_fragment |= layer == LAYER_DATA && (before & IP);
            /* of interest only where it may stand between a UDP or TCP header and what looks like its payload */
            if (!(before & WITH_PORTS))
                continue;
        }
        if (layer >= LAYER_ICMP || count == LAYERS_AT_MOST)
            break;                  /* what follows may be quoted, or is of no use */
        layers->layer[count++] = layer;
        before = 1U << layer;
        seen |= before;
    }
    if (layer == LAYER_ICMP && count < LAYERS_AT_MOST) {
        layers->layer[count++] = layer;
        seen |= 1U << layer;
    }
    layers->layer[count] = LAYER_OTHER;
    layers->count = count;
    layers->seen = seen;
    layers->fragment = is_fragment;
    layers->looked_at = looked_at <= LAYERS_REMEMBERED ? looked_at : 0;
    layers->is_cut_short = item != NULL;
    layers->is_plain = are_plain(layers);
}

void
layers_settle(const packet_info *pinfo, struct layers *layers)
{
    layers->is_assumed = false;
    if (!are_those_before(pinfo, layers))
        list(pinfo, layers);
}

void
layers_of(const packet_info *pinfo, struct layers *layers)
{
    layers->is_assumed = seem_those_before(pinfo, layers);
    if (!layers->is_assumed)
        layers_settle(pinfo, layers);
}

/* layers.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "layers.h"

/* Of the table of protocols: a power of two, and large enough that most other protocols meet an empty place at once. */
#define PLACES 1024

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

/* Protocol -> layer: a hash with open addressing. */
static struct {
    int protocol;
    uint8_t layer;                  /* LAYER_OTHER where the place is empty */
} table[PLACES];

static inline unsigned
place_of(int protocol)
{
    return (unsigned)protocol & (PLACES - 1);
}

void
layers_handoff(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int protocol = proto_get_id_by_filter_name(names[i].name);
        unsigned place = place_of(protocol);
        if (protocol == -1)
            continue;
        while (table[place].layer != LAYER_OTHER && table[place].protocol != protocol)
            place = place_of((int)place + 1);
        table[place].protocol = protocol;
        table[place].layer = (uint8_t)names[i].layer;
    }
}

static inline uint8_t
layer_of(int protocol)
{
    unsigned place = place_of(protocol);

    while (table[place].layer != LAYER_OTHER && table[place].protocol != protocol)
        place = place_of((int)place + 1);
    return table[place].layer;
}

/* Sets of layers, as bits. */
enum {
    IP = 1U << LAYER_IPV4 | 1U << LAYER_IPV6,
    WITH_PORTS = 1U << LAYER_UDP | 1U << LAYER_TCP | 1U << LAYER_UDPENCAP | 1U << LAYER_TCPENCAP
};

void
layers_of(const packet_info *pinfo, struct layers *layers)
{
    unsigned count = 0, seen = 0;
    uint8_t layer = LAYER_OTHER;
    bool is_fragment = false;

    for (wmem_list_frame_t *item = wmem_list_head(pinfo->layers); item; item = wmem_list_frame_next(item)) {
        layer = layer_of(GPOINTER_TO_INT(wmem_list_frame_data(item)));
        if (layer <= LAYER_DATA) {
            unsigned before = count > 0 ? 1U << layers->layer[count - 1] : 0;
            is_fragment |= layer == LAYER_DATA && (before & IP);
            /* of interest only where it may stand between a UDP or TCP header and what looks like its payload */
            if (!(before & WITH_PORTS))
                continue;
        }
        if (layer >= LAYER_ICMP || count == LAYERS_AT_MOST)
            break;                  /* what follows may be quoted, or is of no use */
        layers->layer[count++] = layer;
        seen |= 1U << layer;
    }
    if (layer == LAYER_ICMP && count < LAYERS_AT_MOST) {
        layers->layer[count++] = layer;
        seen |= 1U << layer;
    }
    layers->layer[count] = LAYER_OTHER;
    layers->count = count;
    layers->seen = seen;
    layers->fragment = is_fragment;
}

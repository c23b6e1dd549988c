/* layers.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "layers.h"

enum { BITS = 64 };                 /* of protocols.bits */

static struct {
    int esp;
    int ah;
    int isakmp;
    int icmp;
    int icmpv6;
    uint64_t bits;                  /* of the low six bits of each: most other protocols differ in them */
} protocols;

static uint64_t
bit_of(int protocol)
{
    return UINT64_C(1) << (protocol & (BITS - 1));
}

void
layers_handoff(void)
{
    protocols.esp = proto_get_id_by_filter_name("esp");
    protocols.ah = proto_get_id_by_filter_name("ah");
    protocols.isakmp = proto_get_id_by_filter_name("isakmp");
    protocols.icmp = proto_get_id_by_filter_name("icmp");
    protocols.icmpv6 = proto_get_id_by_filter_name("icmpv6");
    protocols.bits = bit_of(protocols.esp) | bit_of(protocols.ah) | bit_of(protocols.isakmp) | bit_of(protocols.icmp)
            | bit_of(protocols.icmpv6);
}

struct layers
layers_of(const packet_info *pinfo)
{
    struct layers layers = { 0 };

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        int protocol = GPOINTER_TO_INT(wmem_list_frame_data(layer));
        if ((protocols.bits & bit_of(protocol)) == 0)
            continue;
        if (protocol == protocols.esp)
            layers.esp++;
        else if (protocol == protocols.ah)
            layers.ah++;
        else if (protocol == protocols.isakmp)
            layers.isakmp++;
        else if (protocol == protocols.icmp || protocol == protocols.icmpv6)
            break;
    }
    return layers;
}

static void
endpoint_from(struct endpoint *endpoint, const address *from, uint32_t port, bool udp)
{
    memset(endpoint, 0, sizeof *endpoint);
    if ((from->type == AT_IPv4 && from->len == IPV4_LENGTH) || (from->type == AT_IPv6 && from->len == IPV6_LENGTH)) {
        endpoint->address.length = (uint8_t)from->len;
        memcpy(endpoint->address.bytes, from->data, (size_t)from->len);
    }
    endpoint->port = udp ? (uint16_t)port : 0;
}

void
layers_endpoints(const packet_info *pinfo, struct endpoint *source, struct endpoint *destination)
{
    bool udp = pinfo->ptype == PT_UDP;

    endpoint_from(source, &pinfo->net_src, pinfo->srcport, udp);
    endpoint_from(destination, &pinfo->net_dst, pinfo->destport, udp);
}

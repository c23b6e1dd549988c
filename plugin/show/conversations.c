/* conversations.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conversations.h"

#include <epan/packet.h>

#include <epan/conversation_table.h>

#include "../compat.h"
#include "tables.h"

static void
address_of(const struct endpoint *endpoint, address *out)
{
    bool ipv6 = endpoint->address.length == 16;

    set_address(out, ipv6 ? AT_IPv6 : AT_IPv4, ipv6 ? 16 : 4, endpoint->address.bytes);
}

/* Where the packet came from and went to; false where the record is about no packet. */
static bool
addresses_of(const struct tap_record *record, address *source, address *destination)
{
    if (!record->is_packet)
        return false;
    address_of(&record->sa->flow->source, source);
    address_of(&record->sa->flow->destination, destination);
    return true;
}

/* Which display filter field stands for an address or a port. */
static const char *
filter_for(bool ipv6, conv_filter_type_e filter)
{
    switch (filter) {
    case CONV_FT_SRC_ADDRESS:
        return ipv6 ? "ipv6.src" : "ip.src";
    case CONV_FT_DST_ADDRESS:
        return ipv6 ? "ipv6.dst" : "ip.dst";
    case CONV_FT_ANY_ADDRESS:
        return ipv6 ? "ipv6.addr" : "ip.addr";
    case CONV_FT_SRC_PORT:
        return "udp.srcport";
    case CONV_FT_DST_PORT:
        return "udp.dstport";
    case CONV_FT_ANY_PORT:
        return "udp.port";
    }
    return CONV_FILTER_INVALID;
}

static const char *
conversation_filter(conv_item_t *item, conv_filter_type_e filter)
{
    return filter_for(item->src_address.type == AT_IPv6, filter);
}

static const char *
endpoint_filter(endpoint_item_t *item, conv_filter_type_e filter)
{
    return filter_for(item->myaddress.type == AT_IPv6, filter);
}

static ct_dissector_info_t conversation_info = { conversation_filter };
static et_dissector_info_t endpoint_info = { endpoint_filter };

static tap_packet_status
take_conversation(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    conv_hash_t *hash = tapdata;
    address source, destination;
    (void)edt;

    if (!addresses_of(record, &source, &destination))
        return TAP_PACKET_DONT_REDRAW;
    hash->flags = flags;
    add_conversation_table_data(hash, &source, &destination, record->sa->flow->source.port, record->sa->flow->destination.port,
            1, (int)pinfo->fd->pkt_len, &pinfo->rel_ts, &pinfo->abs_ts, &conversation_info, CONVERSATION_NONE);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status
take_endpoint(COMPAT_TAP_PACKET_ARGS)
{
    const struct tap_record *record = data;
    conv_hash_t *hash = tapdata;
    address source, destination;
    (void)edt;

    if (!addresses_of(record, &source, &destination))
        return TAP_PACKET_DONT_REDRAW;
    hash->flags = flags;
    add_endpoint_table_data(hash, &source, record->sa->flow->source.port, TRUE, 1, (int)pinfo->fd->pkt_len, &endpoint_info,
            ENDPOINT_NONE);
    add_endpoint_table_data(hash, &destination, record->sa->flow->destination.port, FALSE, 1, (int)pinfo->fd->pkt_len,
            &endpoint_info, ENDPOINT_NONE);
    return TAP_PACKET_REDRAW;
}

void
conversations_register(int proto)
{
    register_conversation_table(proto, FALSE, take_conversation, take_endpoint);
}

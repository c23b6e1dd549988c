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
    bool ipv6 = endpoint->address.length == IPV6_LENGTH;

    set_address(out, ipv6 ? AT_IPv6 : AT_IPv4, ipv6 ? IPV6_LENGTH : IPV4_LENGTH, endpoint->address.bytes);
}

/* What both tables count of a tap's record. */
struct packet_ends {
    address source, destination;
    uint32_t source_port, destination_port;
};

/* Marks the table as one that the tap's flags are for; false where the record is about no packet. */
static bool
take_ends(conv_hash_t *hash, uint32_t flags, const struct tap_record *record, struct packet_ends *ends)
{
    if (!record->is_packet)
        return false;
    const struct flow *flow = record->sa->flow;
    address_of(&flow->source, &ends->source);
    address_of(&flow->destination, &ends->destination);
    ends->source_port = flow->source.port;
    ends->destination_port = flow->destination.port;
    hash->flags = flags;
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
conversation_filter(conv_item_t *item, conv_filter_type_e filter) /* cppcheck-suppress [constParameterPointer,constParameterCallback]; Wireshark's type */
{
    return filter_for(item->src_address.type == AT_IPv6, filter);
}

static const char *
endpoint_filter(endpoint_item_t *item, conv_filter_type_e filter) /* cppcheck-suppress [constParameterPointer,constParameterCallback]; Wireshark's type */
{
    return filter_for(item->myaddress.type == AT_IPv6, filter);
}

static ct_dissector_info_t conversation_info = { conversation_filter };
static et_dissector_info_t endpoint_info = { endpoint_filter };

static tap_packet_status
take_conversation(COMPAT_TAP_PACKET_ARGS)
{
    struct packet_ends ends;
    (void)edt;

    if (!take_ends(tapdata, flags, data, &ends))
        return TAP_PACKET_DONT_REDRAW;
    add_conversation_table_data(tapdata, &ends.source, &ends.destination, ends.source_port, ends.destination_port, 1,
            (int)pinfo->fd->pkt_len, &pinfo->rel_ts, &pinfo->abs_ts, &conversation_info, CONVERSATION_NONE);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status
take_endpoint(COMPAT_TAP_PACKET_ARGS)
{
    struct packet_ends ends;
    (void)edt;

    if (!take_ends(tapdata, flags, data, &ends))
        return TAP_PACKET_DONT_REDRAW;
    add_endpoint_table_data(tapdata, &ends.source, ends.source_port, TRUE, 1, (int)pinfo->fd->pkt_len, &endpoint_info, ENDPOINT_NONE);
    add_endpoint_table_data(tapdata, &ends.destination, ends.destination_port, FALSE, 1, (int)pinfo->fd->pkt_len, &endpoint_info,
            ENDPOINT_NONE);
    return TAP_PACKET_REDRAW;
}

void
conversations_register(int proto)
{
    register_conversation_table(proto, FALSE, take_conversation, take_endpoint);
}

/* follow.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "follow.h"

#include <epan/packet.h>

#include <epan/follow.h>

#include "../compat.h"
#include "filters.h"
#include "life_log.h"
#include "tables.h"

static int followed = -1;           /* protocol */
static shown_lookup *find_shown;
static outputs_source *source;

static char *
filter_of_packet(epan_dissect_t *edt _U_, packet_info *pinfo, guint *stream, guint *sub_stream _U_)
{
    const struct tunnel *tunnel;
    const struct sa *sa;

    if (!find_shown(pinfo->num, &tunnel, &sa))
        return NULL;
    *stream = tunnel->id;
    return filter_tunnel(tunnel->id);
}

static char *
filter_of_number(guint stream, guint sub_stream _U_)
{
    return filter_tunnel(stream);
}

/* Two addresses may have several tunnels: by address nothing is followed. */
static char *
filter_of_addresses(address *from _U_, address *to _U_, int from_port _U_, int to_port _U_)
{
    return NULL;
}

static char *
port_text(wmem_allocator_t *allocator, guint port)
{
    return wmem_strdup_printf(allocator, "%u", port);
}

static uint32_t
count_tunnels(void)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;

    return source(&facts, &tracker, &judge) ? tunnel_opened(tracker_tunnels(tracker)) : 0;
}

static void
add_log(follow_info_t *follow, const packet_info *pinfo, const char *log)
{
    follow_record_t *record = g_new0(follow_record_t, 1);

    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_append(g_byte_array_new(), (const guint8 *)log, (guint)strlen(log));
    follow->bytes_written[0] += record->data->len;
    follow->payload = g_list_prepend(follow->payload, record);
    follow->client_port = pinfo->srcport;
    follow->server_port = pinfo->destport;
    copy_address(&follow->client_ip, &pinfo->src);
    copy_address(&follow->server_ip, &pinfo->dst);
}

/* All of the log is there as soon as the tunnel's first packet is read again. */
static tap_packet_status
take(COMPAT_TAP_PACKET_ARGS)
{
    follow_info_t *follow = tapdata;
    const struct tap_record *record = data;
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;
    (void)edt;
    (void)flags;

    if (follow->payload || !PINFO_FD_VISITED(pinfo) || !source(&facts, &tracker, &judge))
        return TAP_PACKET_DONT_REDRAW;
    add_log(follow, pinfo, life_log(pinfo->pool, record->tunnel, tracker, judge));
    return TAP_PACKET_DONT_REDRAW;
}

void
follow_register(int proto, const char *tap, shown_lookup *lookup, outputs_source *outputs)
{
    followed = proto;
    find_shown = lookup;
    source = outputs;
    COMPAT_FOLLOW_REGISTER(proto, tap, filter_of_packet, filter_of_number, filter_of_addresses, port_text, take, count_tunnels);
}

void
follow_offer(packet_info *pinfo, proto_tree *tree)
{
    if (tree && PTREE_DATA(tree)->visible)
        wmem_list_append(pinfo->layers, GINT_TO_POINTER(followed));
}

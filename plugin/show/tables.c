/* tables.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tables.h"

#include <epan/tap.h>

#include "table_plans.h"

#define TAP "spiscope"

static int tap_spiscope = -1;

void
tables_register(outputs_source *outputs)
{
    tunnel_table_look_at(outputs);
    ike_table_look_at(outputs);
    tap_spiscope = register_tap(TAP);
    table_register(&tunnel_table, TAP);
    table_register(&outage_table, TAP);
    table_register(&sa_table, TAP);
    table_register(&ike_table, TAP);
}

const char *
tables_tap(void)
{
    return TAP;
}

bool
tables_wanted(void)
{
    return have_tap_listener(tap_spiscope);
}

void
tables_say_so_far(bool so_far)
{
    table_say_so_far(so_far);
}

void
tables_feed(packet_info *pinfo, const struct tap_record *record)
{
    tap_queue_packet(tap_spiscope, pinfo, wmem_memdup(pinfo->pool, record, sizeof *record));
}

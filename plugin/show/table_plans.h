/* table_plans.h
 * The tables of Statistics, each in a file of its own. They take what the tap "spiscope" hands over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TABLE_PLANS_H
#define SPISCOPE_TABLE_PLANS_H

#include "outputs.h"
#include "table.h"

extern const struct table_plan tunnel_table;

/** What tells the tunnels' order, the worst first, and a scan. */
void tunnel_table_look_at(outputs_source *outputs);

extern const struct table_plan outage_table;
extern const struct table_plan sa_table;
extern const struct table_plan ike_table;

/** What tells a scan. */
void ike_table_look_at(outputs_source *outputs);

#endif /* SPISCOPE_TABLE_PLANS_H */

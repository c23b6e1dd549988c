/* tables.h
 * Statistics: a row per SA, tunnel, outage, IKE SA. On the command line -z spiscope,sa and so on; in the window under Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TABLES_H
#define SPISCOPE_TABLES_H

#include <epan/packet.h>

#include "../judge/verdict.h"
#include "outputs.h"

/** What the tap "spiscope" hands over; lives as long as the packet. */
struct tap_record {
    const struct tunnel *tunnel;
    const struct sa *sa;            /**< or NULL */
    const struct ike_sa *ike_sa;    /**< or NULL */
    const struct judge *judge;
    bool is_packet;                 /**< the frame holds a packet of the SA; else only the SA's state changed */
};

/** Registers the tap and the tables.
 * @param outputs  gives what there is to order them by */
void tables_register(outputs_source *outputs);

/** The name of the tap. */
const char *tables_tap(void);

/** Whether a table is open, so that tables_feed is worth calling. */
bool tables_wanted(void);

/** Whether packets may still come in: tables that are opened meanwhile say so. */
void tables_say_so_far(bool so_far);

/** Brings the rows of what a record is about up to date. */
void tables_feed(packet_info *pinfo, const struct tap_record *record);

#endif /* SPISCOPE_TABLES_H */

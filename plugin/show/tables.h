/* tables.h
 * Statistics: a row per SA, a row per tunnel, a row per outage. On the command line -z spiscope,sa, -z spiscope,tunnel and -z
 * spiscope,outage; in the window under Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TABLES_H
#define SPISCOPE_TABLES_H

#include <epan/packet.h>

#include "../judge/verdict.h"

/** What the tap "spiscope" hands over; lives as long as the packet. */
struct tap_record {
    const struct tunnel *tunnel;
    const struct sa *sa;            /**< NULL: the tunnel only */
    const struct judge *judge;
    bool is_packet;                 /**< the frame holds a packet of the SA; else only the SA's state changed */
};

/** Registers the tap and the tables. */
void tables_register(int proto);

/** Whether a table is open, so that tables_feed is worth calling. */
bool tables_wanted(void);

/** Brings the rows of an SA, or of a tunnel alone, up to date. */
void tables_feed(packet_info *pinfo, const struct tunnel *tunnel, const struct sa *sa,
        const struct judge *judge, bool is_packet);

#endif /* SPISCOPE_TABLES_H */

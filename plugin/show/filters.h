/* filters.h
 * Display filters about a tunnel, an SA, the findings on a frame: what the menus apply and what users paste into a case.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FILTERS_H
#define SPISCOPE_FILTERS_H

#include "../judge/findings.h"

/** All packets between the gateways of the tunnel with this number. Each of these is for the caller to g_free. */
char *filter_tunnel(uint32_t tunnel);

/** The packets of a tunnel on which something was found, and those that this rests on. */
char *filter_findings(const struct tunnel *tunnel);

/** The packets of an SA. */
char *filter_sa(const struct sa *sa);

/** An SA's negotiation, its packets, its Delete, and what was found about it. */
char *filter_story(const struct sa *sa);

/** An SA with those before and after it in its lineage. */
char *filter_neighbours(const struct sa *sa);

/** What the findings on a frame rest on, with the frame itself; NULL where nothing was found on it. */
char *filter_evidence(const struct findings *findings, uint32_t frame);

#endif /* SPISCOPE_FILTERS_H */

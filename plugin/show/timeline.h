/* timeline.h
 * A picture of every SA over time, as SVG: self-contained, without script, for any browser.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TIMELINE_H
#define SPISCOPE_TIMELINE_H

#include "report.h"

/** Writes the timeline: for each tunnel its IKE SAs, the SAs of both directions with a lane for each
 * lineage, and its findings. Bars too narrow to tell apart are drawn as one, which names them all. */
void timeline_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

#endif /* SPISCOPE_TIMELINE_H */

/* cut.h
 * Where there are several capture points: times in which packets of a direction came by one point, and none of them reached the last one,
 * which captured on. The path was cut: an outage, however well its beginning looks.
 *
 * A point's own packets stand in the file in their order, whatever its clock says. So each silence of a direction's ESP and AH at a point is
 * noted down as it ends, and once no more copies can come it is looked up what came by the points before meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CUT_H
#define SPISCOPE_CUT_H

#include "copies.h"
#include "outage.h"

/** Takes a packet of an SA, copy or not, once copies has taken it.
 * @param context  of the SA's tunnel */
void cut_take_packet(struct outage_context *context, struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet);

/** Whether none of a direction's packets reach the last point at the end of the capture: a pure function.
 * @param outage  gets what begins with the last one that did; its directions are this one alone */
bool cut_at_end(const struct tunnel *tunnel, unsigned direction, uint64_t min_outage, struct outage *outage);

/** Whether the latest messages of IKE of a direction, several of them, were lost between two points, and nothing of the direction reached the
 * last one since. A pure function. */
bool cut_of_messages(const struct tunnel *tunnel, unsigned direction);

#endif /* SPISCOPE_CUT_H */

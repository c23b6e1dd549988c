/* lanes.h
 * The timeline's bars: a lane for each lineage of SAs, and for the IKE SAs. Bars too narrow to tell apart are drawn as one,
 * which names them all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LANES_H
#define SPISCOPE_LANES_H

#include "canvas.h"

/** Draws the SAs of one direction.
 * @param sas    count of them, of any direction, in order of appearance
 * @param label  stands before the lanes */
void lanes_write_flow(struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count, const char *label);

/** Draws the IKE SAs of a tunnel. */
void lanes_write_ike_sas(struct canvas *canvas, const struct tunnel *tunnel);

/** Draws the outages of a tunnel: a band over all its lanes, and what ended and restored it.
 * @param top  where the tunnel's lanes begin; they end at canvas->y */
void lanes_write_outages(const struct canvas *canvas, const struct tunnel *tunnel, int top);

#endif /* SPISCOPE_LANES_H */

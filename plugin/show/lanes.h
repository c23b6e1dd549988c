/* lanes.h
 * Draws the timeline's lanes: bars of SAs and IKE SAs, and outages over them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LANES_H
#define SPISCOPE_LANES_H

#include "bars.h"

/** Draws lanes of one kind at canvas->y, which then is below them.
 * @param label  stands before them */
void lanes_write(struct canvas *canvas, const char *label, const struct bars *bars);

/** Draws the outages of a tunnel: a band over all its lanes, which tells who ended service and who brought it back. Those that can't be seen apart
 * are one band, which tells of the first.
 * @param top  where the tunnel's lanes begin; they end at canvas->y */
void lanes_write_outages(const struct canvas *canvas, const struct tunnel *tunnel, int top);

/** The same in the one lane at canvas->y that a tunnel is folded to; not more than a hundred of them. */
void lanes_write_outage_marks(const struct canvas *canvas, const struct tunnel *tunnel);

#endif /* SPISCOPE_LANES_H */

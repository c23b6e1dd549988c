/* axis.h
 * The timeline's axis: grid lines at full hours, minutes or seconds of the day, with their times.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_AXIS_H
#define SPISCOPE_AXIS_H

#include "canvas.h"

/** Draws the grid of the canvas's span from top to bottom, in pixels. */
void axis_write_grid(const struct canvas *canvas, int top, int bottom);

/** Writes the times of its lines. */
void axis_write_times(const struct canvas *canvas, int baseline);

#endif /* SPISCOPE_AXIS_H */

/* axis.h
 * The timeline's axis: grid lines at full hours, minutes or seconds of the day, with their times.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_AXIS_H
#define SPISCOPE_AXIS_H

#include "canvas.h"

/** Draws the axis of the canvas's span from top to bottom, in pixels; the times stand above the top. */
void axis_write(const struct canvas *canvas, int top, int bottom);

#endif /* SPISCOPE_AXIS_H */

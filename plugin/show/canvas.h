/* canvas.h
 * The picture that the timeline is drawn on: its layout, its clock, and how far it is drawn.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CANVAS_H
#define SPISCOPE_CANVAS_H

#include <glib.h>

#include "../judge/judge.h"

/** In pixels. */
enum {
    CANVAS_WIDTH = 1200,
    CANVAS_MARGIN = 8,
    CANVAS_LEFT = 180,              /**< of the lanes; labels stand before */
    CANVAS_RIGHT = 1170,
    CANVAS_LANE = 18,
    CANVAS_BAR = 12,
    CANVAS_BASELINE = CANVAS_BAR - 2, /**< of text in a bar, or beside it */
    CANVAS_OVERHANG = 2,            /**< by which a Delete's line is longer than a bar, at each end */
    CANVAS_GAP = 6                  /**< between the lanes of one kind and the next */
};

struct canvas {
    GString *body;
    struct words words;
    const struct judge *judge;
    nstime_t start;
    double seconds;                 /**< the whole picture's span */
    int y;                          /**< where the next lane begins */
};

/** Where a moment is, from CANVAS_LEFT to CANVAS_RIGHT. */
double canvas_x(const struct canvas *canvas, const nstime_t *moment);

#endif /* SPISCOPE_CANVAS_H */

/* timeline_head.h
 * The timeline's beginning: what it is a picture of, all tunnels at a glance, the troubles that they share, and what its signs mean.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TIMELINE_HEAD_H
#define SPISCOPE_TIMELINE_HEAD_H

#include "../judge/overview.h"
#include "../judge/shared_trouble.h"
#include "canvas.h"
#include "report.h"

struct timeline_head {
    const struct capture_facts *facts;
    const struct overview *overview;
    const struct shared_trouble *trouble;
    uint32_t troubles;
};

/** Where it ends and the tunnels begin, in pixels. */
int timeline_head_height(const struct timeline_head *head);

/** Writes all that comes before the tunnels, from the first byte of the picture on; and what goes through all of it: the grid, and a line where a
 * shared trouble began.
 * @param height  of the whole picture, in pixels */
void timeline_head_write(const struct canvas *canvas, const struct timeline_head *head, int height);

/** A triangle; a cross where something was refused. The element is left open.
 * @param x, y  its tip */
void timeline_open_mark(GString *body, double x, int y, const char *style, bool refusal);

#endif /* SPISCOPE_TIMELINE_HEAD_H */

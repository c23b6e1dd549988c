/* canvas.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "canvas.h"

#include "../clock.h"

double
canvas_x(const struct canvas *canvas, const nstime_t *moment)
{
    nstime_t span = clock_elapsed(&canvas->start, moment);
    double x = CANVAS_LEFT + (nstime_to_sec(&span) / canvas->seconds * (CANVAS_RIGHT - CANVAS_LEFT));

    return x > CANVAS_RIGHT ? CANVAS_RIGHT : x;
}

/* axis.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "axis.h"

#include <math.h>

#include "../clock.h"
#include "svg.h"

enum {
    STEPS_AT_MOST = 12,
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR
};

/* Times are cut to milliseconds, and a sum of doubles may be a little less than the full one. */
#define TO_ROUND 0.0005

/* The shortest step that a clock or a calendar shows and that is not taken too often. */
static double
step_of(double seconds)
{
    static const double steps[] = {
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE,
        10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY
    };

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (seconds / steps[i] <= STEPS_AT_MOST)
            return steps[i];
    return (double)((gint64)((seconds / DAY / STEPS_AT_MOST) + 1) * DAY);
}

/* From the last midnight until the picture begins, in seconds. */
static double
seconds_of_day(const struct words *words, const nstime_t *start)
{
    int64_t seconds = ((int64_t)start->secs % DAY + words_zone(words, start)) % DAY;

    return (double)(seconds < 0 ? seconds + DAY : seconds) + ((double)start->nsecs / CLOCK_NSECS);
}

/* A time of day with what the step asks for: "11:12", "11:12:05", "11:12:05.250"; a date where the steps are days. */
static const char *
label_of(const struct words *words, const nstime_t *moment, double step)
{
    enum { DATE = sizeof "2026-11-23" - 1, TO_MINUTES = sizeof ":05.250" - 1, TO_SECONDS = sizeof ".250" - 1 };
    char *text = step >= DAY ? words_instant(words, moment) : words_time_of_day(words, moment);
    size_t length = strlen(text);

    if (step >= DAY && length > DATE)
        text[DATE] = '\0';
    else if (step >= MINUTE && length > TO_MINUTES)
        text[length - TO_MINUTES] = '\0';
    else if (step >= 1 && step < DAY && length > TO_SECONDS)
        text[length - TO_SECONDS] = '\0';
    return text;
}

/* When a clock shows a step that it would show so many seconds after the beginning, were there no summer time that begins or ends. */
static double
seconds_until(const struct canvas *canvas, double seconds, double step)
{
    nstime_t moment = clock_after(&canvas->start, MIN(seconds, canvas->seconds) + TO_ROUND);

    if (step <= HOUR)               /* full hours stay full hours */
        return seconds;
    return seconds - (words_zone(&canvas->words, &moment) - words_zone(&canvas->words, &canvas->start));
}

/* What to do at each step, with the time that the clock shows there. */
typedef void mark_function(const struct canvas *canvas, double x, const char *label, int top, int bottom);

static void
write_grid(const struct canvas *canvas, double x, const char *label _U_, int top, int bottom)
{
    struct svg_number number;

    g_string_append_printf(canvas->body, "<path d=\"M%s %dV%d\" class=\"grid\"/>\n", svg_number(&number, x), top, bottom);
}

static void
write_time(const struct canvas *canvas, double x, const char *label, int top _U_, int bottom)
{
    svg_label(canvas->body, x, bottom, "tick", label);
}

static void
each_step(const struct canvas *canvas, mark_function *mark, int top, int bottom)
{
    double step = step_of(canvas->seconds), begins = seconds_of_day(&canvas->words, &canvas->start);
    double first = (ceil(begins / step) * step) - begins, last = canvas->seconds + (step > HOUR ? HOUR : 0);

    for (int i = 0; first + i * step <= last; i++) {
        double seconds = seconds_until(canvas, first + i * step, step);
        if (seconds < 0 || seconds > canvas->seconds)
            continue;
        nstime_t moment = clock_after(&canvas->start, seconds + TO_ROUND);
        mark(canvas, CANVAS_LEFT + (seconds / canvas->seconds * (CANVAS_RIGHT - CANVAS_LEFT)), label_of(&canvas->words, &moment, step), top, bottom);
    }
}

void
axis_write_grid(const struct canvas *canvas, int top, int bottom)
{
    each_step(canvas, write_grid, top, bottom);
}

void
axis_write_times(const struct canvas *canvas, int baseline)
{
    each_step(canvas, write_time, baseline, baseline);
}

/* svg.h
 * What the timeline is drawn with: text that no capture can turn into markup.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SVG_H
#define SPISCOPE_SVG_H

#include <glib.h>

#include <wsutil/wmem/wmem.h>

/** Appends text as XML 1.0 has it: markup is escaped, and what XML has no way to say (control characters, bytes that
 * are no UTF-8) becomes U+FFFD. */
void svg_text(GString *svg, const char *text);

/** Room for a number. */
struct svg_number {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
};

/** The value with one decimal and, in every locale, a point before it; valid as long as number is. */
const char *svg_number(struct svg_number *number, double value);

/** Appends a text element with its baseline at x, y (pixels); style names a class of the picture's style sheet. */
void svg_label(GString *svg, double x, int y, const char *style, const char *text);

/** The text, or its beginning and an ellipsis, so that it has at most so many characters. Owned by scope. */
char *svg_fitting(wmem_allocator_t *scope, const char *text, glong characters);

#endif /* SPISCOPE_SVG_H */

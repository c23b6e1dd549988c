/* paragraph.h
 * The report's paragraphs: words folded to the width of a line, with a label before the first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PARAGRAPH_H
#define SPISCOPE_PARAGRAPH_H

#include <stdio.h>

#include "../words/words.h"

/** In characters. */
enum {
    PARAGRAPH_COLUMNS = 80,
    PARAGRAPH_LABEL = 12
};

/** Writes words in printable ASCII, with a label before the first line and blanks before the others. A word that is longer than a line has
 * one of its own. */
void write_wrapped(FILE *out, const struct words *words, const char *label, const char *text);

#endif /* SPISCOPE_PARAGRAPH_H */

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
    PARAGRAPH_WINDOW_COLUMNS = 64,  /**< those of a new text window of Wireshark: it is 620 pixels wide, of any screen */
    PARAGRAPH_LABEL = 12
};

/** Folds words to lines of words->columns, with a label of so many characters before the first line and blanks before the others. A word that is
 * longer than a line has one of its own. Each line ends in a newline; owned by the words' scope. */
char *paragraph_fold(const struct words *words, const char *label, int width, const char *text);

/** Writes words in printable ASCII, folded, behind a label of PARAGRAPH_LABEL characters. */
void write_wrapped(FILE *out, const struct words *words, const char *label, const char *text);

#endif /* SPISCOPE_PARAGRAPH_H */

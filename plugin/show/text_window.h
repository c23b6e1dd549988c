/* text_window.h
 * A window with a text to read, to copy and to save.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TEXT_WINDOW_H
#define SPISCOPE_TEXT_WINDOW_H

#include <stdbool.h>

/** Shows a text; nothing in tshark.
 * @param title  of the window
 * @param text   that is seen
 * @param copy   what Copy and Save take: the same, or folded otherwise
 * @param file   the name that Save suggests */
void text_window_show(const char *title, const char *text, const char *copy, const char *file);

/** Puts a text on the clipboard.
 * @return false in tshark */
bool text_window_copy(const char *text);

#endif /* SPISCOPE_TEXT_WINDOW_H */

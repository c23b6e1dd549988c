/* clipboard.h
 * The desktop's clipboard, through the desktop's own tool: plugins get none from Wireshark.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CLIPBOARD_H
#define SPISCOPE_CLIPBOARD_H

#include <stdbool.h>

/** What the user may install where there is none: names of programs, for people. */
#define CLIPBOARD_TOOLS "wl-copy (Wayland), xclip or xsel (X11)"

/** Puts what a file descriptor holds, from its beginning, on the clipboard.
 * @param fd  of a file, open for reading; stays open
 * @return whether a tool was found and took it */
bool clipboard_put(int fd);

#endif /* SPISCOPE_CLIPBOARD_H */

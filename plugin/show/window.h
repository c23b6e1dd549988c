/* window.h
 * Whether this is Wireshark's window, and what that knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_WINDOW_H
#define SPISCOPE_WINDOW_H

#include <stdbool.h>

#include <epan/packet.h>

#include <epan/plugin_if.h>

/** Whether this is Wireshark's window; false in tshark. */
bool window_is_there(void);

/** The file that the window has open, or NULL; valid until the next call. */
const char *window_file(void);

/** The frame that is selected in the packet list, or 0. */
uint32_t window_frame(void);

#endif /* SPISCOPE_WINDOW_H */

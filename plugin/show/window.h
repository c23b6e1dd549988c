/* window.h
 * Whether this is Wireshark's window, and what that knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_WINDOW_H
#define SPISCOPE_WINDOW_H

#include <epan/packet.h>

#include <epan/plugin_if.h>

/** What Wireshark's window tells of itself and of the open file, owned by it; NULL in tshark. */
const ws_info_t *window_info(void);

/** The frame that is selected in the packet list, or 0. */
uint32_t window_frame(void);

#endif /* SPISCOPE_WINDOW_H */

/* windows.h
 * What Wireshark's window shows of the capture on demand: the report, a tunnel's log, the timeline.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_WINDOWS_H
#define SPISCOPE_WINDOWS_H

#include "outputs.h"

/** Registers where the capture's state comes from. */
void windows_register(outputs_source *outputs);

/** The report in a window of its own. Each of these says so where no capture is open, or what else is wrong. */
void windows_show_report(void);

/** The report on the clipboard. */
void windows_copy_report(void);

/** The log of a tunnel's life in a window of its own. */
void windows_show_log(const struct tunnel *tunnel);

/** The timeline in the browser. */
void windows_show_timeline(void);

#endif /* SPISCOPE_WINDOWS_H */

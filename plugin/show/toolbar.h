/* toolbar.h
 * The toolbar: a selector of tunnels with their verdicts, the worst first; the next packet of evidence; the report.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TOOLBAR_H
#define SPISCOPE_TOOLBAR_H

#include "outputs.h"

/** Registers the toolbar. Wireshark's window shows it where its profile lists it (gui.additional_toolbar_show). */
void toolbar_register(outputs_source *outputs);

/** Lists the tunnels of the capture that was read to its end. */
void toolbar_update(void);

#endif /* SPISCOPE_TOOLBAR_H */

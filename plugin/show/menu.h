/* menu.h
 * Tools, SPIscope: filters about the selected packet's SA, tunnel and findings; report, timeline and a tunnel's log in windows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MENU_H
#define SPISCOPE_MENU_H

#include "outputs.h"
#include "shown.h"

/** Registers the menu. Outside Wireshark's window it does nothing. */
void menu_register(int proto, shown_lookup *lookup, outputs_source *outputs);

#endif /* SPISCOPE_MENU_H */

/* menu.h
 * Tools, SPIscope: filters about the SA and the tunnel of the selected packet; the report to paste.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MENU_H
#define SPISCOPE_MENU_H

#include "outputs.h"

/** The tunnel and the SA of a frame that was shown lately; the SA is NULL for an IKE message.
 * @return false where the frame holds no IPsec, or is not known any more */
typedef bool menu_lookup(uint32_t frame, const struct tunnel **tunnel, const struct sa **sa);

/** Registers the menu. Outside Wireshark's window it does nothing. */
void menu_register(int proto, menu_lookup *finder, outputs_source *outputs);

#endif /* SPISCOPE_MENU_H */

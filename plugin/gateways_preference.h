/* gateways_preference.h
 * The table of gateways in Wireshark's preferences, and the file "spiscope_gateways" of a profile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_GATEWAYS_PREFERENCE_H
#define SPISCOPE_GATEWAYS_PREFERENCE_H

#include <epan/packet.h>
#include <epan/prefs.h>

#include "judge/gateways.h"

void gateways_preference_register(module_t *module);

/** The table as it is now, copied into pool. */
struct gateways gateways_preference_read(wmem_allocator_t *pool);

#endif /* SPISCOPE_GATEWAYS_PREFERENCE_H */

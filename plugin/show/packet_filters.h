/* packet_filters.h
 * A packet's Conversation Filter and Colorize Conversation: its tunnel, its SA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PACKET_FILTERS_H
#define SPISCOPE_PACKET_FILTERS_H

#include "shown.h"

/** Registers the filters. */
void packet_filters_register(shown_lookup *lookup);

#endif /* SPISCOPE_PACKET_FILTERS_H */

/* conversations.h
 * Statistics, Conversations and Endpoints: a tab with the tunnels' ESP and AH packets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CONVERSATIONS_H
#define SPISCOPE_CONVERSATIONS_H

/** Registers the tab; it listens to the tap of tables.h. */
void conversations_register(int proto);

#endif /* SPISCOPE_CONVERSATIONS_H */

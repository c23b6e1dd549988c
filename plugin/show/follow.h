/* follow.h
 * Analyze > Follow > SPIscope Stream: the log of the selected packet's tunnel. Wireshark 4.0 lists no plugin's followers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FOLLOW_H
#define SPISCOPE_FOLLOW_H

#include <epan/packet.h>

#include "outputs.h"
#include "shown.h"

/** Registers it, for a protocol.
 * @param tap  that is fed with each packet of a tunnel */
void follow_register(int proto, const char *tap, shown_lookup *lookup, outputs_source *outputs);

/** Has the window offer it for a frame that somebody looks at: it asks whether the frame holds the protocol. */
void follow_offer(packet_info *pinfo, proto_tree *tree);

#endif /* SPISCOPE_FOLLOW_H */

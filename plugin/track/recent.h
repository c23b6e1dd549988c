/* recent.h
 * The last packets of the capture, to tell copies that a mirror port or a second capture point made
 * from packets that were really sent twice. A fixed table: no memory per packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_RECENT_H
#define SPISCOPE_RECENT_H

#include "../event.h"

#define RECENT_SLOTS 8192

struct recent_slot {
    nstime_t time;
    uint32_t sa;
    uint32_t sequence;
    uint32_t fingerprint;
    uint32_t frame;
};

/** All zero when empty. */
struct recent {
    struct recent_slot slot[RECENT_SLOTS];
};

/** Remembers a packet of the SA with this number. */
void recent_add(struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

/** Whether the packet was captured moments ago already: same SA, sequence number and content, less
 * than 10 ms apart. Mirror ports copy within microseconds, and a network that duplicates or
 * an attacker that replays takes longer; nothing in the packet itself tells them apart. */
bool recent_has_copy(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

/** The same however long ago it was, as far as the table reaches back. */
bool recent_knows(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

#endif /* SPISCOPE_RECENT_H */

/* left_out.h
 * Whether the capture lacks packets that were sent: it samples, or holds one side only, or the first packets of each flow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LEFT_OUT_H
#define SPISCOPE_LEFT_OUT_H

#include <stdbool.h>

struct tunnel;

/** Whether so much of the tunnel's traffic, or so many answers that its IKE proves, are missing that what is not seen shows nothing: neither loss
 * nor that a peer is silent. */
bool left_out_much(const struct tunnel *tunnel);

/** Whether each of the latest SAs of both directions, several, ends with the same number, counted from the first on, long before others took
 * their places: then their ends tell nothing of an outage. A peer that falls silent in the midst of traffic is asked on, by more
 * packets than it answered. */
bool left_out_ends(const struct tunnel *tunnel);

#endif /* SPISCOPE_LEFT_OUT_H */

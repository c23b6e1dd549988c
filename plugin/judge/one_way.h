/* one_way.h
 * What others share of the rule about one-way traffic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_ONE_WAY_H
#define SPISCOPE_ONE_WAY_H

#include "findings.h"

struct judge;

/** The SA that carries traffic alone since a rekey, while other pairs of its tunnel go on; NULL where the finding is about another thing. */
const struct sa *one_way_of_pair(const struct finding *finding);

/** Whether a peer never sent a packet, though its SAs were seen to be set up, the other one asks for an answer with every packet, and it answers IKE
 * for as long as a tunnel is watched before it is called stable. */
bool one_way_from_the_start(const struct judge *judge, const struct tunnel *tunnel, unsigned silent);

#endif /* SPISCOPE_ONE_WAY_H */

/* one_way.h
 * What others share of the rule about one-way traffic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_ONE_WAY_H
#define SPISCOPE_ONE_WAY_H

#include "findings.h"

/** The SA that carries traffic alone since a rekey, while other pairs of its tunnel go on; NULL where the finding is about another thing. */
const struct sa *one_way_of_pair(const struct finding *finding);

#endif /* SPISCOPE_ONE_WAY_H */

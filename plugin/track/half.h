/* half.h
 * Half a pair of SAs: since a rekey one peer sends on the new SA, and the other one neither on its new SA nor any longer on its old
 * one, while other pairs of the tunnel carry traffic both ways.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_HALF_H
#define SPISCOPE_HALF_H

#include "sa.h"

/** Whether the SA, which took another one's place, has carried traffic alone for so long: the pair before was in use both ways
 * until then, and no other SA has taken over for the silent direction.
 * @param grace          seconds: as close to the rekey the silence begins
 * @param one_way_after  seconds */
bool half_is_used_alone(const struct sa *sa, const nstime_t *now, uint32_t grace, uint32_t one_way_after);

#endif /* SPISCOPE_HALF_H */

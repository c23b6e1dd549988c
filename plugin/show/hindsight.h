/* hindsight.h
 * What is known of a frame once the capture was read to its end: that it is its tunnel's last one, and what rests on it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_HINDSIGHT_H
#define SPISCOPE_HINDSIGHT_H

#include "../judge/verdict.h"

struct hindsight;

/** Looks back over what was read until judge->now. Owned by pool; hindsight_free gives back its memory sooner. */
struct hindsight *hindsight_create(wmem_allocator_t *pool, const struct tracker *tracker, const struct judge *judge);

void hindsight_free(struct hindsight *hindsight);

/** The tunnels whose last frame of ESP, AH or IKE this is.
 * @param count  gets how many there are */
const struct tunnel *const *hindsight_tunnels(const struct hindsight *hindsight, uint32_t frame, uint32_t *count);

/** The frames of the findings and verdicts that rest on a frame, ascending: a verdict stands on its tunnel's last one.
 * @param count  gets how many there are */
const uint32_t *hindsight_findings(const struct hindsight *hindsight, uint32_t frame, uint32_t *count);

#endif /* SPISCOPE_HINDSIGHT_H */

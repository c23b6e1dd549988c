/* life_log.h
 * The log of a tunnel's life: a line for each IKE SA, SA, outage and finding, in the order of time, with its frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LIFE_LOG_H
#define SPISCOPE_LIFE_LOG_H

#include "../judge/judge.h"

/** The log, for people; what is beyond its limit is counted in its last line. Owned by scope. */
char *life_log(wmem_allocator_t *scope, const struct tunnel *tunnel, const struct tracker *tracker, const struct judge *judge);

#endif /* SPISCOPE_LIFE_LOG_H */

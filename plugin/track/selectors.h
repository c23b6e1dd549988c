/* selectors.h
 * Traffic selectors (RFC 7296 section 2.9), which firewalls call proxy IDs: sets of address ranges
 * with protocol and ports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SELECTORS_H
#define SPISCOPE_SELECTORS_H

#include "../event.h"

/** Whether every packet that the inner set admits is admitted by one selector of the outer. */
bool selectors_contain(const struct selectors *outer, const struct selectors *inner);

/** Whether both admit the same; a selector inside another of its set makes no difference (the
 * packet that triggered a negotiation is often named beside its subnet). */
bool selectors_equal(const struct selectors *a, const struct selectors *b);

/** Whether some packet is admitted by both. */
bool selectors_overlap(const struct selectors *a, const struct selectors *b);

#endif /* SPISCOPE_SELECTORS_H */

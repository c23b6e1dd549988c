/* loss.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LOSS_H
#define SPISCOPE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct finding;
struct judge;
struct sa;

/** Of a loss that is a warning, or a lost_on_the_way: whether a capture that takes one packet of several looks as this does. What one point
 * has and another has not is no sample. */
bool loss_may_be_sampled(const struct finding *finding);

/** Whether so many packets of the SA were missing at once. */
bool loss_was_as_long(const struct judge *judge, const struct sa *sa, uint64_t packets);

#endif /* SPISCOPE_LOSS_H */

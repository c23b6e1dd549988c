/* loss.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LOSS_H
#define SPISCOPE_LOSS_H

#include <stdbool.h>

struct finding;

/** Of a loss that is a warning, or a lost_on_the_way: whether a capture that takes one packet of several looks as this does. What one point
 * has and another has not is no sample. */
bool loss_may_be_sampled(const struct finding *finding);

#endif /* SPISCOPE_LOSS_H */

/* pair_dead.h
 * What the finding pair_dead says, for the causes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PAIR_DEAD_H
#define SPISCOPE_PAIR_DEAD_H

#include "../track/pair.h"

struct finding;

/** The pair that the finding is about; NULL where it is another finding. */
const struct pair_end *pair_dead_of(const struct finding *finding);

/** How old it was. */
nstime_t pair_dead_age(const struct pair_end *end);

#endif /* SPISCOPE_PAIR_DEAD_H */

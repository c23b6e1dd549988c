/* lost_on_the_way.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_LOST_ON_THE_WAY_H
#define SPISCOPE_LOST_ON_THE_WAY_H

#include "findings.h"

/** Whose packets were lost, of a finding with that key. */
const struct flow *lost_on_the_way_flow(const struct finding *finding);

#endif /* SPISCOPE_LOST_ON_THE_WAY_H */

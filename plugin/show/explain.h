/* explain.h
 * For each finding, what it means and what to check, for the packet details.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_EXPLAIN_H
#define SPISCOPE_EXPLAIN_H

#include "../finding.h"

/** One sentence on what the finding means; never NULL. */
const char *explain_meaning(enum finding_key key);

/** One sentence on what to check on the gateways; NULL where there is nothing to check. */
const char *explain_check(enum finding_key key);

#endif /* SPISCOPE_EXPLAIN_H */

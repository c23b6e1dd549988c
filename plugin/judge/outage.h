/* outage.h
 * An outage in words, as finding, report, JSON and tables tell of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JUDGE_OUTAGE_H
#define SPISCOPE_JUDGE_OUTAGE_H

#include "judge.h"

/** The outage that a finding of that key is about; NULL of other findings. */
const struct outage *outage_of(const struct finding *finding);

/** How service ended: "ike_sa_deleted", "child_sa_deleted", "unanswered", "silence" or "replaced".
 * @param how  enum outage_how */
const char *outage_how(uint8_t how);

/** "new_ike_sa", "new_child_sa" or "same_sa"; NULL where it is not over.
 * @param how  enum restored_how */
const char *outage_restored_how(uint8_t how);

#endif /* SPISCOPE_JUDGE_OUTAGE_H */

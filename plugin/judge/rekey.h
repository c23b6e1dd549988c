/* rekey.h
 * What is a rekey, and what is not, for whoever counts them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JUDGE_REKEY_H
#define SPISCOPE_JUDGE_REKEY_H

#include "../track/sa.h"

/** Whether the SA took the old one's place because the tunnel was set up anew: by another IKE SA that is no rekeyed one. */
bool rekey_is_set_up_anew(const struct sa *old, const struct sa *new);

#endif /* SPISCOPE_JUDGE_REKEY_H */

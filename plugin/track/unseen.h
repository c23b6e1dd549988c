/* unseen.h
 * What was there and the capture lacks: who has a window of one request, as both peers have unless they agree on more (RFC 7296 section 2.3), sends
 * the next one when the last was answered, and repeats what was not (section 2.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_UNSEEN_H
#define SPISCOPE_UNSEEN_H

#include <stdbool.h>

struct exchange;

/** Whether the capture lacks what came before a Delete, or what may be one, and may have made the successor of what it deletes: half of its
 * sender's last CREATE_CHILD_SA, an exchange of its, or the answer within a Quick Mode that went on.
 * @param of_ike_sa  it deletes the IKE SA; else a child */
bool unseen_successor(const struct exchange *deletes, bool of_ike_sa);

#endif /* SPISCOPE_UNSEEN_H */

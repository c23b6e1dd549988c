/* retry.h
 * A client that tries again from another port: its tries are one tunnel, where something tells that it is the same client.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_RETRY_H
#define SPISCOPE_RETRY_H

#include "ike_context.h"

struct ike_sa;

/** An IKE SA begins, in the context's message: where its tunnel is new, and the pace of the tries before it tells that it is another one, all of
 * them become one tunnel, and the context's flow is that one's. */
void retry_take_set_up(struct ike_context *context, const struct ike_sa *ike_sa);

/** The IKE SA's initiator said who it is: where a try from another port was its, both become one tunnel, and the context's flow is that one's. */
void retry_take_identity(struct ike_context *context, const struct ike_sa *ike_sa);

#endif /* SPISCOPE_RETRY_H */

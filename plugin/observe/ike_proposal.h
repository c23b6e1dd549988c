/* ike_proposal.h
 * What an SA payload offers: proposals, transforms and, in IKEv1, lifetimes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_PROPOSAL_H
#define SPISCOPE_OBSERVE_IKE_PROPOSAL_H

#include "ike_reader.h"

/** Reads an SA payload (RFC 7296 section 3.3, RFC 2408 section 3.4) into the message's contents.
 * @return false where its proposals and transforms do not add up */
bool ike_take_sa(struct ike_reader *reader, struct bytes payload);

/** The lifetime among IKEv1's attributes, of phase 1 (RFC 2409 appendix A) or 2 (RFC 2407 section 4.5): a type goes before each duration.
 * @return what is not said is 0 */
struct lifetime ike_life_among(struct bytes attributes, bool phase1);

#endif /* SPISCOPE_OBSERVE_IKE_PROPOSAL_H */

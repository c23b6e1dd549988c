/* ike_selector.h
 * Traffic selectors: IKEv2's TS payloads, and what stands for them in IKEv1, the IDs of Quick Mode.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_OBSERVE_IKE_SELECTOR_H
#define SPISCOPE_OBSERVE_IKE_SELECTOR_H

#include "ike_reader.h"

/** Adds the selectors of a TS payload (RFC 7296 section 3.13); those that are no addresses make them incomplete.
 * @return false where the payload does not add up */
bool ike_take_selectors(struct selectors *selectors, struct bytes payload);

/** Adds the ID of a Quick Mode (RFC 2407 section 4.6.2): an address, a subnet or a range is one selector.
 * @return false where the payload is too short to be one */
bool ike_take_id(struct selectors *selectors, struct bytes payload);

#endif /* SPISCOPE_OBSERVE_IKE_SELECTOR_H */

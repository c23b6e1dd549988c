/* shown.h
 * The packet that the user looks at: its frame, its tunnel, its SA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SHOWN_H
#define SPISCOPE_SHOWN_H

#include "../track/sa.h"

/** The tunnel and the SA of a frame that was shown lately; the SA is NULL for an IKE message.
 * @return false where the frame holds no IPsec, or is not known any more */
typedef bool shown_lookup(uint32_t frame, const struct tunnel **tunnel, const struct sa **sa);

#endif /* SPISCOPE_SHOWN_H */

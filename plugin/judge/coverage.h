/* coverage.h
 * What the capture could show of a tunnel, and what it could not: a verdict is worth no more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_COVERAGE_H
#define SPISCOPE_COVERAGE_H

#include "judge.h"

/** What the capture would have to show for more. */
enum missing {
    MISSING_KEYS = 1 << 0,          /**< the negotiation was not readable */
    MISSING_NEGOTIATION = 1 << 1,   /**< no negotiation was captured */
    MISSING_OTHER_OFFER = 1 << 2,   /**< only one peer's offers were seen */
    MISSING_DIRECTION = 1 << 3,     /**< only one direction was seen */
    MISSING_TIME = 1 << 4,          /**< the capture is too short */
    MISSING_LIFETIMES = 1 << 5      /**< IKEv2 sends none, and SAs ended early */
};

/** The moment of the first and of the last packet of the tunnel; false where it has none. */
bool coverage_span(const struct tunnel *tunnel, nstime_t *first, nstime_t *last);

/** Whether something of the tunnel's latest IKE was encrypted and not read: keys would show more. */
bool coverage_is_encrypted(const struct tunnel *tunnel);

/** IKEv1: whether both peers' lifetimes were seen, in both phases. */
bool coverage_both_offers(const struct tunnel *tunnel, const struct judge *judge);

/** What is missing: a set of enum missing, without MISSING_LIFETIMES. */
uint8_t coverage_missing(const struct tunnel *tunnel, const struct judge *judge);

/** The i-th part of a set of enum missing in words, with how to get it; NULL after the last one. */
const char *coverage_text(unsigned missing, unsigned i);

#endif /* SPISCOPE_COVERAGE_H */

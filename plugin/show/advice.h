/* advice.h
 * A verdict in words: one sentence about the cause, what the capture lacked, what to check.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_ADVICE_H
#define SPISCOPE_ADVICE_H

#include "../judge/verdict.h"

const char *advice_cause(uint8_t cause);

/** One sentence; owned by scope. */
char *advice_summary(wmem_allocator_t *scope, const struct tunnel *tunnel, const struct verdict *verdict);

/** The i-th thing to check on both gateways, or NULL after the last one. */
const char *advice_check(const struct verdict *verdict, unsigned i);

/** The i-th thing that the capture did not show and how to get it, or NULL after the last one. */
const char *advice_missing(const struct verdict *verdict, unsigned i);

#endif /* SPISCOPE_ADVICE_H */

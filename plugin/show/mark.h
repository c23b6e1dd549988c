/* mark.h
 * What was found on a frame, the worst first: for the packet list, where there is little room.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MARK_H
#define SPISCOPE_MARK_H

#include "../judge/verdict.h"

/** The findings on a frame, without those that were taken back: by severity, and those that weigh the same in the catalogue's order.
 * Owned by scope.
 * @param count  gets how many there are */
const struct finding **mark_findings(wmem_allocator_t *scope, const struct findings *findings, uint32_t frame, uint32_t *count);

/** Their keys, each once, and what was seen of the first: "flapping: 0x12345678 lived 5.1 s, spi_churn". Owned by the words' scope. */
char *mark_text(const struct words *words, const struct finding *const *list, uint32_t count);

/** "tunnel 0 flapping: deleted_by_peer". Owned by the words' scope. */
char *mark_verdict(const struct words *words, const struct tunnel *tunnel, const struct verdict *verdict);

#endif /* SPISCOPE_MARK_H */

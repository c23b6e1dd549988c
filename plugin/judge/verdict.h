/* verdict.h
 * Why a tunnel flaps, in one word and in a sentence: the first cause that its findings support.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_VERDICT_H
#define SPISCOPE_VERDICT_H

#include "judge.h"

/** Their order, names and words: verdict.c. */
enum cause {
    CAUSE_AUTHENTICATION,
    CAUSE_PROPOSAL_MISMATCH,
    CAUSE_PROXY_ID_MISMATCH,
    CAUSE_PFS_MISMATCH,
    CAUSE_PHASE1_LIFETIME_MISMATCH,
    CAUSE_PHASE2_LIFETIME_MISMATCH,
    CAUSE_PEER_UNREACHABLE,
    CAUSE_PEER_RESTART,
    CAUSE_ONE_WAY,
    CAUSE_REKEY_COLLISION,
    CAUSE_VOLUME_REKEY,
    CAUSE_UNEXPLAINED_CHURN,
    CAUSE_NOT_ENOUGH_DATA,
    CAUSE_STABLE,
    CAUSES
};

#define VERDICT_EVIDENCE_AT_MOST 8

struct verdict {
    uint8_t cause;                  /**< enum cause */
    uint8_t confidence;             /**< enum confidence */
    uint8_t evidence_count;
    uint8_t missing;                /**< set of enum missing: coverage.h */
    uint32_t evidence[VERDICT_EVIDENCE_AT_MOST]; /**< frames, ascending */
    uint32_t churned;               /**< findings of spi_churn */
    uint32_t refused;               /**< findings of child_refused, without those that the next try made good */
    const struct finding *finding;  /**< that decides, or NULL */
};

/** The verdict about a tunnel, from all that was found about it. */
struct verdict verdict_of(const struct tunnel *tunnel, const struct judge *judge);

/** The cause in one word. */
const char *verdict_cause(const struct verdict *verdict);

/** The cause in one sentence; owned by the words' scope. */
char *verdict_summary(const struct words *words, const struct verdict *verdict);

/** The i-th thing to check on both gateways, or NULL after the last one. */
const char *verdict_check(const struct verdict *verdict, unsigned i);

#endif /* SPISCOPE_VERDICT_H */

/* verdict.h
 * Why a tunnel flaps, in one word: the first cause that its findings support.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_VERDICT_H
#define SPISCOPE_VERDICT_H

#include "judge.h"

/* X(identifier, name): in the order in which they are considered. */
#define SPISCOPE_CAUSES(X) \
    X(AUTHENTICATION, "authentication") \
    X(PROPOSAL_MISMATCH, "proposal_mismatch") \
    X(PROXY_ID_MISMATCH, "proxy_id_mismatch") \
    X(PFS_MISMATCH, "pfs_mismatch") \
    X(PHASE1_LIFETIME_MISMATCH, "phase1_lifetime_mismatch") \
    X(PHASE2_LIFETIME_MISMATCH, "phase2_lifetime_mismatch") \
    X(PEER_UNREACHABLE, "peer_unreachable") \
    X(PEER_RESTART, "peer_restart") \
    X(ONE_WAY, "one_way") \
    X(REKEY_COLLISION, "rekey_collision") \
    X(VOLUME_REKEY, "volume_rekey") \
    X(UNEXPLAINED_CHURN, "unexplained_churn") \
    X(NOT_ENOUGH_DATA, "not_enough_data") \
    X(STABLE, "stable")

enum cause {
#define X(identifier, name) CAUSE_##identifier,
    SPISCOPE_CAUSES(X)
#undef X
    CAUSES
};

/** What the capture would have to show for more. */
enum missing {
    MISSING_KEYS = 1 << 0,          /**< the negotiation was not readable */
    MISSING_NEGOTIATION = 1 << 1,   /**< no negotiation was captured */
    MISSING_OTHER_OFFER = 1 << 2,   /**< only one peer's offers were seen */
    MISSING_DIRECTION = 1 << 3,     /**< only one direction was seen */
    MISSING_TIME = 1 << 4,          /**< the capture is too short */
    MISSING_LIFETIMES = 1 << 5      /**< IKEv2 sends none, and SAs ended early */
};

#define VERDICT_EVIDENCE_AT_MOST 8

struct verdict {
    uint8_t cause;                  /**< enum cause */
    uint8_t confidence;             /**< enum confidence */
    uint8_t evidence_count;
    uint8_t missing;                /**< set of enum missing */
    uint32_t evidence[VERDICT_EVIDENCE_AT_MOST]; /**< frames, ascending */
    uint32_t churned;               /**< findings of spi_churn */
    uint32_t refused;               /**< findings of child_refused, without those that the next try made good */
    const struct finding *finding;  /**< that decides, or NULL */
};

/** The verdict about a tunnel, from all that was found about it. */
struct verdict verdict_of(const struct tunnel *tunnel, const struct judge *judge);

/** The moment of the first and of the last packet of the tunnel; false where it has none. */
bool verdict_span(const struct tunnel *tunnel, nstime_t *first, nstime_t *last);

#endif /* SPISCOPE_VERDICT_H */

/* verdict.h
 * A tunnel's verdict: the state that its users felt, and the cause that explains it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_VERDICT_H
#define SPISCOPE_VERDICT_H

#include "judge.h"
#include "state.h"

/** Their order, names and words: verdict.c. */
enum cause {
    CAUSE_AUTHENTICATION,
    CAUSE_PROPOSAL_MISMATCH,
    CAUSE_PROXY_ID_MISMATCH,
    CAUSE_PFS_MISMATCH,
    CAUSE_PHASE1_LIFETIME_MISMATCH,
    CAUSE_PHASE2_LIFETIME_MISMATCH,
    CAUSE_LIFETIME_EXPIRED,
    CAUSE_LIFETIME_TOO_SHORT,
    CAUSE_IDLE_TIMEOUT,
    CAUSE_EARLY_REAUTH,
    CAUSE_DELETED_BY_PEER,
    CAUSE_IDENTITY_CONFLICT,
    CAUSE_REFUSED,
    CAUSE_SETUP_ABANDONED,
    CAUSE_COOKIE_LOOP,
    CAUSE_FRAGMENTS_LOST,
    CAUSE_IKE_UNANSWERED,
    CAUSE_PEER_UNREACHABLE,
    CAUSE_PORT_UNREACHABLE,
    CAUSE_PEER_RESTART,
    CAUSE_SPI_UNKNOWN,
    CAUSE_SEQUENCE_FALLBACK,
    CAUSE_REPLAY_DROPS,
    CAUSE_PATH_MTU,
    CAUSE_NAT_MAPPING,
    CAUSE_LOSS,
    CAUSE_ONE_WAY,
    CAUSE_REKEY_COLLISION,
    CAUSE_REKEY_RACE,
    CAUSE_VOLUME_REKEY,
    CAUSE_EARLY_REKEY,
    CAUSE_UNEXPLAINED_CHURN,
    CAUSE_UNKNOWN,
    CAUSE_NONE,
    CAUSES
};

struct verdict {
    uint8_t state;                  /**< enum state */
    uint8_t cause;                  /**< enum cause */
    uint8_t confidence;             /**< enum confidence, of the cause for this state */
    int8_t by;                      /**< the peer who acts, PEER_BOTH, or PEER_NOT_SEEN */
    uint8_t missing;                /**< set of enum missing (coverage.h): what would say more */
    uint8_t evidence_count;
    bool is_out;                    /**< the last outage is not over */
    bool was_up;                    /**< it carried traffic once */
    uint32_t evidence[CLAIM_EVIDENCE_AT_MOST]; /**< frames, ascending */
    unsigned outages;
    unsigned times;                 /**< troubles that the cause explains */
    uint32_t churned;               /**< findings of spi_churn */
    uint64_t also;                  /**< set of 1 << enum finding_key: what else was found, above a note ... */
    uint64_t history;               /**< ... and was overcome before the tunnel last began to work */
    nstime_t down;                  /**< sum of the outages that are over */
    nstime_t age;                   /**< at which SAs end, where that is the point; else zero */
    const struct finding *finding;  /**< that shows the cause, or NULL */
};

/** The verdict about a tunnel, from all that was found about it until judge->now. */
struct verdict verdict_of(const struct tunnel *tunnel, const struct judge *judge);

/** The cause of one outage.
 * @param confidence  gets enum confidence */
enum cause verdict_of_outage(const struct tunnel *tunnel, const struct judge *judge, const struct outage *outage,
        uint8_t *confidence);

/** A cause in one word. */
const char *verdict_cause_name(enum cause cause);

/** The verdict's cause in one word. */
const char *verdict_cause(const struct verdict *verdict);

/** State and cause in a sentence or two; owned by the words' scope. */
char *verdict_summary(const struct words *words, const struct tunnel *tunnel, const struct verdict *verdict);

/** The i-th thing to check on both gateways, or NULL after the last one. */
const char *verdict_check(const struct verdict *verdict, unsigned i);

#endif /* SPISCOPE_VERDICT_H */

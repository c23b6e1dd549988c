/* judge.h
 * From what just changed to findings. Each rule has a file of its own, which opens with the rule in
 * prose, and looks only at the change and at the state that the change points to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JUDGE_H
#define SPISCOPE_JUDGE_H

#include "findings.h"

/** The preferences that rules compare with; times in seconds. */
struct judge_limits {
    uint32_t min_sa_lifetime;
    uint32_t churn_count;
    uint32_t churn_window;
    uint32_t replay_window;         /**< packets */
    uint32_t min_outage;
    uint32_t expected_phase1_lifetime; /**< 0: not given */
    uint32_t expected_phase2_lifetime;
};

/** What a rule may look at and add to. */
struct judge {
    struct judge_limits limits;
    struct findings *findings;
    uint32_t frame;                 /**< the frame that is being judged */
    nstime_t time;                  /**< its time */
};

/** Puts all that the frame changed before the rules. */
void judge_frame(struct judge *judge, const struct changes *changes);

/** Adds a finding about an SA on the frame that is being judged; NULL where there are too many. */
struct finding *judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct sa *sa);

/** Adds a finding about an exchange on the frame that is being judged; NULL where there are too many. */
struct finding *judge_exchange(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct exchange *exchange);

/* The rules; each takes every change and picks its own. */
void judge_rekey(struct judge *judge, const struct change *change);
void judge_reestablished(struct judge *judge, const struct change *change);
void judge_outage(struct judge *judge, const struct change *change);
void judge_deletion(struct judge *judge, const struct change *change);
void judge_spi_churn(struct judge *judge, const struct change *change);
void judge_stale_spi(struct judge *judge, const struct change *change);
void judge_sequence(struct judge *judge, const struct change *change);
void judge_loss(struct judge *judge, const struct change *change);
void judge_one_way(struct judge *judge, const struct change *change);
void judge_nat_rebinding(struct judge *judge, const struct change *change);
void judge_retransmission(struct judge *judge, const struct change *change);
void judge_no_response(struct judge *judge, const struct change *change);
void judge_dpd_failure(struct judge *judge, const struct change *change);
void judge_peer_restart(struct judge *judge, const struct change *change);
void judge_child_refused(struct judge *judge, const struct change *change);
void judge_proxy_id(struct judge *judge, const struct change *change);
void judge_no_proposal(struct judge *judge, const struct change *change);
void judge_auth_failed(struct judge *judge, const struct change *change);
void judge_pfs_mismatch(struct judge *judge, const struct change *change);
void judge_invalid_spi(struct judge *judge, const struct change *change);
void judge_lifetime(struct judge *judge, const struct change *change);
void judge_lifetime_order(struct judge *judge, const struct change *change);
void judge_collision(struct judge *judge, const struct change *change);
void judge_duplicate_sa(struct judge *judge, const struct change *change);
void judge_early_rekey(struct judge *judge, const struct change *change);
void judge_volume_rekey(struct judge *judge, const struct change *change);
void judge_limit(struct judge *judge, const struct change *change);

#endif /* SPISCOPE_JUDGE_H */

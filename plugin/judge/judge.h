/* judge.h
 * From what just changed to findings. Each rule has a file of its own, which opens with the rule in
 * prose, and looks only at the change and at the state that the change points to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JUDGE_H
#define SPISCOPE_JUDGE_H

#include "findings.h"
#include "memory.h"

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
    struct memory *memory;
    uint32_t frame;                 /**< the frame that is being judged */
    nstime_t time;                  /**< its time */
};

/** A judge with these limits; owned by pool, as is all that it finds.
 * @param most  findings that are kept */
void judge_open(struct judge *judge, wmem_allocator_t *pool, uint32_t most);

/** Puts all that the frame changed before the rules. */
void judge_frame(struct judge *judge, const struct changes *changes);

/** Adds a finding about an SA on the frame that is being judged; NULL where there are too many. */
struct finding *judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct sa *sa);

/** Adds a finding about an exchange on the frame that is being judged; NULL where there are too many. */
struct finding *judge_exchange(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct exchange *exchange);

/** A rule: the kinds of changes that it takes, and what it makes of each. */
struct rule {
    uint32_t on;                    /**< a set of ON(kind) */
    void (*judge)(struct judge *judge, const struct change *change);
};

#define ON(kind) (UINT32_C(1) << CHANGE_##kind)

/* X(name): the rules, in the order in which they see a change; each in the file of its name. */
#define SPISCOPE_RULES(X) \
    X(rekey) \
    X(reestablished) \
    X(outage) \
    X(deleted) \
    X(spi_churn) \
    X(stale_spi) \
    X(sequence) \
    X(loss) \
    X(one_way) \
    X(nat_rebinding) \
    X(retransmission) \
    X(no_response) \
    X(dpd_failure) \
    X(peer_restart) \
    X(auth_failed) \
    X(no_proposal) \
    X(proxy_id) \
    X(child_refused) \
    X(pfs_mismatch) \
    X(invalid_spi) \
    X(lifetime) \
    X(lifetime_order) \
    X(collision) \
    X(duplicate_sa) \
    X(early_rekey) \
    X(volume_rekey) \
    X(limit)

#define X(name) extern const struct rule rule_##name;
SPISCOPE_RULES(X)
#undef X

#endif /* SPISCOPE_JUDGE_H */

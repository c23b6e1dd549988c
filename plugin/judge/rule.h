/* rule.h
 * What a rule is made of: the changes that it takes, what it makes of each, and the words of its findings. A new rule is one
 * file that defines rule_NAME, its place in the order below, and a line for each finding in finding.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_RULE_H
#define SPISCOPE_RULE_H

#include "judge.h"

/** What a rule says of one of its findings. */
struct finding_words {
    enum finding_key key;
    char *(*text)(const struct words *words, const struct finding *finding); /**< see finding_text; NULL: no further finding */
    char *(*brief)(const struct words *words, const struct finding *finding); /**< see finding_brief; NULL: the SPI, if there is one */
    const char *meaning;            /**< see finding_meaning */
    const char *check[CHECKS_AT_MOST]; /**< lines: see finding_check */
    const char *const *(*check_of)(const struct finding *finding); /**< where they depend on what was seen: lines up to a NULL; or NULL */
};

#define FINDINGS_OF_A_RULE 3

struct rule {
    uint64_t on;                    /**< a set of ON(kind): the kinds of changes that it takes */
    void (*judge)(struct judge *judge, const struct change *change);
    struct finding_words findings[FINDINGS_OF_A_RULE];
};

#define ON(kind) (UINT64_C(1) << CHANGE_##kind)

/* X(name): the rules, in the order in which they see a change. */
#define SPISCOPE_RULES(X) \
    X(rekey) \
    X(reestablished) \
    X(outage) \
    X(deleted) \
    X(pair_dead) \
    X(past) \
    X(spi_churn) \
    X(stale_spi) \
    X(sequence) \
    X(byte_order) \
    X(loss) \
    X(lost_on_the_way) \
    X(one_way) \
    X(nat_rebinding) \
    X(nat_mapping) \
    X(icmp) \
    X(retransmission) \
    X(no_response) \
    X(dpd_failure) \
    X(peer_restart) \
    X(identity_conflict) \
    X(auth_failed) \
    X(no_proposal) \
    X(setup_abandoned) \
    X(cookie_loop) \
    X(fragments_lost) \
    X(proxy_id) \
    X(child_refused) \
    X(pfs_mismatch) \
    X(invalid_spi) \
    X(unprotected) \
    X(lifetime) \
    X(lifetime_order) \
    X(collision) \
    X(duplicate_sa) \
    X(early_rekey) \
    X(volume_rekey) \
    X(disordered) \
    X(not_read) \
    X(limit)

#define X(name) extern const struct rule rule_##name;
SPISCOPE_RULES(X)
#undef X

/* Each adds a finding on the frame that is being judged, with a detail of so many bytes for the rule to fill in (0: none), and
 * gives NULL where there are too many. */

/** About an SA. */
struct finding *judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence, const struct sa *sa, size_t detail);

/** Whether the clock has stepped back since that frame, so that nobody knows how long ago it was: by more than packets are out of order. */
bool judge_clock_stepped(const struct judge *judge, uint32_t frame);

/** About an exchange; it rests on its request and its response. At most suspected where anybody may have sent them, beside traffic in both
 * directions. */
struct finding *judge_exchange(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct exchange *exchange, size_t detail);

/** About an IKE SA. */
struct finding *judge_ike_sa(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct ike_sa *ike_sa, size_t detail);

/** About a tunnel. */
struct finding *judge_tunnel(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct tunnel *tunnel, size_t detail);

/** About no tunnel. */
struct finding *judge_capture(struct judge *judge, enum finding_key key, enum confidence confidence, size_t detail);

/* ---- words that rules share */

/** The peer that began an exchange; owned by the words' scope. */
char *words_requester(const struct words *words, const struct exchange *exchange);

/** The peer that was asked; owned by the words' scope. */
char *words_responder(const struct words *words, const struct exchange *exchange);

/** How long an SA lived, in brief: "0x12345678 lived 5.1 s"; owned by the words' scope. */
char *words_lived(const struct words *words, const struct sa *sa, const nstime_t *lived);

#endif /* SPISCOPE_RULE_H */

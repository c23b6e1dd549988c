/* judge.h
 * From what just changed to findings, and their words. Each rule has a file of its own, which opens with the rule in prose
 * and ends with its words, and looks only at the change and at the state that the change points to: see rule.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_JUDGE_H
#define SPISCOPE_JUDGE_H

#include "../words/words.h"
#include "findings.h"
#include "gateways.h"
#include "memory.h"

/** The preferences that rules compare with; times in seconds. */
struct judge_limits {
    uint32_t min_sa_lifetime;
    uint32_t churn_count;
    uint32_t churn_window;
    uint32_t replay_window;         /**< packets */
    uint32_t min_outage;
    uint32_t handover_grace;
    uint32_t expected_phase1_lifetime; /**< 0: not given */
    uint32_t expected_phase2_lifetime;
    struct gateways gateways;       /**< their own expected lifetimes come before these two */
};

/** What a rule may look at and add to. */
struct judge {
    struct judge_limits limits;
    struct findings *findings;
    struct memory *memory;
    bool full_said;                 /**< that there are more findings than are kept */
    uint32_t frame;                 /**< the frame that is being judged */
    nstime_t time;                  /**< its time */
    nstime_t now;                   /**< the time of the last frame that was read, of IPsec or not */
    nstime_t latest;                /**< the latest time of the packets until now, and the last frame that had it */
    uint32_t latest_frame;
    uint32_t stepped_frame;         /**< with which the clock first stepped back, or 0 */
};

/** A judge with these limits; owned by pool, as is all that it finds.
 * @param most  findings that are kept; one more says that there are more */
void judge_open(struct judge *judge, wmem_allocator_t *pool, uint32_t most);

/** Puts all that the frame changed before the rules. */
void judge_frame(struct judge *judge, const struct changes *changes);

/* ---- words */

/** Bytes of a finding's text. */
#define FINDING_TEXT_AT_MOST 4096

/** One sentence: what was seen, with the numbers, and no advice. What is longer than FINDING_TEXT_AT_MOST, as offers in a
 * message that was made up may be, ends in "...". Owned by the words' scope. */
char *finding_text(const struct words *words, const struct finding *finding);

/** The same in few words, for a narrow column: "0x12345678 lived 5.1 s". Owned by the words' scope; NULL where the finding's key says it all. */
char *finding_brief(const struct words *words, const struct finding *finding);

/** One sentence on what a finding means; never NULL.
 * @param key  enum finding_key */
const char *finding_meaning(uint8_t key);

/** Lines of a check. */
#define CHECKS_AT_MOST 6

/** The i-th line of what to check on the gateways, as it fits what was seen; NULL after the last one. */
const char *finding_check(const struct finding *finding, unsigned i);

/** The same, as far as the kind of finding tells; none where that depends on what was seen.
 * @param key  enum finding_key */
const char *finding_kind_check(uint8_t key, unsigned i);

#endif /* SPISCOPE_JUDGE_H */

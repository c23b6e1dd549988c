/* findings.h
 * What judge/ found, in frame order. A finding holds facts; the file of its rule has the words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_FINDINGS_H
#define SPISCOPE_FINDINGS_H

#include "../track/tracker.h"
#include "finding.h"

#define EVIDENCE_AT_MOST 4

struct finding {
    uint8_t key;                    /**< enum finding_key */
    uint8_t confidence;             /**< enum confidence */
    bool is_raised;                 /**< it weighs more than its kind: a note that is a warning */
    bool is_taken_back;             /**< the link between two SAs that it is about turned out to be none: in no file any more */
    uint8_t evidence_count;
    uint32_t frame;                 /**< the frame that proves it */
    uint32_t evidence[EVIDENCE_AT_MOST]; /**< other frames that it rests on */
    nstime_t time;                  /**< of that frame */
    const struct tunnel *tunnel;    /**< NULL where it belongs to none; set by findings_file */
    struct finding *next;           /**< of the same tunnel */
    struct finding *before;         /**< of the same tunnel */
    struct finding *older;          /**< the one before of the same tunnel and key, or NULL */
    const struct sa *sa;            /**< NULL where it is about no single SA */
    const struct sa *other;         /**< the SA's counterpart, such as its successor */
    const struct ike_sa *ike_sa;    /**< NULL where it is about no IKE SA */
    const struct exchange *exchange; /**< that shows it, or NULL */
    const struct exchange *other_exchange; /**< that it is compared with, or NULL */
    void *detail;                   /**< what else the finding's rule knows of it: of a type of that rule's own, or NULL */
};

/** How bad it is: as the catalogue says of its kind, but a refusal that was made good, or that only says to come back later,
 * is a note; and what its rule raised is one above its kind. */
enum severity finding_severity(const struct finding *finding);

/** How sure it is: at most suspected, once it is known that anybody may have sent what it rests on, and that nothing came of it. */
enum confidence finding_confidence(const struct finding *finding);

/** Whether nothing is its effect: a refusal that was made good, a request that was answered after all, or what was forged. */
bool finding_is_overcome(const struct finding *finding);

/** Whether anybody may have sent what it rests on: the peers' keys proved nothing of it. */
bool finding_is_unproven(const struct finding *finding);

/** Whether it says that nobody answered what its sender did not wait for either: it was asked for once or all at once, and never again. */
bool finding_waited_for_none(const struct finding *finding);

/** Whether nothing proves it, and its tunnel went on regardless: its traffic, or what was refused or left. Then it is suspected at most. */
bool finding_is_hearsay(const struct finding *finding);

struct findings;

/** Owned by pool.
 * @param most  findings that are kept; further ones are dropped and counted */
struct findings *findings_create(wmem_allocator_t *pool, uint32_t most);

/** Adds a finding on the frame that is being judged.
 * @param detail  bytes of its detail, all zero at first; 0: none
 * @return it, to be filled in; or NULL where there are too many */
struct finding *findings_add(struct findings *findings, enum finding_key key, enum confidence confidence, uint32_t frame,
        const nstime_t *time, size_t detail);

/** How many are kept. */
uint32_t findings_most(const struct findings *findings);

/** Makes room for one more than that: the one that says so. */
void findings_make_room(struct findings *findings);

/** Makes room, where there is none, for the first finding of its kind in a tunnel and for one that is surer than those before: a flood
 * elsewhere hides no trouble. No more often than findings_most. */
void findings_make_room_for(struct findings *findings, const struct tunnel *tunnel, enum finding_key key, enum confidence confidence);

/** Counts a finding that was dropped in its tunnel. */
void findings_note_dropped(struct findings *findings, const struct tunnel *tunnel, enum finding_key key);

/** Files a new finding under its tunnel, or under NULL where it belongs to none. */
void findings_file(struct findings *findings, struct finding *finding, const struct tunnel *tunnel);

struct finding_pile;

/** All findings about one tunnel, or about none. */
struct finding_file {
    struct finding *first;          /**< the others follow by next, in frame order */
    struct finding *last;
    uint64_t keys;                  /**< a bit for each kind of which there is a pile */
    struct finding_pile *pile;      /**< in the order of the keys */
    uint32_t dropped;
};

/** How many of a kind there are, with those that were dropped. */
uint32_t finding_file_count(const struct finding_file *file, unsigned key);

/** The first of a kind that has the highest confidence; NULL where there is none. */
const struct finding *finding_file_best(const struct finding_file *file, unsigned key);

/** The latest of a kind, which the others follow by older; NULL where there is none. */
struct finding *finding_file_latest(const struct finding_file *file, unsigned key);

/** The file of a tunnel, or with NULL that of findings about none; NULL where nothing was found. */
const struct finding_file *findings_of(const struct findings *findings, const struct tunnel *tunnel);

/** The SA has no successor after all: takes back what was said of it and that one, and that its direction flaps. */
void findings_take_back(struct findings *findings, const struct sa *sa);

/** The one tunnel turned out to be a part of the other one: so are its findings, which are later. */
void findings_join(struct findings *findings, const struct tunnel *from, const struct tunnel *into);

/** Takes back one finding of a tunnel. */
void findings_take_back_one(struct findings *findings, struct finding *finding);

/** Adds a frame that the finding rests on; 0 and what is too much are left out. */
void finding_rests_on(struct finding *finding, uint32_t frame);

uint32_t findings_count(const struct findings *findings);

/** How many were dropped. */
uint64_t findings_dropped(const struct findings *findings);

/** The i-th in frame order. */
const struct finding *findings_get(const struct findings *findings, uint32_t i);

/** The index of the first one on a frame; count gets how many stand on it. */
uint32_t findings_on(const struct findings *findings, uint32_t frame, uint32_t *count);

#endif /* SPISCOPE_FINDINGS_H */

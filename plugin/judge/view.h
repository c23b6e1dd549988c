/* view.h
 * What a verdict looks at, what it has to explain, and what a cause may answer.
 *
 * A trouble is what users felt: an outage, a tunnel that does not come up, a direction that is silent, SPIs that do not last. Each
 * has a window of frames in which its cause must lie: after the tunnel last began to work, and before the trouble was over. Each
 * cause is asked about each trouble; it does not claim what it can't have had as its effect.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_VIEW_H
#define SPISCOPE_VIEW_H

#include "judge.h"

/** Both peers act, where a cause names who does; else as of an outage. */
#define PEER_BOTH 2

/** All that is known of one tunnel when its verdict is asked for. */
struct view {
    const struct tunnel *tunnel;
    const struct judge *judge;
    const struct finding_file *file; /**< never NULL */
    struct service_end end;         /**< what the end of the capture settles */
    bool was_up;                    /**< it has carried traffic */
    unsigned outages;               /**< with the one that is not over */
    unsigned rebuilt;               /**< times that it was set up anew because something failed, however short the gap */
    bool is_partial;                /**< the capture lacks much of it: what is not seen shows nothing */
    bool works;                     /**< at the end of the capture, as far as can be seen ... */
    nstime_t works_since;           /**< ... since its last outage was over, or else since both directions carry traffic */
};

enum trouble_kind {
    TROUBLE_OUTAGE,
    TROUBLE_NOT_UP,                 /**< it was tried, and never came up */
    TROUBLE_REBUILT,                /**< set up anew because something failed */
    TROUBLE_ONE_WAY,                /**< one direction does not arrive, at the end of the capture */
    TROUBLE_DEGRADED,
    TROUBLE_CHURN,
    TROUBLE_NONE                    /**< it works: a cause may say why SAs come and go all the same */
};

struct trouble {
    const struct outage *outage;    /**< or NULL */
    enum trouble_kind kind;
    uint32_t since_frame;           /**< its cause lies behind this frame ... */
    uint32_t begin_frame;           /**< ... it was felt from this one on ... */
    uint32_t until_frame;           /**< ... and was over at this one: UINT32_MAX at the end of the capture */
};

#define CLAIM_EVIDENCE_AT_MOST 8

/** A cause's answer. */
struct claim {
    uint8_t confidence;             /**< enum confidence */
    int8_t by;                      /**< who acts: a peer, PEER_BOTH or PEER_NOT_SEEN */
    uint8_t evidence_count;
    uint32_t evidence[CLAIM_EVIDENCE_AT_MOST]; /**< frames, ascending */
    const struct finding *finding;  /**< that shows it, or NULL */
    nstime_t age;                   /**< at which SAs end, where that is the point; else zero */
};

/** Adds a frame, if it is not there yet; 0 and what is too much are left out. */
void claim_rests_on(struct claim *claim, uint32_t frame);

/** The claim that a finding makes: its confidence, and the frames that it rests on. Always true. */
bool claim_finding(struct claim *claim, const struct finding *finding);

/** The claim that an outage makes by how it ended. Always true. */
bool claim_outage(struct claim *claim, const struct outage *outage, enum confidence confidence);

/** Whether the finding lies in the trouble's window. */
bool view_has(const struct trouble *trouble, const struct finding *finding);

/** The trouble's first finding with that key, or NULL.
 * @param least  of less confidence it is none */
const struct finding *view_find(const struct view *view, const struct trouble *trouble, enum finding_key key,
        enum confidence least);

/** The same, but the trouble's last one, up to its beginning. */
const struct finding *view_find_last(const struct view *view, const struct trouble *trouble, enum finding_key key);

/** Whether the peer's requests at the end of the capture, several of them, went unanswered, and one was sent again: who gets no answer does so
 * before it begins anew (RFC 7296 section 2.1), so that the answers to what was not are missing in the capture. IKEv1's Informationals may be Deletes, which
 * nobody answers: by themselves they ask for nothing. */
bool view_asks_in_vain(const struct view *view, unsigned peer);

/** Whether nothing listens to the IKE of a tunnel whose ESP goes on: the latest request on its IKE SA was sent again, for min_outage and
 * until the end of the capture, and ICMP says so of it. */
bool view_lacks_daemon(const struct view *view);

/** Whether what a finding shows was overcome before the tunnel last began to work: then it is history, and explains nothing. */
bool view_is_history(const struct view *view, const struct finding *finding);

/** Whether anybody may have sent what a finding rests on, and the tunnel works: then it is no trouble of its peers. */
bool view_is_thrown_in(const struct view *view, const struct finding *finding);

/** Whether the tunnel works since, or all the same: one of the two above. */
bool view_is_overcome(const struct view *view, const struct finding *finding);

/** The latest finding with that key that is above a note and was not made good by the next try; NULL where there is none. */
const struct finding *view_latest_above_note(const struct view *view, unsigned key);

/** The surest finding above a note that is no history and speaks against a tunnel that works; NULL where there is none. */
const struct finding *view_trouble(const struct view *view);

#endif /* SPISCOPE_VIEW_H */

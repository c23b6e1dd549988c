/* service.h
 * Whether a tunnel can carry traffic: its outages (RFC 7296 section 1.4.1, RFC 2408 section 3.15 for how SAs end).
 *
 * An outage begins with a Delete in the midst of traffic, or with the last packet that got through, and is over when SAs are up
 * that then carry traffic. What separates it from an idle time is the traffic's own rhythm before it, and whether SAs were
 * there to carry it. Nothing is kept per packet: each direction has a running estimate of its usual gap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SERVICE_H
#define SPISCOPE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/nstime.h>
#include <wsutil/wmem/wmem.h>

#include "pair.h"

struct changes;
struct exchange;
struct ike_context;
struct ike_frame;
struct ike_sa;
struct ipsec_packet;
struct sa;
struct tunnel;

/** Outages of one tunnel that are kept. */
#define OUTAGES_AT_MOST 4096

/** No peer was seen to do it; else 0 or 1, as in the tunnel's peer[]. */
#define PEER_NOT_SEEN (-1)

/** A bit for each of the tunnel's flows. */
#define OUTAGE_BOTH_DIRECTIONS 3

/** How service ended. */
enum outage_how {
    OUTAGE_IKE_DELETED,             /**< a peer deleted the IKE SA */
    OUTAGE_CHILD_DELETED,           /**< a peer deleted the child SA, phase 2 */
    OUTAGE_UNANSWERED,              /**< one peer fell silent, and requests to it went unanswered */
    OUTAGE_SILENCE,                 /**< one peer fell silent, and no more is seen */
    OUTAGE_REPLACED,                /**< a new set-up began, and no end of the old one was seen */
    OUTAGE_LOST_BETWEEN,            /**< packets of one peer were lost between two capture points, and none arrived */
    OUTAGE_SEQUENCE_FELL,           /**< a peer's sequence fell back, and the other one, which drops that, fell silent */
    OUTAGE_HOWS
};

enum restored_how {
    RESTORED_NOT,                   /**< it is not over */
    RESTORED_NEW_IKE_SA,            /**< set up anew */
    RESTORED_NEW_CHILD,
    RESTORED_SAME_SA,
    RESTORED_HOWS
};

#define OUTAGE_EVIDENCE_AT_MOST 4

struct outage {
    uint32_t id;                    /**< in its tunnel, from 0 */
    uint8_t how;                    /**< enum outage_how */
    uint8_t restored_how;           /**< enum restored_how */
    int8_t ended_by;                /**< peer, or PEER_NOT_SEEN */
    int8_t restored_by;
    bool proven;                    /**< the Delete was read; else it is inferred */
    bool kept_down;                 /**< the silent peer answered again, and kept_down_by deleted what there was */
    int8_t kept_down_by;
    bool ike_passed;                /**< OUTAGE_LOST_BETWEEN: IKE went through meanwhile */
    uint8_t directions;             /**< bit i: flow[i] of the tunnel carried nothing */
    uint8_t evidence_count;
    nstime_t begin;
    nstime_t end;                   /**< meaningless where it is not over */
    nstime_t age;                   /**< of what ended, then; zero where its birth was not seen */
    nstime_t idle;                  /**< from the last packet until it began */
    uint32_t begin_frame;           /**< of the Delete, or of the last packet that got through */
    uint32_t end_frame;             /**< of the negotiation's end, or of the first packet; 0 where it is not over */
    uint32_t known_frame;           /**< where it came to be known: the first packet after it; 0 where it is not over */
    uint32_t asked;                 /**< messages that went unanswered in it */
    uint64_t lost;                  /**< OUTAGE_LOST_BETWEEN: packets of ESP and AH */
    uint32_t evidence[OUTAGE_EVIDENCE_AT_MOST];
    const struct ike_sa *ended_ike; /**< the IKE SA that ended with it, or NULL where none was seen */
    const struct ike_sa *restored_ike;
    struct outage *next;            /**< the one after it */
};

/** One direction's traffic, and what its sender is owed. */
struct service_side {
    nstime_t last;                  /**< of its last packet on an SA that was not deleted */
    nstime_t run_since;             /**< since when its packets came without an unusual pause */
    nstime_t answered;              /**< when its sender last answered an IKE message */
    nstime_t asked_first;           /**< since the other peer was last heard: of its sender's first request */
    nstime_t asked_last;
    uint64_t usual;                 /**< gap between its packets, nanoseconds: a running mean */
    uint64_t longest;               /**< and the longest one, which is forgotten with time */
    uint64_t packets;
    uint32_t last_frame;
    uint32_t answered_frame;
    uint32_t asked_frame;
    const struct ike_sa *asked_on;  /**< of the last of them */
    uint32_t asked;                 /**< requests of its sender since the other peer was last heard */
    uint32_t tried;                 /**< its packets since the other direction's last one */
    bool resumed;                   /**< the gap before its next packet is no pause of its own */
};

/** An end of service that the next packets have to prove or to disprove. */
struct service_end_seen {
    bool is_open;
    bool proven;                    /**< a Delete was read */
    bool ike_went_on;               /**< further exchanges followed on the IKE SA */
    uint8_t how;                    /**< enum outage_how */
    int8_t peer;
    uint32_t frame;
    uint32_t more_frame;            /**< of the Delete that followed at once, or 0 */
    uint32_t last_frame;            /**< of the last packet before it */
    nstime_t time;
    nstime_t last;
    nstime_t age;
    nstime_t child_age;             /**< of the youngest child SA; zero where none was seen */
    nstime_t idle;
    struct ike_sa *ike_sa;
    const struct exchange *exchange; /**< of what was not read, or NULL */
    const struct sa *sa;            /**< NULL where it is not known which; where no Delete was read, the last one to speak */
};

/** A silence of one peer, to whom requests went unanswered, that ended with a new set-up, or with an answer: then its packets have to show
 * that the SAs carry them again. */
struct service_silence {
    bool is_open;
    bool in_use;                    /**< there was traffic when it began, or in it */
    bool was_given_up;              /**< who asked in vain fell silent, too: it has to be heard on the old SAs before these carry anything again */
    uint32_t asked;
    uint32_t frame;
    uint32_t asked_frame;
    uint32_t answered_frame;        /**< of the answer by which the peer was heard again on what there was before; 0: none */
    nstime_t answered;
    nstime_t asked_first;
    nstime_t begin;
};

/** The latest time that a peer's sequence fell back. */
struct service_fall {
    uint8_t peer;
    uint32_t frame;                 /**< that showed it; 0: none did */
    nstime_t time;
};

/** Embedded in each tunnel. All zero before its first packet. */
struct service {
    struct service_side side[2];
    struct service_silence silence[2];  /**< of each peer */
    struct service_end_seen ended;
    struct pairs *pairs;            /**< ends of pairs of SAs that are waited for; NULL: there was none */
    struct service_fall fall;
    bool in_doubt;                  /**< ended or a silence is open, or a pair is waited for */
    uint32_t outages;               /**< that there were */
    struct outage *first;           /**< those that are kept, in their order */
    struct outage *latest;
    uint32_t set_ups[2];            /**< IKE SAs that each peer set up by an initial exchange */
    uint32_t rekeys;                /**< of IKE SAs */
};

/** Takes a packet that is no copy, before its flow has counted it.
 * @param min_outage  nanoseconds: what is shorter is none */
void service_take_packet(wmem_allocator_t *pool, struct sa *sa, const struct ipsec_packet *packet, uint64_t min_outage,
        struct changes *changes);

/** The SA's sequence began again, or fell back, with this packet. */
void service_sequence_fell(const struct sa *sa, const struct ipsec_packet *packet);

/** Takes the message of the context once its exchange and contents were taken.
 * @param news  whether it says something that was not read before */
void service_take_message(struct ike_context *context, const struct ike_frame *frame, bool news);

/** The SA's Delete was read, in the context's message. */
void service_sa_deleted(struct ike_context *context, struct sa *sa);

/** The IKE SA's Delete was read, in the context's message; its children's come after. */
void service_ike_deleted(struct ike_context *context, struct ike_sa *ike_sa);

/** Requests of one peer that were not answered until the end of the capture. */
struct unanswered_requests {
    const struct exchange *exchange; /**< the first of them, or NULL */
    uint32_t sent;                  /**< messages, with those sent again */
    uint32_t waited;                /**< of them, those that had time to be answered */
    bool fragmented;                /**< IKE fragments (RFC 7383) */
    bool repeated;                  /**< one of them was sent again */
};

/** Whether something is open that the end of the capture may settle as an outage. */
bool service_may_be_out(const struct service *service);

/** What the end of the capture settles. */
struct service_end {
    bool is_out;                    /**< outage holds one that no packet has closed yet */
    struct outage outage;           /**< restored_how RESTORED_NOT: it is not over */
    struct unanswered_requests unanswered[2]; /**< of each peer */
    uint32_t attempts;              /**< set-ups that were begun and not established since the last that was */
    const struct ike_sa *attempt;   /**< the latest of these, or NULL */
    bool silent[2];                 /**< this direction carries nothing although the other goes on, since silent_since */
    bool silent_since_new_sa[2];    /**< and that began with new SAs */
    nstime_t silent_since[2];
    bool is_cut[2];                 /**< and what is sent in it is lost between two capture points */
    bool ike_passes[2];             /**< and IKE is not */
    const struct exchange *gave_up[2]; /**< what its sender had asked in vain, again and again, or NULL */
};

/** A pure function of the tunnel's state and of the time of the capture's last frame. */
struct service_end service_at_end(const struct tunnel *tunnel, uint64_t min_outage, const nstime_t *last);

/** Whether the tunnel has ever carried traffic: in both directions, or in one for longer than somebody tried. */
bool service_was_up(const struct tunnel *tunnel);

#endif /* SPISCOPE_SERVICE_H */

/* change.h
 * What one frame changed in the state: the vocabulary of track -> judge. Each kind carries what its rules need and no
 * more; its subjects are for reading.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CHANGE_H
#define SPISCOPE_CHANGE_H

#include "child.h"
#include "copies.h"
#include "exchange.h"
#include "ike_sa.h"
#include "sa.h"

enum change_kind {
    CHANGE_SA_REPLACED,             /**< replaced: an SA took over from its predecessor */
    CHANGE_SA_SPLIT,                /**< sa: its successor turned out to be used beside it: none */
    CHANGE_SA_RESUMED,              /**< resumed: an SA speaks although its successor had taken over */
    CHANGE_SA_STALE,                /**< sa: speaks although it was deleted, or its IKE SA was */
    CHANGE_SA_STATE,                /**< sa: its place is known, or its end was read; for the tables */
    CHANGE_SEQUENCE,                /**< sequence: something happened to an SA's sequence */
    CHANGE_ADDRESS_MOVED,           /**< moved: an SA goes on under another address or port */
    CHANGE_BYTE_ORDER,              /**< sa: its sender counts in little-endian */
    CHANGE_ASTRAY,                  /**< sa: goes to where the other peer is not */
    CHANGE_ONE_WAY,                 /**< one_way: the flow of an SA is no longer answered */
    CHANGE_LIMIT_REACHED,           /**< full: something is no longer tracked */
    CHANGE_DISORDERED,              /**< disordered: the file is out of time order; once a capture */
    CHANGE_LOST_IN_FRAGMENTS,       /**< lost: an IKE message of which not all IP fragments came */
    CHANGE_RETRANSMISSION,          /**< again: a message came again */
    CHANGE_REQUESTED,               /**< exchange: began */
    CHANGE_ANSWERED,                /**< exchange: was accepted or refused */
    CHANGE_GIVEN_UP,                /**< exchange: was never answered */
    CHANGE_REFUSED_UNREAD,         /**< exchange: was refused, as its answer's size or kind proves */
    CHANGE_AUTH_LEFT,               /**< exchange: an IKE_AUTH or main mode that led nowhere */
    CHANGE_PROBES_LEFT,             /**< probes: liveness checks of IKEv1 stayed unanswered */
    CHANGE_NOTIFIED,                /**< notified: a notify came in an exchange, apart from its answer */
    CHANGE_CONTACT,                 /**< ike_sa: was established */
    CHANGE_CHILD_ASKED,             /**< exchange: a CREATE_CHILD_SA began, read or not */
    CHANGE_BEGAN,                   /**< ike_sa: its initiator began to set it up */
    CHANGE_DISPLACED,               /**< ike_sa: took the place of one that fell silent without an end */
    CHANGE_COLLISION,               /**< collision: two exchanges that cross rekey one SA */
    CHANGE_OUTAGE,                  /**< outage: one is over */
    CHANGE_SERVICE_ENDED,           /**< ended: a Delete was read, and no successor is in place */
    CHANGE_ICMP,                    /**< icmp: an error quotes a flow's packet */
    CHANGE_UNPROTECTED,             /**< unprotected: a message that had to be protected was not; it is not tracked */
    CHANGE_DUPLICATE,               /**< duplicate: a child stays beside another one, for the same selectors */
    CHANGE_PAIR_DEAD,               /**< pair: a pair of SAs ended, and is missed, while its tunnel goes on */
    CHANGE_JOINED,                  /**< joined: two tunnels turned out to be one */
    CHANGE_FOUND_ELSEWHERE,         /**< sa: a number of it that was missing was seen at another point */
    CHANGE_LOST_BETWEEN,            /**< lost_between: packets were lost from one point to the next */
    CHANGE_UNREAD                   /**< unread: a header is there and was not read, the first of the capture */
};

/** What has an end, as a capture may come from anyone. */
enum limit {
    LIMIT_SAS,                      /**< max_sas; of the next five, see most.h */
    LIMIT_TUNNELS,
    LIMIT_IKE_SAS,
    LIMIT_HALF_OPEN,                /**< IKE SAs without a responder's SPI */
    LIMIT_IKE_MESSAGES,
    LIMIT_ADDRESSES,                /**< that SAs and tunnels moved to */
    LIMIT_CHANGES,                  /**< of one frame: CHANGES_AT_MOST */
    LIMIT_DELETES,                  /**< SPIs in one message: DELETES_AT_MOST */
    LIMIT_OUTAGES,                  /**< of one tunnel: OUTAGES_AT_MOST */
    LIMIT_FINDINGS,                 /**< that are kept */
    LIMIT_COPIES,                   /**< packets whose copies are waited for: COPIES_AWAITED_AT_MOST */
    LIMITS
};

struct change_replaced {
    const struct sa *sa;            /**< the one that took over */
    uint32_t before_frame;          /**< the last one of its predecessor */
};

struct change_resumed {
    const struct sa *sa;
    uint32_t before_frame;          /**< its last one before */
    bool clean;                     /**< which came at the handover */
};

struct change_sequence {
    const struct sa *sa;
    unsigned effect;                /**< enum sequence_effect */
    uint32_t before_frame;          /**< the SA's last one before */
    uint32_t gap_frame;             /**< behind the first of the numbers that are lost */
    uint64_t behind;                /**< packets behind the highest */
    bool is_replay;                 /**< known to be a copy of an earlier packet, or out of time order */
    uint64_t lost;                  /**< numbers that now count as lost */
};

struct change_moved {
    const struct sa *sa;
    struct endpoint before;         /**< the address until now */
    uint32_t before_frame;          /**< the last one under it */
};

struct change_one_way {
    const struct sa *sa;            /**< that is not answered */
    uint32_t before_frame;          /**< the last one of the other direction */
    bool of_pair;                   /**< only the SA's pair is silent (half.h) */
};

struct change_full {
    enum limit limit;
    uint64_t most;                  /**< for so many there is room */
};

struct change_disordered {
    uint32_t before_frame;          /**< that is later, and stands before */
    nstime_t by;
};

struct change_lost {
    const struct flow *flow;
    uint32_t frame;                 /**< of the fragment that came first */
    uint32_t fragments;             /**< that came */
    uint32_t bytes;                 /**< in them */
};

struct change_again {
    const struct exchange *exchange;
    uint32_t before_frame;          /**< of the message, as it came first */
};

struct change_probes {
    const struct ike_sa *ike_sa;
    uint32_t count;
    uint32_t first_frame;
};

struct change_notified {
    const struct exchange *exchange;
    struct notify notify;
};

struct change_collision {
    const struct exchange *exchange; /**< the later one */
    const struct exchange *other;
};

struct change_duplicate {
    const struct child *child;      /**< the later one */
    const struct child *other;
};

struct change_icmp {
    const struct sa *sa;            /**< whose packet is quoted, or NULL */
    const struct flow *flow;
    struct endpoint source;         /**< of the quoted packet */
    struct endpoint destination;
    struct ip_address reporter;
    enum path_error kind;
    uint32_t mtu;                   /**< bytes; 0 where it is not said */
    uint8_t protocol;               /**< enum ipsec_protocol */
    bool is_ike;
};

struct change_unprotected {
    const struct flow *flow;        /**< whose sender it claims to come from */
    uint8_t version;
    uint8_t exchange_type;          /**< enum ike_exchange_type */
    bool is_garbled;                /**< it is encrypted, with other keys than its IKE SA's */
    struct notify notify;           /**< the first one in it; of type 0 where there is none */
};

struct change_outage {
    const struct outage *outage;
    const struct tunnel *tunnel;
};

struct change_joined {
    const struct tunnel *from;      /**< stands no longer for itself */
    const struct tunnel *into;
};

struct change_lost_between {
    struct copies_loss loss;
    const struct copies *copies;    /**< in which the counts go on */
};

struct change {
    enum change_kind kind;
    union {
        const struct sa *sa;
        const struct ike_sa *ike_sa;
        const struct exchange *exchange;
        struct change_replaced replaced;
        struct change_resumed resumed;
        struct change_sequence sequence;
        struct change_moved moved;
        struct change_one_way one_way;
        struct change_full full;
        struct change_disordered disordered;
        struct change_lost lost;
        struct change_again again;
        struct change_probes probes;
        struct change_notified notified;
        struct change_collision collision;
        struct change_duplicate duplicate;
        struct pair_end pair;
        struct change_outage outage;
        struct change_icmp icmp;
        struct change_unprotected unprotected;
        struct change_joined joined;
        const struct service_end_seen *ended;
        const struct unread *unread;
        struct change_lost_between lost_between;
    };
};

/** Changes of one frame that are told; besides these, once a capture, each limit that was reached. */
#define CHANGES_AT_MOST 4096

/** What one frame changed; emptied when the next one begins. */
struct changes {
    wmem_allocator_t *pool;
    struct change *item;            /**< count of them */
    unsigned count;
    unsigned size;                  /**< for which there is room in item */
    bool said[LIMITS];              /**< in this capture */
    nstime_t latest;                /**< time of the packets until now, and the last frame that had it */
    uint32_t latest_frame;
    struct change untold;           /**< takes what is too much */
};

/** Adds a change of the kinds whose subject is an SA alone. */
void change_sa(struct changes *changes, enum change_kind kind, struct sa *sa);

/** Adds a change of the kinds whose subject is an exchange alone. */
void change_exchange(struct changes *changes, enum change_kind kind, const struct exchange *exchange);

/** Adds a change of the kinds whose subject is an IKE SA alone. */
void change_ike_sa(struct changes *changes, enum change_kind kind, const struct ike_sa *ike_sa);

/** Adds that a Delete ended service; what it points to is the tunnel's, until the next end. */
void change_service_ended(struct changes *changes, const struct service_end_seen *ended);

/* Adds a change of the kind that the name says; see struct change_NAME. */
void change_replaced(struct changes *changes, struct sa *sa, uint32_t before_frame);
void change_resumed(struct changes *changes, struct sa *sa, uint32_t before_frame, bool clean);
void change_moved(struct changes *changes, struct sa *sa, uint32_t before_frame, const struct endpoint *before);
void change_one_way(struct changes *changes, struct sa *sa, uint32_t before_frame, bool of_pair);
void change_disordered(struct changes *changes, uint32_t before_frame, const nstime_t *by);
void change_joined(struct changes *changes, const struct tunnel *from, const struct tunnel *into);

void change_lost(struct changes *changes, const struct flow *flow, const struct lost_packet *lost);
void change_again(struct changes *changes, const struct exchange *exchange, uint32_t before_frame);
void change_probes(struct changes *changes, const struct ike_sa *ike_sa, uint32_t count, uint32_t first_frame);
void change_notified(struct changes *changes, const struct exchange *exchange, const struct notify *notify);
void change_collision(struct changes *changes, const struct exchange *exchange, const struct exchange *other);
void change_outage(struct changes *changes, const struct outage *outage, const struct tunnel *tunnel);
void change_icmp(struct changes *changes, struct sa *sa, const struct flow *flow, enum path_error kind, const struct icmp_error *error);
void change_pair(struct changes *changes, const struct pair_end *end);
void change_duplicate(struct changes *changes, const struct child *child, const struct child *other);
void change_unprotected(struct changes *changes, const struct flow *flow, const struct ike_message *message);

/** Adds that packets of a flow were lost between two points; the counts go on. */
void change_lost_between(struct changes *changes, const struct copies_loss *loss, const struct copies *copies);

/** Adds that something was not read; the counts go on. */
void change_unread(struct changes *changes, const struct unread *unread);

/** Adds a change of an SA's sequence, to be filled in further. Never NULL; valid until the next one is added. */
struct change_sequence *change_sequence(struct changes *changes, struct sa *sa, unsigned effect);

/** Adds numbers that count as lost to a change of this frame, or to the SA's earlier one that has some: they are one loss.
 * @param gap_frame  behind the first of them */
void change_add_loss(struct changes *changes, struct change_sequence *change, uint64_t lost, uint32_t gap_frame);

/** Adds that a limit was reached; once a capture.
 * @param most  how many there is room for */
void change_add_limit(struct changes *changes, enum limit limit, uint64_t most);

/** The SA that a change is about, or NULL. */
const struct sa *change_subject(const struct change *change);

/** Whether the table can take one more, as sa_has_room says; where it is full, adds that.
 * @param most  SAs at most */
bool change_room_for_sa(struct changes *changes, struct sa_table *table, uint32_t most);

/** Whether there may be one more tunnel; where not, adds that.
 * @param most  tunnels at most */
bool change_room_for_tunnel(struct changes *changes, const struct tunnel_table *table, uint32_t most);

#endif /* SPISCOPE_CHANGE_H */

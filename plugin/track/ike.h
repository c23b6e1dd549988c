/* ike.h
 * IKE SAs, their exchanges, and the child SAs that these negotiate (RFC 7296; RFC 2408, RFC 2409).
 * The header is always in clear and carries most of it: who asked, what was answered, what was sent
 * again, what was never answered. Where the payloads are readable they add SPIs, traffic selectors,
 * lifetimes, Deletes and refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_H
#define SPISCOPE_IKE_H

#include "sa.h"
#include "tunnel.h"

struct changes;
struct child;

/** How an exchange ended. */
enum exchange_outcome {
    EXCHANGE_OPEN,
    EXCHANGE_ANSWERED,              /**< accepted, as far as its payloads are readable */
    EXCHANGE_REFUSED,               /**< the answer is an error notify */
    EXCHANGE_GIVEN_UP               /**< never answered */
};

/* Messages of one exchange that are kept apart, to tell retransmissions. Fragments count. */
#define EXCHANGE_MESSAGES_INLINE 6
#define EXCHANGE_MESSAGES_AT_MOST 64

struct exchange_message {
    uint32_t frame;
    uint32_t fingerprint;
    nstime_t time;
    bool from_requester;
    bool readable;
    bool encrypted;
    uint8_t first_payload;          /**< enum ike_payload_type */
    uint32_t answered_frame;        /**< of the message that answers it; 0 while there is none */
    uint32_t answers_frame;         /**< of the message that it answers; 0 if it asks */
    nstime_t answers_time;
};

/** What one side said in an exchange, where it was readable. */
struct said {
    struct lifetimes lifetimes;
    struct selectors tsi;
    struct selectors tsr;
    uint8_t proposals;
    bool proposals_incomplete;      /**< there were more */
    bool has_ke;
    uint16_t ke_group;
    struct proposal proposal[PROPOSALS_AT_MOST];
};

struct exchange {
    struct ike_sa *ike_sa;
    uint8_t type;                   /**< enum ike_exchange_type */
    uint8_t outcome;                /**< enum exchange_outcome */
    uint8_t error_protocol;
    bool awaiting;                  /**< the last message wants an answer */
    bool awaited_by_requester;      /**< who sent that last message */
    bool liveness;                  /**< an INFORMATIONAL that is proven to be empty */
    bool says_something;            /**< an INFORMATIONAL that was read, and is not empty */
    bool response_fragmented;       /**< RFC 7383: its length says nothing */
    bool refused_by_size;           /**< unreadable, and too small to accept anything */
    bool tried_again;               /**< and then asked again at once, and accepted: another group was wanted */
    uint16_t error;                 /**< the notify that refused it, or 0 */
    uint32_t message_id;
    uint32_t error_value;
    uint32_t error_frame;
    uint32_t informational_frame;   /**< IKEv1: an unreadable Informational that came instead of an answer */
    struct flow *flow;              /**< the direction of its request */
    uint32_t request_frame;         /**< 0 where only the response was seen */
    uint32_t response_frame;        /**< 0 while unanswered */
    uint32_t request_length;        /**< bytes of the first request and response seen */
    uint32_t response_length;
    nstime_t request_time;
    nstime_t response_time;
    nstime_t last_time;             /**< of its last message, retransmissions included */
    uint32_t last_frame;
    uint32_t awaited_frame;         /**< of the last new message */
    uint32_t retransmissions;       /**< since the last new message */
    const struct said *request;     /**< NULL where it was not readable, or has no SA payload */
    const struct said *response;
    struct child *rekeyed_child;    /**< what REKEY_SA names */
    struct child *child;            /**< what it negotiated */
    unsigned steps;                 /**< new messages; fragments of one count as one in IKEv1 */
    unsigned messages;              /**< that are kept apart */
    struct exchange_message message[EXCHANGE_MESSAGES_INLINE];
    struct exchange_message *more;  /**< of those beyond, EXCHANGE_MESSAGES_AT_MOST in all; or NULL */
    struct exchange *older;         /**< the one before in its IKE SA */
};

enum ike_end {
    IKE_ALIVE,
    IKE_DELETED,                    /**< a Delete was read */
    IKE_REPLACED,                   /**< rekeyed, and its Delete not read yet */
    IKE_FAILED                      /**< a request was given up, and a new negotiation began */
};

struct ike_sa {
    uint64_t initiator_spi;
    uint64_t responder_spi;         /**< 0 until the responder has answered */
    uint32_t id;
    uint8_t version;                /**< 1 or 2 */
    uint8_t end;                    /**< enum ike_end */
    bool born_in_capture;           /**< its initial exchange, or the rekey that made it, was seen */
    bool established;
    bool initial_contact;           /**< a peer announced that it knows of no other IKE SA */
    bool restart_said;              /**< what its end shows was told */
    bool set_up;                    /**< its initial exchange was seen: it is no rekey */
    int8_t ended_by;                /**< 1 + the peer who deleted it, or 0 */
    struct flow *flow;              /**< the direction in which its initiator sends */
    nstime_t first_time;
    nstime_t established_time;
    nstime_t last_time;
    nstime_t end_time;
    uint32_t first_frame;
    uint32_t established_frame;
    uint32_t last_frame;
    uint32_t end_frame;
    uint32_t ended_in;              /**< frame of its Delete, or of what is inferred to be it, or 0 */
    struct ike_sa *predecessor;
    struct ike_sa *successor;
    struct ike_sa *rival;           /**< the other one that a collision of rekeys made, or NULL */
    struct ike_sa *displaced;       /**< one that lived when it was set up, and is void since; or NULL */
    struct exchange *latest;        /**< the others follow by older */
    struct exchange *child_offer;   /**< the IKE_AUTH request that offered a child, until it is answered */
    struct child_list *children;    /**< NULL while it has none */
    uint32_t heard_frame[2];        /**< the last message of its initiator, of its responder */
    uint32_t messages[2];           /**< from its initiator, its responder, without retransmissions */
    uint32_t probes[2];             /**< IKEv1 liveness checks by each that nothing has answered */
    uint32_t probe_frame[2];        /**< the first of them */
    const struct said *init;        /**< the answer of IKE_SA_INIT: the algorithms; NULL where not captured */
    struct exchange *small_auth; /**< an unreadable IKE_AUTH whose answer is too small for a child SA */
    struct ike_sa *tunnel_older;    /**< the one before in its tunnel */
    struct ike_sa *next;            /**< in order of appearance */
};

/** The child SAs of an IKE SA. They pass as one to the IKE SA that takes its place (RFC 7296 section 2.8). */
struct child_list {
    struct ike_sa *ike_sa;          /**< to which they belong now */
    struct child *first;            /**< the others follow by next; none once the IKE SA was deleted */
};

/** A pair of SAs that one exchange negotiated: a child SA, or phase 2. */
struct child {
    uint32_t id;
    struct child_list *list;        /**< that of its IKE SA */
    struct exchange *origin;
    struct sa *sa[2];               /**< [0] goes from who asked for it to who answered; may be NULL */
    struct selectors tsi;           /**< as agreed */
    struct selectors tsr;
    struct lifetime lifetime;       /**< negotiated; zero in IKEv2 */
    struct child *predecessor;
    struct child *successor;
    uint32_t deleted_frame;         /**< 0 while alive */
    nstime_t deleted_time;
    bool duplicate_said;
    struct child *next;             /**< in its list */
    struct child *tunnel_older;     /**< the one before in its tunnel */
};

/** What an IKE message is to its exchange; kept for each frame. */
struct ike_place {
    uint32_t frame;
    uint32_t retransmission_of;     /**< frame, or 0 */
    bool is_response;
    uint16_t spis;
    struct exchange *exchange;
    struct exchange_message *message; /**< in its exchange; NULL where too many were to be kept */
    const uint32_t *spi;            /**< the SPIs of ESP and AH that it names */
};

/** Whether the child lives: no Delete for it was read, and its IKE SA did not fail. */
bool child_is_alive(const struct child *child);

struct ike_table;

/** IKE messages that are kept: so many for each SA that the table may hold. */
#define IKE_MESSAGES_PER_SA 8

/** @param changes  gets what a message changed
 *  @param max_sas  IKE SAs at most */
struct ike_table *ike_table_create(wmem_allocator_t *pool, struct tunnel_table *tunnels,
        struct sa_table *sas, struct changes *changes, uint32_t handover_grace, uint32_t max_sas);

/** Takes a message: finds or opens its tunnel, IKE SA and exchange. Owned by the table.
 * @return its place, or NULL where it belongs nowhere; valid until the next call */
const struct ike_place *ike_take(struct ike_table *table, const struct ike_message *message);

/** The place of an IKE message that was taken before, by its frame, or NULL. */
const struct ike_place *ike_place_at(const struct ike_table *table, uint32_t frame);

/** The first IKE SA in order of appearance; the others follow by next. */
struct ike_sa *ike_first(const struct ike_table *table);

uint32_t ike_count(const struct ike_table *table);

/** Messages that were taken. */
uint32_t ike_messages(const struct ike_table *table);

/** The exchange, answered no longer ago than so many seconds, that made a new SPI of the flow, or
 * NULL where there is none or several IKE SAs come into question. Claims it. For SPIs that no
 * readable negotiation named.
 * @param sure  whether it is the only exchange that comes into question; else it is the latest */
struct exchange *ike_claim_origin(struct flow *flow, const nstime_t *now, uint32_t seconds, bool *sure);

/** Whether an exchange that was answered after one moment, and no longer than so many seconds before now, may have
 * made a new SPI of the flow that was not seen yet. */
bool ike_may_have_made_new(const struct flow *flow, const nstime_t *since, const nstime_t *now, uint32_t seconds);

/** Whether a child SA that one exchange made can have been replaced by one that another made.
 * A CREATE_CHILD_SA renews children of its own IKE SA (RFC 7296 section 1.3.3); a new initial
 * exchange replaces them all, if the old IKE SA has not outlived it by so many seconds. */
bool ike_may_replace(const struct exchange *old_origin, const struct exchange *new_origin,
        uint32_t seconds);

/** Whether the exchange sets up an IKE SA: IKE_SA_INIT, main mode, aggressive mode. */
bool exchange_is_initial(uint8_t type);

/** Whether the exchange is phase 1 of IKEv1: main or aggressive mode. */
bool exchange_is_phase1(const struct exchange *exchange);

/** The side of an exchange's flow: 0 if the IKE SA's initiator began it, else 1. */
unsigned exchange_side(const struct exchange *exchange);

#endif /* SPISCOPE_IKE_H */

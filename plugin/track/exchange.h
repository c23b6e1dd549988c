/* exchange.h
 * Exchanges of IKE: who asked, what was answered, what was sent again, what was never answered (RFC 7296
 * section 2.1; RFC 2408, RFC 2409).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_EXCHANGE_H
#define SPISCOPE_EXCHANGE_H

#include "../event.h"
#include "ike_context.h"
#include "ike_frame.h"

struct child;
struct ike_sa;

/** How an exchange ended. */
enum exchange_outcome {
    EXCHANGE_OPEN,
    EXCHANGE_ANSWERED,              /**< accepted, as far as its payloads are readable */
    EXCHANGE_REFUSED,               /**< the answer is an error notify */
    EXCHANGE_GIVEN_UP               /**< never answered */
};

/* Messages of one exchange that are kept apart, to tell retransmissions. Fragments count. */
#define EXCHANGE_MESSAGES_AT_MOST 64

struct exchange_message {
    int64_t time;                   /**< see clock_pack */
    uint32_t frame;
    uint32_t fingerprint;
    uint32_t length;                /**< bytes */
    uint32_t answered_frame;        /**< of the message that answers it; 0 while there is none */
    uint32_t answers_frame;         /**< of the message that it answers, which may be another exchange's; 0 if it asks */
    uint8_t first_payload;          /**< enum ike_payload_type */
    bool from_requester : 1;
    bool readable : 1;
    bool encrypted : 1;
};

/** An Informational of IKEv1 that comes this soon after one of the other peer answers it. */
#define ANSWER_WITHIN_MS 1000

/** Who gets no answer waits before asking again, by default no less than 500 ms the first time: libreswan (RETRANSMIT_INTERVAL_DEFAULT_MS in
 * include/pluto_constants.h) and Solaris (retry_timer_init) wait as long, Android at least so long, OpenBSD's iked 2 s (IKED_RETRANSMIT_TIMEOUT), strongSwan
 * 4 s (RETRANSMIT_TIMEOUT in sa/task_manager.h). Half of that, as the way may press packets together; what comes sooner was sent by somebody else. */
#define ASKS_AGAIN_AFTER_MS 250

/** What one side said in an exchange, where it was readable. What it points to is there as far as it counts: memory ends behind the last
 * lifetime, selector, transform. So these are read where they are, and never copied whole. */
struct offer {
    const struct lifetimes *lifetimes;  /**< never NULL, as the next two */
    const struct selectors *tsi;
    const struct selectors *tsr;
    uint16_t ke_group;
    uint8_t proposals;
    bool proposals_incomplete : 1;  /**< there were more */
    bool has_ke : 1;
    const struct proposal *proposal[];
};

struct exchange {
    struct ike_sa *ike_sa;
    uint8_t type;                   /**< enum ike_exchange_type */
    uint8_t outcome;                /**< enum exchange_outcome */
    bool awaiting : 1;              /**< the last message wants an answer */
    bool awaited_by_requester : 1;  /**< who sent that last message */
    bool liveness : 1;              /**< an INFORMATIONAL that is proven to be empty */
    bool says_something : 1;        /**< an INFORMATIONAL that was read, and is not empty */
    bool response_fragmented : 1;   /**< RFC 7383: its length says nothing */
    bool refused_unread : 1;        /**< unreadable, and too small to accept anything */
    bool tried_again : 1;           /**< refused, and made good: by the next try, or by the other peer's that crossed it */
    bool made_spi : 1;              /**< an SPI came that no other exchange may have made: it negotiated a child SA */
    bool cookie_wanted : 1;         /**< IKE_SA_INIT was answered with a COOKIE to send back (RFC 7296 section 2.6) */
    bool is_clear : 1;              /**< no message of it was encrypted */
    bool refused_in_clear : 1;      /**< nor the one that refused it */
    bool is_delete : 1;             /**< an INFORMATIONAL of IKEv2 that begins with a Delete, as stands in clear: who forged it forged that */
    bool is_no_delete : 1;          /**< one that begins with something else; a gateway sends its Deletes alone */
    bool deletes_child : 1;         /**< and its answer begins with one, that of the paired SA (RFC 7296 section 1.4.1) */
    bool eap_failed : 1;            /**< EAP's Failure refused it, which counts as AUTHENTICATION_FAILED */
    uint16_t error;                 /**< the notify that refused it, or 0 */
    uint8_t messages;               /**< that are kept apart */
    uint8_t steps;                  /**< new messages, as far as a byte counts; fragments of one count as one in IKEv1 */
    uint32_t message_id;
    uint32_t informational_frame;   /**< IKEv1: an unreadable Informational that came instead of an answer */
    struct flow *flow;              /**< the direction of its request */
    uint32_t request_frame;         /**< 0 where only the response was seen */
    uint32_t response_frame;        /**< 0 while unanswered */
    nstime_t request_time;
    nstime_t response_time;
    int64_t last_time;              /**< of its last message, retransmissions included; see clock_pack */
    uint32_t last_frame;
    uint32_t retransmissions;       /**< since the last new message */
    uint32_t asked_again;           /**< of these, the requester's */
    uint32_t request_length;        /**< bytes of the first request and response seen */
    uint32_t response_length;
    const struct offer *request;     /**< NULL where it was not readable, or has no SA payload */
    const struct offer *response;
    struct child *rekeyed_child;    /**< what REKEY_SA names */
    struct child *child;            /**< what it negotiated */
    struct exchange_message first;  /**< of those messages; see exchange_message_at */
    struct exchange_message *more;  /**< the others, or NULL */
    struct exchange *older;         /**< the one before in its IKE SA */
};

/** Messages of IKEv1's exchanges, where all went well (RFC 2409 section 5). */
enum ike1_messages {
    MAIN_MODE_MESSAGES = 6,
    AGGRESSIVE_MODE_MESSAGES = 3,
    QUICK_MODE_MESSAGES = 3
};

/** Sent again so often a request was not just lost: gateways give up after three (FortiGate), five (strongSwan, Cisco) or more. */
#define ASKED_AGAIN_AT_LEAST 3

/** Whether so much time went by since the exchange's last message that its sender may ask again. */
bool exchange_waited(const struct exchange *exchange, const nstime_t *now);

/** The exchange that the message belongs to, made if it is new. Owned by the pool.
 * @param frame  gets whether it is a response, and of which frame it is a retransmission
 * @param news   gets whether the message says something that was not read before: false for
 *               retransmissions and for copies that the capture made */
struct exchange *exchange_take(const struct ike_context *context, struct ike_sa *ike_sa,
        struct ike_frame *frame, bool *news);

/** Whether the exchange of the message that is being taken has another message of the same sender, of the same moment, that is encrypted:
 * its other form, where a capture holds both. */
bool exchange_has_sealed(const struct ike_context *context, const struct ike_sa *ike_sa);

/** Whether the message that is being taken belongs to an exchange of the IKE SA that is known. */
bool exchange_is_known(const struct ike_context *context, const struct ike_sa *ike_sa);

/** Gives up every exchange that the flow's sender began in its tunnel and that still awaits an answer. */
void exchange_give_up(const struct ike_context *context, const struct ike_sa *except);

/** IKEv1: gives up the Quick Mode that was repeated and never answered, as its requester begins this one for the same. */
void exchange_give_up_quick_mode(const struct ike_context *context, const struct exchange *again);

/** The exchange's i-th message of those that are kept apart, which are exchange->messages. */
struct exchange_message *exchange_message_at(struct exchange *exchange, unsigned i);

/** Of the exchange's messages that are kept apart, the last: the latest new one, where there were no more than are kept. */
const struct exchange_message *exchange_last(const struct exchange *exchange);

/** What is kept of the message itself in its exchange; NULL where too many were to be kept. */
struct exchange_message *exchange_message_of(const struct ike_frame *frame);

/** Whether a message of it could not be read. */
bool exchange_has_unread(const struct exchange *exchange);

/** Whether two offers are for the same selectors; false where one is NULL.
 * @param crossed  one is of the one peer, one of the other */
bool exchange_same_selectors(const struct offer *a, const struct offer *b, bool crossed);

/** Whether the exchange sets up an IKE SA: IKE_SA_INIT, main mode, aggressive mode. */
bool exchange_is_initial(uint8_t type);

/** Whether the exchange is phase 1 of IKEv1: main or aggressive mode. */
bool exchange_is_phase1(const struct exchange *exchange);

/** The phase 1 lifetime that both peers of IKEv1 agreed on, in seconds; 0 where it was not read. */
uint64_t exchange_phase1_seconds(const struct ike_sa *ike_sa);

/** How many IKE_AUTH exchanges the IKE SA has: with EAP, several (RFC 7296 section 2.16). */
unsigned exchange_auth_rounds(const struct ike_sa *ike_sa);

/** The side of an exchange's flow: 0 if the IKE SA's initiator began it, else 1. */
unsigned exchange_side(const struct exchange *exchange);

#endif /* SPISCOPE_EXCHANGE_H */

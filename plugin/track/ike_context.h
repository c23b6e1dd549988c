/* ike_context.h
 * What the files that track IKE share: the tables, and the message that is being taken.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_CONTEXT_H
#define SPISCOPE_IKE_CONTEXT_H

#include "change.h"

/** Messages of IKEv1's exchanges, where all went well (RFC 2409 section 5). */
enum ike1_messages {
    MAIN_MODE_MESSAGES = 6,
    AGGRESSIVE_MODE_MESSAGES = 3,
    QUICK_MODE_MESSAGES = 3
};

struct ike_context {
    wmem_allocator_t *pool;
    struct tunnel_table *tunnels;
    struct sa_table *sas;
    struct changes *changes;
    uint32_t grace;                 /**< seconds */
    uint32_t max_sas;
    uint64_t min_outage;            /**< nanoseconds */
    uint32_t children;              /**< made so far */
    const struct ike_message *message;
    struct flow *flow;              /**< in which the message travels */
};

struct ike_table {
    struct ike_context context;
    wmem_map_t *by_spis;
    wmem_array_t *places;           /**< of struct ike_place, ascending by frame */
    struct ike_sa *first;
    struct ike_sa *last;
    uint32_t count;
};

/** Whether no further IKE SA is tracked, which is said once. */
bool ike_table_is_full(struct ike_table *table);

/* ---- ike_sa.c */

/** A map from both SPIs to an IKE SA. */
wmem_map_t *ike_sa_map_create(wmem_allocator_t *pool);

/** The IKE SA with these SPIs, or NULL. */
struct ike_sa *ike_sa_by_spis(const struct ike_table *table, uint64_t initiator, uint64_t responder);

/** The IKE SA of a message, or NULL. Learns the responder's SPI from its first answer. */
struct ike_sa *ike_sa_find(struct ike_table *table, const struct ike_message *message);

/** Opens the IKE SA of the message that is being taken. */
struct ike_sa *ike_sa_open(struct ike_table *table, struct flow *flow);

/** The IKE SA is up: it takes the place of one that has ended. Does nothing the second time. */
void ike_sa_establish(struct ike_context *context, struct ike_sa *ike_sa);

/** Notes how, when and in which frame the IKE SA ended; never before it began, whatever the clock did. */
void ike_sa_note_end(struct ike_sa *ike_sa, enum ike_end end, const nstime_t *time, uint32_t frame);

/** The IKE SA is over; in IKEv2 its children with it (RFC 7296 section 1.4.1). */
void ike_sa_end(struct ike_context *context, struct ike_sa *ike_sa, enum ike_end end);

/** An exchange made a new IKE SA with these SPIs out of its own, which has its children from now on. */
void ike_sa_rekey(struct ike_table *table, struct exchange *exchange, uint64_t initiator, uint64_t responder);

/* ---- contents.c */

/** Keeps what the message offers or chooses; NULL if it has no SA payload. */
const struct said *contents_keep(struct ike_context *context);

/** The exchange's request was read. */
void contents_requested(struct ike_context *context, struct exchange *exchange);

/** The exchange was answered; error NULL accepts it. Counts once. */
void contents_answer(struct ike_context *context, struct exchange *exchange, const struct notify *error);

/** The first notify that refuses, or NULL. */
const struct notify *contents_find_error(const struct ike_message *message);

void contents_take_notifies(struct ike_context *context, struct exchange *exchange);
void contents_take_deletes(struct ike_table *table, struct ike_sa *ike_sa);

/* ---- ikev1.c and ikev2.c: readable messages */

void ikev1_take(struct ike_table *table, struct exchange *exchange, const struct ike_place *place);
void ikev2_take_request(struct ike_context *context, struct exchange *exchange);
void ikev2_take_response(struct ike_table *table, struct exchange *exchange);

/* ---- exchange.c */

/** The exchange that the message belongs to, made if it is new. Owned by the pool.
 * @param place  gets whether it is a response, and of which frame it is a retransmission
 * @param news   gets whether the message says something that was not read before: false for
 *               retransmissions and for copies that the capture made */
struct exchange *exchange_take(struct ike_context *context, struct ike_sa *ike_sa,
        struct ike_place *place, bool *news);

/** Gives up every exchange that the flow's sender began in its tunnel and that still awaits an answer. */
void exchange_give_up(struct ike_context *context, const struct ike_sa *except);

/* ---- keyless.c */

/** Takes a message whose payloads can't be read, for what its header and size prove. */
void keyless_take(struct ike_context *context, struct exchange *exchange, bool response);

/** A new initial exchange began: what that proves of earlier ones in its tunnel. */
void keyless_begin_anew(struct ike_context *context, const struct ike_sa *began);

/** A new IKE SA was seen without its beginning: whether it is another one's rekey. */
void keyless_find_predecessor(const struct ike_context *context, struct ike_sa *ike_sa);

/** Whether the IKE SA that was alive when the tunnel's newest one was set up has fallen silent for it,
 * with its traffic; said once. Cheap where there is none. */
void keyless_check_restart(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes);

/* ---- child.c */

/** Makes the child SA that request and response agree on; NULL if they name no SPIs. */
struct child *child_make(struct ike_context *context, struct exchange *exchange,
        const struct said *request, const struct said *response);

/** The child with this inbound SPI of the sender or, if of_sender is not set, of the receiver. */
struct child *child_find(const struct ike_context *context, uint8_t protocol, uint32_t spi, bool of_sender);

/** The sender deleted its inbound SPI. */
void child_delete(struct ike_context *context, uint8_t protocol, uint32_t spi);

/** A child SA is over together with its IKE SA. */
void child_end(struct ike_context *context, struct child *child);

/** Whether the tunnel's rival has lived beside another child for so long that they are duplicates;
 * said once. Cheap where there is no rival. */
void child_check_rival(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes);

/** Whether both were negotiated for the same selectors and the same protocol, whoever asked. */
bool child_same_selectors(const struct child *a, const struct child *b);

#endif /* SPISCOPE_IKE_CONTEXT_H */

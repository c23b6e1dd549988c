/* ike.h
 * IKE SAs and their exchanges, from the header that is always in clear (RFC 7296 section 3.1, RFC
 * 2408 section 3.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_H
#define SPISCOPE_IKE_H

#include "tunnel.h"

struct ike_sa {
    uint64_t initiator_spi;
    uint64_t responder_spi;         /**< 0 until the responder has answered */
    uint32_t id;
    uint8_t version;                /**< 1 or 2 */
    struct flow *flow;              /**< the direction in which its initiator sends */
    nstime_t first_time;
    nstime_t last_time;
    uint32_t first_frame;
    uint32_t last_frame;
    bool born_in_capture;           /**< its initial exchange was seen */
    struct exchange *latest[2];     /**< the last exchange begun by its initiator, its responder */
    struct ike_sa *next;            /**< in order of appearance */
};

struct exchange {
    struct ike_sa *ike_sa;
    uint8_t type;                   /**< enum ike_exchange_type */
    uint32_t message_id;
    struct flow *flow;              /**< the direction of its request */
    uint32_t request_frame;         /**< 0 where only the response was seen */
    uint32_t response_frame;        /**< 0 while unanswered */
    nstime_t request_time;
    nstime_t response_time;
};

struct ike_table;

struct ike_table *ike_table_create(wmem_allocator_t *pool);

/** Takes a message: finds or opens its tunnel, IKE SA and exchange. Owned by the table.
 * @return the exchange it belongs to, or NULL where it belongs to none */
struct exchange *ike_take(struct ike_table *table, struct tunnel_table *tunnels,
        const struct ike_message *message);

/** The exchange of an IKE message that was taken before, by its frame, or NULL. */
struct exchange *ike_exchange_at(const struct ike_table *table, uint32_t frame);

/** The first IKE SA in order of appearance; the others follow by next. */
struct ike_sa *ike_first(const struct ike_table *table);

/** The exchange, answered no longer ago than so many seconds, that made a new SPI of the flow, or
 * NULL where there is none or several IKE SAs come into question. Claims it. */
const struct exchange *ike_claim_origin(struct flow *flow, const nstime_t *now, uint32_t seconds);

/** Whether a child SA that one exchange made can have been replaced by one that another made.
 * A CREATE_CHILD_SA renews children of its own IKE SA (RFC 7296 section 1.3.3); a new initial
 * exchange replaces them all, if the old IKE SA has not outlived it by so many seconds. */
bool ike_may_replace(const struct exchange *old_origin, const struct exchange *new_origin,
        uint32_t seconds);

#endif /* SPISCOPE_IKE_H */

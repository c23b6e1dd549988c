/* ike_context.h
 * What the files that track IKE share: the tables, and the message that is being taken.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_CONTEXT_H
#define SPISCOPE_IKE_CONTEXT_H

#include <wsutil/wmem/wmem.h>

#include "../event.h"

struct changes;
struct exchange;
struct flow;
struct ike_sa_table;
struct pack;
struct sa_table;
struct tunnel_table;

struct ike_context {
    wmem_allocator_t *pool;
    struct pack *pack;              /**< of the pool */
    struct tunnel_table *tunnels;
    struct sa_table *sas;
    struct ike_sa_table *ike_sas;
    struct changes *changes;
    uint32_t grace;                 /**< seconds */
    uint32_t max_sas;               /**< of each: tunnels, SAs, IKE SAs */
    uint64_t min_outage;            /**< nanoseconds */
    uint32_t children;              /**< made so far */
    const struct ike_message *message;
    bool is_copy;                   /**< the same message was captured moments ago */
    struct flow *flow;              /**< in which the message travels */
    const struct exchange *exchange; /**< of the message, where it is no copy of another point's */
};

#endif /* SPISCOPE_IKE_CONTEXT_H */

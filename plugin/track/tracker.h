/* tracker.h
 * Everything that is known of one capture, and what the last packet changed in it.
 *
 * Packets come in capture order, once each. What a packet changed is handed to judge/; most packets
 * of healthy SAs change nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TRACKER_H
#define SPISCOPE_TRACKER_H

#include "ike.h"
#include "sa.h"

struct tracker_limits {
    struct sequence_limits sequence;
    uint32_t handover_grace;        /**< seconds */
    uint32_t one_way_after;         /**< seconds */
    uint32_t max_sas;
};

enum change_kind {
    CHANGE_SA_REPLACED,             /**< sa took over from its predecessor */
    CHANGE_SA_ALONE,                /**< sa begins a lineage of its own */
    CHANGE_SA_RESUMED,              /**< sa speaks although its successor had taken over */
    CHANGE_SEQUENCE,                /**< effect tells what happened to sa's sequence */
    CHANGE_ADDRESS_MOVED,           /**< sa goes on under another address or port */
    CHANGE_ONE_WAY,                 /**< the flow of sa is no longer answered */
    CHANGE_TABLE_FULL               /**< no further SA is tracked */
};

struct change {
    enum change_kind kind;
    struct sa *sa;
    unsigned effect;                /**< of CHANGE_SEQUENCE: enum sequence_effect */
    uint64_t behind;                /**< of CHANGE_SEQUENCE: packets behind the highest */
    struct endpoint before;         /**< of CHANGE_ADDRESS_MOVED: the source until now */
    uint32_t before_frame;          /**< the last frame before the change */
};

#define CHANGES_AT_MOST 16

/** What one frame changed; emptied by tracker_begin_frame. */
struct changes {
    unsigned count;
    struct change item[CHANGES_AT_MOST + 1]; /**< the last one takes what is too much, and is not told */
};

struct tracker;

/** Owned by pool, as is everything that is reached from it. The limits are copied. */
struct tracker *tracker_create(wmem_allocator_t *pool, const struct tracker_limits *limits);

/** Forgets what the frame before changed. */
void tracker_begin_frame(struct tracker *tracker);

/** Takes an ESP or AH packet.
 * @return its SA, or NULL where the table is full */
struct sa *tracker_take_ipsec(struct tracker *tracker, const struct ipsec_packet *packet);

/** Takes an IKE message.
 * @return the exchange it belongs to, or NULL where it belongs to none */
struct exchange *tracker_take_ike(struct tracker *tracker, const struct ike_message *message);

const struct changes *tracker_changes(const struct tracker *tracker);

/** The SA of a packet that was taken before, or NULL. */
struct sa *tracker_find_at(const struct tracker *tracker, const struct ipsec_packet *packet);

const struct sa_table *tracker_sas(const struct tracker *tracker);
const struct tunnel_table *tracker_tunnels(const struct tracker *tracker);
const struct ike_table *tracker_ike(const struct tracker *tracker);

#endif /* SPISCOPE_TRACKER_H */

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

#include "change.h"
#include "copies.h"
#include "ike.h"

struct tracker_limits {
    struct sequence_limits sequence;
    uint32_t handover_grace;        /**< seconds */
    uint32_t one_way_after;         /**< seconds */
    uint32_t min_outage;            /**< seconds */
    uint32_t max_sas;
    bool one_point;                 /**< the capture is of one point, whatever it looks like */
};

struct tracker;

/** Owned by pool, as is everything that is reached from it. The limits are copied. */
struct tracker *tracker_create(wmem_allocator_t *pool, const struct tracker_limits *limits);

/** Forgets what the frame before changed. */
void tracker_begin_frame(struct tracker *tracker);

/** The file has several interfaces: from now on these are capture points. */
void tracker_begin_points(struct tracker *tracker);

/** The time of the capture's last packet; where there are several points, by the clock that the tunnels follow.
 * @param last  of the last frame */
nstime_t tracker_now(const struct tracker *tracker, const nstime_t *last);

/** What is known of copies, and of the points that they were captured at. */
const struct copies *tracker_copies(const struct tracker *tracker);

/** Takes an ESP or AH packet.
 * @return its SA, or NULL where the table is full */
struct sa *tracker_take_ipsec(struct tracker *tracker, const struct ipsec_packet *packet);

/** Takes what may be ESP, but came on IKE's port. It is, if its SPI is known, or another packet with the same SPI and the numbers
 * before it came there.
 * @return whether it is */
bool tracker_take_on_ike_port(struct tracker *tracker, const struct ipsec_packet *packet);

/** Takes an IKE message.
 * @return what it was, or NULL where it belongs nowhere or the table is full; valid until the next call */
const struct ike_frame *tracker_take_ike(struct tracker *tracker, const struct ike_message *message);

/** Takes an ICMP error: it is the tunnel's whose packet it quotes, where that is known. */
void tracker_take_icmp(struct tracker *tracker, const struct icmp_error *error);

/** Takes a packet whose fragments did not all come. */
void tracker_take_lost(struct tracker *tracker, const struct lost_packet *lost);

/** Takes headers that are there and were not read, of one frame. */
void tracker_take_unread(struct tracker *tracker, const struct unread *more);

/** What was not read so far. */
const struct unread *tracker_unread(const struct tracker *tracker);

const struct changes *tracker_changes(const struct tracker *tracker);

/** The SA of a packet that was taken before, or NULL. */
struct sa *tracker_find_at(const struct tracker *tracker, const struct ipsec_packet *packet);

/** The SA's bytes up to a packet of it that was taken before: see sa_reread_bytes. */
bool tracker_reread_bytes(struct tracker *tracker, struct sa *sa, const struct ipsec_packet *packet, uint64_t packets,
        uint64_t *bytes);

const struct sa_table *tracker_sas(const struct tracker *tracker);
const struct tunnel_table *tracker_tunnels(const struct tracker *tracker);
const struct ike_table *tracker_ike(const struct tracker *tracker);

#endif /* SPISCOPE_TRACKER_H */

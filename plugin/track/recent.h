/* recent.h
 * The last packets of the capture, to tell copies that a mirror port or a second capture point made
 * from packets that were really sent twice. A fixed table: no memory per packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_RECENT_H
#define SPISCOPE_RECENT_H

#include "../event.h"

#define RECENT_SLOTS 16384
#define RECENT_MESSAGES 2048
#define RECENT_ERRORS 1024

struct recent_slot {
    nstime_t time;
    uint32_t sa;
    uint32_t sequence;
    uint32_t fingerprint;
    uint32_t frame;                 /**< 0: there is none */
    struct sighting seen;
};

/** An IKE message. */
struct recent_message {
    nstime_t time;
    uint64_t initiator_spi;
    uint32_t fingerprint;
    uint32_t frame;                 /**< 0: there is none */
    struct sighting seen;
    bool is_answer;
    struct flow *flow;              /**< its direction, or NULL */
};

/** An ICMP error. */
struct recent_error {
    nstime_t time;
    uint32_t fingerprint;
    uint32_t frame;                 /**< 0: there is none */
    uint8_t points;                 /**< bits: 1 << point, of those that saw it */
    uint8_t ttl;                    /**< as first seen */
};

/** All zero when empty. */
struct recent {
    struct recent_slot slot[RECENT_SLOTS];
    struct recent_message message[RECENT_MESSAGES];
    struct recent_error error[RECENT_ERRORS];
};

/** Remembers a packet of the SA with this number. */
void recent_add(struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

/** The packet as it was captured before, with the same SA, sequence number and content, as far as the table reaches back; or NULL. */
const struct recent_slot *recent_find(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

/** Whether the packet was captured moments ago already: same SA, sequence number and content, less
 * than 10 ms apart. Mirror ports copy within microseconds, and a network that duplicates or
 * an attacker that replays takes longer; nothing in the packet itself tells them apart. */
bool recent_has_copy(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet);

/** The same of an IKE message. */
bool recent_has_copy_of(const struct recent *recent, const struct ike_message *message);

/** Remembers an IKE message. */
void recent_add_message(struct recent *recent, const struct ike_message *message, struct flow *flow, bool is_answer);

/** In place of a point: another TTL than the first one is of another point. */
#define RECENT_BY_TTL POINTS_AT_MOST

/** Whether an ICMP error was captured before at another point, and not yet at this one. It is remembered.
 * @param within  seconds that both may lie apart */
bool recent_take_error(struct recent *recent, const struct icmp_error *error, unsigned point, uint32_t within);

/** The message as it was captured last, byte for byte, as far as the table reaches back; or NULL. */
const struct recent_message *recent_find_message(const struct recent *recent, const struct ike_message *message);

#endif /* SPISCOPE_RECENT_H */

/* sa.h
 * The SAs of a capture, keyed as RFC 4301 section 4.1 says by SPI, destination and protocol. Behind
 * a NAT the destination's translated port is part of the destination: two peers there may choose
 * the same SPI.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SA_H
#define SPISCOPE_SA_H

#include "sequence.h"
#include "tunnel.h"

struct child;
struct exchange;

struct sa_key {
    struct ip_address destination;
    uint8_t protocol;               /**< enum ipsec_protocol */
    uint16_t port;                  /**< 0 unless given by a NAT */
    uint32_t spi;
};

/** What most SAs never come to. */
struct sa_extra {
    struct sa *older;               /**< an earlier SA with the same key */
    struct sa *far_older;           /**< one further back: with it, any of them is found in few steps */
    uint32_t older_count;
    uint64_t reread_bytes;          /**< sum up to reread_frame, when frames are read again in order */
    uint64_t reread_packets;
    nstime_t resumed_time;
    uint32_t reread_frame;
};

struct sa {
    struct sa_key key;              /**< comes first: the table's hash holds nothing else */
    uint32_t id;
    uint32_t generation;            /**< from 1; 0 while its place in a lineage is open */
    struct flow *flow;
    struct sa_extra *extra;           /**< or NULL */
    struct sa *next;                /**< in order of appearance */
    struct sa *predecessor;
    struct sa *successor;
    struct sa *current_previous;    /**< among the current of its flow: the latest of each lineage */
    struct sa *current_next;
    struct sa *pending_next;        /**< among the undecided of its flow */
    struct exchange *origin;        /**< the exchange that made it, where the capture shows it */
    struct child *child;            /**< what was negotiated, where it was readable */
    struct sequence sequence;
    uint64_t bytes;
    nstime_t first_time;            /**< of its packets; if it has none, of its negotiation */
    nstime_t last_time;
    nstime_t deleted_time;
    uint32_t first_frame;
    uint32_t last_frame;
    uint32_t deleted_frame;         /**< of its Delete, or its IKE SA's; 0 while it may live */
    uint32_t mixed;                 /**< turns since the SA with the number mixed_with was born beside it ... */
    uint32_t mixed_with;
    uint32_t mixed_at;              /**< ... which had so many packets at the last one */
    uint32_t ended_in;              /**< frame of the Delete, or of what is inferred to be it; 0 where none was seen */
    int8_t ended_by;                /**< 1 + the peer who sent that, or 0 */
    bool born_in_capture : 1;       /**< its first packets were seen */
    bool is_current : 1;
    bool is_pending : 1;
    bool waits_for_traffic : 1;     /**< one packet so far: no part of any lineage yet */
    bool resumed : 1;               /**< spoke again, at extra->resumed_time, after its successor had taken over */
    bool negotiated : 1;            /**< its negotiation was read */
    bool origin_sure : 1;           /**< no other exchange than its origin comes into question */
    bool link_proven : 1;           /**< its predecessor is known from the negotiation */
    bool delete_named_it : 1;       /**< a Delete carried its SPI, not only its sibling's */
    bool stale_said : 1;
    bool half_said : 1;             /**< that it carries traffic alone */
    bool many_senders : 1;          /**< to a group: several senders, each with its own sequence */
    bool is_kept : 1;               /**< something refers to it: it makes no room in a full table */
};

struct sa_table;

/** What most SAs never come to, made if need be; owned by the table. */
struct sa_extra *sa_extra(struct sa_table *table, struct sa *sa);

/** A new SA's first packets: as far as a capture may have missed them. One that starts beyond is older than the capture shows. */
#define SA_NEWBORN_AT_MOST 64

/** When it was negotiated, or else first seen. */
const nstime_t *sa_birth_time(const struct sa *sa);

/** The frame of its negotiation, or else its first. */
uint32_t sa_birth_frame(const struct sa *sa);

/** When its successor was born, or it was deleted before that. */
const nstime_t *sa_replaced_time(const struct sa *sa);

/** Whether it was replaced or deleted. */
bool sa_is_over(const struct sa *sa);

/** Takes its Delete back, where it turns out that no peer sent it. */
void sa_undelete(struct sa *sa);

/** How long it lived, once it is over: until its successor was born, or it was deleted before that. This is what all outputs name. */
nstime_t sa_lived(const struct sa *sa);

/** The SA's bytes up to a frame that is read again. Known only while frames are read again in order,
 * since nothing is kept per packet.
 * @param packets  the SA's packets up to the frame
 * @param length   bytes of this packet
 * @return false where they can't be told */
bool sa_reread_bytes(struct sa_table *table, struct sa *sa, uint32_t frame, uint64_t packets, uint32_t length, uint64_t *bytes);

struct sa_table *sa_table_create(wmem_allocator_t *pool);

/** The key under which a packet's SA is kept. */
struct sa_key sa_key_of(uint8_t protocol, const struct endpoint *destination, uint32_t spi);

/** The newest SA with this key, or NULL. */
struct sa *sa_find(struct sa_table *table, const struct sa_key *key);

/** The newest SA with the key of this packet, or NULL: as sa_find, and cheap where the SA was in use lately. */
struct sa *sa_of_packet(struct sa_table *table, const struct ipsec_packet *packet);

/** The SA that had this key at that frame, or NULL. */
struct sa *sa_find_at(struct sa_table *table, const struct sa_key *key, uint32_t frame);

/** Whether an SA with this SPI goes to a multicast group: then its senders count sequence numbers over
 * all destinations together (RFC 4301 section 4.1, RFC 4302 section 2.5). */
bool sa_spi_is_shared(const struct sa_table *table, uint32_t spi);

/** There are several capture points: from now on every SA is found by its SPI alone, as those in UDP are, and copies of its packets may
 * come after its last one. */
void sa_index_spis(struct sa_table *table);

/** An SA in UDP with this protocol and SPI under any address, the one last opened, or NULL. */
struct sa *sa_find_by_spi(const struct sa_table *table, uint8_t protocol, uint32_t spi);

/** Opens an SA that begins with a packet or a negotiation; owned by the table.
 * @param in_udp  whether a NAT may move it */
struct sa *sa_open(struct sa_table *table, const struct sa_key *key, struct flow *flow,
        uint32_t frame, const nstime_t *time, bool in_udp);

/** Lets a second key lead to a known SA: its address was translated anew.
 * @param most  second keys at most
 * @return false where there are too many: then the SA is found under its first key only */
bool sa_alias(struct sa_table *table, const struct sa_key *key, struct sa *sa, uint32_t most);

/** The first SA in order of appearance; the others follow by next. */
struct sa *sa_first(const struct sa_table *table);

/** Whether the table can take one more. A full table forgets SAs that carried a single packet, the
 * oldest first: a scan, or a flood of made-up SPIs.
 * @param most  SAs at most */
bool sa_has_room(struct sa_table *table, uint32_t most);

/** SAs in the table. */
uint32_t sa_count(const struct sa_table *table);

#endif /* SPISCOPE_SA_H */

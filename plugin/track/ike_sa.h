/* ike_sa.h
 * IKE SAs, phase 1: born, established, replaced, ended, and by whom (RFC 7296 sections 1.2, 1.3.2, 1.4.1; RFC 2409).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_SA_H
#define SPISCOPE_IKE_SA_H

#include "ike_context.h"

struct child_list;
struct exchange;
struct flow;

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
    bool stuck_said;                /**< that its authentication led nowhere was told */
    bool set_up;                    /**< its initial exchange was seen: it is no rekey */
    bool is_sealed;                 /**< messages of it that have to be encrypted were */
    bool has_clear_copies;          /**< and are there a second time, decrypted by a gateway */
    uint8_t decrypted;              /**< bit 0: encrypted messages of its initiator were read, so that the keys are known; bit 1: of its responder */
    uint32_t identity[2];           /**< hash of what its initiator, its responder says that it is; 0 where it was not read */
    uint8_t on_nat_t;               /**< bit 0: messages of its initiator came on port 4500, to which IKE moves (RFC 3947 section 4); bit 1: of its responder; or from then on, on any port */
    int8_t ended_by;                /**< 1 + the peer who deleted it, or 0 */
    struct flow *flow;              /**< the direction in which its initiator sends */
    nstime_t first_time;
    nstime_t established_time;
    nstime_t last_time;
    nstime_t end_time;
    uint32_t first_frame;
    uint32_t established_frame;
    uint32_t last_frame;
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
    const struct offer *init;        /**< the answer of IKE_SA_INIT: the algorithms; NULL where not captured */
    struct exchange *small_auth; /**< an unreadable IKE_AUTH whose answer is too small for a child SA */
    struct ike_sa *tunnel_older;    /**< the one before in its tunnel */
    struct ike_sa *next;            /**< in order of appearance */
};

/** Who sent the message of IKEv2: 0 its IKE SA's initiator, 1 the responder (RFC 7296 section 3.1). */
static inline unsigned
ike_sa_sender(const struct ike_message *message)
{
    return message->flags & IKE2_FLAG_INITIATOR ? 0 : 1;
}

struct ike_sa_table;

/** @param pack  of the pool */
struct ike_sa_table *ike_sa_table_create(wmem_allocator_t *pool, struct pack *pack);

/** The first IKE SA in order of appearance; the others follow by next. */
struct ike_sa *ike_sa_first(const struct ike_sa_table *table);

uint32_t ike_sa_count(const struct ike_sa_table *table);

/** Whether the message that is being taken may open one more; where not, adds to the changes that the limit was reached. */
bool ike_sa_has_room(const struct ike_context *context);

/** The IKE SA with these SPIs, or NULL. */
struct ike_sa *ike_sa_by_spis(const struct ike_sa_table *table, uint64_t initiator, uint64_t responder);

/** The IKE SA of a message, or NULL. Learns the responder's SPI from its first answer. */
struct ike_sa *ike_sa_find(struct ike_sa_table *table, const struct ike_message *message);

/** The IKE SA that the message's first request sets up, where the file is out of time order and its later messages stand before;
 * NULL where there is none. From then on its answers are found too. */
struct ike_sa *ike_sa_find_later(const struct ike_context *context);

/** Opens the IKE SA of the message that is being taken.
 * @param initial  whether the message belongs to an exchange that sets up an IKE SA; else it is up already */
struct ike_sa *ike_sa_open(const struct ike_context *context, bool initial);

/** The IKE SA is up, and takes the place of the tunnel's last one if that has ended.
 * @return false if it was up before */
bool ike_sa_establish(const struct ike_context *context, struct ike_sa *ike_sa);

/** An exchange of the old IKE SA made a new one with these SPIs (RFC 7296 section 1.3.2). It takes the old one's place,
 * or, after a collision, is its successor's rival.
 * @return NULL where there is no new one */
struct ike_sa *ike_sa_rekey(const struct ike_context *context, const struct exchange *exchange, uint64_t initiator, uint64_t responder);

/** Notes how and when the IKE SA ended; never before it began, whatever the clock did. */
void ike_sa_note_end(struct ike_sa *ike_sa, enum ike_end end, const nstime_t *time);

/** The message that is being taken shows that the IKE SA has failed; nothing if it was deleted before. */
void ike_sa_fail(const struct ike_context *context, struct ike_sa *ike_sa);

/** The IKE SA's Delete was read. An IKE SA that began beside it takes its place: it was re-authenticated.
 * @return false if it was deleted before */
bool ike_sa_delete(const struct ike_context *context, struct ike_sa *ike_sa);

#endif /* SPISCOPE_IKE_SA_H */

/* memory.h
 * What judge/ remembers between frames: what it said of a tunnel once, what the peers offered, which SAs churned.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MEMORY_H
#define SPISCOPE_MEMORY_H

#include "../track/tracker.h"
#include "share.h"

/** Offers that are remembered for each peer: as many phase 2 SAs as are compared. */
#define OFFERS_AT_MOST 16

/** The latest offers of one peer in one phase: requests that it began. */
struct offers {
    unsigned count;
    const struct exchange **exchange; /**< a ring of OFFERS_AT_MOST; while there are fewer, there is memory for those only */
};

/** Ends and rekeys of one tunnel that are remembered: enough to tell a rhythm, and few enough that a new one soon shows. */
#define PAST_AT_MOST 16

/** An end of SAs that no successor was in place for: read, or inferred. */
struct past_end {
    int8_t peer;                    /**< who let it end */
    bool proven;                    /**< the Delete was read */
    bool in_silence;                /**< no traffic was under way */
    bool is_renewed;                /**< who let it end asked for new SAs at once */
    uint32_t frame;
    nstime_t age;                   /**< of what ended */
    nstime_t idle;                  /**< since its last packet */
};

/** A rekey of a child SA while the old one lived. */
struct past_rekey {
    int8_t peer;                    /**< who asked for it */
    uint32_t frame;
    uint64_t age;                   /**< of the old one, seconds */
    uint64_t lifetime;              /**< as agreed, or as the peer who asked has it; 0: not read */
};

struct past {
    unsigned ends;                  /**< that there were */
    unsigned rekeys;
    unsigned short_lived;           /**< rekeys of SAs younger than min_sa_lifetime */
    struct past_end end[PAST_AT_MOST]; /**< a ring */
    struct past_rekey rekey[PAST_AT_MOST]; /**< a ring */
};

/** Who took whose place: the tunnel's peer lost its SAs when another device set up its own. */
struct turns {
    const struct tunnel *other;     /**< of the other device; NULL where it shares this one's address */
    uint32_t count;
    uint32_t frame[2];              /**< the other's set-up, the last time and the one before */
};

struct finding;

/** What ICMP says of a flow's packets. */
struct told {
    const struct finding *finding;  /**< or NULL */
    const struct flow *flow;
};

/** Of a tunnel. All zero at first, with an empty past. */
struct tunnel_memory {
    bool lifetime_said[2];          /**< of phase 1, of phase 2: the peers' offers differ */
    bool lifetime_expected_said[2][2]; /**< per phase and peer: the offer is not what is expected */
    bool lifetime_order_said;
    bool proxy_id_said;             /**< the peers' offers are not each other's mirror image */
    bool synchronised_timers_said;
    bool pfs_mismatch_said;
    uint32_t collisions;
    nstime_t lost_in_fragments[2];  /**< when the latest IKE message of each peer was, of which not all IP fragments came */
    uint32_t lost_in_frame[2];      /**< its first fragment, or 0 */
    const struct finding *heavy_loss; /**< the latest that says that a tenth and more was lost for a minute, or NULL */
    const struct finding *replay_drops; /**< the latest that says that one in a hundred came too late, or NULL */
    struct told too_large;          /**< the latest that says that packets are too large for the path */
    struct told no_way;             /**< that a router can't hand a packet on */
    struct told nothing_listens;    /**< that the host is there, and nothing listens */
    struct offers offers[2][2];     /**< per phase (0: phase 1) and peer */
    const struct past *past;        /**< never NULL */
    struct turns turns;
};

/** Set-ups with one gateway that are remembered. */
#define SETUPS_AT_MOST 8

struct past_setup {
    const struct tunnel *tunnel;
    nstime_t time;
    uint32_t frame;
};

/** The latest set-ups with one gateway, of whichever tunnel. */
struct setups {
    unsigned count;
    struct past_setup item[SETUPS_AT_MOST]; /**< a ring */
};

struct memory;

/** Owned by pool, as is all that it remembers. */
struct memory *memory_create(wmem_allocator_t *pool);

/** What is remembered of a tunnel, for a rule to read and change. Never NULL. */
struct tunnel_memory *memory_of(struct memory *memory, const struct tunnel *tunnel);

/** The same for reading only: as at first where nothing is remembered. Never NULL. */
const struct tunnel_memory *memory_read(const struct memory *memory, const struct tunnel *tunnel);

/** The set-ups with the gateway at this address, for a rule to read and change. Never NULL. */
struct setups *memory_setups(struct memory *memory, const struct ip_address *gateway);

/** Remembers an end, if it is not known yet by its frame. */
void memory_take_end(struct memory *memory, const struct tunnel *tunnel, const struct past_end *end);

/** Of an end that is remembered by its frame: who let it end asked for new SAs at once. */
void memory_note_renewed(struct memory *memory, const struct tunnel *tunnel, uint32_t frame);

/** Remembers a rekey, if it is not known yet by its frame.
 * @param short_lived  of an SA younger than min_sa_lifetime; this counts even if it is known */
void memory_take_rekey(struct memory *memory, const struct tunnel *tunnel, const struct past_rekey *rekey, bool short_lived);

/** The shortest lifetime in a peer's offers, in seconds; 0 where none was read. */
uint64_t offers_shortest(const struct offers *offers);

/** Remembers the offer of a request; one for the same selectors takes the place of the peer's earlier one. */
void memory_take_offer(struct memory *memory, const struct exchange *exchange);

/** Remembers whether an SA was replaced before its time. */
void memory_set_churned(struct memory *memory, const struct sa *sa, bool churned);

bool memory_has_churned(const struct memory *memory, const struct sa *sa);

/** What an SA loses, and what comes too late for the receiver's window. */
struct sa_shares {
    struct share lost;
    struct share late;
};

/** What capture points show of a direction. All zero at first. */
struct between_memory {
    struct share lost;              /**< packets that were lost between two of them */
    bool is_said;
};

/** That of a flow, for a rule to read and change. Never NULL. */
struct between_memory *memory_between(struct memory *memory, const struct flow *flow);

/** These of an SA, for a rule to read and change. Never NULL. */
struct sa_shares *memory_shares(struct memory *memory, const struct sa *sa);

/** Remembers the SA whose replacement showed that the lineage flaps. */
void memory_set_flapping(struct memory *memory, const struct sa *sa, const struct sa *flapping);

/** That SA, or NULL. */
const struct sa *memory_flapping(const struct memory *memory, const struct sa *sa);

#endif /* SPISCOPE_MEMORY_H */

/* copies.h
 * Which packets are copies of one that was captured before at another capture point, whatever the clocks say. A packet that several points
 * saw is one packet; it counts where it was read first, and what its copies tell of the way is the tunnel's passage.
 *
 * Interfaces of the file are points. Where it has one alone, and a packet comes again between other MAC addresses, or else with another TTL,
 * these are the points.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_COPIES_H
#define SPISCOPE_COPIES_H

#include "passage.h"
#include "recent.h"
#include "tunnel.h"

struct sa;
struct sa_table;

/** How points are told apart. */
enum points_by {
    POINTS_ONE,                     /**< there is one, as far as is known */
    POINTS_BY_INTERFACE,
    POINTS_BY_LINK,                 /**< by MAC addresses */
    POINTS_BY_TTL                   /**< point 0 is near the first peer of each tunnel */
};

/** A frame that holds a copy. */
struct copy_frame {
    uint32_t frame;
    uint32_t of;                    /**< the frame that holds the packet */
};

/** Packets whose copies are waited for at once; where they are not numbers in a row, fewer. */
#define COPIES_AWAITED_AT_MOST 2097152

/** What is known to have been lost from one point to the next. */
struct copies_loss {
    const struct flow *flow;
    uint64_t lost;                  /**< packets of ESP and AH in a row; 0: messages of IKE */
    uint64_t of;                    /**< packets of ESP and AH of the direction until then, with these: those that arrived and those that were lost */
    uint64_t in_all;                /**< of these that were lost */
    uint64_t missed;                /**< packets of the other direction that the point they were lost before did not capture, though they passed it */
};

/** What one look may find: each second packet of a step, and a message of each direction. */
#define COPIES_LOSSES (TRAIL_STEP / 2 + 2)

/** All zero but pool, sas and is_off at first. */
struct copies {
    wmem_allocator_t *pool;
    const struct sa_table *sas;     /* of the capture */
    bool is_off;                    /* points are not told apart */
    enum points_by by;
    unsigned points;                /**< that are known */
    uint32_t link[POINTS_AT_MOST];  /* of each, where links tell them apart */
    struct trail *trail;            /* NULL while there is one point */
    wmem_map_t *messages;           /* of IKE, by their bytes; NULL while there is one point */
    uint32_t messages_kept;
    wmem_array_t *frames;           /* of struct copy_frame, ascending; NULL while there is none */
    struct passage *latest;         /* of the tunnel of the last copy */
    const struct tunnel *latest_of; /* that tunnel */
    unsigned losses;                /* that are not told yet */
    struct copies_loss loss[COPIES_LOSSES];
    bool is_full;                   /* copies may have gone unknown, for want of room */
    bool is_followed;
    uint8_t follows;                /* the point of the first packet: by its clock go all times */
    nstime_t latest_time;           /* of packets that are no copies, by that clock */
    uint8_t latest_point;           /* that captured it */
    struct point_span span[POINTS_AT_MOST]; /**< from when to when each captured IPsec */
    int64_t now;                    /* of the last packet, by its point's clock: microseconds */
    struct recent recent;
};

/** Whether packets are looked for at other points. */
static inline bool
copies_are_sought(const struct copies *copies)
{
    return copies->by != POINTS_ONE;
}

/** The file has several interfaces. What was captured lately is taken in. */
void copies_begin_interfaces(struct copies *copies);

/** Whether the packet, as a packet of this SA, was captured lately with another TTL or between other MAC addresses. */
bool copies_differ(const struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet);

/** The packet, as a packet of this SA, was captured before with another TTL or between other MAC addresses: so there are several points. It is
 * to be taken as a copy then.
 * @return false where it was not, or interfaces tell the points apart */
bool copies_learn_points(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet);

/** The same of an IKE message. */
bool copies_learn_points_of(struct copies *copies, const struct ike_message *message);

/** How many points there are whose packets were seen, and those before them; 0 where there are not several. */
unsigned copies_points(const struct copies *copies);

/** The point that saw a packet of a flow; POINTS_AT_MOST where it is none of those that are known. */
unsigned copies_point(const struct copies *copies, const struct flow *flow, const struct sighting *seen);

/** Whether a packet of this SA is a copy. If so it is noted down. */
bool copies_take_packet(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet);

/** Notes down a packet that is none.
 * @param leads  whether its number is the SA's highest */
void copies_add_packet(struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet, bool leads);

/** Whether a packet of the SA, which is none, comes from another point than those with the highest numbers: then its clock differs, and the
 * packet is not late. */
bool copies_come_from_behind(const struct copies *copies, const struct sa *sa, const struct ipsec_packet *packet);

/** The first frame of an IKE message that is a copy; 0 if it is none. If it is one it is noted down. */
uint32_t copies_take_message(struct copies *copies, const struct ike_message *message);

/** Notes down an IKE message that is no copy.
 * @param flow  its direction; NULL where it belongs to no tunnel */
void copies_add_message(struct copies *copies, const struct ike_message *message, struct flow *flow, bool is_answer);

/** Whether an ICMP error is a copy. */
bool copies_take_error(struct copies *copies, const struct icmp_error *error);

/** What is known since it was asked the last time to be lost from one point to the next.
 * @return false where there is nothing more */
bool copies_next_loss(struct copies *copies, struct copies_loss *loss);

/** What was lost of a flow on the way to each point until now.
 * @param lost  filled in, where there are several points
 * @return the points in the order in which its packets pass them, how many; 0 where that is not known */
unsigned copies_losses(const struct copies *copies, const struct flow *flow, uint8_t order[POINTS_AT_MOST], struct passage_loss lost[POINTS_AT_MOST]);

/** The time of a packet that is no copy, by the clock of its point, as the clock has it by which all times go: that of the first packet's point. Clocks that differ by
 * less than a second are left as they are.
 * @param flow  of the packet, or NULL */
nstime_t copies_time(struct copies *copies, const struct flow *flow, const struct sighting *seen, const nstime_t *time);

/** The same without a trace.
 * @return false where nothing is known of the point's clock */
bool copies_followed(const struct copies *copies, const struct passage *passage, unsigned point, const nstime_t *time, nstime_t *followed);

/** Whether a packet that is no copy comes late in the file, for its point's clock is behind those of others, which did not see it.
 * @param followed  its time, as copies_time says */
bool copies_fill_in(const struct copies *copies, const struct flow *flow, const struct sighting *seen, const nstime_t *followed);

/** Notes down that a frame holds a copy. */
void copies_note(struct copies *copies, uint32_t frame, uint32_t of);

/** The frame whose packet this one holds a copy of; 0 where it is none, or that can't be told any more. */
uint32_t copies_of(const struct copies *copies, uint32_t frame);

#endif /* SPISCOPE_COPIES_H */

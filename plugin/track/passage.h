/* passage.h
 * How a tunnel's packets pass from one capture point to the next: in which order each direction passes the points, how long it takes, what
 * is lost in between. Each point has a clock of its own: what a copy is later than the packet is delay and difference of the clocks
 * together, and only both directions tell them apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PASSAGE_H
#define SPISCOPE_PASSAGE_H

#include "../event.h"
#include "trail.h"

struct flow;

/** Kinds of packets whose senders may choose another TTL. */
enum passage_kind {
    PASSAGE_IPSEC,
    PASSAGE_IKE,
    PASSAGE_KINDS
};

/** A packet that was seen, and where. Microseconds. */
struct footprint {
    int64_t when;                   /**< by the clock of the point that saw it first */
    uint32_t frame;                 /**< of IKE; else 0 */
    uint8_t seen;                   /**< bits: 1 << point */
    uint8_t first;                  /**< the point that saw it first */
    bool is_answer;                 /**< of IKE */
};

/** An IKE message, for as long as its copies may still come. */
struct passage_message {
    uint64_t key;                   /**< of its bytes */
    struct footprint print;
    struct passage_message *same;   /**< one with the same bytes, older */
    struct passage_message *next;   /**< of the same direction, younger */
    struct flow *flow;              /**< its direction; NULL where it is of no tunnel */
    bool is_over;                   /**< no copy is waited for any more */
};

/** Microseconds: reordering lasts milliseconds; after a second a copy that does not come counts as lost, as a missing number does. */
#define PASSAGE_LATE_AT_MOST 1000000

/** Moments of a silence at which its point captured IKE. */
#define PASSAGE_WAKES 8

/** A silence at a point: since a direction's last packet of ESP or AH there. */
struct passage_silence {
    nstime_t since;                 /**< by the point's clock */
    uint32_t frame;                 /**< that packet; 0: there was none yet */
    uint32_t ike_after;             /**< milliseconds until the first message of IKE of the direction there; 0: none came */
    uint32_t every;                 /**< milliseconds that two wakes lie apart at least */
    uint32_t wakes;
    uint32_t wake[PASSAGE_WAKES];   /**< milliseconds */
};

struct cut;
struct copies;

/** What went missing on the way to a point. */
struct passage_loss {
    uint64_t packets;               /**< with these */
    uint32_t answers;               /**< of IKE */
    uint32_t answer_frame;          /**< the last one of them */
};

/** One direction. All zero at first. Microseconds by the points' own clocks. */
struct passage_way {
    struct trail_way trail;         /**< what copies may still come of */
    struct passage_message *first;  /**< likewise, of IKE; oldest first */
    struct passage_message *last;
    uint8_t points;                 /**< bits: 1 << point, of those that saw the same packets */
    uint8_t base;                   /**< the one whose clock the others are measured by */
    int32_t least[POINTS_AT_MOST];  /**< later than the base */
    int32_t most[POINTS_AT_MOST];
    uint8_t ttl[PASSAGE_KINDS][POINTS_AT_MOST]; /**< as last seen at each point */
    uint8_t by_ttl[2];              /**< where TTLs tell points apart: of the one that is nearer to the sender, of the other one; else 0 */
    struct sighting leads;          /**< of the last packet that was no copy */
    uint64_t reached[POINTS_AT_MOST]; /**< packets that several points saw, and this one too */
    struct passage_loss lost[POINTS_AT_MOST]; /**< on the way to this one, of those that are settled */
    struct passage_silence silence[POINTS_AT_MOST];
    struct cut *cuts;               /**< silences that are over, and not looked at yet; oldest first */
    struct cut *latest_cut;
    uint32_t cuts_waiting;
    uint32_t messages_lost;         /**< of IKE, in a row until the last one that is settled */
    uint64_t due;                   /**< packets of ESP and AH that were looked at: those that came to the last point, and those that were lost */
    uint64_t missing;               /**< those that were lost */
    uint64_t missed[POINTS_AT_MOST]; /**< those that came to the last point, and were not captured by this one, though it captured then */
};

struct passage {
    struct passage_way way[2];      /**< as the tunnel's flows */
    const struct copies *copies;    /**< of the capture */
    const struct passage *like;     /**< while nothing of this one was seen at two points: another tunnel's, to the same peer; or NULL */
    bool like_reversed;             /**< whose flows are the other way round */
    bool is_unlike;                 /**< it goes another way than others */
};

/** From when to when a point captured, by its own clock. Both 0 where it did not. */
struct point_span {
    int64_t first;
    int64_t latest;
};

/** A point captured a packet of ESP or AH: the direction's silence there is over, and begins anew. */
void passage_hear(struct passage *passage, unsigned direction, unsigned point, const nstime_t *time, uint32_t frame);

/** A point captured a message of IKE. */
void passage_hear_message(struct passage *passage, unsigned direction, unsigned point, const nstime_t *time);

/** Packets that were due at a point in a while. */
struct passage_due {
    uint64_t packets;
    int64_t first;                  /**< when the first of them was: microseconds by that point's clock */
    int64_t last;
};

/** Those of a direction that were due at a point between two moments, by that point's clock, and were seen there or were not. */
struct passage_due passage_due(const struct passage *passage, unsigned direction, unsigned point, int64_t since, int64_t until, bool seen);

/** Takes a copy of a packet. */
void passage_take_copy(struct passage_way *way, const struct trail_found *found, unsigned point);

/** Whether any packet of the tunnel was seen at two points. */
bool passage_is_seen(const struct passage *passage);

/** The points of a direction, in the order in which its packets pass them.
 * @return how many; 0 where there are not several, or their order is not known */
unsigned passage_order(const struct passage *passage, unsigned direction, uint8_t order[POINTS_AT_MOST]);

/** Whether packets of a direction were seen at both points. */
bool passage_knows(const struct passage *passage, unsigned direction, unsigned one, unsigned other);

/** How much later than at one point the packets of a direction come by another, at least: microseconds on both clocks.
 * @return whether it was seen, in this direction or, but for the time on the way, the other one */
bool passage_lag(const struct passage *passage, unsigned direction, unsigned from, unsigned to, int64_t *lag);

/** The way there and back between two points, whatever their clocks say: microseconds.
 * @return whether both directions were seen */
bool passage_round_trip(const struct passage *passage, unsigned from, unsigned to, int64_t *micros);

/** How far one point's clock is ahead of another's, if the way takes as long in both directions; where only one was seen, with the time
 * on the way. Microseconds.
 * @return whether any was seen */
bool passage_clock_ahead(const struct passage *passage, unsigned of, unsigned ahead_of, int64_t *micros);

/** Counts a packet that no copy will come of any more, if it was lost on the way to a point that captured then.
 * @return whether it was */
bool passage_count(const struct passage *passage, unsigned direction, const struct footprint *print,
        const struct point_span span[POINTS_AT_MOST], struct passage_loss lost[POINTS_AT_MOST]);

/** What became of a packet of which no copy will come any more. */
enum passage_fate {
    PASSAGE_ARRIVED,                /**< the last point saw it */
    PASSAGE_LOST,
    PASSAGE_NOT_KNOWN               /**< the next point did not capture then, or the order of points is not known */
};

/** Counts what became of a packet of ESP or AH that no copy will come of any more. */
enum passage_fate passage_look_at(struct passage *passage, unsigned direction, const struct footprint *print, const struct point_span span[POINTS_AT_MOST]);

/** The i-th packet of a step.
 * @return false where there is none */
bool passage_print_of(const struct trail_step *step, unsigned i, struct footprint *print);

/** What went missing on the way to each point until now: what is settled, and what would have come by.
 * @param lost  filled in */
void passage_losses(const struct passage *passage, unsigned direction, const struct point_span span[POINTS_AT_MOST],
        struct passage_loss lost[POINTS_AT_MOST]);

/** Whether no copy of a packet will come any more: each point that it passes captured on for a second after it would have come by; or it
 * is too old.
 * @param now  of the capture's last frame */
bool passage_is_over(const struct passage *passage, unsigned direction, unsigned first, int64_t when, int64_t now,
        const struct point_span span[POINTS_AT_MOST]);

#endif /* SPISCOPE_PASSAGE_H */

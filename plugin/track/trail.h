/* trail.h
 * Which capture points saw which packets of an SA, for as long as copies of them may still come: their clocks may be minutes apart. Kept in
 * steps of numbers that follow each other, at some 16 bytes a packet, so that a copy is known by SA, number and content. Used only where
 * there are several points.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TRAIL_H
#define SPISCOPE_TRAIL_H

#include <wsutil/wmem/wmem.h>

#include "../event.h"

/** Packets of one step. */
#define TRAIL_STEP 16

/** Microseconds within which copies of a packet come: clocks that differ by ten minutes from the right time, one this way and one that, and a
 * while on the way. */
#define TRAIL_COPY_WITHIN INT64_C(1260000000)

struct trail;

/** Numbers in a row of one SA. Where seen is 0, no packet with that number came. */
struct trail_step {
    uint32_t sa;                    /**< id; with number, the key of the step */
    uint32_t number;                /**< of the first packet, by TRAIL_STEP */
    int64_t last;                   /**< when a packet of it was first seen, the last time: microseconds */
    struct trail_way *of;
    struct trail_step *before;      /**< of the same direction, to be looked at before it */
    struct trail_step *next;        /**< and after it */
    struct trail_step *older;       /**< of all */
    struct trail_step *younger;
    uint32_t fingerprint[TRAIL_STEP];
    uint32_t when[TRAIL_STEP];      /**< first seen: microseconds, their lower 32 bits */
    uint8_t seen[TRAIL_STEP];       /**< bits: 1 << point */
    uint8_t first[TRAIL_STEP];      /**< the point that saw it first */
    uint16_t counted;               /**< bits: 1 << packet, of those that were looked at */
    bool is_looked_at;              /**< all of them were; more may come */
};

/** The steps of one direction, in the order in which they are to be looked at. No step but owner set when empty; the trail's while it
 * holds any. */
struct trail_way {
    struct trail_step *first;
    struct trail_step *last;
    struct trail_step *due;         /**< the first that was not looked at, or NULL */
    void *owner;                    /**< the caller's */
};

/** What a packet is to those before it. */
enum trail_kind {
    TRAIL_NEW,                      /**< the first with its SA, number and content */
    TRAIL_COPY,                     /**< another point saw it, this one had not yet */
    TRAIL_AGAIN                     /**< this point saw it before */
};

struct trail_found {
    enum trail_kind kind;
    uint8_t first;                  /**< the point that saw it first */
    uint8_t seen;                   /**< those that did before */
    int32_t after;                  /**< microseconds since then, on different clocks; may be negative */
};

/** Owned by pool. */
struct trail *trail_create(wmem_allocator_t *pool);

/** What a packet of an SA is; it is noted down as a copy if it is one. */
struct trail_found trail_find(struct trail *trail, uint32_t sa, const struct ipsec_packet *packet, unsigned point);

/** Whether a packet with its SA, number and content was noted down. */
bool trail_knows(const struct trail *trail, uint32_t sa, const struct ipsec_packet *packet);

/** Notes down a packet that is new. */
void trail_add(struct trail *trail, struct trail_way *way, uint32_t sa, const struct ipsec_packet *packet, unsigned point);

/** The first step that was not looked at is: the next one is due. */
void trail_look_on(struct trail_way *way);

/** Forgets a step. */
void trail_drop(struct trail *trail, struct trail_step *step);

/** The oldest step of all, or NULL. */
struct trail_step *trail_oldest(const struct trail *trail);

/** Steps that are kept. */
uint32_t trail_count(const struct trail *trail);

#endif /* SPISCOPE_TRAIL_H */

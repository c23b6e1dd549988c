/* pair.h
 * A pair of SAs that is dead while its tunnel goes on: it was deleted in the midst of its traffic, no other one takes its place,
 * and others carry theirs. Where it was idle before, or its application merely stopped, nothing is missed. A Delete that can't be
 * read is inferred: an exchange that may have been one, and a pair that falls silent there, in both directions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_PAIR_H
#define SPISCOPE_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <wsutil/nstime.h>

struct child;
struct ike_context;
struct outage_context;
struct sa;
struct service;
struct service_end_seen;

/** Ends of pairs, or of single SAs where pairs are not known, that one tunnel waits for. Of more at once only the latest are. */
#define PAIR_ENDS_AT_MOST 16

/** What ended, or may have ended, in the midst of its traffic. */
struct pair_end {
    struct sa *sa[2];               /**< of the tunnel's flows; one is NULL where the pairs are not known */
    const struct child *child;      /**< NULL where no Delete was read */
    nstime_t time;                  /**< of the Delete, or of what may have been one */
    nstime_t due;                   /**< from then on it is missed */
    uint32_t frame;
    uint8_t peer;                   /**< who sent it */
};

/** Of a tunnel; made with its first entry. */
struct pairs {
    struct pair_end end[PAIR_ENDS_AT_MOST]; /**< a ring: count of them from first on */
    unsigned first;
    unsigned count;
};

/** The child's Delete was read, in the context's message, while another one of its tunnel lives. */
void pair_deleted(struct ike_context *context, const struct child *deleted);

/** What looked like a Delete ended no service: it may have ended a pair of SAs other than this one, which goes on. */
void pair_suspect(struct outage_context *context, const struct service_end_seen *ended, const struct sa *sa);

/** What looked like a Delete was none: it was answered as a liveness check is. */
void pair_forget(struct service *service, uint32_t frame);

/** The tunnel carries a packet at this time: adds a change for each pair that is dead by then. */
void pair_settle(struct outage_context *context, const nstime_t *now);

#endif /* SPISCOPE_PAIR_H */

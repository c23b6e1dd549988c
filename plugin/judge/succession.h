/* succession.h
 * How an SA took the place of another one, as far as the negotiations show it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_SUCCESSION_H
#define SPISCOPE_SUCCESSION_H

#include "judge.h"

enum succession {
    SUCCESSION_UNSEEN,              /**< no negotiation was seen: ESP alone shows it */
    SUCCESSION_REKEYED,             /**< rekeyed while the old one lived (RFC 7296 section 2.8; RFC 2409 section 5.5) */
    SUCCESSION_DROPPED,             /**< the old one was ended in the midst of its traffic, and then a new one was set up */
    SUCCESSION_ON_DEMAND,           /**< the old one was ended in a silence, and a new one set up when there was traffic again */
    SUCCESSION_BESIDE,              /**< unread: no Delete went with it, as a rekey has one: a further child, or set up on demand */
    SUCCESSION_ANEW                 /**< with a new IKE SA */
};

struct succeeded {
    enum succession how;
    bool is_end;                    /**< an end of the old one before the new one's negotiation is known: the rest tells of it */
    bool proven;                    /**< the Delete was read; else it is inferred from who sent last */
    int8_t peer;                    /**< who ended it */
    uint32_t frame;
    nstime_t time;
    nstime_t idle;                  /**< since the old one's last packet */
    nstime_t age;                   /**< of the old one then */
};

/** How a successor took over from its predecessor, which it has.
 * @param new  an SA with a predecessor */
struct succeeded succession_of(const struct judge *judge, const struct sa *new);

/** The lifetime in seconds that a successor's peers agreed on for the old one, or that the peer who asked for the new one offers now, if
 * that is shorter: in IKEv1 a responder takes what it is offered, and rekeys by its own; 0 where none was read. */
uint64_t succession_lifetime(const struct sa *old);

/** What ended an IKE SA just before another one was set up: the peer, or PEER_NOT_SEEN.
 * @param frame  gets that of its Delete, or of the message that is inferred to be it */
int succession_ended_before(const struct ike_sa *old, const nstime_t *begin, uint32_t grace, uint32_t *frame);

/** Whether the initiator of the old IKE SA set up the new one in its place, though nobody had deleted the old one: in the same words, or with its
 * traffic.
 * @param grace  seconds: packets that are under way */
bool succession_was_left(const struct ike_sa *old, const struct ike_sa *new, uint32_t grace);

/** How often in a row, back from the latest, that was so before min_sa_lifetime: what works is built anew. */
unsigned succession_left_in_a_row(const struct judge *judge, const struct tunnel *tunnel);

#endif /* SPISCOPE_SUCCESSION_H */

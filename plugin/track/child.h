/* child.h
 * Child SAs, phase 2: the pair of SAs that a readable exchange negotiates, whom it replaces, and its
 * end (RFC 7296 sections 1.3, 1.4, 2.8; RFC 2409 section 5.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CHILD_H
#define SPISCOPE_CHILD_H

#include "../clock.h"
#include "ike_context.h"
#include "ike_sa.h"
#include "sa.h"

struct exchange;
struct ike_sa;
struct offer;
struct tunnel;

/** The child SAs of an IKE SA. They pass as one to the IKE SA that takes its place (RFC 7296 section 2.8). */
struct child_list {
    struct ike_sa *ike_sa;          /**< to which they belong now */
    struct child *first;            /**< the others follow by next; none once the IKE SA was deleted */
};

/** A pair of SAs that one exchange negotiated: a child SA, or phase 2. */
struct child {
    uint32_t id;
    struct child_list *list;        /**< that of its IKE SA */
    struct exchange *origin;
    struct sa *sa[2];               /**< [0] goes from who asked for it to who answered; may be NULL */
    const struct selectors *tsi;    /**< as agreed: the answer's */
    const struct selectors *tsr;
    struct lifetime lifetime;       /**< negotiated; zero in IKEv2 */
    struct child *predecessor;
    struct child *successor;
    uint32_t deleted_frame;         /**< 0 while alive */
    nstime_t deleted_time;
    struct child *next;             /**< in its list */
    struct child *tunnel_older;     /**< the one before in its tunnel */
};

/** Whether the child lives: no Delete for it was read, and its IKE SA did not fail. */
static inline bool
child_is_alive(const struct child *child)
{
    return child->deleted_frame == 0 && child->list->ike_sa->end != IKE_FAILED;
}

/** Whether both were negotiated for the same selectors and the same protocol, whoever asked. */
bool child_same_selectors(const struct child *a, const struct child *b);

/** When the last packet of the SA came by, or of the pair that it belongs to, as far as that was read. */
static inline const nstime_t *
child_last_packet(const struct sa *sa)
{
    const nstime_t *last = &sa->last_time;

    for (unsigned i = 0; sa->child && i < 2; i++)
        if (sa->child->sa[i] && sa->child->sa[i]->sequence.packets > 0)
            last = clock_later(last, &sa->child->sa[i]->last_time);
    return last;
}

/** Makes the child SA that request and response agree on; NULL if they name no SPIs. */
struct child *child_make(struct ike_context *context, struct exchange *exchange,
        const struct offer *request, const struct offer *response);

/** The child with this inbound SPI of the sender or, if of_sender is not set, of the receiver. */
struct child *child_find(const struct ike_context *context, uint8_t protocol, uint32_t spi, bool of_sender);

/** Both directions of the new child take the place of the old one's. */
void child_replace(struct changes *changes, struct child *old, struct child *new);

/** The sender deleted its inbound SPI. */
void child_delete(struct ike_context *context, uint8_t protocol, uint32_t spi);

/** All child SAs of the one IKE SA become the other's, which has none (RFC 7296 section 2.8). */
void child_hand_over(struct ike_sa *from, struct ike_sa *to);

/** The child SAs of an IKE SA of IKEv2 are over together with it (RFC 7296 section 1.4.1), unless it was the redundant one
 * of a collision: then the other one gets them (section 2.8.2). */
void child_end_all(struct ike_context *context, struct ike_sa *ike_sa);

/** The tunnel's child that has lived beside another one for the same selectors for the grace; told once.
 * @param other  gets that one
 * @return NULL where there is none, or not yet */
struct child *child_take_twin(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct child **other);

#endif /* SPISCOPE_CHILD_H */

/* change.h
 * What one frame changed in the state: the vocabulary of track -> judge.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CHANGE_H
#define SPISCOPE_CHANGE_H

#include "ike.h"
#include "sa.h"

enum change_kind {
    CHANGE_SA_REPLACED,             /**< sa took over from its predecessor */
    CHANGE_SA_ALONE,                /**< sa begins a lineage of its own */
    CHANGE_SA_RESUMED,              /**< sa speaks although its successor had taken over */
    CHANGE_SA_STALE,                /**< sa speaks although it was deleted, or its IKE SA was */
    CHANGE_SA_DELETED,              /**< sa's Delete, or its IKE SA's, was read */
    CHANGE_SEQUENCE,                /**< effect tells what happened to sa's sequence */
    CHANGE_ADDRESS_MOVED,           /**< sa goes on under another address or port */
    CHANGE_ONE_WAY,                 /**< the flow of sa is no longer answered */
    CHANGE_TABLE_FULL,              /**< no further SA is tracked */
    CHANGE_RETRANSMISSION,          /**< of before_frame, in exchange */
    CHANGE_REQUESTED,               /**< exchange began */
    CHANGE_ANSWERED,                /**< exchange was accepted or refused */
    CHANGE_GIVEN_UP,                /**< exchange was never answered */
    CHANGE_REFUSED_BY_SIZE,         /**< exchange was refused, as its answer's size or kind proves */
    CHANGE_AUTH_LEFT,               /**< exchange, an IKE_AUTH or main mode, led nowhere: it was begun anew */
    CHANGE_PROBES_LEFT,             /**< behind liveness checks of ike_sa, IKEv1, stayed unanswered */
    CHANGE_NOTIFIED,                /**< notify came in exchange, apart from its answer */
    CHANGE_INITIAL,                 /**< ike_sa begins, with an initial exchange */
    CHANGE_CONTACT,                 /**< ike_sa was established */
    CHANGE_DISPLACED,               /**< ike_sa took the place of one that fell silent without an end */
    CHANGE_COLLISION,               /**< exchange crossed other_exchange: both rekey one SA */
    CHANGE_DUPLICATE                /**< child stays beside other_child, for the same selectors */
};

struct change {
    enum change_kind kind;
    struct sa *sa;
    struct ike_sa *ike_sa;
    struct exchange *exchange;
    struct exchange *other_exchange;
    struct child *child;
    struct child *other_child;
    struct notify notify;           /**< of CHANGE_NOTIFIED */
    unsigned effect;                /**< of CHANGE_SEQUENCE: enum sequence_effect */
    uint64_t behind;                /**< of CHANGE_SEQUENCE: packets behind the highest; of CHANGE_PROBES_LEFT: how many */
    struct endpoint before;         /**< of CHANGE_ADDRESS_MOVED: the address until now */
    bool clean;                     /**< of CHANGE_SA_RESUMED: its last packet before came at the handover */
    uint32_t before_frame;          /**< the last frame before the change */
};

#define CHANGES_AT_MOST 64

/** What one frame changed; emptied when the next one begins. */
struct changes {
    unsigned count;
    struct change item[CHANGES_AT_MOST + 1]; /**< the last one takes what is too much, and is not told */
};

/** Adds a change about an SA, which may be NULL. Never NULL. */
struct change *change_add(struct changes *changes, enum change_kind kind, struct sa *sa);

/** Adds a change about an exchange and its IKE SA. Never NULL. */
struct change *change_add_exchange(struct changes *changes, enum change_kind kind, struct exchange *exchange);

#endif /* SPISCOPE_CHANGE_H */

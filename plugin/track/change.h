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
    CHANGE_LIMIT_REACHED,           /**< limit tells what is no longer tracked */
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
    CHANGE_OUTAGE,                  /**< outage of tunnel is over */
    CHANGE_SERVICE_ENDED,           /**< ended: a Delete was read, and no successor is in place */
    CHANGE_DUPLICATE                /**< child stays beside other_child, for the same selectors */
};

/** What has an end, as a capture may come from anyone. */
enum limit {
    LIMIT_SAS,                      /**< SAs, or tunnels: max_sas of each */
    LIMIT_IKE_SAS,                  /**< max_sas */
    LIMIT_IKE_MESSAGES,             /**< IKE_MESSAGES_PER_SA times max_sas */
    LIMIT_ADDRESSES,                /**< addresses that SAs and tunnels moved to: max_sas */
    LIMIT_CHANGES,                  /**< of one frame: CHANGES_AT_MOST */
    LIMIT_DELETES,                  /**< SPIs in one message: DELETES_AT_MOST */
    LIMIT_OUTAGES,                  /**< of one tunnel: OUTAGES_AT_MOST */
    LIMIT_FINDINGS,                 /**< that are kept */
    LIMITS
};

struct change {
    enum change_kind kind;
    enum limit limit;               /**< of CHANGE_LIMIT_REACHED */
    struct sa *sa;
    struct ike_sa *ike_sa;
    struct exchange *exchange;
    struct exchange *other_exchange;
    struct child *child;
    struct child *other_child;
    const struct outage *outage;
    const struct service_end_seen *ended;
    const struct tunnel *tunnel;
    struct notify notify;           /**< of CHANGE_NOTIFIED */
    unsigned effect;                /**< of CHANGE_SEQUENCE: enum sequence_effect */
    uint64_t behind;                /**< of CHANGE_SEQUENCE: packets behind the highest; of CHANGE_PROBES_LEFT: how many;
                                         of CHANGE_LIMIT_REACHED: how many there is room for */
    struct endpoint before;         /**< of CHANGE_ADDRESS_MOVED: the address until now */
    bool clean;                     /**< of CHANGE_SA_RESUMED: its last packet before came at the handover */
    uint32_t before_frame;          /**< the last frame before the change */
};

/** Changes of one frame that are told; besides these, once a capture, each limit that was reached. */
#define CHANGES_AT_MOST 4096

/** What one frame changed; emptied when the next one begins. */
struct changes {
    wmem_allocator_t *pool;
    struct change *item;            /**< count of them */
    unsigned count;
    unsigned size;                  /**< for which there is room in item */
    bool said[LIMITS];              /**< in this capture */
    struct change untold;           /**< takes what is too much */
};

/** Adds a change about an SA, which may be NULL. Never NULL; valid until the next one is added. */
struct change *change_add(struct changes *changes, enum change_kind kind, struct sa *sa);

/** Adds a change about an exchange and its IKE SA, as change_add does. */
struct change *change_add_exchange(struct changes *changes, enum change_kind kind, struct exchange *exchange);

/** Adds that a limit was reached; once a capture.
 * @param most  how many there is room for */
void change_add_limit(struct changes *changes, enum limit limit, uint64_t most);

/** Whether the table can take one more, as sa_has_room says; where it is full, adds that.
 * @param most  SAs at most */
bool change_room_for_sa(struct changes *changes, struct sa_table *table, uint32_t most);

/** Whether there may be one more tunnel; where not, adds that, as of an SA.
 * @param most  tunnels at most */
bool change_room_for_tunnel(struct changes *changes, const struct tunnel_table *table, uint32_t most);

#endif /* SPISCOPE_CHANGE_H */

/* tunnel.h
 * A tunnel is two gateways. Packets find theirs by path, the pair of endpoints that they travel
 * between. Ports 500 and 4500 stand for the gateway itself; any other port is one of several peers
 * behind a NAT (RFC 3947, RFC 3948) and makes a tunnel of its own. A path that turns out to lead to
 * a known tunnel, since its SPIs are known there, is aliased to it; and tunnels that turn out to be one are joined (retry.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_TUNNEL_H
#define SPISCOPE_TUNNEL_H

#include <wsutil/wmem/wmem.h>

#include "../event.h"
#include "service.h"

struct child;
struct exchange;
struct ike_sa;
struct passage;
struct sa;
struct tunnel;

/** How many exchanges a tunnel remembers that may have made the next new SPI. */
#define RECENT_ORIGINS 8

/** An exchange that made a child SA, and which directions' SPIs were found to be its. */
struct recent_origin {
    struct exchange *exchange;
    bool claimed[2];
    bool doubtful[2];               /**< when an SPI was claimed, another exchange came into question too */
};

/** The shortest and the longest of some packets; both 0 where there are none. */
struct flow_lengths {
    uint32_t least;
    uint32_t most;
};

/** A time in which a flow's packets go to where the other peer is not. All zero where they do not. */
struct mapping {
    bool is_astray;
    bool said;
    uint32_t astray;                /**< packets of the flow in it */
    uint32_t elsewhere;             /**< and of the other direction */
    uint32_t since_frame;
    nstime_t since;
    struct sa *sa;                  /**< the flow's last one in it */
};

/** What an ICMP error says of the path. */
enum path_error {
    PATH_OTHER,
    PATH_NET,                       /**< can't be reached */
    PATH_HOST,
    PATH_PROTOCOL,
    PATH_PORT,
    PATH_FORBIDDEN,                 /**< by a filter */
    PATH_TOO_BIG,
    PATH_ERRORS
};

/** That a flow's packets are too large was said so often, each time soon after the last. All zero at first. */
struct too_big {
    uint32_t count;
    uint32_t first_frame;
    nstime_t first;
    nstime_t last;
    bool said;
};

/** What was told last of a flow's packets that can't be delivered. */
struct unreachable {
    uint8_t kind;                   /**< enum path_error; PATH_OTHER: nothing */
    nstime_t said;
};

/** One direction of a tunnel. */
struct flow {
    struct tunnel *tunnel;
    struct endpoint source;         /**< as its last IPsec packet had them */
    struct endpoint destination;
    struct endpoint source_before;  /**< until it came from another one */
    struct mapping mapping;
    uint32_t misported_spi;         /**< of what may be ESP and came last on IKE's port, or 0 */
    uint32_t misported_sequence;
    struct too_big too_big;
    struct unreachable unreachable;
    uint64_t packets;
    uint32_t sas;                   /**< that were opened in it */
    nstime_t first_time;
    nstime_t last_time;
    uint32_t last_frame;
    struct sa *current;             /**< the latest SA of each lineage, youngest first */
    struct sa *resumed;             /**< the last one that spoke again after its successor had taken over, or NULL */
    struct sa *pending;             /**< undecided SAs: their predecessor is not known yet; oldest first */
    struct sa *pending_last;
    uint64_t unanswered;            /**< packets since the other direction last spoke */
    nstime_t unanswered_since;
    nstime_t unanswered_last;
    nstime_t longest_unanswered;    /**< how long its packets stayed unanswered at most, until they were answered, and nothing was said of it */
    uint32_t unanswered_frame;
    uint32_t length;                /**< of its last packet */
    struct flow_lengths answered;   /**< of its packets after which the other direction spoke */
    struct flow_lengths waiting;    /**< of those that are unanswered */
    bool one_way_said;
    bool spoke_again;               /**< the other direction did, on what there was before, when that was said last */
    bool parallel;                  /**< several of its SAs were seen in use at once */
};

struct tunnel {
    uint32_t id;
    struct endpoint peer[2];        /**< the first one seen spoke first */
    bool is_incomplete;             /**< a table was full: not all of it is tracked, so that a silence may be none */
    bool restart_waits;             /**< maybe_restarted was looked at, and what the other peer asks may still tell */
    bool both_sides;                /**< packets of it were seen inside and outside of a NAT */
    bool nat;                       /**< a peer uses a port that only a NAT gives */
    struct flow flow[2];            /**< flow[i] comes from peer[i] */
    bool ike_heard[2];              /**< IKE from peer[i] was seen */
    bool auth_asked[2];             /**< and an IKE_AUTH request of it */
    struct recent_origin *origin;   /**< a ring of RECENT_ORIGINS; NULL: there was none */
    unsigned origins;
    nstime_t ike_first_time;        /**< of its IKE messages */
    nstime_t ike_last_time;
    struct ike_sa *ike_sas;         /**< the latest; the others follow by tunnel_older */
    struct child *children;         /**< the latest; the others follow by tunnel_older */
    struct ike_sa *maybe_restarted; /**< one that was set up, unread, while another was alive; or NULL */
    struct child *twin;             /**< one that lives beside another for the same selectors, or NULL */
    const struct tunnel *answered_by; /**< another one that carries the direction that this one leaves out, or NULL */
    struct service service;         /**< whether it can carry traffic */
    uint32_t icmp_errors;           /**< that quote its IKE, ESP or AH */
    uint32_t lost_in_fragments;     /**< its packets of which not all IP fragments came */
    struct tunnel *into;            /**< it was a part of that one, and stands no longer for itself; or NULL */
    struct tunnel *pair_older;      /**< the one opened before it between the same two addresses, or NULL */
    struct passage *passage;        /**< from one capture point to the next; NULL where there is one point */
    struct tunnel *next;
    struct tunnel *previous;
};

struct tunnel_table;

/** @param aliases_at_most  paths beside each tunnel's first */
struct tunnel_table *tunnel_table_create(wmem_allocator_t *pool, uint32_t aliases_at_most);

/** The flow that a packet between these two belongs to, or NULL where the path is new. */
struct flow *tunnel_find(const struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination);

/** The flow between these two addresses, whatever the ports, or NULL where there is none, or several. */
struct flow *tunnel_between(const struct tunnel_table *table, const struct ip_address *source, const struct ip_address *destination);

/** Opens a tunnel for a new path; owned by the table. */
struct flow *tunnel_open(struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination);

/** Lets a path lead to a known flow's tunnel, whatever it led to before.
 * @return false where there are too many: then the path leads nowhere yet */
bool tunnel_alias(struct tunnel_table *table, const struct endpoint *source,
        const struct endpoint *destination, struct flow *flow);

/** All paths of the one tunnel lead to the other one from now on, and it is none of the tunnels any more. The first peers of both are the
 * same gateway. */
void tunnel_join(struct tunnel_table *table, struct tunnel *from, struct tunnel *into);

/** The tunnel that it is a part of by now: itself, unless it was joined with another one. */
const struct tunnel *tunnel_whole(const struct tunnel *tunnel);

/** The peer that a flow comes from: 0 or 1, as in the tunnel's peer[]. */
unsigned flow_peer(const struct flow *flow);

/** The other direction. */
struct flow *flow_reverse(const struct flow *flow);

/** Whether what goes unanswered in the flow is other traffic than what was answered in it: none of its packets is as long as one of those. */
bool flow_asks_for_nothing(const struct flow *flow);

/** The first tunnel in order of appearance; the others follow by next. */
struct tunnel *tunnel_first(const struct tunnel_table *table);

/** How many there are. */
uint32_t tunnel_count(const struct tunnel_table *table);

/** How many were opened, with those that were joined: each tunnel's number is below that. */
uint32_t tunnel_opened(const struct tunnel_table *table);

#endif /* SPISCOPE_TUNNEL_H */

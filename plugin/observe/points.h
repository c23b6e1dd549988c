/* points.h
 * Where a frame was captured: on which interface of the file, between which two stations of Ethernet, and how many hops it may still go.
 * Interfaces are capture points (mergecap -I none keeps them apart). What else tells points apart is track's to find out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_POINTS_H
#define SPISCOPE_POINTS_H

#include <epan/packet.h>
#include <wiretap/wtap.h>

#include "../event.h"
#include "places.h"

struct points;

/** Owned by pool. */
struct points *points_create(wmem_allocator_t *pool);

/** The number of the interface that a frame came from, as a point. */
uint8_t points_interface(struct points *points, const packet_info *pinfo);

/** Where the frame was captured that is being walked through, but for its interface. */
static inline struct sighting
points_sighting(const struct place *place)
{
    /* the last four bytes of each MAC address (IEEE 802.3 section 3.2.3); and before the source address of an IP header its TTL or hop limit
     * (RFC 791 section 3.1, RFC 8200 section 3) */
    enum { MAC_DESTINATION = 2, MAC_SOURCE = 8, TTL_BEFORE_SOURCE = 4, HOP_LIMIT_BEFORE_SOURCE = 1 };
    const struct carrier *carrier = place->carrier;
    bool is_ipv4 = carrier->address_length == IPV4_LENGTH;
    struct sighting sighting = { .ttl = *(carrier->source - (is_ipv4 ? TTL_BEFORE_SOURCE : HOP_LIMIT_BEFORE_SOURCE)) };
    uint32_t one, other;

    if (place->ethernet) {
        memcpy(&one, place->ethernet + MAC_DESTINATION, sizeof one);
        memcpy(&other, place->ethernet + MAC_SOURCE, sizeof other);
        sighting.link = (one + other) ^ (one * other);
    }
    return sighting;
}

/** Whether the file tells interfaces apart. */
static inline bool
points_have_interfaces(const packet_info *pinfo)
{
    return (pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID) != 0;
}

/** How many interfaces there are that frames came from, or that the file names before; POINTS_AT_MOST at most. */
unsigned points_count(const struct points *points);

/** The interface's name, or else its description; NULL where the file gives neither. */
const char *points_name(const struct points *points, unsigned point);

#endif /* SPISCOPE_POINTS_H */

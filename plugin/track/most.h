/* most.h
 * How much is tracked of what costs memory: shares of max_sas, so that one preference bounds all. With its default of a million, all of it
 * together stays below 2 GB; test/bench measures what each costs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_MOST_H
#define SPISCOPE_MOST_H

#include <stdint.h>

/** Messages for each SA. */
#define IKE_MESSAGES_PER_SA 3

/** SAs for each one. */
enum share_of_sas {
    SHARE_IKE_SAS = 4,
    SHARE_ADDRESSES = 4,            /**< that SAs and tunnels move to, of each */
    SHARE_TUNNELS = 8
};

/** So many of them at most. Where max_sas is small there may be as many as SAs: a gateway whose tunnels have one SA each. */
static inline uint32_t
most_of(uint32_t max_sas, enum share_of_sas share)
{
    enum { SMALL = 1000 };
    uint32_t small = max_sas < SMALL ? max_sas : SMALL, most = max_sas / (uint32_t)share;

    return most > small ? most : small;
}

/** IKE SAs that were only asked for: a scan, or answers to forged addresses. They leave a quarter of the tunnels' room to those of which a
 * responder took part. */
static inline uint32_t
most_half_open(uint32_t max_sas)
{
    uint32_t tunnels = most_of(max_sas, SHARE_TUNNELS), reserve = tunnels / 4;

    return tunnels - reserve;
}

#endif /* SPISCOPE_MOST_H */

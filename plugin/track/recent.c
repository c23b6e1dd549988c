/* recent.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "recent.h"

#include "../clock.h"

#define COPY_WITHIN_MS 10

/* Knuth's multiplicative hash: its upper half spreads numbers that follow each other, as those of SAs that count alike. */
#define SPREAD 2654435761U
#define UPPER_HALF 16

static unsigned
slot_of(uint32_t sa, uint32_t sequence)
{
    return (sequence ^ ((sa * SPREAD) >> UPPER_HALF)) % RECENT_SLOTS;
}

void
recent_add(struct recent *recent, uint32_t sa, const struct ipsec_packet *packet)
{
    struct recent_slot *slot = &recent->slot[slot_of(sa, packet->sequence)];

    slot->time = packet->time;
    slot->sa = sa;
    slot->sequence = packet->sequence;
    slot->fingerprint = packet->fingerprint;
    slot->frame = packet->frame;
}

bool
recent_knows(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *slot = &recent->slot[slot_of(sa, packet->sequence)];

    return slot->frame != 0 && slot->sa == sa && slot->sequence == packet->sequence
            && slot->fingerprint == packet->fingerprint;
}

bool
recent_has_copy(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *slot = &recent->slot[slot_of(sa, packet->sequence)];

    return recent_knows(recent, sa, packet)
            && !clock_passed_ms(&slot->time, &packet->time, COPY_WITHIN_MS)
            && !clock_passed_ms(&packet->time, &slot->time, COPY_WITHIN_MS);
}

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

static bool
is_at_once(const nstime_t *one, const nstime_t *other)
{
    return !clock_passed_ms(one, other, COPY_WITHIN_MS) && !clock_passed_ms(other, one, COPY_WITHIN_MS);
}

/* Places among which a message has one. */
#define RECENT_PLACES 8

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
    slot->seen = packet->seen;
}

const struct recent_slot *
recent_find(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *slot = &recent->slot[slot_of(sa, packet->sequence)];

    return slot->frame != 0 && slot->sa == sa && slot->sequence == packet->sequence
            && slot->fingerprint == packet->fingerprint ? slot : NULL;
}

bool
recent_has_copy(const struct recent *recent, uint32_t sa, const struct ipsec_packet *packet)
{
    const struct recent_slot *slot = recent_find(recent, sa, packet);

    return slot && is_at_once(&slot->time, &packet->time);
}

/* The i-th place of a message: those with the same bytes stand beside each other. */
static unsigned
message_slot_of(const struct ike_message *message, unsigned i)
{
    return ((message->fingerprint ^ (uint32_t)message->initiator_spi) + i) % RECENT_MESSAGES;
}

void
recent_add_message(struct recent *recent, const struct ike_message *message, struct flow *flow, bool is_answer)
{
    struct recent_message *slot = &recent->message[message_slot_of(message, 0)];

    for (unsigned i = 1; i < RECENT_PLACES; i++) {
        struct recent_message *other = &recent->message[message_slot_of(message, i)];
        if (other->frame < slot->frame)
            slot = other;           /* free, or the oldest of them */
    }
    *slot = (struct recent_message){ .time = message->time, .initiator_spi = message->initiator_spi, .fingerprint = message->fingerprint,
            .frame = message->frame, .seen = message->seen, .is_answer = is_answer, .flow = flow };
}

const struct recent_message *
recent_find_message(const struct recent *recent, const struct ike_message *message)
{
    const struct recent_message *latest = NULL;

    for (unsigned i = 0; i < RECENT_PLACES; i++) {
        const struct recent_message *slot = &recent->message[message_slot_of(message, i)];
        bool is_same = slot->frame != 0 && slot->initiator_spi == message->initiator_spi && slot->fingerprint == message->fingerprint;
        if (is_same && (!latest || slot->frame > latest->frame))
            latest = slot;
    }
    return latest;
}

bool
recent_has_copy_of(const struct recent *recent, const struct ike_message *message)
{
    const struct recent_message *slot = recent_find_message(recent, message);

    return slot && is_at_once(&slot->time, &message->time);
}

/* The first one is 0. */
static unsigned
point_by_ttl(const struct recent_error *slot, uint8_t ttl)
{
    return slot->ttl == ttl ? 0 : 1 + (ttl % (POINTS_AT_MOST - 1));
}

bool
recent_take_error(struct recent *recent, const struct icmp_error *error, unsigned point, uint32_t within)
{
    struct recent_error *oldest = &recent->error[error->fingerprint % RECENT_ERRORS];

    for (unsigned i = 0; i < RECENT_PLACES; i++) {
        struct recent_error *slot = &recent->error[(error->fingerprint + i) % RECENT_ERRORS];
        unsigned at = point == RECENT_BY_TTL ? point_by_ttl(slot, error->seen.ttl) : point;
        bool is_near = !clock_passed(&slot->time, &error->time, within) && !clock_passed(&error->time, &slot->time, within);
        if (slot->frame != 0 && slot->fingerprint == error->fingerprint && is_near && !(slot->points & 1U << at)) {
            slot->points |= (uint8_t)(1U << at);
            return true;
        }
        if (slot->frame < oldest->frame)
            oldest = slot;
    }
    *oldest = (struct recent_error){ .time = error->time, .fingerprint = error->fingerprint, .frame = error->frame,
            .points = (uint8_t)(1U << (point == RECENT_BY_TTL ? 0 : point)), .ttl = error->seen.ttl };
    return false;
}

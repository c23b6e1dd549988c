/* collision.c
 * rekey_collision: both peers had a rekey of one SA outstanding at once (RFC 7296 section 2.8.1).
 *
 * synchronised_timers: that happened again: both peers' timers run out at the same moment. Said once
 * a tunnel, on the second collision.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#define COLLISIONS_AT_LEAST 2

static void
judge_collision(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->collision.exchange, *other = change->collision.other;
    struct tunnel_memory *memory = memory_of(judge->memory, exchange->flow->tunnel);
    struct finding *finding = judge_exchange(judge, FINDING_REKEY_COLLISION, CONFIDENCE_PROVEN, exchange);

    if (finding) {
        finding->other_exchange = other;
        finding_rests_on(finding, other->request_frame);
    }
    if (++memory->collisions < COLLISIONS_AT_LEAST || memory->synchronised_timers_said)
        return;
    memory->synchronised_timers_said = true;
    finding = judge_exchange(judge, FINDING_SYNCHRONISED_TIMERS, CONFIDENCE_INFERRED, exchange);
    if (finding) {
        finding->number = memory->collisions;
        finding_rests_on(finding, other->request_frame);
    }
}

const struct rule rule_collision = { .on = ON(COLLISION), .judge = judge_collision };

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

void
judge_collision(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_COLLISION)
        return;
    struct tunnel *tunnel = change->exchange->flow->tunnel;
    struct finding *finding = judge_exchange(judge, FINDING_REKEY_COLLISION, CONFIDENCE_PROVEN, change->exchange);

    if (finding) {
        finding->other_exchange = change->other_exchange;
        finding_rests_on(finding, change->other_exchange->request_frame);
    }
    if (++tunnel->collisions < COLLISIONS_AT_LEAST || tunnel->said.synchronised_timers)
        return;
    tunnel->said.synchronised_timers = true;
    finding = judge_exchange(judge, FINDING_SYNCHRONISED_TIMERS, CONFIDENCE_INFERRED, change->exchange);
    if (finding) {
        finding->number = tunnel->collisions;
        finding_rests_on(finding, change->other_exchange->request_frame);
    }
}

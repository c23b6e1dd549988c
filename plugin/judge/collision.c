/* collision.c
 * rekey_collision: both peers had a rekey of one SA outstanding at once (RFC 7296 section 2.8.1).
 *
 * synchronised_timers: that happened again: both peers' timers run out at the same moment. Said once
 * a tunnel, on the second collision.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../words/ike_words.h"
#include "../words/vendors.h"

#define COLLISIONS_AT_LEAST 2

struct synchronised {
    uint32_t times;
};

static void
judge_collision(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->collision.exchange, *other = change->collision.other;
    struct tunnel_memory *memory = memory_of(judge->memory, exchange->flow->tunnel);
    struct finding *finding = judge_exchange(judge, FINDING_REKEY_COLLISION, CONFIDENCE_PROVEN, exchange, 0);

    if (finding) {
        finding->other_exchange = other;
        finding_rests_on(finding, other->request_frame);
    }
    if (++memory->collisions < COLLISIONS_AT_LEAST || memory->synchronised_timers_said)
        return;
    memory->synchronised_timers_said = true;
    finding = judge_exchange(judge, FINDING_SYNCHRONISED_TIMERS, CONFIDENCE_INFERRED, exchange, sizeof(struct synchronised));
    if (!finding)
        return;
    struct synchronised *synchronised = finding->detail;
    synchronised->times = memory->collisions;
    finding_rests_on(finding, other->request_frame);
}

static char *
text_collision(const struct words *words, const struct finding *finding)
{
    return wmem_strdup_printf(words->scope, "%s began to rekey an SA that %s was rekeying already (frame %u)",
            words_requester(words, finding->exchange), words_responder(words, finding->exchange),
            finding->other_exchange->request_frame);
}

static char *
text_synchronised(const struct words *words, const struct finding *finding)
{
    const struct synchronised *synchronised = finding->detail;

    return wmem_strdup_printf(words->scope, "Both peers began the rekey of the same SA at once, %s", words_times(words, synchronised->times));
}

#define CHECK { "Rekey times: let one peer begin earlier than the other, or spread them", VENDORS_REKEY_SPREAD }

const struct rule rule_collision = {
    .on = ON(COLLISION), .judge = judge_collision,
    .findings = {
        { FINDING_REKEY_COLLISION, .text = text_collision,
            .meaning = "Both peers rekeyed at once. The protocol resolves this; some implementations do not.",
            .check = CHECK },
        { FINDING_SYNCHRONISED_TIMERS, .text = text_synchronised,
            .meaning = "Both peers' timers run out together, so that their rekeys collide each time.",
            .check = CHECK },
    }
};

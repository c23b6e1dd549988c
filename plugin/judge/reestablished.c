/* reestablished.c
 * reestablished: the tunnel was set up anew, by an initial exchange, although it had been up before. It is no rekey, which goes on
 * within the IKE SA that there is (RFC 7296 section 1.3); nor are IKE SAs that both peers began at once. Re-authentication
 * is done in this way, too (section 2.8.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"

/* IKE SAs of the tunnel that are looked through: beyond that it is a flood. */
#define LOOKED_AT_MOST 64

struct reestablished {
    uint32_t before;                /* the number of the IKE SA before it */
    nstime_t after;                 /* since that one began */
};

static const struct ike_sa *
one_before(const struct ike_sa *ike_sa)
{
    unsigned looked_at = 0;

    for (const struct ike_sa *old = ike_sa->tunnel_older; old && looked_at < LOOKED_AT_MOST; old = old->tunnel_older, looked_at++)
        if (old->established && clock_compare(&old->established_time, &ike_sa->first_time) < 0)
            return old;
    return NULL;
}

/* IKEv1 has no rekey of phase 1: it is set up again beside the phase 2 that lives on (RFC 2409 section 5). */
static bool
is_phase1_alone(const struct ike_sa *ike_sa)
{
    return ike_sa->version < 2 && !ike_sa->flow->tunnel->service.in_doubt;
}

static void
judge_reestablished(struct judge *judge, const struct change *change)
{
    const struct ike_sa *ike_sa = change->ike_sa, *old = one_before(ike_sa);

    if (!old || !ike_sa->set_up || is_phase1_alone(ike_sa))
        return;
    struct finding *finding = judge_ike_sa(judge, FINDING_REESTABLISHED, CONFIDENCE_PROVEN, ike_sa, sizeof(struct reestablished));
    if (!finding)
        return;
    *(struct reestablished *)finding->detail = (struct reestablished){ old->id, clock_elapsed(&old->first_time, &ike_sa->first_time) };
    finding_rests_on(finding, old->first_frame);
    finding_rests_on(finding, ike_sa->first_frame);
}

static char *
text_reestablished(const struct words *words, const struct finding *finding)
{
    const struct reestablished *anew = finding->detail;

    return wmem_strdup_printf(words->scope, "%s set the tunnel up anew, %s after IKE SA %u began",
            words_endpoint(words, &finding->ike_sa->flow->source), words_duration(words, &anew->after), anew->before);
}

const struct rule rule_reestablished = {
    .on = ON(CONTACT), .judge = judge_reestablished,
    .findings = {
        { FINDING_REESTABLISHED, .text = text_reestablished,
            .meaning = "Another IKE SA was set up for this tunnel, which is no rekey: something ended the old one, or a peer re-authenticates." },
    }
};

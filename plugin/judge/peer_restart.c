/* peer_restart.c
 * peer_restart: a new IKE SA was set up while an old one between the two was alive: no Delete, no
 * failed exchange. Proven where a peer announced INITIAL_CONTACT, which says that it knows of no
 * other (RFC 7296 section 2.4); inferred where the old IKE SA and its children fell silent when the new
 * one began; suspected where that is all that can be seen, without keys. IKE SAs that both peers began
 * at once are no restart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../clock.h"

static enum confidence
confidence_in(const struct ike_sa *began)
{
    if (began->initial_contact)
        return CONFIDENCE_PROVEN;
    return began->children ? CONFIDENCE_INFERRED : CONFIDENCE_SUSPECTED;
}

static void
judge_peer_restart(struct judge *judge, const struct change *change)
{
    const struct ike_sa *began = change->ike_sa, *old = began->displaced;

    if (!old)
        return;
    struct finding *finding = findings_add(judge->findings, FINDING_PEER_RESTART, confidence_in(began), judge->frame, &judge->time);

    if (!finding)
        return;
    findings_file(judge->findings, finding, began->flow->tunnel);
    finding->ike_sa = began;
    finding->span = clock_elapsed(&old->first_time, &began->first_time);
    finding_rests_on(finding, old->first_frame);
    finding_rests_on(finding, old->last_frame);
    finding_rests_on(finding, began->first_frame);
}

const struct rule rule_peer_restart = { .on = ON(CONTACT) | ON(DISPLACED), .judge = judge_peer_restart };

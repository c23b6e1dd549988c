/* pfs_mismatch.c
 * pfs_mismatch: inferred: the child SA of IKE_AUTH, which needs no key exchange of its own, was set
 * up, and every rekey that brings a key exchange (perfect forward secrecy) was refused over its
 * proposal or its group. Said on the second refusal, once a tunnel. Without keys it is suspected: the
 * answers to all rekeys were too small to accept anything, after an IKE_AUTH that did.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/envelope.h"

struct pfs {
    unsigned refused;               /* rekeys */
};

#define REFUSED_AT_LEAST 2

/* How far back exchanges and IKE SAs are looked at. */
#define LOOKED_AT_MOST 256

struct pfs_record {
    bool auth_child;
    bool rekeyed;
    bool unreadable;
    unsigned refused;
    uint32_t refused_frame;
};

static void
look_at(const struct exchange *exchange, struct pfs_record *record)
{
    bool with_ke = exchange->type == IKE2_CREATE_CHILD_SA && exchange->request && exchange->request->has_ke
            && exchange->request->proposals > 0 && exchange->request->proposal[0].protocol != IKE_PROTOCOL_IKE;

    bool auth_unreadable = exchange->type == IKE2_IKE_AUTH && exchange->response_frame != 0 && !exchange->response
            && envelope_holds_at_most(exchange->ike_sa, exchange->response_length) >= SMALLEST_AUTH_CHILD_ANSWER;

    if (exchange->type == IKE2_IKE_AUTH && (exchange->child || auth_unreadable))
        record->auth_child = true;
    if (exchange->type == IKE2_CREATE_CHILD_SA && !exchange->request && exchange->response_frame != 0) {
        record->rekeyed |= !exchange->refused_unread;
        record->unreadable = true;
        record->refused += exchange->refused_unread && !exchange->tried_again;
        record->refused_frame = exchange->response_frame;
    }
    if (with_ke && exchange->outcome == EXCHANGE_ANSWERED)
        record->rekeyed = true;
    if (with_ke && exchange->outcome == EXCHANGE_REFUSED && (exchange->error == NOTIFY_NO_PROPOSAL_CHOSEN
            || exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD)) {
        record->refused++;
        record->refused_frame = exchange->response_frame;
    }
}

static void
judge_pfs_mismatch(struct judge *judge, const struct change *change)
{
    if (change->exchange->outcome != EXCHANGE_REFUSED || change->exchange->type != IKE2_CREATE_CHILD_SA)
        return;
    const struct tunnel *tunnel = change->exchange->flow->tunnel;
    struct tunnel_memory *memory = memory_of(judge->memory, tunnel);
    struct pfs_record record = { 0 };
    unsigned looked_at = 0;
    if (memory->pfs_mismatch_said)
        return;
    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older, looked_at++)
        for (const struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++)
            look_at(exchange, &record);
    if (!record.auth_child || record.rekeyed || record.refused < REFUSED_AT_LEAST)
        return;
    memory->pfs_mismatch_said = true;
    struct finding *finding = judge_exchange(judge, FINDING_PFS_MISMATCH,
            record.unreadable ? CONFIDENCE_SUSPECTED : CONFIDENCE_INFERRED, change->exchange, sizeof(struct pfs));
    if (!finding)
        return;
    struct pfs *pfs = finding->detail;
    pfs->refused = record.refused;
    finding_rests_on(finding, record.refused_frame);
}

static char *
text_pfs_mismatch(const struct words *words, const struct finding *finding)
{
    const struct pfs *pfs = finding->detail;

    return wmem_strdup_printf(words->scope, "The first child SA works, but %u rekeys with a key exchange were refused. "
            "Compare the PFS (DH) group of phase 2 on both peers", pfs->refused);
}

const struct rule rule_pfs_mismatch = {
    .on = ON(ANSWERED) | ON(REFUSED_UNREAD), .judge = judge_pfs_mismatch,
    .findings = {
        { FINDING_PFS_MISMATCH, .text = text_pfs_mismatch,
            .meaning = "The first SA needs no key exchange and works; each rekey needs one and fails, so that the tunnel "
                "drops when the first SA ends.",
            .check = "The PFS (DH) group of phase 2 on both peers." },
    }
};

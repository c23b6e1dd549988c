/* pfs_mismatch.c
 * pfs_mismatch: inferred: the child SA of IKE_AUTH, which needs no key exchange of its own, was set up, and one peer's rekeys
 * were refused over the proposal or the group, each time, because they bring a key exchange (perfect forward secrecy), or because they
 * bring none: none of that kind was ever accepted by the other peer, nor asked for by it, and accepted: who asks so itself does not
 * refuse it for that. What was said too soon is taken back, once that comes. One refusal tells, where what it offers is what was agreed on for
 * the child of IKE_AUTH, but for the group: there is nothing else to refuse. Else at least two, and where they bring none, one that
 * brings it must have been accepted, or INVALID_KE_PAYLOAD have demanded it. Said once a tunnel, and only of what was read: the size of
 * an answer does not tell why it is a refusal.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../track/refusal.h"
#include "../words/vendors.h"

struct pfs {
    unsigned refused;               /* rekeys */
    bool with_ke;                   /* they bring a key exchange */
    bool same_otherwise;            /* the latest offers what was accepted, but for the group */
};

#define REFUSED_AT_LEAST 2

/* How far back exchanges and IKE SAs are looked at. */
#define LOOKED_AT_MOST 256

/* What became of one peer's child negotiations. */
struct pfs_record {
    const struct exchange *auth;    /* that made a child */
    bool accepted[2];               /* without, with a key exchange */
    unsigned refused[2];
    bool asked_back;                /* the other peer asked for the same key exchange, or for none either, and got it */
    bool demanded;
    uint32_t refused_frame;
};

static bool
is_about_child(const struct exchange *exchange)
{
    return exchange->type == IKE2_CREATE_CHILD_SA && exchange->request && !refusal_is_of_ike_sa(exchange);
}

/* Whether the peer that refuses the one asked for the other, which has the same key exchange, or none either, and got it. */
static bool
is_asked_back(const struct exchange *refused, const struct exchange *other)
{
    return is_about_child(other) && other->flow != refused->flow && other->outcome == EXCHANGE_ANSWERED
            && other->request->has_ke == refused->request->has_ke && other->request->ke_group == refused->request->ke_group;
}

static void
look_at(const struct exchange *exchange, const struct exchange *refused, struct pfs_record *record)
{
    if (exchange->type == IKE2_IKE_AUTH && exchange->child && !record->auth)
        record->auth = exchange;
    record->asked_back |= is_asked_back(refused, exchange);
    if (!is_about_child(exchange) || exchange->flow != refused->flow)
        return;
    unsigned with_ke = exchange->request->has_ke ? 1 : 0;
    record->accepted[with_ke] |= exchange->outcome == EXCHANGE_ANSWERED;
    if (exchange->outcome != EXCHANGE_REFUSED || exchange->tried_again)
        return;
    record->demanded |= exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD;
    if (exchange->error != NOTIFY_NO_PROPOSAL_CHOSEN && exchange->error != IKE2_NOTIFY_INVALID_KE_PAYLOAD)
        return;
    record->refused[with_ke]++;
    if (record->refused_frame == 0)     /* the one before the latest is as good as any */
        record->refused_frame = exchange->response_frame;
}

/* Looks back at the tunnel's exchanges. */
static struct pfs_record
look_back(const struct exchange *refused)
{
    struct pfs_record record = { 0 };
    unsigned looked_at = 0;

    for (const struct ike_sa *ike_sa = refused->flow->tunnel->ike_sas; ike_sa && looked_at < LOOKED_AT_MOST; ike_sa = ike_sa->tunnel_older, looked_at++)
        for (const struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++)
            look_at(exchange, refused, &record);
    return record;
}

static bool
has_transform(const struct proposal *proposal, const struct transform *wanted)
{
    for (unsigned i = 0; i < proposal->transforms; i++) {
        const struct transform *transform = &proposal->transform[i];
        if (transform->type == wanted->type && transform->id == wanted->id && transform->key_length == wanted->key_length)
            return true;
    }
    return false;
}

/* Whether the one proposal offers all that the other one, which was chosen, has, whatever groups there are. */
static bool
offers_choice(const struct proposal *offered, const struct proposal *chosen)
{
    unsigned same = 0;

    if (offered->protocol != chosen->protocol || chosen->incomplete)
        return false;
    for (unsigned i = 0; i < chosen->transforms; i++) {
        if (chosen->transform[i].type == TRANSFORM_KE)
            continue;
        if (!has_transform(offered, &chosen->transform[i]))
            return false;
        same++;
    }
    return same > 0;
}

/* Whether the request was refused over its proposal, and offers what was chosen for the child of IKE_AUTH. INVALID_KE_PAYLOAD only asks
 * for another group. */
static bool
is_same_otherwise(const struct exchange *auth, const struct exchange *exchange)
{
    const struct offer *chosen = auth->response, *request = exchange->request;

    if (exchange->error != NOTIFY_NO_PROPOSAL_CHOSEN || !chosen || chosen->proposals != 1)
        return false;
    for (unsigned i = 0; i < request->proposals; i++)
        if (offers_choice(request->proposal[i], chosen->proposal[0]))
            return true;
    return false;
}

static void
judge_accepted(struct judge *judge, const struct exchange *accepted)
{
    const struct finding_file *file = findings_of(judge->findings, accepted->flow->tunnel);
    struct finding *said = file ? finding_file_latest(file, FINDING_PFS_MISMATCH) : NULL;

    if (said && is_asked_back(said->exchange, accepted))
        findings_take_back_one(judge->findings, said);
}

static void
judge_refused(struct judge *judge, const struct exchange *exchange)
{
    struct tunnel_memory *memory = memory_of(judge->memory, exchange->flow->tunnel);
    if (memory->pfs_mismatch_said)
        return;
    struct pfs_record record = look_back(exchange);
    unsigned with_ke = exchange->request->has_ke ? 1 : 0;
    if (!record.auth || record.accepted[with_ke] || record.refused[with_ke] == 0 || record.asked_back)
        return;
    bool same_otherwise = is_same_otherwise(record.auth, exchange);
    bool wants_it = with_ke == 1 || record.accepted[1] || record.demanded;
    if (!same_otherwise && (!wants_it || record.refused[with_ke] < REFUSED_AT_LEAST))
        return;
    memory->pfs_mismatch_said = true;
    struct finding *finding = judge_exchange(judge, FINDING_PFS_MISMATCH, CONFIDENCE_INFERRED, exchange, sizeof(struct pfs));
    if (!finding)
        return;
    *(struct pfs *)finding->detail = (struct pfs){ record.refused[with_ke], with_ke == 1, same_otherwise };
    finding_rests_on(finding, record.refused_frame);
}

static void
judge_pfs_mismatch(struct judge *judge, const struct change *change)
{
    const struct exchange *exchange = change->exchange;

    if (is_about_child(exchange) && exchange->outcome == EXCHANGE_ANSWERED)
        judge_accepted(judge, exchange);
    else if (exchange->type == IKE2_CREATE_CHILD_SA && exchange->request && exchange->outcome == EXCHANGE_REFUSED)
        judge_refused(judge, exchange);
}

static char *
text_pfs_mismatch(const struct words *words, const struct finding *finding)
{
    const struct pfs *pfs = finding->detail;

    return wmem_strdup_printf(words->scope, "The first child SA works, but %s %s a key exchange %s refused%s",
            words_count(words, pfs->refused, "rekey", "rekeys"), pfs->with_ke ? "with" : "without", pfs->refused == 1 ? "was" : "were",
            pfs->same_otherwise ? ", though what is offered is otherwise what was accepted before" : "");
}

const struct rule rule_pfs_mismatch = {
    .on = ON(ANSWERED), .judge = judge_pfs_mismatch,
    .findings = {
        { FINDING_PFS_MISMATCH, .text = text_pfs_mismatch,
            .meaning = "The first SA needs no key exchange of its own and works; the peers differ about the rekeys', which fail, so that "
                "the tunnel drops when the first SA ends.",
            .check = { "PFS (DH group) of phase 2: the same on both peers, or off on both", VENDORS_PFS } },
    }
};

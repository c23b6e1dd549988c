/* cause_refused.c
 * Causes that a refusal names, or hides. What was refused explains a trouble only if it was not made good before the trouble was
 * felt: a rekey that was refused, and then accepted, ended nothing, nor did a set-up that was refused before the one that worked.
 * Where the other peer's were accepted, only its own direction is out of step: that ends nothing by itself either, but a direction
 * that is silent, or traffic that is dropped, may be its effect. Where several were refused, the first one counts: the others follow
 * from it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cause.h"

#include "../track/walk.h"

/* Rekeys that are looked through, back from the latest. */
#define LOOKED_AT_MOST 64

/* Which peers' rekeys were accepted after the refusal and before the trouble was felt: a bit for each, as far as it was seen who asked. */
static unsigned
accepted_since(const struct view *view, const struct trouble *trouble, const struct finding *refused)
{
    const struct finding *rekey = view_find_last(view, trouble, FINDING_REKEY);
    unsigned peers = 0;

    for (unsigned looked_at = 0; rekey && rekey->frame > refused->frame && looked_at < LOOKED_AT_MOST; rekey = rekey->older, looked_at++) {
        const struct exchange *origin = rekey->other ? rekey->other->origin : NULL;
        peers |= origin ? 1U << flow_peer(origin->flow) : 3U;
    }
    return peers;
}

/* Whether the IKE SA came to a child, as far as can be seen: it was accepted with all that it asked for. */
static bool
came_to_child(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;
    bool any = ike_sa->version >= 2;

    if (!ike_sa->established || ike_sa->stuck_said || ike_sa->small_auth)
        return false;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->outcome == EXCHANGE_REFUSED && exchange->type != IKE2_CREATE_CHILD_SA)
            return false;
        any |= exchange->type == IKE1_QUICK_MODE && exchange->steps >= QUICK_MODE_MESSAGES;
    }
    return any;
}

/* The IKE SA before whose set-up all refusals were made good: the one that an outage ended; else, where it is the set-up that the trouble is about,
 * or there is none, the latest that came to a child. */
static const struct ike_sa *
accepted_before(const struct view *view, const struct trouble *trouble)
{
    const struct ike_sa *ike_sa;

    if (trouble->outage || (trouble->kind != TROUBLE_REBUILT && trouble->kind != TROUBLE_NOT_UP && trouble->kind != TROUBLE_NONE))
        return trouble->outage ? trouble->outage->ended_ike : NULL;
    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (ike_sa->established_frame <= trouble->begin_frame && came_to_child(ike_sa))
            return ike_sa;
    return NULL;
}

/* The trouble with its window narrowed: it begins where that IKE SA was accepted, or the one from which it descends by rekeys. */
static struct trouble
since_set_up(const struct view *view, const struct trouble *trouble)
{
    struct trouble narrowed = *trouble;
    const struct ike_sa *ike_sa = accepted_before(view, trouble);

    for (unsigned looked_at = 0; ike_sa && !ike_sa->set_up && looked_at < LOOKED_AT_MOST; looked_at++)
        ike_sa = ike_sa->predecessor;
    if (ike_sa && ike_sa->set_up && ike_sa->established && ike_sa->established_frame <= trouble->begin_frame)
        narrowed.since_frame = MAX(narrowed.since_frame, ike_sa->established_frame - 1);
    return narrowed;
}

/* Whether the trouble may be the effect of SAs that one peer's rekeys did not make, while the other's did. */
static bool
may_be_out_of_step(const struct trouble *trouble)
{
    return trouble->kind == TROUBLE_ONE_WAY || trouble->kind == TROUBLE_DEGRADED
            || (trouble->outage && trouble->outage->how == OUTAGE_SILENCE);
}

/* When the latest IKE SA came up after a set-up was refused: a peer that accepts one does not refuse them; 0 where none did, or it was no set-up that was
 * refused. */
static uint32_t
set_up_after(const struct view *view, const struct finding *refused)
{
    const struct ike_sa *ike_sa;

    if (!refused->exchange || !exchange_is_initial(refused->exchange->type))
        return 0;
    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (ike_sa->established && ike_sa->established_frame > refused->frame)
            return ike_sa->established_frame;
    return 0;
}

/* The first refusal since the last rekey that was accepted before the trouble was felt; NULL where there is none. */
static const struct finding *
refused_since_rekey(const struct view *view, struct trouble *trouble, enum finding_key key, enum confidence least)
{
    const struct finding *rekey = view_find_last(view, trouble, FINDING_REKEY);

    trouble->since_frame = MAX(trouble->since_frame, rekey ? rekey->frame : 0);
    const struct finding *found = view_find(view, trouble, key, least);
    return found && found->frame <= trouble->begin_frame && !finding_is_overcome(found) ? found : NULL;
}

/* The frame up to which a refusal explains nothing, or 0. Anybody may have asked for a set-up that was refused while the tunnel carried its traffic: who lost
 * the tunnel for that asks again, and is refused again. */
static uint32_t
thrown_in_before(const struct view *view, const struct trouble *trouble, const struct finding *refused)
{
    if (trouble->kind == TROUBLE_NOT_UP)
        return set_up_after(view, refused);
    bool is_set_up = refused->exchange && exchange_is_initial(refused->exchange->type);
    return trouble->outage && is_set_up && refused->frame < trouble->outage->begin_frame && finding_is_hearsay(refused)
            ? trouble->outage->begin_frame : 0;
}

/* Whether the IKE SA was accepted behind the frame, or was before, and both its peers were heard on it behind the frame. */
static bool
came_further(const struct ike_sa *ike_sa, uint32_t frame)
{
    return ike_sa->init && ike_sa->set_up
            && (ike_sa->first_frame > frame || (ike_sa->established && ike_sa->heard_frame[0] > frame && ike_sa->heard_frame[1] > frame));
}

/* Whether it is the only refusal of its kind, of a set-up whose peers came further with another one: what they offer each other fits, and anybody may
 * have sent the one that did not. */
static bool
is_exception(const struct view *view, const struct finding *refused)
{
    const struct exchange *exchange = refused->exchange;
    const struct ike_sa *ike_sa;

    if (!exchange || exchange->type != IKE2_IKE_SA_INIT || refused->older || refused != finding_file_latest(view->file, refused->key))
        return false;
    WALK(ike_sa, view->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (came_further(ike_sa, refused->frame))
            return true;
    return false;
}

/* The trouble's first refusal of this key, if it was not made good. */
static const struct finding *
first_refusal(const struct view *view, const struct trouble *trouble, enum finding_key key, enum confidence least)
{
    struct trouble narrowed = since_set_up(view, trouble);
    const struct finding *found = view_find(view, &narrowed, key, least);
    uint32_t before = found ? thrown_in_before(view, trouble, found) : 0;

    if (before > 0) {
        narrowed.since_frame = before;
        found = view_find(view, &narrowed, key, least);
    }
    if (found && (is_exception(view, found) || (!trouble->outage && view_is_thrown_in(view, found))))
        return NULL;
    if (!found || finding_is_overcome(found) || trouble->kind == TROUBLE_NOT_UP)
        return found && !finding_is_overcome(found) ? found : NULL;
    unsigned accepted = accepted_since(view, trouble, found);
    if (accepted == 0)
        return found;
    bool own = !found->exchange || (accepted & (1U << flow_peer(found->exchange->flow))) != 0;
    return own || !may_be_out_of_step(trouble) ? refused_since_rekey(view, &narrowed, key, least) : found;
}

/* Whether who began phase 1 of IKEv1 refuses what the other one said last. */
static bool
is_by_initiator(const struct exchange *exchange)
{
    return exchange_is_phase1(exchange) && exchange->outcome == EXCHANGE_REFUSED && !exchange->awaited_by_requester;
}

/* Who refused: the peer that was asked; the one that says so in an exchange of its own; of XAuth, the one that asks. */
static int8_t
refusing_peer(const struct exchange *exchange)
{
    unsigned began = flow_peer(exchange->flow);
    bool by_who_began = exchange->type == IKE1_TRANSACTION || exchange->type == IKE2_INFORMATIONAL || is_by_initiator(exchange);

    return (int8_t)(by_who_began ? began : 1 - began);
}

static bool
claim_refusal(const struct view *view, const struct trouble *trouble, enum finding_key key, enum confidence least,
        struct claim *claim)
{
    const struct finding *found = first_refusal(view, trouble, key, least);

    if (!found)
        return false;
    if (found->exchange)
        claim->by = refusing_peer(found->exchange);
    return claim_finding(claim, found);
}

bool
explain_authentication(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_AUTH_FAILED, CONFIDENCE_INFERRED, claim);
}

bool
explain_authentication_unread(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_AUTH_FAILED, CONFIDENCE_SUSPECTED, claim);
}

/* Whether a refusal is of the kind that a PFS mismatch makes: of a rekey, over its proposal or its key exchange. */
static bool
is_about_pfs(const struct finding *refused)
{
    const struct exchange *exchange = refused->exchange;

    return exchange && (exchange->type == IKE2_CREATE_CHILD_SA || exchange->type == IKE1_QUICK_MODE)
            && (exchange->error == NOTIFY_NO_PROPOSAL_CHOSEN || exchange->error == IKE2_NOTIFY_INVALID_KE_PAYLOAD);
}

/* It shows over several refusals, and is said once: it explains each trouble that such a refusal leads to. */
bool
explain_pfs(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    const struct finding *pfs = finding_file_best(view->file, FINDING_PFS_MISMATCH);
    const struct finding *refused = pfs && pfs->confidence >= CONFIDENCE_INFERRED
        ? first_refusal(view, trouble, FINDING_CHILD_REFUSED, CONFIDENCE_INFERRED) : NULL;

    if (!refused || !is_about_pfs(refused))
        return false;
    claim->by = (int8_t)(1 - flow_peer(refused->exchange->flow));
    claim_rests_on(claim, refused->frame);
    return claim_finding(claim, pfs);
}

bool
explain_proposal(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_NO_PROPOSAL, CONFIDENCE_SUSPECTED, claim);
}

bool
explain_proxy_id(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_PROXY_ID_MISMATCH, CONFIDENCE_PROVEN, claim);
}

bool
explain_refused(const struct view *view, const struct trouble *trouble, struct claim *claim)
{
    return claim_refusal(view, trouble, FINDING_CHILD_REFUSED, CONFIDENCE_INFERRED, claim)
            || claim_refusal(view, trouble, FINDING_IKE_REKEY_REFUSED, CONFIDENCE_INFERRED, claim);
}

/* succession.c
 * A rekey is followed by the Delete of what it replaces; on demand, the Delete comes first, and a silence before it; where the capture lacks just
 * that negotiation, the silence tells. Without keys, an INFORMATIONAL that is not proven to be empty stands for a Delete: one that follows the
 * CREATE_CHILD_SA within the handover grace makes it a rekey; one that the old SA's last packet precedes, and nothing but the new negotiation
 * follows, was its end. What was negotiated before the old SA was born took over from nothing. IKEv1 need not delete at a rekey.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "succession.h"

#include "../clock.h"
#include "../ike_registry.h"
#include "../track/child.h"
#include "../track/outage.h"
#include "../track/walk.h"
#include "rekey.h"

/* Deletes of an SA and of its IKE SA come together; liveness checks are repeated within two minutes, as in track/service.c. */
#define TOGETHER_SECONDS 1
#define SERIES_SECONDS 120

/* Packets are overtaken by no more: the path's delay differs by less from one to the next. */
#define OVERTAKEN_SECONDS 1

/* Exchanges of an IKE SA that are looked at. */
#define LOOKED_AT_MOST 16

static bool
is_informational(const struct exchange *exchange)
{
    return exchange->type == IKE1_INFORMATIONAL || exchange->type == IKE2_INFORMATIONAL;
}

/* A Delete of IKEv2 is answered; a request that is not is rather a liveness check. */
static bool
may_be_delete(const struct exchange *exchange)
{
    return is_informational(exchange) && !exchange->liveness && !exchange->is_no_delete && exchange->request_frame != 0
            && (exchange->type == IKE1_INFORMATIONAL || exchange->response_frame != 0);
}

/* Whether the Informational goes with an earlier one of the same peer, further apart than Deletes that are sent together: in IKEv1
 * so are liveness checks that nobody answers; in IKEv2 those of one size whose cipher, by which an empty one is known, was not read. */
static bool
is_in_series(const struct exchange *end, const struct exchange *before)
{
    if (!before || before->type != end->type || before->flow != end->flow
            || !clock_passed(&before->request_time, &end->request_time, TOGETHER_SECONDS))
        return false;
    if (end->type == IKE2_INFORMATIONAL)
        return !end->first.readable && !before->first.readable && before->request_length == end->request_length;
    return !clock_passed(&before->request_time, &end->request_time, SERIES_SECONDS);
}

/* Whether the SA had fallen silent by then, measured by its own rhythm. */
static bool
was_silent(const struct judge *judge, const struct sa *old, const nstime_t *idle)
{
    nstime_t used = clock_elapsed(&old->first_time, &old->last_time);
    double gap = old->sequence.packets > 1 ? nstime_to_sec(&used) / (double)(old->sequence.packets - 1) : 0;
    double silence = nstime_to_sec(idle);

    return silence > judge->limits.min_outage && silence > PAUSE_GAPS * gap;
}

static bool
is_child_exchange(const struct exchange *exchange)
{
    return exchange->type == IKE2_CREATE_CHILD_SA || exchange->type == IKE1_QUICK_MODE;
}

/* Whether the new SA is the first of an IKE SA that was set up for it. */
static bool
is_anew(const struct judge *judge, const struct sa *old, const struct sa *new)
{
    const struct exchange *origin = new->origin;
    const struct ike_sa *ike_sa = origin->ike_sa;

    if (!is_child_exchange(origin))
        return true;
    if (origin->type == IKE2_CREATE_CHILD_SA)
        return rekey_is_set_up_anew(old, new);  /* a further child of a new IKE SA */
    if (origin->type != IKE1_QUICK_MODE || !ike_sa->set_up || (old->origin && old->origin->ike_sa == ike_sa))
        return false;
    return !clock_passed(&ike_sa->established_time, &origin->request_time, judge->limits.handover_grace);
}

static void
note_end(struct succeeded *succeeded, const struct sa *old, int peer, uint32_t frame, const nstime_t *time)
{
    succeeded->is_end = true;
    succeeded->peer = (int8_t)peer;
    succeeded->frame = frame;
    succeeded->time = *time;
    succeeded->idle = clock_elapsed(child_last_packet(old), time);
    succeeded->age = clock_elapsed(sa_birth_time(old), time);
}

/* The Delete of the old SA was read, before the new one was asked for. */
static bool
was_deleted_before(struct succeeded *succeeded, const struct sa *old, const struct exchange *origin)
{
    if (old->deleted_frame == 0 || old->deleted_frame >= origin->request_frame)
        return false;
    note_end(succeeded, old, old->ended_by - 1, old->deleted_frame, &old->deleted_time);
    succeeded->proven = true;
    return true;
}

/* Whether a message that may be a Delete follows the negotiation within the grace. */
static bool
is_delete_behind(const struct judge *judge, const struct exchange *origin)
{
    unsigned looked_at = 0;

    for (const struct exchange *exchange = origin->ike_sa->latest; exchange && exchange != origin && looked_at < LOOKED_AT_MOST;
            exchange = exchange->older, looked_at++)
        if (may_be_delete(exchange) && exchange->request_frame > origin->request_frame
                && !clock_passed(&origin->response_time, &exchange->request_time, judge->limits.handover_grace))
            return true;
    return false;
}

/* Whether the peer that was asked for the new SA deleted the old one behind that negotiation, and not the one that asked, as it would after a rekey
 * (RFC 7296 section 2.8): it keeps one pair of SAs in the tunnel, whatever they are for. */
static bool
was_dropped_behind(struct succeeded *succeeded, const struct judge *judge, const struct sa *old, const struct exchange *origin)
{
    const struct exchange *drop = NULL;
    unsigned looked_at = 0;

    for (const struct exchange *exchange = origin->ike_sa->latest; exchange && exchange != origin && looked_at < LOOKED_AT_MOST;
            exchange = exchange->older, looked_at++) {
        if (!may_be_delete(exchange) || exchange->request_frame < origin->request_frame
                || clock_passed(&origin->response_time, &exchange->request_time, judge->limits.handover_grace))
            continue;
        if (!exchange->deletes_child || exchange->flow == origin->flow)
            return false;           /* not known whose, or the requester's */
        drop = exchange;
    }
    if (!drop)
        return false;
    note_end(succeeded, old, (int)flow_peer(drop->flow), drop->request_frame, &drop->request_time);
    return true;
}

/* The first of the messages right before the new negotiation that may be Deletes, behind the old SA's last packet. */
static bool
was_ended_before(struct succeeded *succeeded, const struct sa *old, const struct exchange *before)
{
    const struct exchange *end = NULL;
    unsigned looked_at = 0;

    for (; before && may_be_delete(before) && looked_at < LOOKED_AT_MOST; before = before->older, looked_at++) {
        if (clock_compare(&before->request_time, child_last_packet(old)) < 0)
            break;
        if (end && (before->flow != end->flow || clock_passed(&before->request_time, &end->request_time, TOGETHER_SECONDS)))
            break;
        end = before;
    }
    if (end && is_in_series(end, before))
        return false;
    if (end)
        note_end(succeeded, old, (int)flow_peer(end->flow), end->request_frame, &end->request_time);
    return end != NULL;
}

/* The exchange of the old IKE SA behind which nothing more followed on it, or NULL. */
static const struct exchange *
last_of_old(const struct sa *old, const struct exchange *origin)
{
    const struct ike_sa *ike_sa = old->origin ? old->origin->ike_sa : NULL;
    unsigned looked_at = 0;

    for (; ike_sa && ike_sa->successor && ike_sa->successor != origin->ike_sa && looked_at < LOOKED_AT_MOST; looked_at++)
        ike_sa = ike_sa->successor;
    if (!ike_sa || ike_sa == origin->ike_sa || !ike_sa->latest || ike_sa->last_frame > origin->ike_sa->first_frame)
        return NULL;
    return ike_sa->latest;
}

static struct succeeded
after_an_end(struct succeeded succeeded, const struct judge *judge, const struct sa *old, enum succession otherwise)
{
    succeeded.how = was_silent(judge, old, &succeeded.idle) ? SUCCESSION_ON_DEMAND : otherwise;
    return succeeded;
}

/* Whether another SA of the direction might as well be the one that was replaced: it was in use with the old one, and its sender used it no more
 * when it used the new one, but for what overtakes. Where several children send seldom, ESP alone does not tell which of them a rekey was for. */
static bool
is_one_of_several(const struct sa *old, const struct sa *new)
{
    const struct sa *other;

    WALK(other, old->flow->current, current_next, CURRENT_KNOWN)
        if (other != new && other->sequence.packets > 0 && other->id < new->id && clock_compare(&other->last_time, &old->first_time) >= 0
                && !clock_passed(&new->first_time, &other->last_time, OVERTAKEN_SECONDS))
            return true;
    return false;
}

struct succeeded
succession_of(const struct judge *judge, const struct sa *new)
{
    const struct sa *old = new->predecessor;
    const struct exchange *origin = new->origin;
    struct succeeded succeeded = { .how = SUCCESSION_UNSEEN, .peer = PEER_NOT_SEEN };

    if (!origin) {
        nstime_t idle = clock_elapsed(child_last_packet(old), sa_birth_time(new));
        if (!new->link_proven && is_one_of_several(old, new))
            succeeded.how = SUCCESSION_BESIDE;
        else if (new->flow->tunnel->ike_sas && was_silent(judge, old, &idle))
            succeeded.how = SUCCESSION_ON_DEMAND;
        return succeeded;
    }
    bool anew = is_anew(judge, old, new);
    if (was_deleted_before(&succeeded, old, origin))
        return after_an_end(succeeded, judge, old, anew ? SUCCESSION_ANEW : SUCCESSION_DROPPED);
    succeeded.how = anew ? SUCCESSION_ANEW : SUCCESSION_REKEYED;
    if (new->link_proven)
        return succeeded;
    if (origin->response_frame != 0 && clock_compare(&origin->response_time, sa_birth_time(old)) < 0) {
        succeeded.how = SUCCESSION_BESIDE;      /* it was negotiated first */
        return succeeded;
    }
    if (anew ? was_ended_before(&succeeded, old, last_of_old(old, origin))
             : !is_delete_behind(judge, origin) && was_ended_before(&succeeded, old, origin->older))
        return after_an_end(succeeded, judge, old, anew ? SUCCESSION_ANEW : SUCCESSION_DROPPED);
    if (!anew && was_dropped_behind(&succeeded, judge, old, origin)) {
        succeeded.how = SUCCESSION_DROPPED;
        return succeeded;
    }
    if (!anew && ((origin->ike_sa->version >= 2 && !is_delete_behind(judge, origin)) || is_one_of_several(old, new)))
        succeeded.how = SUCCESSION_BESIDE;
    return succeeded;
}

uint64_t
succession_lifetime(const struct sa *old)
{
    uint64_t agreed = old->child ? old->child->lifetime.seconds : 0;
    uint64_t next = old->successor && old->successor->child ? old->successor->child->lifetime.seconds : 0;

    return agreed > 0 && next > 0 && next < agreed ? next : agreed;
}

int
succession_ended_before(const struct ike_sa *old, const nstime_t *begin, uint32_t grace, uint32_t *frame)
{
    const struct exchange *last = old->latest;

    if (old->ended_by > 0) {
        /* an end that is only inferred has no time of its own: nothing was said on the IKE SA behind it */
        const nstime_t *end = old->end == IKE_ALIVE ? &old->last_time : &old->end_time;
        *frame = old->ended_in;
        return clock_compare(end, begin) <= 0 && !clock_passed(end, begin, grace) ? old->ended_by - 1 : PEER_NOT_SEEN;
    }
    if (!last || !may_be_delete(last) || last->says_something || clock_compare(&old->last_time, begin) > 0
            || clock_passed(&last->request_time, begin, grace))
        return PEER_NOT_SEEN;
    *frame = last->request_frame;
    return (int)flow_peer(last->flow);
}

/* Whether the old IKE SA's child was asked for in the same words, and carried nothing more once the new one was up. */
static bool
was_left_for(const struct ike_sa *old, const struct ike_sa *new, uint32_t grace)
{
    const struct child *from = old->children ? old->children->first : NULL, *to = new->children ? new->children->first : NULL;
    bool used = false;

    if (!from || !to || old->end == IKE_DELETED || old->end == IKE_REPLACED || old->heard_frame[0] > new->established_frame
            || !exchange_same_selectors(from->origin->request, to->origin->request, false))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        const struct sa *sa = from->sa[i];
        if (!sa || sa->sequence.packets == 0)
            continue;
        if (clock_passed(&new->established_time, &sa->last_time, grace))
            return false;
        used = true;
    }
    return used;
}

bool
succession_was_left(const struct ike_sa *old, const struct ike_sa *new, uint32_t grace)
{
    return old->flow == new->flow && (new->displaced == old || was_left_for(old, new, grace));
}

unsigned
succession_left_in_a_row(const struct judge *judge, const struct tunnel *tunnel)
{
    const struct ike_sa *new = tunnel->ike_sas;
    unsigned count = 0;

    for (const struct ike_sa *old; new && (old = new->tunnel_older) != NULL && count < LOOKED_AT_MOST; new = old, count++)
        if (!new->set_up || !new->established || !old->set_up || clock_passed(&old->first_time, &new->first_time, judge->limits.min_sa_lifetime)
                || !succession_was_left(old, new, judge->limits.handover_grace))
            break;
    return count;
}

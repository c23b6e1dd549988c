/* restart.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "restart.h"

#include "../clock.h"
#include "change.h"
#include "child.h"
#include "exchange.h"
#include "ike_sa.h"
#include "protection.h"
#include "walk.h"

/* What comes this long after a new negotiation was not under way before it. */
#define SILENT_AFTER_MS 2000

/* Traffic this many seconds before a new IKE SA shows that the tunnel was in use until then. */
#define JUST_BEFORE 30

/* Seconds: who has traffic to receive asks within two minutes whether a silent peer is alive, as in service.c. */
#define ASKS_WITHIN 120

/* A gateway that loses its state is away for longer. */
#define RESTARTS_AFTER_MS 2000

/* Seconds: an initiator tries again within as long as the most patient one (strongSwan's default) waits for an answer. */
#define GIVES_UP_AFTER 165

/* ---- whether it was deleted */

/* Whether ESP went on after the IKE SA's last exchange, so that this was no Delete. */
static bool
outlived_its_last_exchange(const struct ike_sa *old, const struct ike_sa *began)
{
    const struct sa *sa;

    for (unsigned i = 0; i < 2; i++)
        WALK(sa, old->flow->tunnel->flow[i].current, current_next, CURRENT_IN_USE)
            if (clock_compare(&sa->first_time, &old->last_time) < 0 && clock_passed_ms(&old->last_time, &sa->last_time, SILENT_AFTER_MS)
                    && clock_compare(&sa->last_time, &began->first_time) < 0)
                return true;
    return false;
}

/* Whether an Informational of IKEv1 comes right behind another one. */
static bool
follows_at_once(const struct exchange *last)
{
    const struct exchange *before = last->older;

    return before && before->type == IKE1_INFORMATIONAL && !clock_passed_ms(&before->request_time, &last->request_time, ANSWER_WITHIN_MS);
}

/* Two Informationals of IKEv1 that answer each other are a liveness check (RFC 3706); one alone may be a Delete, and so may more at once: each peer
 * deletes phase 2 and phase 1 (libreswan deletes back). */
static bool
is_liveness_pair(const struct exchange *last)
{
    return follows_at_once(last) && last->older->flow != last->flow && !follows_at_once(last->older);
}

/* Whether the IKE SA's last exchange was its Delete, as far as can be seen. In IKEv1 its children outlive it. */
static bool
may_be_deleted(const struct ike_sa *old, const struct ike_sa *began)
{
    const struct exchange *last = old->latest;

    if (last && last->type == IKE1_INFORMATIONAL)
        return !is_liveness_pair(last);
    return last && last->type == IKE2_INFORMATIONAL && !outlived_its_last_exchange(old, began);
}

/* ---- as it is announced */

/* Whether both are between the same two identities, as far as these were read: two gateways may have several connections. */
static bool
has_same_identities(const struct ike_sa *a, const struct ike_sa *b)
{
    unsigned turned = a->flow == b->flow ? 0 : 1;

    for (unsigned side = 0; side < 2; side++) {
        uint32_t other = b->identity[side ^ turned];
        if (a->identity[side] != 0 && other != 0 && a->identity[side] != other)
            return false;
    }
    return true;
}

/* Whether the IKE SA is nothing but what anybody may have thrown in: clear messages of one peer, where the peers encrypt theirs. */
static bool
is_thrown_in(const struct ike_sa *ike_sa, const struct ike_sa *began)
{
    return began->is_sealed && !ike_sa->is_sealed && protection_is_unproven(ike_sa);
}

/* Whether the IKE SA's last message may have been its Delete, and was not read. Of IKEv1 Wireshark reads none behind one that the capture has at
 * another place, as each is decrypted with the last block of the one before (RFC 2409 appendix B). */
static bool
ended_unread(const struct ike_sa *old, const struct ike_sa *began)
{
    return old->latest && exchange_has_unread(old->latest) && may_be_deleted(old, began);
}

/* The IKE SA that lived when the other one began, longer ago than two peers that start at once would. */
static struct ike_sa *
find_displaced(const struct ike_sa *began, uint32_t grace)
{
    struct ike_sa *old;

    WALK(old, began->tunnel_older, tunnel_older, IKE_SAS_KNOWN)
        if (old->established && old->end == IKE_ALIVE && has_same_identities(began, old) && !is_thrown_in(old, began))
            break;
    return old && old->established && old->end == IKE_ALIVE
            && clock_passed(&old->established_time, &began->first_time, grace) ? old : NULL;
}

void
restart_take_established(const struct ike_context *context, struct ike_sa *ike_sa)
{
    struct ike_sa *old = ike_sa->initial_contact ? find_displaced(ike_sa, context->grace) : NULL;

    if (old && !ended_unread(old, ike_sa)) {
        ike_sa->displaced = old;
        ike_sa_fail(context, old);
        if (!ike_sa->predecessor && !old->successor) {
            ike_sa->predecessor = old;
            old->successor = ike_sa;
        }
    }
    if (ike_sa->born_in_capture && !context->message->readable && !ike_sa->predecessor && find_displaced(ike_sa, context->grace)) {
        ike_sa->flow->tunnel->maybe_restarted = ike_sa;
        ike_sa->flow->tunnel->restart_waits = false;
    }
}

/* ---- as silence shows it */

/* Whether its initiator had begun before the old IKE SA was there, in vain, and tries again now: it lost no state, but had none to lose. */
static bool
tries_again(const struct ike_sa *began, const struct ike_sa *old)
{
    const struct ike_sa *attempt;

    WALK(attempt, old->tunnel_older, tunnel_older, IKE_SAS_RECENT)
        if (attempt->flow == began->flow)
            return !attempt->established && !clock_passed(&attempt->last_time, &began->first_time, GIVES_UP_AFTER);
    return false;
}

/* Whether the new one's initiator had the last word on yet another IKE SA just before, its Delete more likely than not: it knew its state. */
static bool
knew_its_state(const struct ike_sa *began, const struct ike_sa *old)
{
    const struct ike_sa *other;

    WALK(other, began->tunnel_older, tunnel_older, IKE_SAS_RECENT) {
        unsigned side = other->flow == began->flow ? 0 : 1;
        if (other != old && other->established && other->heard_frame[side] == other->last_frame
                && clock_compare(&other->last_time, &began->first_time) <= 0
                && !clock_passed_ms(&other->last_time, &began->first_time, RESTARTS_AFTER_MS))
            return true;
    }
    return false;
}

/* Whether the other peer went on asking over the old IKE SA when the new one was there, and the new one's initiator said nothing over the old
 * one any more: it does not know it. IKEv1 has Informationals that nobody answers. */
static bool
asked_in_vain(const struct ike_sa *old, const struct ike_sa *began)
{
    unsigned side = old->flow == began->flow ? 0 : 1;

    return old->version >= 2 && old->last_frame > began->first_frame && old->heard_frame[side] < began->first_frame;
}

/* The old IKE SA fell silent for the new one. */
static void
displace(struct ike_sa *old, struct ike_sa *began, struct changes *changes)
{
    began->displaced = old;
    ike_sa_note_end(old, IKE_FAILED, &old->last_time);
    change_ike_sa(changes, CHANGE_DISPLACED, began);
}

/* Traffic on the direction's older SAs: whether there was any just before the new IKE SA, and none since.
 * @param asked  the other peer still asks, and asks again, over the old IKE SA: a gateway may be away for long */
static bool
traffic_stopped(const struct flow *flow, const struct ike_sa *began, bool asked, bool *any)
{
    const struct sa *sa;

    WALK(sa, flow->current, current_next, CURRENT_IN_USE) {
        if (sa->sequence.packets == 0 || clock_compare(&sa->first_time, &began->first_time) > 0)
            continue;
        if (clock_passed_ms(&began->established_time, &sa->last_time, SILENT_AFTER_MS))
            return false;
        *any |= asked || !clock_passed(&sa->last_time, &began->first_time, JUST_BEFORE);
    }
    return true;
}

/* Whether SAs of the direction carried traffic before the new IKE SA. */
static bool
was_used(const struct flow *flow, const struct ike_sa *began)
{
    const struct sa *sa;

    WALK(sa, flow->current, current_next, CURRENT_IN_USE)
        if (sa->sequence.packets > 0 && clock_compare(&sa->first_time, &began->first_time) <= 0)
            return true;
    return false;
}

/* Whether there is a restart to look for now: once the grace is over; and, where that did not tell, when the other peer has asked. */
static bool
is_time_to_look(const struct tunnel *tunnel, const nstime_t *now, uint32_t grace)
{
    const struct ike_sa *began = tunnel->maybe_restarted;

    return began && clock_passed(&began->established_time, now, tunnel->restart_waits && grace < ASKS_WITHIN ? ASKS_WITHIN : grace);
}

/* Whether the IKE SA that was alive when the tunnel's newest one was set up has fallen silent for it, with its traffic. A gateway may be
 * away for longer than JUST_BEFORE: then it counts that the other peer still asks, and asks again, over the old IKE SA. */
static void
check_ike_sas(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes)
{
    struct ike_sa *began = tunnel->maybe_restarted;
    bool waited = tunnel->restart_waits, any = false;

    if (!is_time_to_look(tunnel, now, grace))
        return;
    tunnel->maybe_restarted = NULL;
    tunnel->restart_waits = false;
    struct ike_sa *old = began->tunnel_older;
    bool asked = old && asked_in_vain(old, began), again = asked && old->latest && old->latest->retransmissions > 0;
    asked = waited ? again : asked;
    if (!old || !old->established || old->end != IKE_ALIVE || old->successor || tries_again(began, old) || knew_its_state(began, old)
            || (!asked && (clock_compare(&old->last_time, &began->first_time) > 0 || may_be_deleted(old, began))))
        return;                     /* it lives on, or may have been deleted; or others failed in between */
    if (!traffic_stopped(&tunnel->flow[0], began, again, &any) || !traffic_stopped(&tunnel->flow[1], began, again, &any))
        return;
    if (any || (waited && again)) {
        displace(old, began, changes);
    } else if (!waited && (was_used(&tunnel->flow[0], began) || was_used(&tunnel->flow[1], began))) {
        tunnel->maybe_restarted = began;
        tunnel->restart_waits = true;
    }
}

/* Whether the old child carried nothing, and its IKE SA said nothing but what was asked in vain, since the new one began. */
static bool
fell_silent(const struct child *old, const struct child *new)
{
    const struct ike_sa *before = old->list->ike_sa;
    const nstime_t *born = &new->origin->response_time;

    for (int i = 0; i < 2; i++)
        if (old->sa[i] && old->sa[i]->sequence.packets > 0 && clock_passed_ms(born, &old->sa[i]->last_time, SILENT_AFTER_MS))
            return false;
    return !clock_passed_ms(born, &before->last_time, SILENT_AFTER_MS) || asked_in_vain(before, new->list->ike_sa);
}

/* An old child that fell silent for a new IKE SA that nobody announced: a peer lost its state. Two that
 * began at once, or that are both heard, are duplicates. */
static bool
was_displaced(const struct child *old, const struct child *new, uint32_t grace)
{
    const struct ike_sa *began = new->list->ike_sa, *before = old->list->ike_sa;

    return before != began && !began->predecessor && !began->displaced && fell_silent(old, new)
            && clock_passed(&before->established_time, &began->first_time, grace);
}

/* Whether both carry traffic side by side: the old one still, since the new one began. */
static bool
both_carry(const struct child *old, const struct child *new)
{
    const nstime_t *born = &new->origin->response_time;
    bool old_does = false, new_does = false;

    for (int i = 0; i < 2; i++) {
        old_does |= old->sa[i] && old->sa[i]->sequence.packets > 0 && clock_compare(&old->sa[i]->last_time, born) > 0;
        new_does |= new->sa[i] && new->sa[i]->sequence.packets > 0;
    }
    return old_does && new_does;
}

static void
check_children(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes)
{
    struct child *old, *new = child_take_twin(tunnel, now, grace, &old);

    if (!new)
        return;
    if (!was_displaced(old, new, grace)) {
        if (both_carry(old, new))
            change_duplicate(changes, new, old);
        return;
    }
    if (!knew_its_state(new->list->ike_sa, old->list->ike_sa))
        displace(old->list->ike_sa, new->list->ike_sa, changes);
    child_replace(changes, old, new);
}

void
restart_check(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes)
{
    check_ike_sas(tunnel, now, grace, changes);
    check_children(tunnel, now, grace, changes);
}

/* child.c
 * Child SAs, phase 2: the pair of SAs that a readable exchange negotiates, whom it replaces, and its
 * end (RFC 7296 sections 1.3 and 1.4, 2.8; RFC 2409 section 5.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "clock.h"
#include "ike_context.h"
#include "lineage.h"
#include "selectors.h"

/* Children of one tunnel that are looked through for one with the same selectors. */
#define CHILDREN_AT_MOST 64

/* What comes this long after a new negotiation was not under way before it. */
#define SILENT_AFTER_MS 2000

static const struct proposal *
ipsec_proposal(const struct said *said, uint8_t protocol)
{
    for (unsigned i = 0; i < said->proposals; i++) {
        const struct proposal *proposal = &said->proposal[i];
        bool ipsec = proposal->protocol == IKE_PROTOCOL_ESP || proposal->protocol == IKE_PROTOCOL_AH;
        if (ipsec && proposal->spi != 0 && (protocol == 0 || proposal->protocol == protocol))
            return proposal;
    }
    return NULL;
}

static uint8_t
ip_protocol(uint8_t protocol)
{
    return protocol == IKE_PROTOCOL_AH ? IPSEC_AH : IPSEC_ESP;
}

/* The SA that one side's SPI names: packets to that side. */
static struct sa *
open_sa(struct ike_context *context, struct child *child, uint8_t protocol, uint32_t spi,
        const struct endpoint *to, struct flow *flow)
{
    const struct ike_message *message = context->message;
    struct sa_key key = sa_key_of(ip_protocol(protocol), to, spi);
    struct sa *sa = sa_find(context->sas, &key);

    /* one that spoke long before it was asked for had the SPI earlier */
    bool is_older = sa && sa->sequence.packets > 0 && clock_passed(&sa->first_time, &child->origin->request_time, context->grace);
    if (sa && (sa->deleted_frame != 0 || sa->negotiated || is_older))
        sa = NULL;
    if (!sa) {
        if (!change_room_for_sa(context->changes, context->sas, context->max_sas))
            return NULL;
        sa = sa_open(context->sas, &key, flow, message->frame, &message->time, to->port != 0);
        sa->born_in_capture = true;
    }
    sa->negotiated = sa->origin_sure = true;
    sa->origin = child->origin;
    sa->child = child;
    return sa;
}

bool
child_is_alive(const struct child *child)
{
    return child->deleted_frame == 0 && child->list->ike_sa->end != IKE_FAILED;
}

bool
child_same_selectors(const struct child *a, const struct child *b)
{
    bool same_side = a->origin->flow == b->origin->flow;

    if (a->sa[0] && b->sa[0] && a->sa[0]->key.protocol != b->sa[0]->key.protocol)
        return false;               /* ESP and AH may protect the same packets together */
    return selectors_equal(&a->tsi, same_side ? &b->tsi : &b->tsr)
            && selectors_equal(&a->tsr, same_side ? &b->tsr : &b->tsi);
}

/* Both directions of the new child take the place of the old one's. A successor was always made later than what it
 * replaces: so no child is its own ancestor, whatever messages say. */
static void
replace(struct changes *changes, struct child *old, struct child *new)
{
    bool same_side = old->origin->flow == new->origin->flow;

    if (old->id >= new->id)
        return;
    old->successor = new;
    new->predecessor = old;
    for (int i = 0; i < 2; i++) {
        struct sa *from = old->sa[same_side ? i : 1 - i];
        struct sa *to = new->sa[i];
        if (!from || !to || !lineage_may_link(from, to))
            continue;
        lineage_negotiated(from, to);
        change_replaced(changes, to, from->last_frame);
    }
}

/* Whether both were asked for in the same words, whatever was agreed: a pool of addresses gives another
 * one each time. */
static bool
same_request(const struct child *a, const struct child *b)
{
    const struct said *one = a->origin->request, *other = b->origin->request;

    return one && other && a->origin->flow == b->origin->flow && selectors_equal(&one->tsi, &other->tsi)
            && selectors_equal(&one->tsr, &other->tsr);
}

/* The latest child of the tunnel for the same selectors that nothing has replaced yet. */
static struct child *
find_old(const struct child *new)
{
    unsigned looked_at = 0;

    for (struct child *old = new->tunnel_older; old && looked_at < CHILDREN_AT_MOST; old = old->tunnel_older, looked_at++)
        if (!old->successor && (child_same_selectors(old, new) || (!child_is_alive(old) && same_request(old, new))))
            return old;
    return NULL;
}

/* Whether an IKEv1 Quick Mode renews a living phase 2: IKEv1 has no other way to say so. Two that
 * both peers began at once are duplicates of each other. */
static bool
renews(const struct child *old, const struct child *new, uint32_t grace)
{
    if (new->list->ike_sa->version >= 2)
        return false;
    return old->origin->flow == new->origin->flow
            || clock_passed(&old->origin->response_time, &new->origin->request_time, grace);
}

static void
find_place(struct ike_context *context, struct child *child, struct exchange *exchange)
{
    struct child *old = exchange->rekeyed_child;

    if (old && old->successor) {
        /* A collision: the other peer's rekey of the same SA was faster. It has the same place. */
        for (int i = 0; i < 2; i++)
            if (child->sa[i] && child->sa[i]->generation == 0)
                child->sa[i]->generation = old->sa[0] ? old->sa[0]->generation + 1 : 1;
        context->flow->tunnel->rival = child;
        return;
    }
    if (!old) {
        old = find_old(child);
        if (old && child_is_alive(old) && !renews(old, child, context->grace)) {
            context->flow->tunnel->rival = child;
            return;
        }
    }
    if (old)
        replace(context->changes, old, child);
}

static void
list_add(wmem_allocator_t *pool, struct ike_sa *ike_sa, struct child *child)
{
    struct child_list *list = ike_sa->children;

    if (!list) {
        list = ike_sa->children = wmem_new0(pool, struct child_list);
        list->ike_sa = ike_sa;
    }
    child->list = list;
    child->next = list->first;
    list->first = child;
}

struct child *
child_make(struct ike_context *context, struct exchange *exchange, const struct said *request,
        const struct said *response)
{
    const struct proposal *chosen = ipsec_proposal(response, 0);
    const struct proposal *offered = chosen ? ipsec_proposal(request, chosen->protocol) : NULL;
    struct tunnel *tunnel = context->flow->tunnel;

    if (exchange->child)
        return exchange->child;
    if (!chosen || !offered)
        return NULL;
    struct child *child = wmem_new0(context->pool, struct child);
    bool from_responder = context->flow != exchange->flow;
    const struct endpoint *responder = from_responder ? &context->message->source : &context->message->destination;
    const struct endpoint *requester = from_responder ? &context->message->destination : &context->message->source;
    child->id = context->children++;
    child->origin = exchange;
    child->tsi = response->tsi;
    child->tsr = response->tsr;
    const struct lifetimes *lifetimes = response->lifetimes.count > 0 ? &response->lifetimes : &request->lifetimes;
    if (lifetimes->count == 1)
        child->lifetime = lifetimes->item[0];
    child->sa[0] = open_sa(context, child, chosen->protocol, (uint32_t)chosen->spi, responder, exchange->flow);
    child->sa[1] = open_sa(context, child, chosen->protocol, (uint32_t)offered->spi, requester, flow_reverse(exchange->flow));
    list_add(context->pool, exchange->ike_sa, child);
    child->tunnel_older = tunnel->children;
    tunnel->children = child;
    exchange->child = child;
    find_place(context, child, exchange);
    for (int i = 0; i < 2; i++)
        if (child->sa[i])
            lineage_admit_negotiated(child->sa[i]);
    return child;
}

static struct sa *
find_sa(const struct ike_context *context, uint8_t protocol, uint32_t spi, bool of_sender)
{
    const struct endpoint *to = of_sender ? &context->message->source : &context->message->destination;
    struct sa_key key = sa_key_of(ip_protocol(protocol), to, spi);

    return sa_find(context->sas, &key);
}

struct child *
child_find(const struct ike_context *context, uint8_t protocol, uint32_t spi, bool of_sender)
{
    const struct sa *sa = find_sa(context, protocol, spi, of_sender);

    return sa ? sa->child : NULL;
}

static void
end_sa(struct ike_context *context, struct sa *sa, bool named)
{
    if (!sa)
        return;
    sa->delete_named_it |= named;
    if (sa->deleted_frame != 0)
        return;
    sa->deleted_frame = context->message->frame;
    sa->deleted_time = *clock_later(&context->message->time, sa_birth_time(sa));
    change_sa(context->changes, CHANGE_SA_STATE, sa);
    service_sa_deleted(context, sa);
}

/* Of two children that rekeyed the same one, the first to come took its place; if that one is deleted
 * (RFC 7296 section 2.8.1), the other has the place. */
static bool
settle_collision(const struct ike_context *context, struct child *ended)
{
    struct child *old = ended->predecessor;
    unsigned looked_at = 0;

    for (struct child *child = context->flow->tunnel->children; child && looked_at < CHILDREN_AT_MOST; child = child->tunnel_older, looked_at++) {
        if (child == ended || child->id <= old->id || child->origin->rekeyed_child != old || child->predecessor
                || child->deleted_frame != 0)
            continue;
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                lineage_pass_on(ended->sa[i], child->sa[j]);
        old->successor = child;
        child->predecessor = old;
        ended->predecessor = NULL;
        return true;
    }
    return false;
}

/* Children that began beside the one that has just ended, for the same selectors, are its successors:
 * make before break. */
static void
promote(struct ike_context *context, struct child *ended)
{
    unsigned looked_at = 0;

    if (ended->successor)
        return;
    if (ended->predecessor && settle_collision(context, ended))
        return;
    for (struct child *child = context->flow->tunnel->children; child && child != ended && looked_at < CHILDREN_AT_MOST; child = child->tunnel_older, looked_at++) {
        if (child->predecessor || child->deleted_frame != 0 || !child_same_selectors(ended, child)
                || clock_passed(&child->origin->response_time, &context->message->time, context->grace))
            continue;
        if (child->origin->rekeyed_child)
            continue;
        replace(context->changes, ended, child);
        return;
    }
}

void
child_end(struct ike_context *context, struct child *child)
{
    if (child->deleted_frame != 0)
        return;
    child->deleted_frame = context->message->frame;
    child->deleted_time = context->message->time;
    for (int i = 0; i < 2; i++)
        end_sa(context, child->sa[i], false);
    promote(context, child);
}

void
child_delete(struct ike_context *context, uint8_t protocol, uint32_t spi)
{
    struct sa *sa = find_sa(context, protocol, spi, true);

    if (!sa)
        return;
    end_sa(context, sa, true);
    if (sa->child)
        child_end(context, sa->child);
}

/* Whether the old child carried nothing, and its IKE SA said nothing, since the new one began. */
static bool
fell_silent(const struct child *old, const struct child *new)
{
    const nstime_t *born = &new->origin->response_time;

    for (int i = 0; i < 2; i++)
        if (old->sa[i] && old->sa[i]->sequence.packets > 0 && clock_passed_ms(born, &old->sa[i]->last_time, SILENT_AFTER_MS))
            return false;
    return !clock_passed_ms(born, &old->list->ike_sa->last_time, SILENT_AFTER_MS);
}

/* An old child that fell silent for a new IKE SA that nobody announced: a peer lost its state. Two that
 * began at once, or that are both heard, are duplicates. */
static bool
was_displaced(struct child *old, struct child *new, uint32_t grace, struct changes *changes)
{
    struct ike_sa *began = new->list->ike_sa;
    struct ike_sa *before = old->list->ike_sa;

    if (before == began || began->predecessor || began->displaced || !fell_silent(old, new)
            || !clock_passed(&before->established_time, &began->first_time, grace))
        return false;
    began->displaced = before;
    ike_sa_note_end(before, IKE_FAILED, &before->last_time, before->last_frame);
    change_ike_sa(changes, CHANGE_DISPLACED, began);
    return true;
}

void
child_check_rival(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct changes *changes)
{
    struct child *rival = tunnel->rival;
    unsigned looked_at = 0;

    if (!rival || !clock_passed(&rival->origin->response_time, now, grace))
        return;
    tunnel->rival = NULL;
    if (rival->deleted_frame != 0 || rival->duplicate_said)
        return;
    for (struct child *old = rival->tunnel_older; old && looked_at < CHILDREN_AT_MOST; old = old->tunnel_older, looked_at++) {
        if (!child_is_alive(old) || old->successor || !child_same_selectors(old, rival))
            continue;
        if (was_displaced(old, rival, grace, changes)) {
            replace(changes, old, rival);
            return;
        }
        change_duplicate(changes, rival, old);
        rival->duplicate_said = true;
        return;
    }
}

/* child.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "child.h"

#include "../clock.h"
#include "change.h"
#include "exchange.h"
#include "ike_sa.h"
#include "lineage.h"
#include "pack.h"
#include "selectors.h"
#include "walk.h"

static const struct proposal *
ipsec_proposal(const struct offer *offer, uint8_t protocol)
{
    for (unsigned i = 0; i < offer->proposals; i++) {
        const struct proposal *proposal = offer->proposal[i];
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
child_same_selectors(const struct child *a, const struct child *b)
{
    bool same_side = a->origin->flow == b->origin->flow;

    if (a->sa[0] && b->sa[0] && a->sa[0]->key.protocol != b->sa[0]->key.protocol)
        return false;               /* ESP and AH may protect the same packets together */
    return selectors_equal(a->tsi, same_side ? b->tsi : b->tsr)
            && selectors_equal(a->tsr, same_side ? b->tsr : b->tsi);
}

/* A successor was always made later than what it replaces: so no child is its own ancestor, whatever messages say. */
void
child_replace(struct changes *changes, struct child *old, struct child *new)
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
    return a->origin->flow == b->origin->flow && exchange_same_selectors(a->origin->request, b->origin->request, false);
}

/* The latest child of the tunnel for the same selectors that nothing has replaced yet. */
static struct child *
find_old(const struct child *new)
{
    struct child *old;

    WALK(old, new->tunnel_older, tunnel_older, CHILDREN_KNOWN)
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
        context->flow->tunnel->twin = child;
        return;
    }
    if (!old) {
        old = find_old(child);
        if (old && child_is_alive(old) && !renews(old, child, context->grace)) {
            context->flow->tunnel->twin = child;
            return;
        }
    }
    if (old)
        child_replace(context->changes, old, child);
}

void
child_hand_over(struct ike_sa *from, struct ike_sa *to)
{
    to->children = from->children;
    from->children = NULL;
    if (to->children)
        to->children->ike_sa = to;
}

static void
list_add(struct pack *pack, struct ike_sa *ike_sa, struct child *child)
{
    struct child_list *list = ike_sa->children;

    if (!list) {
        list = ike_sa->children = pack_take(pack, sizeof *list);
        list->ike_sa = ike_sa;
    }
    child->list = list;
    child->next = list->first;
    list->first = child;
}

struct child *
child_make(struct ike_context *context, struct exchange *exchange, const struct offer *request,
        const struct offer *response)
{
    const struct proposal *chosen = ipsec_proposal(response, 0);
    const struct proposal *offered = chosen ? ipsec_proposal(request, chosen->protocol) : NULL;
    struct tunnel *tunnel = context->flow->tunnel;

    if (exchange->child)
        return exchange->child;
    if (!chosen || !offered)
        return NULL;
    struct child *child = pack_take(context->pack, sizeof *child);
    bool from_responder = context->flow != exchange->flow;
    const struct endpoint *responder = from_responder ? &context->message->source : &context->message->destination;
    const struct endpoint *requester = from_responder ? &context->message->destination : &context->message->source;
    child->id = context->children++;
    child->origin = exchange;
    child->tsi = response->tsi;
    child->tsr = response->tsr;
    const struct lifetimes *lifetimes = response->lifetimes->count > 0 ? response->lifetimes : request->lifetimes;
    if (lifetimes->count == 1)
        child->lifetime = lifetimes->item[0];
    child->sa[0] = open_sa(context, child, chosen->protocol, (uint32_t)chosen->spi, responder, exchange->flow);
    child->sa[1] = open_sa(context, child, chosen->protocol, (uint32_t)offered->spi, requester, flow_reverse(exchange->flow));
    list_add(context->pack, exchange->ike_sa, child);
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
    struct sa *sa = sa_find(context->sas, &key);

    if (sa)
        return sa;
    /* its peer moved (RFC 4555), and no packet came since */
    return lineage_find(of_sender ? flow_reverse(context->flow) : context->flow, ip_protocol(protocol), spi);
}

struct child *
child_find(const struct ike_context *context, uint8_t protocol, uint32_t spi, bool of_sender)
{
    const struct sa *sa = find_sa(context, protocol, spi, of_sender);

    return sa ? sa->child : NULL;
}

/* When an SA that is deleted now was over: what was displaced long before lives no longer for its Delete (one that a gateway sends
 * for all that it had when it shuts down). */
static const nstime_t *
end_time(const struct ike_context *context, const struct sa *sa)
{
    const struct ike_sa *ike_sa = sa->child ? sa->child->list->ike_sa : NULL;

    /* in IKEv1, phase 2 outlives phase 1 */
    if (ike_sa && ike_sa->version >= 2 && (ike_sa->end == IKE_FAILED || ike_sa->end == IKE_DELETED)) {
        const nstime_t *last = clock_later(&ike_sa->end_time, &sa->last_time);
        if (clock_compare(last, &context->message->time) < 0)
            return last;
    }
    return &context->message->time;
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
    sa->deleted_time = *clock_later(end_time(context, sa), sa_birth_time(sa));
    change_sa(context->changes, CHANGE_SA_STATE, sa);
    if (clock_compare(&sa->deleted_time, &context->message->time) >= 0)
        service_sa_deleted(context, sa);
}

/* Of two children that rekeyed the same one, the first to come took its place; if that one is deleted
 * (RFC 7296 section 2.8.1), the other has the place. */
static bool
settle_collision(const struct ike_context *context, struct child *ended)
{
    struct child *old = ended->predecessor;
    struct child *child;

    WALK(child, context->flow->tunnel->children, tunnel_older, CHILDREN_KNOWN) {
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
    struct child *child;

    if (ended->successor)
        return;
    if (ended->predecessor && settle_collision(context, ended))
        return;
    WALK(child, context->flow->tunnel->children, tunnel_older, CHILDREN_KNOWN) {
        if (child == ended)
            return;
        if (child->predecessor || child->deleted_frame != 0 || !child_same_selectors(ended, child)
                || clock_passed(&child->origin->response_time, &context->message->time, context->grace))
            continue;
        if (child->origin->rekeyed_child)
            continue;
        child_replace(context->changes, ended, child);
        return;
    }
}

static void
end(struct ike_context *context, struct child *child)
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
        end(context, sa->child);
}

void
child_end_all(struct ike_context *context, struct ike_sa *ike_sa)
{
    struct ike_sa *heir = ike_sa->rival;

    if (!ike_sa->children)
        return;
    if (heir && heir->end == IKE_ALIVE && !heir->children) {
        child_hand_over(ike_sa, heir);
        return;
    }
    for (struct child *child = ike_sa->children->first; child; child = child->next)
        end(context, child);
    ike_sa->children->first = NULL; /* each is ended once, however often a rekey and a Delete follow each other */
}

struct child *
child_take_twin(struct tunnel *tunnel, const nstime_t *now, uint32_t grace, struct child **other)
{
    struct child *twin = tunnel->twin;
    struct child *old;

    if (!twin || !clock_passed(&twin->origin->response_time, now, grace))
        return NULL;
    tunnel->twin = NULL;
    if (twin->deleted_frame != 0)
        return NULL;
    WALK(old, twin->tunnel_older, tunnel_older, CHILDREN_KNOWN) {
        if (!child_is_alive(old) || old->successor || !child_same_selectors(old, twin))
            continue;
        *other = old;
        return twin;
    }
    return NULL;
}

/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "clock.h"
#include "envelope.h"
#include "ike_context.h"
#include "selectors.h"

/* Liveness checks of IKEv1 that have to stay unanswered until the peer counts as dead. */
#define PROBES_AT_LEAST 2

struct ike_table {
    struct ike_context context;
    wmem_map_t *by_spis;
    wmem_array_t *places;           /* of struct ike_place, ascending by frame */
    struct ike_sa *first;
    struct ike_sa *last;
    uint32_t count;
};

struct spis {
    uint64_t initiator;
    uint64_t responder;
};

static guint
spis_hash(const void *data)
{
    return wmem_strong_hash(data, sizeof(struct spis));
}

static gboolean
spis_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct spis)) == 0;
}

struct ike_table *
ike_table_create(wmem_allocator_t *pool, struct tunnel_table *tunnels, struct sa_table *sas,
        struct changes *changes, uint32_t handover_grace, uint32_t max_sas)
{
    struct ike_table *table = wmem_new0(pool, struct ike_table);

    table->context.pool = pool;
    table->context.tunnels = tunnels;
    table->context.sas = sas;
    table->context.changes = changes;
    table->context.grace = handover_grace;
    table->context.max_sas = max_sas;
    table->by_spis = wmem_map_new(pool, spis_hash, spis_equal);
    table->places = wmem_array_new(pool, sizeof(struct ike_place));
    return table;
}

struct ike_sa *
ike_first(const struct ike_table *table)
{
    return table->first;
}

uint32_t
ike_count(const struct ike_table *table)
{
    return table->count;
}

/* ---- IKE SAs */

static void
index_spis(struct ike_table *table, uint64_t initiator, uint64_t responder, struct ike_sa *ike_sa)
{
    struct spis *key = wmem_new(table->context.pool, struct spis);

    key->initiator = initiator;
    key->responder = responder;
    wmem_map_insert(table->by_spis, key, ike_sa);
}

static struct ike_sa *
find_by_spis(const struct ike_table *table, uint64_t initiator, uint64_t responder)
{
    struct spis key = { initiator, responder };

    return wmem_map_lookup(table->by_spis, &key);
}

/* The responder's SPI is 0 until its first answer. */
static struct ike_sa *
find_ike_sa(struct ike_table *table, const struct ike_message *message)
{
    struct ike_sa *ike_sa = find_by_spis(table, message->initiator_spi, message->responder_spi);

    if (ike_sa || message->responder_spi == 0)
        return ike_sa;
    ike_sa = find_by_spis(table, message->initiator_spi, 0);
    if (!ike_sa || ike_sa->responder_spi != 0)
        return NULL;
    ike_sa->responder_spi = message->responder_spi;
    index_spis(table, message->initiator_spi, message->responder_spi, ike_sa);
    return ike_sa;
}

static struct ike_sa *
add_ike_sa(struct ike_table *table, uint64_t initiator, uint64_t responder, struct flow *flow)
{
    const struct ike_message *message = table->context.message;
    struct ike_sa *ike_sa = wmem_new0(table->context.pool, struct ike_sa);

    ike_sa->initiator_spi = initiator;
    ike_sa->responder_spi = responder;
    ike_sa->id = table->count++;
    ike_sa->version = message->version;
    ike_sa->flow = flow;
    ike_sa->first_time = ike_sa->last_time = message->time;
    ike_sa->first_frame = ike_sa->last_frame = message->frame;
    if (!flow->tunnel->ike_sas)
        flow->tunnel->ike_first_time = message->time;
    ike_sa->tunnel_older = flow->tunnel->ike_sas;
    flow->tunnel->ike_sas = ike_sa;
    index_spis(table, initiator, responder, ike_sa);
    if (table->last)
        table->last->next = ike_sa;
    else
        table->first = ike_sa;
    table->last = ike_sa;
    return ike_sa;
}

static void end_ike_sa(struct ike_context *context, struct ike_sa *ike_sa, enum ike_end end);

/* IKEv1: liveness checks of the last IKE SA that nothing answered, before the new one begins. */
static void
give_up_probes(struct ike_context *context, const struct ike_sa *began)
{
    struct ike_sa *old = began->tunnel_older;

    if (!old || old->version >= 2 || old->end != IKE_ALIVE)
        return;
    for (unsigned side = 0; side < 2; side++) {
        if (old->probes[side] < PROBES_AT_LEAST)
            continue;
        end_ike_sa(context, old, IKE_FAILED);
        struct change *change = change_add(context->changes, CHANGE_PROBES_LEFT, NULL);
        change->ike_sa = old;
        change->behind = old->probes[side];
        change->before_frame = old->probe_frame[side];
        return;
    }
}

static struct ike_sa *
open_ike_sa(struct ike_table *table, struct flow *flow)
{
    const struct ike_message *message = table->context.message;
    bool from_initiator = message->version >= 2 ? (message->flags & IKE2_FLAG_INITIATOR) != 0
                                                : message->responder_spi == 0;
    struct ike_sa *ike_sa = add_ike_sa(table, message->initiator_spi, message->responder_spi,
            from_initiator ? flow : flow_reverse(flow));

    ike_sa->born_in_capture = exchange_is_initial(message->exchange_type) && message->responder_spi == 0;
    if (!ike_sa->born_in_capture) {
        ike_sa->established = !exchange_is_initial(message->exchange_type);
        return ike_sa;
    }
    exchange_give_up(&table->context, ike_sa);
    keyless_begin_anew(&table->context, ike_sa);
    give_up_probes(&table->context, ike_sa);
    struct change *change = change_add(table->context.changes, CHANGE_INITIAL, NULL);
    change->ike_sa = ike_sa;
    return ike_sa;
}

/* An IKE SA that began beside the one that is deleted now: the old one was re-authenticated. */
static void
find_successor(struct ike_sa *old, const nstime_t *now, uint32_t grace)
{
    for (struct ike_sa *new = old->flow->tunnel->ike_sas; new && new != old; new = new->tunnel_older) {
        if (!new->established || new->predecessor || clock_passed(&new->established_time, now, grace))
            continue;
        new->predecessor = old;
        old->successor = new;
        return;
    }
}

static void
end_ike_sa(struct ike_context *context, struct ike_sa *ike_sa, enum ike_end end)
{
    if (ike_sa->end == IKE_DELETED)
        return;
    ike_sa->end = (uint8_t)end;
    ike_sa->end_time = context->message->time;
    ike_sa->end_frame = context->message->frame;
    if (end == IKE_DELETED && !ike_sa->successor)
        find_successor(ike_sa, &context->message->time, context->grace);
    if (end != IKE_DELETED || ike_sa->version < 2)
        return;                     /* in IKEv1, phase 2 outlives phase 1 */
    for (struct child *child = ike_sa->children; child; child = child->next)
        child_end(context, child);
}

/* The last IKE SA of the tunnel that has ended: the new one takes its place. */
static void
find_predecessor(struct ike_sa *ike_sa)
{
    struct ike_sa *old = ike_sa->tunnel_older;

    while (old && (!old->established || old->successor))
        old = old->tunnel_older;
    if (!old || ike_sa->predecessor || old->end == IKE_ALIVE)
        return;
    old->successor = ike_sa;
    ike_sa->predecessor = old;
}

/* The IKE SA that lived when the other one began, longer ago than two peers that start at once would. */
static struct ike_sa *
find_displaced(struct ike_sa *began, uint32_t grace)
{
    struct ike_sa *old = began->tunnel_older;

    while (old && (!old->established || old->end != IKE_ALIVE))
        old = old->tunnel_older;
    return old && clock_passed(&old->established_time, &began->first_time, grace) ? old : NULL;
}

/* RFC 7296 section 2.4: INITIAL_CONTACT says that there is no other IKE SA any more. */
static void
displace(struct ike_context *context, struct ike_sa *began)
{
    struct ike_sa *old = began->initial_contact ? find_displaced(began, context->grace) : NULL;

    if (!old)
        return;
    began->displaced = old;
    end_ike_sa(context, old, IKE_FAILED);
    if (!began->predecessor && !old->successor) {
        began->predecessor = old;
        old->successor = began;
    }
}

static void
establish(struct ike_context *context, struct ike_sa *ike_sa)
{
    if (ike_sa->established)
        return;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    find_predecessor(ike_sa);
    displace(context, ike_sa);
    struct change *change = change_add(context->changes, CHANGE_CONTACT, NULL);
    change->ike_sa = ike_sa;
}

/* RFC 7296 section 1.3.2: the children move to the new IKE SA. */
static void
rekey_ike_sa(struct ike_table *table, struct exchange *exchange, uint64_t initiator, uint64_t responder)
{
    struct ike_context *context = &table->context;
    struct ike_sa *old = exchange->ike_sa;

    if (initiator == 0 || responder == 0 || find_by_spis(table, initiator, responder))
        return;
    struct ike_sa *ike_sa = add_ike_sa(table, initiator, responder, exchange->flow);
    ike_sa->born_in_capture = true;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    if (old->successor)
        return;                     /* a collision; the other one has the children */
    ike_sa->predecessor = old;
    old->successor = ike_sa;
    ike_sa->children = old->children;
    old->children = NULL;
    for (struct child *child = ike_sa->children; child; child = child->next)
        child->ike_sa = ike_sa;
    end_ike_sa(context, old, IKE_REPLACED);
}

/* ---- what readable messages say */

static const struct said *
keep_said(struct ike_context *context)
{
    const struct ike_contents *contents = &context->message->contents;

    if (!contents->has_sa)
        return NULL;
    struct said *said = wmem_new0(context->pool, struct said);
    said->lifetimes = contents->lifetimes;
    said->tsi = contents->tsi;
    said->tsr = contents->tsr;
    said->has_ke = contents->has_ke;
    said->ke_group = contents->ke_group;
    said->proposals = contents->proposals;
    memcpy(said->proposal, contents->proposal, sizeof said->proposal);
    return said;
}

/* The offer of a request; one for the same selectors takes the place of the peer's earlier one. */
static void
remember_offer(struct exchange *exchange)
{
    struct tunnel *tunnel = exchange->flow->tunnel;
    unsigned phase = exchange_is_initial(exchange->type) ? 0 : 1;
    struct offers *offers = &tunnel->offers[phase][exchange->flow == &tunnel->flow[0] ? 0 : 1];

    for (unsigned i = 0; i < offers->count && i < OFFERS_AT_MOST; i++) {
        const struct said *earlier = offers->exchange[i]->request;
        if (selectors_equal(&earlier->tsi, &exchange->request->tsi) && selectors_equal(&earlier->tsr, &exchange->request->tsr)) {
            offers->exchange[i] = exchange;
            return;
        }
    }
    offers->exchange[offers->count++ % OFFERS_AT_MOST] = exchange;
}

/* The request was read. */
static void
requested(struct ike_context *context, struct exchange *exchange)
{
    if (exchange->request)
        remember_offer(exchange);
    change_add_exchange(context->changes, CHANGE_REQUESTED, exchange);
}

static uint64_t
ike_spi_of(const struct said *said)
{
    for (unsigned i = 0; said && i < said->proposals; i++)
        if (said->proposal[i].protocol == IKE_PROTOCOL_IKE)
            return said->proposal[i].spi;
    return 0;
}

static bool
refuses(const struct notify *notify, uint8_t version)
{
    if (notify->type == 0 || notify->type > IKE2_NOTIFY_LAST_ERROR)
        return false;
    return version >= 2 || notify->type < 8192;     /* RFC 2408 section 3.14.1 */
}

/* An answer to an exchange; error 0 accepts it. */
static void
answer(struct ike_context *context, struct exchange *exchange, const struct notify *error)
{
    if (exchange->outcome != EXCHANGE_OPEN && !exchange->refused_by_size)
        return;                     /* a refusal by size may be read later, in a decrypted copy */
    exchange->outcome = error ? EXCHANGE_REFUSED : EXCHANGE_ANSWERED;
    if (error) {
        exchange->error = error->type;
        exchange->error_value = error->value;
        exchange->error_protocol = error->protocol;
        exchange->error_frame = context->message->frame;
        exchange->awaiting = false;
    }
    change_add_exchange(context->changes, CHANGE_ANSWERED, exchange);
}

static const struct notify *
find_error(const struct ike_message *message)
{
    for (unsigned i = 0; i < message->contents.notifies; i++)
        if (refuses(&message->contents.notify[i], message->version))
            return &message->contents.notify[i];
    return NULL;
}

static void
take_notifies(struct ike_context *context, struct exchange *exchange)
{
    const struct ike_contents *contents = &context->message->contents;

    for (unsigned i = 0; i < contents->notifies; i++) {
        const struct notify *notify = &contents->notify[i];
        switch (notify->type) {
        case IKE2_NOTIFY_INITIAL_CONTACT:
        case IKE1_NOTIFY_INITIAL_CONTACT:
            exchange->ike_sa->initial_contact = true;
            break;
        case NOTIFY_INVALID_SPI:
        case NOTIFY_AUTHENTICATION_FAILED:
        case IKE1_NOTIFY_RESPONDER_LIFETIME:
            change_add_exchange(context->changes, CHANGE_NOTIFIED, exchange)->notify = *notify;
            break;
        default:
            break;
        }
    }
}

static void
take_deletes(struct ike_table *table, struct ike_sa *ike_sa)
{
    struct ike_context *context = &table->context;
    const struct ike_contents *contents = &context->message->contents;

    if (contents->delete_protocol == IKE_PROTOCOL_IKE) {
        struct ike_sa *named = find_by_spis(table, contents->delete_ike_initiator, contents->delete_ike_responder);
        end_ike_sa(context, named ? named : ike_sa, IKE_DELETED);
    }
    for (unsigned i = 0; i < contents->deletes; i++)
        child_delete(context, contents->delete_protocol, contents->delete_spi[i]);
}

/* Another exchange, begun by the other peer and still open, that rekeys the same child. */
static void
find_collision(struct ike_context *context, struct exchange *exchange)
{
    unsigned looked_at = 0;

    for (struct exchange *other = exchange->older; other && looked_at < 8; other = other->older, looked_at++) {
        if (other->type != exchange->type || other->flow == exchange->flow || !other->awaiting)
            continue;
        if (other->rekeyed_child != exchange->rekeyed_child || !exchange->rekeyed_child)
            continue;
        change_add_exchange(context->changes, CHANGE_COLLISION, exchange)->other_exchange = other;
        return;
    }
}

static void
take_request2(struct ike_context *context, struct exchange *exchange)
{
    const struct ike_contents *contents = &context->message->contents;

    bool first = !exchange->request;
    if (first)
        exchange->request = keep_said(context);
    if (exchange->type == IKE2_IKE_AUTH && exchange->request)
        exchange->ike_sa->child_offer = exchange;
    exchange->liveness = exchange->type == IKE2_INFORMATIONAL && contents->notifies == 0
            && contents->delete_protocol == 0;
    for (unsigned i = 0; i < contents->notifies; i++) {
        const struct notify *notify = &contents->notify[i];
        if (notify->type == IKE2_NOTIFY_REKEY_SA)
            exchange->rekeyed_child = child_find(context, notify->protocol, notify->spi, true);
    }
    if (exchange->type == IKE2_CREATE_CHILD_SA)
        find_collision(context, exchange);
    requested(context, exchange);
}

static void
take_auth_response(struct ike_context *context, struct exchange *exchange, const struct notify *error)
{
    struct exchange *offer = exchange->ike_sa->child_offer;

    if (!exchange->response && !error)
        return;                     /* another round, as with EAP */
    if (!error || error->type != NOTIFY_AUTHENTICATION_FAILED)
        establish(context, exchange->ike_sa);
    else
        end_ike_sa(context, exchange->ike_sa, IKE_FAILED);
    if (offer && !exchange->request)
        exchange->request = offer->request;
    if (!error && exchange->request && exchange->response)
        child_make(context, exchange, exchange->request, exchange->response);
    answer(context, exchange, error);
}

static void
take_response2(struct ike_table *table, struct exchange *exchange)
{
    struct ike_context *context = &table->context;
    const struct notify *error = find_error(context->message);

    if (!exchange->response)
        exchange->response = keep_said(context);
    switch (exchange->type) {
    case IKE2_IKE_AUTH:
        take_auth_response(context, exchange, error);
        return;
    case IKE2_CREATE_CHILD_SA:
        if (error) {
            answer(context, exchange, error);
            return;
        }
        if (ike_spi_of(exchange->response) != 0)
            rekey_ike_sa(table, exchange, ike_spi_of(exchange->request), ike_spi_of(exchange->response));
        else if (exchange->request && exchange->response)
            child_make(context, exchange, exchange->request, exchange->response);
        break;
    case IKE2_IKE_SA_INIT:
        if (!error && !exchange->response)
            return;                 /* COOKIE */
        exchange->ike_sa->init = exchange->response;
        break;
    default:
        break;
    }
    answer(context, exchange, error);
}

/* ---- IKEv1 */

/* The exchange that an error in an Informational is about: the receiver's latest that waits. */
static struct exchange *
refused_exchange(const struct ike_context *context, struct ike_sa *ike_sa)
{
    unsigned looked_at = 0;

    for (struct exchange *exchange = ike_sa->latest; exchange && looked_at < 16; exchange = exchange->older, looked_at++) {
        const struct flow *sender = exchange->awaited_by_requester ? exchange->flow : flow_reverse(exchange->flow);
        if (exchange->awaiting && exchange->outcome == EXCHANGE_OPEN && sender != context->flow)
            return exchange;
    }
    return NULL;
}

/* An Informational that answers a message of another exchange: both are linked. */
static void
answer_elsewhere(struct exchange *refused, const struct ike_place *place)
{
    for (unsigned i = 0; place->message && i < refused->messages && i < EXCHANGE_MESSAGES_INLINE; i++) {
        struct exchange_message *asked = &refused->message[i];
        if (asked->frame != refused->awaited_frame)
            continue;
        asked->answered_frame = place->frame;
        place->message->answers_frame = asked->frame;
        place->message->answers_time = asked->time;
    }
}

static void
take_informational1(struct ike_table *table, struct exchange *exchange, struct ike_place *place)
{
    struct ike_context *context = &table->context;
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_contents *contents = &context->message->contents;
    const struct notify *error = find_error(context->message);
    unsigned side = exchange_side(exchange);

    take_deletes(table, ike_sa);
    for (unsigned i = 0; i < contents->notifies; i++) {
        if (contents->notify[i].type == IKE1_NOTIFY_R_U_THERE && ike_sa->probes[side]++ == 0)
            ike_sa->probe_frame[side] = context->message->frame;
    }
    if (!error || error->type == NOTIFY_INVALID_SPI)
        return;
    struct exchange *refused = refused_exchange(context, ike_sa);
    if (refused) {
        answer_elsewhere(refused, place);
        refused->response_frame = refused->response_frame ? refused->response_frame : context->message->frame;
        answer(context, refused, error);
        if (exchange_is_initial(refused->type))
            end_ike_sa(context, ike_sa, IKE_FAILED);
    }
}

static void
take_phase1(struct ike_context *context, struct exchange *exchange, bool response)
{
    const struct said *said = keep_said(context);

    if (!said)
        return;
    if (response && !exchange->response) {
        exchange->response = said;
        answer(context, exchange, NULL);
    } else if (!response && !exchange->request) {
        exchange->request = said;
        requested(context, exchange);
    }
}

static void
take_quick_mode(struct ike_context *context, struct exchange *exchange, bool response)
{
    const struct said *said = keep_said(context);

    if (!said)
        return;
    if (!response && !exchange->request) {
        exchange->request = said;
        requested(context, exchange);
    } else if (response && !exchange->response) {
        exchange->response = said;
        if (exchange->request)
            child_make(context, exchange, exchange->request, said);
        answer(context, exchange, NULL);
    }
}

/* ---- both versions */

static void
take_contents(struct ike_table *table, struct exchange *exchange, struct ike_place *place)
{
    bool response = place->is_response;
    struct ike_context *context = &table->context;

    take_notifies(context, exchange);
    if (context->message->version >= 2) {
        if (!response)
            take_request2(context, exchange);
        else
            take_response2(table, exchange);
        take_deletes(table, exchange->ike_sa);
        return;
    }
    if (exchange->type == IKE1_INFORMATIONAL)
        take_informational1(table, exchange, place);
    else if (exchange_is_initial(exchange->type))
        take_phase1(context, exchange, response);
    else if (exchange->type == IKE1_QUICK_MODE)
        take_quick_mode(context, exchange, response);
}

/* What the header alone tells of an IKE SA's progress. */
static void
take_progress(struct ike_context *context, struct exchange *exchange, bool response)
{
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_message *message = context->message;

    if (message->version < 2) {
        bool phase1 = exchange_is_initial(exchange->type);
        unsigned enough = exchange->type == IKE1_AGGRESSIVE ? 3 : 6;
        if (phase1 ? exchange->messages >= enough : exchange->type == IKE1_QUICK_MODE)
            establish(context, ike_sa);
        return;
    }
    bool auth_accepted = exchange->type == IKE2_IKE_AUTH && response && !message->readable
            && envelope_holds_at_most(ike_sa, message->length) >= SMALLEST_AUTH_ANSWER;
    if (exchange->type == IKE2_CREATE_CHILD_SA || auth_accepted)
        establish(context, ike_sa);
}

static bool
makes_children(const struct exchange *exchange)
{
    return exchange->type == IKE2_IKE_AUTH || exchange->type == IKE2_CREATE_CHILD_SA
            || exchange->type == IKE1_QUICK_MODE;
}

/* An exchange that may have made the next new SPI. */
static void
remember_origin(struct tunnel *tunnel, struct exchange *exchange)
{
    struct recent_origin *origin = &tunnel->origin[tunnel->origins++ % RECENT_ORIGINS];

    origin->exchange = exchange;
    origin->claimed[0] = origin->claimed[1] = false;
}

static void
keep_spi(struct ike_place *place, uint32_t *list, unsigned most, uint32_t spi)
{
    for (unsigned i = 0; i < place->spis; i++)
        if (list[i] == spi)
            return;
    if (spi != 0 && place->spis < most)
        list[place->spis++] = spi;
}

/* The SPIs of ESP and AH that a message names. */
static void
keep_spis(struct ike_context *context, struct ike_place *place)
{
    const struct ike_contents *contents = &context->message->contents;
    uint32_t list[PROPOSALS_AT_MOST + 2 * NOTIFIES_AT_MOST + DELETES_AT_MOST];
    unsigned most = sizeof list / sizeof list[0];

    for (unsigned i = 0; i < contents->proposals; i++)
        if (contents->proposal[i].protocol == IKE_PROTOCOL_ESP || contents->proposal[i].protocol == IKE_PROTOCOL_AH)
            keep_spi(place, list, most, (uint32_t)contents->proposal[i].spi);
    for (unsigned i = 0; i < contents->notifies; i++) {
        keep_spi(place, list, most, contents->notify[i].spi);
        if (contents->notify[i].type == NOTIFY_INVALID_SPI)
            keep_spi(place, list, most, contents->notify[i].value);
    }
    for (unsigned i = 0; i < contents->deletes; i++)
        keep_spi(place, list, most, contents->delete_spi[i]);
    if (place->spis > 0)
        place->spi = wmem_memdup(context->pool, list, place->spis * sizeof list[0]);
}

/* The message's direction: by its path, or by its IKE SA where the path is new. */
static struct flow *
find_flow(struct ike_table *table, const struct ike_sa *ike_sa, const struct ike_message *message)
{
    struct tunnel_table *tunnels = table->context.tunnels;
    struct flow *flow = tunnel_find(tunnels, &message->source, &message->destination);

    if (!ike_sa)
        return flow ? flow : tunnel_open(tunnels, &message->source, &message->destination);
    if (flow && flow->tunnel == ike_sa->flow->tunnel)
        return flow;
    /* It floated to port 4500, or a NAT moved it: its SPIs tell that it is the same tunnel. */
    bool from_initiator = message->version >= 2
            ? (message->flags & IKE2_FLAG_INITIATOR) != 0
            : ip_address_equal(&message->source.address, &ike_sa->flow->source.address);
    flow = from_initiator ? ike_sa->flow : flow_reverse(ike_sa->flow);
    tunnel_alias(tunnels, &message->source, &message->destination, flow);
    return flow;
}

const struct ike_place *
ike_take(struct ike_table *table, const struct ike_message *message)
{
    struct ike_context *context = &table->context;
    struct ike_place place = { .frame = message->frame };
    bool news;

    if (message->initiator_spi == 0)
        return NULL;
    context->message = message;
    struct ike_sa *ike_sa = find_ike_sa(table, message);
    context->flow = find_flow(table, ike_sa, message);
    if (!ike_sa)
        ike_sa = open_ike_sa(table, context->flow);
    struct exchange *exchange = exchange_take(context, ike_sa, &place, &news);
    struct tunnel *tunnel = context->flow->tunnel;
    unsigned side = context->flow == ike_sa->flow ? 0 : 1;
    ike_sa->last_time = message->time;
    ike_sa->last_frame = message->frame;
    ike_sa->heard_frame[side] = message->frame;
    tunnel->ike_last_time = message->time;
    ike_sa->probes[1 - side] = 0;
    tunnel->ike_heard[context->flow == &tunnel->flow[0] ? 0 : 1] = true;
    keep_spis(context, &place);
    if (news) {
        bool first_answer = place.is_response && exchange->response_frame == message->frame;
        ike_sa->messages[side]++;
        if (message->readable)
            take_contents(table, exchange, &place);
        else
            keyless_take(context, exchange, place.is_response);
        take_progress(context, exchange, place.is_response);
        if (first_answer && makes_children(exchange) && !message->readable && exchange->outcome != EXCHANGE_REFUSED)
            remember_origin(tunnel, exchange);
    }
    child_check_rival(tunnel, &message->time, context->grace, context->changes);
    wmem_array_append_one(table->places, place);
    return wmem_array_index(table->places, wmem_array_get_count(table->places) - 1);
}

const struct ike_place *
ike_place_at(const struct ike_table *table, uint32_t frame)
{
    const struct ike_place *places = wmem_array_get_raw(table->places);
    unsigned low = 0, high = wmem_array_get_count(table->places), all = high;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (places[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low < all && places[low].frame == frame ? &places[low] : NULL;
}

/* ---- where no negotiation was readable */

struct exchange *
ike_claim_origin(struct flow *flow, const nstime_t *now, uint32_t seconds)
{
    struct tunnel *tunnel = flow->tunnel;
    unsigned direction = flow == &tunnel->flow[0] ? 0 : 1;
    struct recent_origin *found = NULL;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        struct recent_origin *origin = &tunnel->origin[i];
        if (origin->claimed[direction] || clock_passed(&origin->exchange->response_time, now, seconds))
            continue;
        if (found && found->exchange->ike_sa != origin->exchange->ike_sa)
            return NULL;
        if (!found || clock_compare(&origin->exchange->response_time, &found->exchange->response_time) > 0)
            found = origin;
    }
    if (!found)
        return NULL;
    found->claimed[direction] = true;
    return found->exchange;
}

bool
ike_may_replace(const struct exchange *old_origin, const struct exchange *new_origin, uint32_t seconds)
{
    if (!old_origin || !new_origin || old_origin->ike_sa == new_origin->ike_sa)
        return true;
    if (new_origin->type == IKE2_CREATE_CHILD_SA)
        return !new_origin->ike_sa->born_in_capture;
    if (new_origin->type == IKE2_IKE_AUTH)
        return !clock_passed(&new_origin->response_time, &old_origin->ike_sa->last_time, seconds);
    return true;
}

/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "change.h"
#include "child.h"
#include "contents.h"
#include "envelope.h"
#include "ikev1.h"
#include "ikev2.h"
#include "keyless.h"
#include "most.h"
#include "origin.h"
#include "pack.h"
#include "protection.h"
#include "refusal.h"
#include "restart.h"
#include "retry.h"
#include "tunnel.h"
#include "unseen.h"

struct ike_table {
    struct ike_context context;
    struct ike_frames *frames;
};

struct ike_table *
ike_table_create(wmem_allocator_t *pool, struct tunnel_table *tunnels, struct sa_table *sas,
        struct changes *changes, uint32_t handover_grace, uint32_t max_sas, uint64_t min_outage)
{
    struct ike_table *table = wmem_new0(pool, struct ike_table);

    table->context.pool = pool;
    table->context.pack = pack_create(pool);
    table->context.tunnels = tunnels;
    table->context.sas = sas;
    table->context.changes = changes;
    table->context.grace = handover_grace;
    table->context.max_sas = max_sas;
    table->context.min_outage = min_outage;
    table->context.ike_sas = ike_sa_table_create(pool, table->context.pack);
    table->frames = ike_frames_create(pool);
    return table;
}

struct ike_sa *
ike_first(const struct ike_table *table)
{
    return ike_sa_first(table->context.ike_sas);
}

uint32_t
ike_count(const struct ike_table *table)
{
    return ike_sa_count(table->context.ike_sas);
}

uint32_t
ike_messages(const struct ike_table *table)
{
    return ike_frames_count(table->frames);
}

const struct ike_frame *
ike_frame_at(const struct ike_table *table, uint32_t frame)
{
    return ike_frames_at(table->frames, frame);
}

uint32_t
ike_spi(const struct ike_table *table, const struct ike_frame *frame, unsigned i)
{
    return ike_frames_spi(table->frames, frame, i);
}

/* An exchange is kept for each message at the most, so that this bounds them too. */
static bool
has_too_many_messages(struct ike_table *table)
{
    uint64_t most = (uint64_t)table->context.max_sas * IKE_MESSAGES_PER_SA;
    bool full = ike_messages(table) >= most;

    if (full)
        change_add_limit(table->context.changes, LIMIT_IKE_MESSAGES, most);
    return full;
}

/* ---- what happens when an IKE SA opens, is established, ends */

static struct ike_sa *
open_ike_sa(struct ike_context *context)
{
    struct ike_sa *ike_sa = ike_sa_open(context, exchange_is_initial(context->message->exchange_type));

    if (!ike_sa->born_in_capture) {
        keyless_find_predecessor(context, ike_sa);
        if (ike_sa->predecessor)
            child_hand_over(ike_sa->predecessor, ike_sa);
        return ike_sa;
    }
    retry_take_set_up(context, ike_sa);
    exchange_give_up(context, ike_sa);
    keyless_begin_anew(context, ike_sa);
    ikev1_give_up_probes(context, ike_sa);
    change_ike_sa(context->changes, CHANGE_BEGAN, ike_sa);
    return ike_sa;
}

static void
establish(const struct ike_context *context, struct ike_sa *ike_sa)
{
    if (!ike_sa_establish(context, ike_sa))
        return;
    restart_take_established(context, ike_sa);
    change_ike_sa(context->changes, CHANGE_CONTACT, ike_sa);
}

static void
delete(struct ike_context *context, struct ike_sa *ike_sa)
{
    if (!ike_sa_delete(context, ike_sa))
        return;
    service_ike_deleted(context, ike_sa);
    /* in IKEv1, phase 2 outlives phase 1; and after a rekey that was not seen the new one has the children */
    if (ike_sa->version >= 2 && !unseen_successor(context->exchange, true))
        child_end_all(context, ike_sa);
}

static void
take_deletes(struct ike_context *context, struct ike_sa *ike_sa)
{
    const struct ike_contents *contents = &context->message->contents;

    if (contents->delete_protocol == IKE_PROTOCOL_IKE) {
        struct ike_sa *named = ike_sa_by_spis(context->ike_sas, contents->delete_ike_initiator, contents->delete_ike_responder);
        delete(context, named ? named : ike_sa);
    }
    if (contents->deletes_incomplete)
        change_add_limit(context->changes, LIMIT_DELETES, DELETES_AT_MOST);
    for (unsigned i = 0; i < contents->deletes; i++)
        child_delete(context, contents->delete_protocol, contents->delete_spi[i]);
}

static void
take_auth(const struct ike_context *context, const struct exchange *exchange)
{
    enum ikev2_auth auth = ikev2_auth_of(exchange, context->message);

    if (auth == AUTH_DONE)
        establish(context, exchange->ike_sa);
    else if (auth == AUTH_FAILED)
        ike_sa_fail(context, exchange->ike_sa);
}

/* ---- what a message says */

static void
take_contents(struct ike_context *context, struct exchange *exchange, const struct ike_frame *frame)
{
    contents_take_notifies(context, exchange);
    contents_take_identities(context, exchange);
    if (!frame->is_response)
        retry_take_identity(context, exchange->ike_sa);
    if (context->message->version < 2) {
        if (exchange->type == IKE1_INFORMATIONAL)
            take_deletes(context, exchange->ike_sa);
        ikev1_take(context, exchange, frame);
        return;
    }
    if (frame->is_response && exchange->type == IKE2_IKE_AUTH)
        take_auth(context, exchange);
    if (frame->is_response)
        ikev2_take_response(context, exchange);
    else
        ikev2_take_request(context, exchange);
    take_deletes(context, exchange->ike_sa);
}

/* What the header alone tells of an IKE SA's progress. */
static void
take_progress(const struct ike_context *context, const struct exchange *exchange, bool response)
{
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_message *message = context->message;

    if (message->version < 2) {
        bool phase1 = exchange_is_initial(exchange->type);
        unsigned enough = exchange->type == IKE1_AGGRESSIVE ? AGGRESSIVE_MODE_MESSAGES : MAIN_MODE_MESSAGES;
        if (phase1 ? exchange->steps >= enough : exchange->type == IKE1_QUICK_MODE)
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

/* Whether the answer may have made a child SA of which only new SPIs will tell: it was not read, but has room for one, or the request that it answers
 * is missing. */
static bool
made_unknown(const struct exchange *exchange, const struct ike_message *message)
{
    if (!makes_children(exchange) || exchange->outcome == EXCHANGE_REFUSED || exchange->ike_sa->small_auth == exchange)
        return false;
    if (!message->readable)
        return !keyless_answers_nothing(exchange);
    const struct offer *response = exchange->response;
    return !exchange->child && !exchange->request && response && response->proposals > 0 && response->proposal[0]->protocol != IKE_PROTOCOL_IKE;
}

/* The message's direction: by its path, or by its IKE SA where the path is new; NULL where it would be
 * one tunnel too many. */
static struct flow *
find_flow(const struct ike_context *context, const struct ike_sa *ike_sa, const struct ike_message *message)
{
    struct tunnel_table *tunnels = context->tunnels;
    struct flow *flow = tunnel_find(tunnels, &message->source, &message->destination);

    if (flow && (!ike_sa || flow->tunnel == ike_sa->flow->tunnel))
        return flow;
    if (!ike_sa)
        return change_room_for_tunnel(context->changes, tunnels, most_of(context->max_sas, SHARE_TUNNELS))
                ? tunnel_open(tunnels, &message->source, &message->destination) : NULL;
    /* It floated to port 4500, or a NAT moved it: its SPIs tell that it is the same tunnel. */
    bool from_initiator = message->version >= 2
            ? ike_sa_sender(message) == 0
            : ip_address_equal(&message->source.address, &ike_sa->flow->source.address);
    flow = from_initiator ? ike_sa->flow : flow_reverse(ike_sa->flow);
    if (!tunnel_alias(tunnels, &message->source, &message->destination, flow))
        change_add_limit(context->changes, LIMIT_ADDRESSES, most_of(context->max_sas, SHARE_ADDRESSES));
    return flow;
}

/* The message was heard, whatever it says. */
static void
note_heard(const struct ike_context *context, struct ike_sa *ike_sa, unsigned side)
{
    struct tunnel *tunnel = context->flow->tunnel;

    ike_sa->last_time = context->message->time;
    ike_sa->last_frame = context->message->frame;
    ike_sa->heard_frame[side] = context->message->frame;
    if (ike_sa->on_nat_t != 0 || context->message->source.port == PORT_NAT_T || context->message->destination.port == PORT_NAT_T)
        ike_sa->on_nat_t |= (uint8_t)(1U << side);
    ike_sa->probes[1 - side] = 0;
    tunnel->ike_last_time = context->message->time;
    tunnel->ike_heard[flow_peer(context->flow)] = true;
    tunnel->auth_asked[flow_peer(context->flow)] |= side == 0 && context->message->version >= 2 && context->message->exchange_type == IKE2_IKE_AUTH;
}

/* Takes what no message before said. */
static void
take_news(struct ike_context *context, struct exchange *exchange, const struct ike_frame *frame)
{
    const struct ike_message *message = context->message;
    bool first_answer = frame->is_response && exchange->response_frame == message->frame;

    if (message->readable)
        take_contents(context, exchange, frame);
    else
        keyless_take(context, exchange, frame->is_response);
    take_progress(context, exchange, frame->is_response);
    if (exchange->type == IKE1_QUICK_MODE && exchange->request_frame == message->frame)
        exchange_give_up_quick_mode(context, exchange);
    if (exchange->type == IKE2_CREATE_CHILD_SA && exchange->request_frame == message->frame)
        change_exchange(context->changes, CHANGE_CHILD_ASKED, exchange);
    if (first_answer && made_unknown(exchange, message))
        origin_remember(context->pack, context->flow->tunnel, exchange);
    if (first_answer && (exchange->type == IKE2_CREATE_CHILD_SA || exchange->type == IKE1_QUICK_MODE))
        refusal_take_answer(exchange);
}

/* The flow that a message claims to travel in, where it is of a tunnel that is known. */
static struct flow *
claimed_flow(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    const struct ike_message *message = context->message;
    struct flow *flow = tunnel_find(context->tunnels, &message->source, &message->destination);

    if (flow || !ike_sa)
        return flow;
    return ike_sa_sender(message) == 0 ? ike_sa->flow : flow_reverse(ike_sa->flow);
}

/* Whether a gateway ignores the message, as anybody may have sent it: it is told, and changes nothing. */
static bool
is_ignored(struct ike_context *context, const struct ike_sa *ike_sa)
{
    context->flow = claimed_flow(context, ike_sa);
    if (!context->flow)
        return false;
    bool is_missing = protection_is_missing(context, ike_sa) && !(ike_sa && exchange_has_sealed(context, ike_sa));
    bool answers_nothing = protection_answers_nothing(context, ike_sa) && !(ike_sa && exchange_is_known(context, ike_sa));
    bool is_wrong = ike_sa && protection_is_wrong(context->message, ike_sa);
    if (!is_missing && !answers_nothing && !is_wrong)
        return false;
    change_unprotected(context->changes, context->flow, context->message);
    return true;
}

/* Its peer answers: it was given up too early, or what ended it was forged. */
static void
revive(struct ike_sa *ike_sa, const struct ike_frame *frame)
{
    if (frame->is_response && ike_sa->end == IKE_FAILED && ike_sa->is_sealed && !ike_sa->successor)
        ike_sa->end = IKE_ALIVE;
}

/* Whether there is no room for the message, or for an IKE SA of its; if its tunnel is known, that one is no longer known whole. */
static bool
finds_no_room(struct ike_table *table, const struct ike_message *message, const struct ike_sa *ike_sa)
{
    if (!has_too_many_messages(table) && (ike_sa || ike_sa_has_room(&table->context)))
        return false;
    const struct flow *flow = tunnel_find(table->context.tunnels, &message->source, &message->destination);
    if (flow)
        flow->tunnel->is_incomplete = true;
    return true;
}

const struct ike_frame *
ike_take(struct ike_table *table, const struct ike_message *message, bool is_copy)
{
    struct ike_context *context = &table->context;
    struct ike_frame frame = { .frame = message->frame };
    bool news;

    if (message->initiator_spi == 0)
        return NULL;
    context->message = message;
    context->is_copy = is_copy;
    struct ike_sa *ike_sa = ike_sa_find(context->ike_sas, message);
    if (is_ignored(context, ike_sa) || finds_no_room(table, message, ike_sa))
        return NULL;
    context->flow = find_flow(context, ike_sa, message);
    if (!context->flow)
        return NULL;
    if (!ike_sa)
        ike_sa = ike_sa_find_later(context);
    if (!ike_sa)
        ike_sa = open_ike_sa(context);
    struct exchange *exchange = exchange_take(context, ike_sa, &frame, &news);
    context->exchange = exchange;
    unsigned side = context->flow == ike_sa->flow ? 0 : 1;
    note_heard(context, ike_sa, side);
    if (news) {
        ike_sa->messages[side]++;
        revive(ike_sa, &frame);
        take_news(context, exchange, &frame);
    }
    service_take_message(context, &frame, news);
    restart_check(context->flow->tunnel, &message->time, context->grace, context->changes);
    return ike_frames_add(table->frames, &frame, message);
}

/* The addresses of a copy, if they are new, lead to the same tunnel: a NAT stands between the points. */
static void
lead_through_nat(const struct ike_context *context, const struct ike_message *message, struct flow *flow)
{
    if (tunnel_find(context->tunnels, &message->source, &message->destination))
        return;
    flow->tunnel->both_sides = true;
    if (!tunnel_alias(context->tunnels, &message->source, &message->destination, flow))
        change_add_limit(context->changes, LIMIT_ADDRESSES, context->max_sas);
}

const struct ike_frame *
ike_take_copy(struct ike_table *table, const struct ike_message *message, uint32_t of)
{
    const struct ike_frame *first = ike_frames_at(table->frames, of);

    if (!first || has_too_many_messages(table))
        return NULL;
    struct ike_frame frame = *first;
    frame.frame = message->frame;
    lead_through_nat(&table->context, message, first->is_response ? flow_reverse(first->exchange->flow) : first->exchange->flow);
    return ike_frames_add(table->frames, &frame, message);
}

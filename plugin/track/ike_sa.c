/* ike_sa.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_sa.h"

#include "../clock.h"
#include "change.h"
#include "exchange.h"
#include "most.h"
#include "pack.h"
#include "walk.h"

struct ike_sa_table {
    struct pack *pack;
    wmem_map_t *by_spis;
    struct ike_sa *first;
    struct ike_sa *last;
    uint32_t count;
    uint32_t half_open;             /* of these, without a responder's SPI yet */
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

struct ike_sa_table *
ike_sa_table_create(wmem_allocator_t *pool, struct pack *pack)
{
    struct ike_sa_table *table = wmem_new0(pool, struct ike_sa_table);

    table->pack = pack;
    table->by_spis = wmem_map_new(pool, spis_hash, spis_equal);
    return table;
}

struct ike_sa *
ike_sa_first(const struct ike_sa_table *table)
{
    return table->first;
}

uint32_t
ike_sa_count(const struct ike_sa_table *table)
{
    return table->count;
}

bool
ike_sa_has_room(const struct ike_context *context)
{
    uint32_t most = most_of(context->max_sas, SHARE_IKE_SAS), half_open = most_half_open(context->max_sas);
    bool full = context->ike_sas->count >= most;

    if (full)
        change_add_limit(context->changes, LIMIT_IKE_SAS, most);
    if (full || context->message->responder_spi != 0 || context->ike_sas->half_open < half_open)
        return !full;
    change_add_limit(context->changes, LIMIT_HALF_OPEN, half_open);
    return false;
}

static void
index_spis(struct ike_sa_table *table, uint64_t initiator, uint64_t responder, struct ike_sa *ike_sa)
{
    struct spis *key = pack_take(table->pack, sizeof *key);

    key->initiator = initiator;
    key->responder = responder;
    wmem_map_insert(table->by_spis, key, ike_sa);
}

struct ike_sa *
ike_sa_by_spis(const struct ike_sa_table *table, uint64_t initiator, uint64_t responder)
{
    struct spis key = { initiator, responder };

    return wmem_map_lookup(table->by_spis, &key);
}

/* Whether it awaits the answer of IKE_SA_INIT, and this is one: an answer before, which only asked to start over, may
 * have had another responder's SPI (RFC 7296 section 2.6). */
static bool
awaits(const struct ike_sa *ike_sa, const struct ike_message *message)
{
    return message->version >= 2 && message->exchange_type == IKE2_IKE_SA_INIT && (message->flags & IKE2_FLAG_RESPONSE) != 0
            && !ike_sa->established && ike_sa->latest->type == IKE2_IKE_SA_INIT && ike_sa->latest->awaiting;
}

/* The responder's SPI is 0 until its first answer. */
struct ike_sa *
ike_sa_find(struct ike_sa_table *table, const struct ike_message *message)
{
    struct ike_sa *ike_sa = ike_sa_by_spis(table, message->initiator_spi, message->responder_spi);

    if (ike_sa || message->responder_spi == 0)
        return ike_sa;
    ike_sa = ike_sa_by_spis(table, message->initiator_spi, 0);
    if (!ike_sa || (ike_sa->responder_spi != 0 && !awaits(ike_sa, message)))
        return NULL;
    table->half_open -= ike_sa->responder_spi == 0;
    ike_sa->responder_spi = message->responder_spi;
    index_spis(table, message->initiator_spi, message->responder_spi, ike_sa);
    return ike_sa;
}

struct ike_sa *
ike_sa_find_later(const struct ike_context *context)
{
    const struct ike_message *message = context->message;
    struct ike_sa *ike_sa;

    if (message->responder_spi != 0)
        return NULL;
    WALK(ike_sa, context->flow->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT) {
        if (ike_sa->initiator_spi != message->initiator_spi || ike_sa->version != message->version || ike_sa->born_in_capture
                || ike_sa->flow != context->flow || clock_compare(&message->time, &ike_sa->first_time) > 0)
            continue;
        ike_sa->born_in_capture = ike_sa->set_up = true;
        ike_sa->first_time = message->time;
        index_spis(context->ike_sas, ike_sa->initiator_spi, 0, ike_sa);
        return ike_sa;
    }
    return NULL;
}

static struct ike_sa *
add_ike_sa(const struct ike_context *context, uint64_t initiator, uint64_t responder, struct flow *flow)
{
    struct ike_sa_table *table = context->ike_sas;
    const struct ike_message *message = context->message;
    struct ike_sa *ike_sa = pack_take(table->pack, sizeof *ike_sa);

    ike_sa->initiator_spi = initiator;
    ike_sa->responder_spi = responder;
    ike_sa->id = table->count++;
    table->half_open += responder == 0;
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

/* An IKE SA that began beside the one that is deleted now: the old one was re-authenticated. */
static void
find_successor(struct ike_sa *old, const nstime_t *now, uint32_t grace)
{
    struct ike_sa *new;

    WALK(new, old->flow->tunnel->ike_sas, tunnel_older, IKE_SAS_KNOWN) {
        if (new == old)
            return;
        if (!new->established || new->predecessor || clock_passed(&new->established_time, now, grace))
            continue;
        new->predecessor = old;
        old->successor = new;
        return;
    }
}

void
ike_sa_note_end(struct ike_sa *ike_sa, enum ike_end end, const nstime_t *time)
{
    ike_sa->end = (uint8_t)end;
    ike_sa->end_time = *clock_later(time, &ike_sa->first_time);
}

void
ike_sa_fail(const struct ike_context *context, struct ike_sa *ike_sa)
{
    if (ike_sa->end != IKE_DELETED)
        ike_sa_note_end(ike_sa, IKE_FAILED, &context->message->time);
}

bool
ike_sa_delete(const struct ike_context *context, struct ike_sa *ike_sa)
{
    if (ike_sa->end == IKE_DELETED)
        return false;
    nstime_t end = ike_sa->end == IKE_FAILED ? ike_sa->end_time : context->message->time;
    ike_sa_note_end(ike_sa, IKE_DELETED, &end);
    if (!ike_sa->successor)
        find_successor(ike_sa, &context->message->time, context->grace);
    return true;
}

/* The last IKE SA of the tunnel that has ended: the new one takes its place. */
static void
find_predecessor(struct ike_sa *ike_sa)
{
    struct ike_sa *old;

    WALK(old, ike_sa->tunnel_older, tunnel_older, IKE_SAS_KNOWN)
        if (old->established && !old->successor)
            break;
    if (!old || !old->established || old->successor || ike_sa->predecessor || old->end == IKE_ALIVE)
        return;
    old->successor = ike_sa;
    ike_sa->predecessor = old;
}

struct ike_sa *
ike_sa_open(const struct ike_context *context, bool initial)
{
    const struct ike_message *message = context->message;
    bool from_initiator = message->version >= 2 ? ike_sa_sender(message) == 0
                                                : message->responder_spi == 0;
    struct ike_sa *ike_sa = add_ike_sa(context, message->initiator_spi, message->responder_spi,
            from_initiator ? context->flow : flow_reverse(context->flow));

    ike_sa->born_in_capture = initial && message->responder_spi == 0;
    ike_sa->set_up = ike_sa->born_in_capture;
    ike_sa->established = !initial;
    return ike_sa;
}

/* By an initial exchange, or by a rekey. */
static void
count_established(const struct ike_sa *ike_sa)
{
    struct service *service = &ike_sa->flow->tunnel->service;

    if (ike_sa->set_up)
        service->set_ups[flow_peer(ike_sa->flow)]++;
    else
        service->rekeys++;
}

bool
ike_sa_establish(const struct ike_context *context, struct ike_sa *ike_sa)
{
    if (ike_sa->established)
        return false;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    count_established(ike_sa);
    find_predecessor(ike_sa);
    return true;
}

struct ike_sa *
ike_sa_rekey(const struct ike_context *context, const struct exchange *exchange, uint64_t initiator, uint64_t responder)
{
    struct ike_sa *old = exchange->ike_sa;

    if (initiator == 0 || responder == 0 || ike_sa_by_spis(context->ike_sas, initiator, responder) || !ike_sa_has_room(context))
        return NULL;
    struct ike_sa *ike_sa = add_ike_sa(context, initiator, responder, exchange->flow);
    ike_sa->born_in_capture = true;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    count_established(ike_sa);
    if (old->successor) {           /* a collision */
        old->successor->rival = ike_sa;
        return ike_sa;
    }
    ike_sa->predecessor = old;
    old->successor = ike_sa;
    if (old->end != IKE_DELETED)
        ike_sa_note_end(old, IKE_REPLACED, &context->message->time);
    return ike_sa;
}

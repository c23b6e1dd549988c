/* ike_sa.c
 * IKE SAs: found by their SPIs, opened, established, replaced and ended.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "clock.h"
#include "ike_context.h"

/* Liveness checks of IKEv1 that have to stay unanswered until the peer counts as dead. */
#define PROBES_AT_LEAST 2

/* IKE SAs of one tunnel that are looked through for one that another replaces: beyond that it is a flood. */
#define LOOKED_AT_MOST 256

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

wmem_map_t *
ike_sa_map_create(wmem_allocator_t *pool)
{
    return wmem_map_new(pool, spis_hash, spis_equal);
}

static void
index_spis(struct ike_table *table, uint64_t initiator, uint64_t responder, struct ike_sa *ike_sa)
{
    struct spis *key = wmem_new(table->context.pool, struct spis);

    key->initiator = initiator;
    key->responder = responder;
    wmem_map_insert(table->by_spis, key, ike_sa);
}

struct ike_sa *
ike_sa_by_spis(const struct ike_table *table, uint64_t initiator, uint64_t responder)
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
ike_sa_find(struct ike_table *table, const struct ike_message *message)
{
    struct ike_sa *ike_sa = ike_sa_by_spis(table, message->initiator_spi, message->responder_spi);

    if (ike_sa || message->responder_spi == 0)
        return ike_sa;
    ike_sa = ike_sa_by_spis(table, message->initiator_spi, 0);
    if (!ike_sa || (ike_sa->responder_spi != 0 && !awaits(ike_sa, message)))
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
        ike_sa_end(context, old, IKE_FAILED);
        change_probes(context->changes, old, old->probes[side], old->probe_frame[side]);
        return;
    }
}

struct ike_sa *
ike_sa_open(struct ike_table *table, struct flow *flow)
{
    const struct ike_message *message = table->context.message;
    bool from_initiator = message->version >= 2 ? (message->flags & IKE2_FLAG_INITIATOR) != 0
                                                : message->responder_spi == 0;
    struct ike_sa *ike_sa = add_ike_sa(table, message->initiator_spi, message->responder_spi,
            from_initiator ? flow : flow_reverse(flow));

    ike_sa->born_in_capture = exchange_is_initial(message->exchange_type) && message->responder_spi == 0;
    if (!ike_sa->born_in_capture) {
        ike_sa->established = !exchange_is_initial(message->exchange_type);
        keyless_find_predecessor(&table->context, ike_sa);
        return ike_sa;
    }
    ike_sa->set_up = true;
    exchange_give_up(&table->context, ike_sa);
    keyless_begin_anew(&table->context, ike_sa);
    give_up_probes(&table->context, ike_sa);
    return ike_sa;
}

/* An IKE SA that began beside the one that is deleted now: the old one was re-authenticated. */
static void
find_successor(struct ike_sa *old, const nstime_t *now, uint32_t grace)
{
    unsigned looked_at = 0;

    for (struct ike_sa *new = old->flow->tunnel->ike_sas; new && new != old && looked_at < LOOKED_AT_MOST; new = new->tunnel_older, looked_at++) {
        if (!new->established || new->predecessor || clock_passed(&new->established_time, now, grace))
            continue;
        new->predecessor = old;
        old->successor = new;
        return;
    }
}

void
ike_sa_note_end(struct ike_sa *ike_sa, enum ike_end end, const nstime_t *time, uint32_t frame)
{
    ike_sa->end = (uint8_t)end;
    ike_sa->end_time = *clock_later(time, &ike_sa->first_time);
    ike_sa->end_frame = frame;
}

/* All child SAs of the one become the other's, which has none (RFC 7296 section 2.8). */
static void
hand_over_children(struct ike_sa *from, struct ike_sa *to)
{
    to->children = from->children;
    from->children = NULL;
    if (to->children)
        to->children->ike_sa = to;
}

void
ike_sa_end(struct ike_context *context, struct ike_sa *ike_sa, enum ike_end end)
{
    if (ike_sa->end == IKE_DELETED)
        return;
    ike_sa_note_end(ike_sa, end, &context->message->time, context->message->frame);
    if (end == IKE_DELETED && !ike_sa->successor)
        find_successor(ike_sa, &context->message->time, context->grace);
    if (end == IKE_DELETED)
        service_ike_deleted(context, ike_sa);
    if (end != IKE_DELETED || ike_sa->version < 2)
        return;                     /* in IKEv1, phase 2 outlives phase 1 */
    if (!ike_sa->children)
        return;
    struct ike_sa *heir = ike_sa->rival;            /* RFC 7296 section 2.8.2 */
    if (heir && heir->end == IKE_ALIVE && !heir->children) {
        hand_over_children(ike_sa, heir);
        return;
    }
    for (struct child *child = ike_sa->children->first; child; child = child->next)
        child_end(context, child);
    ike_sa->children->first = NULL; /* each is ended once, however often a rekey and a Delete follow each other */
}

/* The last IKE SA of the tunnel that has ended: the new one takes its place. */
static void
find_predecessor(struct ike_sa *ike_sa)
{
    struct ike_sa *old = ike_sa->tunnel_older;

    for (unsigned looked_at = 0; old && (!old->established || old->successor); old = old->tunnel_older)
        if (++looked_at > LOOKED_AT_MOST)
            return;
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

    for (unsigned looked_at = 0; old && (!old->established || old->end != IKE_ALIVE); old = old->tunnel_older)
        if (++looked_at > LOOKED_AT_MOST)
            return NULL;
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
    ike_sa_end(context, old, IKE_FAILED);
    if (!began->predecessor && !old->successor) {
        began->predecessor = old;
        old->successor = began;
    }
}

void
ike_sa_establish(struct ike_context *context, struct ike_sa *ike_sa)
{
    if (ike_sa->established)
        return;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    service_ike_established(ike_sa);
    find_predecessor(ike_sa);
    displace(context, ike_sa);
    if (ike_sa->born_in_capture && !context->message->readable && !ike_sa->predecessor && find_displaced(ike_sa, context->grace))
        ike_sa->flow->tunnel->maybe_restarted = ike_sa;
    change_ike_sa(context->changes, CHANGE_CONTACT, ike_sa);
}

/* RFC 7296 section 1.3.2: the children move to the new IKE SA. */
void
ike_sa_rekey(struct ike_table *table, struct exchange *exchange, uint64_t initiator, uint64_t responder)
{
    struct ike_context *context = &table->context;
    struct ike_sa *old = exchange->ike_sa;

    if (initiator == 0 || responder == 0 || ike_sa_by_spis(table, initiator, responder) || ike_table_is_full(table))
        return;
    struct ike_sa *ike_sa = add_ike_sa(table, initiator, responder, exchange->flow);
    ike_sa->born_in_capture = true;
    ike_sa->established = true;
    ike_sa->established_time = context->message->time;
    ike_sa->established_frame = context->message->frame;
    service_ike_established(ike_sa);
    if (old->successor) {           /* a collision; the other one has the children, until it is deleted as the redundant one */
        old->successor->rival = ike_sa;
        return;
    }
    ike_sa->predecessor = old;
    old->successor = ike_sa;
    hand_over_children(old, ike_sa);
    ike_sa_end(context, old, IKE_REPLACED);
}

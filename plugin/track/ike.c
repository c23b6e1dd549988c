/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "clock.h"

struct ike_table {
    wmem_allocator_t *pool;
    wmem_map_t *by_spis;
    wmem_array_t *messages;         /* of struct message_place, ascending by frame */
    struct ike_sa *first;
    struct ike_sa *last;
    uint32_t count;
};

struct message_place {
    uint32_t frame;
    struct exchange *exchange;
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
ike_table_create(wmem_allocator_t *pool)
{
    struct ike_table *table = wmem_new0(pool, struct ike_table);

    table->pool = pool;
    table->by_spis = wmem_map_new(pool, spis_hash, spis_equal);
    table->messages = wmem_array_new(pool, sizeof(struct message_place));
    return table;
}

struct ike_sa *
ike_first(const struct ike_table *table)
{
    return table->first;
}

static bool
is_initial(uint8_t type)
{
    return type == IKE2_IKE_SA_INIT || type == IKE1_IDENTITY_PROTECTION || type == IKE1_AGGRESSIVE;
}

static bool
from_original_initiator(const struct ike_sa *ike_sa, const struct ike_message *message,
        const struct flow *flow)
{
    if (message->version >= 2)
        return (message->flags & IKE2_FLAG_INITIATOR) != 0;
    return ike_sa->flow == flow;
}

static void
index_spis(struct ike_table *table, uint64_t initiator, uint64_t responder, struct ike_sa *ike_sa)
{
    struct spis *key = wmem_new(table->pool, struct spis);

    key->initiator = initiator;
    key->responder = responder;
    wmem_map_insert(table->by_spis, key, ike_sa);
}

static struct ike_sa *
ike_sa_find(struct ike_table *table, const struct ike_message *message)
{
    struct spis both = { message->initiator_spi, message->responder_spi };
    struct spis half = { message->initiator_spi, 0 };
    struct ike_sa *ike_sa = wmem_map_lookup(table->by_spis, &both);

    if (ike_sa || message->responder_spi == 0)
        return ike_sa;
    ike_sa = wmem_map_lookup(table->by_spis, &half);
    if (!ike_sa || ike_sa->responder_spi != 0)
        return NULL;
    ike_sa->responder_spi = message->responder_spi;
    index_spis(table, both.initiator, both.responder, ike_sa);
    return ike_sa;
}

static struct ike_sa *
ike_sa_open(struct ike_table *table, const struct ike_message *message, struct flow *flow)
{
    struct ike_sa *ike_sa = wmem_new0(table->pool, struct ike_sa);
    bool to_responder = message->version >= 2 ? (message->flags & IKE2_FLAG_INITIATOR) != 0
                                              : message->responder_spi == 0;

    ike_sa->initiator_spi = message->initiator_spi;
    ike_sa->responder_spi = message->responder_spi;
    ike_sa->id = table->count++;
    ike_sa->version = message->version;
    ike_sa->flow = to_responder ? flow : flow_reverse(flow);
    ike_sa->first_time = message->time;
    ike_sa->first_frame = message->frame;
    ike_sa->born_in_capture = is_initial(message->exchange_type) && message->responder_spi == 0;
    index_spis(table, message->initiator_spi, message->responder_spi, ike_sa);
    if (table->last)
        table->last->next = ike_sa;
    else
        table->first = ike_sa;
    table->last = ike_sa;
    return ike_sa;
}

static bool
makes_children(uint8_t type)
{
    return type == IKE2_IKE_AUTH || type == IKE2_CREATE_CHILD_SA || type == IKE1_QUICK_MODE;
}

static void
remember_origin(struct tunnel *tunnel, const struct exchange *exchange)
{
    struct recent_origin *origin = &tunnel->origin[tunnel->origins++ % RECENT_ORIGINS];

    origin->exchange = exchange;
    origin->claimed[0] = origin->claimed[1] = false;
}

static struct exchange *
exchange_of(struct ike_table *table, struct ike_sa *ike_sa, const struct ike_message *message,
        struct flow *flow)
{
    bool initiator_sent = from_original_initiator(ike_sa, message, flow);
    bool response = message->version >= 2 ? (message->flags & IKE2_FLAG_RESPONSE) != 0 : false;
    struct exchange **latest = &ike_sa->latest[initiator_sent != response ? 0 : 1];
    struct exchange *exchange = *latest;

    if (message->version < 2) {     /* in IKEv1 the message ID alone names the exchange */
        for (int i = 0; i < 2; i++) {
            struct exchange *other = ike_sa->latest[i];
            if (other && other->message_id == message->message_id
                    && other->type == message->exchange_type) {
                exchange = other;
                response = other->flow != flow;
            }
        }
    }
    if (!exchange || exchange->message_id != message->message_id
            || exchange->type != message->exchange_type) {
        exchange = wmem_new0(table->pool, struct exchange);
        exchange->ike_sa = ike_sa;
        exchange->type = message->exchange_type;
        exchange->message_id = message->message_id;
        exchange->flow = response ? flow_reverse(flow) : flow;
        *latest = exchange;
    }
    if (!response && exchange->request_frame == 0) {
        exchange->request_frame = message->frame;
        exchange->request_time = message->time;
    } else if (response && exchange->response_frame == 0) {
        exchange->response_frame = message->frame;
        exchange->response_time = message->time;
        if (makes_children(exchange->type))
            remember_origin(flow->tunnel, exchange);
    }
    return exchange;
}

struct exchange *
ike_take(struct ike_table *table, struct tunnel_table *tunnels, const struct ike_message *message)
{
    struct ike_sa *ike_sa = ike_sa_find(table, message);
    struct flow *flow = tunnel_find(tunnels, &message->source, &message->destination);

    if (message->initiator_spi == 0)
        return NULL;
    if (ike_sa && (!flow || flow->tunnel != ike_sa->flow->tunnel)) {
        /* It floated to port 4500, or a NAT moved it: its SPIs tell that it is the same tunnel. */
        bool initiator_sent = message->version >= 2
                ? (message->flags & IKE2_FLAG_INITIATOR) != 0
                : ip_address_equal(&message->source.address, &ike_sa->flow->source.address);
        flow = initiator_sent ? ike_sa->flow : flow_reverse(ike_sa->flow);
        tunnel_alias(tunnels, &message->source, &message->destination, flow);
    }
    if (!flow)
        flow = tunnel_open(tunnels, &message->source, &message->destination);
    if (!ike_sa)
        ike_sa = ike_sa_open(table, message, flow);
    ike_sa->last_time = message->time;
    ike_sa->last_frame = message->frame;
    flow->tunnel->ike_heard[flow == &flow->tunnel->flow[0] ? 0 : 1] = true;
    struct message_place place = { message->frame, exchange_of(table, ike_sa, message, flow) };
    wmem_array_append_one(table->messages, place);
    return place.exchange;
}

struct exchange *
ike_exchange_at(const struct ike_table *table, uint32_t frame)
{
    const struct message_place *places = wmem_array_get_raw(table->messages);
    unsigned low = 0, high = wmem_array_get_count(table->messages), all = high;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (places[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low < all && places[low].frame == frame ? places[low].exchange : NULL;
}

const struct exchange *
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
        if (!found || nstime_cmp(&origin->exchange->response_time, &found->exchange->response_time) > 0)
            found = origin;
    }
    if (!found)
        return NULL;
    found->claimed[direction] = true;
    return found->exchange;
}

bool
ike_may_replace(const struct exchange *old_origin, const struct exchange *new_origin,
        uint32_t seconds)
{
    if (!old_origin || !new_origin || old_origin->ike_sa == new_origin->ike_sa)
        return true;
    if (new_origin->type == IKE2_CREATE_CHILD_SA)
        return !new_origin->ike_sa->born_in_capture;
    if (new_origin->type == IKE2_IKE_AUTH)
        return !clock_passed(&new_origin->response_time, &old_origin->ike_sa->last_time, seconds);
    return true;
}

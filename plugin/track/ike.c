/* ike.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike.h"

#include "clock.h"
#include "envelope.h"
#include "ike_context.h"

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
    table->by_spis = ike_sa_map_create(pool);
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

uint32_t
ike_messages(const struct ike_table *table)
{
    return wmem_array_get_count(table->places);
}

bool
ike_table_is_full(struct ike_table *table)
{
    bool full = table->count >= table->context.max_sas;

    if (full)
        change_add_limit(table->context.changes, LIMIT_IKE_SAS, table->context.max_sas);
    return full;
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

static void
take_contents(struct ike_table *table, struct exchange *exchange, const struct ike_place *place)
{
    struct ike_context *context = &table->context;

    contents_take_notifies(context, exchange);
    if (context->message->version < 2) {
        ikev1_take(table, exchange, place);
        return;
    }
    if (place->is_response)
        ikev2_take_response(table, exchange);
    else
        ikev2_take_request(context, exchange);
    contents_take_deletes(table, exchange->ike_sa);
}

/* What the header alone tells of an IKE SA's progress. */
static void
take_progress(struct ike_context *context, struct exchange *exchange, bool response)
{
    struct ike_sa *ike_sa = exchange->ike_sa;
    const struct ike_message *message = context->message;

    if (message->version < 2) {
        bool phase1 = exchange_is_initial(exchange->type);
        unsigned enough = exchange->type == IKE1_AGGRESSIVE ? AGGRESSIVE_MODE_MESSAGES : MAIN_MODE_MESSAGES;
        if (phase1 ? exchange->steps >= enough : exchange->type == IKE1_QUICK_MODE)
            ike_sa_establish(context, ike_sa);
        return;
    }
    bool auth_accepted = exchange->type == IKE2_IKE_AUTH && response && !message->readable
            && envelope_holds_at_most(ike_sa, message->length) >= SMALLEST_AUTH_ANSWER;
    if (exchange->type == IKE2_CREATE_CHILD_SA || auth_accepted)
        ike_sa_establish(context, ike_sa);
}

static bool
makes_children(const struct exchange *exchange)
{
    return exchange->type == IKE2_IKE_AUTH || exchange->type == IKE2_CREATE_CHILD_SA
            || exchange->type == IKE1_QUICK_MODE;
}

/* A further round of IKE_AUTH, as with EAP (RFC 7296 section 2.16), takes the place of the one before: only the last makes a child. */
static struct recent_origin *
origin_for(struct tunnel *tunnel, const struct exchange *exchange)
{
    struct recent_origin *latest = tunnel->origins > 0 ? &tunnel->origin[(tunnel->origins - 1) % RECENT_ORIGINS] : NULL;
    bool round = latest && exchange->type == IKE2_IKE_AUTH && latest->exchange->type == IKE2_IKE_AUTH
            && latest->exchange->ike_sa == exchange->ike_sa && !latest->claimed[0] && !latest->claimed[1];

    return round ? latest : &tunnel->origin[tunnel->origins++ % RECENT_ORIGINS];
}

/* An exchange that may have made the next new SPI. */
static void
remember_origin(struct tunnel *tunnel, struct exchange *exchange)
{
    struct recent_origin *origin = origin_for(tunnel, exchange);

    origin->exchange = exchange;
    origin->claimed[0] = origin->claimed[1] = false;
    origin->doubtful[0] = origin->doubtful[1] = false;
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
    uint32_t list[PROPOSALS_AT_MOST + (2 * NOTIFIES_AT_MOST) + DELETES_AT_MOST];
    unsigned most = sizeof list / sizeof list[0];

    place->spis = 0;
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

/* The message's direction: by its path, or by its IKE SA where the path is new; NULL where it would be
 * one tunnel too many. */
static struct flow *
find_flow(struct ike_table *table, const struct ike_sa *ike_sa, const struct ike_message *message)
{
    struct tunnel_table *tunnels = table->context.tunnels;
    struct flow *flow = tunnel_find(tunnels, &message->source, &message->destination);

    if (flow && (!ike_sa || flow->tunnel == ike_sa->flow->tunnel))
        return flow;
    if (!ike_sa)
        return change_room_for_tunnel(table->context.changes, tunnels, table->context.max_sas)
                ? tunnel_open(tunnels, &message->source, &message->destination) : NULL;
    /* It floated to port 4500, or a NAT moved it: its SPIs tell that it is the same tunnel. */
    bool from_initiator = message->version >= 2
            ? (message->flags & IKE2_FLAG_INITIATOR) != 0
            : ip_address_equal(&message->source.address, &ike_sa->flow->source.address);
    flow = from_initiator ? ike_sa->flow : flow_reverse(ike_sa->flow);
    if (!tunnel_alias(tunnels, &message->source, &message->destination, flow))
        change_add_limit(table->context.changes, LIMIT_ADDRESSES, table->context.max_sas);
    return flow;
}

const struct ike_place *
ike_take(struct ike_table *table, const struct ike_message *message)
{
    struct ike_context *context = &table->context;
    struct ike_place place = { .frame = message->frame };
    bool news;

    if (message->initiator_spi == 0 || has_too_many_messages(table))
        return NULL;
    context->message = message;
    struct ike_sa *ike_sa = ike_sa_find(table, message);
    if (!ike_sa && ike_table_is_full(table))
        return NULL;
    context->flow = find_flow(table, ike_sa, message);
    if (!context->flow)
        return NULL;
    if (!ike_sa)
        ike_sa = ike_sa_open(table, context->flow);
    struct exchange *exchange = exchange_take(context, ike_sa, &place, &news);
    struct tunnel *tunnel = context->flow->tunnel;
    unsigned side = context->flow == ike_sa->flow ? 0 : 1;
    ike_sa->last_time = message->time;
    ike_sa->last_frame = message->frame;
    ike_sa->heard_frame[side] = message->frame;
    tunnel->ike_last_time = message->time;
    ike_sa->probes[1 - side] = 0;
    tunnel->ike_heard[flow_peer(context->flow)] = true;
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
    service_take_message(context, &place, news);
    keyless_check_restart(tunnel, &message->time, context->grace, context->changes);
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
        unsigned middle = low + ((high - low) / 2);
        if (places[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low < all && places[low].frame == frame ? &places[low] : NULL;
}

/* ---- where no negotiation was readable */

/* Whether the exchange, answered no longer ago than so many seconds, may have made an SPI of this direction that was not
 * seen yet. */
static bool
may_be_claimed(const struct recent_origin *origin, unsigned direction, const nstime_t *now, uint32_t seconds)
{
    return !origin->claimed[direction] && !clock_passed(&origin->exchange->response_time, now, seconds);
}

struct exchange *
ike_claim_origin(struct flow *flow, const nstime_t *now, uint32_t seconds, bool *sure)
{
    struct tunnel *tunnel = flow->tunnel;
    unsigned direction = flow_peer(flow);
    struct recent_origin *found = NULL;

    *sure = false;
    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        struct recent_origin *origin = &tunnel->origin[i];
        if (!may_be_claimed(origin, direction, now, seconds))
            continue;
        if (found && found->exchange->ike_sa != origin->exchange->ike_sa)
            return NULL;
        if (found)
            found->doubtful[direction] = origin->doubtful[direction] = true;
        if (!found || clock_compare(&origin->exchange->response_time, &found->exchange->response_time) > 0)
            found = origin;
    }
    if (!found)
        return NULL;
    found->claimed[direction] = true;
    *sure = !found->doubtful[direction];
    return found->exchange;
}

bool
ike_may_have_made_new(const struct flow *flow, const nstime_t *since, const nstime_t *now, uint32_t seconds)
{
    const struct tunnel *tunnel = flow->tunnel;

    for (unsigned i = 0; i < RECENT_ORIGINS && i < tunnel->origins; i++) {
        const struct recent_origin *origin = &tunnel->origin[i];
        if (may_be_claimed(origin, flow_peer(flow), now, seconds) && clock_compare(&origin->exchange->response_time, since) > 0)
            return true;
    }
    return false;
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

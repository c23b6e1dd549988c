/* exchange.c
 * In IKEv2 a message ID and the response flag tell requests and responses (RFC 7296 section 2.2); in IKEv1
 * whoever sends first with a message ID asks (RFC 2408 section 3.1), several messages follow each other,
 * and an Informational stands alone. A message whose bytes were seen before in its exchange is a
 * retransmission; or a copy that the capture made, if it comes at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "exchange.h"

#include "../clock.h"
#include "change.h"
#include "ike_sa.h"
#include "pack.h"
#include "protection.h"
#include "sa.h"
#include "selectors.h"
#include "tunnel.h"
#include "walk.h"

/* Mirror ports copy within this; no IKE daemon retransmits as fast. */
#define COPY_WITHIN_MS 10

/* A Quick Mode that is given up was repeated so often at least: one message may be lost, and the next as well. */
#define REPEATED_AT_LEAST 2

/* A request without retransmission that was overtaken by a new one counts as given up only after this. */
#define UNANSWERED_AFTER_MS 1000

bool
exchange_same_selectors(const struct offer *a, const struct offer *b, bool crossed)
{
    return a && b && selectors_equal(a->tsi, crossed ? b->tsr : b->tsi) && selectors_equal(a->tsr, crossed ? b->tsi : b->tsr);
}

bool
exchange_is_initial(uint8_t type)
{
    return type == IKE2_IKE_SA_INIT || type == IKE1_IDENTITY_PROTECTION || type == IKE1_AGGRESSIVE
            || type == IKE1_BASE;
}

bool
exchange_is_phase1(const struct exchange *exchange)
{
    return exchange_is_initial(exchange->type) && exchange->ike_sa->version < 2;
}

uint64_t
exchange_phase1_seconds(const struct ike_sa *ike_sa)
{
    enum { LOOKED_AT_MOST = 256 };
    unsigned looked_at = 0;

    for (const struct exchange *exchange = ike_sa->latest; exchange && looked_at < LOOKED_AT_MOST; exchange = exchange->older, looked_at++)
        if (exchange_is_phase1(exchange) && exchange->response && exchange->response->lifetimes->count == 1)
            return exchange->response->lifetimes->item[0].seconds;
    return 0;
}

unsigned
exchange_auth_rounds(const struct ike_sa *ike_sa)
{
    const struct exchange *exchange;
    unsigned rounds = 0;

    if (ike_sa->version < 2)
        return 0;
    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN)
        rounds += exchange->type == IKE2_IKE_AUTH && exchange->request_frame != 0;
    return rounds;
}

unsigned
exchange_side(const struct exchange *exchange)
{
    return exchange->flow == exchange->ike_sa->flow ? 0 : 1;
}

struct exchange_message *
exchange_message_at(struct exchange *exchange, unsigned i)
{
    return i == 0 ? &exchange->first : &exchange->more[i - 1];
}

const struct exchange_message *
exchange_last(const struct exchange *exchange)
{
    return exchange->messages > 1 ? &exchange->more[exchange->messages - 2] : &exchange->first;
}

struct exchange_message *
exchange_message_of(const struct ike_frame *frame)
{
    return frame->message > 0 ? exchange_message_at(frame->exchange, frame->message - 1U) : NULL;
}

bool
exchange_has_unread(const struct exchange *exchange)
{
    for (unsigned i = 1; i < exchange->messages; i++)
        if (!exchange->more[i - 1].readable)
            return true;
    return exchange->messages > 0 && !exchange->first.readable;
}

/* The same message, bytes and all, as it was taken before: its place, from 1; or 0. */
static unsigned
seen_before(struct exchange *exchange, const struct ike_message *message, bool from_requester)
{
    for (unsigned i = 0; i < exchange->messages; i++) {
        const struct exchange_message *seen = exchange_message_at(exchange, i);
        if (seen->fingerprint == message->fingerprint && seen->from_requester == from_requester)
            return i + 1;
    }
    return 0;
}

/* What encryption adds to a message, in bytes. IKEv2: the payload's header, an IV of 8 to 16, padding with its length, and an ICV of 8 to 32
 * (RFC 7296 section 3.14); IKEv1: padding alone. */
enum {
    SEALED_ADDS_AT_LEAST = 4 + 8 + 1 + 8,
    SEALED_ADDS_AT_MOST = 4 + 16 + 16 + 32,
    SEALED1_ADDS_AT_MOST = 32
};

/* Whether both may be one message, in clear and encrypted. */
static bool
fit(const struct exchange_message *seen, const struct ike_message *message)
{
    uint32_t sealed = seen->encrypted ? seen->length : message->length, clear = seen->encrypted ? message->length : seen->length;

    if (message->version < 2)
        return sealed - clear <= SEALED1_ADDS_AT_MOST;
    return message->fragments > 1 || seen->first_payload == IKE2_PAYLOAD_SKF
            || (sealed - clear >= SEALED_ADDS_AT_LEAST && sealed - clear <= SEALED_ADDS_AT_MOST);
}

/* The other form of a message in captures that hold both: encrypted, and decrypted by the gateway. In
 * IKEv1 several messages of one side follow each other, and the header's next payload tells them apart. Its place, from 1; or 0. */
static unsigned
other_form(struct exchange *exchange, const struct ike_message *message, bool from_requester, bool encrypted)
{
    for (unsigned i = 0; i < exchange->messages; i++) {
        const struct exchange_message *seen = exchange_message_at(exchange, i);
        nstime_t time = clock_unpack(seen->time);
        if (message->version < 2 && seen->first_payload != message->first_payload)
            continue;
        if (seen->from_requester == from_requester && seen->encrypted != encrypted && fit(seen, message)
                && clock_passed_ms(&time, &message->time, 0)
                && !clock_passed(&time, &message->time, 1))
            return i + 1;
    }
    return 0;
}

/* IKEv2: whether the message starts over, as after COOKIE or INVALID_KE_PAYLOAD. */
static bool
starts_over(const struct exchange *exchange, const struct ike_message *message, bool response)
{
    return message->version >= 2 && !response && exchange->response_frame != 0
            && exchange->type == IKE2_IKE_SA_INIT;
}

static struct exchange *
find(const struct ike_context *context, const struct ike_sa *ike_sa, bool response)
{
    const struct ike_message *message = context->message;
    const struct flow *requester = response ? flow_reverse(context->flow) : context->flow;
    struct exchange *exchange;

    WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
        if (exchange->message_id != message->message_id || exchange->type != message->exchange_type)
            continue;
        if (message->version < 2 || exchange->flow == requester)
            return exchange;
    }
    return NULL;
}

static struct exchange *
begin(const struct ike_context *context, struct ike_sa *ike_sa, bool response)
{
    struct exchange *exchange = pack_take(context->pack, sizeof *exchange);
    const struct ike_message *message = context->message;

    exchange->ike_sa = ike_sa;
    exchange->type = message->exchange_type;
    exchange->message_id = message->message_id;
    exchange->flow = response ? flow_reverse(context->flow) : context->flow;
    exchange->is_clear = true;
    exchange->last_time = clock_pack(&message->time);
    exchange->older = ike_sa->latest;
    ike_sa->latest = exchange;
    return exchange;
}

/* Makes room for one more message where there is none behind the first: there is for 1, 3, 15 and 63. */
static void
make_room(struct exchange *exchange, struct pack *pack)
{
    enum { FEW = 4, MANY = 16 };
    unsigned kept = exchange->messages, more = kept - 1U;
    unsigned room = (kept == 1 ? 2U : kept == 2 ? FEW : kept == FEW ? MANY : EXCHANGE_MESSAGES_AT_MOST) - 1U;

    if (kept != 1 && kept != 2 && kept != FEW && kept != MANY)
        return;
    struct exchange_message *larger = pack_take(pack, room * sizeof *larger);
    if (more > 0)
        memcpy(larger, exchange->more, more * sizeof *larger);
    exchange->more = larger;
}

static struct exchange_message *
remember(struct exchange *exchange, const struct ike_message *message, bool from_requester, struct pack *pack)
{
    if (exchange->messages == EXCHANGE_MESSAGES_AT_MOST)
        return NULL;
    make_room(exchange, pack);
    struct exchange_message *kept = exchange_message_at(exchange, exchange->messages++);
    kept->frame = message->frame;
    kept->fingerprint = message->fingerprint;
    kept->length = message->length;
    kept->time = clock_pack(&message->time);
    kept->from_requester = from_requester;
    kept->readable = message->readable;
    kept->encrypted = protection_is_on(message);
    kept->first_payload = message->first_payload;
    return kept;
}

/* An answer, to the last message of the requester that has none: in IKEv1 they take turns. */
static void
pair(struct exchange *exchange, struct exchange_message *answer)
{
    for (unsigned i = exchange->messages; i-- > 0;) {
        struct exchange_message *asked = exchange_message_at(exchange, i);
        if (!asked->from_requester)
            continue;
        if (asked->answered_frame == 0)
            asked->answered_frame = answer->frame;
        answer->answers_frame = asked->frame;
        return;
    }
}

/* Whether a message of this exchange wants an answer. */
static bool
wants_answer(const struct exchange *exchange, const struct ike_message *message, bool from_requester)
{
    if (message->version >= 2)
        return from_requester;
    switch (exchange->type) {
    case IKE1_INFORMATIONAL:
        return false;
    case IKE1_IDENTITY_PROTECTION:
        return exchange->steps < MAIN_MODE_MESSAGES;
    case IKE1_AGGRESSIVE:
        return exchange->steps < AGGRESSIVE_MODE_MESSAGES;
    case IKE1_QUICK_MODE:
        return exchange->steps < QUICK_MODE_MESSAGES;
    default:
        return from_requester;
    }
}

/* What stands in clear in front of what is encrypted (RFC 7296 section 3.14). */
static void
take_first_sealed(struct exchange *exchange, const struct ike_message *message, bool from_requester)
{
    if (message->version < 2 || exchange->type != IKE2_INFORMATIONAL || message->first_sealed == 0)
        return;
    bool is_delete = message->first_sealed == IKE2_PAYLOAD_DELETE;
    if (from_requester) {
        exchange->is_delete = is_delete;
        exchange->is_no_delete = !is_delete;
    } else {
        exchange->deletes_child = is_delete && exchange->is_delete;
    }
}

/* Whether a request in other bytes takes the place of the one before, which nobody answered: who asks again sends the same, bit for bit (RFC 7296 section
 * 2.1), so that one of the two was thrown in. */
static bool
is_another_request(const struct exchange *exchange, const struct ike_message *message)
{
    return message->version >= 2 && message->first_payload == IKE2_PAYLOAD_SK && exchange->first.first_payload == IKE2_PAYLOAD_SK
            && exchange->response_frame == 0;
}

/* A protected answer to what was refused in clear: its requester ignored that (RFC 7296 section 2.21), and waited for this one. */
static void
take_back_refusal(struct exchange *exchange, const struct ike_message *message)
{
    if (message->version < 2 || exchange->outcome != EXCHANGE_REFUSED || !exchange->refused_in_clear || !protection_is_in_use(message, exchange->ike_sa))
        return;
    exchange->outcome = EXCHANGE_OPEN;
    exchange->refused_in_clear = false;
    exchange->response_frame = 0;
}

/* @return the place where it is kept, from 1; or 0 */
static unsigned
take_new(struct exchange *exchange, const struct ike_message *message, bool from_requester, struct pack *pack)
{
    struct exchange_message *kept = remember(exchange, message, from_requester, pack);

    if (!from_requester)
        take_back_refusal(exchange, message);
    if (message->fragment == message->fragments && exchange->steps < UINT8_MAX)     /* whole, or the last fragment */
        exchange->steps++;
    if (kept && !from_requester)
        pair(exchange, kept);
    if (from_requester && (exchange->request_frame == 0 || is_another_request(exchange, message))) {
        exchange->request_frame = message->frame;
        exchange->request_time = message->time;
        exchange->request_length = message->length;
        take_first_sealed(exchange, message, true);
    } else if (!from_requester && exchange->response_frame == 0) {
        exchange->response_frame = message->frame;
        exchange->response_time = message->time;
        exchange->response_length = message->length;
        exchange->response_fragmented = message->first_payload == IKE2_PAYLOAD_SKF;
        take_first_sealed(exchange, message, false);
    }
    exchange->retransmissions = exchange->asked_again = 0;
    exchange->awaiting = wants_answer(exchange, message, from_requester);
    exchange->awaited_by_requester = from_requester;
    return kept ? exchange->messages : 0;
}

/* Whether the message travels as a response, in a known exchange or not. */
static bool
is_response(const struct ike_context *context, const struct exchange *exchange)
{
    const struct ike_message *message = context->message;

    if (message->version >= 2)
        return (message->flags & IKE2_FLAG_RESPONSE) != 0;
    return exchange && exchange->flow != context->flow;
}

bool
exchange_is_known(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    return find(context, ike_sa, is_response(context, NULL)) != NULL;
}

bool
exchange_has_sealed(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    struct exchange *exchange = context->flow ? find(context, ike_sa, is_response(context, NULL)) : NULL;
    unsigned other = exchange ? other_form(exchange, context->message, !is_response(context, exchange), false) : 0;

    return other > 0 && exchange_message_at(exchange, other - 1)->encrypted;
}

/* A message came in its other form, too. */
static void
join_forms(struct ike_sa *ike_sa, struct exchange_message *other, const struct ike_message *message)
{
    other->readable |= message->readable;
    ike_sa->has_clear_copies = true;
}

bool
exchange_waited(const struct exchange *exchange, const nstime_t *now)
{
    nstime_t last = clock_unpack(exchange->last_time);

    return clock_passed_ms(&last, now, ASKS_AGAIN_AFTER_MS);
}

struct exchange *
exchange_take(const struct ike_context *context, struct ike_sa *ike_sa, struct ike_frame *frame, bool *news)
{
    const struct ike_message *message = context->message;
    struct exchange *exchange = find(context, ike_sa, is_response(context, NULL));
    bool response = is_response(context, exchange);

    *news = true;
    unsigned seen = exchange ? seen_before(exchange, message, !response) : 0;
    if (exchange && seen == 0 && starts_over(exchange, message, response))
        exchange = NULL;
    if (!exchange)
        exchange = begin(context, ike_sa, response);
    frame->exchange = exchange;
    frame->is_response = response;
    if (seen > 0) {
        const struct exchange_message *before = exchange_message_at(exchange, seen - 1);
        nstime_t time = clock_unpack(before->time);
        *news = false;
        if (!context->is_copy && clock_passed_ms(&time, &message->time, COPY_WITHIN_MS)) {
            frame->retransmission_of = before->frame;
            exchange->retransmissions++;
            exchange->asked_again += !response && exchange_waited(exchange, &message->time) ? 1 : 0;
            change_again(context->changes, exchange, before->frame);
        }
    } else {
        seen = other_form(exchange, message, !response, protection_is_on(message));
        struct exchange_message *other = seen > 0 ? exchange_message_at(exchange, seen - 1) : NULL;
        *news = !other || (!other->readable && message->readable);
        if (other)
            join_forms(ike_sa, other, message);
        else
            seen = take_new(exchange, message, !response, context->pack);
    }
    frame->message = (uint8_t)seen;
    exchange->is_clear &= !protection_is_on(message);
    ike_sa->is_sealed |= protection_is_in_use(message, ike_sa);
    if (message->readable && message->first_sealed != 0)
        ike_sa->decrypted |= (uint8_t)(1U << ike_sa_sender(message));
    exchange->last_time = clock_pack(&message->time);
    exchange->last_frame = message->frame;
    return exchange;
}

/* Whether ESP came from the peer on SAs that are younger than the request: it was answered, and the capture lacks that. */
static bool
came_to_traffic(const struct exchange *exchange)
{
    const struct sa *sa;

    WALK(sa, flow_reverse(exchange->flow)->current, current_next, CURRENT_IN_USE)
        if (clock_compare(&sa->first_time, &exchange->request_time) > 0)
            return true;
    return false;
}

/* Whether it is known that the sender of the last message got no answer: it sent it again; or its
 * peer can be heard, and had time enough. */
static bool
was_left(const struct ike_context *context, const struct exchange *exchange)
{
    const struct flow *sender = exchange->awaited_by_requester ? exchange->flow : flow_reverse(exchange->flow);
    const struct tunnel *tunnel = sender->tunnel;
    bool peer_heard = tunnel->ike_heard[1 - flow_peer(sender)];

    if (!exchange->awaiting || exchange->outcome == EXCHANGE_REFUSED || exchange->outcome == EXCHANGE_GIVEN_UP)
        return false;
    unsigned peer = sender == exchange->ike_sa->flow ? 1 : 0;
    if (exchange->ike_sa->version < 2 && exchange->ike_sa->heard_frame[peer] > exchange_last(exchange)->frame)
        return false;               /* the peer said something, if not an answer */
    if (exchange->retransmissions > 0)
        return true;
    if (exchange->ike_sa->version >= 2 && exchange->ike_sa->heard_frame[1 - peer] > exchange->last_frame)
        return false;               /* its sender went on and did not repeat it, as it has to (RFC 7296 section 2.1): not its, or answered unseen */
    if (exchange->type == IKE1_QUICK_MODE)
        return false;               /* several may be under way at once */
    /* In IKEv2 who gets no answer sends again (RFC 7296 section 2.1): the answer is missing in the capture, or it was a Delete that wants none */
    if (exchange->type == IKE2_INFORMATIONAL || exchange->type == IKE2_CREATE_CHILD_SA)
        return false;
    if (exchange->type == IKE2_IKE_AUTH && came_to_traffic(exchange))
        return false;
    nstime_t last = clock_unpack(exchange->last_time);
    return peer_heard && clock_passed_ms(&last, &context->message->time, UNANSWERED_AFTER_MS);
}

/* Whether it is the IKE SA's Delete, as far as is known: who gave up what it had asked may send that without having been answered. */
static bool
is_last_word(const struct exchange *exchange)
{
    const struct ike_sa *ike_sa = exchange->ike_sa;

    return exchange == ike_sa->latest && (exchange->is_delete || (ike_sa->end == IKE_DELETED && ike_sa->ended_in == exchange->request_frame));
}

void
exchange_give_up(const struct ike_context *context, const struct ike_sa *except)
{
    struct ike_sa *ike_sa;

    WALK(ike_sa, context->flow->tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT) {
        struct exchange *exchange;
        bool went_on[2] = { false, false };         /* whose next request shows that this one was answered (RFC 7296 section 2.3) */
        bool took_leave[2] = { false, false };
        bool has_phase1[2] = { false, false };      /* who asks for phase 2 has phase 1 (RFC 2409 section 5.5) */
        WALK(exchange, ike_sa->latest, older, EXCHANGES_OPEN) {
            unsigned side = exchange_side(exchange);
            bool answered = ike_sa->version >= 2 ? went_on[side] || (took_leave[side] && exchange->asked_again < ASKED_AGAIN_AT_LEAST)
                    : has_phase1[side] && exchange_is_phase1(exchange) && exchange->awaited_by_requester;
            has_phase1[side] |= exchange->type == IKE1_QUICK_MODE && exchange->request_frame != 0;
            if (is_last_word(exchange))
                took_leave[side] = true;
            else
                went_on[side] = true;
            if (ike_sa == except || answered || !was_left(context, exchange))
                continue;
            exchange->outcome = EXCHANGE_GIVEN_UP;
            exchange->awaiting = false;
            if (ike_sa->end == IKE_ALIVE && ike_sa->established)
                ike_sa_note_end(ike_sa, IKE_FAILED, &context->message->time);
            change_exchange(context->changes, CHANGE_GIVEN_UP, exchange);
        }
    }
}

/* Whether both Quick Modes ask for the same: for the same selectors or, where these were not read, in as many bytes. */
static bool
ask_the_same(const struct exchange *old, const struct exchange *again)
{
    if (old->request || again->request)
        return exchange_same_selectors(old->request, again->request, false);
    return old->request_length == again->request_length;
}

void
exchange_give_up_quick_mode(const struct ike_context *context, const struct exchange *again)
{
    struct exchange *old;

    WALK(old, again->older, older, EXCHANGES_OPEN) {
        if (old->type != IKE1_QUICK_MODE || old->flow != again->flow || old->outcome != EXCHANGE_OPEN || !old->awaiting || old->steps != 1
                || old->retransmissions < REPEATED_AT_LEAST || old->informational_frame != 0 || !ask_the_same(old, again) || came_to_traffic(old))
            continue;
        old->outcome = EXCHANGE_GIVEN_UP;
        old->awaiting = false;
        change_exchange(context->changes, CHANGE_GIVEN_UP, old);
        return;
    }
}

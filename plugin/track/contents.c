/* contents.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "contents.h"

#include <stddef.h>

#include "change.h"
#include "ike_sa.h"
#include "pack.h"
#include "protection.h"

/* The first bytes of what a message holds, as far as it counts. */
static const void *
keep(struct pack *pack, const void *whole, size_t size)
{
    return memcpy(pack_take(pack, size), whole, size);
}

static const struct lifetimes *
keep_lifetimes(struct pack *pack, const struct lifetimes *said)
{
    static const struct lifetimes none;

    if (said->count == 0 && !said->incomplete)
        return &none;
    return keep(pack, said, offsetof(struct lifetimes, item) + (said->count * sizeof said->item[0]));
}

static const struct selectors *
keep_selectors(struct pack *pack, const struct selectors *said)
{
    static const struct selectors none;

    if (said->count == 0 && !said->incomplete)
        return &none;
    return keep(pack, said, offsetof(struct selectors, item) + (said->count * sizeof said->item[0]));
}

const struct offer *
contents_keep(const struct ike_context *context)
{
    const struct ike_contents *contents = &context->message->contents;
    struct pack *pack = context->pack;

    if (!contents->has_sa)
        return NULL;
    struct offer *offer = pack_take(pack, sizeof *offer + (contents->proposals * sizeof(const struct proposal *)));
    offer->lifetimes = keep_lifetimes(pack, &contents->lifetimes);
    offer->tsi = keep_selectors(pack, &contents->tsi);
    offer->tsr = keep_selectors(pack, &contents->tsr);
    offer->has_ke = contents->has_ke;
    offer->ke_group = contents->ke_group;
    offer->proposals = contents->proposals;
    offer->proposals_incomplete = contents->proposals_incomplete;
    for (unsigned i = 0; i < contents->proposals; i++) {
        const struct proposal *said = &contents->proposal[i];
        offer->proposal[i] = keep(pack, said, offsetof(struct proposal, transform) + (said->transforms * sizeof said->transform[0]));
    }
    return offer;
}

void
contents_requested(const struct ike_context *context, struct exchange *exchange)
{
    change_exchange(context->changes, CHANGE_REQUESTED, exchange);
}

void
contents_answer(const struct ike_context *context, struct exchange *exchange, const struct notify *error)
{
    if (exchange->outcome != EXCHANGE_OPEN && !exchange->refused_unread)
        return;                     /* a refusal by size may be read later, in a decrypted copy */
    exchange->outcome = error ? EXCHANGE_REFUSED : EXCHANGE_ANSWERED;
    if (error) {
        exchange->error = error->type;
        exchange->eap_failed = context->message->contents.eap_failed;
        exchange->refused_in_clear = !protection_is_on(context->message);
        exchange->awaiting = false;
    }
    change_exchange(context->changes, CHANGE_ANSWERED, exchange);
}

const struct notify *
contents_find_error(const struct ike_message *message)
{
    static const struct notify eap_failure = { .type = NOTIFY_AUTHENTICATION_FAILED };

    if (message->contents.eap_failed)
        return &eap_failure;        /* with it or instead (RFC 7296 section 2.16) */
    for (unsigned i = 0; i < message->contents.notifies; i++)
        if (notify_refuses(&message->contents.notify[i], message->version))
            return &message->contents.notify[i];
    return NULL;
}

void
contents_take_notifies(const struct ike_context *context, struct exchange *exchange)
{
    const struct ike_contents *contents = &context->message->contents;

    for (unsigned i = 0; i < contents->notifies; i++) {
        const struct notify *notify = &contents->notify[i];
        switch (notify->type) {
        case IKE2_NOTIFY_INITIAL_CONTACT:
        case IKE1_NOTIFY_INITIAL_CONTACT:
            exchange->ike_sa->initial_contact = true;
            break;
        case IKE2_NOTIFY_COOKIE:
            exchange->cookie_wanted |= exchange->flow != context->flow;
            break;
        case NOTIFY_AUTHENTICATION_FAILED:
            exchange->ike_sa->stuck_said = true;
            change_notified(context->changes, exchange, notify);
            break;
        case NOTIFY_INVALID_SPI:
        case IKE1_NOTIFY_RESPONDER_LIFETIME:
            change_notified(context->changes, exchange, notify);
            break;
        default:
            break;
        }
    }
}

void
contents_take_identities(const struct ike_context *context, const struct exchange *exchange)
{
    const struct ike_message *message = context->message;
    struct ike_sa *ike_sa = exchange->ike_sa;

    for (unsigned i = 0; i < 2; i++) {
        unsigned side = message->version < 2 && context->flow != ike_sa->flow ? 1 : i;
        if (message->contents.identity[i] != 0)     /* an IDr in a request is a wish, and its answer has the last word */
            ike_sa->identity[side] = message->contents.identity[i];
    }
}

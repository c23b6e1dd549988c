/* contents.c
 * What the readable payloads of a message say, in both versions: offers, answers, notifies, Deletes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "ike_context.h"

const struct said *
contents_keep(struct ike_context *context)
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
    said->proposals_incomplete = contents->proposals_incomplete;
    memcpy(said->proposal, contents->proposal, sizeof said->proposal);
    return said;
}

/* The request was read. */
void
contents_requested(struct ike_context *context, struct exchange *exchange)
{
    change_exchange(context->changes, CHANGE_REQUESTED, exchange);
}

/* An answer to an exchange; error 0 accepts it. */
void
contents_answer(struct ike_context *context, struct exchange *exchange, const struct notify *error)
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
    change_exchange(context->changes, CHANGE_ANSWERED, exchange);
}

const struct notify *
contents_find_error(const struct ike_message *message)
{
    for (unsigned i = 0; i < message->contents.notifies; i++)
        if (notify_refuses(&message->contents.notify[i], message->version))
            return &message->contents.notify[i];
    return NULL;
}

void
contents_take_notifies(struct ike_context *context, struct exchange *exchange)
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
            change_notified(context->changes, exchange, notify);
            break;
        default:
            break;
        }
    }
}

void
contents_take_deletes(struct ike_table *table, struct ike_sa *ike_sa)
{
    struct ike_context *context = &table->context;
    const struct ike_contents *contents = &context->message->contents;

    if (contents->delete_protocol == IKE_PROTOCOL_IKE) {
        struct ike_sa *named = ike_sa_by_spis(table, contents->delete_ike_initiator, contents->delete_ike_responder);
        ike_sa_end(context, named ? named : ike_sa, IKE_DELETED);
    }
    if (contents->deletes_incomplete)
        change_add_limit(context->changes, LIMIT_DELETES, DELETES_AT_MOST);
    for (unsigned i = 0; i < contents->deletes; i++)
        child_delete(context, contents->delete_protocol, contents->delete_spi[i]);
}

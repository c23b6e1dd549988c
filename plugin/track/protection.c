/* protection.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protection.h"

#include "exchange.h"
#include "ike_sa.h"
#include "tunnel.h"
#include "walk.h"

bool
protection_is_on(const struct ike_message *message)
{
    if (message->version >= 2)
        return message->first_payload == IKE2_PAYLOAD_SK || message->first_payload == IKE2_PAYLOAD_SKF;
    return (message->flags & IKE1_FLAG_ENCRYPTION) != 0;
}

/* Of IKEv1, an Informational needs it once phase 1 is over; who does not know the IKE SA can't give it any. */
static bool
is_due(uint8_t version, uint8_t type, const struct ike_sa *ike_sa)
{
    if (version >= 2)
        return type != IKE2_IKE_SA_INIT && type != IKE2_IKE_SESSION_RESUME;     /* RFC 5723 section 4.3.1 */
    if (type == IKE1_INFORMATIONAL)
        return !ike_sa || ike_sa->established;
    return type == IKE1_QUICK_MODE || type == IKE1_NEW_GROUP_MODE || type == IKE1_TRANSACTION;
}

/* Whether it is a fragment of a message, of which its header does not tell whether that is encrypted. */
static bool
is_part(const struct ike_message *message)
{
    return message->version < 2 && message->first_payload == IKE1_PAYLOAD_FRAGMENT;
}

bool
protection_is_in_use(const struct ike_message *message, const struct ike_sa *ike_sa)
{
    bool is_main_mode = message->version < 2 && message->exchange_type == IKE1_IDENTITY_PROTECTION && !is_part(message);   /* RFC 2409 section 5 */

    return protection_is_on(message) && (is_main_mode || is_due(message->version, message->exchange_type, ike_sa));
}

static bool
is_protected(const struct ike_sa *ike_sa)
{
    return ike_sa->is_sealed && !ike_sa->has_clear_copies;
}

static bool
has_protected(const struct tunnel *tunnel)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (is_protected(ike_sa))
            return true;
    return false;
}

/* Whether the capture shows set-ups of the tunnel, none of which came to what has to be protected. */
static bool
only_began(const struct tunnel *tunnel)
{
    const struct ike_sa *ike_sa;

    WALK(ike_sa, tunnel->ike_sas, tunnel_older, IKE_SAS_RECENT)
        if (!ike_sa->set_up || !ike_sa->latest || ike_sa->latest->type != IKE2_IKE_SA_INIT)
            return false;
    return tunnel->ike_sas != NULL;
}

/* Whether an IKE SA that the capture shows from its set-up on has come to no IKE_AUTH: nothing but that follows (RFC 7296 section 1.4), or
 * IKE_INTERMEDIATE (RFC 9242 section 3). */
static bool
comes_too_early(const struct ike_message *message, const struct ike_sa *ike_sa)
{
    return message->version >= 2 && message->exchange_type != IKE2_IKE_AUTH && message->exchange_type != IKE2_IKE_INTERMEDIATE
            && ike_sa->born_in_capture && !ike_sa->established && ike_sa->latest && ike_sa->latest->type == IKE2_IKE_SA_INIT;
}

/* Whether it has no SPI of the responder, which all messages have behind the set-up (RFC 7296 section 3.1). */
static bool
lacks_responder(const struct ike_message *message)
{
    return message->version >= 2 && message->responder_spi == 0;
}

/* Whether it is said that the IKE SA is unknown: always without its protection (RFC 7296 section 2.21.4), so that a capture in which all is in clear tells
 * that, too. */
static bool
says_unknown(const struct ike_message *message)
{
    const struct ike_contents *contents = &message->contents;

    if (message->version < 2 || !message->readable || !(message->flags & IKE2_FLAG_RESPONSE) || contents->notifies != 1)
        return false;
    return contents->notify[0].type == IKE2_NOTIFY_INVALID_IKE_SPI;
}

bool
protection_is_missing(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    const struct ike_message *message = context->message;

    if (protection_is_on(message) || is_part(message) || !is_due(message->version, message->exchange_type, ike_sa))
        return false;
    if (ike_sa)
        return is_protected(ike_sa) || lacks_responder(message) || comes_too_early(message, ike_sa)
                || (ike_sa->established && says_unknown(message));
    const struct flow *flow = tunnel_find(context->tunnels, &message->source, &message->destination);
    return flow && (has_protected(flow->tunnel) || only_began(flow->tunnel));
}

bool
protection_is_wrong(const struct ike_message *message, const struct ike_sa *ike_sa)
{
    return message->is_garbled && (ike_sa->decrypted & 1U << ike_sa_sender(message)) != 0;
}

bool
protection_answers_nothing(const struct ike_context *context, const struct ike_sa *ike_sa)
{
    const struct ike_message *message = context->message;

    if ((ike_sa && !ike_sa->established) || message->version < 2 || message->exchange_type != IKE2_IKE_SA_INIT || !(message->flags & IKE2_FLAG_RESPONSE))
        return false;
    const struct flow *asked = tunnel_find(context->tunnels, &message->destination, &message->source);
    return asked && (asked->packets > 0 || asked->tunnel->ike_heard[flow_peer(asked)]);
}

bool
protection_was_missing(const struct exchange *exchange)
{
    const struct ike_sa *ike_sa = exchange->ike_sa;

    if (!(exchange->is_clear || exchange->refused_in_clear) || !is_due(ike_sa->version, exchange->type, ike_sa))
        return false;
    /* one that holds nothing else came before the peers' own, so that it was not known what they do */
    return is_protected(ike_sa) || (!ike_sa->is_sealed && protection_is_unproven(ike_sa) && has_protected(ike_sa->flow->tunnel));
}

/* What is kept of the exchange's message in that frame, or NULL. */
static const struct exchange_message *
message_in(const struct exchange *exchange, uint32_t frame)
{
    for (unsigned i = 0; i < exchange->messages; i++) {
        const struct exchange_message *message = i == 0 ? &exchange->first : &exchange->more[i - 1];
        if (message->frame == frame)
            return message;
    }
    return NULL;
}

bool
protection_was_missing_in(const struct exchange *exchange, uint32_t frame)
{
    const struct exchange_message *message = message_in(exchange, frame);
    const struct ike_sa *ike_sa = exchange->ike_sa;

    return protection_was_missing(exchange)
            || (message && !message->encrypted && is_due(ike_sa->version, exchange->type, ike_sa) && is_protected(ike_sa));
}

bool
protection_is_unproven(const struct ike_sa *ike_sa)
{
    return !ike_sa->established || ike_sa->heard_frame[0] == 0 || ike_sa->heard_frame[1] == 0;
}

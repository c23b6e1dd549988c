/* contents.h
 * What the readable payloads of a message say, in both versions: offers, answers, notifies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_CONTENTS_H
#define SPISCOPE_CONTENTS_H

#include "exchange.h"

/** Keeps what the message offers or chooses, owned by the pool; NULL if it has no SA payload. */
const struct offer *contents_keep(const struct ike_context *context);

/** The exchange's request was read. */
void contents_requested(const struct ike_context *context, struct exchange *exchange);

/** The exchange was answered; error NULL accepts it. Counts once. */
void contents_answer(const struct ike_context *context, struct exchange *exchange, const struct notify *error);

/** The first notify that refuses, or NULL. */
const struct notify *contents_find_error(const struct ike_message *message);

/** Takes the notifies that stand for themselves, whatever the exchange is about. */
void contents_take_notifies(const struct ike_context *context, struct exchange *exchange);

/** Keeps who the peers say they are, where the message says so. */
void contents_take_identities(const struct ike_context *context, const struct exchange *exchange);

#endif /* SPISCOPE_CONTENTS_H */

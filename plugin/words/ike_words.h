/* ike_words.h
 * IKE's numbers in words: selectors, notifies, exchanges, proposals; and who talks to whom.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_IKE_WORDS_H
#define SPISCOPE_IKE_WORDS_H

#include "../track/ike.h"
#include "words.h"

/** "10.1.0.0/24 <-> 10.2.0.0/24", as firewalls write proxy IDs, with a double arrow. */
char *words_selectors(const struct words *words, const struct selectors *ours, const struct selectors *theirs);

/** A Notify's name in the registry, or its number. */
char *words_notify(const struct words *words, uint8_t version, uint16_t type);

/** The name of an exchange's type, or its number. */
char *words_exchange(const struct words *words, uint8_t type);

/** An offer, such as "AES_CBC_256/HMAC_SHA2_256_128/MODP_2048". */
char *words_offer(const struct words *words, const struct offer *offer, uint8_t version);

/** How an IKE SA ended: "alive", "deleted", "replaced" or "failed". */
const char *words_ike_end(enum ike_end end);

/** The same, but "probably deleted" where its Delete could not be read. */
const char *words_ike_fate(const struct ike_sa *ike_sa);

#endif /* SPISCOPE_IKE_WORDS_H */

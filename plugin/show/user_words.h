/* user_words.h
 * How Wireshark's user has addresses, names and times written.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_USER_WORDS_H
#define SPISCOPE_USER_WORDS_H

#include "../words/words.h"

/** Addresses with the names that Wireshark resolves them to, where the user has that (-N n, hosts files); times in UTC or in local time, as
 * Wireshark's time column has them (-t). Where that shows times since another packet, they are local in the window, as in the details of a
 * packet, and in UTC in tshark. IP protocols are by Wireshark's names.
 * @param scope  owns what is written */
struct words user_words(wmem_allocator_t *scope);

/** For programs, and for what a filter compares: addresses are numbers, and times in UTC, whatever the user wants. */
struct words program_words(wmem_allocator_t *scope);

#endif /* SPISCOPE_USER_WORDS_H */

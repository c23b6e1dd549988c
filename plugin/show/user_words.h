/* user_words.h
 * How Wireshark's user has addresses, names and times written.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_USER_WORDS_H
#define SPISCOPE_USER_WORDS_H

#include "../words/words.h"

/** Addresses as numbers, times in UTC, IP protocols by Wireshark's names.
 * @param scope  owns what is written */
struct words user_words(wmem_allocator_t *scope);

#endif /* SPISCOPE_USER_WORDS_H */

/* user_words.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "user_words.h"

#include <epan/ipproto.h>

struct words
user_words(wmem_allocator_t *scope)
{
    return words_plain(scope, ipprotostr);
}

/* change.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "change.h"

struct change *
change_add(struct changes *changes, enum change_kind kind, struct sa *sa)
{
    struct change *change = &changes->item[changes->count];

    memset(change, 0, sizeof *change);
    change->kind = kind;
    change->sa = sa;
    if (sa)
        sa->is_kept = true;         /* a finding may refer to it */
    if (changes->count < CHANGES_AT_MOST)
        changes->count++;
    return change;
}

struct change *
change_add_exchange(struct changes *changes, enum change_kind kind, struct exchange *exchange)
{
    struct change *change = change_add(changes, kind, NULL);

    change->exchange = exchange;
    change->ike_sa = exchange->ike_sa;
    return change;
}

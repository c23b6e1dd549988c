/* change.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "change.h"

/* For how many there is room at first: more than nearly any frame changes. */
#define CHANGES_USUAL 8

static struct change *
begin(struct change *change, enum change_kind kind)
{
    memset(change, 0, sizeof *change);
    change->kind = kind;
    return change;
}

static struct change *
append(struct changes *changes, enum change_kind kind)
{
    if (changes->count == changes->size) {
        changes->size = changes->size > 0 ? 2 * changes->size : CHANGES_USUAL;
        changes->item = wmem_realloc(changes->pool, changes->item, changes->size * sizeof changes->item[0]);
    }
    return begin(&changes->item[changes->count++], kind);
}

struct change *
change_add(struct changes *changes, enum change_kind kind, struct sa *sa)
{
    if (changes->count >= CHANGES_AT_MOST)
        change_add_limit(changes, LIMIT_CHANGES, CHANGES_AT_MOST);
    struct change *change = changes->count < CHANGES_AT_MOST ? append(changes, kind) : begin(&changes->untold, kind);

    change->sa = sa;
    if (sa)
        sa->is_kept = true;         /* a finding may refer to it */
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

void
change_add_limit(struct changes *changes, enum limit limit, uint64_t most)
{
    if (changes->said[limit])
        return;
    changes->said[limit] = true;
    struct change *change = append(changes, CHANGE_LIMIT_REACHED);

    change->limit = limit;
    change->behind = most;
}

bool
change_room_for_sa(struct changes *changes, struct sa_table *table, uint32_t most)
{
    if (sa_count(table) >= most)
        change_add_limit(changes, LIMIT_SAS, most);
    return sa_has_room(table, most);
}

bool
change_room_for_tunnel(struct changes *changes, const struct tunnel_table *table, uint32_t most)
{
    if (tunnel_count(table) < most)
        return true;
    change_add_limit(changes, LIMIT_SAS, most);
    return false;
}

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

/* Never NULL; valid until the next one is added. */
static struct change *
add(struct changes *changes, enum change_kind kind)
{
    if (changes->count >= CHANGES_AT_MOST)
        change_add_limit(changes, LIMIT_CHANGES, CHANGES_AT_MOST);
    return changes->count < CHANGES_AT_MOST ? append(changes, kind) : begin(&changes->untold, kind);
}

static struct change *
add_about(struct changes *changes, enum change_kind kind, struct sa *sa)
{
    sa->is_kept = true;             /* a finding may refer to it */
    return add(changes, kind);
}

void
change_sa(struct changes *changes, enum change_kind kind, struct sa *sa)
{
    add_about(changes, kind, sa)->sa = sa;
}

void
change_exchange(struct changes *changes, enum change_kind kind, const struct exchange *exchange)
{
    add(changes, kind)->exchange = exchange;
}

void
change_ike_sa(struct changes *changes, enum change_kind kind, const struct ike_sa *ike_sa)
{
    add(changes, kind)->ike_sa = ike_sa;
}

void
change_lost_between(struct changes *changes, const struct copies_loss *loss, const struct copies *copies)
{
    add(changes, CHANGE_LOST_BETWEEN)->lost_between = (struct change_lost_between){ *loss, copies };
}

void
change_unread(struct changes *changes, const struct unread *unread)
{
    add(changes, CHANGE_UNREAD)->unread = unread;
}

void
change_replaced(struct changes *changes, struct sa *sa, uint32_t before_frame)
{
    add_about(changes, CHANGE_SA_REPLACED, sa)->replaced = (struct change_replaced){ sa, before_frame };
}

void
change_resumed(struct changes *changes, struct sa *sa, uint32_t before_frame, bool clean)
{
    add_about(changes, CHANGE_SA_RESUMED, sa)->resumed = (struct change_resumed){ sa, before_frame, clean };
}

void
change_moved(struct changes *changes, struct sa *sa, uint32_t before_frame, const struct endpoint *before)
{
    add_about(changes, CHANGE_ADDRESS_MOVED, sa)->moved = (struct change_moved){ sa, *before, before_frame };
}

void
change_one_way(struct changes *changes, struct sa *sa, uint32_t before_frame, bool of_pair)
{
    add_about(changes, CHANGE_ONE_WAY, sa)->one_way = (struct change_one_way){ sa, before_frame, of_pair };
}

void
change_again(struct changes *changes, const struct exchange *exchange, uint32_t before_frame)
{
    add(changes, CHANGE_RETRANSMISSION)->again = (struct change_again){ exchange, before_frame };
}

void
change_disordered(struct changes *changes, uint32_t before_frame, const nstime_t *by)
{
    add(changes, CHANGE_DISORDERED)->disordered = (struct change_disordered){ before_frame, *by };
}

void
change_joined(struct changes *changes, const struct tunnel *from, const struct tunnel *into)
{
    add(changes, CHANGE_JOINED)->joined = (struct change_joined){ from, into };
}

void
change_lost(struct changes *changes, const struct flow *flow, const struct lost_packet *lost)
{
    add(changes, CHANGE_LOST_IN_FRAGMENTS)->lost = (struct change_lost){ flow, lost->frame, lost->fragments, lost->bytes };
}

void
change_probes(struct changes *changes, const struct ike_sa *ike_sa, uint32_t count, uint32_t first_frame)
{
    add(changes, CHANGE_PROBES_LEFT)->probes = (struct change_probes){ ike_sa, count, first_frame };
}

void
change_notified(struct changes *changes, const struct exchange *exchange, const struct notify *notify)
{
    add(changes, CHANGE_NOTIFIED)->notified = (struct change_notified){ exchange, *notify };
}

void
change_collision(struct changes *changes, const struct exchange *exchange, const struct exchange *other)
{
    add(changes, CHANGE_COLLISION)->collision = (struct change_collision){ exchange, other };
}

void
change_duplicate(struct changes *changes, const struct child *child, const struct child *other)
{
    if (child->sa[0])
        child->sa[0]->is_kept = true;
    add(changes, CHANGE_DUPLICATE)->duplicate = (struct change_duplicate){ child, other };
}

void
change_pair(struct changes *changes, const struct pair_end *end)
{
    add(changes, CHANGE_PAIR_DEAD)->pair = *end;
}

void
change_icmp(struct changes *changes, struct sa *sa, const struct flow *flow, enum path_error kind, const struct icmp_error *error)
{
    if (sa)
        sa->is_kept = true;
    add(changes, CHANGE_ICMP)->icmp = (struct change_icmp){ .sa = sa, .flow = flow, .source = error->source,
            .destination = error->destination, .reporter = error->reporter, .kind = kind, .mtu = error->mtu,
            .protocol = error->protocol, .is_ike = error->is_ike };
}

void
change_unprotected(struct changes *changes, const struct flow *flow, const struct ike_message *message)
{
    add(changes, CHANGE_UNPROTECTED)->unprotected = (struct change_unprotected){ flow, message->version, message->exchange_type,
            message->is_garbled, message->contents.notifies > 0 ? message->contents.notify[0] : (struct notify){ 0 } };
}

void
change_outage(struct changes *changes, const struct outage *outage, const struct tunnel *tunnel)
{
    add(changes, CHANGE_OUTAGE)->outage = (struct change_outage){ outage, tunnel };
}

void
change_service_ended(struct changes *changes, const struct service_end_seen *ended)
{
    add(changes, CHANGE_SERVICE_ENDED)->ended = ended;
}

struct change_sequence *
change_sequence(struct changes *changes, struct sa *sa, unsigned effect)
{
    struct change *change = add_about(changes, CHANGE_SEQUENCE, sa);

    change->sequence.sa = sa;
    change->sequence.effect = effect;
    return &change->sequence;
}

void
change_add_loss(struct changes *changes, struct change_sequence *change, uint64_t lost, uint32_t gap_frame)
{
    for (unsigned i = 0; i < changes->count; i++) {
        struct change_sequence *earlier = &changes->item[i].sequence;
        if (changes->item[i].kind == CHANGE_SEQUENCE && earlier->sa == change->sa && earlier->lost > 0) {
            earlier->lost += lost;
            return;
        }
    }
    change->lost = lost;
    change->gap_frame = gap_frame;
}

void
change_add_limit(struct changes *changes, enum limit limit, uint64_t most)
{
    if (changes->said[limit])
        return;
    changes->said[limit] = true;
    append(changes, CHANGE_LIMIT_REACHED)->full = (struct change_full){ limit, most };
}

const struct sa *
change_subject(const struct change *change)
{
    switch (change->kind) {
    case CHANGE_SA_SPLIT:
    case CHANGE_SA_STALE:
    case CHANGE_ASTRAY:
    case CHANGE_BYTE_ORDER:
    case CHANGE_SA_STATE:
    case CHANGE_FOUND_ELSEWHERE:
        return change->sa;
    case CHANGE_SA_REPLACED:
        return change->replaced.sa;
    case CHANGE_SA_RESUMED:
        return change->resumed.sa;
    case CHANGE_SEQUENCE:
        return change->sequence.sa;
    case CHANGE_ADDRESS_MOVED:
        return change->moved.sa;
    case CHANGE_ONE_WAY:
        return change->one_way.sa;
    case CHANGE_DUPLICATE:
        return change->duplicate.child->sa[0];
    default:
        return NULL;
    }
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
    if (tunnel_opened(table) < most)
        return true;
    change_add_limit(changes, LIMIT_TUNNELS, most);
    return false;
}

/* trail.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "trail.h"

#include <glib.h>

#include "../clock.h"
#include "../compat.h"

struct trail {
    wmem_allocator_t *pool;
    GHashTable *steps;              /* a set: a step's key is its first members */
    struct trail_step *oldest;
    struct trail_step *youngest;
    struct trail_step *free;        /* by next */
    uint32_t count;
};

static guint
step_hash(const void *data)
{
    return wmem_strong_hash(data, offsetof(struct trail_step, last));
}

static gboolean
step_equal(const void *a, const void *b)
{
    const struct trail_step *one = a, *other = b;

    return one->sa == other->sa && one->number == other->number;
}

static compat_wmem_result
destroy_steps(wmem_allocator_t *pool, wmem_cb_event_t event, void *data)
{
    (void)pool;
    (void)event;
    g_hash_table_destroy(((struct trail *)data)->steps);
    return FALSE;
}

struct trail *
trail_create(wmem_allocator_t *pool)
{
    struct trail *trail = wmem_new0(pool, struct trail);

    trail->pool = pool;
    trail->steps = g_hash_table_new(step_hash, step_equal);
    wmem_register_callback(pool, destroy_steps, trail);
    return trail;
}

static struct trail_step *
find_step(const struct trail *trail, uint32_t sa, uint32_t sequence)
{
    struct trail_step key = { .sa = sa, .number = sequence / TRAIL_STEP };

    return g_hash_table_lookup(trail->steps, &key);
}

bool
trail_knows(const struct trail *trail, uint32_t sa, const struct ipsec_packet *packet)
{
    const struct trail_step *step = find_step(trail, sa, packet->sequence);
    unsigned at = packet->sequence % TRAIL_STEP;

    return step && step->seen[at] != 0 && step->fingerprint[at] == packet->fingerprint;
}

struct trail_found
trail_find(struct trail *trail, uint32_t sa, const struct ipsec_packet *packet, unsigned point)
{
    struct trail_step *step = find_step(trail, sa, packet->sequence);
    unsigned at = packet->sequence % TRAIL_STEP;
    struct trail_found found = { .kind = TRAIL_NEW };

    if (!trail_knows(trail, sa, packet))
        return found;
    found.kind = (step->seen[at] & 1U << point) ? TRAIL_AGAIN : TRAIL_COPY;
    found.first = step->first[at];
    found.seen = step->seen[at];
    found.after = (int32_t)((uint32_t)clock_micros(&packet->time) - step->when[at]);
    step->seen[at] |= (uint8_t)(1U << point);
    return found;
}

static void
unlink_step(struct trail_step *step)
{
    struct trail_way *way = step->of;

    if (way->due == step)
        way->due = step->next;
    *(step->before ? &step->before->next : &way->first) = step->next;
    *(step->next ? &step->next->before : &way->last) = step->before;
}

/* Behind all others of its direction, to be looked at. */
static void
link_step(struct trail_step *step)
{
    struct trail_way *way = step->of;

    step->is_looked_at = false;
    step->next = NULL;
    step->before = way->last;
    *(way->last ? &way->last->next : &way->first) = step;
    way->last = step;
    if (!way->due)
        way->due = step;
}

void
trail_look_on(struct trail_way *way)
{
    way->due->is_looked_at = true;
    way->due = way->due->next;
}

void
trail_drop(struct trail *trail, struct trail_step *step)
{
    *(step->older ? &step->older->younger : &trail->oldest) = step->younger;
    *(step->younger ? &step->younger->older : &trail->youngest) = step->older;
    unlink_step(step);
    g_hash_table_remove(trail->steps, step);
    step->next = trail->free;
    trail->free = step;
    trail->count--;
}

static struct trail_step *
allocate(struct trail *trail)
{
    struct trail_step *step = trail->free;

    if (step)
        trail->free = step->next;
    else
        step = wmem_new(trail->pool, struct trail_step);
    memset(step, 0, sizeof *step);
    trail->count++;
    return step;
}

static struct trail_step *
add_step(struct trail *trail, struct trail_way *way, uint32_t sa, uint32_t number)
{
    struct trail_step *step = allocate(trail);

    step->sa = sa;
    step->number = number;
    step->of = way;
    step->older = trail->youngest;
    *(trail->youngest ? &trail->youngest->younger : &trail->oldest) = step;
    trail->youngest = step;
    link_step(step);
    g_hash_table_add(trail->steps, step);
    return step;
}

void
trail_add(struct trail *trail, struct trail_way *way, uint32_t sa, const struct ipsec_packet *packet, unsigned point)
{
    struct trail_step *step = find_step(trail, sa, packet->sequence);
    unsigned at = packet->sequence % TRAIL_STEP;

    if (!step)
        step = add_step(trail, way, sa, packet->sequence / TRAIL_STEP);
    if (step->is_looked_at) {
        unlink_step(step);
        link_step(step);
    }
    step->counted &= (uint16_t)~(1U << at);
    step->last = clock_micros(&packet->time);
    step->fingerprint[at] = packet->fingerprint;
    step->when[at] = (uint32_t)step->last;
    step->seen[at] = (uint8_t)(1U << point);
    step->first[at] = (uint8_t)point;
}

struct trail_step *
trail_oldest(const struct trail *trail)
{
    return trail->oldest;
}

uint32_t
trail_count(const struct trail *trail)
{
    return trail->count;
}

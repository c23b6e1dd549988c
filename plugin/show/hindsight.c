/* hindsight.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hindsight.h"

#include <stdlib.h>

#include "../by_frame.h"

struct hindsight {
    wmem_allocator_t *pool;
    const struct tunnel **tunnel;   /* by their last frames, ascending */
    uint32_t *last_frame;           /* of each of them */
    uint32_t tunnels;
    uint32_t count;                 /* pairs of a frame and a finding that rests on it, ascending by the first, then the second */
    uint32_t *evidence;
    uint32_t *finding;
};

struct pair {
    uint32_t evidence;
    uint32_t finding;
};

static int
compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;

    if (left->evidence != right->evidence)
        return left->evidence < right->evidence ? -1 : 1;
    return left->finding < right->finding ? -1 : left->finding > right->finding;
}

static uint32_t
last_frame_of(const struct tunnel *tunnel)
{
    uint32_t last = MAX(tunnel->flow[0].last_frame, tunnel->flow[1].last_frame);

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        last = MAX(last, ike_sa->last_frame);
    return last;
}

struct ending {
    uint32_t frame;
    const struct tunnel *tunnel;
};

static int
compare_endings(const void *a, const void *b)
{
    const struct ending *left = a, *right = b;

    if (left->frame != right->frame)
        return left->frame < right->frame ? -1 : 1;
    return left->tunnel->id < right->tunnel->id ? -1 : 1;
}

static void
look_at_tunnels(struct hindsight *hindsight, const struct tunnel_table *tunnels)
{
    uint32_t count = tunnel_count(tunnels), found = 0;
    struct ending *endings = g_new(struct ending, count);

    for (const struct tunnel *tunnel = tunnel_first(tunnels); tunnel && found < count; tunnel = tunnel->next)
        endings[found++] = (struct ending){ last_frame_of(tunnel), tunnel };
    if (found > 0)
        qsort(endings, found, sizeof *endings, compare_endings);
    hindsight->tunnels = found;
    hindsight->tunnel = wmem_alloc_array(hindsight->pool, const struct tunnel *, found);
    hindsight->last_frame = wmem_alloc_array(hindsight->pool, uint32_t, found);
    for (uint32_t i = 0; i < found; i++) {
        hindsight->tunnel[i] = endings[i].tunnel;
        hindsight->last_frame[i] = endings[i].frame;
    }
    g_free(endings);
}

/* Each pair once. */
static void
keep_pairs(struct hindsight *hindsight, struct pair *pairs, uint32_t count)
{
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    hindsight->evidence = wmem_alloc_array(hindsight->pool, uint32_t, count);
    hindsight->finding = wmem_alloc_array(hindsight->pool, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && compare_pairs(&pairs[i], &pairs[i - 1]) == 0)
            continue;
        hindsight->evidence[hindsight->count] = pairs[i].evidence;
        hindsight->finding[hindsight->count++] = pairs[i].finding;
    }
}

static void
add_pair(GArray *pairs, uint32_t evidence, uint32_t finding)
{
    struct pair pair = { evidence, finding };

    if (evidence != finding)
        g_array_append_val(pairs, pair);
}

static void
add_findings(GArray *pairs, const struct findings *findings)
{
    for (uint32_t i = 0; i < findings_count(findings); i++) {
        const struct finding *finding = findings_get(findings, i);
        for (unsigned k = 0; k < finding->evidence_count && !finding->is_taken_back; k++)
            add_pair(pairs, finding->evidence[k], finding->frame);
    }
}

static void
add_verdicts(GArray *pairs, const struct hindsight *hindsight, const struct judge *judge)
{
    for (uint32_t i = 0; i < hindsight->tunnels; i++) {
        struct verdict verdict = verdict_of(hindsight->tunnel[i], judge);
        for (unsigned k = 0; k < verdict.evidence_count; k++)
            add_pair(pairs, verdict.evidence[k], hindsight->last_frame[i]);
    }
}

struct hindsight *
hindsight_create(wmem_allocator_t *pool, const struct tracker *tracker, const struct judge *judge)
{
    struct hindsight *hindsight = wmem_new0(pool, struct hindsight);
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct pair));

    hindsight->pool = pool;
    look_at_tunnels(hindsight, tracker_tunnels(tracker));
    add_findings(pairs, judge->findings);
    add_verdicts(pairs, hindsight, judge);
    if (pairs->len > 0)
        keep_pairs(hindsight, (struct pair *)(void *)pairs->data, pairs->len);
    g_array_free(pairs, TRUE);
    return hindsight;
}

void
hindsight_free(struct hindsight *hindsight)
{
    wmem_allocator_t *pool = hindsight->pool;

    wmem_free(pool, hindsight->tunnel);
    wmem_free(pool, hindsight->last_frame);
    wmem_free(pool, hindsight->evidence);
    wmem_free(pool, hindsight->finding);
    wmem_free(pool, hindsight);
}

static uint32_t
frame_in(const void *list, uint32_t i)
{
    return ((const uint32_t *)list)[i];
}

/* The first of the numbers that are this frame's; they ascend. */
static uint32_t
find_frame(const uint32_t *list, uint32_t length, uint32_t frame, uint32_t *count)
{
    uint32_t first = by_frame_first(list, length, frame_in, frame);

    *count = 0;
    while (first + *count < length && list[first + *count] == frame)
        ++*count;
    return first;
}

const struct tunnel *const *
hindsight_tunnels(const struct hindsight *hindsight, uint32_t frame, uint32_t *count)
{
    uint32_t first = find_frame(hindsight->last_frame, hindsight->tunnels, frame, count);

    return *count > 0 ? hindsight->tunnel + first : NULL;
}

const uint32_t *
hindsight_findings(const struct hindsight *hindsight, uint32_t frame, uint32_t *count)
{
    uint32_t first = find_frame(hindsight->evidence, hindsight->count, frame, count);

    return *count > 0 ? hindsight->finding + first : NULL;
}

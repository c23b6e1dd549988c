/* hindsight.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hindsight.h"

#include <stdlib.h>

#include "../by_frame.h"

struct hindsight {
    wmem_allocator_t *pool;
    uint32_t *last_frame;           /* of each tunnel, by its number */
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
look_at_findings(struct hindsight *hindsight, const struct findings *findings)
{
    uint32_t most = 0, count = 0;

    for (uint32_t i = 0; i < findings_count(findings); i++)
        most += findings_get(findings, i)->evidence_count;
    if (most == 0)
        return;
    struct pair *pairs = g_new(struct pair, most);
    for (uint32_t i = 0; i < findings_count(findings); i++) {
        const struct finding *finding = findings_get(findings, i);
        for (unsigned k = 0; k < finding->evidence_count && !finding->is_taken_back; k++)
            if (finding->evidence[k] != finding->frame)
                pairs[count++] = (struct pair){ finding->evidence[k], finding->frame };
    }
    keep_pairs(hindsight, pairs, count);
    g_free(pairs);
}

struct hindsight *
hindsight_create(wmem_allocator_t *pool, const struct tracker *tracker, const struct findings *findings)
{
    struct hindsight *hindsight = wmem_new0(pool, struct hindsight);

    hindsight->pool = pool;
    hindsight->tunnels = tunnel_opened(tracker_tunnels(tracker));
    hindsight->last_frame = wmem_alloc0_array(pool, uint32_t, hindsight->tunnels);
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next)
        hindsight->last_frame[tunnel->id] = last_frame_of(tunnel);
    look_at_findings(hindsight, findings);
    return hindsight;
}

void
hindsight_free(struct hindsight *hindsight)
{
    wmem_allocator_t *pool = hindsight->pool;

    wmem_free(pool, hindsight->last_frame);
    wmem_free(pool, hindsight->evidence);
    wmem_free(pool, hindsight->finding);
    wmem_free(pool, hindsight);
}

bool
hindsight_is_last(const struct hindsight *hindsight, const struct tunnel *tunnel, uint32_t frame)
{
    return tunnel->id < hindsight->tunnels && hindsight->last_frame[tunnel->id] == frame;
}

static uint32_t
frame_of_evidence(const void *list, uint32_t i)
{
    return ((const uint32_t *)list)[i];
}

const uint32_t *
hindsight_findings(const struct hindsight *hindsight, uint32_t frame, uint32_t *count)
{
    uint32_t first = by_frame_first(hindsight->evidence, hindsight->count, frame_of_evidence, frame);

    *count = 0;
    while (first + *count < hindsight->count && hindsight->evidence[first + *count] == frame)
        ++*count;
    return *count > 0 ? hindsight->finding + first : NULL;
}

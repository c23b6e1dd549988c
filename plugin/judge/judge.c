/* judge.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

static const struct rule *const rules[] = {
#define X(name) &rule_##name,
    SPISCOPE_RULES(X)
#undef X
};

void
judge_open(struct judge *judge, wmem_allocator_t *pool, uint32_t most)
{
    judge->findings = findings_create(pool, most);
    judge->memory = memory_create(pool);
}

/* A frame may hold several packets, and a later one may have taken back the link that an earlier one made. */
static bool
is_undone(const struct change *change)
{
    return (change->kind == CHANGE_SA_REPLACED && !change->replaced.sa->predecessor)
            || (change->kind == CHANGE_SA_RESUMED && !change->resumed.sa->successor);
}

static void
judge_change(struct judge *judge, const struct change *change)
{
    if (is_undone(change))
        return;
    if (change->kind == CHANGE_REQUESTED)
        memory_take_offer(judge->memory, change->exchange);
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
        if (rules[r]->on & (UINT32_C(1) << change->kind))
            rules[r]->judge(judge, change);
}

void
judge_frame(struct judge *judge, const struct changes *changes)
{
    for (unsigned i = 0; i < changes->count; i++)
        judge_change(judge, &changes->item[i]);
}

struct finding *
judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence, const struct sa *sa)
{
    struct finding *finding = findings_add(judge->findings, key, confidence, judge->frame, &judge->time);

    if (finding && sa) {
        finding->sa = sa;
        findings_file(judge->findings, finding, sa->flow->tunnel);
    }
    return finding;
}

struct finding *
judge_exchange(struct judge *judge, enum finding_key key, enum confidence confidence,
        const struct exchange *exchange)
{
    struct finding *finding = findings_add(judge->findings, key, confidence, judge->frame, &judge->time);

    if (finding) {
        finding->exchange = exchange;
        finding->ike_sa = exchange->ike_sa;
        findings_file(judge->findings, finding, exchange->flow->tunnel);
        finding_rests_on(finding, exchange->request_frame);
        finding_rests_on(finding, exchange->response_frame);
    }
    return finding;
}

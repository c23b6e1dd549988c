/* judge.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

typedef void rule(struct judge *judge, const struct change *change);

static rule *const rules[] = {
    judge_rekey,
    judge_spi_churn,
    judge_stale_spi,
    judge_sequence,
    judge_loss,
    judge_one_way,
    judge_nat_rebinding,
    judge_limit,
};

void
judge_frame(struct judge *judge, const struct changes *changes)
{
    for (unsigned i = 0; i < changes->count; i++)
        for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
            rules[r](judge, &changes->item[i]);
}

struct finding *
judge_sa(struct judge *judge, enum finding_key key, enum confidence confidence, const struct sa *sa)
{
    struct finding *finding = findings_add(judge->findings, key, confidence, judge->frame, &judge->time);

    if (finding && sa) {
        finding->sa = sa;
        finding->tunnel = sa->flow->tunnel;
    }
    return finding;
}

/* judge.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

typedef void rule(struct judge *judge, const struct change *change);

static rule *const rules[] = {
    judge_rekey,
    judge_reestablished,
    judge_outage,
    judge_deletion,
    judge_spi_churn,
    judge_stale_spi,
    judge_sequence,
    judge_loss,
    judge_one_way,
    judge_nat_rebinding,
    judge_retransmission,
    judge_no_response,
    judge_dpd_failure,
    judge_peer_restart,
    judge_auth_failed,
    judge_no_proposal,
    judge_proxy_id,
    judge_child_refused,
    judge_pfs_mismatch,
    judge_invalid_spi,
    judge_lifetime,
    judge_lifetime_order,
    judge_collision,
    judge_duplicate_sa,
    judge_early_rekey,
    judge_volume_rekey,
    judge_limit,
};

/* A frame may hold several packets, and a later one may have taken back the link that an earlier one made. */
static bool
is_undone(const struct change *change)
{
    return (change->kind == CHANGE_SA_REPLACED && !change->sa->predecessor)
            || (change->kind == CHANGE_SA_RESUMED && !change->sa->successor);
}

void
judge_frame(struct judge *judge, const struct changes *changes)
{
    for (unsigned i = 0; i < changes->count; i++) {
        if (is_undone(&changes->item[i]))
            continue;
        for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
            rules[r](judge, &changes->item[i]);
    }
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

/* stale_spi.c
 * stale_spi: traffic on an SPI after its successor took over, past the handover grace. Where only ESP
 * is seen this may also be a parallel SA that had paused, so it is suspected, and only where the two
 * changed over cleanly: the old SA's last packet within the grace of the new one's first, in a
 * direction that never had SAs side by side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "judge.h"

#include "../track/clock.h"

void
judge_stale_spi(struct judge *judge, const struct change *change)
{
    if (change->kind != CHANGE_SA_RESUMED || change->sa->flow->parallel)
        return;
    const struct sa *successor = change->sa->successor;
    struct finding *finding = judge_sa(judge, FINDING_STALE_SPI, CONFIDENCE_SUSPECTED, change->sa);

    if (!finding)
        return;
    finding->other = successor;
    finding->span = clock_elapsed(&successor->first_time, &judge->time);
    finding_rests_on(finding, change->before_frame);
    finding_rests_on(finding, successor->first_frame);
}

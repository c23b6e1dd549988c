/* disordered.c
 * capture_disordered: the file is out of time order by a second or more, where an IPsec or IKE packet shows it. What follows from
 * the order of packets (who answers whom, what came first) may be wrong there. Said once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

static void
judge_disordered(struct judge *judge, const struct change *change)
{
    judge->stepped_frame = judge->frame;
    struct finding *finding = judge_capture(judge, FINDING_CAPTURE_DISORDERED, CONFIDENCE_PROVEN, sizeof(struct change_disordered));

    if (!finding)
        return;
    struct change_disordered *disordered = finding->detail;
    *disordered = change->disordered;
    finding_rests_on(finding, disordered->before_frame);
}

static char *
text_disordered(const struct words *words, const struct finding *finding)
{
    const struct change_disordered *disordered = finding->detail;

    return wmem_strdup_printf(words->scope, "The file is out of time order: frame %u is %s earlier than frame %u before it, and may not "
            "be the only one", finding->frame, words_duration(words, &disordered->by),
            disordered->before_frame);
}

const struct rule rule_disordered = {
    .on = ON(DISORDERED), .judge = judge_disordered,
    .findings = {
        { FINDING_CAPTURE_DISORDERED, .text = text_disordered,
            .meaning = "Packets stand in another order than they came: what was asked, answered and replaced can't be told for sure.",
            .check = { "How the file was made: several files joined, several interfaces, or a clock that was set back; reordercap sorts it" } },
    }
};

/* limit.c
 * limit_reached: a table is full (enum limit), and what comes later is not tracked; of SAs, those of a single
 * packet make room first. Each limit is said once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

static void
judge_limit(struct judge *judge, const struct change *change)
{
    struct finding *finding = judge_capture(judge, FINDING_LIMIT_REACHED, CONFIDENCE_PROVEN, sizeof(struct change_full));

    if (!finding)
        return;
    struct change_full *full = finding->detail;
    *full = change->full;
}

/* What there is too much of, and what becomes of the rest. */
static char *
text_limit(const struct words *words, const struct finding *finding)
{
    static const char not_tracked[] = "further ones are not tracked (preference spiscope.max_sas)";
    static const struct {
        const char *one, *several;
        const char *rest;
    } limits[LIMITS] = {
        [LIMIT_SAS] = { "SA", "SAs", "SAs of a single packet are forgotten, or else further ones not tracked (preference spiscope.max_sas)" },
        [LIMIT_TUNNELS] = { "tunnel", "tunnels", not_tracked },
        [LIMIT_IKE_SAS] = { "IKE SA", "IKE SAs", not_tracked },
        [LIMIT_HALF_OPEN] = { "IKE SA that no responder took up", "IKE SAs that no responder took up", "further ones are tracked once one does "
            "(preference spiscope.max_sas)" },
        [LIMIT_IKE_MESSAGES] = { "IKE message", "IKE messages", "further ones are not read (preference spiscope.max_sas)" },
        [LIMIT_ADDRESSES] = { "change of an address", "changes of an address", "SAs and tunnels are no longer found under further ones (preference "
            "spiscope.max_sas)" },
        [LIMIT_CHANGES] = { "change in one frame", "changes in one frame", "findings about the rest are missing" },
        [LIMIT_DELETES] = { "SPI in one Delete", "SPIs in one Delete", "the SAs of the rest count as alive" },
        [LIMIT_OUTAGES] = { "outage of one tunnel", "outages of one tunnel", "further ones are not kept" },
        [LIMIT_FINDINGS] = { "finding", "findings", "further ones are not kept" },
        [LIMIT_COPIES] = { "packet whose copy another capture point may have", "packets whose copies other capture points may have",
            "copies that come later than that count as packets of their own" },
    };
    const struct change_full *full = finding->detail;

    return wmem_strdup_printf(words->scope, "More than %s: %s",
            words_count(words, full->most, limits[full->limit].one, limits[full->limit].several), limits[full->limit].rest);
}

const struct rule rule_limit = {
    .on = ON(LIMIT_REACHED), .judge = judge_limit,
    .findings = {
        { FINDING_LIMIT_REACHED, .text = text_limit,
            .meaning = "Something is missing from what is shown; what is said of the rest still holds.",
            .check = { "Whether the capture holds a scan or a flood; the preference spiscope.max_sas" } },
    }
};

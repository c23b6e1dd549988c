/* outage.c
 * outage: the tunnel had been up and carried nothing, in both directions or in one (track/service.c tells). Proven where the
 * Delete that began it was read; else inferred, from who fell silent and what was set up anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"

struct known_outage {
    const struct outage *outage;
};

const struct outage *
finding_outage(const struct finding *finding)
{
    const struct known_outage *known = finding->key == FINDING_OUTAGE ? finding->detail : NULL;

    return known ? known->outage : NULL;
}

const char *
outage_how_name(uint8_t how)
{
    static const char *const names[OUTAGE_HOWS] = { "ike_sa_deleted", "child_sa_deleted", "unanswered", "silence", "replaced" };

    return names[how];
}

const char *
restored_how_name(uint8_t how)
{
    static const char *const names[RESTORED_HOWS] = { NULL, "new_ike_sa", "new_child_sa", "same_sa" };

    return names[how];
}

static void
judge_outage(struct judge *judge, const struct change *change)
{
    const struct outage *outage = change->outage.outage;
    struct finding *finding = judge_tunnel(judge, FINDING_OUTAGE, outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED,
            change->outage.tunnel, sizeof(struct known_outage));

    if (!finding)
        return;
    struct known_outage *known = finding->detail;
    known->outage = outage;
    for (unsigned i = 0; i < outage->evidence_count; i++)
        finding_rests_on(finding, outage->evidence[i]);
}

static const char *
text_peer(const struct words *words, const struct tunnel *tunnel, int peer)
{
    return peer == PEER_NOT_SEEN ? "nobody seen" : words_endpoint(words, &tunnel->flow[peer].source);
}

static const char *
text_end(const struct words *words, const struct outage *outage, const struct tunnel *tunnel)
{
    switch (outage->how) {
    case OUTAGE_IKE_DELETED:
    case OUTAGE_CHILD_DELETED:
        return wmem_strdup_printf(words->scope, "%s %s the %s (frame %u) after %s", text_peer(words, tunnel, outage->ended_by),
                outage->proven ? "deleted" : "probably deleted", outage->how == OUTAGE_IKE_DELETED ? "IKE SA" : "child SA (phase 2)",
                outage->begin_frame, words_duration(words, &outage->age));
    case OUTAGE_UNANSWERED:
        return wmem_strdup_printf(words->scope, "%u messages went unanswered", outage->asked);
    case OUTAGE_REPLACED:
        return "no end of it was seen";
    default:
        return "one peer fell silent";
    }
}

static char *
text_outage(const struct words *words, const struct finding *finding)
{
    static const char *const by[RESTORED_HOWS] = { "", "set it up anew", "negotiated a new child SA", "went on with the same SA" };
    const struct outage *outage = finding_outage(finding);
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    return wmem_strdup_printf(words->scope, "The tunnel carried nothing%s for %s from frame %u on: %s; %s %s (frame %u)",
            outage->directions == OUTAGE_BOTH_DIRECTIONS ? "" : " in one direction", words_duration(words, &span), outage->begin_frame,
            text_end(words, outage, finding->tunnel), text_peer(words, finding->tunnel, outage->restored_by),
            by[outage->restored_how], outage->end_frame);
}

const struct rule rule_outage = {
    .on = ON(OUTAGE), .judge = judge_outage,
    .findings = {
        { FINDING_OUTAGE, .text = text_outage,
            .meaning = "The tunnel was down: users' traffic got no further.",
            .check = "What the peer that ended it logged at that moment; else the path between the peers." },
    }
};

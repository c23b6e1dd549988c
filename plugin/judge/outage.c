/* outage.c
 * outage: the tunnel had been up and carried nothing, in both directions or in one (track/service.c tells). Proven where the
 * Delete that began it was read; else inferred, from who fell silent and what was set up anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "../clock.h"
#include "outage.h"

struct told_outage {
    const struct outage *outage;
};

static void
judge_outage(struct judge *judge, const struct change *change)
{
    const struct outage *outage = change->outage.outage;
    struct finding *finding = judge_tunnel(judge, FINDING_OUTAGE, outage->proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED,
            change->outage.tunnel, sizeof(struct told_outage));

    if (!finding)
        return;
    *(struct told_outage *)finding->detail = (struct told_outage){ outage };
    for (unsigned i = 0; i < outage->evidence_count; i++)
        finding_rests_on(finding, outage->evidence[i]);
}

const struct outage *
outage_of(const struct finding *finding)
{
    return finding->key == FINDING_OUTAGE ? ((const struct told_outage *)finding->detail)->outage : NULL;
}

const char *
outage_how(uint8_t how)
{
    static const char *const names[OUTAGE_HOWS] = { "ike_sa_deleted", "child_sa_deleted", "unanswered", "silence", "replaced",
        "lost_on_the_way", "sequence_fell_back" };

    return names[how];
}

const char *
outage_restored_how(uint8_t how)
{
    static const char *const names[RESTORED_HOWS] = { NULL, "new_ike_sa", "new_child_sa", "same_sa" };

    return names[how];
}

static const char *
peer_name(const struct words *words, const struct tunnel *tunnel, int peer)
{
    return peer == PEER_NOT_SEEN ? "nobody seen" : words_endpoint(words, &tunnel->flow[peer].source);
}

/* What ended service, and who: "192.0.2.1 deleted the IKE SA (frame 42) after 9.2 s". */
static char *
end_text(const struct words *words, const struct outage *outage, const struct tunnel *tunnel)
{
    switch (outage->how) {
    case OUTAGE_IKE_DELETED:
    case OUTAGE_CHILD_DELETED:
        return wmem_strdup_printf(words->scope, "%s %s the %s (frame %u) after %s", peer_name(words, tunnel, outage->ended_by),
                outage->proven ? "deleted" : "probably deleted", outage->how == OUTAGE_IKE_DELETED ? "IKE SA" : "child SA (phase 2)",
                outage->begin_frame, words_duration(words, &outage->age));
    case OUTAGE_UNANSWERED:
        return wmem_strdup_printf(words->scope, "%u %s unanswered", outage->asked, outage->asked == 1 ? "message went" : "messages went");
    case OUTAGE_SEQUENCE_FELL:
        return wmem_strdup_printf(words->scope, "%s's sequence numbers fell back, and the other peer, which drops that, fell silent",
                peer_name(words, tunnel, outage->ended_by));
    case OUTAGE_LOST_BETWEEN:
        return wmem_strdup_printf(words->scope, "%s, and none arrived", words_count(words, outage->lost, "packet was lost between capture points",
                "packets were lost between capture points"));
    case OUTAGE_REPLACED:
        return wmem_strdup(words->scope, "a new one was set up, and no end of the old one was seen");
    default:
        return wmem_strdup(words->scope, "one peer fell silent");
    }
}

/* Who brought it back, and how: "192.0.2.1 set it up anew (frame 44)". */
static char *
restored_text(const struct words *words, const struct outage *outage, const struct tunnel *tunnel)
{
    static const char *const by[RESTORED_HOWS] = { "", "set it up anew", "negotiated a new child SA", "went on with the same SA" };

    return wmem_strdup_printf(words->scope, "%s %s (frame %u)", peer_name(words, tunnel, outage->restored_by), by[outage->restored_how],
            outage->end_frame);
}

static char *
text_outage(const struct words *words, const struct finding *finding)
{
    const struct outage *outage = outage_of(finding);
    nstime_t span = clock_elapsed(&outage->begin, &outage->end);

    return wmem_strdup_printf(words->scope, "The tunnel carried nothing%s for %s from frame %u on: %s; %s",
            outage->directions == OUTAGE_BOTH_DIRECTIONS ? "" : " in one direction", words_duration(words, &span), outage->begin_frame,
            end_text(words, outage, finding->tunnel), restored_text(words, outage, finding->tunnel));
}

static char *
brief_outage(const struct words *words, const struct finding *finding)
{
    nstime_t span = clock_elapsed(&outage_of(finding)->begin, &outage_of(finding)->end);

    return words_duration(words, &span);
}

const struct rule rule_outage = {
    .on = ON(OUTAGE), .judge = judge_outage,
    .findings = {
        { FINDING_OUTAGE, .text = text_outage, .brief = brief_outage,
            .meaning = "The tunnel was down: users' traffic got no further.",
            .check = { "The log of the peer that ended it, of that moment; else the path between the peers" } },
    }
};

/* lost_on_the_way.c
 * lost_on_the_way: packets of one direction that one capture point saw and the next one behind it did not, though it captured then: lost in
 * between. Proven where the points are interfaces of the file, each with its own capture; inferred where MAC addresses or TTLs tell them
 * apart, or where nothing of the tunnel came to the next one, and another tunnel's packets to the same peer show that it lies on the way.
 * Said once for each direction of a tunnel, on the frame that shows the first loss; the counts are those of all frames up to now.
 * A warning, on a frame of its own, where a tenth and more of a direction's packets are lost over a minute and longer, as loss tells: unless
 * the point behind misses as much of what it should have seen of the other direction, for then it is that capture which drops.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include "lost_on_the_way.h"

#include <inttypes.h>

/* Of so many, one that is lost is too much. */
#define HEAVY_ONE_IN 10

/* Where the point behind missed a part of the other direction, one for so many that are lost, it may be its capture. */
#define CAPTURE_ONE_IN 4

struct lost_between {
    const struct flow *flow;
    const struct copies *copies;
    struct share_seen share;        /* where it is a warning */
};

static struct finding *
add_finding(struct judge *judge, const struct change_lost_between *lost, const struct share_seen *share)
{
    const struct tunnel *tunnel = lost->loss.flow->tunnel;
    bool is_proven = lost->copies->by == POINTS_BY_INTERFACE && passage_is_seen(tunnel->passage);
    struct finding *finding = judge_tunnel(judge, FINDING_LOST_ON_THE_WAY, is_proven ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, tunnel,
            sizeof(struct lost_between));

    if (finding)
        *(struct lost_between *)finding->detail = (struct lost_between){ lost->loss.flow, lost->copies, *share };
    return finding;
}

static bool
is_sure(const struct change_lost_between *lost)
{
    struct passage_loss all[POINTS_AT_MOST];
    uint8_t order[POINTS_AT_MOST];

    return copies_losses(lost->copies, lost->loss.flow, order, all) > 0;
}

static void
judge_lost(struct judge *judge, const struct change *change)
{
    const struct change_lost_between *lost = &change->lost_between;
    struct between_memory *memory = memory_between(judge->memory, lost->loss.flow);
    struct share_seen share = { 0 };

    if (!memory->is_said && is_sure(lost))
        memory->is_said = add_finding(judge, lost, &share) != NULL;
    if (lost->loss.lost == 0 || !share_add(&memory->lost, lost->loss.lost, lost->loss.of, &judge->time, judge->frame, HEAVY_ONE_IN, &share)
            || lost->loss.missed * CAPTURE_ONE_IN >= lost->loss.in_all || !memory->is_said)
        return;
    struct finding *finding = add_finding(judge, lost, &share);
    if (!finding)
        return;
    finding->is_raised = true;
    finding_rests_on(finding, share.since_frame);
    memory_of(judge->memory, lost->loss.flow->tunnel)->heavy_loss = finding;
}

const struct flow *
lost_on_the_way_flow(const struct finding *finding)
{
    return ((const struct lost_between *)finding->detail)->flow;
}

static const char *
answers_text(const struct words *words, const struct passage_loss *lost)
{
    if (lost->answers == 0)
        return "";
    return wmem_strdup_printf(words->scope, ", %s of IKE among them (frame %" PRIu32 "%s)", words_count(words, lost->answers, "answer", "answers"),
            lost->answer_frame, lost->answers == 1 ? "" : " is the last one");
}

static char *
direction_text(const struct words *words, const struct flow *flow)
{
    return wmem_strdup_printf(words->scope, "from %s to %s", words_endpoint(words, &flow->source), words_endpoint(words, &flow->destination));
}

static char *
text_lost(const struct words *words, const struct finding *finding)
{
    const struct lost_between *detail = finding->detail;
    struct passage_loss lost[POINTS_AT_MOST];
    uint8_t order[POINTS_AT_MOST];
    unsigned count = copies_losses(detail->copies, detail->flow, order, lost);
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    if (finding->is_raised)
        return wmem_strdup_printf(words->scope, "%" PRIu64 " of %" PRIu64 " packets %s were lost between capture points in %s", detail->share.bad,
                detail->share.of, direction_text(words, detail->flow), words_duration(words, &detail->share.span));
    for (unsigned i = 1; i < count; i++)
        if (lost[order[i]].packets > 0)
            wmem_strbuf_append_printf(text, "%s%s %s lost between capture points %u and %u%s", wmem_strbuf_get_len(text) > 0 ? "; " : "",
                    words_count(words, lost[order[i]].packets, "packet", "packets"), direction_text(words, detail->flow), order[i - 1], order[i],
                    answers_text(words, &lost[order[i]]));
    if (wmem_strbuf_get_len(text) == 0)     /* it turned out to go another way */
        wmem_strbuf_append_printf(text, "Packets %s did not come by the next capture point", direction_text(words, detail->flow));
    return (char *)wmem_strbuf_get_str(text);
}

const struct rule rule_lost_on_the_way = {
    .on = ON(LOST_BETWEEN), .judge = judge_lost,
    .findings = {
        { FINDING_LOST_ON_THE_WAY, .text = text_lost,
            .meaning = "These packets passed one capture point and did not reach the next one: the path between the two lost them, not the gateways.",
            .check = { "The path between the two capture points: its provider, interface errors, policers, firewalls in between" } },
    }
};

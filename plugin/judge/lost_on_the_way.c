/* lost_on_the_way.c
 * lost_on_the_way: packets of one direction that one capture point saw and the next one behind it did not, though it captured then: lost in
 * between. Proven where the points are interfaces of the file, each with its own capture; inferred where MAC addresses or TTLs tell them
 * apart. Said once for each direction of a tunnel, on the frame that shows the first loss; the counts are those of all frames up to now.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rule.h"

#include <inttypes.h>

struct lost_between {
    const struct flow *flow;
    const struct copies *copies;
};

static void
judge_lost(struct judge *judge, const struct change *change)
{
    const struct change_lost_between *lost = &change->lost_between;
    struct finding *finding = judge_tunnel(judge, FINDING_LOST_ON_THE_WAY,
            lost->copies->by == POINTS_BY_INTERFACE ? CONFIDENCE_PROVEN : CONFIDENCE_INFERRED, lost->flow->tunnel, sizeof(struct lost_between));

    if (!finding)
        return;
    struct lost_between *detail = finding->detail;
    detail->flow = lost->flow;
    detail->copies = lost->copies;
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
text_lost(const struct words *words, const struct finding *finding)
{
    const struct lost_between *detail = finding->detail;
    struct passage_loss lost[POINTS_AT_MOST];
    uint8_t order[POINTS_AT_MOST];
    unsigned count = copies_losses(detail->copies, detail->flow, order, lost);
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned i = 1; i < count; i++)
        if (lost[order[i]].packets > 0)
            wmem_strbuf_append_printf(text, "%s%s from %s to %s lost between capture points %u and %u%s", wmem_strbuf_get_len(text) > 0 ? "; " : "",
                    words_count(words, lost[order[i]].packets, "packet", "packets"), words_endpoint(words, &detail->flow->source),
                    words_endpoint(words, &detail->flow->destination), order[i - 1], order[i], answers_text(words, &lost[order[i]]));
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

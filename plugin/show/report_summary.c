/* report_summary.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "report_summary.h"

#include "../clock.h"
#include "paragraph.h"

/* Shared troubles that have a line. */
#define SHARED_AT_MOST 10

char *
summary_counts(const struct words *words, const struct overview *overview)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned state = 0; state < STATES; state++)
        if (overview->count[state] > 0)
            wmem_strbuf_append_printf(text, "%s%u %s", wmem_strbuf_get_len(text) > 0 ? ", " : "", overview->count[state], state_name((uint8_t)state));
    return wmem_strdup_printf(words->scope, "%s: %s", words_count(words, overview->tunnels, "tunnel", "tunnels"), wmem_strbuf_get_str(text));
}

char *
summary_hub(const struct words *words, const struct overview *overview)
{
    return wmem_strdup_printf(words->scope, "%s is a gateway of most of them", words_address(words, overview->hub));
}

char *
summary_peers(const struct words *words, const struct overview *overview, const struct overview_row *row)
{
    const struct tunnel *tunnel = row->tunnel;
    int spoke = overview_spoke(overview, tunnel);

    if (row->name)
        return wmem_strdup(words->scope, row->name);
    if (spoke >= 0)
        return words_endpoint(words, &tunnel->flow[spoke].source);
    return wmem_strdup_printf(words->scope, "%s - %s", words_endpoint(words, &tunnel->flow[0].source), words_endpoint(words, &tunnel->flow[1].source));
}

/* Who acts: the hub or the spoke where there is a hub, as A and B are another pair in each tunnel. */
static const char *
by_text(const struct words *words, const struct overview *overview, const struct overview_row *row)
{
    const int8_t by = row->verdict.by;
    const int spoke = overview_spoke(overview, row->tunnel);

    if (by == PEER_NOT_SEEN)
        return "";
    if (by == PEER_BOTH)
        return " (both)";
    if (spoke < 0)
        return wmem_strdup_printf(words->scope, " (%s)", words_letter(by, ""));
    return by == spoke ? " (spoke)" : " (hub)";
}

const char *
summary_outages(const struct words *words, const struct verdict *verdict)
{
    if (verdict->outages == 0)
        return "";
    return wmem_strdup_printf(words->scope, "; %s, %s%s", words_count(words, verdict->outages, "outage", "outages"),
            words_duration(words, &verdict->down), verdict->is_out ? ", not over" : "");
}

char *
summary_line(const struct words *words, const struct overview *overview, const struct overview_row *row)
{
    const struct verdict *verdict = &row->verdict;

    return wmem_strdup_printf(words->scope, "%s: %s, %s%s%s", state_name(verdict->state), summary_peers(words, overview, row),
            verdict_cause(verdict), by_text(words, overview, row), summary_outages(words, verdict));
}

char *
summary_shared(const struct words *words, const struct shared_trouble *trouble)
{
    nstime_t span = clock_elapsed(&trouble->first, &trouble->last);

    return wmem_strdup_printf(words->scope, "%u tunnels went down within %s at %s: %s or its path, not the others (frames %s%s)", trouble->tunnels,
            words_duration(words, &span), words_moment(words, &trouble->first), words_address(words, trouble->gateway), words_frames(words, trouble->frame, trouble->frames),
            trouble->tunnels > trouble->frames ? ", ..." : "");
}

char *
summary_scan(const struct words *words, const struct scan *scan)
{
    return wmem_strdup_printf(words->scope, "%u pairs of addresses of which one alone was heard, once or twice, asking for an IKE SA, or answering: "
            "a scan, or answers to forged addresses. They are not told one by one", scan->pairs);
}

static void
write_shared(FILE *out, const struct words *words, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    uint32_t count;
    const struct shared_trouble *troubles = shared_troubles(words->scope, tracker_tunnels(tracker), judge, &facts->first, &facts->last, &count);

    for (uint32_t i = 0; i < MIN(count, SHARED_AT_MOST); i++)
        write_wrapped(out, words, i == 0 ? "Shared" : "", summary_shared(words, &troubles[i]));
    if (count > SHARED_AT_MOST)
        write_wrapped(out, words, "", wmem_strdup_printf(words->scope, "and %s", words_count(words, count - SHARED_AT_MOST, "more time", "more times")));
}

void
report_write_summary(FILE *out, const struct words *words, const struct overview *overview, const struct capture_facts *facts,
        const struct tracker *tracker, const struct judge *judge)
{
    uint32_t lines = MIN(overview->troubled, SUMMARY_TUNNELS_AT_MOST);

    if (overview->tunnels <= 1)
        return;
    write_wrapped(out, words, "Summary", summary_counts(words, overview));
    if (overview->hub)
        write_wrapped(out, words, "Hub", summary_hub(words, overview));
    write_shared(out, words, facts, tracker, judge);
    for (uint32_t i = 0; i < lines; i++) /* cppcheck-suppress knownConditionTrueFalse ; it takes lines for 0 */
        write_wrapped(out, words, wmem_strdup_printf(words->scope, "Tunnel %u", overview->row[i].tunnel->id),
                summary_line(words, overview, &overview->row[i]));
    if (lines < overview->troubled)
        write_wrapped(out, words, "", wmem_strdup_printf(words->scope, "and %u more that are not well: tshark -q -z spiscope,report,all",
                overview->troubled - lines));
}

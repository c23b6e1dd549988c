/* report.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "report.h"

#include <inttypes.h>

#include "../judge/coverage.h"
#include "../judge/rekey.h"
#include "../clock.h"
#include "../judge/overview.h"
#include "outage_log.h"
#include "paragraph.h"
#include "point_words.h"
#include "report_summary.h"
#include "user_words.h"

static void
write_seen(FILE *out, const struct words *words, const struct tunnel *tunnel)
{
    nstime_t first = NSTIME_INIT_ZERO, last = NSTIME_INIT_ZERO;
    uint32_t ike_sas = 0;

    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        ike_sas++;
    coverage_span(tunnel, &first, &last);
    nstime_t span = clock_elapsed(&first, &last);
    write_wrapped(out, words, "  Seen", wmem_strdup_printf(words->scope, "%s, %s; %s of ESP and AH from A, %" PRIu64 " from B; %s from %s",
            words_count(words, tunnel->flow[0].sas + tunnel->flow[1].sas, "IPsec SA", "IPsec SAs"), words_count(words, ike_sas, "IKE SA", "IKE SAs"),
            words_count(words, tunnel->flow[0].packets, "packet", "packets"), tunnel->flow[1].packets, words_duration(words, &span), words_moment(words, &first)));
}

/* Who asked for the SAs that replaced others, and at which age the old ones were. */
struct renewals {
    unsigned count;
    unsigned by[2];                 /* by peer A, by peer B */
    nstime_t shortest;
    nstime_t longest;
};

static void
count_renewal(struct renewals *renewals, const struct sa *old)
{
    const struct exchange *origin = old->successor->origin;
    nstime_t age = sa_lived(old);

    if (renewals->count == 0 || clock_compare(&age, &renewals->shortest) < 0)
        renewals->shortest = age;
    if (renewals->count++ == 0 || clock_compare(&age, &renewals->longest) > 0)
        renewals->longest = age;
    if (origin && old->successor->origin_sure)
        renewals->by[flow_peer(origin->flow)]++;
}

/* By a rekey: not with a tunnel that was set up anew. */
static bool
was_rekeyed(const struct sa *sa)
{
    return sa->successor && sa->born_in_capture && !rekey_is_set_up_anew(sa, sa->successor);
}

/* "All 18 rekeys were started by A", "10 rekeys were started by A, 8 by B; of 2 it was not seen by whom"; without who started none. */
static char *
text_started(const struct words *words, const struct renewals *renewals)
{
    unsigned a = renewals->by[0], b = renewals->by[1], unseen = renewals->count - a - b;

    if (unseen == renewals->count)
        return wmem_strdup(words->scope, "Who started that was not seen");
    if (renewals->count == 1)
        return wmem_strdup_printf(words->scope, "The rekey was started by %s", words_letter(a > 0 ? 0 : 1, ""));
    if (a == renewals->count || b == renewals->count)
        return wmem_strdup_printf(words->scope, "%s rekeys were started by %s",
                renewals->count == 2 ? "Both" : wmem_strdup_printf(words->scope, "All %u", renewals->count), a > 0 ? "A" : "B");
    const char *rest = unseen == 0 ? "" : wmem_strdup_printf(words->scope, "; of %u it was not seen by whom", unseen);
    if (a == 0 || b == 0)
        return wmem_strdup_printf(words->scope, "%s started by %s%s", words_count(words, a + b, "rekey was", "rekeys were"), a > 0 ? "A" : "B", rest);
    return wmem_strdup_printf(words->scope, "%s started by A, %u by B%s", words_count(words, a, "rekey was", "rekeys were"), b, rest);
}

/* "20.0 s", "20.0 s to 22.1 s" */
static char *
text_ages(const struct words *words, const struct renewals *renewals)
{
    char *shortest = words_duration(words, &renewals->shortest), *longest = words_duration(words, &renewals->longest);

    return strcmp(shortest, longest) == 0 ? shortest : wmem_strdup_printf(words->scope, "%s to %s", shortest, longest);
}

static void
write_renewals(FILE *out, const struct words *words, const struct sa **sas, unsigned count)
{
    struct renewals renewals = { 0, { 0, 0 }, NSTIME_INIT_ZERO, NSTIME_INIT_ZERO };

    for (unsigned i = 0; i < count; i++)
        if (was_rekeyed(sas[i]))
            count_renewal(&renewals, sas[i]);
    if (renewals.count == 0)
        return;
    write_wrapped(out, words, "  Rekeyed", wmem_strdup_printf(words->scope, "%s, at an age of %s. %s",
            words_count(words, renewals.count, "SA", "SAs"), text_ages(words, &renewals), text_started(words, &renewals)));
}

/* Who set the tunnel up, by initial exchanges that went through: of a tunnel that works it is once. */
static void
write_set_ups(FILE *out, const struct words *words, const struct tunnel *tunnel)
{
    const uint32_t *set_ups = tunnel->service.set_ups;
    uint32_t count = set_ups[0] + set_ups[1], rekeys = tunnel->service.rekeys;
    bool by_turns = set_ups[0] > 0 && set_ups[1] > 0;

    if (count == 0)
        return;
    const char *by = by_turns ? wmem_strdup_printf(words->scope, ": %u by A, %u by B", set_ups[0], set_ups[1]) : set_ups[0] > 0 ? ", by A" : ", by B";
    write_wrapped(out, words, "  Set up", wmem_strdup_printf(words->scope, "%s%s; the IKE SA was %s", words_times(words, count), by,
            rekeys == 0 ? "not rekeyed" : wmem_strdup_printf(words->scope, "rekeyed %s", words_times(words, rekeys))));
}

/* The surest finding of each kind, with how often it came; the worst kinds first. Of a tunnel, or of none: NULL. Outages have been told, each. */
static void
write_findings(FILE *out, const struct words *words, const struct tunnel *tunnel, const struct judge *judge)
{
    const struct finding_file *file = findings_of(judge->findings, tunnel);

    for (unsigned i = 0; file && i < SEVERITIES * FINDING_KEYS; i++) {
        unsigned key = i % FINDING_KEYS, rank = SEVERITIES - 1 - (i / FINDING_KEYS);
        const struct finding *finding = finding_file_best(file, key);
        if (!finding || key == FINDING_OUTAGE || finding_severity(finding) != rank)
            continue;
        uint32_t count = finding_file_count(file, key);
        write_wrapped(out, words, "  Finding", wmem_strdup_printf(words->scope, "%s, %s, %s frame %u (%s): %s",
                finding_kind((uint8_t)key)->key, words_times(words, count), count == 1 ? "in" : "as in", finding->frame,
                confidence_name(finding_confidence(finding)), finding_text(words, finding)));
    }
}

/* The i-th line of a list that a verdict has, or NULL. */
typedef const char *line_function(const struct verdict *verdict, unsigned i);

static const char *
missing_line(const struct verdict *verdict, unsigned i)
{
    return coverage_text(verdict->missing, i);
}

/* A list of lines. What another tunnel has, too, is said once: said is list -> 1 + the tunnel that it was said of, or NULL where all is told in
 * full. */
static void
write_list(FILE *out, const struct words *words, GHashTable *said, const struct tunnel *tunnel, const struct verdict *verdict, const char *label,
        line_function *line)
{
    wmem_strbuf_t *list = wmem_strbuf_new(words->scope, label);
    const char *text;

    for (unsigned i = 0; (text = line(verdict, i)) != NULL; i++)
        wmem_strbuf_append(list, text);
    gconstpointer known = said ? g_hash_table_lookup(said, wmem_strbuf_get_str(list)) : NULL;
    if (known) {
        write_wrapped(out, words, label, wmem_strdup_printf(words->scope, "as of tunnel %u", GPOINTER_TO_UINT(known) - 1));
        return;
    }
    for (unsigned i = 0; (text = line(verdict, i)) != NULL; i++)
        write_wrapped(out, words, i == 0 ? label : "", text);
    if (said && line(verdict, 0))
        g_hash_table_insert(said, g_strdup(wmem_strbuf_get_str(list)), GUINT_TO_POINTER(tunnel->id + 1));
}

static void
write_verdict(FILE *out, const struct words *words, GHashTable *said, const struct tunnel *tunnel, const struct verdict *verdict)
{
    write_wrapped(out, words, "  Verdict", wmem_strdup_printf(words->scope, "%s: %s (%s)", state_name(verdict->state), verdict_cause(verdict),
            confidence_name(verdict->confidence)));
    write_wrapped(out, words, "", verdict_summary(words, tunnel, verdict));
    if (verdict->evidence_count > 0)
        write_wrapped(out, words, "  Evidence", wmem_strdup_printf(words->scope, "%s %s",
                verdict->evidence_count == 1 ? "frame" : "frames", words_frames(words, verdict->evidence, verdict->evidence_count)));
    write_wrapped(out, words, "  Filter", wmem_strdup_printf(words->scope, "spiscope.tunnel == %u && spiscope.finding",
            tunnel->id));
    write_list(out, words, said, tunnel, verdict, "  Missing", missing_line);
    write_list(out, words, said, tunnel, verdict, "  Check", verdict_check);
}

/* "11:12:09.685  A deletes the IKE SA (frame 42), age 9.2 s; down 2.1 s; B sets up anew (frame 44)"; with the day where it is another
 * one than that of the line before, or of the first packet. */
static void
write_outage(FILE *out, const struct words *words, const struct outage *outage, const char *label, nstime_t *day)
{
    enum { DAY = sizeof "2026-11-23" - 1 };
    const char *before = words_instant(words, day), *now = words_instant(words, &outage->begin);
    const char *time = words_time_of_day(words, &outage->begin);

    if (strncmp(before, now, DAY) != 0)
        time = wmem_strdup_printf(words->scope, "%.*s %s", (int)DAY, now, time);
    *day = outage->begin;
    write_wrapped(out, words, wmem_strdup_printf(words->scope, "%-*s%s ", PARAGRAPH_LABEL, label, time), outage_log_line(words, outage));
}

static void
write_outages(FILE *out, const struct words *words, const struct tunnel *tunnel, const struct judge *judge)
{
    enum { LINES_AT_MOST = 60 };
    struct service_end end = outage_log_end(tunnel, judge);
    nstime_t day = NSTIME_INIT_ZERO, last;
    const char *label = "  Outages";
    unsigned lines = 0, count = tunnel->service.outages + (end.is_out ? 1 : 0);

    coverage_span(tunnel, &day, &last);
    for (const struct outage *outage = tunnel->service.first; outage && lines < LINES_AT_MOST; outage = outage->next, lines++, label = "")
        write_outage(out, words, outage, label, &day);
    if (end.is_out && lines < LINES_AT_MOST) {
        write_outage(out, words, &end.outage, label, &day);
        lines++;
    }
    if (lines < count)
        write_wrapped(out, words, "", wmem_strdup_printf(words->scope, "and %u more: tshark -q -z spiscope,outage", count - lines));
}

/* Keys of findings, with blanks between. */
static char *
keys_text(const struct words *words, uint64_t keys)
{
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");

    for (unsigned key = 0; key < FINDING_KEYS; key++)
        if (keys & (UINT64_C(1) << key))
            wmem_strbuf_append_printf(text, "%s%s", wmem_strbuf_get_len(text) > 0 ? ", " : "", finding_kind((uint8_t)key)->key);
    return (char *)wmem_strbuf_get_str(text);
}

static void
write_others(FILE *out, const struct words *words, const struct verdict *verdict)
{
    /* of a tunnel that flaps, its verdict says what its SPIs went through */
    bool flaps = verdict->state == STATE_FLAPPING || verdict->state == STATE_CHURNING;
    uint64_t told = flaps ? UINT64_C(1) << FINDING_FLAPPING | UINT64_C(1) << FINDING_SPI_CHURN : 0, overcome = verdict->history & ~told;

    if (verdict->also & ~verdict->history)
        write_wrapped(out, words, "  Also", keys_text(words, verdict->also & ~verdict->history));
    if (overcome)
        write_wrapped(out, words, "  Overcome", wmem_strdup_printf(words->scope, "%s: before it last began to work", keys_text(words, overcome)));
}

static void
write_tunnel(FILE *out, const struct words *words, const struct tracker *tracker, GHashTable *said, const struct overview_row *row, const struct judge *judge,
        const struct sa **sas, unsigned count)
{
    const struct tunnel *tunnel = row->tunnel;

    fputc('\n', out);
    write_wrapped(out, words, wmem_strdup_printf(words->scope, "Tunnel %u", tunnel->id),
            wmem_strdup_printf(words->scope, "%s%s", words_peers(words, tunnel, row->name), tunnel->nat ? ", through NAT" : ""));
    write_verdict(out, words, said, tunnel, &row->verdict);
    write_others(out, words, &row->verdict);
    write_outages(out, words, tunnel, judge);
    write_seen(out, words, tunnel);
    report_write_between(out, words, tracker, tunnel);
    write_set_ups(out, words, tunnel);
    write_renewals(out, words, sas, count);
    write_findings(out, words, tunnel, judge);
}

/* In a line, where it is well and one of many. */
static void
write_well(FILE *out, const struct words *words, const struct overview *overview, const struct overview_row *row)
{
    write_wrapped(out, words, wmem_strdup_printf(words->scope, "Tunnel %u", row->tunnel->id), wmem_strdup_printf(words->scope, "%s: %s",
            state_name(row->verdict.state), summary_peers(words, overview, row)));
}

/* The worst first. Few tunnels are told in full, whatever they are like. */
static void
write_tunnels(FILE *out, const struct words *words, const struct overview *overview, const struct tracker *tracker, const struct judge *judge, bool all)
{
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    GHashTable *said = all ? NULL : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);
    uint32_t in_full = all || overview->tunnels <= OVERVIEW_FEW ? overview->tunnels : MIN(overview->troubled, SUMMARY_TUNNELS_AT_MOST);

    for (uint32_t i = 0; i < overview->tunnels; i++) {
        const struct tunnel *tunnel = overview->row[i].tunnel;
        if (i == in_full)
            fputc('\n', out);
        if (i < in_full)
            write_tunnel(out, words, tracker, said, &overview->row[i], judge, sas[tunnel->id], counts[tunnel->id]);
        else if (i >= overview->troubled)
            write_well(out, words, overview, &overview->row[i]);
        wmem_free_all(words->scope);
    }
    if (said)
        g_hash_table_destroy(said);
    wmem_destroy_allocator(kept);
}

static void
write_report(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge, bool all, int columns)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    struct words words = user_words(scope);
    struct overview overview = overview_of(kept, tracker_tunnels(tracker), judge);

    words.columns = columns;
    fprintf(out, "SPIscope %s report\n", SPISCOPE_VERSION);
    write_wrapped(out, &words, "Capture", wmem_strdup_printf(scope, "%s: %s, %s to %s",
            facts->file ? facts->file : "(no name)", words_count(&words, facts->frames, "frame", "frames"), words_moment(&words, &facts->first), words_moment(&words, &facts->last)));
    report_write_points(out, &words, facts);
    write_findings(out, &words, NULL, judge);
    if (overview.scan.pairs > 0)
        write_wrapped(out, &words, "Scan", summary_scan(&words, &overview.scan));
    report_write_summary(out, &words, &overview, facts, tracker, judge);
    if (overview.tunnels == 0 && overview.scan.pairs == 0)
        fprintf(out, "\nNo IPsec was seen.\n");
    write_tunnels(out, &words, &overview, tracker, judge, all);
    wmem_destroy_allocator(kept);
    wmem_destroy_allocator(scope);
}

void
report_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    write_report(out, facts, tracker, judge, false, PARAGRAPH_COLUMNS);
}

void
report_write_all(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    write_report(out, facts, tracker, judge, true, PARAGRAPH_COLUMNS);
}

void
report_write_for_window(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    write_report(out, facts, tracker, judge, false, PARAGRAPH_WINDOW_COLUMNS);
}

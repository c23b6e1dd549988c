/* life_log.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "life_log.h"

#include "../clock.h"
#include "../judge/verdict.h"
#include "outage_log.h"
#include "paragraph.h"
#include "user_words.h"

/* Lines of one log: more, nobody reads in a window. */
#define LINES_AT_MOST 20000

struct line {
    uint32_t frame;
    nstime_t time;
    unsigned order;                 /* of what happens in one frame: as it was added */
    const char *text;
};

struct log {
    struct words words;
    GArray *lines;                  /* of struct line */
    unsigned left_out;
};

/* GLib's printf check, so that a format is one. */
static void add(struct log *log, uint32_t frame, const nstime_t *time, const char *format, ...) G_GNUC_PRINTF(4, 5);

static void
add(struct log *log, uint32_t frame, const nstime_t *time, const char *format, ...)
{
    struct line line = { .frame = frame, .time = *time, .order = log->lines->len };
    va_list arguments;

    if (log->lines->len == LINES_AT_MOST) {
        log->left_out++;
        return;
    }
    va_start(arguments, format);
    line.text = wmem_strdup_vprintf(log->words.scope, format, arguments);
    va_end(arguments);
    g_array_append_val(log->lines, line);
}

static void
add_ike_sa(struct log *log, const struct ike_sa *ike_sa)
{
    int initiator = (int)flow_peer(ike_sa->flow);

    if (!ike_sa->born_in_capture)
        add(log, ike_sa->first_frame, &ike_sa->first_time, "IKE SA %u was up before the capture began", ike_sa->id);
    else if (ike_sa->set_up)
        add(log, ike_sa->first_frame, &ike_sa->first_time, "%s begins to set up IKE SA %u", words_letter(initiator, "A peer"), ike_sa->id);
    else if (ike_sa->predecessor)
        add(log, ike_sa->first_frame, &ike_sa->first_time, "%s rekeys IKE SA %u: IKE SA %u", words_letter(initiator, "A peer"),
                ike_sa->predecessor->id, ike_sa->id);
    if (ike_sa->set_up && ike_sa->established)
        add(log, ike_sa->established_frame, &ike_sa->established_time, "IKE SA %u is up", ike_sa->id);
    if (ike_sa->end == IKE_DELETED)
        add(log, ike_sa->ended_in, &ike_sa->end_time, "%s deletes IKE SA %u", words_letter(ike_sa->ended_by - 1, "A peer"), ike_sa->id);
    else if (ike_sa->end == IKE_FAILED)
        add(log, ike_sa->last_frame, &ike_sa->last_time, "the last message of IKE SA %u: its requests are not answered", ike_sa->id);
}

/* "ESP 0x12345678 to B" */
static const char *
sa_name(const struct log *log, const struct sa *sa)
{
    return wmem_strdup_printf(log->words.scope, "%s SPI 0x%08x to %s", words_protocol(sa->key.protocol), sa->key.spi,
            words_letter((int)(1 - flow_peer(sa->flow)), "A peer"));
}

static void
add_sa(struct log *log, const struct sa *sa)
{
    const char *name = sa_name(log, sa);

    if (!sa->born_in_capture)
        add(log, sa->first_frame, sa_birth_time(sa), "%s: was in use before the capture began", name);
    else if (sa->predecessor)
        add(log, sa_birth_frame(sa), sa_birth_time(sa), "%s: takes the place of 0x%08x", name, sa->predecessor->key.spi);
    else
        add(log, sa_birth_frame(sa), sa_birth_time(sa), "%s: begins", name);
    if (sa->deleted_frame != 0)
        add(log, sa->deleted_frame, &sa->deleted_time, "%s: deleted%s%s", name, sa->ended_by != 0 ? " by " : "",
                words_letter(sa->ended_by - 1, ""));
}

static void
add_outages(struct log *log, const struct tunnel *tunnel, const struct judge *judge)
{
    struct service_end end = outage_log_end(tunnel, judge);

    for (const struct outage *outage = tunnel->service.first; outage; outage = outage->next)
        add(log, outage->begin_frame, &outage->begin, "OUTAGE: %s", outage_log_line(&log->words, outage));
    if (end.is_out)
        add(log, end.outage.begin_frame, &end.outage.begin, "OUTAGE: %s", outage_log_line(&log->words, &end.outage));
}

static void
add_findings(struct log *log, const struct tunnel *tunnel, const struct judge *judge)
{
    const struct finding_file *file = findings_of(judge->findings, tunnel);

    for (const struct finding *finding = file ? file->first : NULL; finding; finding = finding->next) {
        if (finding->key == FINDING_OUTAGE)     /* told already */
            continue;
        bool is_full = log->lines->len == LINES_AT_MOST;
        add(log, finding->frame, &finding->time, "%s (%s): %s", finding_kind(finding->key)->key, confidence_name(finding_confidence(finding)),
                is_full ? "" : finding_text(&log->words, finding));
    }
}

static int
compare_lines(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int by_time = clock_compare(&left->time, &right->time);

    if (by_time != 0)
        return by_time;
    if (left->frame != right->frame)
        return left->frame < right->frame ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

/* "2026-11-26, UTC" */
static const char *
day_of(const struct words *words, const nstime_t *instant)
{
    enum { DAY = sizeof "2026-11-26" - 1 };

    return wmem_strdup_printf(words->scope, "%.*s, %s", DAY, words_instant(words, instant), words_zone_name(words, instant));
}

static char *
write_lines(const struct log *log, const struct tunnel *tunnel, const struct judge *judge)
{
    enum { LABEL = sizeof "12:36:25.941     1234  " - 1 };
    const struct words *words = &log->words;
    struct verdict verdict = verdict_of(tunnel, judge);
    wmem_strbuf_t *text = wmem_strbuf_new(words->scope, "");
    const char *day = "";

    wmem_strbuf_append_printf(text, "Tunnel %u: %s\n%s", tunnel->id, words_peers(words, tunnel, gateways_name(&judge->limits.gateways, tunnel)),
            paragraph_fold(words, "", 0, verdict_summary(words, tunnel, &verdict)));
    for (unsigned i = 0; i < log->lines->len; i++) {
        const struct line *line = &g_array_index(log->lines, struct line, i);
        const char *label = wmem_strdup_printf(words->scope, "%s %8u  ", words_time_of_day(words, &line->time), line->frame);
        if (strcmp(day, day_of(words, &line->time)) != 0) {
            day = day_of(words, &line->time);
            wmem_strbuf_append_printf(text, "\n%s; frame\n", day);
        }
        wmem_strbuf_append(text, paragraph_fold(words, label, LABEL, line->text));
    }
    if (log->left_out > 0)
        wmem_strbuf_append_printf(text, "and %u more\n", log->left_out);
    return (char *)wmem_strbuf_get_str(text);
}

char *
life_log(wmem_allocator_t *scope, const struct tunnel *tunnel, const struct tracker *tracker, const struct judge *judge)
{
    struct log log = { .words = user_words(scope), .lines = g_array_new(FALSE, FALSE, sizeof(struct line)) };

    log.words.columns = PARAGRAPH_WINDOW_COLUMNS;
    for (const struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        add_ike_sa(&log, ike_sa);
    for (const struct sa *sa = sa_first(tracker_sas(tracker)); sa; sa = sa->next)
        if (sa->flow->tunnel == tunnel)
            add_sa(&log, sa);
    add_outages(&log, tunnel, judge);
    add_findings(&log, tunnel, judge);
    g_array_sort(log.lines, compare_lines);
    char *text = write_lines(&log, tunnel, judge);
    g_array_free(log.lines, TRUE);
    return text;
}

/* timeline.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline.h"

#include <inttypes.h>

#include <glib.h>

#include "../track/clock.h"
#include "advice.h"
#include "text.h"

enum {
    WIDTH = 1200,
    LEFT = 180,                     /* of the lanes; labels stand before */
    RIGHT = 1180,
    LANE = 18,
    BAR = 12,
    LANES_AT_MOST = 24,             /* of one direction; the last one takes what is too much */
    HEADER = 92,                    /* of the picture */
    TICKS = 10,
    LABEL_FITS = 76                 /* a bar this wide shows its SPI */
};

/* Bars and gaps narrower than this can't be seen apart. */
#define NARROW 2.0

/* One bar: an SA, an IKE SA, or several that are drawn as one. */
struct bar {
    double from, to;                /* in pixels */
    unsigned lane;
    const struct sa *sa;            /* the first one */
    const struct ike_sa *ike_sa;
    GString *members;               /* ids of all, with blanks between */
    unsigned count;
    const char *style;
};

struct canvas {
    GString *body;
    wmem_allocator_t *scope;
    const struct judge *judge;
    nstime_t start;
    double seconds;                 /* the whole picture's span */
    int y;
};

static double
seconds_of(const nstime_t *span)
{
    return (double)span->secs + span->nsecs / 1e9;
}

static double
x_of(const struct canvas *canvas, const nstime_t *moment)
{
    nstime_t span = clock_elapsed(&canvas->start, moment);
    double x = LEFT + seconds_of(&span) / canvas->seconds * (RIGHT - LEFT);

    return x > RIGHT ? RIGHT : x;
}

/* Everything that is written as text goes through here: what a capture says is no markup. */
static void
write_text(GString *body, const char *text)
{
    char *escaped = g_markup_escape_text(text, -1);

    g_string_append(body, escaped);
    g_free(escaped);
}

static void
write_label(const struct canvas *canvas, double x, int y, const char *style, const char *text)
{
    g_string_append_printf(canvas->body, "<text x=\"%.1f\" y=\"%d\" class=\"%s\">", x, y, style);
    write_text(canvas->body, text);
    g_string_append_printf(canvas->body, "</text>\n");
}

/* ---- bars */

static const char *
sa_style(const struct sa *sa)
{
    if (sa->churned)
        return "early";
    if (sa->successor)
        return "replaced";
    return sa->deleted_frame != 0 ? "deleted" : "used";
}

static char *
sa_title(const struct canvas *canvas, const struct sa *sa)
{
    nstime_t life = clock_elapsed(&sa->birth_time, sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);

    return wmem_strdup_printf(canvas->scope, "SA %u: %s SPI 0x%08x, %s to %s\nframes %u to %u, %" PRIu64 " packets, %" PRIu64
            " bytes\n%s%s, %s", sa->id, text_protocol(sa->key.protocol), sa->key.spi,
            text_endpoint(canvas->scope, &sa->flow->source), text_endpoint(canvas->scope, &sa->flow->destination),
            sa->first_frame, sa->last_frame, sa->sequence.packets, sa->bytes, sa->born_in_capture ? "" : "at least ",
            text_duration(canvas->scope, &life), sa_style(sa));
}

static char *
ike_title(const struct canvas *canvas, const struct ike_sa *ike_sa)
{
    return wmem_strdup_printf(canvas->scope, "IKE SA %u (IKEv%u) 0x%016" PRIx64 " 0x%016" PRIx64 "\nfrom %s\nframes %u to %u, %s",
            ike_sa->id, ike_sa->version, ike_sa->initiator_spi, ike_sa->responder_spi,
            text_endpoint(canvas->scope, &ike_sa->flow->source), ike_sa->first_frame, ike_sa->last_frame, text_ike_end(ike_sa->end));
}

static void
write_bar(const struct canvas *canvas, const struct bar *bar)
{
    double width = bar->to - bar->from < NARROW ? NARROW : bar->to - bar->from;
    int y = canvas->y + (int)bar->lane * LANE;

    g_string_append_printf(canvas->body, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\" data-%s=\"%s\"><title>", bar->from, y,
            width, BAR, bar->count > 1 ? "many" : bar->style, bar->sa ? "sas" : "ike", bar->members->str);
    if (bar->count > 1)
        write_text(canvas->body, wmem_strdup_printf(canvas->scope, "%u %s, from frame %u on; zoom in by cutting the capture",
                bar->count, bar->sa ? "SAs" : "IKE SAs", bar->sa ? bar->sa->first_frame : bar->ike_sa->first_frame));
    else
        write_text(canvas->body, bar->sa ? sa_title(canvas, bar->sa) : ike_title(canvas, bar->ike_sa));
    g_string_append_printf(canvas->body, "</title></rect>\n");
    if (bar->sa && bar->count == 1 && width >= LABEL_FITS)
        write_label(canvas, bar->from + 3, y + BAR - 2, "spi", wmem_strdup_printf(canvas->scope, "0x%08x", bar->sa->key.spi));
    if (bar->sa && bar->count == 1 && bar->sa->deleted_frame != 0)
        g_string_append_printf(canvas->body, "<path d=\"M%.1f %dv%d\" class=\"delete\"><title>Delete in frame %u</title></path>\n", bar->to, y - 2,
                BAR + 4, bar->sa->deleted_frame);
}

/* Puts a bar behind the last one of its lane, or into it where the two can't be told apart. */
static void
add_bar(GArray *bars, struct bar *last_of_lane[], struct bar bar, uint32_t id)
{
    struct bar *last = last_of_lane[bar.lane];

    if (last && bar.to - bar.from < NARROW && bar.from - last->to < NARROW && last->to - last->from < (RIGHT - LEFT) / 20.0) {
        g_string_append_printf(last->members, " %u", id);
        last->to = bar.to > last->to ? bar.to : last->to;
        last->count++;
        return;
    }
    struct bar *kept = g_new(struct bar, 1);
    *kept = bar;
    kept->members = g_string_new(NULL);
    g_string_append_printf(kept->members, "%u", id);
    kept->count = 1;
    last_of_lane[bar.lane] = kept;
    g_array_append_val(bars, kept);
}

static void
write_bars(struct canvas *canvas, GArray *bars)
{
    for (guint i = 0; i < bars->len; i++) {
        struct bar *bar = g_array_index(bars, struct bar *, i);
        write_bar(canvas, bar);
        g_string_free(bar->members, TRUE);
        g_free(bar);
    }
    g_array_free(bars, TRUE);
}

/* The first lane that is free from there on; the last one if none is. */
static unsigned
free_lane(double ends[], unsigned *used, double from)
{
    for (unsigned lane = 0; lane < *used; lane++)
        if (ends[lane] <= from)
            return lane;
    if (*used < LANES_AT_MOST)
        return (*used)++;
    return LANES_AT_MOST - 1;
}

static void
write_flow(struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count, const char *label)
{
    GArray *bars = g_array_new(FALSE, FALSE, sizeof(struct bar *));
    GHashTable *lane_of = g_hash_table_new(NULL, NULL);   /* SA -> lane + 1: successors stay in their lane */
    struct bar *last_of_lane[LANES_AT_MOST] = { NULL };
    double ends[LANES_AT_MOST] = { 0 };
    unsigned used = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct sa *sa = sas[i];
        if (sa->flow != flow)
            continue;
        struct bar bar = { .from = x_of(canvas, &sa->birth_time), .sa = sa, .style = sa_style(sa) };
        bar.to = x_of(canvas, sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
        gpointer known = sa->predecessor ? g_hash_table_lookup(lane_of, sa->predecessor) : NULL;
        bar.lane = known ? GPOINTER_TO_UINT(known) - 1 : free_lane(ends, &used, bar.from);
        g_hash_table_insert(lane_of, (gpointer)sa, GUINT_TO_POINTER(bar.lane + 1));
        /* A lane stays its lineage's until its last SA is over. */
        ends[bar.lane] = sa->successor ? RIGHT + 1 : bar.to > ends[bar.lane] || ends[bar.lane] > RIGHT ? bar.to : ends[bar.lane];
        add_bar(bars, last_of_lane, bar, sa->id);
    }
    g_hash_table_destroy(lane_of);
    write_label(canvas, 8, canvas->y + BAR - 2, "lane", label);
    write_bars(canvas, bars);
    canvas->y += (int)(used > 0 ? used : 1) * LANE + 6;
}

static void
write_ike_sas(struct canvas *canvas, const struct tunnel *tunnel)
{
    GArray *bars = g_array_new(FALSE, FALSE, sizeof(struct bar *));
    GPtrArray *list = g_ptr_array_new();
    struct bar *last_of_lane[LANES_AT_MOST] = { NULL };
    double ends[LANES_AT_MOST] = { 0 };
    unsigned used = 0;

    for (struct ike_sa *ike_sa = tunnel->ike_sas; ike_sa; ike_sa = ike_sa->tunnel_older)
        g_ptr_array_add(list, ike_sa);
    for (guint i = list->len; i-- > 0;) {
        const struct ike_sa *ike_sa = g_ptr_array_index(list, i);
        struct bar bar = { .from = x_of(canvas, &ike_sa->first_time), .ike_sa = ike_sa, .style = ike_sa->end == IKE_FAILED ? "early" : "ike" };
        bar.to = x_of(canvas, &ike_sa->last_time);
        bar.lane = free_lane(ends, &used, bar.from);
        ends[bar.lane] = bar.to;
        add_bar(bars, last_of_lane, bar, ike_sa->id);
    }
    g_ptr_array_free(list, TRUE);
    write_label(canvas, 8, canvas->y + BAR - 2, "lane", "IKE SAs (phase 1)");
    write_bars(canvas, bars);
    canvas->y += (int)(used > 0 ? used : 1) * LANE + 6;
}

/* ---- findings */

/* Marks of one place: the worst one is drawn, and all are named. */
static void
write_mark(const struct canvas *canvas, double x, const struct finding *worst, const char *names)
{
    g_string_append_printf(canvas->body, "<path d=\"M%.1f %dl5 10h-10z\" class=\"%s\"><title>", x, canvas->y, text_severity(worst->key));
    write_text(canvas->body, names);
    g_string_append_printf(canvas->body, "</title></path>\n");
}

static void
write_findings(struct canvas *canvas, const struct tunnel *tunnel)
{
    enum { NEAR = 6, NAMES_AT_MOST = 8 };
    const struct finding_file *file = findings_of(canvas->judge->findings, tunnel);
    const struct finding *finding = file ? file->first : NULL;

    write_label(canvas, 8, canvas->y + BAR - 2, "lane", "Findings");
    while (finding) {
        double x = x_of(canvas, &finding->time);
        const struct finding *worst = finding;
        GString *names = g_string_new(NULL);
        unsigned count = 0;
        for (; finding && x_of(canvas, &finding->time) - x < NEAR; finding = finding->next, count++) {
            if (text_severity_rank(finding->key) > text_severity_rank(worst->key))
                worst = finding;
            if (count < NAMES_AT_MOST)
                g_string_append_printf(names, "%sframe %u: %s", count > 0 ? "\n" : "", finding->frame, text_key(finding->key));
        }
        if (count > NAMES_AT_MOST)
            g_string_append_printf(names, "\nand %u more", count - NAMES_AT_MOST);
        write_mark(canvas, x, worst, names->str);
        g_string_free(names, TRUE);
    }
    canvas->y += LANE + 10;
}

/* ---- the picture */

static void
write_axis(const struct canvas *canvas, int from, int to)
{
    for (int i = 0; i <= TICKS; i++) {
        double x = LEFT + (RIGHT - LEFT) * (double)i / TICKS;
        g_string_append_printf(canvas->body, "<path d=\"M%.1f %dV%d\" class=\"grid\"/>\n", x, from, to);
        write_label(canvas, x - 12, from - 4, "tick", wmem_strdup_printf(canvas->scope, "%.1f s", canvas->seconds * i / TICKS));
    }
}

static void
write_tunnel(struct canvas *canvas, const struct tunnel *tunnel, const struct sa **sas, unsigned count)
{
    struct verdict verdict = verdict_of(tunnel, canvas->judge);
    char *a = text_endpoint(canvas->scope, &tunnel->flow[0].source);
    char *b = text_endpoint(canvas->scope, &tunnel->flow[1].source);

    write_label(canvas, 8, canvas->y + 14, "tunnel", wmem_strdup_printf(canvas->scope, "Tunnel %u: %s \xe2\x86\x94 %s: %s (%s)",
            tunnel->id, a, b, advice_cause(verdict.cause), text_confidence(verdict.confidence)));
    canvas->y += 24;
    write_ike_sas(canvas, tunnel);
    write_flow(canvas, &tunnel->flow[0], sas, count, wmem_strdup_printf(canvas->scope, "to %s", b));
    write_flow(canvas, &tunnel->flow[1], sas, count, wmem_strdup_printf(canvas->scope, "to %s", a));
    write_findings(canvas, tunnel);
}

static void
write_head(const struct canvas *canvas, const struct capture_facts *facts, int height)
{
    g_string_append_printf(canvas->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<title>", WIDTH, height, WIDTH, height);
    write_text(canvas->body, wmem_strdup_printf(canvas->scope, "SPIscope timeline of %s", facts->file ? facts->file : "a capture"));
    g_string_append_printf(canvas->body, "</title>\n<style>\n"
            "text{font:11px sans-serif;fill:#222}.tunnel{font-weight:bold;font-size:13px}.spi{fill:#fff;font-family:monospace}"
            ".tick{fill:#666;font-size:10px}.grid{stroke:#ddd}rect{stroke:#fff;stroke-width:.6}\n"
            ".used{fill:#0072b2}.replaced{fill:#3a7d44}.early{fill:#b34700}.deleted{fill:#666}.ike{fill:#7a5195}.many{fill:#b34700;"
            "stroke:#000;stroke-dasharray:2 1}.delete{stroke:#000;stroke-width:1.4}\n"
            ".chat{fill:#999}.note{fill:#56b4e9}.warning{fill:#e69f00;stroke:#222;stroke-width:.5}.error{fill:#c1121f;stroke:#222;"
            "stroke-width:.5}\n</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
    write_label(canvas, 8, 20, "tunnel", wmem_strdup_printf(canvas->scope, "SPIscope timeline: %s", facts->file ? facts->file : "capture"));
    static const struct {
        const char *style;
        const char *text;
    } legend[] = {
        { "used", "in use" }, { "replaced", "replaced" }, { "early", "replaced early, failed" }, { "deleted", "deleted" },
        { "ike", "IKE SA" }, { "many", "several as one" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(legend); i++) {
        g_string_append_printf(canvas->body, "<rect x=\"%zu\" y=\"34\" width=\"24\" height=\"%d\" class=\"%s\"/>\n", 8 + i * 170, BAR, legend[i].style);
        write_label(canvas, 38 + (double)i * 170, 44, "lane", legend[i].text);
    }
}

void
timeline_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    struct canvas canvas = { .body = g_string_new(NULL), .scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST),
            .judge = judge, .start = facts->first, .y = HEADER };
    struct canvas head = canvas;
    nstime_t span = clock_elapsed(&facts->first, &facts->last);
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);

    canvas.seconds = seconds_of(&span) > 0 ? seconds_of(&span) : 1;
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next) {
        write_tunnel(&canvas, tunnel, sas[tunnel->id], counts[tunnel->id]);
        wmem_free_all(canvas.scope);
    }
    head.body = g_string_new(NULL);
    head.seconds = canvas.seconds;
    write_head(&head, facts, canvas.y);
    write_axis(&head, HEADER - 16, canvas.y);
    fprintf(out, "%s%s</svg>\n", head.body->str, canvas.body->str);
    g_string_free(head.body, TRUE);
    g_string_free(canvas.body, TRUE);
    wmem_destroy_allocator(canvas.scope);
    wmem_destroy_allocator(kept);
}

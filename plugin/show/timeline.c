/* timeline.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline.h"

#include <inttypes.h>

#include <glib.h>

#include "../clock.h"
#include "advice.h"
#include "svg.h"
#include "text.h"

enum {
    WIDTH = 1200,
    MARGIN = 8,
    LEFT = 180,                     /* of the lanes; labels stand before */
    RIGHT = 1170,
    LANE = 18,
    BAR = 12,
    BASELINE = BAR - 2,             /* of text in a bar, or beside it */
    INDENT = 3,                     /* of text in a bar */
    OVERHANG = 2,                   /* by which a Delete's line is longer than a bar, at each end */
    GAP = 6,                        /* between the lanes of one kind and the next */
    LANES_AT_MOST = 24,             /* of one direction; the last one takes what is too much */
    LEGEND = 34,                    /* where its first line begins */
    LEGEND_COLUMN = 165,
    HEADER = 112,                   /* of the picture */
    HEADER_BASELINE = 20,           /* of its title */
    AXIS = HEADER - 12,             /* where its grid begins */
    TUNNEL_HEADER = 24,
    TUNNEL_BASELINE = 14,           /* of its title */
    SPI_FITS = 76,                  /* a bar this wide shows its SPI */
    ENDPOINT_FITS = 24              /* characters of an endpoint before the lanes */
};

/* Bars and gaps narrower than this can't be seen apart. */
#define NARROW 2.0

/* Bars that can't be seen apart are drawn as one until it is this wide. */
#define GROUP_AT_MOST ((RIGHT - LEFT) / 20.0)

/* How an SA or an IKE SA went, the worst last. */
enum fate {
    FATE_USED,
    FATE_REPLACED,
    FATE_DELETED,
    FATE_EARLY,
    FATES
};

static const char *const fate_style[FATES] = { "used", "replaced", "deleted", "early" };

/* One bar: an SA, an IKE SA, or several that are drawn as one. */
struct bar {
    double from, to;                /* in pixels */
    unsigned lane;
    const struct sa *sa;            /* the first one, or NULL */
    const struct ike_sa *ike_sa;    /* the first one, or NULL */
    uint32_t last_frame;            /* of the last one */
    GString *members;               /* ids of all, with blanks between */
    unsigned count;
    unsigned fates[FATES];          /* how many went so */
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
x_of(const struct canvas *canvas, const nstime_t *moment)
{
    nstime_t span = clock_elapsed(&canvas->start, moment);
    double x = LEFT + (nstime_to_sec(&span) / canvas->seconds * (RIGHT - LEFT));

    return x > RIGHT ? RIGHT : x;
}

/* ---- bars */

static enum fate
sa_fate(const struct sa *sa, const struct judge *judge)
{
    if (memory_has_churned(judge->memory, sa))
        return FATE_EARLY;
    if (sa->successor)
        return FATE_REPLACED;
    return sa->deleted_frame != 0 ? FATE_DELETED : FATE_USED;
}

static enum fate
ike_fate(const struct ike_sa *ike_sa)
{
    return ike_sa->end == IKE_FAILED ? FATE_EARLY : FATE_USED;
}

static enum fate
worst_fate(const struct bar *bar)
{
    int fate = FATES - 1;

    while (fate > 0 && bar->fates[fate] == 0)
        fate--;
    return (enum fate)fate;
}

/* The class of a bar: IKE SAs have a colour of their own unless they failed. */
static const char *
bar_style(const struct bar *bar)
{
    enum fate fate = worst_fate(bar);

    return bar->ike_sa && fate != FATE_EARLY ? "ike" : fate_style[fate];
}

static const char *const fate_words[FATES] = { "in use", "replaced", "deleted", "replaced early" };

static char *
sa_title(const struct canvas *canvas, const struct sa *sa)
{
    nstime_t life = clock_elapsed(sa_birth_time(sa), sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);

    return wmem_strdup_printf(canvas->scope, "SA %u: %s SPI 0x%08x, %s to %s\nframes %u to %u, %" PRIu64 " packets, %" PRIu64
            " bytes\n%s%s, %s", sa->id, text_protocol(sa->key.protocol), sa->key.spi,
            text_endpoint(canvas->scope, &sa->flow->source), text_endpoint(canvas->scope, &sa->flow->destination),
            sa->first_frame, sa->last_frame, sa->sequence.packets, sa->bytes, sa->born_in_capture ? "" : "at least ",
            text_duration(canvas->scope, &life), fate_words[sa_fate(sa, canvas->judge)]);
}

static char *
ike_title(const struct canvas *canvas, const struct ike_sa *ike_sa)
{
    return wmem_strdup_printf(canvas->scope, "IKE SA %u (IKEv%u) 0x%016" PRIx64 " 0x%016" PRIx64 "\nfrom %s\nframes %u to %u, %s",
            ike_sa->id, ike_sa->version, ike_sa->initiator_spi, ike_sa->responder_spi,
            text_endpoint(canvas->scope, &ike_sa->flow->source), ike_sa->first_frame, ike_sa->last_frame, text_ike_end(ike_sa->end));
}

/* What hundreds of bars would say. */
static char *
group_title(const struct canvas *canvas, const struct bar *bar)
{
    wmem_strbuf_t *title = wmem_strbuf_new(canvas->scope, "");

    wmem_strbuf_append_printf(title, "%u %s as one, frames %u to %u", bar->count, bar->sa ? "SAs" : "IKE SAs",
            bar->sa ? bar->sa->first_frame : bar->ike_sa->first_frame, bar->last_frame);
    for (int fate = 0; bar->sa && fate < FATES; fate++)
        if (bar->fates[fate] > 0)
            wmem_strbuf_append_printf(title, "\n%u %s", bar->fates[fate], fate_words[fate]);
    wmem_strbuf_append(title, "\nA part of the capture (editcap -A -B) shows each");
    return (char *)wmem_strbuf_get_str(title);
}

static char *
bar_title(const struct canvas *canvas, const struct bar *bar)
{
    if (bar->count > 1)
        return group_title(canvas, bar);
    return bar->sa ? sa_title(canvas, bar->sa) : ike_title(canvas, bar->ike_sa);
}

static void
write_bar(const struct canvas *canvas, const struct bar *bar)
{
    double width = bar->to - bar->from < NARROW ? NARROW : bar->to - bar->from;
    int y = canvas->y + ((int)bar->lane * LANE);
    struct svg_number x_text, width_text, end_text;

    g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"%s%s\" data-%s=\"%s\"><title>",
            svg_number(&x_text, bar->from), y, svg_number(&width_text, width), BAR, bar_style(bar), bar->count > 1 ? " many" : "",
            bar->sa ? "sas" : "ike", bar->members->str);
    svg_text(canvas->body, bar_title(canvas, bar));
    g_string_append(canvas->body, "</title></rect>\n");
    if (!bar->sa || bar->count > 1)
        return;
    if (width >= SPI_FITS)
        svg_label(canvas->body, bar->from + INDENT, y + BASELINE, "spi", wmem_strdup_printf(canvas->scope, "0x%08x", bar->sa->key.spi));
    if (bar->sa->deleted_frame != 0)
        g_string_append_printf(canvas->body, "<path d=\"M%s %dv%d\" class=\"delete\"><title>Delete in frame %u</title></path>\n",
                svg_number(&end_text, bar->to), y - OVERHANG, BAR + (2 * OVERHANG), bar->sa->deleted_frame);
}

/* Puts a bar behind the last one of its lane, or into it where the two can't be told apart. */
static void
add_bar(GArray *bars, struct bar *last_of_lane[], struct bar bar, uint32_t id, enum fate fate)
{
    struct bar *last = last_of_lane[bar.lane];

    if (last && bar.to - bar.from < NARROW && bar.from - last->to < NARROW && last->to - last->from < GROUP_AT_MOST) {
        g_string_append_printf(last->members, " %u", id);
        last->to = bar.to > last->to ? bar.to : last->to;
        last->last_frame = bar.last_frame;
        last->count++;
        last->fates[fate]++;
        return;
    }
    struct bar *kept = g_new(struct bar, 1);
    *kept = bar;
    kept->members = g_string_new(NULL);
    g_string_append_printf(kept->members, "%u", id);
    kept->count = 1;
    kept->fates[fate] = 1;
    last_of_lane[bar.lane] = kept;
    g_array_append_val(bars, kept);
}

/* The lanes of one kind with their label; none where there is nothing to see. Frees the bars. */
static void
write_row(struct canvas *canvas, const char *label, GArray *bars, unsigned lanes)
{
    if (lanes > 0)
        svg_label(canvas->body, MARGIN, canvas->y + BASELINE, "lane", label);
    for (guint i = 0; i < bars->len; i++) {
        struct bar *bar = g_array_index(bars, struct bar *, i);
        write_bar(canvas, bar);
        g_string_free(bar->members, TRUE);
        g_free(bar);
    }
    g_array_free(bars, TRUE);
    if (lanes > 0)
        canvas->y += ((int)lanes * LANE) + GAP;
}

/* The first lane that is free from there on; the last one if none is. */
static unsigned
free_lane(const double ends[], unsigned *used, double from)
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
        struct bar bar = { .from = x_of(canvas, sa_birth_time(sa)), .sa = sa, .last_frame = sa->last_frame };
        bar.to = x_of(canvas, sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
        gconstpointer known = sa->predecessor ? g_hash_table_lookup(lane_of, sa->predecessor) : NULL;
        bar.lane = known ? GPOINTER_TO_UINT(known) - 1 : free_lane(ends, &used, bar.from);
        g_hash_table_insert(lane_of, (gpointer)sa, GUINT_TO_POINTER(bar.lane + 1));
        if (sa->successor)          /* a lane stays its lineage's until its last SA is over */
            ends[bar.lane] = RIGHT + 1;
        else if (bar.to > ends[bar.lane] || ends[bar.lane] > RIGHT)
            ends[bar.lane] = bar.to;
        add_bar(bars, last_of_lane, bar, sa->id, sa_fate(sa, canvas->judge));
    }
    g_hash_table_destroy(lane_of);
    write_row(canvas, label, bars, used);
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
        struct bar bar = { .from = x_of(canvas, &ike_sa->first_time), .ike_sa = ike_sa, .last_frame = ike_sa->last_frame };
        bar.to = x_of(canvas, &ike_sa->last_time);
        bar.lane = free_lane(ends, &used, bar.from);
        ends[bar.lane] = bar.to;
        add_bar(bars, last_of_lane, bar, ike_sa->id, ike_fate(ike_sa));
    }
    g_ptr_array_free(list, TRUE);
    write_row(canvas, "IKE SAs (phase 1)", bars, used);
}

/* ---- findings */

static bool
is_refusal(uint8_t key)
{
    return key == FINDING_CHILD_REFUSED || key == FINDING_NO_PROPOSAL || key == FINDING_AUTH_FAILED ||
            key == FINDING_PROXY_ID_MISMATCH || key == FINDING_PFS_MISMATCH;
}

/* A triangle; a cross where something was refused. */
static void
open_mark(GString *body, double x, int y, const char *style, bool refusal)
{
    struct svg_number number;

    g_string_append_printf(body, "<path d=\"M%s %d%s\" class=\"%s\">", svg_number(&number, x), y,
            refusal ? "m-5 1l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z" : "l5 10h-10z", style);
}

/* Marks of one place: the worst one is drawn, and all are named. */
static void
write_mark(const struct canvas *canvas, double x, const struct finding *worst, const char *names)
{
    open_mark(canvas->body, x, canvas->y, text_severity(worst->key), is_refusal(worst->key));
    g_string_append(canvas->body, "<title>");
    svg_text(canvas->body, names);
    g_string_append(canvas->body, "</title></path>\n");
}

static void
write_findings(struct canvas *canvas, const struct tunnel *tunnel)
{
    enum { NEAR = 6, NAMES_AT_MOST = 8 };
    const struct finding_file *file = findings_of(canvas->judge->findings, tunnel);
    const struct finding *finding = file ? file->first : NULL;

    if (!finding)
        return;
    svg_label(canvas->body, MARGIN, canvas->y + BASELINE, "lane", "Findings");
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
    canvas->y += LANE + GAP;
}

/* ---- the picture */

/* "to B 192.0.2.2"; the address is left out where it is too long, as the line above the lanes has it. */
static char *
flow_label(const struct canvas *canvas, char peer, const char *endpoint)
{
    return wmem_strdup_printf(canvas->scope, strlen(endpoint) > ENDPOINT_FITS ? "to %c" : "to %c %s", peer, endpoint);
}

static void
write_tunnel(struct canvas *canvas, const struct tunnel *tunnel, const struct sa **sas, unsigned count)
{
    struct verdict verdict = verdict_of(tunnel, canvas->judge);
    char *a = text_endpoint(canvas->scope, &tunnel->flow[0].source);
    char *b = text_endpoint(canvas->scope, &tunnel->flow[1].source);

    svg_label(canvas->body, MARGIN, canvas->y + TUNNEL_BASELINE, "tunnel", wmem_strdup_printf(canvas->scope,
            "Tunnel %u: A %s \xe2\x86\x94 B %s: %s (%s)", tunnel->id, a, b, advice_cause(verdict.cause),
            text_confidence(verdict.confidence)));
    canvas->y += TUNNEL_HEADER;
    write_ike_sas(canvas, tunnel);
    write_flow(canvas, &tunnel->flow[0], sas, count, flow_label(canvas, 'B', b));
    write_flow(canvas, &tunnel->flow[1], sas, count, flow_label(canvas, 'A', a));
    write_findings(canvas, tunnel);
    canvas->y += GAP;
}

static void
write_style(GString *body)
{
    g_string_append(body, "<style>\n"
            "text{font:11px sans-serif;fill:#222}.tunnel{font-weight:bold;font-size:13px}.spi{fill:#fff;font-family:monospace}\n"
            ".tick{fill:#555;font-size:10px;text-anchor:middle}.grid{stroke:#ddd}rect{stroke:#fff;stroke-width:.6}\n"
            ".used{fill:#0072b2}.replaced{fill:#1f7a3a}.early{fill:#b34700}.deleted{fill:#4d4d4d}.ike{fill:#9c2f8a}\n"
            ".many{stroke:#000;stroke-dasharray:2 1}.delete{stroke:#000;stroke-width:1.4}\n"
            ".chat{fill:#999}.note{fill:#56b4e9}.warning{fill:#e69f00;stroke:#222;stroke-width:.5}.error{fill:#c1121f;stroke:#222;"
            "stroke-width:.5}\n</style>\n");
}

static void
write_legend(const struct canvas *canvas)
{
    enum { SWATCH = 24, TEXT = SWATCH + 6, MARK = SWATCH - 6 };
    static const struct {
        const char *style;
        const char *text;
    } bars[] = {
        { "used", "in use" }, { "replaced", "replaced" }, { "early", "replaced early, failed" }, { "deleted", "deleted" },
        { "ike", "IKE SA" }, { "many", "several as one" },
    }, marks[] = {
        { "error", "error" }, { "warning", "warning" }, { "note", "note" }, { "chat", "rekey" },
    };
    int x = MARGIN, y = LEGEND;

    for (size_t i = 0; i < G_N_ELEMENTS(bars); i++, x += LEGEND_COLUMN) {
        g_string_append_printf(canvas->body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"%s/>\n", x, y, SWATCH, BAR,
                bars[i].style, strcmp(bars[i].style, "many") == 0 ? " fill=\"#fff\"" : "");
        svg_label(canvas->body, x + TEXT, y + BASELINE, "lane", bars[i].text);
    }
    x = MARGIN;
    y += LANE;
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++, x += LEGEND_COLUMN) {
        open_mark(canvas->body, x + MARK, y, marks[i].style, false);
        g_string_append(canvas->body, "</path>\n");
        svg_label(canvas->body, x + TEXT, y + BASELINE, "lane", marks[i].text);
    }
    open_mark(canvas->body, x + MARK, y, "warning", true);
    g_string_append(canvas->body, "</path>\n");
    svg_label(canvas->body, x + TEXT, y + BASELINE, "lane", "refused");
    x += LEGEND_COLUMN;
    g_string_append_printf(canvas->body, "<path d=\"M%d %dv%d\" class=\"delete\"/>\n", x + MARK, y - OVERHANG, BAR + (2 * OVERHANG));
    svg_label(canvas->body, x + TEXT, y + BASELINE, "lane", "Delete");
}

static void
write_head(const struct canvas *canvas, const struct capture_facts *facts, int height)
{
    const char *file = facts->file ? facts->file : "a capture";
    char *name = g_path_get_basename(file);
    nstime_t span = clock_elapsed(&facts->first, &facts->last);

    g_string_append_printf(canvas->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<title>", WIDTH, height, WIDTH, height);
    svg_text(canvas->body, wmem_strdup_printf(canvas->scope, "SPIscope timeline of %s", file));
    g_string_append(canvas->body, "</title>\n");
    write_style(canvas->body);
    g_string_append_printf(canvas->body, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
    svg_label(canvas->body, MARGIN, HEADER_BASELINE, "tunnel", wmem_strdup_printf(canvas->scope, "SPIscope timeline: %s, %s from %s", name,
            text_duration(canvas->scope, &span), text_moment(canvas->scope, &facts->first)));
    write_legend(canvas);
    g_free(name);
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

    canvas.seconds = nstime_to_sec(&span) > 0 ? nstime_to_sec(&span) : 1;
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next) {
        write_tunnel(&canvas, tunnel, sas[tunnel->id], counts[tunnel->id]);
        wmem_free_all(canvas.scope);
    }
    head.body = g_string_new(NULL);
    head.seconds = canvas.seconds;
    write_head(&head, facts, canvas.y);
    svg_axis(head.body, LEFT, RIGHT, canvas.seconds, AXIS, canvas.y);
    fprintf(out, "%s%s</svg>\n", head.body->str, canvas.body->str);
    g_string_free(head.body, TRUE);
    g_string_free(canvas.body, TRUE);
    wmem_destroy_allocator(canvas.scope);
    wmem_destroy_allocator(kept);
}

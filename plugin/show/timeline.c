/* timeline.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline.h"

#include "../clock.h"
#include "../judge/coverage.h"
#include "../judge/overview.h"
#include "axis.h"
#include "lanes.h"
#include "svg.h"
#include "user_words.h"

enum {
    LEGEND = 34,                    /* where its first line begins */
    LEGEND_COLUMN = 165,
    HEADER = 112,                   /* of the picture */
    HEADER_BASELINE = 20,           /* of its title */
    AXIS = HEADER - 12,             /* where its grid begins */
    TUNNEL_HEADER = 24,
    TUNNEL_BASELINE = 14,           /* of its title */
    ENDPOINT_FITS = 24,             /* characters of an endpoint before the lanes */
    HEIGHT_AT_MOST = 20000,
    BYTES_AT_MOST = 5000000,
    STRIP_BYTES = 600               /* of a tunnel that is a strip, without its outages */
};

/* ---- findings */

static bool
is_refusal(uint8_t key)
{
    return finding_kind(key)->family == FAMILY_REFUSED || key == FINDING_PROXY_ID_MISMATCH;
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
    open_mark(canvas->body, x, canvas->y, severity_name(finding_severity(worst)), is_refusal(worst->key));
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
    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", "Findings");
    while (finding) {
        double x = canvas_x(canvas, &finding->time);
        const struct finding *worst = finding;
        GString *names = g_string_new(NULL);
        unsigned count = 0;
        for (; finding && canvas_x(canvas, &finding->time) - x < NEAR; finding = finding->next, count++) {
            if (finding_severity(finding) > finding_severity(worst))
                worst = finding;
            if (count < NAMES_AT_MOST)
                g_string_append_printf(names, "%sframe %u: %s", count > 0 ? "\n" : "", finding->frame,
                        finding_kind(finding->key)->key);
        }
        if (count > NAMES_AT_MOST)
            g_string_append_printf(names, "\nand %u more", count - NAMES_AT_MOST);
        write_mark(canvas, x, worst, names->str);
        g_string_free(names, TRUE);
    }
    canvas->y += CANVAS_LANE + CANVAS_GAP;
}

/* ---- the picture */

/* "to B 192.0.2.2"; the address is left out where it is too long, as the line above the lanes has it. */
static char *
flow_label(const struct canvas *canvas, char peer, const char *endpoint)
{
    return wmem_strdup_printf(canvas->words.scope, strlen(endpoint) > ENDPOINT_FITS ? "to %c" : "to %c %s", peer, endpoint);
}

static void
write_tunnel(struct canvas *canvas, const struct overview_row *row, const struct sa **sas, unsigned count)
{
    const struct tunnel *tunnel = row->tunnel;
    const struct verdict *verdict = &row->verdict;
    char *a = words_endpoint(&canvas->words, &tunnel->flow[0].source);
    char *b = words_endpoint(&canvas->words, &tunnel->flow[1].source);

    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + TUNNEL_BASELINE, "tunnel", wmem_strdup_printf(canvas->words.scope,
            "Tunnel %u: %s%sA %s \xe2\x86\x94 B %s: %s, %s (%s)", tunnel->id, row->name ? row->name : "", row->name ? ": " : "", a, b, state_name(verdict->state), verdict_cause(verdict),
            confidence_name(verdict->confidence)));
    canvas->y += TUNNEL_HEADER;
    int top = canvas->y;
    lanes_write_ike_sas(canvas, tunnel);
    lanes_write_flow(canvas, &tunnel->flow[0], sas, count, flow_label(canvas, 'B', b));
    lanes_write_flow(canvas, &tunnel->flow[1], sas, count, flow_label(canvas, 'A', a));
    lanes_write_outages(canvas, tunnel, top);
    write_findings(canvas, tunnel);
    canvas->y += CANVAS_GAP;
}

/* A tunnel in one lane: when it was heard, and its outages. */
static void
write_strip(struct canvas *canvas, const struct overview *overview, const struct overview_row *row)
{
    const struct tunnel *tunnel = row->tunnel;
    const struct words *words = &canvas->words;
    int spoke = overview_spoke(overview, tunnel);
    nstime_t first = NSTIME_INIT_ZERO, last = NSTIME_INIT_ZERO;
    struct svg_number x_text, width_text;

    coverage_span(tunnel, &first, &last);
    double from = canvas_x(canvas, &first), to = canvas_x(canvas, &last);
    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", wmem_strdup_printf(words->scope, "%u %s", tunnel->id,
            row->name ? row->name : words_endpoint(words, &tunnel->flow[spoke < 0 ? 1 : spoke].source)));
    g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"%s\"><title>", svg_number(&x_text, from), canvas->y,
            svg_number(&width_text, MAX(to - from, 1)), CANVAS_BAR, overview_is_troubled(row->verdict.state) ? "ill" : "well");
    svg_text(canvas->body, wmem_strdup_printf(words->scope, "Tunnel %u: %s: %s", tunnel->id, words_peers(words, tunnel, row->name),
            verdict_summary(words, tunnel, &row->verdict)));
    g_string_append(canvas->body, "</title></rect>\n");
    int top = canvas->y;
    canvas->y += CANVAS_LANE;
    lanes_write_outages(canvas, tunnel, top);
}

/* In full, if with strips for those that come after it there is room enough; or else as a strip. */
static void
write_as_fits(struct canvas *canvas, const struct overview *overview, uint32_t i, const struct sa **sas, unsigned count)
{
    const struct overview_row *row = &overview->row[i];
    uint64_t left = overview->tunnels - i - 1;
    gsize length = canvas->body->len;
    int y = canvas->y;

    if (overview->tunnels <= OVERVIEW_FEW || overview_is_troubled(row->verdict.state)) {
        write_tunnel(canvas, row, sas, count);
        if (i == 0 || (canvas->y + (left * CANVAS_LANE) <= HEIGHT_AT_MOST && canvas->body->len + (left * STRIP_BYTES) <= BYTES_AT_MOST))
            return;
        g_string_truncate(canvas->body, length);
        canvas->y = y;
    }
    write_strip(canvas, overview, row);
}

/* @return how many there was no room for */
static uint32_t
write_tunnels(struct canvas *canvas, const struct overview *overview, const struct tracker *tracker)
{
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);
    uint32_t i = 0;

    for (; i < overview->tunnels && canvas->y + CANVAS_LANE <= HEIGHT_AT_MOST && canvas->body->len + STRIP_BYTES <= BYTES_AT_MOST; i++) {
        uint32_t id = overview->row[i].tunnel->id;
        write_as_fits(canvas, overview, i, sas[id], counts[id]);
        wmem_free_all(canvas->words.scope);
    }
    wmem_destroy_allocator(kept);
    return overview->tunnels - i;
}

static void
write_style(GString *body)
{
    g_string_append(body, "<style>\n"
            "text{font:11px sans-serif;fill:#222}.tunnel{font-weight:bold;font-size:13px}.spi{fill:#fff;font-family:monospace}\n"
            ".tick{fill:#555;font-size:10px;text-anchor:middle}.grid{stroke:#ddd}rect{stroke:#fff;stroke-width:.6}\n"
            ".used{fill:#0072b2}.replaced{fill:#1f7a3a}.early{fill:#b34700}.deleted{fill:#4d4d4d}.ike{fill:#9c2f8a}\n"
            ".well{fill:#7aa89f}.ill{fill:#b9a27a}\n"
            ".outage{fill:#c1121f;fill-opacity:.3;stroke:none}.many{stroke:#000;stroke-dasharray:2 1}.delete{stroke:#000;stroke-width:1.4}\n"
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
        { "ike", "IKE SA" }, { "many", "several as one" }, { "outage", "outage" },
    }, marks[] = {
        { "error", "error" }, { "warning", "warning" }, { "note", "note" }, { "chat", "rekey" },
    };
    int x = CANVAS_MARGIN, y = LEGEND;

    for (size_t i = 0; i < G_N_ELEMENTS(bars); i++, x += LEGEND_COLUMN) {
        g_string_append_printf(canvas->body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"%s/>\n", x, y,
                SWATCH, CANVAS_BAR, bars[i].style, strcmp(bars[i].style, "many") == 0 ? " fill=\"#fff\"" : "");
        svg_label(canvas->body, x + TEXT, y + CANVAS_BASELINE, "lane", bars[i].text);
    }
    x = CANVAS_MARGIN;
    y += CANVAS_LANE;
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++, x += LEGEND_COLUMN) {
        open_mark(canvas->body, x + MARK, y, marks[i].style, false);
        g_string_append(canvas->body, "</path>\n");
        svg_label(canvas->body, x + TEXT, y + CANVAS_BASELINE, "lane", marks[i].text);
    }
    open_mark(canvas->body, x + MARK, y, "warning", true);
    g_string_append(canvas->body, "</path>\n");
    svg_label(canvas->body, x + TEXT, y + CANVAS_BASELINE, "lane", "refused");
    x += LEGEND_COLUMN;
    g_string_append_printf(canvas->body, "<path d=\"M%d %dv%d\" class=\"delete\"/>\n", x + MARK, y - CANVAS_OVERHANG,
            CANVAS_BAR + (2 * CANVAS_OVERHANG));
    svg_label(canvas->body, x + TEXT, y + CANVAS_BASELINE, "lane", "Delete");
}

static void
write_head(const struct canvas *canvas, const struct capture_facts *facts, int height)
{
    const char *file = facts->file ? facts->file : "a capture";
    char *name = g_path_get_basename(file);
    nstime_t span = clock_elapsed(&facts->first, &facts->last);

    g_string_append_printf(canvas->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<title>", CANVAS_WIDTH,
            height, CANVAS_WIDTH, height);
    svg_text(canvas->body, wmem_strdup_printf(canvas->words.scope, "SPIscope timeline of %s", file));
    g_string_append(canvas->body, "</title>\n");
    write_style(canvas->body);
    g_string_append_printf(canvas->body, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", CANVAS_WIDTH, height);
    svg_label(canvas->body, CANVAS_MARGIN, HEADER_BASELINE, "tunnel",
            wmem_strdup_printf(canvas->words.scope, "SPIscope timeline: %s, %s from %s", name, words_duration(&canvas->words, &span), words_moment(&canvas->words, &facts->first)));
    write_legend(canvas);
    g_free(name);
}

void
timeline_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    nstime_t span = clock_elapsed(&facts->first, &facts->last);
    struct canvas canvas = { .body = g_string_new(NULL), .words = user_words(scope), .judge = judge,
            .start = facts->first, .seconds = MAX(nstime_to_sec(&span), 1), .y = HEADER };
    struct canvas head = canvas;
    struct overview overview = overview_of(kept, tracker_tunnels(tracker), judge);
    uint32_t left_out = write_tunnels(&canvas, &overview, tracker);

    if (left_out > 0) {
        svg_label(canvas.body, CANVAS_MARGIN, canvas.y + CANVAS_BASELINE, "lane", wmem_strdup_printf(scope, "and %u more tunnels", left_out));
        canvas.y += CANVAS_LANE;
    }
    head.body = g_string_new(NULL);
    write_head(&head, facts, canvas.y);
    axis_write(&head, AXIS, canvas.y);
    fprintf(out, "%s%s</svg>\n", head.body->str, canvas.body->str);
    g_string_free(head.body, TRUE);
    g_string_free(canvas.body, TRUE);
    wmem_destroy_allocator(scope);
    wmem_destroy_allocator(kept);
}

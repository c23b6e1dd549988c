/* timeline.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline.h"

#include "../clock.h"
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
    ENDPOINT_FITS = 24              /* characters of an endpoint before the lanes */
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
write_tunnel(struct canvas *canvas, const struct tunnel *tunnel, const struct sa **sas, unsigned count)
{
    struct verdict verdict = verdict_of(tunnel, canvas->judge);
    char *a = words_endpoint(&canvas->words, &tunnel->flow[0].source);
    char *b = words_endpoint(&canvas->words, &tunnel->flow[1].source);

    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + TUNNEL_BASELINE, "tunnel", wmem_strdup_printf(canvas->words.scope,
            "Tunnel %u: A %s \xe2\x86\x94 B %s: %s, %s (%s)", tunnel->id, a, b, state_name(verdict.state), verdict_cause(&verdict),
            confidence_name(verdict.confidence)));
    canvas->y += TUNNEL_HEADER;
    int top = canvas->y;
    lanes_write_ike_sas(canvas, tunnel);
    lanes_write_flow(canvas, &tunnel->flow[0], sas, count, flow_label(canvas, 'B', b));
    lanes_write_flow(canvas, &tunnel->flow[1], sas, count, flow_label(canvas, 'A', a));
    lanes_write_outages(canvas, tunnel, top);
    write_findings(canvas, tunnel);
    canvas->y += CANVAS_GAP;
}

static void
write_style(GString *body)
{
    g_string_append(body, "<style>\n"
            "text{font:11px sans-serif;fill:#222}.tunnel{font-weight:bold;font-size:13px}.spi{fill:#fff;font-family:monospace}\n"
            ".tick{fill:#555;font-size:10px;text-anchor:middle}.grid{stroke:#ddd}rect{stroke:#fff;stroke-width:.6}\n"
            ".used{fill:#0072b2}.replaced{fill:#1f7a3a}.early{fill:#b34700}.deleted{fill:#4d4d4d}.ike{fill:#9c2f8a}\n"
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
    struct canvas canvas = { .body = g_string_new(NULL), .words = user_words(scope), .judge = judge,
            .start = facts->first, .y = HEADER };
    struct canvas head = canvas;
    nstime_t span = clock_elapsed(&facts->first, &facts->last);
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);

    canvas.seconds = nstime_to_sec(&span) > 0 ? nstime_to_sec(&span) : 1;
    for (const struct tunnel *tunnel = tunnel_first(tracker_tunnels(tracker)); tunnel; tunnel = tunnel->next) {
        write_tunnel(&canvas, tunnel, sas[tunnel->id], counts[tunnel->id]);
        wmem_free_all(scope);
    }
    head.body = g_string_new(NULL);
    head.seconds = canvas.seconds;
    write_head(&head, facts, canvas.y);
    svg_axis(head.body, CANVAS_LEFT, CANVAS_RIGHT, canvas.seconds, AXIS, canvas.y);
    fprintf(out, "%s%s</svg>\n", head.body->str, canvas.body->str);
    g_string_free(head.body, TRUE);
    g_string_free(canvas.body, TRUE);
    wmem_destroy_allocator(scope);
    wmem_destroy_allocator(kept);
}

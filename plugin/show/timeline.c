/* timeline.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline.h"

#include "../clock.h"
#include "../judge/coverage.h"
#include "axis.h"
#include "lanes.h"
#include "report_summary.h"
#include "svg.h"
#include "timeline_head.h"
#include "user_words.h"

enum {
    TUNNEL_HEADER = 24,
    TUNNEL_BASELINE = 14,           /* of its title */
    LABEL_FITS = 26,                /* characters before the lanes */
    TITLE_FITS = 150,
    AXIS_EVERY = 800,               /* the times come again: a window is about as high */
    AXIS_ROW = 18,
    AXIS_BASELINE = 10,
    HEIGHT_AT_MOST = 20000,
    BYTES_AT_MOST = 5000000,
    BYTES_KEPT = 20000,             /* for the head and the axes */
    STRIP_BYTES = 4000,             /* of a tunnel that is a strip, at most, with short names */
    BAR_BYTES = 700,                /* of a bar, with its title and a Delete's line */
    BAND_BYTES = 400,               /* of an outage */
    MARK_BYTES = 450                /* of findings in one place */
};

/* The picture as it grows. */
struct drawing {
    struct canvas canvas;
    const struct overview *overview;
    GArray *axes;                   /* of int: baselines where the times come again */
    int last_axis;                  /* pixels */
};

/* ---- findings */

static bool
is_refusal(uint8_t key)
{
    return finding_kind(key)->family == FAMILY_REFUSED || key == FINDING_PROXY_ID_MISMATCH;
}

/* Marks of one place: the worst one is drawn, and all are named. */
static void
write_mark(const struct canvas *canvas, double x, const struct finding *worst, const char *names)
{
    timeline_open_mark(canvas->body, x, canvas->y, severity_name(finding_severity(worst)), is_refusal(worst->key));
    g_string_append(canvas->body, "<title>");
    svg_text(canvas->body, names);
    g_string_append(canvas->body, "</title></path>\n");
}

/* Marks nearer than this are one. */
#define NEAR 6

static void
write_findings(struct canvas *canvas, const struct tunnel *tunnel)
{
    enum { NAMES_AT_MOST = 8 };
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

/* ---- a tunnel in full */

/* Its lanes, laid out. */
struct lanes {
    struct bars ike_sas;
    struct bars flow[2];
};

static struct lanes
lay_out(const struct canvas *canvas, const struct tunnel *tunnel, const struct sa **sas, unsigned count)
{
    struct lanes lanes = { .ike_sas = bars_of_ike_sas(canvas, tunnel) };

    for (int i = 0; i < 2; i++)
        lanes.flow[i] = bars_of_flow(canvas, &tunnel->flow[i], sas, count);
    return lanes;
}

static void
free_lanes(struct lanes *lanes)
{
    bars_free(&lanes->ike_sas);
    for (int i = 0; i < 2; i++)
        bars_free(&lanes->flow[i]);
}

static bool
has_findings(const struct canvas *canvas, const struct tunnel *tunnel)
{
    const struct finding_file *file = findings_of(canvas->judge->findings, tunnel);

    return file && file->first;
}

static int
height_of(const struct canvas *canvas, const struct tunnel *tunnel, const struct lanes *lanes)
{
    int findings = has_findings(canvas, tunnel) ? CANVAS_LANE + CANVAS_GAP : 0;

    return TUNNEL_HEADER + bars_height(&lanes->ike_sas) + bars_height(&lanes->flow[0]) + bars_height(&lanes->flow[1]) + findings + CANVAS_GAP;
}

/* About how many bytes it takes. */
static gsize
bytes_of(const struct tunnel *tunnel, const struct lanes *lanes)
{
    enum { PIXELS = CANVAS_RIGHT - CANVAS_LEFT };
    gsize bars = lanes->ike_sas.bar->len + lanes->flow[0].bar->len + lanes->flow[1].bar->len;
    gsize bands = MIN(tunnel->service.outages + 1, PIXELS / BAR_NARROW);

    return (bars * BAR_BYTES) + (bands * BAND_BYTES) + ((gsize)(PIXELS / NEAR) * MARK_BYTES);
}

/* "to B 192.0.2.2", "12: Berlin" */
static char *
label_of(const struct canvas *canvas, const char *before, const char *name)
{
    return svg_fitting(canvas->words.scope, wmem_strdup_printf(canvas->words.scope, "%s %s", before, name), LABEL_FITS);
}

static void
write_tunnel(struct canvas *canvas, const struct overview_row *row, const struct lanes *lanes)
{
    const struct tunnel *tunnel = row->tunnel;
    const struct words *words = &canvas->words;
    const struct verdict *verdict = &row->verdict;
    const char *title = wmem_strdup_printf(words->scope, "Tunnel %u: %s%sA %s \xe2\x86\x94 B %s: %s, %s (%s)%s", tunnel->id, row->name ? row->name : "", row->name ? ": " : "",
            words_endpoint(words, &tunnel->flow[0].source), words_endpoint(words, &tunnel->flow[1].source), state_name(verdict->state),
            verdict_cause(verdict), confidence_name(verdict->confidence), summary_outages(words, verdict));

    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + TUNNEL_BASELINE, "tunnel", svg_fitting(words->scope, title, TITLE_FITS));
    canvas->y += TUNNEL_HEADER;
    int top = canvas->y;
    lanes_write(canvas, "IKE SAs (phase 1)", &lanes->ike_sas);
    lanes_write(canvas, label_of(canvas, "to B", words_endpoint(words, &tunnel->flow[1].source)), &lanes->flow[0]);
    lanes_write(canvas, label_of(canvas, "to A", words_endpoint(words, &tunnel->flow[0].source)), &lanes->flow[1]);
    lanes_write_outages(canvas, tunnel, top);
    write_findings(canvas, tunnel);
    canvas->y += CANVAS_GAP;
}

/* ---- a tunnel in one lane: when it was heard, and its outages */

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
    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", label_of(canvas, wmem_strdup_printf(words->scope, "%u:", tunnel->id),
            row->name ? row->name : words_endpoint(words, &tunnel->flow[spoke < 0 ? 1 : spoke].source)));
    g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"%s\"><title>", svg_number(&x_text, from), canvas->y,
            svg_number(&width_text, MAX(to - from, 1)), CANVAS_BAR, overview_is_troubled(row->verdict.state) ? "ill" : "well");
    svg_text(canvas->body, wmem_strdup_printf(words->scope, "Tunnel %u: %s: %s", tunnel->id, words_peers(words, tunnel, row->name),
            verdict_summary(words, tunnel, &row->verdict)));
    g_string_append(canvas->body, "</title></rect>\n");
    lanes_write_outage_marks(canvas, tunnel);
    canvas->y += CANVAS_LANE;
}

/* ---- the picture */

/* The times again, where the last ones are out of sight. */
static void
keep_axis_in_sight(struct drawing *drawing)
{
    int baseline = drawing->canvas.y + AXIS_BASELINE;

    if (drawing->canvas.y - drawing->last_axis < AXIS_EVERY)
        return;
    g_array_append_val(drawing->axes, baseline);
    drawing->last_axis = drawing->canvas.y;
    drawing->canvas.y += AXIS_ROW;
}

/* Whether so much more fits, and behind it a strip for each of the tunnels that are left. */
static bool
fits(const struct drawing *drawing, int height, gsize bytes, uint64_t left)
{
    uint64_t strips = left * CANVAS_LANE, axes = ((strips + (uint64_t)height) / AXIS_EVERY) + 1;

    return (uint64_t)(drawing->canvas.y + height + 2 * TUNNEL_HEADER) + strips + (axes * AXIS_ROW) <= HEIGHT_AT_MOST
            && drawing->canvas.body->len + bytes + (left * STRIP_BYTES / 4) + BYTES_KEPT <= BYTES_AT_MOST;
}

/* In full, if there is room enough; the first one is always. */
static bool
write_in_full(struct drawing *drawing, uint32_t i, const struct sa **sas, unsigned count)
{
    const struct overview *overview = drawing->overview;
    const struct overview_row *row = &overview->row[i];

    if (overview->tunnels > OVERVIEW_FEW && !overview_is_troubled(row->verdict.state))
        return false;
    struct lanes lanes = lay_out(&drawing->canvas, row->tunnel, sas, count);
    bool is_room = i == 0 || fits(drawing, height_of(&drawing->canvas, row->tunnel, &lanes), bytes_of(row->tunnel, &lanes), overview->tunnels - i - 1);
    if (is_room)
        write_tunnel(&drawing->canvas, row, &lanes);
    free_lanes(&lanes);
    return is_room;
}

/* Tunnels that have a line each, by what they have in common. */
enum folded {
    FOLDED_NONE,
    FOLDED_ILL,
    FOLDED_UNKNOWN,
    FOLDED_WELL
};

static enum folded
folded_of(const struct overview_row *row)
{
    if (overview_is_troubled(row->verdict.state))
        return FOLDED_ILL;
    return row->verdict.state == STATE_UNKNOWN ? FOLDED_UNKNOWN : FOLDED_WELL;
}

static void
write_heading(struct canvas *canvas, const struct overview *overview, uint32_t i)
{
    const struct words *words = &canvas->words;
    const char *text = wmem_strdup_printf(words->scope, "%s: a line each", words_count(words, overview->tunnels - i, "tunnel that is well", "tunnels that are well"));

    if (folded_of(&overview->row[i]) == FOLDED_ILL)
        text = wmem_strdup_printf(words->scope, "%u %stunnels that are not well: a line each", overview->troubled - i, i > 0 ? "more " : "");
    else if (folded_of(&overview->row[i]) == FOLDED_UNKNOWN)
        text = wmem_strdup_printf(words->scope, "%u tunnels of which too little was seen: a line each", overview->count[STATE_UNKNOWN]);
    svg_label(canvas->body, CANVAS_MARGIN, canvas->y + TUNNEL_BASELINE, "tunnel", text);
    canvas->y += TUNNEL_HEADER;
}

/* From one place on, all have a line each.
 * @return how many there was no room for */
static uint32_t
write_strips(struct drawing *drawing, uint32_t i)
{
    const struct overview *overview = drawing->overview;
    struct canvas *canvas = &drawing->canvas;
    enum folded before = FOLDED_NONE;

    for (; i < overview->tunnels && fits(drawing, CANVAS_LANE, STRIP_BYTES, 0); i++) {
        keep_axis_in_sight(drawing);
        if (folded_of(&overview->row[i]) != before)
            write_heading(canvas, overview, i);
        before = folded_of(&overview->row[i]);
        write_strip(canvas, overview, &overview->row[i]);
        wmem_free_all(canvas->words.scope);
    }
    return overview->tunnels - i;
}

/* @return how many there was no room for */
static uint32_t
write_tunnels(struct drawing *drawing, const struct tracker *tracker)
{
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    const struct overview *overview = drawing->overview;
    unsigned *counts;
    const struct sa ***sas = report_sort_sas(tracker, kept, &counts);
    uint32_t i = 0;

    for (; i < overview->tunnels; i++) {
        uint32_t id = overview->row[i].tunnel->id;
        keep_axis_in_sight(drawing);
        if (!write_in_full(drawing, i, sas[id], counts[id]))
            break;
        wmem_free_all(drawing->canvas.words.scope);
    }
    wmem_destroy_allocator(kept);
    return write_strips(drawing, i);
}

static void
write_drawing(FILE *out, struct drawing *drawing, const struct timeline_head *head, uint32_t left_out)
{
    struct canvas front = drawing->canvas, *canvas = &drawing->canvas;

    if (drawing->overview->scan.pairs > 0) {
        svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", summary_scan(&canvas->words, &drawing->overview->scan));
        canvas->y += CANVAS_LANE;
    }
    if (left_out > 0) {
        svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", wmem_strdup_printf(canvas->words.scope, "and %s",
                words_count(&canvas->words, left_out, "more tunnel", "more tunnels")));
        canvas->y += CANVAS_LANE;
    }
    front.body = g_string_new(NULL);
    timeline_head_write(&front, head, canvas->y);
    for (guint i = 0; i < drawing->axes->len; i++)
        axis_write_times(&front, g_array_index(drawing->axes, int, i));
    fprintf(out, "%s%s</svg>\n", front.body->str, canvas->body->str);
    g_string_free(front.body, TRUE);
}

void
timeline_write(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    wmem_allocator_t *kept = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    nstime_t span = clock_elapsed(&facts->first, &facts->last);
    struct overview overview = overview_of(kept, tracker_tunnels(tracker), judge);
    struct timeline_head head = { .facts = facts, .overview = &overview };
    struct drawing drawing = { .overview = &overview, .axes = g_array_new(FALSE, FALSE, sizeof(int)) };

    head.trouble = shared_troubles(kept, tracker_tunnels(tracker), judge, &facts->first, &facts->last, &head.troubles);
    drawing.canvas = (struct canvas){ .body = g_string_new(NULL), .words = user_words(scope), .judge = judge, .start = facts->first,
            .seconds = MAX(nstime_to_sec(&span), 1), .y = timeline_head_height(&head) };
    uint32_t left_out = write_tunnels(&drawing, tracker);
    write_drawing(out, &drawing, &head, left_out);
    g_string_free(drawing.canvas.body, TRUE);
    g_array_free(drawing.axes, TRUE);
    wmem_destroy_allocator(scope);
    wmem_destroy_allocator(kept);
}

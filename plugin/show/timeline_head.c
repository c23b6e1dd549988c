/* timeline_head.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "timeline_head.h"

#include "../clock.h"
#include "axis.h"
#include "report_summary.h"
#include "svg.h"

enum {
    TITLE = 20,                     /* its baseline */
    LINE = 16,                      /* of the summary */
    LEGEND = 14,                    /* where it begins, after the last line */
    LEGEND_COLUMN = 165,
    AXIS = 80,                      /* where the grid begins, after the last line */
    LABEL_GAP = 4,                  /* between a time and its line */
    HEADER = 92,                    /* where the tunnels begin, after the last line */
    SHARED_AT_MOST = 3,             /* lines for troubles that tunnels share */
    LINE_FITS = 190                 /* characters */
};

static int
lines_of(const struct timeline_head *head)
{
    int lines = MIN((int)head->troubles, SHARED_AT_MOST + 1);

    return head->overview->tunnels > 1 ? lines + 1 : 0;
}

static int
last_line(const struct timeline_head *head)
{
    return TITLE + (lines_of(head) * LINE);
}

int
timeline_head_height(const struct timeline_head *head)
{
    return last_line(head) + HEADER;
}

static void
write_style(GString *body)
{
    g_string_append(body, "<style>\n"
            "text{font:11px sans-serif;fill:#222}.tunnel{font-weight:bold;font-size:13px}.spi{fill:#fff;font-family:monospace}\n"
            ".tick{fill:#555;font-size:10px;text-anchor:middle}.grid{stroke:#ddd}rect{stroke:#fff;stroke-width:.6}\n"
            ".used{fill:#0072b2}.replaced{fill:#1f7a3a}.early{fill:#b34700}.deleted{fill:#4d4d4d}.ike{fill:#9c2f8a}\n"
            ".well{fill:#7aa89f}.ill{fill:#cbb994}\n"
            ".outage{fill:#c1121f;fill-opacity:.3;stroke:none}.outages{stroke:#c1121f;stroke-width:12}.shared{stroke:#c1121f;stroke-dasharray:3 3}\n"
            ".many{stroke:#000;stroke-dasharray:2 1}.delete{stroke:#000;stroke-width:1.4}\n"
            ".chat{fill:#999}.note{fill:#56b4e9}.warning{fill:#e69f00;stroke:#222;stroke-width:.5}.error{fill:#c1121f;stroke:#222;"
            "stroke-width:.5}\n</style>\n");
}

void
timeline_open_mark(GString *body, double x, int y, const char *style, bool refusal)
{
    struct svg_number number;

    g_string_append_printf(body, "<path d=\"M%s %d%s\" class=\"%s\">", svg_number(&number, x), y,
            refusal ? "m-5 1l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z" : "l5 10h-10z", style);
}

enum { SWATCH = 24, SWATCH_TEXT = SWATCH + 6, SWATCH_MARK = SWATCH - 6 };

static void
write_legend_bars(const struct canvas *canvas, int y)
{
    static const struct {
        const char *style;
        const char *text;
    } bars[] = {
        { "used", "in use" }, { "replaced", "replaced" }, { "early", "replaced early, failed" }, { "deleted", "deleted" },
        { "ike", "IKE SA" }, { "many", "several as one" }, { "outage", "outage" },
    };
    int x = CANVAS_MARGIN;

    for (size_t i = 0; i < G_N_ELEMENTS(bars); i++, x += LEGEND_COLUMN) {
        g_string_append_printf(canvas->body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"%s/>\n", x, y,
                SWATCH, CANVAS_BAR, bars[i].style, strcmp(bars[i].style, "many") == 0 ? " fill=\"#fff\"" : "");
        svg_label(canvas->body, x + SWATCH_TEXT, y + CANVAS_BASELINE, "lane", bars[i].text);
    }
}

static void
write_legend_marks(const struct canvas *canvas, int y)
{
    static const struct {
        const char *style;
        const char *text;
        bool refusal;
    } marks[] = {
        { "error", "error", false }, { "warning", "warning", false }, { "note", "note", false }, { "chat", "rekey", false },
        { "warning", "refused", true },
    };
    int x = CANVAS_MARGIN;

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++, x += LEGEND_COLUMN) {
        timeline_open_mark(canvas->body, x + SWATCH_MARK, y, marks[i].style, marks[i].refusal);
        g_string_append(canvas->body, "</path>\n");
        svg_label(canvas->body, x + SWATCH_TEXT, y + CANVAS_BASELINE, "lane", marks[i].text);
    }
    g_string_append_printf(canvas->body, "<path d=\"M%d %dv%d\" class=\"delete\"/>\n", x + SWATCH_MARK, y - CANVAS_OVERHANG,
            CANVAS_BAR + (2 * CANVAS_OVERHANG));
    svg_label(canvas->body, x + SWATCH_TEXT, y + CANVAS_BASELINE, "lane", "Delete");
    svg_label(canvas->body, x + LEGEND_COLUMN, y + CANVAS_BASELINE, "lane", "Point at anything to read more");
}

/* A trouble that tunnels share: when it began, through all their lanes. */
static void
write_shared_line(const struct canvas *canvas, const struct shared_trouble *trouble, int top, int bottom)
{
    struct svg_number number;

    g_string_append_printf(canvas->body, "<path d=\"M%s %dV%d\" class=\"shared\"><title>", svg_number(&number, canvas_x(canvas, &trouble->first)), top, bottom);
    svg_text(canvas->body, summary_shared(&canvas->words, trouble));
    g_string_append(canvas->body, "</title></path>\n");
}

static void
write_summary(const struct canvas *canvas, const struct timeline_head *head)
{
    const struct words *words = &canvas->words;
    const struct overview *overview = head->overview;
    int y = TITLE;

    if (lines_of(head) == 0)
        return;
    svg_label(canvas->body, CANVAS_MARGIN, y += LINE, "lane", svg_fitting(words->scope, wmem_strdup_printf(words->scope, "%s%s%s",
            summary_counts(words, overview), overview->hub ? "; " : "", overview->hub ? summary_hub(words, overview) : ""), LINE_FITS));
    for (uint32_t i = 0; i < MIN(head->troubles, SHARED_AT_MOST); i++)
        svg_label(canvas->body, CANVAS_MARGIN, y += LINE, "lane", svg_fitting(words->scope, summary_shared(words, &head->trouble[i]), LINE_FITS));
    if (head->troubles > SHARED_AT_MOST)
        svg_label(canvas->body, CANVAS_MARGIN, y + LINE, "lane", wmem_strdup_printf(words->scope, "and %s",
                words_count(words, head->troubles - SHARED_AT_MOST, "more time", "more times")));
}

void
timeline_head_write(const struct canvas *canvas, const struct timeline_head *head, int height)
{
    const struct capture_facts *facts = head->facts;
    const struct words *words = &canvas->words;
    const char *file = facts->file ? facts->file : "a capture";
    char *name = g_path_get_basename(file);
    nstime_t span = clock_elapsed(&facts->first, &facts->last);
    int axis = last_line(head) + AXIS;

    g_string_append_printf(canvas->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<title>", CANVAS_WIDTH,
            height, CANVAS_WIDTH, height);
    svg_text(canvas->body, wmem_strdup_printf(words->scope, "SPIscope timeline of %s", file));
    g_string_append(canvas->body, "</title>\n");
    write_style(canvas->body);
    g_string_append_printf(canvas->body, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", CANVAS_WIDTH, height);
    svg_label(canvas->body, CANVAS_MARGIN, TITLE, "tunnel",
            wmem_strdup_printf(words->scope, "SPIscope timeline: %s, %s from %s", name, words_duration(words, &span), words_moment(words, &facts->first)));
    write_summary(canvas, head);
    write_legend_bars(canvas, last_line(head) + LEGEND);
    write_legend_marks(canvas, last_line(head) + LEGEND + CANVAS_LANE);
    axis_write_grid(canvas, axis, height);
    axis_write_times(canvas, axis - LABEL_GAP);
    for (uint32_t i = 0; i < MIN(head->troubles, SHARED_AT_MOST); i++)
        write_shared_line(canvas, &head->trouble[i], axis, height);
    g_free(name);
}

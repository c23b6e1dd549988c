/* lanes.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "lanes.h"

#include <inttypes.h>

#include "../clock.h"
#include "../words/ike_words.h"
#include "outage_log.h"
#include "svg.h"

enum {
    INDENT = 3,                     /* of text in a bar */
    LANES_AT_MOST = 24,             /* of one direction; the last one takes what is too much */
    SPI_FITS = 76                   /* a bar this wide shows its SPI */
};

/* Bars and gaps narrower than this can't be seen apart. */
#define NARROW 2.0

/* Bars that can't be seen apart are drawn as one until it is this wide. */
#define GROUP_AT_MOST ((CANVAS_RIGHT - CANVAS_LEFT) / 20.0)

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

    return wmem_strdup_printf(canvas->words.scope, "SA %u: %s SPI 0x%08x, %s to %s\nframes %u to %u, %s, %"
            PRIu64 " bytes\n%s%s, %s", sa->id, words_protocol(sa->key.protocol), sa->key.spi,
            words_endpoint(&canvas->words, &sa->flow->source), words_endpoint(&canvas->words, &sa->flow->destination),
            sa->first_frame, sa->last_frame, words_count(&canvas->words, sa->sequence.packets, "packet", "packets"), sa->bytes,
            sa->born_in_capture ? "" : "at least ", words_duration(&canvas->words, &life), fate_words[sa_fate(sa, canvas->judge)]);
}

static char *
ike_title(const struct canvas *canvas, const struct ike_sa *ike_sa)
{
    return wmem_strdup_printf(canvas->words.scope, "IKE SA %u (IKEv%u) 0x%016" PRIx64 " 0x%016" PRIx64 "\nfrom %s\n"
            "frames %u to %u, %s", ike_sa->id, ike_sa->version, ike_sa->initiator_spi, ike_sa->responder_spi,
            words_endpoint(&canvas->words, &ike_sa->flow->source), ike_sa->first_frame, ike_sa->last_frame,
            words_ike_end(ike_sa->end));
}

/* What hundreds of bars would say. */
static char *
group_title(const struct canvas *canvas, const struct bar *bar)
{
    wmem_strbuf_t *title = wmem_strbuf_new(canvas->words.scope, "");

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
    int y = canvas->y + ((int)bar->lane * CANVAS_LANE);
    struct svg_number x_text, width_text, end_text;

    g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"%s%s\" data-%s=\"%s\"><title>",
            svg_number(&x_text, bar->from), y, svg_number(&width_text, width), CANVAS_BAR, bar_style(bar),
            bar->count > 1 ? " many" : "", bar->sa ? "sas" : "ike", bar->members->str);
    svg_text(canvas->body, bar_title(canvas, bar));
    g_string_append(canvas->body, "</title></rect>\n");
    if (!bar->sa || bar->count > 1)
        return;
    if (width >= SPI_FITS)
        svg_label(canvas->body, bar->from + INDENT, y + CANVAS_BASELINE, "spi",
                wmem_strdup_printf(canvas->words.scope, "0x%08x", bar->sa->key.spi));
    if (bar->sa->deleted_frame != 0)
        g_string_append_printf(canvas->body, "<path d=\"M%s %dv%d\" class=\"delete\"><title>Delete in frame %u</title></path>\n",
                svg_number(&end_text, bar->to), y - CANVAS_OVERHANG, CANVAS_BAR + (2 * CANVAS_OVERHANG), bar->sa->deleted_frame);
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
        svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", label);
    for (guint i = 0; i < bars->len; i++) {
        struct bar *bar = g_array_index(bars, struct bar *, i);
        write_bar(canvas, bar);
        g_string_free(bar->members, TRUE);
        g_free(bar);
    }
    g_array_free(bars, TRUE);
    if (lanes > 0)
        canvas->y += ((int)lanes * CANVAS_LANE) + CANVAS_GAP;
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

void
lanes_write_flow(struct canvas *canvas, const struct flow *flow, const struct sa **sas, unsigned count, const char *label)
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
        struct bar bar = { .from = canvas_x(canvas, sa_birth_time(sa)), .sa = sa, .last_frame = sa->last_frame };
        bar.to = canvas_x(canvas, sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);
        gconstpointer known = sa->predecessor ? g_hash_table_lookup(lane_of, sa->predecessor) : NULL;
        bar.lane = known ? GPOINTER_TO_UINT(known) - 1 : free_lane(ends, &used, bar.from);
        g_hash_table_insert(lane_of, (gpointer)sa, GUINT_TO_POINTER(bar.lane + 1));
        if (sa->successor)          /* a lane stays its lineage's until its last SA is over */
            ends[bar.lane] = CANVAS_RIGHT + 1;
        else if (bar.to > ends[bar.lane] || ends[bar.lane] > CANVAS_RIGHT)
            ends[bar.lane] = bar.to;
        add_bar(bars, last_of_lane, bar, sa->id, sa_fate(sa, canvas->judge));
    }
    g_hash_table_destroy(lane_of);
    write_row(canvas, label, bars, used);
}

void
lanes_write_ike_sas(struct canvas *canvas, const struct tunnel *tunnel)
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
        struct bar bar = { .from = canvas_x(canvas, &ike_sa->first_time), .ike_sa = ike_sa, .last_frame = ike_sa->last_frame };
        bar.to = canvas_x(canvas, &ike_sa->last_time);
        bar.lane = free_lane(ends, &used, bar.from);
        ends[bar.lane] = bar.to;
        add_bar(bars, last_of_lane, bar, ike_sa->id, ike_fate(ike_sa));
    }
    g_ptr_array_free(list, TRUE);
    write_row(canvas, "IKE SAs (phase 1)", bars, used);
}

static void
write_band(const struct canvas *canvas, const struct outage *outage, double from, double to, int top, unsigned count)
{
    struct svg_number x_text, width_text;

    g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"outage\" data-outage=\"%u\"><title>",
            svg_number(&x_text, from), top - CANVAS_OVERHANG, svg_number(&width_text, to - from < NARROW ? NARROW : to - from),
            canvas->y - CANVAS_GAP - top + CANVAS_OVERHANG, outage->id);
    svg_text(canvas->body, wmem_strdup_printf(canvas->words.scope, "Outage: %s", outage_log_line(&canvas->words, outage)));
    if (count > 1)
        g_string_append_printf(canvas->body, "\nand %u more", count - 1);
    g_string_append(canvas->body, "</title></rect>\n");
}

/* Outages that can't be seen apart are one band, which tells of the first. */
void
lanes_write_outages(const struct canvas *canvas, const struct tunnel *tunnel, int top)
{
    struct service_end end = outage_log_end(tunnel, canvas->judge);
    const struct outage *outage = tunnel->service.first ? tunnel->service.first : end.is_out ? &end.outage : NULL;

    while (outage) {
        const struct outage *first = outage;
        double from = canvas_x(canvas, &outage->begin), to;
        unsigned count = 0;
        do {
            to = outage->restored_how == RESTORED_NOT ? CANVAS_RIGHT : canvas_x(canvas, &outage->end);
            outage = outage == &end.outage ? NULL : outage->next ? outage->next : end.is_out ? &end.outage : NULL;
            count++;
        } while (outage && canvas_x(canvas, &outage->begin) - from < NARROW);
        write_band(canvas, first, from, to, top, count);
    }
}

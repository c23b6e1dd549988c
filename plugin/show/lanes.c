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
    SPI_FITS = 76                   /* a bar this wide shows its SPI */
};

static const char *const fate_style[FATES] = { "used", "replaced", "deleted", "early" };

/* The class of a bar: IKE SAs have a colour of their own unless they failed. */
static const char *
bar_style(const struct bar *bar)
{
    enum fate fate = bar_worst_fate(bar);

    return bar->ike_sa && fate != FATE_EARLY ? "ike" : fate_style[fate];
}

static const char *const fate_words[FATES] = { "in use", "replaced", "deleted", "replaced early" };

/* ", by A in frame 12"; empty where nobody is known to have ended it. */
static const char *
ended_text(const struct words *words, int ended_by, uint32_t frame)
{
    const char *peer = words_letter(ended_by - 1, NULL);

    return peer ? wmem_strdup_printf(words->scope, ", ended by %s in frame %u", peer, frame) : "";
}

static char *
sa_title(const struct canvas *canvas, const struct sa *sa)
{
    nstime_t life = clock_elapsed(sa_birth_time(sa), sa->deleted_frame != 0 ? &sa->deleted_time : &sa->last_time);

    return wmem_strdup_printf(canvas->words.scope, "SA %u: %s SPI 0x%08x, %s to %s\nframes %u to %u, %s, %"
            PRIu64 " bytes\n%s%s, %s%s", sa->id, words_protocol(sa->key.protocol), sa->key.spi,
            words_endpoint(&canvas->words, &sa->flow->source), words_endpoint(&canvas->words, &sa->flow->destination),
            sa->first_frame, sa->last_frame, words_count(&canvas->words, sa->sequence.packets, "packet", "packets"), sa->bytes,
            sa->born_in_capture ? "" : "at least ", words_duration(&canvas->words, &life), fate_words[bar_sa_fate(sa, canvas->judge)],
            ended_text(&canvas->words, sa->ended_by, sa->ended_in));
}

static char *
ike_title(const struct canvas *canvas, const struct ike_sa *ike_sa)
{
    return wmem_strdup_printf(canvas->words.scope, "IKE SA %u (IKEv%u) 0x%016" PRIx64 " 0x%016" PRIx64 "\nfrom %s\n"
            "frames %u to %u, %s%s", ike_sa->id, ike_sa->version, ike_sa->initiator_spi, ike_sa->responder_spi,
            words_endpoint(&canvas->words, &ike_sa->flow->source), ike_sa->first_frame, ike_sa->last_frame,
            words_ike_fate(ike_sa), ended_text(&canvas->words, ike_sa->ended_by, ike_sa->ended_in));
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
    double width = bar->to - bar->from < BAR_NARROW ? BAR_NARROW : bar->to - bar->from;
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

void
lanes_write(struct canvas *canvas, const char *label, const struct bars *bars)
{
    if (bars->lanes > 0)
        svg_label(canvas->body, CANVAS_MARGIN, canvas->y + CANVAS_BASELINE, "lane", label);
    for (guint i = 0; i < bars->bar->len; i++)
        write_bar(canvas, g_ptr_array_index(bars->bar, i));
    canvas->y += bars_height(bars);
}

/* Outages that are drawn as one. */
struct band {
    double from, to;                /* in pixels */
    const struct outage *first;
    unsigned count;
};

/* Those nearer to each other than this many pixels are one band. The outage that is not over is end's. */
static GArray *
bands_of(const struct canvas *canvas, const struct tunnel *tunnel, const struct service_end *end, double near)
{
    GArray *bands = g_array_new(FALSE, FALSE, sizeof(struct band));
    const struct outage *open = end->is_out ? &end->outage : NULL, *outage = tunnel->service.first ? tunnel->service.first : open;
    struct band *last = NULL;

    while (outage) {
        struct band band = { canvas_x(canvas, &outage->begin), CANVAS_RIGHT, outage, 1 };
        if (outage->restored_how != RESTORED_NOT)
            band.to = canvas_x(canvas, &outage->end);
        if (last && band.from - last->from < near) {
            last->to = MAX(last->to, band.to);
            last->count++;
        } else {
            g_array_append_val(bands, band);
            last = &g_array_index(bands, struct band, bands->len - 1);
        }
        outage = outage == open ? NULL : outage->next ? outage->next : open;
    }
    return bands;
}

static void
write_band_title(const struct canvas *canvas, const struct band *band, const char *closing)
{
    g_string_append(canvas->body, "<title>");
    svg_text(canvas->body, wmem_strdup_printf(canvas->words.scope, "Outage: %s", outage_log_line(&canvas->words, band->first)));
    if (band->count > 1)
        g_string_append_printf(canvas->body, "\nand %u more", band->count - 1);
    g_string_append_printf(canvas->body, "</title>%s\n", closing);
}

static double
band_width(const struct band *band)
{
    return MAX(band->to - band->from, BAR_NARROW);
}

void
lanes_write_outages(const struct canvas *canvas, const struct tunnel *tunnel, int top)
{
    struct service_end end = outage_log_end(tunnel, canvas->judge);
    GArray *bands = bands_of(canvas, tunnel, &end, BAR_NARROW);
    struct svg_number x_text, width_text;

    for (guint i = 0; i < bands->len; i++) {
        const struct band *band = &g_array_index(bands, struct band, i);
        g_string_append_printf(canvas->body, "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" class=\"outage\" data-outage=\"%u\">",
                svg_number(&x_text, band->from), top - CANVAS_OVERHANG, svg_number(&width_text, band_width(band)),
                canvas->y - CANVAS_GAP - top + CANVAS_OVERHANG, band->first->id);
        write_band_title(canvas, band, "</rect>");
    }
    g_array_free(bands, TRUE);
}

void
lanes_write_outage_marks(const struct canvas *canvas, const struct tunnel *tunnel)
{
    enum { MARKS_AT_MOST = 100 };
    struct service_end end = outage_log_end(tunnel, canvas->judge);
    double near = BAR_NARROW;
    GArray *bands = bands_of(canvas, tunnel, &end, near);
    struct svg_number x_text, width_text;

    while (bands->len > MARKS_AT_MOST) {
        g_array_free(bands, TRUE);
        near *= 2;
        bands = bands_of(canvas, tunnel, &end, near);
    }
    if (bands->len > 0) {
        struct band all = g_array_index(bands, struct band, 0);
        g_string_append(canvas->body, "<path class=\"outages\" d=\"");
        for (guint i = 0; i < bands->len; i++) {
            const struct band *band = &g_array_index(bands, struct band, i);
            g_string_append_printf(canvas->body, "M%s %dh%s", svg_number(&x_text, band->from), canvas->y + CANVAS_BAR / 2,
                    svg_number(&width_text, band_width(band)));
            all.count += i > 0 ? band->count : 0;
        }
        g_string_append(canvas->body, "\">");
        write_band_title(canvas, &all, "</path>");
    }
    g_array_free(bands, TRUE);
}

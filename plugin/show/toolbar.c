/* toolbar.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "toolbar.h"

#include <stdlib.h>

#include <epan/packet.h>

#include <epan/plugin_if.h>

#include <wsutil/report_message.h>

#include "filters.h"
#include "report_summary.h"
#include "user_words.h"
#include "window.h"
#include "windows.h"

/* The selector is as wide as what stood in it first. */
#define NO_CAPTURE "Open a capture: its tunnels are listed here, the worst first"

/* A longer list nobody scrolls through; the table has them all. */
#define TUNNELS_AT_MOST 200
#define DECIMAL 10

static outputs_source *source;
static ext_toolbar_t *selector;
static GList *values;               /* of ext_toolbar_value_t: the selector points to them */
static uint32_t chosen = UINT32_MAX; /* tunnel, or UINT32_MAX */

static void
free_value(void *data)
{
    ext_toolbar_value_t *value = data;

    g_free(value->value);
    g_free(value->display);
    g_free(value);
}

static GList *
first_value(const char *display)
{
    return ext_toolbar_add_val(NULL, (char *)"", (char *)display, TRUE);
}

static GList *
add_row(GList *list, const struct words *words, const struct overview *overview, const struct overview_row *row)
{
    char *value = g_strdup_printf("%u", row->tunnel->id);

    list = ext_toolbar_add_val(list, value, summary_line(words, overview, row), FALSE);
    g_free(value);
    return list;
}

/* What stands there until a tunnel is chosen. */
static const char *
title_of(const struct words *words, const struct overview *overview)
{
    if (overview->tunnels == 0)
        return "No IPsec was seen";
    return wmem_strdup_printf(words->scope, "%s: %s, %s", words_count(words, overview->tunnels, "tunnel", "tunnels, the worst"),
            state_name(overview->row[0].verdict.state), verdict_cause(&overview->row[0].verdict));
}

static GList *
list_tunnels(const struct tracker *tracker, const struct judge *judge)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    const struct words words = user_words(scope);
    struct overview overview = overview_of(scope, tracker_tunnels(tracker), judge);
    GList *list = first_value(title_of(&words, &overview));

    for (uint32_t i = 0; i < MIN(overview.tunnels, TUNNELS_AT_MOST); i++)
        list = add_row(list, &words, &overview, &overview.row[i]);
    wmem_destroy_allocator(scope);
    return list;
}

void
toolbar_update(void)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;
    GList *before = values;

    if (!window_is_there() || !source(&facts, &tracker, &judge))
        return;
    chosen = UINT32_MAX;
    values = list_tunnels(tracker, judge);
    ext_toolbar_update_data(selector, values, TRUE);
    g_list_free_full(before, free_value);
}

static void
choose_tunnel(gpointer item _U_, gpointer item_data, gpointer user_data _U_)
{
    const ext_toolbar_value_t *value = item_data;

    if (!value || value->value[0] == '\0') {
        chosen = UINT32_MAX;
        plugin_if_apply_filter("", TRUE);
        return;
    }
    chosen = (uint32_t)strtoul(value->value, NULL, DECIMAL);
    char *filter = filter_tunnel(chosen);
    plugin_if_apply_filter(filter, TRUE);
    g_free(filter);
}

/* The first frame of evidence behind this one, or else the very first; 0 where there is none. */
static uint32_t
next_evidence(const struct verdict *verdict, uint32_t frame)
{
    for (unsigned i = 0; i < verdict->evidence_count; i++)
        if (verdict->evidence[i] > frame)
            return verdict->evidence[i];
    return verdict->evidence_count > 0 ? verdict->evidence[0] : 0;
}

/* About the tunnel that was chosen, or else the worst.
 * @return false where there is none */
static bool
verdict_to_look_at(const struct tracker *tracker, const struct judge *judge, struct verdict *verdict)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    struct overview overview = overview_of(scope, tracker_tunnels(tracker), judge);

    const struct overview_row *row = chosen < tunnel_opened(tracker_tunnels(tracker)) ? overview.of[chosen] : NULL;

    if (overview.tunnels > 0)
        *verdict = (row ? row : &overview.row[0])->verdict;
    wmem_destroy_allocator(scope);
    return overview.tunnels > 0;
}

static void
show_next_evidence(gpointer item _U_, gpointer item_data _U_, gpointer user_data _U_)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;
    struct verdict verdict;

    if (!source(&facts, &tracker, &judge) || !verdict_to_look_at(tracker, judge, &verdict)) {
        report_failure("No IPsec was seen.");
        return;
    }
    uint32_t frame = next_evidence(&verdict, window_frame());
    if (frame == 0)
        report_failure("The verdict rests on no single packet.");
    else
        plugin_if_goto_frame(frame);
}

static void
show_report(gpointer item _U_, gpointer item_data _U_, gpointer user_data _U_)
{
    windows_show_report();
}

/* As Wireshark ends. */
static void
free_values(void)
{
    g_list_free_full(values, free_value);
    values = NULL;
}

void
toolbar_register(outputs_source *outputs)
{
    ext_toolbar_t *toolbar = ext_toolbar_register_toolbar("SPIscope");

    source = outputs;
    values = first_value(NO_CAPTURE);
    selector = ext_toolbar_add_entry(toolbar, EXT_TOOLBAR_SELECTOR, "Tunnel", NULL, "Filters a tunnel; the worst are first", FALSE, values, FALSE, NULL,
            choose_tunnel, NULL);
    ext_toolbar_add_entry(toolbar, EXT_TOOLBAR_BUTTON, "Next evidence", NULL, "The next packet that the verdict rests on", FALSE, NULL, FALSE, NULL,
            show_next_evidence, NULL);
    ext_toolbar_add_entry(toolbar, EXT_TOOLBAR_BUTTON, "Report", NULL, "Verdict, evidence and what to check, for every tunnel", FALSE, NULL, FALSE,
            NULL, show_report, NULL);
    register_shutdown_routine(free_values);
}

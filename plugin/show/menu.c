/* menu.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "menu.h"

#include <epan/packet.h>

#include <epan/plugin_if.h>

#include <wsutil/report_message.h>

#include "filters.h"
#include "window.h"
#include "windows.h"

static shown_lookup *find_shown;
static outputs_source *source;

enum entry {
    ENTRY_TUNNEL,
    ENTRY_FINDINGS,
    ENTRY_EVIDENCE,
    ENTRY_SA,
    ENTRY_STORY,
    ENTRY_NEIGHBOURS,
    ENTRY_LOG,
    ENTRY_REPORT,
    ENTRY_COPY,
    ENTRY_TIMELINE
};

/* What is selected in the packet list. */
struct selected {
    uint32_t frame;
    const struct tunnel *tunnel;
    const struct sa *sa;            /* NULL for an IKE message */
};

static bool
get_selected(struct selected *selected)
{
    selected->frame = window_frame();
    if (selected->frame != 0 && find_shown(selected->frame, &selected->tunnel, &selected->sa))
        return true;
    report_failure("Select an ESP, AH or IKE packet first.");
    return false;
}

static char *
evidence_of(uint32_t frame)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;

    return source(&facts, &tracker, &judge) ? filter_evidence(judge->findings, frame) : NULL;
}

/* For the caller to g_free; NULL where the packet has no such thing: that was said. */
static char *
filter_of(enum entry entry, const struct selected *selected)
{
    char *evidence;

    switch (entry) {
    case ENTRY_TUNNEL:
        return filter_tunnel(selected->tunnel->id);
    case ENTRY_FINDINGS:
        return filter_findings(selected->tunnel);
    case ENTRY_EVIDENCE:
        evidence = evidence_of(selected->frame);
        if (!evidence)
            report_failure("Nothing was found on the selected packet: select one with a finding.");
        return evidence;
    default:
        break;
    }
    if (!selected->sa) {
        report_failure("The selected packet is an IKE message: select an ESP or AH packet.");
        return NULL;
    }
    return entry == ENTRY_SA ? filter_sa(selected->sa) : entry == ENTRY_STORY ? filter_story(selected->sa) : filter_neighbours(selected->sa);
}

static void
apply_filter(ext_menubar_gui_type type _U_, gpointer gui _U_, gpointer user_data) /* cppcheck-suppress constParameterCallback; Wireshark's type */
{
    struct selected selected;

    if (!get_selected(&selected))
        return;
    char *filter = filter_of((enum entry)GPOINTER_TO_INT(user_data), &selected);
    if (filter)
        plugin_if_apply_filter(filter, TRUE);
    g_free(filter);
}

static void
open_window(ext_menubar_gui_type type _U_, gpointer gui _U_, gpointer user_data) /* cppcheck-suppress constParameterCallback; Wireshark's type */
{
    struct selected selected;

    switch ((enum entry)GPOINTER_TO_INT(user_data)) {
    case ENTRY_LOG:
        if (get_selected(&selected))
            windows_show_log(selected.tunnel);
        break;
    case ENTRY_COPY:
        windows_copy_report();
        break;
    case ENTRY_TIMELINE:
        windows_show_timeline();
        break;
    default:
        windows_show_report();
        break;
    }
}

void
menu_register(int proto, shown_lookup *lookup, outputs_source *outputs)
{
    static const struct {
        enum entry entry;
        const char *label;
        const char *tip;
    } entries[] = {
        { ENTRY_TUNNEL, "Filter this tunnel", "All packets between these two gateways" },
        { ENTRY_FINDINGS, "Filter this tunnel's findings", "The packets on which something was found, and those that this rests on" },
        { ENTRY_EVIDENCE, "Filter this finding's evidence", "The selected packet, and those that what was found on it rests on" },
        { ENTRY_SA, "Filter this SA", "The packets of the selected packet's SA" },
        { ENTRY_STORY, "Filter this SA's whole story", "Its negotiation, its packets, its Delete, and what was found about it" },
        { ENTRY_NEIGHBOURS, "Filter its predecessor and successor", "The SA with those before and after it" },
        { ENTRY_LOG, "Follow this tunnel", "What happened to it, a line for each event" },
        { ENTRY_REPORT, "Show the report", "Verdict, evidence and what to check, for every tunnel of this capture" },
        { ENTRY_COPY, "Copy the report", "The same, to the clipboard" },
        { ENTRY_TIMELINE, "Show the timeline", "Every SA and outage over time, in the browser" },
    };
    ext_menu_t *menu = ext_menubar_register_menu(proto, "SPIscope", TRUE);

    find_shown = lookup;
    source = outputs;
    ext_menubar_set_parentmenu(menu, "Tools");
    for (size_t i = 0; i < array_length(entries); i++) {
        bool is_window = entries[i].entry >= ENTRY_LOG;
        if (entries[i].entry == ENTRY_LOG)
            ext_menubar_add_separator(menu);
        ext_menubar_add_entry(menu, entries[i].label, entries[i].tip, is_window ? open_window : apply_filter, GINT_TO_POINTER((int)entries[i].entry));
    }
}

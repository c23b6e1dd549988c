/* menu.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "menu.h"

#include <epan/packet.h>
#include <epan/plugin_if.h>

#include <errno.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <wsutil/report_message.h>

#include "clipboard.h"
#include "window.h"

static menu_lookup *lookup;
static outputs_source *source;

enum entry {
    ENTRY_TUNNEL,
    ENTRY_SA,
    ENTRY_STORY,
    ENTRY_NEIGHBOURS,
    ENTRY_FINDINGS
};

static void *
frame_number(frame_data *frame, void *number) /* cppcheck-suppress [constParameterPointer,constParameterCallback]; Wireshark's type */
{
    *(uint32_t *)number = frame->num;
    return number;
}

/* The SAs before and after this one in its lineage, and itself. */
static char *
neighbours(const struct sa *sa)
{
    GString *filter = g_string_new(NULL);

    /* cppcheck-suppress nullPointerOutOfMemory; g_string_new ends the program where there is no memory */
    g_string_append_printf(filter, "spiscope.sa.spi == 0x%08x", sa->key.spi);
    if (sa->predecessor)
        g_string_append_printf(filter, " || spiscope.sa.spi == 0x%08x", sa->predecessor->key.spi);
    if (sa->successor)
        g_string_append_printf(filter, " || spiscope.sa.spi == 0x%08x", sa->successor->key.spi);
    return g_string_free(filter, FALSE);
}

static char *
filter_of(enum entry entry, const struct tunnel *tunnel, const struct sa *sa)
{
    switch (entry) {
    case ENTRY_TUNNEL:
        return g_strdup_printf("spiscope.tunnel == %u", tunnel->id);
    case ENTRY_FINDINGS:
        return g_strdup_printf("spiscope.tunnel == %u && spiscope.finding", tunnel->id);
    case ENTRY_SA:
        return sa ? g_strdup_printf("spiscope.sa == %u", sa->id) : NULL;
    case ENTRY_STORY:
        return sa ? g_strdup_printf("spiscope.sa.spi == 0x%08x", sa->key.spi) : NULL;
    case ENTRY_NEIGHBOURS:
        return sa ? neighbours(sa) : NULL;
    }
    return NULL;
}

static void
apply(ext_menubar_gui_type type _U_, gpointer gui _U_, gpointer user_data) /* cppcheck-suppress constParameterCallback; Wireshark's type */
{
    const struct tunnel *tunnel;
    const struct sa *sa;
    uint32_t frame = 0;

    plugin_if_get_frame_data(frame_number, &frame);
    if (frame == 0 || !lookup(frame, &tunnel, &sa)) {
        report_failure("Select an ESP, AH or IKE packet first.");
        return;
    }
    char *filter = filter_of((enum entry)GPOINTER_TO_INT(user_data), tunnel, sa);
    if (!filter) {
        report_failure("The selected packet is an IKE message: select an ESP or AH packet.");
        return;
    }
    plugin_if_apply_filter(filter, TRUE);
    g_free(filter);
}

/* The open capture's name: the window knows it, the command line does not once another file was opened. */
static const char *
open_file_name(void)
{
    const ws_info_t *info = window_info();

    return info ? info->cf_filename : NULL;
}

/* Writes the report into a new file that only the user can read.
 * @return its descriptor, or -1 with errno set and no file left */
static int
write_report_file(char **path, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge)
{
    *path = g_build_filename(g_get_tmp_dir(), "spiscope-report-XXXXXX.txt", NULL);
    int fd = g_mkstemp(*path);      /* never an existing file, nor where a link leads */
    int ours = fd < 0 ? -1 : dup(fd);
    FILE *out = ours < 0 ? NULL : fdopen(ours, "w");
    bool written = false;

    if (out) {
        report_write(out, facts, tracker, judge);
        written = !ferror(out);
        written &= fclose(out) == 0;
    } else if (ours >= 0) {
        close(ours);
    }
    if (written)
        return fd;
    int error = errno;
    if (fd >= 0) {
        close(fd);
        g_unlink(*path);
    }
    errno = error;
    return -1;
}

static void
copy_report(ext_menubar_gui_type type _U_, gpointer gui _U_, gpointer user_data _U_)
{
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;
    char *path = NULL;

    if (!source(&facts, &tracker, &judge) || facts.frames == 0) {
        report_failure("Open a capture first.");
        return;
    }
    facts.file = open_file_name();
    int fd = write_report_file(&path, &facts, tracker, judge);
    if (fd < 0) {
        report_failure("The report could not be written to %s: %s.", path, g_strerror(errno));
    } else if (clipboard_put(fd)) {
        g_unlink(path);
    } else {
        report_warning("The report is in the file\n%s\n\nInstall " CLIPBOARD_TOOLS " to have it on the clipboard.", path);
    }
    if (fd >= 0)
        close(fd);
    g_free(path);
}

void
menu_register(int proto, menu_lookup *finder, outputs_source *outputs)
{
    static const struct {
        enum entry entry;
        const char *label;
        const char *tip;
    } entries[] = {
        { ENTRY_TUNNEL, "Filter this tunnel", "All packets between these two gateways" },
        { ENTRY_FINDINGS, "Filter this tunnel's findings", "The packets on which something was found" },
        { ENTRY_SA, "Filter this SA", "The packets of the selected packet's SA" },
        { ENTRY_STORY, "Filter this SA's whole story", "Its negotiation, its packets and its Delete" },
        { ENTRY_NEIGHBOURS, "Filter its predecessor and successor", "The SA with those before and after it" },
    };
    ext_menu_t *menu = ext_menubar_register_menu(proto, "SPIscope", TRUE);

    lookup = finder;
    source = outputs;
    ext_menubar_set_parentmenu(menu, "Tools");
    for (size_t i = 0; i < array_length(entries); i++)
        ext_menubar_add_entry(menu, entries[i].label, entries[i].tip, apply, GINT_TO_POINTER((int)entries[i].entry));
    ext_menubar_add_separator(menu);
    ext_menubar_add_entry(menu, "Copy the report", "Verdict, evidence and what to check, for every tunnel of this capture", copy_report, NULL);
}

/* windows.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "windows.h"

#include <errno.h>
#include <unistd.h>

#include <epan/packet.h>

#include <epan/funnel.h>

#include <glib/gstdio.h>

#include <wsutil/report_message.h>

#include "life_log.h"
#include "text_window.h"
#include "timeline.h"
#include "window.h"

static outputs_source *source;

/* The timeline that the browser was shown last; removed when Wireshark ends. */
static char *timeline_path;

/* What is known of the open capture. */
struct open_capture {
    struct capture_facts facts;
    const struct tracker *tracker;
    const struct judge *judge;
};

/* The window knows the file's name; the command line does not once another file was opened. */
static bool
get_capture(struct open_capture *open)
{
    if (!source(&open->facts, &open->tracker, &open->judge) || open->facts.frames == 0) {
        report_failure("Open a capture first.");
        return false;
    }
    open->facts.file = window_file();
    return true;
}

/* All that was written to a file, from its beginning; for the caller to g_free. */
static char *
read_back(FILE *file)
{
    long length = ftell(file);
    char *text = length < 0 ? NULL : g_malloc((gsize)length + 1);

    if (!text)
        return NULL;
    rewind(file);
    text[fread(text, 1, (size_t)length, file)] = '\0';
    return text;
}

typedef void write_function(FILE *out, const struct capture_facts *facts, const struct tracker *tracker, const struct judge *judge);

/* What write writes; for the caller to g_free. NULL where there is no room for it: that was said. */
static char *
get_text(const struct open_capture *open, write_function *write)
{
    char *text = NULL;
    FILE *file = tmpfile();
    if (file) {
        write(file, &open->facts, open->tracker, open->judge);
        if (fflush(file) == 0 && !ferror(file))
            text = read_back(file);
    }
    if (!text)
        report_failure("The report could not be written to a temporary file: %s.", g_strerror(errno));
    if (file)
        fclose(file);
    return text;
}

void
windows_show_report(void)
{
    struct open_capture open;

    if (!get_capture(&open))
        return;
    char *text = get_text(&open, report_write_for_window), *copy = text ? get_text(&open, report_write) : NULL;
    if (copy)
        text_window_show("SPIscope report", text, copy, "spiscope-report.txt");
    g_free(text);
    g_free(copy);
}

void
windows_copy_report(void)
{
    struct open_capture open;

    if (!get_capture(&open))
        return;
    char *text = get_text(&open, report_write);
    if (text && text_window_copy(text))
        report_warning("The report is on the clipboard.");
    g_free(text);
}

void
windows_show_log(const struct tunnel *tunnel)
{
    struct open_capture open;

    if (!get_capture(&open))
        return;
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK_FAST);
    const char *title = wmem_strdup_printf(scope, "SPIscope tunnel %u", tunnel->id);
    const char *file = wmem_strdup_printf(scope, "spiscope-tunnel-%u.txt", tunnel->id);
    char *log = life_log(scope, tunnel, open.tracker, open.judge);
    text_window_show(title, log, log, file);
    wmem_destroy_allocator(scope);
}

static void
remove_timeline(void)
{
    if (timeline_path)
        g_unlink(timeline_path);
    g_free(timeline_path);
    timeline_path = NULL;
}

/* A new file each time, that only the user can read.
 * @return false with errno set and no file left */
static bool
write_timeline(const struct open_capture *open)
{
    remove_timeline();
    timeline_path = g_build_filename(g_get_tmp_dir(), "spiscope-timeline-XXXXXX.svg", NULL);
    int fd = g_mkstemp(timeline_path);      /* never an existing file, nor where a link leads */
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    timeline_write(out, &open->facts, open->tracker, open->judge);
    bool written = !ferror(out);
    return fclose(out) == 0 && written;
}

void
windows_show_timeline(void)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    struct open_capture open;

    if (!get_capture(&open) || !window)
        return;
    if (write_timeline(&open)) {
        window->browser_open_data_file(timeline_path);
        return;
    }
    report_failure("The timeline could not be written to %s: %s.", timeline_path, g_strerror(errno));
    remove_timeline();
}

void
windows_register(outputs_source *outputs)
{
    source = outputs;
    register_shutdown_routine(remove_timeline);
}

/* outputs.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "outputs.h"

#include <errno.h>
#include <stdlib.h>

#include <epan/packet.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include <glib/gstdio.h>

#include <wsutil/report_message.h>

#include "../compat.h"
#include "capture_name.h"
#include "timeline.h"
#include "window.h"

typedef void write_function(FILE *out, const struct capture_facts *facts, const struct tracker *tracker,
        const struct judge *judge);

struct output {
    write_function *write;
    FILE *file;                     /* stdout, or ours to close */
    const char *path;               /* NULL: stdout */
    const char *name;               /* for people */
};

static outputs_source *source;
static wmem_list_t *paths;          /* of those outputs that are written to files; NULL: there is none */

/* A wrong -z argument: said before the capture is read, and nothing is read. */
static void
refuse(const char *text, const char *what, const char *why)
{
    fprintf(stderr, "spiscope: ");
    fprintf(stderr, text, what, why);
    fputc('\n', stderr);
    exit(1);
}

/* Ends tshark; in Wireshark's window there is a capture open, which goes on. */
static void
complain(const struct output *output, int error)
{
    if (!window_is_there())
        refuse("%s could not be written: %s", output->name, g_strerror(error));
    report_failure("SPIscope: %s could not be written: %s", output->name, g_strerror(error));
}

/* tshark draws once, at the end. The window does so while it reads, too, and when another file is opened: each time
 * the file is written anew. */
static void
draw(void *data)
{
    struct output *output = data;
    struct capture_facts facts = { .first = NSTIME_INIT_ZERO };
    const struct tracker *tracker;
    const struct judge *judge;

    if (!source(&facts, &tracker, &judge))
        return;
    if (!output->file)
        output->file = g_fopen(output->path, "wb");
    if (!output->file) {
        complain(output, errno);
        return;
    }
    output->write(output->file, &facts, tracker, judge);
    bool failed = fflush(output->file) != 0 || ferror(output->file);
    if (output->file != stdout) {
        failed |= fclose(output->file) != 0;
        output->file = NULL;
    }
    if (failed)
        complain(output, errno);
}

static void
listen(write_function *write, FILE *file, const char *path, const char *name)
{
    struct output *output = wmem_new0(wmem_epan_scope(), struct output);

    if (capture_is_in_sessions())
        refuse("tshark -M forgets what came before, again and again: %s would tell of its last packets only%s", path ? path : name, "");
    output->write = write;
    output->file = file;
    output->path = path ? wmem_strdup(wmem_epan_scope(), path) : NULL;
    output->name = path ? output->path : name;
    const GString *error = register_tap_listener("spiscope", output, NULL, TL_REQUIRES_NOTHING, NULL, NULL, draw, NULL);
    if (error)
        refuse("%s%s", error->str, "");
}

static compat_stat_init
init_report(const char *argument, void *data _U_)
{
    bool all = strcmp(argument, "spiscope,report,all") == 0;

    if (!all && strcmp(argument, "spiscope,report") != 0)
        refuse("unknown argument in -z %s: it is -z spiscope,report or -z spiscope,report,all%s", argument, "");
    listen(all ? report_write_all : report_write, stdout, NULL, "the report");
    COMPAT_STAT_INIT_DONE;
}

/* Whether what is there is overwritten by writing to it. */
static bool
is_plain_file(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

/* Opens an output's file, which empties it: so the capture's own, and another output's, are refused. */
static FILE *
open_file(const char *path)
{
    const char *capture = capture_name();

    if (capture && is_plain_file(path) && capture_is_file(capture, path))
        refuse("%s is the capture itself%s", path, "");
    for (wmem_list_frame_t *other = paths ? wmem_list_head(paths) : NULL; other; other = wmem_list_frame_next(other))
        if (is_plain_file(path) && capture_is_file(wmem_list_frame_data(other), path))
            refuse("%s is named for two outputs%s", path, "");
    FILE *file = g_fopen(path, "wb");
    if (!file)
        refuse("%s can't be written: %s", path, g_strerror(errno));
    if (!paths)
        paths = wmem_list_new(wmem_epan_scope());
    wmem_list_append(paths, wmem_strdup(wmem_epan_scope(), path));
    return file;
}

static compat_stat_init
init_json(const char *argument, void *data _U_)
{
    const char *path = argument + strlen("spiscope,json");

    if (*path != '\0' && (*path != ',' || path[1] == '\0'))
        refuse("unknown argument in -z %s: it is -z spiscope,json or -z spiscope,json,FILE%s", argument, "");
    if (*path == ',')
        listen(json_write, open_file(path + 1), path + 1, NULL);
    else
        listen(json_write, stdout, NULL, "the JSON report");
    COMPAT_STAT_INIT_DONE;
}

static compat_stat_init
init_timeline(const char *argument, void *data _U_)
{
    const char *path = argument + strlen("spiscope,timeline");

    if (*path != ',' || path[1] == '\0')
        refuse("unknown argument in -z %s: it is -z spiscope,timeline,FILE.svg%s", argument, "");
    listen(timeline_write, open_file(path + 1), path + 1, NULL);
    COMPAT_STAT_INIT_DONE;
}

/* What begins with spiscope, and is none of those that are known. */
static compat_stat_init
init_unknown(const char *argument, void *data _U_)
{
    refuse("unknown argument in -z %s: it is -z spiscope,report, spiscope,report,all, spiscope,json[,FILE], spiscope,timeline,FILE.svg, "
            "spiscope,tunnel, spiscope,outage, spiscope,sa or spiscope,ike%s", argument, "");
    COMPAT_STAT_INIT_DONE;
}

void
outputs_register(outputs_source *outputs)
{
    static stat_tap_ui unknown_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = "spiscope",
        .tap_init_cb = init_unknown,
    };
    static stat_tap_ui report_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = "spiscope,report",
        .tap_init_cb = init_report,
    };
    static stat_tap_ui json_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = "spiscope,json",
        .tap_init_cb = init_json,
    };

    static stat_tap_ui timeline_ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = "spiscope,timeline",
        .tap_init_cb = init_timeline,
    };

    source = outputs;
    register_stat_tap_ui(&unknown_ui, NULL);
    register_stat_tap_ui(&report_ui, NULL);
    register_stat_tap_ui(&json_ui, NULL);
    register_stat_tap_ui(&timeline_ui, NULL);
}

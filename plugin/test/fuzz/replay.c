/* replay.c
 * Runs streams of events from files and folders: what a fuzzer found once, and seeds. For compilers
 * without libFuzzer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include <glib.h>

#include "events.h"

static unsigned long streams;

static int
replay(const char *path)
{
    char *data;
    gsize size;
    GDir *folder = g_dir_open(path, 0, NULL);

    if (folder) {
        int failed = 0;
        for (const char *name = g_dir_read_name(folder); name; name = g_dir_read_name(folder)) {
            char *inside = g_build_filename(path, name, NULL);
            failed |= replay(inside);
            g_free(inside);
        }
        g_dir_close(folder);
        return failed;
    }
    if (!g_file_get_contents(path, &data, &size, NULL)) {
        fprintf(stderr, "%s can't be read\n", path);
        return 1;
    }
    fprintf(stderr, "%s\n", path);      /* the last one named is the one that aborts */
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    g_free(data);
    streams++;
    return 0;
}

int
main(int argc, char **argv)
{
    int failed = argc < 2;

    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    fprintf(stderr, "%lu streams\n", streams);
    return failed || streams == 0;
}

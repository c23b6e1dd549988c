/* capture_name.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "capture_name.h"

#include <string.h>

#include <epan/wmem_scopes.h>

#include <glib.h>

/* The word after -r, or what follows it in the same word. */
static char *
find_file(const char *words, gsize length)
{
    const char *end = words + length;

    for (const char *word = words; word < end; word += strlen(word) + 1) {
        const char *next = word + strlen(word) + 1;
        if (strcmp(word, "-r") == 0 || strcmp(word, "--read-file") == 0)
            return next < end ? g_strdup(next) : NULL;
        if (g_str_has_prefix(word, "-r") && word[2] != '\0')
            return g_strdup(word + 2);
    }
    return NULL;
}

const char *
capture_name(void)
{
    static char *name;
    char *words = NULL;
    gsize length = 0;

    wmem_free(wmem_epan_scope(), name);
    name = NULL;
    if (!g_file_get_contents("/proc/self/cmdline", &words, &length, NULL) || length == 0)
        return NULL;
    char *found = find_file(words, length); /* GLib ends the contents with a zero byte of its own */
    g_free(words);
    if (found && strcmp(found, "-") != 0 && g_utf8_validate(found, -1, NULL))
        name = wmem_strdup(wmem_epan_scope(), found);
    g_free(found);
    return name;
}

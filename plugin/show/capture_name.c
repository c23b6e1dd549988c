/* capture_name.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "capture_name.h"

#include <string.h>

#include <epan/wmem_scopes.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "window.h"

/* tshark's options of one letter, that take a word and that take none. One that is not here, as a later version may have, leaves open which
 * words are which. */
static const char takes_word[] = "abBcCdeEfFGHijJKMNoOrRsStTuUwWXyYz", takes_none[] = "2DghIlLnpPqQvVx";

/* The words of a command line, each behind the other. */
struct command {
    const char *word;
    const char *end;
};

static const char *
next_word(struct command *command)
{
    const char *word = command->word < command->end ? command->word : NULL;

    if (word)
        command->word += strlen(word) + 1;
    return word;
}

/* Options of one letter in one word, such as -nr FILE.
 * @return false where one is not known */
static bool
take_letters(struct command *command, const char *letters, const char **file, bool *in_sessions)
{
    for (; *letters != '\0'; letters++) {
        if (strchr(takes_none, *letters))
            continue;
        if (!strchr(takes_word, *letters))
            return false;
        const char *value = letters[1] != '\0' ? letters + 1 : next_word(command);
        if (*letters == 'r')
            *file = value;
        *in_sessions |= *letters == 'M';
        break;
    }
    return true;
}

/* --read-file FILE, --read-file=FILE; what follows another one may be its value. */
static void
take_long(struct command *command, const char *option, const char **file)
{
    static const char read_file[] = "read-file";
    const char *value = strchr(option, '=');
    size_t length = value ? (size_t)(value - option) : strlen(option);

    if (value)
        value++;
    else if (command->word < command->end && command->word[0] != '-')
        value = next_word(command);
    if (length == strlen(read_file) && strncmp(option, read_file, length) == 0)
        *file = value ? value : next_word(command);
}

/* The file that tshark reads of those words; the last one counts. NULL where that can't be told.
 * @param in_sessions  gets whether it forgets all after so many packets (-M)
 * @param other  gets the first word that is no option, or NULL: the file in Wireshark's window, a filter in tshark */
static const char *
find_file(const char *words, gsize length, bool *in_sessions, const char **other)
{
    struct command command = { words, words + length };
    const char *file = NULL;

    *other = NULL;
    *in_sessions = false;
    next_word(&command);            /* the program */
    for (const char *word = next_word(&command); word; word = next_word(&command)) {
        if (word[0] != '-' || word[1] == '\0') {
            *other = word;
            break;
        }
        if (strcmp(word, "--") == 0)
            break;
        if (word[1] == '-')
            take_long(&command, word + 2, &file);
        else if (!take_letters(&command, word + 1, &file, in_sessions))
            return NULL;
    }
    return file;
}

/* Whether this process has the file open, as the window has the capture that it shows: by File > Open that may be another one. */
static bool
is_open(const char *file)
{
    GDir *descriptors = g_dir_open("/proc/self/fd", 0, NULL);
    bool is_found = false;

    for (const char *name = descriptors ? g_dir_read_name(descriptors) : NULL; name && !is_found; name = g_dir_read_name(descriptors)) {
        char *path = g_strdup_printf("/proc/self/fd/%s", name);
        is_found = capture_is_file(file, path);
        g_free(path);
    }
    if (descriptors)
        g_dir_close(descriptors);
    return is_found;
}

bool
capture_is_file(const char *one, const char *other)
{
    GStatBuf a, b;

    /* where files have no numbers, as on Windows, nothing is known */
    return g_stat(one, &a) == 0 && g_stat(other, &b) == 0 && a.st_ino != 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

bool
capture_is_in_sessions(void)
{
    char *words = NULL;
    gsize length = 0;
    const char *other;
    bool in_sessions = false;

    if (g_file_get_contents("/proc/self/cmdline", &words, &length, NULL) && length > 0)
        find_file(words, length, &in_sessions, &other);
    g_free(words);
    return in_sessions;
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
    bool in_sessions;
    const char *other, *found = find_file(words, length, &in_sessions, &other);   /* GLib ends the contents with a zero byte of its own */
    if (window_is_there()) {
        found = found ? found : other;
        found = found && is_open(found) ? found : NULL;
    }
    if (found && strcmp(found, "-") != 0 && g_utf8_validate(found, -1, NULL))
        name = wmem_strdup(wmem_epan_scope(), found);
    g_free(words);
    return name;
}

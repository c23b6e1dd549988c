/* clipboard.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "clipboard.h"

#include <glib.h>

#ifdef G_OS_UNIX
#include <unistd.h>

enum { WORDS_AT_MOST = 4 };

/* In the order of preference; each reads the text from its standard input. */
static const struct {
    const char *needs;              /* environment variable without which the tool can do nothing, or NULL */
    const char *words[WORDS_AT_MOST];
} tools[] = {
    { "WAYLAND_DISPLAY", { "wl-copy", "--type", "text/plain" } },
    { "DISPLAY", { "xclip", "-selection", "clipboard" } },
    { "DISPLAY", { "xsel", "--clipboard", "--input" } },
    { NULL, { "pbcopy" } },
};

/* In the child, between fork and exec. */
static void
read_from(gpointer fd)
{
    dup2(GPOINTER_TO_INT(fd), STDIN_FILENO);
}

/* Waits until the tool has taken the text: then it lives on in the background, or has ended. */
static bool
run(const char *const words[], int fd)
{
    char *program = g_find_program_in_path(words[0]);
    char *arguments[WORDS_AT_MOST + 1] = { program };
    /* NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): a set of flags, which clang-tidy 19 takes for one of them */
    GSpawnFlags flags = G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    int status;

    if (!program)
        return false;
    for (int i = 1; i < WORDS_AT_MOST && words[i]; i++)
        arguments[i] = (char *)words[i];
    bool taken = lseek(fd, 0, SEEK_SET) == 0 &&
            g_spawn_sync(NULL, arguments, NULL, flags, read_from, GINT_TO_POINTER(fd), NULL, NULL, &status, NULL) && status == 0;
    g_free(program);
    return taken;
}

bool
clipboard_put(int fd)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++)
        if ((!tools[i].needs || g_getenv(tools[i].needs)) && run(tools[i].words, fd))
            return true;
    return false;
}

#else

bool
clipboard_put(int fd)
{
    (void)fd;
    return false;
}

#endif

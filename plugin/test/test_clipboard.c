/* test_clipboard.c
 * The clipboard's tools, by stand-ins in a PATH that holds nothing else: which one is asked, what it is given,
 * and what is said when it fails.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "test.h"

#include <unistd.h>

#include <glib/gstdio.h>

#include "show/clipboard.h"

#define TEXT "Verdict\n  \"quoted\" $(touch x) `y` %s \xe2\x86\x94\n"

static char *folder;

static char *
in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* A program that notes its arguments and its standard input, then ends with a status. */
static void
install(const char *name, int status)
{
    char *path = in_folder(name), *log = in_folder("log");
    char *script = g_strdup_printf("#!/bin/sh\n{ printf '%%s\\n' \"%s $*\"; /bin/cat; } >>'%s'\nexit %d\n", name, log, status);

    bool is_written = g_file_set_contents(path, script, -1, NULL);
    g_assert_true(is_written);
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
    g_free(script);
    g_free(log);
    g_free(path);
}

static void
forget(const char *name)
{
    char *path = in_folder(name);

    g_unlink(path);
    g_free(path);
}

static void
assert_logged(const char *expected)
{
    char *path = in_folder("log"), *log = NULL;

    if (!g_file_get_contents(path, &log, NULL, NULL))
        log = g_strdup("");
    g_assert_cmpstr(log, ==, expected);
    g_unlink(path);
    g_free(log);
    g_free(path);
}

/* Its descriptor stands behind the text, as after writing. */
static int
text_file(void)
{
    char *path = in_folder("text-XXXXXX");
    int fd = g_mkstemp(path);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, TEXT, strlen(TEXT)), ==, strlen(TEXT));
    g_unlink(path);
    g_free(path);
    return fd;
}

static void
test_x11(void)
{
    int fd = text_file();

    g_unsetenv("WAYLAND_DISPLAY");
    g_setenv("DISPLAY", ":99", TRUE);
    install("wl-copy", 0);
    install("xclip", 0);
    g_assert_true(clipboard_put(fd));
    assert_logged("xclip -selection clipboard\n" TEXT);
    forget("wl-copy");
    forget("xclip");
    close(fd);
}

static void
test_wayland(void)
{
    int fd = text_file();

    g_setenv("WAYLAND_DISPLAY", "wayland-0", TRUE);
    g_setenv("DISPLAY", ":99", TRUE);
    install("wl-copy", 0);
    install("xclip", 0);
    g_assert_true(clipboard_put(fd));
    assert_logged("wl-copy --type text/plain\n" TEXT);
    forget("wl-copy");
    forget("xclip");
    close(fd);
}

/* Each one is asked from the beginning of the text. */
static void
test_next_one_where_one_fails(void)
{
    int fd = text_file();

    g_unsetenv("WAYLAND_DISPLAY");
    g_setenv("DISPLAY", ":99", TRUE);
    install("xclip", 1);
    install("xsel", 0);
    g_assert_true(clipboard_put(fd));
    assert_logged("xclip -selection clipboard\n" TEXT "xsel --clipboard --input\n" TEXT);
    install("xsel", 1);
    g_assert_false(clipboard_put(fd));
    assert_logged("xclip -selection clipboard\n" TEXT "xsel --clipboard --input\n" TEXT);
    forget("xclip");
    forget("xsel");
    close(fd);
}

static void
test_none(void)
{
    int fd = text_file();

    g_setenv("WAYLAND_DISPLAY", "wayland-0", TRUE);
    g_setenv("DISPLAY", ":99", TRUE);
    g_assert_false(clipboard_put(fd));
    g_unsetenv("WAYLAND_DISPLAY");
    g_unsetenv("DISPLAY");
    install("xclip", 0);
    g_assert_false(clipboard_put(fd));
    assert_logged("");
    forget("xclip");
    close(fd);
}

int
main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    folder = g_dir_make_tmp("spiscope-clipboard-XXXXXX", NULL);
    g_assert_nonnull(folder);
    g_setenv("PATH", folder, TRUE);
    g_test_add_func("/clipboard/x11", test_x11);
    g_test_add_func("/clipboard/wayland", test_wayland);
    g_test_add_func("/clipboard/next-one-where-one-fails", test_next_one_where_one_fails);
    g_test_add_func("/clipboard/none", test_none);
    int result = test_run();
    g_rmdir(folder);
    g_free(folder);
    return result;
}

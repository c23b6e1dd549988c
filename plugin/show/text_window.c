/* text_window.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "text_window.h"

#include <errno.h>

#include <epan/packet.h>

#include <epan/funnel.h>

#include <wsutil/report_message.h>

#include "../compat.h"

/* Of one window, for its buttons; freed with it. */
struct shown_text {
    char *text;
    char *file;
    funnel_bt_t copy;
    funnel_bt_t save;
};

static void
free_shown(void *data)
{
    struct shown_text *shown = data;

    g_free(shown->text);
    g_free(shown->file);
    g_free(shown);
}

bool
text_window_copy(const char *text)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();

    if (!window || !window->copy_to_clipboard)
        return false;
    GString *copy = g_string_new(text);
    window->copy_to_clipboard(copy);
    g_string_free(copy, TRUE);
    return true;
}

static compat_button
copy_clicked(funnel_text_window_t *ours _U_, void *data)
{
    const struct shown_text *shown = data;

    text_window_copy(shown->text);
    return TRUE;
}

/* What the user made of the dialog's only field. */
static void
save_as(char **fields, void *data)
{
    char *text = data;
    GError *error = NULL;

    if (!fields || !fields[0] || fields[0][0] == '\0')
        return;
    if (g_file_set_contents(fields[0], text, -1, &error))
        return;
    report_failure("%s could not be written: %s", fields[0], error->message);
    g_error_free(error);
}

static compat_button
save_clicked(funnel_text_window_t *ours _U_, void *data)
{
    const struct shown_text *shown = data;
    const funnel_ops_t *window = funnel_get_funnel_ops();
    const char *names[] = { "File", NULL };
    const char *values[] = { shown->file, NULL };

    window->new_dialog(window->ops_id, "Save the text", names, values, save_as, g_strdup(shown->text), g_free);
    return TRUE;
}

void
text_window_show(const char *title, const char *text, const char *copy, const char *file)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();

    if (!window || !window->new_text_window)
        return;
    struct shown_text *shown = g_new0(struct shown_text, 1);
    shown->text = g_strdup(copy);
    shown->file = g_build_filename(g_get_home_dir(), file, NULL);
    shown->copy = (funnel_bt_t){ .func = copy_clicked, .data = shown };
    shown->save = (funnel_bt_t){ .func = save_clicked, .data = shown };
    funnel_text_window_t *ours = window->new_text_window(window->ops_id, title);
    window->set_text(ours, text);
    window->add_button(ours, &shown->copy, "Copy");
    window->add_button(ours, &shown->save, "Save");
    window->set_close_cb(ours, free_shown, shown);
}

/* window.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "window.h"

/* What the window tells of itself and of the open file, or NULL. The next call frees its texts. */
static const ws_info_t *
window_info(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info && info->ws_info_supported ? info : NULL;
}

bool
window_is_there(void)
{
    static bool is_there;

    if (!is_there)
        is_there = window_info() != NULL;
    return is_there;
}

const char *
window_file(void)
{
    static char *file;
    const ws_info_t *info = window_info();

    wmem_free(wmem_epan_scope(), file);
    file = info && info->cf_filename ? wmem_strdup(wmem_epan_scope(), info->cf_filename) : NULL;
    return file;
}

static void *
frame_number(frame_data *frame, void *number) /* cppcheck-suppress [constParameterPointer,constParameterCallback]; Wireshark's type */
{
    *(uint32_t *)number = frame->num;
    return number;
}

uint32_t
window_frame(void)
{
    uint32_t number = 0;

    plugin_if_get_frame_data(frame_number, &number);
    return number;
}

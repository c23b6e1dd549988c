/* window.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "window.h"

const ws_info_t *
window_info(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info && info->ws_info_supported ? info : NULL;
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

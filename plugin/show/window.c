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

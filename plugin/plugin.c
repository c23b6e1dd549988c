/* plugin.c
 * What Wireshark asks of a shared library.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdint.h>

#define WS_BUILD_DLL                /* on Windows: export what follows, rather than import it */
#include <ws_attributes.h>
#include <ws_symbol_export.h>
#include <ws_version.h>

#include <epan/proto.h>

#include "spiscope.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = SPISCOPE_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

uint32_t
plugin_describe(void)
{
    return 1;                       /* a dissector; WS_PLUGIN_DESC_DISSECTOR from 4.2 on */
}

void
plugin_register(void)
{
    static proto_plugin plugin;

    plugin.register_protoinfo = proto_register_spiscope;
    plugin.register_handoff = proto_reg_handoff_spiscope;
    proto_register_plugin(&plugin);
}

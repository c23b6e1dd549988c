/* compat.h
 * What differs between Wireshark 4.0 and 4.6, and nothing else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_COMPAT_H
#define SPISCOPE_COMPAT_H

#include <stdbool.h>

#include <glib.h>

#include <ws_version.h>
#include <wsutil/pint.h>

#define WIRESHARK_AT_LEAST(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) \
        || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

#if !WIRESHARK_AT_LEAST(4, 0)
#error "SPIscope needs Wireshark 4.0 or later"
#endif

/* Renamed in 4.4. */
#if !WIRESHARK_AT_LEAST(4, 4)
#define tvb_get_uint8 tvb_get_guint8
#endif

/* Numbers in network byte order: renamed in 4.6. */
#if !WIRESHARK_AT_LEAST(4, 6)
#define pntohu16 pntoh16
#define pntohu32 pntoh32
#define pntohu64 pntoh64
#endif

/* Boolean preferences, tap flags, what wmem's callbacks return: gboolean has four bytes, bool has one. */
#if WIRESHARK_AT_LEAST(4, 2)
typedef bool compat_bool;
#else
typedef gboolean compat_bool;
#endif

/* What the init callback of a -z option returns: nothing until 4.4, then whether it succeeded. */
#if WIRESHARK_AT_LEAST(4, 6)
typedef bool compat_stat_init;
#define COMPAT_STAT_INIT_DONE return true
#else
typedef void compat_stat_init;
#define COMPAT_STAT_INIT_DONE return
#endif

/* The third of a tap's packet callback's arguments and its flags have been there since 3.6. */
#define COMPAT_TAP_PACKET_ARGS \
    void *tapdata, packet_info *pinfo, epan_dissect_t *edt, const void *data, tap_flags_t flags

#endif /* SPISCOPE_COMPAT_H */

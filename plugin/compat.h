/* compat.h
 * What differs between Wireshark's versions, and nothing else; probes.cmake finds out which it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SPISCOPE_COMPAT_H
#define SPISCOPE_COMPAT_H

#include <stdbool.h>

#include <glib.h>

#include <ws_version.h>
#include <wsutil/pint.h>

#if WIRESHARK_VERSION_MAJOR < 4
#error "SPIscope needs Wireshark 4.0 or later"
#endif

#ifndef SPISCOPE_HAS_TVB_GET_UINT8
#define tvb_get_uint8 tvb_get_guint8
#endif

/* Numbers in network byte order. */
#ifndef SPISCOPE_HAS_PNTOHU
#define pntohu16 pntoh16
#define pntohu32 pntoh32
#define pntohu64 pntoh64
#endif

/* What a boolean preference points to: gboolean has four bytes, bool has one. */
#ifdef SPISCOPE_HAS_BOOL_PREFERENCES
typedef bool compat_preference;
#else
typedef gboolean compat_preference;
#endif

/* What wmem's callbacks return. */
#ifdef SPISCOPE_HAS_BOOL_WMEM_CALLBACKS
typedef bool compat_wmem_result;
#else
typedef gboolean compat_wmem_result;
#endif

/* What the init callback of a -z option returns: nothing, or whether it succeeded. */
#ifdef SPISCOPE_HAS_STAT_INIT_RESULT
typedef bool compat_stat_init;
#define COMPAT_STAT_INIT_DONE return true
#else
typedef void compat_stat_init;
#define COMPAT_STAT_INIT_DONE return
#endif

/* What a table in the preferences says of a row: whether it can be used. */
#ifdef SPISCOPE_HAS_BOOL_UAT
typedef bool compat_uat_result;
#else
typedef gboolean compat_uat_result;
#endif

/* Names of interfaces: where files can hold several sections, each has its own. Gives NULL, or "unknown", where there is none. */
#ifdef SPISCOPE_HAS_INTERFACE_SECTIONS
#define compat_interface_name(pinfo, id) epan_get_interface_name((pinfo)->epan, id, \
        (pinfo)->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? (pinfo)->rec->section_number : 0)
#define compat_interface_description(pinfo, id) epan_get_interface_description((pinfo)->epan, id, \
        (pinfo)->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? (pinfo)->rec->section_number : 0)
#else
#define compat_interface_name(pinfo, id) epan_get_interface_name((pinfo)->epan, id)
#define compat_interface_description(pinfo, id) epan_get_interface_description((pinfo)->epan, id)
#endif

/* What a button of a text window returns. */
#ifdef SPISCOPE_HAS_BOOL_BUTTONS
typedef bool compat_button;
#else
typedef gboolean compat_button;
#endif

/* A conversation filter's callbacks and its registration: they hand on what was registered with them. */
#ifdef SPISCOPE_HAS_CONVERSATION_FILTER_DATA
typedef bool compat_filter_valid;
#define COMPAT_FILTER_ARGS struct _packet_info *pinfo, void *user_data _U_
#define COMPAT_FILTER_REGISTER(protocol, name, is_valid, build) register_conversation_filter(protocol, name, is_valid, build, NULL)
#else
typedef gboolean compat_filter_valid;
#define COMPAT_FILTER_ARGS struct _packet_info *pinfo
#define COMPAT_FILTER_REGISTER(protocol, name, is_valid, build) register_conversation_filter(protocol, name, is_valid, build)
#endif

/* Registers what the Follow menu follows, where it lists what plugins register: by then it wants to know how many streams there are. */
#ifdef SPISCOPE_HAS_FOLLOW_COUNT
#define COMPAT_FOLLOW_REGISTER(protocol, tap, conversation, number, addresses, port, take, count) \
    register_follow_stream(protocol, tap, conversation, number, addresses, port, take, count, NULL)
#else
#define COMPAT_FOLLOW_REGISTER(protocol, tap, conversation, number, addresses, port, take, count) \
    ((void)(protocol), (void)(tap), (void)(conversation), (void)(number), (void)(addresses), (void)(port), (void)(take), (void)(count))
#endif

/* The third of a tap's packet callback's arguments and its flags have been there since 3.6. */
#define COMPAT_TAP_PACKET_ARGS \
    void *tapdata, packet_info *pinfo, epan_dissect_t *edt, const void *data, tap_flags_t flags

#endif /* SPISCOPE_COMPAT_H */

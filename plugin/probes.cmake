# SPDX-License-Identifier: GPL-2.0-or-later
#
# What differs between Wireshark's versions, found out by compiling and not by what a version is called: a declaration that is not
# Wireshark's own does not compile beside it. compat.h makes of each answer what the code uses. A wrong answer is a compile error: a
# pointer of another type is one, whatever else is a warning.
#
#   SPISCOPE_PROBED        gets the compiler's options, -D for each answer; they hold in this folder and below
#   CMAKE_REQUIRED_*       are set by the caller where headers are not found by the target epan

include(CheckCSourceCompiles)

add_compile_options(-Werror=incompatible-pointer-types)
set(SPISCOPE_PROBED)

set(probe_headers "
#include <stdbool.h>
#include <epan/packet.h>
#include <epan/conversation_filter.h>
#include <epan/epan.h>
#include <epan/follow.h>
#include <epan/funnel.h>
#include <epan/prefs.h>
#include <epan/stat_tap_ui.h>
#include <epan/uat.h>
#include <wsutil/pint.h>
")

function(spiscope_probe_compiles result declaration)
    string(CONCAT probe "${probe_headers}" "${declaration}" "\nint main(void) { return 0; }\n")
    check_c_source_compiles("${probe}" ${result})
endfunction()

# Adds -DNAME where the declaration is Wireshark's own, too.
macro(spiscope_probe name declaration)
    spiscope_probe_compiles(${name} "${declaration}")
    if(${name})
        list(APPEND SPISCOPE_PROBED -D${name})
    endif()
endmacro()

if(TARGET epan AND NOT CMAKE_REQUIRED_INCLUDES)
    set(CMAKE_REQUIRED_LIBRARIES epan wsutil)
endif()
set(CMAKE_REQUIRED_FLAGS -Wno-deprecated-declarations)

# Else every answer would be no.
spiscope_probe_compiles(SPISCOPE_HAS_HEADERS "")
if(NOT SPISCOPE_HAS_HEADERS)
    message(FATAL_ERROR "Wireshark's headers do not compile: see CMakeFiles/CMakeError.log, or CMakeConfigureLog.yaml")
endif()

# One byte for a flag (bool), or four (gboolean)
spiscope_probe(SPISCOPE_HAS_BOOL_PREFERENCES
    "void prefs_register_bool_preference(module_t *, const char *, const char *, const char *, bool *);")
spiscope_probe(SPISCOPE_HAS_BOOL_WMEM_CALLBACKS "typedef bool (*wmem_user_cb_t)(wmem_allocator_t *, wmem_cb_event_t, void *);")
# The init callback of a -z option says whether it succeeded, or nothing
spiscope_probe(SPISCOPE_HAS_STAT_INIT_RESULT "typedef bool (*stat_tap_init_cb)(const char *, void *);")
# A conversation filter's callbacks get what was handed in at registration
spiscope_probe(SPISCOPE_HAS_CONVERSATION_FILTER_DATA
    "typedef bool (*is_filter_valid_func)(struct _packet_info *, void *);")
# A follower says how many streams there are: from then on the window's menu lists each that is registered
spiscope_probe(SPISCOPE_HAS_FOLLOW_COUNT "follow_stream_count_func probe;")
# What a table in the preferences says of a row
spiscope_probe(SPISCOPE_HAS_BOOL_UAT "typedef bool (*uat_update_cb_t)(void *, char **);")
# What a button of a text window returns
spiscope_probe(SPISCOPE_HAS_BOOL_BUTTONS "typedef bool (*funnel_bt_cb_t)(funnel_text_window_t *, void *);")
# An interface's number counts within a section of the file
spiscope_probe(SPISCOPE_HAS_INTERFACE_SECTIONS
    "const char *epan_get_interface_name(const epan_t *, uint32_t, unsigned);")
# Names without the letter g
spiscope_probe(SPISCOPE_HAS_TVB_GET_UINT8 "uint8_t (*probe)(tvbuff_t *, const int) = tvb_get_uint8;")
spiscope_probe(SPISCOPE_HAS_PNTOHU "uint32_t (*probe)(const void *) = pntohu32;")

unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LIBRARIES)
add_compile_options(${SPISCOPE_PROBED})

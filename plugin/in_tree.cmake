# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin as a part of Wireshark's own build, with its macros and compiler warnings. plugin.c is ours, the same as out of
# tree: the one that Wireshark's build would make says nothing else.

include(WiresharkPlugin)

string(REPLACE "." ";" version ${SPISCOPE_NUMBER})
set_module_info(spiscope ${version} 0)

# What Wireshark's headers want is written by its build once it has been through the plugins: the probes have their own copy.
set(early ${CMAKE_CURRENT_BINARY_DIR}/early)
foreach(folder ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
    if(EXISTS ${folder}/ws_version.h.in)
        configure_file(${folder}/ws_version.h.in ${early}/ws_version.h)
    endif()
endforeach()
set(CMAKE_REQUIRED_INCLUDES ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include ${early} ${GLIB2_INCLUDE_DIRS})
include(${CMAKE_CURRENT_SOURCE_DIR}/probes.cmake)
unset(CMAKE_REQUIRED_INCLUDES)

set_source_files_properties(${PLUGIN_FILES} PROPERTIES COMPILE_FLAGS "${WERROR_COMMON_FLAGS}")
add_wireshark_plugin_library(spiscope epan)
target_compile_definitions(spiscope PRIVATE SPISCOPE_VERSION="${SPISCOPE_VERSION}")
target_link_libraries(spiscope epan ${SPISCOPE_MATH})
install_plugin(spiscope epan)

# Wireshark installs its own profiles from a list of its own, and those of its build folder are found without installation.
install(DIRECTORY profile/SPIscope DESTINATION ${CMAKE_INSTALL_DATADIR}/wireshark/profiles)
file(COPY profile/SPIscope DESTINATION ${DATAFILE_DIR}/profiles)

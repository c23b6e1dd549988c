# SPDX-License-Identifier: GPL-2.0-or-later
#
# spiscope-batch, for everyone: beside Wireshark's own commands. An installation into a personal folder has none; it runs from here, too.

if(SPISCOPE_INSTALL_DIR OR SPISCOPE_PROFILE_DIR)
    return()
endif()
set(batch ${CMAKE_CURRENT_LIST_DIR})
set(batch_prefix ${Wireshark_INSTALL_PREFIX})
set(batch_page ${CMAKE_CURRENT_BINARY_DIR}/spiscope-batch.1.gz)
execute_process(COMMAND gzip -9nc ${batch}/spiscope-batch.1 OUTPUT_FILE ${batch_page} COMMAND_ERROR_IS_FATAL ANY)
set(batch_file OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(PROGRAMS ${batch}/spiscope-batch DESTINATION ${batch_prefix}/bin)
install(FILES ${batch}/index.jq ${batch}/result.jq ${batch}/summary.jq ${batch}/words.jq DESTINATION ${batch_prefix}/share/spiscope PERMISSIONS ${batch_file})
install(FILES ${batch_page} DESTINATION ${batch_prefix}/share/man/man1 PERMISSIONS ${batch_file})
install(FILES ${batch}/spiscope-batch.bash DESTINATION ${batch_prefix}/share/bash-completion/completions RENAME spiscope-batch PERMISSIONS ${batch_file})

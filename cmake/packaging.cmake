# SPDX-License-Identifier: GPL-2.0-or-later
#
# What cpack makes of a build for the system's own folders: a .deb for the Wireshark that it was built with.

set(minor ${Wireshark_MAJOR_VERSION}.${Wireshark_MINOR_VERSION})
math(EXPR next "${Wireshark_MINOR_VERSION} + 1")
set(next ${Wireshark_MAJOR_VERSION}.${next})

# As Debian's own tools take it from the environment. .invalid is reserved for what is no address (RFC 2606).
set(SPISCOPE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
if(NOT SPISCOPE_MAINTAINER MATCHES "^.+ <.+@.+>$")
    set(SPISCOPE_MAINTAINER "SPIscope <spiscope@spiscope.invalid>")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME wireshark-spiscope)
set(CPACK_PACKAGE_CONTACT "${SPISCOPE_MAINTAINER}")
# The same source for a later Wireshark is an upgrade: Debian's own grows by 4.N from release to release
set(CPACK_PACKAGE_VERSION ${SPISCOPE_VERSION}+ws${minor})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Wireshark loads plugins of its own 4.N only
set(CPACK_DEBIAN_PACKAGE_DEPENDS "wireshark-common (>= ${minor}~), wireshark-common (<< ${next}~)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "wireshark | tshark")
# For spiscope-batch
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "tshark, parallel, jq")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Wireshark plugin that says why an IPsec tunnel flaps")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Follows every ESP and AH security association and every IKE SA of a
capture: when an SPI appeared, how long it lived, what replaced it, what
was lost on it, what was refused. Marks the packets at which something
goes wrong, and gives a verdict per tunnel: proxy IDs that do not match,
lifetimes that differ, a dead peer, and so on.
.
With the plugin come a profile of columns, colours and filter buttons, and
spiscope-batch, a command for folders of captures.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
# The plugin's and the profile's folders are absolute
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)

# What Debian wants in /usr/share/doc
set(doc ${PROJECT_BINARY_DIR}/doc)
string(TIMESTAMP SPISCOPE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/copyright.in ${doc}/copyright @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in ${PROJECT_BINARY_DIR}/changelog @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/plugin/report.schema.json ${doc}/report.schema.json COPYONLY)
execute_process(COMMAND gzip -9nc ${PROJECT_BINARY_DIR}/changelog OUTPUT_FILE ${doc}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD ${doc}/copyright ${doc}/changelog.gz ${doc}/report.schema.json PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
set(CPACK_INSTALLED_DIRECTORIES "${doc};/usr/share/doc/${CPACK_PACKAGE_NAME}")

include(CPack)

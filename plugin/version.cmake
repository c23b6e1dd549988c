# SPDX-License-Identifier: GPL-2.0-or-later
#
# The version of SPIscope, here as in Wireshark's own tree this folder is all there is.
set(SPISCOPE_VERSION 0.2.0)
# Without what Debian calls it before its release, "~dev": CMake and Windows want numbers alone.
string(REGEX MATCH "^[0-9.]+" SPISCOPE_NUMBER ${SPISCOPE_VERSION})

# SPDX-License-Identifier: GPL-2.0-or-later
#
# The version of SPIscope, here as in Wireshark's own tree this folder is all there is.
set(SPISCOPE_VERSION 0.1.0)

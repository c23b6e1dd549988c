# SPDX-License-Identifier: GPL-2.0-or-later
"""INVALID_SPI, inside of an IKE SA and outside."""
import struct

import ike_bytes as ike
from cases import case
from ike_peers import Ike1, Ike2
from writer import A, B, S


@case
def ike2_invalid_spi(cap):
    """B says within the IKE SA that it does not know an SPI, which stands in the notification data"""
    sa = Ike2(cap)
    child = sa.start(0)
    child.send_every(S, 20 * S, (A, B))
    frame, _ = sa.exchange(30 * S, 1, ike.INFO, [ike.notify2(ike.N_INVALID_SPI, struct.pack(">I", 0xBADC0DE1))], [])
    cap.expect("invalid_spi", frame, "0xbadc0de1", B)


@case
def ike2_invalid_spi_outside(cap):
    """B says so outside of any IKE SA (RFC 7296 section 1.5): random SPIs, no answer expected"""
    sa = Ike2(cap)
    child = sa.start(0)
    child.send_every(S, 20 * S, (A, B))
    other = Ike2(cap, B, A)
    frame = other.say(30 * S, 0, ike.INFO, 0, [ike.notify2(ike.N_INVALID_SPI, struct.pack(">I", 0xBADC0DE2))], responder=0)[0]
    child.send_every(31 * S, 60 * S, (A, B))
    cap.expect("invalid_spi", frame, "0xbadc0de2", B, confidence="suspected")       # in clear: anybody may have sent it


@case
def ike1_invalid_spi(cap):
    """B says so in an Informational; the SPI stands in the notify's SPI field"""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0)
    frame = sa.informational(30 * S, 1, [sa.hash(), ike.notify1(ike.N1_INVALID_SPI, struct.pack(">I", 0xBADC0DE3))])
    cap.expect("invalid_spi", frame, "0xbadc0de3", B)

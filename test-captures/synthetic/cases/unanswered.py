# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that are never answered."""
import ike_bytes as ike
from cases import case, variants
from ike_bytes import life
from ike_peers import LONG, Ike1, Ike2
from writer import REPLY, S


@case
def ike2_no_response(cap):
    """IKE_SA_INIT is sent four times and never answered; then a new one with another SPI, which is"""
    sa, again = Ike2(cap), Ike2(cap)
    first = sa.say(0, 0, ike.INIT, 0, [ike.sa2_ike(), ike.ke2(14, b"k" * 256), ike.Payload(ike.NONCE2, b"n" * 32)], responder=0)[0]
    for time in (1, 3, 7):
        cap.expect("ike_retransmission", cap.repeat(time * S, first))
    frame, _ = again.init(15 * S)
    again.auth(16 * S)
    cap.expect("ike_no_response", frame, "IKE_SA_INIT", "4 times", "15.0 s")


@case
def ike2_one_sided(cap):
    """The capture sees only A's messages: two IKE SAs, an hour apart, none sent twice"""
    for i in range(2):
        sa = Ike2(cap)
        sa.start(i * LONG)
        sa.exchange(i * LONG + 100 * S, 0, ike.INFO, [], [])
        sa.delete_ike(i * LONG + 2000 * S, 0)
    sides = [frame for frame, message in sorted(cap.messages.items()) if not message.requests]
    cap.records = [cap.records[frame - 1] for frame in sides]
    cap.messages = {i + 1: cap.messages[frame] for i, frame in enumerate(sides)}


@variants(ike2_dpd_failure=(True,), ike2_dpd_answered=(False,))
def dpd2(cap, dead):
    """Empty INFORMATIONALs, in clear; the last one is sent four times without an answer, and A starts anew. Or it is answered"""
    sa = Ike2(cap)
    sa.start(0)
    for i in (20, 40):
        sa.exchange(i * S, 0, ike.INFO, [], [])
    last, _ = sa.exchange(60 * S, 0, ike.INFO, [], None if dead else [])
    if not dead:
        return
    for time in (62, 66, 74):
        cap.expect("ike_retransmission", cap.repeat(time * S, last))
    again = Ike2(cap)
    frame, _ = again.init(600 * S)
    again.auth(601 * S)
    cap.expect("dpd_failure", frame, "4 liveness checks")
    cap.expect("ike_no_response", frame, "INFORMATIONAL", "4 times")


@variants(ike1_dpd_failure=(True,), ike1_dpd_answered=(False,))
def dpd1(cap, dead):
    """R-U-THERE (RFC 3706) every 10 s; from the third on they are not answered, and A starts anew. Or they are"""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0, lives=[life(600)])
    for i in range(1, 6):
        sa.r_u_there(i * 10 * S, 0, i)
        if not dead or i < 3:
            sa.r_u_there(i * 10 * S + REPLY, 1, i, ike.N1_THERE_ACK)
    again = Ike1(cap)
    if not dead:
        sa.delete_ike(399 * S, 0)
    frame = again.main_mode(400 * S)[0]
    again.quick_mode(401 * S, 0, lives=[life(600)])
    if dead:
        cap.expect("dpd_failure", frame, "3 liveness checks")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges that are rarely seen: XAUTH, EAP, IKE_INTERMEDIATE and IKE_FOLLOWUP_KE."""
import struct

import ike_bytes as ike
from cases import case
from ike_peers import LONG, NET_A, NET_B, Ike1, Ike2
from writer import MS, REPLY, A, B, S


@case
def ike1_aggressive_xauth(cap):
    """Aggressive mode, XAUTH in Transactions (of B, then A's configuration), Quick Mode, traffic, Deletes"""
    sa = Ike1(cap)
    sa.aggressive_mode(0)
    for i, (asker, kinds) in enumerate(((1, (1, 2)), (1, (3, 4)), (0, (1, 2)))):    # REQUEST/REPLY, SET/ACK, REQUEST/REPLY
        message_id = 1000 + i
        asked = None
        for k, side in enumerate((asker, 1 - asker)):
            attributes = ike.Payload(ike.ATTRIBUTES1, struct.pack(">BBH", kinds[k], 0, i) + ike.attribute(16521, 0, 4))
            frame = sa.say((1 + i) * S + k * REPLY, side, ike.TRANSACTION, message_id, [sa.hash(), attributes], (asked,) if k else ())
            asked = asked or frame
    child, _ = sa.quick_mode(5 * S, 0)
    child.send_every(6 * S, 100 * S, (A, B), 2 * S)
    sa.delete_child(100 * S, 0, child)
    sa.delete_child(100 * S + REPLY, 1, child)
    sa.delete_ike(101 * S, 0)


@case
def ike2_eap(cap):
    """IKE_AUTH in four rounds with EAP: the offer is in the first request, the child in the last response"""
    sa = Ike2(cap)
    sa.init(0)
    asked, answered = cap.new_spi(), cap.new_spi()
    eap = lambda *data: ike.Payload(ike.EAP, struct.pack(">BBH", data[0], data[1], 4 + len(data[2])) + data[2])     # noqa: E731
    auth = lambda: ike.Payload(ike.AUTH2, b"\x02\0\0\0" + sa.nonce())       # noqa: E731
    rounds = (([ike.identity2(ike.IDI, b"user.example"), ike.sa2_child(asked), ike.ts(ike.TSI, (NET_A,)), ike.ts(ike.TSR, (NET_B,))],
               [ike.identity2(ike.IDR, b"b.example"), auth(), eap(1, 1, b"\x01")]),
              ([eap(2, 1, b"\x01user")], [eap(1, 2, b"\x04\x10" + b"c" * 16)]),        # MD5-Challenge
              ([eap(2, 2, b"\x04\x10" + b"r" * 16)], [eap(3, 2, b"")]),
              ([auth()], [auth(), ike.sa2_child(answered), ike.ts(ike.TSI, (NET_A,)), ike.ts(ike.TSR, (NET_B,))]))
    for i, (request, response) in enumerate(rounds):
        sa.exchange(S + i * 300 * MS, 0, ike.AUTH, request, response)
    child = sa.child(0, asked, answered)
    child.send_every(5 * S, 100 * S, (A, B), 2 * S)
    sa.delete_child(100 * S, 0, child)
    frames = child.send_every(100 * S + 500 * MS, 115 * S, (B,))
    cap.expect("stale_spi", frames[10], f"0x{child.inbound[A]:08x}")     # known from the rounds


@case
def ike2_intermediate_and_followup(cap):
    """IKE_INTERMEDIATE (RFC 9242) twice before IKE_AUTH, IKE_FOLLOWUP_KE (RFC 9370) after a rekey"""
    sa = Ike2(cap)
    sa.init(0)
    for i in range(2):
        sa.exchange(S + i * 100 * MS, 0, ike.INTERMEDIATE, [ike.ke2(36, cap.random_bytes(1184))], [ike.ke2(36, cap.random_bytes(1088))])
    child, _ = sa.auth(2 * S)
    child.send_every(3 * S, LONG, (A, B), 20 * S)
    request, _ = sa.rekey_child(LONG, 0, child, group=14)
    link = ike.notify2(ike.N_ADDITIONAL_KE, b"link")
    sa.exchange(LONG + S, 0, ike.FOLLOWUP_KE, [ike.ke2(36, cap.random_bytes(1184)), link], [ike.ke2(36, cap.random_bytes(1088)), link])
    request.send_every(LONG + 2 * S, LONG + 30 * S, (A, B))

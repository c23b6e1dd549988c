# SPDX-License-Identifier: GPL-2.0-or-later
"""Child SAs that are set up and not used, requests that were sent once, and files whose frames are out of order."""
import struct

import ike_bytes as ike
from cases import case, variants
from ike_peers import NET_A, NET_B, Ike2
from writer import MS, S, A, B

OTHER_NET = "10.11.0.0/24"
LEFT_READ = 3               # child SAs that have to be left before it is said, the one of IKE_AUTH among them
LEFT_UNREAD = 8


@variants(ike2_children_left=("plain", LEFT_READ, "inferred"), ike2_children_left_sealed=("sealed", LEFT_UNREAD, "suspected"))
def children_left(cap, form, enough, confidence):
    """A asks for one child SA after another, 10 s apart, and sends nothing over any"""
    sa = Ike2(cap, form=form)
    sa.start(0)
    for i in range(1, enough + 3):
        _, (request, _) = sa.ask_child(i * 10 * S, 0)
        if i == enough:
            cap.expect("setup_abandoned", request, f"{enough} times", "10.0 s", confidence=confidence)


@variants(ike2_children_used=("plain",), ike2_children_used_sealed=("sealed",))
def children_used(cap, form):
    """The same, but there is traffic over each. They serve the same selectors, side by side"""
    sa = Ike2(cap, form=form)
    sa.start(0).send_every(S, 9 * S, (sa.ends[0][0], B))
    for i in range(1, LEFT_UNREAD + 3):
        child, _ = sa.ask_child(i * 10 * S, 0)
        child.send_every((i * 10 + 1) * S, (i * 10 + 9) * S, (sa.ends[0][0], B))
    cap.leave_open("duplicate_sa", "spi_churn", "flapping", "early_rekey", "stale_spi")


@case
def ike2_children_batch(cap):
    """A gateway with ten selectors asks for a child SA for each, one behind the other; nobody has traffic. Not readable"""
    sa = Ike2(cap, form="sealed")
    sa.start(0)
    for i in range(LEFT_UNREAD + 2):
        sa.ask_child(S + i * 100 * MS, 0, tsi=(f"10.1.{i}.0/24",))


@variants(ike2_idle_rekeys=("plain",), ike2_idle_rekeys_sealed=("sealed",))
def idle_rekeys(cap, form):
    """A child SA is rekeyed every 200 s, and its old one deleted, in a tunnel that nobody uses"""
    sa = Ike2(cap, form=form)
    child = sa.start(0)
    for i in range(1, LEFT_UNREAD + 3):
        child, _ = sa.rekey_child(i * 200 * S, 0, child)
    cap.leave_open("spi_churn", "flapping", "early_rekey")


@variants(ike2_answers_outside=("plain",), ike2_answers_outside_sealed=("sealed",))
def answers_outside(cap, form):
    """B answers with selectors that A did not offer, and A deletes the child SA at once; so on every 170 s"""
    sa = Ike2(cap, form=form)
    sa.init(0)
    child, frames = sa.auth(100 * MS, answer_tsi=(OTHER_NET,))
    for i in range(1, LEFT_READ + 1):
        if form == "plain":
            cap.expect("proxy_id_mismatch", frames[1], f"{NET_A} ↔ {NET_B}", f"{OTHER_NET} ↔ {NET_B}")
        sa.delete_child((i - 1) * 170 * S + 200 * MS, 0, child)
        child, frames = sa.ask_child(i * 170 * S, 0, answer_tsi=(OTHER_NET,))
        if i == LEFT_READ:
            cap.expect("setup_abandoned", frames[0], f"{LEFT_READ} times", confidence="inferred" if form == "plain" else "suspected")
    if form == "plain":
        cap.expect("proxy_id_mismatch", frames[1])
    cap.leave_open("spi_churn", "flapping")


@case
def ike2_natted_transport(cap):
    """Transport mode between hosts behind NATs: what B answers is each address as its own side has it (RFC 7296 section 2.23.1)"""
    sa = Ike2(cap)
    sa.init(0)
    sa.auth(100 * MS, ("10.1.0.7/32",), ("198.51.100.9/32",), ("203.0.113.5/32",), ("10.2.0.9/32",))


@variants(ike2_asked_once=("plain",), ike2_asked_once_sealed=("sealed",))
def asked_once(cap, form):
    """An INFORMATIONAL and a CREATE_CHILD_SA whose answers are missing, neither sent again; later A starts anew. Who gets no answer sends
    again (RFC 7296 section 2.1): they were answered, unseen"""
    sa = Ike2(cap, form=form)
    sa.start(0)
    sa.exchange(20 * S, 1, ike.INFO, [], None)
    sa.ask_child(400 * S, 0, answer=False)
    again = Ike2(cap, form=form)
    again.start(1000 * S)
    cap.leave_open("peer_restart")


@case
def ike2_disordered(cap):
    """The file has IKE_AUTH before the IKE_SA_INIT that goes before it: said once. It is answered all the same; later A starts anew"""
    sa = Ike2(cap)
    sa.next_id[0] = 1
    sa.auth(5 * S)
    sa.next_id[0] = 0
    frame, _ = sa.init(0)
    cap.expect("capture_disordered", frame, "5.0 s")
    Ike2(cap).start(600 * S)
    cap.disordered = True
    cap.leave_open("peer_restart")


@case
def ike2_group_loop(cap):
    """A begins with group 14 five times, each time B asks for group 19 (INVALID_KE_PAYLOAD)"""
    sa = Ike2(cap)
    for i in range(5):
        _, frame = sa.exchange(i * 5 * S, 0, ike.INIT, [ike.sa2_ike(), ike.ke2(14, cap.random_bytes(256)), ike.Payload(ike.NONCE2, sa.nonce())],
                               [ike.notify2(ike.N_INVALID_KE, struct.pack(">H", 19))], (0, 0))
        if i == 2:
            cap.expect("no_proposal", frame, "INVALID_KE_PAYLOAD", "3 times", confidence="inferred")


@case
def ike2_group_once(cap):
    """The same once, and then A comes with the group that B wants"""
    sa = Ike2(cap)
    sa.exchange(0, 0, ike.INIT, [ike.sa2_ike(), ike.ke2(14, cap.random_bytes(256)), ike.Payload(ike.NONCE2, sa.nonce())],
                [ike.notify2(ike.N_INVALID_KE, struct.pack(">H", 19))], (0, 0))
    sa.start(S)


@case
def ike2_strangers_on_500(cap):
    """What comes on IKE's port and is none: a major version that there is not (RFC 7296 section 3.1), a length that no datagram has"""
    cap.hostile = True
    Ike2(cap).start(0)
    for i, (version, length) in enumerate(((0xE0, 100), (0x20, 0x7B3A91C4))):
        header = cap.random_bytes(16) + bytes((33, version, ike.INIT, ike.INITIATOR)) + struct.pack(">II", 0, length)
        cap.send_udp((10 + i) * S, (A, 500), (B, 500), header + cap.random_bytes(72))

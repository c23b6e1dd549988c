# SPDX-License-Identifier: GPL-2.0-or-later
"""Rekeys of both peers at once, and by turns."""
import ike_bytes as ike
from cases import case, variants
from ike_peers import LONG, NET_A, NET_B, Child, Ike2
from writer import MS, REPLY, A, B, S


def collide(cap, sa, time, child):
    """Both ends ask for the rekey of one child; A's new one is deleted by A, the old one by B. Returns B's new one and its request."""
    ids = sa.next_id[0], sa.next_id[1]
    spis = [cap.new_spi() for _ in range(4)]
    addresses = [end[0] for end in sa.ends]
    asked = []
    for side in (0, 1):
        tsi, tsr = ((NET_A,), (NET_B,)) if side == 0 else ((NET_B,), (NET_A,))
        asked.append(sa.say(time + side * 5 * MS, side, ike.CREATE, ids[side], [
            ike.notify2(ike.N_REKEY_SA, protocol=ike.ESP_ID, spi=child.inbound[addresses[side]]), ike.sa2_child(spis[side]),
            ike.Payload(ike.NONCE2, sa.nonce()), ike.ts(ike.TSI, tsi), ike.ts(ike.TSR, tsr)]))
    for side in (0, 1):
        tsi, tsr = ((NET_A,), (NET_B,)) if side == 0 else ((NET_B,), (NET_A,))
        sa.say(time + side * 5 * MS + REPLY, 1 - side, ike.CREATE, ids[side], [
            ike.sa2_child(spis[2 + side]), ike.Payload(ike.NONCE2, sa.nonce()), ike.ts(ike.TSI, tsi), ike.ts(ike.TSR, tsr)], True, asked[side])
        sa.next_id[side] += 1
    redundant = Child(cap, {addresses[0]: spis[0], addresses[1]: spis[2]})
    winner = Child(cap, {addresses[1]: spis[1], addresses[0]: spis[3]})
    sa.delete_child(time + 100 * MS, 0, redundant)
    sa.delete_child(time + 200 * MS, 1, child)
    return winner, asked[1][0]


@variants(ike2_collision_once=(1,), ike2_collision_twice=(2,))
def collision(cap, times):
    """Both peers ask for the rekey of the same child at once; once, or twice in a row"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in range(times):
        child.send_every(i * LONG + 10 * S, (i + 1) * LONG, (A, B), 20 * S)
        child, frame = collide(cap, sa, (i + 1) * LONG, child)
        cap.expect("rekey_collision", frame, A, B)
    child.send_every(times * LONG + 10 * S, times * LONG + 60 * S, (A, B))
    if times > 1:
        cap.expect("synchronised_timers", frame, "2 times", confidence="inferred")


@case
def ike2_rekeys_alternate(cap):
    """A and B rekey by turns, every 3000 s; the Delete follows"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in range(1, 5):
        child.send_every((i - 1) * LONG + 10 * S, i * LONG, (A, B), 20 * S)
        child, _ = sa.rekey_child(i * LONG, i % 2, child)

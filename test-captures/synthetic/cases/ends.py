# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes after the end of an IKE SA or of a child; very many ends."""
import ike_bytes as ike
from cases import case, variants
from ike_peers import Ike1, Ike2
from writer import MS, A, B, S


def ike_rekeyed(cap):
    sa = Ike2(cap)
    child = sa.start(0)
    child.send_every(S, 100 * S, (A, B), 2 * S)
    new = sa.rekey_ike(100 * S, 0)
    sa.delete_ike(100 * S + 100 * MS, 0)
    return new, child


@case
def ike2_ike_rekey(cap):
    """The IKE SA is rekeyed and the old one deleted; its child moves and goes on"""
    new, child = ike_rekeyed(cap)
    child.send_every(101 * S, 160 * S, (A, B))
    new.exchange(130 * S, 1, ike.INFO, [], [])


@variants(ike2_ike_rekey_then_end=(60, True), ike2_ike_rekey_then_end_soon=(9, False))
def ike_rekey_then_end(cap, seconds, stale):
    """The IKE SA is rekeyed; then the new one is deleted, but ESP goes on for so many seconds"""
    new, child = ike_rekeyed(cap)
    new.delete_ike(120 * S, 1)
    frames = child.send_every(120 * S + 500 * MS, (120 + seconds) * S, (A, B))
    if stale:       # the first packet more than handover_grace after, from A and from B
        for frame in (frames[10], frames[10] + 1):
            cap.expect("stale_spi", frame, "after it was deleted", confidence="inferred")


def used_for_100_seconds(cap, kind):
    sa = kind(cap)
    if kind is Ike1:
        sa.main_mode(0)
        child, _ = sa.quick_mode(S, 0)
    else:
        child = sa.start(0)
    child.send_every(2 * S, 100 * S, (A, B), 2 * S)
    return sa, child


@variants(ike1_delete_then_esp=(Ike1, 20, True), ike1_delete_then_esp_soon=(Ike1, 9, False),
          ike2_delete_then_esp=(Ike2, 20, True), ike2_delete_then_esp_soon=(Ike2, 9, False))
def delete_then_esp(cap, kind, seconds, stale):
    """A deletes its inbound SPI; B goes on to use it for so many seconds"""
    sa, child = used_for_100_seconds(cap, kind)
    sa.delete_child(100 * S, 0, child)
    frames = child.send_every(100 * S + 500 * MS, (100 + seconds) * S, (B,))
    if stale:
        cap.expect("stale_spi", frames[10], f"0x{child.inbound[A]:08x}", "10.5 s")


@variants(ike1_delete_hundred=(Ike1, 100), ike2_delete_hundred=(Ike2, 100), ike1_delete_thousands=(Ike1, 15000), ike2_delete_thousands=(Ike2, 15000))
def delete_many(cap, kind, count):
    """One Delete with many SPIs, of which the last one is in use for 20 s more. Of thousands, the first are read, and it is said that there
    were more"""
    sa, child = used_for_100_seconds(cap, kind)
    spis = [0xDD000000 + i for i in range(count - 1)] + [child.inbound[A]]
    if kind is Ike1:
        frame = sa.informational(100 * S, 0, [sa.hash(), ike.delete1(spis)])
    else:
        frame, _ = sa.exchange(100 * S, 0, ike.INFO, [ike.delete2(spis)], [ike.delete2([child.inbound[B]])])
    frames = child.send_every(100 * S + 500 * MS, 120 * S, (B,))
    if count < 256:
        cap.expect("stale_spi", frames[10], f"0x{child.inbound[A]:08x}")
    else:
        cap.expect("limit_reached", frame, "1024 SPIs")
        cap.leave_open("stale_spi")
        cap.messages[frame].spis = None

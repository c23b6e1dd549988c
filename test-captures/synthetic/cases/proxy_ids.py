# SPDX-License-Identifier: GPL-2.0-or-later
"""Proxy IDs, which IKEv2 calls traffic selectors: different, mirrored, narrowed, refused."""
import ike_bytes as ike
from cases import case, variants
from ike_bytes import life
from ike_peers import LONG, NET_A, NET_B, Ike1, Ike2, quick_by_both
from writer import MS, A, B, S


@case
def ike1_proxy_ids_differ(cap):
    """A proposes 10.1/16 and 10.2/24; later B proposes 10.2/24 and 10.1.0/24"""
    frames = quick_by_both(cap, [life(3600)], [life(3600)], LONG, ("10.1.0.0/16", NET_B), (NET_B, NET_A))
    cap.expect("proxy_id_mismatch", frames[0], "10.1.0.0/16 ↔ 10.2.0.0/24", "10.2.0.0/24 ↔ 10.1.0.0/24", A, B, confidence="inferred")


@case
def ike2_proxy_ids_differ(cap):
    """A's IKE_AUTH proposes 10.1/16 and 10.2/24; later B's CREATE_CHILD_SA proposes 10.2/24 and 10.1.0/24"""
    sa = Ike2(cap)
    sa.start(0, ("10.1.0.0/16",))
    _, frames = sa.ask_child(LONG, 1, (NET_B,), (NET_A,))
    cap.expect("proxy_id_mismatch", frames[0], "10.1.0.0/16 ↔ 10.2.0.0/24", "10.2.0.0/24 ↔ 10.1.0.0/24", A, B, confidence="inferred")


@case
def ike1_proxy_ids_mirrored(cap):
    """Three pairs of networks, each begun by A, then each by B, mirrored"""
    sa = Ike1(cap)
    sa.main_mode(0)
    for begin, side in ((S, 0), (LONG, 1)):
        for i in range(3):
            ids = (f"10.1.{i}.0/24", f"10.2.{i}.0/24")
            sa.quick_mode(begin + i * S, side, ids if side == 0 else ids[::-1])


@case
def ike2_proxy_ids_mirrored(cap):
    """Three pairs of networks, each begun by A, then each rekeyed by B, mirrored"""
    sa = Ike2(cap)
    children = [sa.start(0, ("10.1.0.0/24",), ("10.2.0.0/24",))]
    children += [sa.ask_child(i * S, 0, (f"10.1.{i}.0/24",), (f"10.2.{i}.0/24",))[0] for i in (1, 2)]
    for i, child in enumerate(children):
        sa.ask_child(LONG + i * S, 1, (f"10.2.{i}.0/24",), (f"10.1.{i}.0/24",), child)
        sa.delete_child(LONG + i * S + 100 * MS, 1, child)


@case
def ike1_quick_mode_answers_other_ids(cap):
    """B answers Quick Mode with narrower IDs, which RFC 2409 does not allow"""
    sa = Ike1(cap)
    sa.main_mode(0)
    _, frames = sa.quick_mode(S, 0, (NET_A, "10.2.0.0/16"), answer_ids=(NET_A, NET_B))
    cap.expect("proxy_id_mismatch", frames[1], "10.1.0.0/24 ↔ 10.2.0.0/16", "10.1.0.0/24 ↔ 10.2.0.0/24")


@case
def ike1_invalid_id(cap):
    """B refuses Quick Mode with INVALID-ID-INFORMATION in an Informational"""
    sa = Ike1(cap)
    sa.main_mode(0)
    _, frames = sa.quick_mode(S, 0, ("10.1.0.0-10.1.0.9 17 53", "2001:db8:1::/48"), refusal=ike.notify1(ike.N1_INVALID_ID))
    cap.expect("proxy_id_mismatch", frames[1], "10.1.0.0-10.1.0.9 UDP port 53 ↔ 2001:db8:1::/48", "INVALID-ID-INFORMATION")
    cap.expect("child_refused", frames[1], "INVALID-ID-INFORMATION")


@case
def ike2_triggering_packet(cap):
    """A and later B put the packet that triggered the negotiation before the subnets (RFC 7296 section 2.9)"""
    sa = Ike2(cap)
    child = sa.start(0, ("10.1.0.5 6 1000-1000", NET_A), ("10.2.0.7 6 80-80", NET_B))
    new, _ = sa.ask_child(LONG, 1, ("10.2.0.9 17 53-53", NET_B), ("10.1.0.8 17 2000-2000", NET_A), child)
    sa.delete_child(LONG + S, 1, child)
    new.send_every(LONG + 2 * S, LONG + 30 * S, (A, B))


@case
def ike2_narrowed(cap):
    """B narrows 10.2/16 to 10.2.0/24"""
    sa = Ike2(cap)
    sa.init(0)
    _, frames = sa.auth(S, (NET_A,), ("10.2.0.0/16",), answer_tsr=(NET_B,))
    cap.expect("proxy_id_narrowed", frames[1], "10.1.0.0/24 ↔ 10.2.0.0/16", "10.1.0.0/24 ↔ 10.2.0.0/24")


@variants(ike2_ts_ports=("10.1.0.0/24 17 53-53", "10.2.0.0/24 6 1000-1999", "10.1.0.0/24 UDP port 53 ↔ 10.2.0.0/24 TCP ports 1000-1999"),
          ike2_ts_range=("10.1.0.5-10.1.0.9", "10.2.0.1", "10.1.0.5-10.1.0.9 ↔ 10.2.0.1/32"),
          ike2_ts_ipv6=("2001:db8:1::/48", "2001:db8:2::10-2001:db8:2::20", "2001:db8:1::/48 ↔ 2001:db8:2::10-2001:db8:2::20"),
          ike2_ts_any=("0.0.0.0/0", "::/0", "0.0.0.0/0 ↔ ::/0"),
          ike2_ts_not_aligned=("10.0.0.1-10.0.0.255", "10.0.0.0-10.0.1.254", "10.0.0.1-10.0.0.255 ↔ 10.0.0.0-10.0.1.254"))
def ts_unacceptable(cap, ours, theirs, text):
    """B refuses the child of IKE_AUTH with TS_UNACCEPTABLE, then another with SINGLE_PAIR_REQUIRED"""
    sa = Ike2(cap)
    sa.init(0)
    for frames, name in ((sa.auth(S, (ours,), (theirs,), error=ike.notify2(ike.N_TS_UNACCEPTABLE))[1], "TS_UNACCEPTABLE"),
                         (sa.ask_child(2 * S, 0, (ours,), (theirs,), error=ike.notify2(ike.N_SINGLE_PAIR))[1], "SINGLE_PAIR_REQUIRED")):
        cap.expect("proxy_id_mismatch", frames[1], text, name, A, B)
        cap.expect("child_refused", frames[1], name)

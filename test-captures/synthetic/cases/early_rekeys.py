# SPDX-License-Identifier: GPL-2.0-or-later
"""Rekeys that come early, and churn."""
from cases import variants
from ike_peers import MIRRORED, Ike1, Ike2
from writer import MS, REPLY, A, B, S


@variants(ike1_early_rekey=(300, True), ike1_timely_rekey=(3000, False))
def early_rekey1(cap, seconds, early):
    """3600 s were negotiated; B begins a new Quick Mode every so many seconds, five times"""
    sa = Ike1(cap)
    sa.main_mode(0)
    sa.quick_mode(S, 0)
    for i in range(1, 6):
        _, frames = sa.quick_mode(S + i * seconds * S, 1, MIRRORED)
        if early:
            cap.expect("spi_churn", frames[1], f"after only {seconds} s", "less than 50 % of the negotiated 3600 s", times=2)
            if i == 3:
                cap.expect("early_rekey", frames[1], B, "3600 s", confidence="inferred")
                cap.expect("flapping", frames[1], times=2)


@variants(ike2_early_rekey=(60, True), ike2_timely_rekey=(3000, False))
def early_rekey2(cap, seconds, early):
    """A rekeys every so many seconds, five times"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in range(1, 6):
        new, (_, frame) = sa.ask_child(2 * REPLY + i * seconds * S, 0, rekey=child)
        sa.delete_child(2 * REPLY + i * seconds * S + 100 * MS, 0, child)
        child = new
        if early:
            cap.expect("spi_churn", frame, "less than 300 s", times=2)
            if i == 3:
                cap.expect("early_rekey", frame, A, confidence="inferred")     # IKEv2 negotiates no lifetime that this pace cuts short: no flapping


@variants(ike1_churn_before_half=(1700, True), ike1_no_churn_after_half=(1900, False))
def churn_at_half(cap, seconds, early):
    """3600 s were negotiated; A replaces the SA after so many seconds, with traffic"""
    sa = Ike1(cap)
    sa.main_mode(0)
    child, _ = sa.quick_mode(S, 0)
    child.send_every(2 * S, seconds * S, (A, B), 20 * S)
    new, frames = sa.quick_mode(S + seconds * S, 0)
    new.send_every((seconds + 2) * S, (seconds + 60) * S, (A, B))
    cap.negotiated = {spi: 3600 for pair in (child, new) for spi in pair.inbound.values()}
    if early:
        cap.expect("spi_churn", frames[1], "less than 50 % of the negotiated 3600 s", times=2)

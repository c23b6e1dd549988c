# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that begin anew: restarts and re-authentication."""
import ike_bytes as ike
from cases import case, variants
from ike_peers import LONG, NET_A, NET_B, Ike1, Ike2
from writer import MS, A, B, S

CONTACT2 = ike.notify2(ike.N_INITIAL_CONTACT)


@variants(ike2_restart=(False,), ike2_restart_after_delete=(True,))
def restart2(cap, deleted):
    """A sets up a new IKE SA with INITIAL_CONTACT 60 s after it, or 3000 s after it and its Delete"""
    sa, again = Ike2(cap), Ike2(cap)
    first = sa.start(0, request=[CONTACT2])
    then = LONG if deleted else 60 * S
    first.send_every(S, then - S, (A, B), 10 * S)
    if deleted:
        sa.delete_ike(then - S, 0)
    again.init(then)
    second, frames = again.auth(then + S, request=[CONTACT2])
    second.send_every(then + 2 * S, then + 60 * S, (A, B))
    if not deleted:
        cap.expect("peer_restart", frames[1], "INITIAL_CONTACT", "60.0 s")
        cap.leave_open("spi_churn")     # the old child was replaced, if not by a rekey


@variants(ike1_restart=(False,), ike1_restart_after_delete=(True,))
def restart1(cap, deleted):
    """The same with IKEv1, INITIAL-CONTACT in message 5"""
    sa, again = Ike1(cap), Ike1(cap)
    contact = lambda of: [ike.notify1(ike.N1_INITIAL_CONTACT, of.cookie_bytes(), ike.IKE)]      # noqa: E731
    sa.main_mode(0, fifth=contact(sa))
    sa.quick_mode(S, 0)
    then = LONG if deleted else 60 * S
    if deleted:
        sa.delete_ike(then - S, 0)
    frames = again.main_mode(then, fifth=contact(again))
    again.quick_mode(then + S, 0)
    if not deleted:
        cap.expect("peer_restart", frames[5], "INITIAL_CONTACT", "60.0 s")
        cap.expect("spi_churn", frames[5] + 2, "less than 50 % of the negotiated 3600 s", times=2)


@case
def ike2_both_start_at_once(cap):
    """Both peers begin an IKE SA within 100 ms, with INITIAL_CONTACT; B deletes its own"""
    one, two = Ike2(cap), Ike2(cap, B, A)
    one.init(0)
    two.init(50 * MS)
    child, _ = one.auth(100 * MS, request=[CONTACT2])
    two.auth(150 * MS, (NET_B,), (NET_A,), request=[CONTACT2])
    two.delete_ike(S, 0)
    child.send_every(2 * S, 60 * S, (A, B))


@case
def ike2_reauthentication(cap):
    """Make before break: after 3000 s a new IKE SA with its child, then the Delete of the old one. Twice"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in (1, 2):
        child.send_every((i - 1) * LONG + S, i * LONG, (A, B), 20 * S)
        new = Ike2(cap)
        new_child = new.start(i * LONG)
        new_child.send_every(i * LONG + S, i * LONG + 20 * S, (A, B))
        sa.delete_ike(i * LONG + S + 10 * MS, 0)
        sa, child = new, new_child

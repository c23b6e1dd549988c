# SPDX-License-Identifier: GPL-2.0-or-later
"""Refusals of either version, and what looks like one."""
import struct

import ike_bytes as ike
from cases import case, variants
from ike_peers import LONG, NET_A, NET_B, Ike1, Ike2
from writer import MS, A, B, S


@case
def ike2_pfs_mismatch(cap):
    """The child of IKE_AUTH works; rekeys that offer the same with a key exchange are refused with NO_PROPOSAL_CHOSEN, three times"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in (1, 2, 3):
        _, frames = sa.ask_child(LONG + i * 100 * S, 0, rekey=child, group=14, error=ike.notify2(ike.N_NO_PROPOSAL))
        cap.expect("no_proposal", frames[1], "MODP_2048", A, B)
        cap.expect("child_refused", frames[1], "NO_PROPOSAL_CHOSEN")
        if i == 1:          # nothing but the group is new
            cap.expect("pfs_mismatch", frames[1], "1 rekey with", confidence="inferred")


@case
def ike2_refused_behind_statuses(cap):
    """An INFORMATIONAL with forty statuses (RFC 4555); then a child is refused with TS_UNACCEPTABLE behind forty"""
    sa = Ike2(cap)
    sa.start(0)
    statuses = [ike.notify2(ike.N_ADDITIONAL_IP4_ADDRESS, bytes((192, 0, 2, i))) for i in range(40)]
    sa.exchange(S, 0, ike.INFO, statuses, statuses)
    _, frames = sa.ask_child(2 * S, 0, ("10.7.0.0/24",), ("10.8.0.0/24",), error=[*statuses, ike.notify2(ike.N_TS_UNACCEPTABLE)])
    cap.expect("proxy_id_mismatch", frames[1], "10.7.0.0/24 ↔ 10.8.0.0/24", "TS_UNACCEPTABLE", A, B)
    cap.expect("child_refused", frames[1], "TS_UNACCEPTABLE")


@case
def ike2_pfs_group_retry(cap):
    """Each rekey is first refused with INVALID_KE_PAYLOAD, and then works with the group that was asked for; three times"""
    sa = Ike2(cap)
    child = sa.start(0)
    for i in (1, 2, 3):
        sa.ask_child(i * LONG, 0, rekey=child, group=14, error=ike.notify2(ike.N_INVALID_KE, struct.pack(">H", 19)))
        child, _ = sa.rekey_child(i * LONG + S, 0, child, group=19)


@case
def ike2_answer_missed(cap):
    """A liveness check is sent twice, and its answer is not in the capture; nine later ones are answered, then the peer re-authenticates"""
    sa = Ike2(cap, form="sealed")
    sa.start(0)
    frame, _ = sa.exchange(LONG, 0, ike.INFO, [], None)
    cap.expect("ike_retransmission", cap.repeat(LONG + 2 * S, frame))
    for i in range(1, 10):
        sa.exchange(LONG + i * 60 * S, 0, ike.INFO, [], [])
    Ike2(cap, form="sealed").start(2 * LONG)
    sa.delete_ike(2 * LONG + S, 0)


@case
def ike2_cookie_with_spi(cap):
    """A COOKIE whose answer has a responder's SPI, and then the answer proper with another one (RFC 7296 section 2.6)"""
    sa = Ike2(cap)
    sa.exchange(0, 0, ike.INIT, [ike.sa2_ike(), ike.ke2(14, cap.random_bytes(256)), ike.Payload(ike.NONCE2, sa.nonce())],
                [ike.notify2(ike.N_COOKIE, cap.random_bytes(20))], (0, cap.cookie()))
    sa.next_id = [0, 0]
    sa.start(S)
    sa.exchange(LONG, 0, ike.INFO, [], [])


@case
def ike2_ike_rekey_collision(cap):
    """Both peers rekey the IKE SA at once; the one whose answer came first is deleted as redundant, and the child SA lives on in the other one
    (RFC 7296 section 2.8.2)"""
    sa = Ike2(cap)
    child = sa.start(0)
    redundant = sa.rekey_ike(LONG, 0)
    sa.rekey_ike(LONG + MS, 1)
    redundant.delete_ike(LONG + S, 0)
    sa.delete_ike(LONG + 2 * S, 1)
    child.send_every(LONG - 60 * S, LONG + 120 * S, (A, B))


@case
def ike1_fragments(cap):
    """Main mode, twice, each with two messages in five fragments"""
    for start in (0, LONG):
        Ike1(cap).main_mode_in_fragments(start)


@case
def ike1_fragments_unanswered(cap):
    """Main mode, three times, whose fifth message comes in five fragments and is not answered: the keys differ, perhaps"""
    for i in range(3):
        frames = Ike1(cap).main_mode_in_fragments(i * 100 * S, sixth=False)
        if i > 0:
            cap.expect("auth_failed", frames[0], A, B, confidence="suspected")
    cap.leave_open("ike_no_response")


@variants(ike1_no_proposal=(Ike1,), ike2_no_proposal=(Ike2,))
def no_proposal(cap, kind):
    """Phase 2 is refused with NO_PROPOSAL_CHOSEN"""
    sa = kind(cap)
    if kind is Ike1:
        sa.main_mode(0)
        _, frames = sa.quick_mode(S, 0, refusal=ike.notify1(ike.N1_NO_PROPOSAL))
    else:
        sa.init(0)
        _, frames = sa.auth(S, error=ike.notify2(ike.N_NO_PROPOSAL))
    cap.expect("no_proposal", frames[1], "Phase 2", "AES_CBC_256")
    cap.expect("child_refused", frames[1], "NO_PROPOSAL_CHOSEN" if kind is Ike2 else "NO-PROPOSAL-CHOSEN")


@case
def ike2_no_proposal_of_many(cap):
    """Phase 1: twenty proposals, the first of twenty transforms, and none is accepted; the text says that there were more"""
    sa = Ike2(cap)
    items = [(ike.IKE, b"", count, ike.packed(3, [ike.transform2(1, 2)] * count)) for count in (20, *[1] * 19)]
    _, frame = sa.exchange(0, 0, ike.INIT, [ike.Payload(ike.SA2, ike.proposals(items)), ike.ke2(14, cap.random_bytes(256)),
                                            ike.Payload(ike.NONCE2, sa.nonce())], [ike.notify2(ike.N_NO_PROPOSAL)], (0, None))
    cap.expect("no_proposal", frame, "Phase 1", "DES/... or DES", "DES or ...")


@case
def ike2_auth_failed(cap):
    """IKE_AUTH is answered with AUTHENTICATION_FAILED"""
    sa = Ike2(cap)
    sa.init(0)
    _, frames = sa.auth(S, error=ike.notify2(ike.N_AUTH_FAILED))
    cap.expect("auth_failed", frames[1], A, B, "AUTHENTICATION_FAILED")


@case
def ike2_duplicate(cap):
    """A and B each make a child for the same selectors; nobody deletes one, and both carry traffic"""
    sa = Ike2(cap)
    one = sa.start(0)
    two, _ = sa.ask_child(60 * S, 1, (NET_B,), (NET_A,))
    one.send_every(S, 120 * S, (A, B))
    two.send_every(61 * S + 10 * MS, 120 * S, (A, B))
    cap.leave_open("duplicate_sa")      # on some frame some ten seconds later: a test of its own


@case
def ike2_many_children_mirrored(cap):
    """Twelve pairs of networks, the last of which holds the first, each begun by A, then by B, mirrored"""
    sa = Ike2(cap)
    pairs = [(f"10.1.{i}.0/24", "10.2.0.0/24") for i in range(11)] + [("10.1.0.0/16", "10.2.0.0/24")]
    children = [sa.start(0, *[(network,) for network in pairs[0]])]
    children += [sa.ask_child((i + 1) * S, 0, (ours,), (theirs,))[0] for i, (ours, theirs) in enumerate(pairs[1:])]
    for i, (child, (ours, theirs)) in enumerate(zip(children, pairs)):
        sa.ask_child(LONG + i * S, 1, (theirs,), (ours,), child)
        sa.delete_child(LONG + i * S + 100 * MS, 1, child)

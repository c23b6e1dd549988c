# SPDX-License-Identifier: GPL-2.0-or-later
"""SAs that are to be renewed, and what becomes of that."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, NATT_PORT, TEMPORARY_FAILURE, Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S
CHILD_SA_NOT_FOUND = 44
CLIENT, SERVER = "198.51.100.70", "203.0.113.7"


@report("one_way down", "pfs_mismatch", keyless="refused", weaker="proposal_mismatch refused one_way spi_unknown lifetime_expired",
        must_not="authentication peer_unreachable", by="A B", fixed="nat version")
def windows_57min(scene):
    """trailofbits/algo#354 (2017-04): after 57 min a Windows client (A) asks for a rekey without a key exchange, which the server (B) demands: it
    refuses, NO_PROPOSAL_CHOSEN. Once the SA has ended at B the client goes on sending, and nothing comes back, until its user connects anew"""
    sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
    net = ("10.19.48.1/32",)
    child = sa.start(0, natt=NATT_PORT, tsi=ANY, tsr=ANY, answer_tsi=net)
    for time in range(57 * MINUTE, 60 * MINUTE, MINUTE):
        sa.rekey(time, 0, child, nets=(net, ANY), error=ike.N_NO_PROPOSAL)
    child.talk(scene.site.settled, HOUR, 2 * S)
    child.talk(HOUR, HOUR + 600 * S, 2 * S, sides=(0,))


@report("flapping", "pfs_mismatch", keyless="refused", weaker="proposal_mismatch refused lifetime_expired", must_not="peer_unreachable", by="B",
        fixed="version")
def pfs_on_one_side(scene):
    """AWS re:Post "PFS mismatch", cloud.ameen.guru ("PFS / DH group mismatch after rekey"): the first hour works, as IKE_AUTH's child needs no key
    exchange; each rekey of A's brings group 14 and is refused, the child expires at A, who deletes it and sets up anew 20 s later"""
    start = 0
    for cycle in range(3):
        sa = Peers2(scene)
        child, end = sa.start(start), start + HOUR
        child.talk(start + scene.site.settled, end, 5 * S)
        for time in range(start + 3300 * S, end, 75 * S):
            sa.rekey(time, 0, child, group=14, error=ike.N_NO_PROPOSAL)
        sa.delete_child(end, 0, child)
        sa.delete_ike(end + 200 * MS, 0)
        if cycle < 2:
            scene.outage(end, end + 20 * S + sa.set_up_takes, by=0, back=0, kinds="child_sa_deleted ike_sa_deleted", born=start)
        start = end + 20 * S


@healthy("version")
def pfs_on_both_sides(scene):
    """The same where B takes group 14"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for end in range(3300 * S, 4 * 3300 * S, 3300 * S):
        child.talk(start, end, 5 * S)
        child, start = sa.rekey(end, 0, child, group=14), end + scene.site.settled
    child.talk(start, start + 300 * S, 5 * S)


@report("flapping", "deleted_by_peer", weaker="peer_unreachable ike_unanswered early_reauth", must_not="authentication refused", by="A",
        fixed="version")
def both_deleted_after_rekey(scene):
    """strongswan/strongswan#3042 (2026-04): the link is away for 20 s when A asks for the rekey of its IKE SA; B's answer comes at last, and A deletes
    the old IKE SA and the new one as well. 30 s later A sets up anew; every 3 min"""
    start = 0
    for cycle in range(4):
        sa = Peers2(scene)
        child, end = sa.start(start), start + 180 * S
        new = Peers2(scene)
        body = lambda cookie: [ike.sa2_ike(cookie.to_bytes(8, "big")), ike.Payload(ike.NONCE2, sa.nonce()), ike.ke2(14, scene.random_bytes(256))]  # noqa: E731
        child.talk(start + scene.site.settled, end)
        frames = sa.say(end, 0, ike.CREATE, sa.next_id[0], body(new.cookies[0]))
        last = sa.again(end, frames[0], [4 * S, 7 * S, 13 * S])
        sa.say(last + sa.round_trip, 1, ike.CREATE, sa.next_id[0], body(new.cookies[1]), True, frames)
        sa.next_id[0] += 1
        gone = last + 2 * sa.round_trip + 10 * MS
        sa.delete_ike(gone, 0)
        new.delete_ike(gone + 5 * MS, 0)
        start = gone + 30 * S
        scene.outage(child.last[1], start + sa.set_up_takes, back=0, kinds="unanswered")
    Peers2(scene).start(start).talk(start + scene.site.settled, start + 100 * S)


@report("down interrupted", "deleted_by_peer", weaker="early_reauth lifetime_expired", must_not="peer_unreachable authentication", by="A none",
        fixed="nat version")
def v1_child_lost_at_reauth(scene):
    """strongswan/strongswan#390 (2021-05): IKEv1 is re-authenticated after 3 h, the old IKE SA and its phase 2 are deleted, and no Quick Mode follows
    on the new one. Liveness is fine, the users' packets are not carried"""
    sa = Peers1(scene)
    sa.phase1(0, 10800)
    child, end = sa.phase2(scene.site.settled, 0, 10800), 10000 * S
    child.talk(2 * scene.site.settled, end, 5 * S)
    new = Peers1(scene)
    new.phase1(end - 2 * S, 10800)
    sa.delete_child(end, 0, child)
    sa.delete_ike(end + 20 * MS, 0)
    for time in range(end + 30 * S, end + 900 * S, 30 * S):
        new.liveness(time, 0)
    scene.outage(end, None, by=0, kinds="child_sa_deleted ike_sa_deleted", born=None)


@healthy("nat version")
def v1_child_kept_at_reauth(scene):
    """The same where phase 2 outlives the old IKE SA, as it may; 20 min later the users go home"""
    sa = Peers1(scene)
    sa.phase1(0, 10800)
    child, end = sa.phase2(scene.site.settled, 0, 10800), 10000 * S
    child.talk(2 * scene.site.settled, end + 1200 * S, 5 * S)
    new = Peers1(scene)
    new.phase1(end - 2 * S, 10800)
    sa.delete_ike(end, 0)
    for time in range(end + 31 * S, end + 4000 * S, 30 * S):
        new.liveness(time, 0)


@report("churning", "early_rekey", weaker="lifetime_too_short unexplained_churn", must_not="deleted_by_peer rekey_collision", by="A", fixed="version")
def rekeyed_too_often(scene):
    """libreswan/libreswan#1044 (2023-03): A renews its child 2 s after the last time, again and again; traffic goes on"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for number in range(150):
        end = start + 2 * S
        child.talk(start, end, 250 * MS)
        child, start = sa.rekey(end, 0, child), end + max(300 * MS, 4 * sa.round_trip)
    child.talk(start, start + 60 * S)


@healthy("version")
def not_found_then_anew(scene):
    """RFC 7296 section 2.25: B has just deleted the child that A asks to rekey, answers CHILD_SA_NOT_FOUND, and A asks for a new one at once"""
    sa = Peers2(scene)
    child, end = sa.start(0), HOUR
    child.talk(scene.site.settled, end, 3 * S)
    sa.rekey(end, 0, child, error=CHILD_SA_NOT_FOUND)
    new = sa.ask(end + 2 * sa.round_trip, 0, None)
    sa.delete_child(end + 4 * sa.round_trip, 1, child)
    new.talk(end + scene.site.settled, end + 900 * S, 3 * S)


@healthy("version")
def second_answer_counts(scene):
    """strongswan/strongswan#309 (2021-04): B renews the IKE SA and then the child; A's answer is not taken, B asks again after 4 s, and takes the second
    one"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3400 * S
    child.talk(scene.site.settled, end, 3 * S)
    new = sa.rekey_ike(end, 1)
    child.sa = new
    child.talk(end + scene.site.settled, end + 60 * S, 3 * S)
    rekey = end + 60 * S
    request = new.request(rekey, 1, child)
    number = len(scene.records) + 1
    renewed = new.accept(rekey + new.round_trip, request)
    child.talk(rekey + S, rekey + 4 * S, S)
    scene.repeat(rekey + 4 * S, request.frames[0])
    scene.repeat(rekey + 4 * S + new.round_trip, number)
    new.delete_child(rekey + 4 * S + 4 * new.round_trip, 1, child)
    renewed.talk(rekey + 4 * S + scene.site.settled, rekey + 1200 * S, 3 * S)


@report("flapping", "refused", weaker="lifetime_expired", must_not="pfs_mismatch authentication peer_unreachable", by="B", fixed="version")
def tempfail_until_it_ends(scene):
    """As strongswan/strongswan#1896 tells of gateways that never leave their own rekey: B answers TEMPORARY_FAILURE to every rekey of the child for
    10 min, it expires, A deletes it and sets up anew 15 s later; three times"""
    start = 0
    for cycle in range(3):
        sa = Peers2(scene)
        child, end = sa.start(start), start + HOUR
        child.talk(start + scene.site.settled, end, 5 * S)
        for time in range(start + 3000 * S, end, 70 * S):
            sa.rekey(time, 0, child, error=TEMPORARY_FAILURE)
        sa.delete_ike(end, 0)
        if cycle < 2:
            scene.outage(end, end + 15 * S + sa.set_up_takes, by=0, back=0, kinds="ike_sa_deleted", born=start)
        start = end + 15 * S


@healthy()
def reauth_break_before_make(scene):
    """strongSwan's default before 6.0: A deletes the IKE SA after 3 h and sets up anew at once, which takes a few round trips"""
    start = 0
    for _ in range(3):
        sa, end = peers(scene), start + 10800 * S
        sa.start(start).talk(start + scene.site.settled, end - 50 * MS, 10 * S)
        sa.delete_ike(end, 0)
        start = end + max(60 * MS, 2 * sa.round_trip)
    peers(scene).start(start).talk(start + scene.site.settled, start + 300 * S, 10 * S)


@healthy("version")
def a_parent_for_each_net(scene):
    """libreswan/libreswan#96 (2017-04): each pair of networks has an IKE SA of its own between the same gateways, all are up and renewed in their time"""
    nets = [((f"10.1.{number}.0/24",), (f"10.2.{number}.0/24",)) for number in range(3)]
    sas = [Peers2(scene) for _ in nets]
    children = [sa.start(number * 2 * S, tsi=tsi, tsr=tsr) for number, (sa, (tsi, tsr)) in enumerate(zip(sas, nets))]
    rekeys = [3000 * S, 3200 * S, 3400 * S]
    starts = [10 * S] * 3
    for time in range(0, 3):
        children[time].talk(starts[time], rekeys[time], 5 * S)
        children[time] = sas[time].rekey(rekeys[time], 0, children[time], nets=nets[time])
        children[time].talk(rekeys[time] + scene.site.settled, 5000 * S, 5 * S)

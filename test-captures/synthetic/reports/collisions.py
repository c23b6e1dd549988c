# SPDX-License-Identifier: GPL-2.0-or-later
"""Both peers rekey at once."""
import random

from writer import MS, S

from reports import healthy, report
from reports.peers import TEMPORARY_FAILURE, Peers1, Peers2

GROUP = 14


def collide(scene, sa, end, child):
    """Both ask for a rekey of a child within 4 ms. A's works, and it deletes the old one; B's is answered TEMPORARY_FAILURE. Returns
    the new child."""
    of_a, of_b = sa.request(end, 0, child), sa.request(end + 4 * MS, 1, child)
    sa.refuse(end + 4 * MS + sa.round_trip, of_b, TEMPORARY_FAILURE)
    new = sa.accept(end + sa.round_trip, of_a)
    sa.delete_child(end + scene.site.handover, 0, child)
    return new


@report("flapping interrupted one_way degraded", "rekey_collision rekey_race", weaker="one_way", must_not="pfs_mismatch", by="A both",
        fixed="version")
def tempfail_collision(scene):
    """strongswan/strongswan#1896 (2023-09 and 10): A's rekey is lost on the way, B's comes 1 s later and works, A's retransmission after 4 s is
    answered TEMPORARY_FAILURE, B deletes the old child, and A sends nothing on the new one until the next rekey. Three times"""
    sa = Peers2(scene)
    child, start, settled = sa.start(0), scene.site.settled, scene.site.settled
    for _ in range(3):
        child.talk(start, start + 600 * S)
        child, start = sa.rekey(start + 600 * S, 1, child), start + 600 * S + settled
        end = start + 600 * S
        child.talk(start, end)
        lost = sa.request(end, 0, child, group=GROUP)
        new = sa.accept(end + S + sa.round_trip, sa.request(end + S, 1, child, group=GROUP))
        child.talk(end + 300 * MS, end + 4 * S)
        scene.repeat(end + 4 * S, lost.frames[0])
        sa.refuse(end + 4 * S + sa.round_trip, lost, TEMPORARY_FAILURE)
        sa.delete_child(end + 5 * S, 1, child)
        new.talk(end + 5 * S + 200 * MS, end + 125 * S, sides=(1,))
        scene.outage(child.last[0], end + 125 * S + sa.round_trip, back=1, kinds="silence")
        child, start = sa.rekey(end + 125 * S, 1, new), end + 125 * S + settled
    child.talk(start, start + 300 * S)


@healthy("version")
def collision_tempfail_ok(scene):
    """A collision that goes as RFC 7296 section 2.25 wants it: TEMPORARY_FAILURE for one request, and both use what the other one made"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for number in range(4):
        end = start + 3300 * S
        child.talk(start, end, 3 * S)
        child = sa.rekey(end, 0, child) if number else collide(scene, sa, end, child)
        start = end + scene.site.settled
    child.talk(start, start + 300 * S, 3 * S)


@healthy("version")
def tempfail_retry_ok(scene):
    """A child's rekey meets that of the IKE SA: TEMPORARY_FAILURE, and 20 s later it works on the new one (RFC 7296 section 2.25.1)"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3300 * S
    child.talk(scene.site.settled, end, 3 * S)
    new = sa.rekey_ike(end, 0, delete=False)
    sa.rekey(end + sa.round_trip + 10 * MS, 1, child, error=TEMPORARY_FAILURE)
    sa.delete_ike(end + 2 * scene.site.handover, 0)
    child.sa = new
    child.talk(end + scene.site.settled, end + 20 * S, 3 * S)
    child = new.rekey(end + 20 * S, 1, child)
    child.talk(end + 20 * S + scene.site.settled, end + 900 * S, 3 * S)


@report("flapping degraded", "ike_unanswered rekey_collision", must_not="peer_unreachable", by="B both", fixed="version")
def msgid_desync(scene):
    """amazonlinux/amazon-linux-2023#1121 (2026-07, libreswan 4.12): both rekey within milliseconds, and B then ignores all IKE of A, liveness too, as
    its message IDs are out of step. A gives up and sets up anew. ESP goes on both ways all the while"""
    start = 0
    for _ in range(3):
        sa = Peers2(scene)
        child, end = sa.start(start), start + 3000 * S
        child.talk(start + scene.site.settled, end, 2 * S)
        new = collide(scene, sa, end, child)
        last = sa.unanswered_liveness(end + 240 * S, 0, [gap * MS for gap in (500, 1000, 2000, 4000, 8000, 16000, 28000)])
        new.talk(end + scene.site.settled, last + 500 * MS, 2 * S)
        start = last + 600 * MS
    Peers2(scene).start(start).talk(start + scene.site.settled, start + 100 * S, 2 * S)


@report("churning", "lifetime_too_short rekey_collision", must_not="unexplained_churn", by="both none", fixed="nat version")
def v1_pileup(scene):
    """strongswan/strongswan#1945 (2023-10): IKEv1 with a rekey every 60 s and a new phase 1 every 120 s, the same on both peers: both begin Quick
    Modes and main modes, and SAs pile up"""
    chance = random.Random(3)
    sa = Peers1(scene)
    sa.phase1(0, 132)
    child = sa.phase2(scene.site.settled, 0, 66)
    start, number = 2 * scene.site.settled, 0
    while start < 1800 * S:
        end = start + chance.randint(54, 60) * S
        child.talk(start, end)
        for i, side in enumerate(chance.choice(((0,), (1,), (0, 1)))):
            child = sa.phase2(end + i * 300 * MS, side, 66)
        if number % 2:
            new = Peers1(scene, initiator=chance.choice((0, 1)))
            new.phase1(end + 2 * S, 132)
            sa.delete_ike(end + 3 * S, 0)
            sa = new
        start, number = end + scene.site.settled, number + 1

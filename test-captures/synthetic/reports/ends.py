# SPDX-License-Identifier: GPL-2.0-or-later
"""How tunnels end that had been up: reboots, filters and keys that change behind them, Deletes that nobody answers for, lossy links."""
import ike_bytes as ike
from ike_bytes import notify1
from writer import MS, S

from reports import healthy, report
from reports.path import too_large
from reports.peers import IKE_PORT, NATT_PORT, Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S


@report("one_way down interrupted", "one_way peer_restart", weaker="peer_unreachable", must_not="authentication deleted_by_peer idle_timeout", by="B",
        fixed="nat version")
def up_again_but_deaf(scene):
    """opnsense/core#7374 (2025-02): the other site (B) loses its power and is back after two minutes; the tunnel is set up anew, both gateways show it as up,
    and B takes none of what A sends, until somebody reboots it. Liveness is fine"""
    sa = Peers2(scene)
    child, end = sa.start(0), 1500 * S
    child.talk(scene.site.settled, end)
    last = child.last[1]
    child.talk(end, end + 120 * S, sides=(0,))
    new = Peers2(scene, initiator=1)
    renewed = new.start(end + 120 * S, extra=[ike.notify2(ike.N_INITIAL_CONTACT)])
    renewed.talk(end + 120 * S + scene.site.settled, end + 1200 * S, sides=(0,))
    for time in range(end + 150 * S, end + 1200 * S, 30 * S):
        new.liveness(time + 500 * MS, 0)
    scene.outage(last, None, kinds="silence replaced unanswered")


@report("down", "deleted_by_peer", weaker="lifetime_expired", must_not="authentication peer_unreachable peer_restart idle_timeout", by="B", fixed="version")
def nobody_begins_again(scene):
    """opnsense/core#3707 (2019-09), #5032 (2021-06): the main office's firewall (B) deletes its SAs as it is rebooted; the branch's (A) only waits, and nobody
    begins anew. Another branch's tunnel, in the same capture, goes on"""
    sa, other = Peers2(scene), Peers2(scene, "198.51.100.150")
    child, end = sa.start(0), 1500 * S
    child.talk(scene.site.settled, end)
    sa.delete_ike(end, 1)
    scene.outage(end, None, by=1, kinds="ike_sa_deleted child_sa_deleted", born=0)
    other.start(10 * S).talk(10 * S + scene.site.settled, end + 1200 * S, 3 * S)


@report("degraded", "loss", must_not="one_way authentication peer_unreachable replay_drops", by="none A B", fixed="loss")
def lte_at_the_cell_edge(scene):
    """Mobile links at their worst, seen at A: a fifth of B's packets is lost for ten minutes; before and after none is. What A's lose is lost behind the capture"""
    sa = peers(scene)
    child, worse, better = sa.start(0), 600 * S, 1200 * S
    for time in scene.ticks(scene.site.settled, 1800 * S, 500 * MS):
        for side in (0, 1):
            if side == 1 and worse <= time < better and scene.chance.random() < 0.2:
                child.sequence[side] += 1
            else:
                child.send(time + side * sa.round_trip, side)


@report("interrupted", "spi_unknown peer_unreachable", weaker="ike_unanswered", must_not="authentication deleted_by_peer", by="B none A", fixed="version")
def standby_has_no_sas(scene):
    """As Cisco tells of stateless failover and INVALID_SPI (tech note 115801): B's standby takes over the address and has no SAs. It says INVALID-SPI in clear to
    what A sends, once a minute, which A does not believe; it answers no DPD; A gives up after three checks and sets up anew"""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0)
    child, end = sa.phase2(settled, 0), 1800 * S
    child.talk(2 * settled, end)
    last, asks = child.last[1], end + 75 * S
    gone = sa.unanswered_liveness(asks, 0, [10 * S, 10 * S]) + 10 * S
    child.talk(end, gone, sides=(0,))
    for time in range(end, gone, MINUTE):
        sa.informational(time + sa.round_trip, 1, [notify1(ike.N1_INVALID_SPI, child.inbound[1].to_bytes(4, "big"))])
    new = Peers1(scene)
    new.phase1(gone)
    new.phase2(gone + settled, 0).talk(gone + 2 * settled, gone + 900 * S)
    scene.outage(last, gone + settled + sa.round_trip, back=0, kinds="unanswered silence replaced")


@report("one_way", "one_way", weaker="spi_unknown", must_not="authentication peer_unreachable deleted_by_peer peer_restart nat_mapping", by="B",
        fixed="version")
def delete_never_came(scene):
    """libreswan/libreswan#1903 on Deletes that cross and get lost, seen at A: B has dropped the child, and its Delete never came. A sends on; B's kernel takes
    nothing and B's users have no SA to send on. Liveness is fine"""
    sa = Peers2(scene)
    child, end = sa.start(0), 1700 * S
    child.talk(scene.site.settled, end, 2 * S)
    child.talk(end, end + 1200 * S, 2 * S, sides=(0,))
    for time in range(31 * S, end + 1200 * S, 30 * S):
        sa.liveness(time + 500 * MS, 0)


@report("down", "ike_unanswered", weaker="peer_unreachable lifetime_expired", must_not="authentication deleted_by_peer peer_restart proposal_mismatch one_way",
        by="B none", fixed="nat version")
def udp500_is_blocked_later(scene):
    """netgate's forum, on a rule for UDP 500 that goes missing: the tunnel is up, and phase 1 cannot be renewed, as nothing of B's IKE comes any more. ESP flows until
    phase 2 ends, an hour after its set-up; A goes on asking"""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0, 3600)
    child, asks, end = sa.phase2(settled, 0, 3600), 3000 * S, HOUR
    child.talk(2 * settled, end)
    for start in range(asks, end + 900 * S, 90 * S):
        new = Peers1(scene)
        frame = new.say(start, 0, ike.MAIN, 0, [ike.sa1_phase1((ike.life(3600, phase=1),))], (), 0)
        for gap in (4, 11, 24):
            scene.repeat(start + gap * S, frame)
    scene.outage(child.last[1], None, kinds="unanswered silence")


@report("down", "authentication", weaker="ike_unanswered lifetime_expired", must_not="peer_unreachable proposal_mismatch peer_restart deleted_by_peer",
        by="B A none", fixed="nat version")
def key_changed_at_one_end(scene):
    """Palo Alto and Cisco support pages on keys that are changed at one end only: nothing happens until phase 1 is renewed. Then main mode comes to its fifth message,
    which B can't read and leaves unanswered, three times each; phase 2 ends, and nothing passes"""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0, 3600)
    child, end = sa.phase2(settled, 0, 3600), HOUR
    child.talk(2 * settled, end)
    for start in range(3300 * S, end + 900 * S, MINUTE):
        new = Peers1(scene)
        frames = new.phase1(start, 3600)
        for frame in frames[5:]:
            scene.messages.pop(frame, None)
        scene.take_last()
        for gap in (4, 11, 24):
            scene.repeat(start + 4 * new.round_trip + gap * S, frames[4])
    scene.outage(child.last[1], None, kinds="unanswered silence")


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@healthy("nat ipv6 version")
def kept_alive_behind_nat(scene):
    """RFC 3948 section 4: a phone has nothing to send for half an hour, but a keepalive of a byte each 20 s; its mapping stays, and so do the SAs. Twice"""
    sa = Peers2(scene, "198.51.100.151", "203.0.113.151", (1030, IKE_PORT))
    child, start = sa.start(0, natt=40001), scene.site.settled
    for _ in range(3):
        child.talk(start, start + 300 * S)
        for time in range(start + 320 * S, start + 2100 * S, 20 * S):
            scene.send_udp(time, *sa.ends, b"\xff")
        start += 2100 * S
    child.talk(start, start + 100 * S)


@healthy("loss")
def a_few_are_lost(scene):
    """A DSL line that loses one packet in fifty, in both directions, all along"""
    sa = peers(scene)
    child = sa.start(0)
    for time in scene.ticks(scene.site.settled, 2400 * S, 500 * MS):
        for side in (0, 1):
            if scene.chance.random() < 0.02:
                child.sequence[side] += 1
            else:
                child.send(time + side * sa.round_trip, side)


@healthy("nat ipv6 size")
def told_once_and_heard(scene):
    """RFC 1191 as it should be: a router says once that ESP of 1440 bytes is too large, and A's packets are smaller from then on"""
    sa = peers(scene)
    child = sa.start(0, natt=NATT_PORT)
    for number, time in enumerate(scene.ticks(scene.site.settled, 1500 * S, S)):
        child.send(time, 0)
        child.send(time + sa.round_trip, 1)
        if number % 3 == 0:
            frame = child.send(time + 100 * MS, 0, 1440 if number <= 300 else 1200)
            child.send(time + 150 * MS, 1, 80)
            if frame and number == 300:
                too_large(scene, time + 110 * MS, frame)


@report("stable churning", "none volume_rekey", must_not="unexplained_churn phase2_lifetime_mismatch one_way", by="none A", fixed="size loss version")
def backup_uses_up_the_volume(scene):
    """Cisco's default of 4608000 kilobytes, scaled down: during an hour's backup phase 2 is renewed every six to eight minutes as its volume is used up, and once an
    hour before and after. The volume is not in the packets: SAs that live for a tenth of their seconds may be called churning, if it is for their volume"""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0)
    child, start = sa.phase2(settled, 0), 2 * settled
    for _ in range(2):
        child.talk(start, start + 3300 * S, 10 * S)
        child, start = sa.rekey(start + 3300 * S, 0, child), start + 3300 * S + settled
    for gap in (400, 450, 380, 420, 470, 400, 440):
        for number in range(1000):
            child.send(start + number * gap * MS, 0, 1400)
            if number % 5 == 0:
                child.send(start + number * gap * MS + sa.round_trip, 1, 80)
        child, start = sa.rekey(start + gap * S, 0, child), start + gap * S + settled
    child.talk(start, start + 3300 * S, 10 * S)
    child, start = sa.rekey(start + 3300 * S, 0, child), start + 3300 * S + settled
    child.talk(start, start + 300 * S, 10 * S)

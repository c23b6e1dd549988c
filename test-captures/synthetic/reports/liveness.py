# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is asked whether it is alive, and what the answer, or its lack, leads to."""
from writer import MS, S

import ike_bytes as ike
from ike_bytes import notify2

from reports import healthy, report
from reports.peers import IKE_PORT, NATT_PORT, Peers1, Peers2, peers

HOUR = 3600 * S


@report("interrupted", "peer_unreachable", weaker="ike_unanswered", must_not="authentication deleted_by_peer", by="none B", fixed="version")
def path_cut_at_rekey(scene):
    """libreswan/libreswan#514 (2021-09): the route to B is blocked when A asks for the rekey of its IKE SA; it asks seven times, gives up and begins
    anew, which works as the route is back. Meanwhile no packet of B comes"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3400 * S
    child.talk(scene.site.settled, end, 2 * S)
    new = Peers2(scene)
    frames = sa.say(end + S, 0, ike.CREATE, sa.next_id[0], [ike.sa2_ike(new.cookies[0].to_bytes(8, "big")), ike.Payload(ike.NONCE2, sa.nonce()),
                                                            ike.ke2(14, scene.random_bytes(256))])
    last = sa.again(end + S, frames[0], [gap * S for gap in (1, 2, 4, 8, 16, 29)])
    child.talk(end, last, 2 * S, sides=(0,))
    start = last + 3 * S
    anew = Peers2(scene)
    anew.start(start).talk(start + scene.site.settled, start + 900 * S, 2 * S)
    scene.outage(child.last[1], start + anew.set_up_takes, back=0, kinds="unanswered")


@report("flapping", "ike_unanswered", weaker="deleted_by_peer", must_not="peer_unreachable authentication idle_timeout", by="A", fixed="nat version")
def dpd_answers_rate_limited(scene):
    """AWS, "VPN tunnel inactivity or instability": the customer's gateway (A) is too busy to answer DPD, or limits its rate. B asks three times, 10 s
    apart, gets no answer though A's ESP comes all along, and deletes the tunnel; A sets up anew within 5 s"""
    start = 0
    for cycle, age in enumerate((1500 * S, 2710 * S, 640 * S, 1980 * S)):
        sa = Peers1(scene)
        sa.phase1(start, 28800)
        child, end = sa.phase2(start + scene.site.settled, 0), start + age
        child.talk(start + 2 * scene.site.settled, end)
        last = sa.unanswered_liveness(end - 21 * S, 1, [10 * S, 10 * S])
        sa.delete_child(end, 1, child)
        sa.delete_ike(end + 10 * MS, 1)
        if cycle < 3:
            scene.outage(end, end + 5 * S + scene.site.settled + 2 * sa.round_trip, by=1, back=0, kinds="child_sa_deleted ike_sa_deleted unanswered",
                         born=None)
        start = end + 5 * S
        assert last < end


@report("interrupted flapping", "peer_restart", weaker="peer_unreachable", must_not="authentication deleted_by_peer", by="B", fixed="version")
def aws_endpoint_replaced(scene):
    """AWS re:Post "tunnel endpoint replacement", start-up action Start: the endpoint (B) is replaced without a word and begins anew itself 25 s later.
    A's packets go into the void meanwhile"""
    sa = Peers2(scene)
    child, end = sa.start(0), 2000 * S
    child.talk(scene.site.settled, end)
    child.talk(end, end + 25 * S, sides=(0,))
    new = Peers2(scene, initiator=1)
    renewed = new.start(end + 25 * S, extra=[notify2(ike.N_INITIAL_CONTACT)])
    renewed.talk(end + 25 * S + scene.site.settled, end + 1500 * S)
    scene.outage(child.last[1], end + 25 * S + new.set_up_takes, back=1, kinds="replaced silence unanswered")


@report("interrupted flapping", "peer_unreachable", weaker="ike_unanswered", must_not="authentication peer_restart", by="none B", fixed="nat version")
def phone_out_of_reach(scene):
    """hwdsl2/setup-ipsec-vpn#1068 (2021-12): the server (A here, as it asks) finds the phone silent in the midst of a call's traffic, its liveness checks
    stay unanswered for a minute, and the phone is back by a new set-up, minutes later; three times"""
    start = 0
    for cycle in range(3):
        sa = Peers2(scene, "198.51.100.80", "203.0.113.8", (IKE_PORT, IKE_PORT))
        child, end = sa.start(start, natt=NATT_PORT), start + 1200 * S
        child.talk(start + scene.site.settled, end, S)
        child.talk(end, end + 70 * S, S, sides=(1,))
        sa.unanswered_liveness(end + 5 * S, 1, [gap * S for gap in (1, 2, 4, 8, 16, 32)])
        start = end + (150 + 60 * cycle) * S
        scene.outage(child.last[0], start + sa.set_up_takes, back=0, kinds="unanswered")
    sa = Peers2(scene, "198.51.100.80", "203.0.113.8", (IKE_PORT, IKE_PORT))
    sa.start(start, natt=NATT_PORT).talk(start + scene.site.settled, start + 900 * S, S)


@healthy()
def answers_lost_now_and_then(scene):
    """Each tenth liveness check has to be asked a second time, on a link that loses packets (aztcofirewall.com, "DPD failures on low-end routers", at
    its best); traffic goes on"""
    sa = peers(scene)
    child, end = sa.start(0), 3 * HOUR
    child.talk(scene.site.settled, end, 3 * S)
    for number, time in enumerate(range(31 * S, end, 30 * S)):
        if number % 10 == 9:
            sa.liveness(time, 0, False) if scene.site.version == 1 else None
        sa.liveness(time + (S if number % 10 == 9 else 0), 0)


@healthy()
def office_hours(scene):
    """Bursts of a few minutes, hours apart; liveness checks and rekeys go on meanwhile"""
    sa = peers(scene)
    child = sa.start(0)
    for hour in range(8):
        begin = hour * HOUR
        if hour % 3 == 0:
            child.talk(begin + 60 * S, begin + 400 * S, S)
        for time in range(begin + 500 * S, begin + 3200 * S, 60 * S):
            sa.liveness(time, 1)
        child = sa.rekey(begin + 3300 * S, 0, child)


@report("down", "peer_unreachable", weaker="ike_unanswered", must_not="authentication proposal_mismatch fragments_lost", by="none B")
def init_dropped(scene):
    """jawj/IKEv2-setup#166 (2025-03), libreswan/libreswan#913 (2022-11): the first request is sent six times, nothing comes back (iptables at the server
    drops it), and the user tries again"""
    start = 0
    for _ in range(4):
        sa = peers(scene)
        if scene.site.version == 1:
            frame = sa.say(start, 0, ike.MAIN, 0, [ike.sa1_phase1((ike.life(86400, phase=1),))], (), 0)
        else:
            frame = sa.say(start, 0, ike.INIT, 0, sa.init_body(), responder=0)[0]
        start = sa.again(start, frame, [gap * S for gap in (1, 2, 4, 8, 16)]) if scene.site.version != 1 else again1(scene, start, frame)
        start += 40 * S


def again1(scene, start, frame):
    for gap in (1, 2, 4, 8, 16):
        start += gap * S
        scene.repeat(start, frame)
    return start

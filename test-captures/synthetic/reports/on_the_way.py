# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters on the way, and what they let through."""
import struct

import ike_bytes as ike
from ike_bytes import Payload, notify2
from writer import MS, S

from reports import report
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2, peers

CLIENT, SERVER = "198.51.100.120", "203.0.113.120"
WINDOWS = (1, 2, 4, 8, 16)              # seconds between what is sent again


def road_warrior(scene):
    sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
    sa.natt = NATT_PORT
    return sa


@report("down", "setup_abandoned", weaker="ike_unanswered peer_unreachable fragments_lost",
        must_not="authentication proposal_mismatch auth_failed no_proposal", by="A none", fixed="nat version")
def only_port_500_comes(scene):
    """A hotel's network lets UDP 500 pass and not 4500, seen at the server (learn.microsoft.com, error 809): each IKE_SA_INIT is answered, no
    IKE_AUTH comes, and the client begins anew"""
    start = 0
    for attempt in range(6):
        road_warrior(scene).init(start)
        start += (32 + 9 * attempt) * S


@report("down", "ike_unanswered", weaker="peer_unreachable", must_not="authentication proposal_mismatch auth_failed no_proposal fragments_lost",
        by="B none", fixed="nat version")
def only_port_500_goes(scene):
    """The same, seen at the client: IKE_AUTH, small enough for one packet, goes to port 4500 again and again, and nothing comes back"""
    start = 0
    for attempt in range(4):
        sa = road_warrior(scene)
        sa.init(start)
        sa.float()
        asked = start + 3 * sa.round_trip
        frames = sa.say(asked, 0, ike.AUTH, 1, sa.auth_request(scene.new_spi(), ANY, ANY))
        start = sa.again(asked, frames[0], [gap * S for gap in WINDOWS]) + 30 * S


@report("down", "fragments_lost ike_unanswered", weaker="peer_unreachable", must_not="authentication proposal_mismatch auth_failed no_proposal",
        by="B none", fixed="nat version")
def too_many_fragments(scene):
    """libreswan/libreswan#311 (2020-02): a Windows client whose path takes small packets only splits IKE_AUTH into 22 fragments (RFC 7383); the
    server takes 16 at most, drops them, and never answers (error 809)"""
    start, total = 0, 22
    for attempt in range(3):
        sa = road_warrior(scene)
        sa.init(start)
        sa.float()
        asked = start + 3 * sa.round_trip
        parts = [[Payload(ike.SKF, struct.pack(">HH", number, total) + scene.random_bytes(480), inner=ike.IDI if number == 1 else 0)]
                 for number in range(1, total + 1)]
        for gap in (0, *WINDOWS):
            asked += gap * S
            for number, part in enumerate(parts):
                sa.put(asked + number * 300, 0, ike.AUTH, ike.INITIATOR, 1, part)
        start = asked + 40 * S


@report("down", "proposal_mismatch refused", weaker="setup_abandoned", must_not="authentication peer_unreachable cookie_loop", by="A B",
        fixed="version")
def same_group_again(scene):
    """As Azure/Azure-vpn-config-samples#40 (2021-08) tells of groups that only one peer has: B wants group 2 (INVALID_KE_PAYLOAD), which A does not
    have; A begins anew with group 14, four times a minute"""
    for start in range(0, 300 * S, 15 * S):
        sa = peers(scene)
        sa.exchange(start, 0, ike.INIT, sa.init_body(), [notify2(ike.N_INVALID_KE, b"\0\2")], (0, 0))


@report("one_way", "one_way", weaker="nat_mapping", must_not="authentication peer_unreachable deleted_by_peer", by="B none", fixed="nat")
def esp_is_filtered(scene):
    """probsee.com, "ISP blocking of ESP protocol": IKE passes on UDP 500, and of protocol 50 nothing arrives at A; A's own packets go out, liveness
    is answered. From the first minute on"""
    sa = peers(scene)
    child, end = sa.start(0), 1500 * S
    child.talk(scene.site.settled, end, 2 * S, sides=(0,))
    for time in range(30 * S, end, 30 * S):
        sa.liveness(time, 0)


@report("degraded", "loss", weaker="path_mtu", must_not="one_way authentication peer_unreachable replay_drops", by="none A B", fixed="size loss")
def large_ones_never_arrive(scene):
    """cr0x.net, "IPsec IKEv2 Between Offices", on MTU, as B's side sees it: of A's packets the large ones vanish on the way, about one in three; no
    ICMP"""
    sa = peers(scene)
    child, end = sa.start(0), 1800 * S
    for time in scene.ticks(scene.site.settled, end, 400 * MS):
        if scene.chance.random() < 0.33:
            child.sequence[0] += 1
        else:
            child.send(time, 0, 120)
        if time // (400 * MS) % 2 == 0:
            child.send(time + 30 * MS, 1, 700)


@report("down", "peer_unreachable", weaker="ike_unanswered", must_not="authentication proposal_mismatch deleted_by_peer peer_restart", by="B none",
        fixed="nat version")
def attempt_7489(scene):
    """libreswan/libreswan#790 (2022-07): hosts lose each other in the midst of traffic. Nothing comes any more; DPD is not answered, and each main
    mode's first message is sent eight times over 64 s, in vain, again and again"""
    sa = Peers1(scene)
    child, end = sa.start(0), 1200 * S
    child.talk(scene.site.settled, end)
    last = child.last[1]
    child.talk(end, end + 90 * S, sides=(0,))
    sa.unanswered_liveness(end + 30 * S, 0, [30 * S, 30 * S])
    start = end + 95 * S
    for _ in range(7):
        new = Peers1(scene)
        frame = new.say(start, 0, ike.MAIN, 0, [ike.sa1_phase1((ike.life(28800, phase=1),))], (), 0)
        time = start
        for gap in (500, 500, 1000, 2000, 4000, 8000, 16000, 32000):
            time += gap * MS
            scene.repeat(time, frame)
        start = time + MS
    scene.outage(last, None, kinds="unanswered silence")

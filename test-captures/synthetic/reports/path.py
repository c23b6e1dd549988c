# SPDX-License-Identifier: GPL-2.0-or-later
"""The path between the peers: what it delays, drops, or no longer carries."""
import struct

import ike_bytes as ike
from frames import ETHERNET_HEADER, ICMP, checksum, packet
from ike_bytes import notify2
from writer import MS, ROUTER, S

from reports import report, variants
from reports.peers import IKE_PORT, NATT_PORT, Peers2, peers

QUOTED = 28                         # bytes of a packet in an ICMP error: headers of IP and UDP
PATH_MTU, LARGE = 1400, 1440        # LARGE: bytes behind an ESP header


@report("degraded", "replay_drops", must_not="sequence_fallback", by="B none")
def qos_reorder(scene):
    """strongswan/strongswan#2511 (2024-10), libreswan/libreswan#1414 (2023-11, cites Cisco on QoS): of B's 25 packets a second every 40th waits
    behind a queue and comes 150 packets late, outside of a window of 64 or 128. One packet of A for five of B's"""
    sa = peers(scene)
    sa.natt = NATT_PORT
    child, every = sa.start(0), 40 * MS
    arrivals = sorted((scene.site.settled + (number + (150 if number % 40 == 0 else 0)) * every, number) for number in range(1, 10000))
    for time, number in arrivals:
        child.send(time, 1, 200, sequence=number)
        if number % 5 == 0:
            child.send(time + 5 * MS, 0, 80)


def too_large(scene, time, frame):
    """A router says that a frame of A's needs fragments (RFC 1191)."""
    error = struct.pack(">BBHHH", 3, 4, 0, 0, PATH_MTU) + scene.records[frame - 1][1][ETHERNET_HEADER:][:QUOTED]
    error = error[:2] + struct.pack(">H", checksum(error)) + error[4:]
    a, = scene.addresses[0]
    scene.add(time, packet(ROUTER, a, error, scene.next_ip_id(), ICMP))


@report("degraded", "path_mtu", by="A none", fixed="nat ipv6")
def pmtu_blackhole(scene):
    """opnsense/core#3674 (2019), xelerance/Openswan#85 (2014): a router before B drops large ESP and says so (ICMP type 3 code 4, MTU 1400, for
    port 4500), A's gateway goes on: pings pass, TCP hangs"""
    sa = peers(scene)
    child = sa.start(0, natt=NATT_PORT)
    for number, time in enumerate(scene.ticks(scene.site.settled, 900 * S, S), 1):
        child.send(time, 0)
        child.send(time + sa.round_trip, 1)
        frame = child.send(time + 100 * MS, 0, LARGE) if number % 3 == 0 else None
        if frame:
            too_large(scene, time + 110 * MS, frame)
    for time in range(30 * S + 500 * MS, 900 * S, 30 * S):
        sa.liveness(time, 0)


def mistyped_key(scene):
    """A first try, which B refuses."""
    sa = Peers2(scene, ports=(IKE_PORT, IKE_PORT))
    sa.init(0)
    sa.exchange(3 * sa.round_trip, 0, ike.AUTH, sa.auth_request(scene.new_spi(), *sa.nets), [notify2(ike.N_AUTH_FAILED)])


def unreachable(state):
    return report(state, "peer_unreachable", weaker="ike_unanswered", must_not="authentication", by="B none", fixed="nat version")


@variants(auth_once_then_dpd=(unreachable("flapping"), 5), auth_once_then_one_dpd=(unreachable("interrupted"), 1))
def liveness_fails(scene, times):
    """As libreswan/libreswan#1107, after a key that was mistyped and put right within 2 min: every 20 min B is gone, A's liveness stays unanswered,
    and A sets up anew; or that happens once"""
    mistyped_key(scene)
    start = 120 * S
    for _ in range(times):
        sa = Peers2(scene)
        child = sa.start(start)
        child.talk(start + scene.site.settled, start + 1200 * S, 3 * S)
        start = sa.unanswered_liveness(start + 1210 * S, 0, [gap * S for gap in (4, 7, 13, 23, 42)]) + 5 * S
        scene.outage(max(child.last), start + sa.set_up_takes, back=0, kinds="unanswered")
    Peers2(scene).start(start).talk(start + scene.site.settled, start + 300 * S, 3 * S)


@report("stable idle", "none", must_not="authentication", by="none", fixed="nat version")
def auth_once_then_fine(scene):
    """The same mistyped key; the tunnel is fine since"""
    mistyped_key(scene)
    sa, start = Peers2(scene), 120 * S
    child, talk = sa.start(start), start + scene.site.settled
    for number in range(3):
        end = start + (number + 1) * 1200 * S
        child.talk(talk, end, 3 * S)
        child, talk = sa.rekey(end, 0, child), end + scene.site.settled
    child.talk(talk, end + 600 * S, 3 * S)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A NAT, or what the peers take for one, and ESP that goes to where nobody listens."""
import struct

import ike_bytes as ike
from writer import MS, S

from reports import healthy, report, variants
from reports.peers import IKE_PORT, Peers2

UDP_PAYLOAD = 42                    # bytes in front of it: Ethernet, IPv4, UDP
INVALID_MAJOR_VERSION = 5


@variants(nat_moved_server=(report("one_way degraded", "nat_mapping", weaker="one_way", by="B", fixed="nat version"), False),
          nat_moved_follow=(healthy("nat version"), True))
def nat_moved(scene, follow):
    """libreswan/libreswan#1645 (2024-03, Debian 1053550), #1728 (2024-06 to 09), #1492 (2023-12): A's NAT gives it another address and port after
    600 s. B answers liveness there, and sends ESP to the old mapping until the SA ends; or follows"""
    sa = Peers2(scene, "198.51.100.30", "203.0.113.96", (15409, IKE_PORT))
    child = sa.start(0, natt=15410)
    child.talk(scene.site.settled, 600 * S, 2 * S)
    old = sa.ends[0]
    sa.move(0, "192.0.2.186", 25610)
    for time in scene.ticks(600 * S, 2000 * S, 2 * S):
        child.send(time, 0)
        child.send(time + 200, 1, destination=sa.ends[0] if follow else old)
    if not follow:
        for time in range(629 * S, 2000 * S, 30 * S):
            sa.liveness(time, 0)


@report("one_way degraded", "nat_mapping", weaker="one_way", by="B none", fixed="nat version")
def nat_two_ports(scene):
    """libreswan/libreswan#2012 (2025-01): a NAT gives A's IKE and A's ESP in UDP ports of their own. B sends ESP to IKE's, where A gets nothing"""
    sa = Peers2(scene, "198.51.100.55", "203.0.113.20", (1024, IKE_PORT))
    child = sa.start(0, natt=61001)
    for time in scene.ticks(scene.site.settled, 900 * S, S):
        child.send(time, 0, source=(sa.ends[0][0], 23877))
        child.send(time + 300, 1)
    for time in range(31 * S + 500 * MS, 900 * S, 30 * S):
        sa.liveness(time, 0)


@report("one_way", "nat_mapping", weaker="one_way", by="A", fixed="nat ipv6 version")
def esp_on_500(scene):
    """strongswan/strongswan#861 (2022-01): after a start without a route A sends ESP in UDP on port 500. B takes it for IKE and answers
    INVALID_MAJOR_VERSION. Liveness is fine, B's own ESP comes plain, and no user's packet gets through"""
    sa = Peers2(scene, ports=(IKE_PORT, IKE_PORT))
    child = sa.start(0)
    for time in scene.ticks(scene.site.settled, 900 * S, S):
        frame = child.send(time, 0, in_udp=True)
        if frame:
            taken = scene.records[frame - 1][1][UDP_PAYLOAD:]
            refusal = ike.message(*struct.unpack_from(">QQ", taken), 2, ike.INFO, ike.RESPONSE, *struct.unpack_from(">I", taken, 20),
                                  [ike.notify2(INVALID_MAJOR_VERSION)])
            scene.send_udp(time + sa.round_trip, *sa.ends[::-1], refusal)
        child.send(time + 500 * MS, 1)
    for time in range(30 * S + 700 * MS, 900 * S, 30 * S):
        sa.liveness(time, 0)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that lose their state or their address, and some that only look like it."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import IKE_PORT, NATT_PORT, Peers2, peers

HOUR = 3600 * S


@report("flapping", "peer_restart", weaker="peer_unreachable", must_not="authentication deleted_by_peer early_reauth", by="B")
def power_cuts(scene):
    """A branch (B) whose power fails now and then: no Delete, and 90 s later it sets up anew, with INITIAL_CONTACT; A, which has no DPD, sends on"""
    sa = peers(scene)
    child, start = sa.start(0), 0
    for cycle in range(3):
        end = start + (1500 + 400 * cycle) * S
        child.talk(start + scene.site.settled, end)
        child.talk(end, end + 90 * S, sides=(0,))
        last, start = child.last[1], end + 90 * S
        sa = peers(scene, initiator=1)
        child = sa.start(start, extra=[notify2(ike.N_INITIAL_CONTACT)])
        scene.outage(last, start + sa.set_up_takes, back=1, kinds="replaced silence")
    child.talk(start + scene.site.settled, start + 900 * S)


@report("down interrupted flapping", "peer_unreachable", weaker="ike_unanswered", must_not="authentication", by="none A", fixed="nat version")
def new_address(scene):
    """opnsense/core#4285 (2020-08): A's provider gives it another address by PPPoE; B goes on asking the old one in vain, and A sets up anew from the new
    one 2 min later"""
    sa = Peers2(scene, "198.51.100.90", "203.0.113.9", (IKE_PORT, IKE_PORT))
    child, end = sa.start(0), 3000 * S
    child.talk(scene.site.settled, end, 2 * S)
    child.talk(end, end + 100 * S, 2 * S, sides=(1,))
    sa.unanswered_liveness(end + 20 * S, 1, [gap * S for gap in (4, 7, 13, 23, 42)])
    scene.outage(child.last[0], None, kinds="unanswered")
    new = Peers2(scene, "198.51.100.91", "203.0.113.9", (IKE_PORT, IKE_PORT))
    start = end + 120 * S
    new.start(start).talk(start + scene.site.settled, start + 900 * S, 2 * S)


@healthy("version")
def two_connections(scene):
    """libreswan/libreswan#2520 and others: two connections between two gateways, each with an identity of its own and INITIAL_CONTACT; both carry traffic
    all along"""
    first, second = Peers2(scene), Peers2(scene)
    one = first.start(0, tsi=("10.1.1.0/24",), tsr=("10.2.1.0/24",), extra=[notify2(ike.N_INITIAL_CONTACT)])
    other = second.start(30 * S, tsi=("10.1.2.0/24",), tsr=("10.2.2.0/24",))
    one.talk(S, 3 * HOUR, 4 * S)
    other.talk(31 * S, 3 * HOUR, 5 * S)


@healthy("nat ipv6 version")
def mobike_moves(scene):
    """RFC 4555: a laptop (A) goes from a network to another one; it tells so in an INFORMATIONAL from the new address, and ESP of both follows"""
    sa = Peers2(scene, "198.51.100.95", "203.0.113.95", (IKE_PORT, IKE_PORT))
    child = sa.start(0, natt=NATT_PORT)
    child.talk(scene.site.settled, 1200 * S, 2 * S)
    sa.move(0, "192.0.2.95", NATT_PORT)
    sa.exchange(1201 * S, 0, ike.INFO, [notify2(16400), notify2(ike.N_NAT_SOURCE, scene.random_bytes(20)),
                                       notify2(ike.N_NAT_DESTINATION, scene.random_bytes(20))],
                [notify2(ike.N_NAT_SOURCE, scene.random_bytes(20)), notify2(ike.N_NAT_DESTINATION, scene.random_bytes(20))])
    child.talk(1201 * S + 200 * MS, 3000 * S, 2 * S)


@healthy("version")
def orphan_is_deleted(scene):
    """libreswan/libreswan#2520 (2025-11): both begin at once, so that there are two IKE SAs; the child of one is used, and the other IKE SA is deleted
    with its child, unused, later"""
    first, second = Peers2(scene), Peers2(scene, initiator=1)
    child = first.start(0)
    second.start(20 * MS)
    child.talk(scene.site.settled, 1500 * S, 2 * S)
    second.delete_ike(600 * S, 1)
    for time in range(31 * S, 1500 * S, 60 * S):
        first.liveness(time + 500 * MS, 0)

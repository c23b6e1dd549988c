# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer deletes what works."""
from writer import MS, S

from reports import healthy, report
from reports.peers import Peers1, peers

MONITOR = 116                       # bytes of a monitor's ping


@report("churning flapping", "deleted_by_peer", weaker="identity_conflict early_reauth", must_not="phase2_lifetime_mismatch early_rekey", by="B")
def uniqueids_10s(scene):
    """strongswan/strongswan#823 (2021-12, 5.9.4): B deletes the older of two IKE SAs 10 s after a new one ("uniqueness policy and suspected
    reauthentication"), A's close action begins another one at each Delete: endless, every 10 s"""
    older, start = None, 0
    for _ in range(60):
        sa, end = peers(scene), start + 10 * S
        sa.start(start).talk(start + scene.site.settled, end)
        if older:
            older.delete_ike(end, 1)
        older, start = sa, end + 40 * MS


@healthy()
def reauth_mbb(scene):
    """Re-authentication every 30 min, make before break: A deletes the old IKE SA when the new one is there"""
    older = None
    for start in range(0, 4 * 1800 * S, 1800 * S):
        sa = peers(scene)
        child = sa.start(start)
        if older:
            older.delete_ike(start + max(400 * MS, 12 * sa.round_trip), 0)
        child.talk(start + scene.site.settled, start + 1800 * S, 3 * S)
        older = sa


@report("churning flapping", "deleted_by_peer", weaker="early_reauth", by="A", fixed="version")
def vpn_monitor(scene):
    """Juniper, "Monitoring IPsec VPN Sessions": a ping every 10 s, 10 of them lost, and A clears phase 2. B does not answer pings, though users'
    traffic flows: every 100 s, with lifetimes of 3600 s on both"""
    sa, settled, every = Peers1(scene), scene.site.settled, 10 * S
    sa.phase1(0, 28800)
    for cycle in range(12):
        start = settled + cycle * 102 * S
        child, end = sa.phase2(start, 0), start + 101 * S
        first, last = start + settled, end - S
        users = [(time + side * sa.round_trip, side, (200, 900)[side]) for time in scene.ticks(first, last, S) for side in (0, 1)]
        pings = [(time + 50 * MS, 0, MONITOR) for time in range(-(-first // every) * every, last, every)]
        child.send_all(users + pings)
        sa.delete_child(end, 0, child)
        if cycle < 11:
            scene.outage(end, end + S + sa.round_trip, by=0, back=0, kinds="child_sa_deleted", born=start)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Who ends what worked, and at which rhythm; and what both do at once."""
import ike_bytes as ike
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2, peers

HOUR = 3600 * S
ADDRESS = ("192.168.43.12/32",)
NETS = (("10.1.0.0/24", "10.2.1.0/24"), ("10.1.0.0/24", "10.2.2.0/24"))


@report("flapping", "deleted_by_peer", weaker="lifetime_expired",
        must_not="early_reauth authentication peer_unreachable peer_restart ike_unanswered refused", by="A", fixed="nat version")
def renewed_then_deleted(scene):
    """hwdsl2/setup-ipsec-vpn#844, libreswan/libreswan#362 (2020-09): after an hour the server (B) renews the child and the IKE SA, which
    works; two to four minutes later the client (A) deletes all, and its user connects again"""
    start = 0
    for cycle, late in enumerate((150, 233, 187)):
        sa = Peers2(scene, "198.51.100.110", "203.0.113.110", (IKE_PORT, IKE_PORT))
        nets = {"nets": (ANY, ADDRESS), "answer_tsi": ANY}
        child, rekey = sa.start(start, natt=NATT_PORT, tsi=ANY, tsr=ANY, answer_tsi=ADDRESS), start + HOUR - (90 + 40 * cycle) * S
        child.talk(start + scene.site.settled, rekey, 2 * S)
        child = sa.rekey(rekey, 1, child, **nets)
        parent = rekey + 20 * S
        child.talk(rekey + scene.site.settled, parent, 2 * S)
        sa = child.sa = sa.rekey_ike(parent, 1)
        end = parent + late * S
        child.talk(parent + scene.site.settled, end, 2 * S)
        sa.delete_ike(end, 0)
        back = end + (35 + 20 * cycle) * S
        if cycle < 2:
            scene.outage(end, back + sa.set_up_takes, by=0, back=0, kinds="ike_sa_deleted", born=None)
        start = back


@report("flapping", "ike_unanswered", keyless="ike_unanswered deleted_by_peer", weaker="deleted_by_peer",
        must_not="peer_unreachable lifetime_expired lifetime_too_short idle_timeout early_reauth dpd_failure peer_restart", by="A B",
        fixed="nat version")
def dpd_of_another_order(scene):
    """forum.huawei.com, "Why an IPSec tunnel between AR routers frequently flaps": the peers put hash and notify of DPD in another order,
    and do not understand each other's. A asks after 30 s, three times, 15 s apart, deletes what carries traffic, and sets up anew"""
    start, cycles = 0, 6
    for cycle in range(cycles):
        sa = Peers1(scene)
        sa.phase1(start, 86400)
        child, asked = sa.phase2(start + scene.site.settled, 0), start + 30 * S
        end = asked + 45 * S
        child.talk(start + 2 * scene.site.settled, end)
        sa.unanswered_liveness(asked, 0, [15 * S, 15 * S])
        sa.delete_child(end, 0, child)
        sa.delete_ike(end + 10 * MS, 0)
        start = end + 4 * S
        if cycle < cycles - 1:
            scene.outage(end, start + scene.site.settled + 2 * sa.round_trip, by=0, back=0,
                         kinds="child_sa_deleted ike_sa_deleted unanswered", born=None)


@report("down", "deleted_by_peer", must_not="peer_unreachable lifetime_expired idle_timeout peer_restart authentication", by="B",
        fixed="version")
def nobody_calls_back(scene):
    """opnsense/core#5032 (2021-06): before its reboot a Sophos (B) deletes the tunnel in the midst of traffic; both wait for the other one
    to begin, and nobody does. Another tunnel of A's goes on"""
    sa, other = Peers1(scene), Peers1(scene, b="203.0.113.111")
    sa.phase1(0, 28800)
    other.phase1(2 * S, 28800)
    child, end = sa.phase2(scene.site.settled, 0), 2400 * S
    beside = other.phase2(2 * S + scene.site.settled, 0)
    child.talk(2 * scene.site.settled, end, 2 * S)
    sa.delete_child(end, 1, child)
    sa.delete_ike(end + 10 * MS, 1)
    beside.talk(2 * S + 2 * scene.site.settled, end + 1000 * S, 2 * S)
    scene.outage(end, None, by=1, kinds="child_sa_deleted ike_sa_deleted", born=None)


@report("churning", "early_rekey", weaker="unexplained_churn lifetime_too_short",
        must_not="early_reauth peer_restart rekey_collision deleted_by_peer",
        by="A", fixed="version")
def child_each_minute(scene):
    """Azure/Azure-vpn-config-samples#11 (2016-07): a Cisco IOS XE (A) asks Azure for another child each minute, though its lifetime is a
    day; it deletes the one before 5 s later"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for _ in range(25):
        end = start + 60 * S
        child.talk(start, end)
        new = sa.ask(end, 0, None)
        sa.delete_child(end + 5 * S, 0, child)
        child, start = new, end + scene.site.settled
    child.talk(start, start + 30 * S)


@report("churning", "early_reauth", weaker="lifetime_too_short",
        must_not="peer_restart deleted_by_peer early_rekey identity_conflict authentication", by="A")
def reauth_each_four_minutes(scene):
    """vyos/vyos-1x#5197 (2026-05), strongSwan's documentation on re-authentication: A re-authenticates, break before make; the lifetime was
    typed in the wrong unit (ours), and so it deletes and sets up anew every 4 min, without a gap to speak of"""
    start = 0
    for _ in range(9):
        sa, end = peers(scene), start + 240 * S
        sa.start(start).talk(start + scene.site.settled, end - 50 * MS)
        sa.delete_ike(end, 0)
        start = end + max(60 * MS, 2 * sa.round_trip)
    peers(scene).start(start).talk(start + scene.site.settled, start + 120 * S)


@report("flapping", "rekey_collision deleted_by_peer",
        must_not="refused authentication peer_unreachable pfs_mismatch lifetime_expired peer_restart",
        by="A B both none", fixed="version")
def rekey_meets_delete(scene):
    """strongswan/strongswan#1458 (2022-12, with a Palo Alto): B answers A's rekey and deletes the old child half a millisecond behind; A
    takes the Delete first for the end of what it rekeys, and deletes the new child, too. A monitor of A's asks for another one 30 s
    later"""
    sa = Peers2(scene)
    child, start = sa.start(0), 0
    for cycle, age in enumerate((3300, 3450, 3380)):
        end = start + age * S
        child.talk(start + scene.site.settled, end - 100 * MS)
        new = sa.ask(end, 0, child)
        sa.delete_child(end + sa.round_trip + MS // 2, 1, child)
        gone = end + 2 * sa.round_trip + 5 * MS
        sa.delete_child(gone, 0, new)
        start = gone + 30 * S
        scene.outage(gone, start + sa.round_trip, by=0, back=0, kinds="child_sa_deleted", born=None)
        child = sa.ask(start, 0, None)
    child.talk(start + scene.site.settled, start + 300 * S)


@report("one_way degraded stable", "spi_unknown", keyless="spi_unknown none unknown", weaker="one_way rekey_race rekey_collision",
        must_not="peer_restart deleted_by_peer identity_conflict authentication", by="B none", fixed="version")
def both_begin_one_is_left(scene):
    """libreswan/libreswan#2184 (2025-04): both begin at once, so that there are two IKE SAs with a child each. A deletes the one that it
    began, 1.4 s later, and B's kernel goes on sending on its child. Without keys, which SPI belongs to which of the two is not to be
    seen"""
    first, second = Peers2(scene), Peers2(scene, initiator=1)
    orphan, child = first.start(0), second.start(15 * MS)
    first.delete_ike(1400 * MS, 0)
    for time in scene.ticks(2 * S + scene.site.settled, 900 * S, S):
        child.send(time, 0)
        orphan.send(time + 300 * MS, 1)
    for time in range(31 * S, 900 * S, 30 * S):
        second.liveness(time + 600 * MS, 0)


@report("flapping", "proposal_mismatch", keyless="refused", weaker="refused lifetime_expired",
        must_not="pfs_mismatch authentication peer_unreachable",
        by="A", fixed="version")
def own_children_without_ke_are_taken(scene):
    """As libreswan/libreswan#515 (2021-09) tells of a peer whose rekeys fail each time: A answers those of B, without a key exchange,
    NO_PROPOSAL_CHOSEN, B deletes the child after an hour, and A's own children, without a key exchange too, are taken. That PFS is it is
    not to be seen"""
    sa = Peers2(scene)
    child, start = sa.start(0), 0
    for cycle in range(3):
        end = start + HOUR
        child.talk(start + scene.site.settled, end, 2 * S)
        for time in range(end - 600 * S, end, 130 * S):
            sa.rekey(time, 1, child, error=ike.N_NO_PROPOSAL)
        sa.delete_child(end, 1, child)
        if cycle < 2:
            scene.outage(end, end + 12 * S + sa.round_trip, by=1, back=0, kinds="child_sa_deleted", born=start)
            child = sa.ask(end + 12 * S, 0, None)
        start = end + 12 * S


@report("churning degraded flapping", "deleted_by_peer", keyless="deleted_by_peer unknown",
        must_not="proxy_id_mismatch early_rekey phase2_lifetime_mismatch authentication peer_restart", by="B none", fixed="version")
def v1_one_pair_only(scene):
    """wiki.mikrotik.com, "Manual:IP/IPsec" on a policy's level, "require" where "unique" is meant: a router (B) keeps one pair of SAs for
    all networks of a peer. A begins a Quick Mode for the other network whenever its users want it, and B deletes the SAs of the one
    before"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    child, start = sa.phase2(scene.site.settled, 0, 3600, NETS[0]), 2 * scene.site.settled
    for turn in range(1, 30):
        end = start + (25 + turn % 5 * 6) * S
        child.talk(start, end)
        new = sa.phase2(end, 0, 3600, NETS[turn % 2])
        sa.delete_child(end + 3 * sa.round_trip, 1, child)
        child, start = new, end + scene.site.settled
    child.talk(start, start + 20 * S)


@report("churning flapping", "deleted_by_peer", weaker="identity_conflict early_reauth",
        must_not="phase2_lifetime_mismatch early_rekey peer_restart", by="B")
def restart_on_close(scene):
    """GoogleCloudPlatform/community#1155 (2020-02): A's close action sets up anew at each Delete (closeaction=restart), and B, whose policy
    is uniqueness, deletes the oldest at each set-up: three IKE SAs at any time, none of them older than a few seconds"""
    alive, start = [], 0
    for _ in range(150):
        sa, end = peers(scene), start + 2 * scene.site.settled
        sa.start(start).talk(start + max(200 * MS, 6 * sa.round_trip), end, 230 * MS)
        alive.append(sa)
        if len(alive) > 2:
            alive.pop(0).delete_ike(end, 1)
        start = end + 20 * MS


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@healthy("version")
def ike_rekeys_cross(scene):
    """RFC 7296 sections 2.8.2 and 2.25.2: both ask for a rekey of the IKE SA at once, both are answered; who made the redundant one deletes
    it, and the other one the old"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3400 * S
    child.talk(scene.site.settled, end, 2 * S)
    kept = sa.rekey_ike(end, 0, delete=False)
    redundant = sa.rekey_ike(end + 8 * MS, 1, delete=False)
    redundant.delete_ike(end + scene.site.handover, 1)
    sa.delete_ike(end + 2 * scene.site.handover, 0)
    child.sa = kept
    child.talk(end, end + 200 * S, 2 * S)
    new = kept.rekey(end + 200 * S, 1, child)
    new.talk(end + 200 * S + scene.site.settled, end + 2000 * S, 2 * S)
    for time in range(end + 31 * S, end + 2000 * S, 60 * S):
        kept.liveness(time + 500 * MS, 0)


@healthy("version")
def v1_quick_modes_cross(scene):
    """IKEv1 has no rule for what both begin at once (cf. strongswan/strongswan#1945, 2023-10, at its best): both peers' Quick Modes go
    through, the younger is used, the other one and the old one are left to run out"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    child, start = sa.phase2(scene.site.settled, 0), 2 * scene.site.settled
    for cycle in range(4):
        end = start + 3000 * S
        child.talk(start, end, 3 * S)
        if cycle % 2:
            child = sa.phase2(end, cycle // 2, 3600)
        else:
            sa.phase2(end, 0)
            child = sa.phase2(end + 6 * MS, 1)
        start = end + scene.site.settled
    child.talk(start, start + 500 * S, 3 * S)

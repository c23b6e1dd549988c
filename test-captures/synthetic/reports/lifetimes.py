# SPDX-License-Identifier: GPL-2.0-or-later
"""SAs that end by the clock: at an age, after a silence, sooner at one peer than at the other."""
import ike_bytes as ike
from ike_bytes import notify1, notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S
CLIENT, SERVER = "198.51.100.60", "203.0.113.5"


@report("flapping", "lifetime_expired deleted_by_peer", keyless="lifetime_expired", weaker="deleted_by_peer", must_not="unexplained_churn", by="B",
        fixed="nat version")
def server_deletes_no_rekey(scene):
    """libreswan/libreswan#405 (2021-01), #303, hwdsl2/setup-ipsec-vpn#913, #1168: the server (rekey=no) deletes the IKE SA after exactly 3600 s,
    and nobody rekeys before; the client is back after 4 to 10 min"""
    start = 0
    for cycle in range(5):
        sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
        child = sa.start(start, natt=NATT_PORT, tsi=ANY, tsr=ANY, answer_tsi=("192.168.43.10/32",), extra=[notify2(ike.N_INITIAL_CONTACT)])
        end = start + HOUR
        child.talk(start + scene.site.settled, end, 5 * S)
        sa.delete_ike(end, 1)
        back = end + (240 + 97 * cycle) * S
        if cycle < 4:
            scene.outage(end, back + sa.set_up_takes, by=1, back=0, kinds="ike_sa_deleted", born=start)
        start = back


@healthy("nat version")
def server_rekeys_ike(scene):
    """The same pair where the client renews the child after 58 min and the server the IKE SA"""
    sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
    child, rekey, end = sa.start(0, natt=NATT_PORT), 3480 * S, 3550 * S
    child.talk(scene.site.settled, rekey, 5 * S)
    child = sa.rekey(rekey, 0, child)
    child.talk(rekey + scene.site.settled, end, 5 * S)
    child.sa = sa.rekey_ike(end, 1)
    child.talk(end + scene.site.settled, 7000 * S, 5 * S)


@report("flapping", "lifetime_expired deleted_by_peer", keyless="lifetime_expired", weaker="deleted_by_peer", by="B")
def flap_6min_v2(scene):
    """quericy/one-key-ikev2-vpn#21: the tunnel goes down every 6 min for 20 s, as B deletes the IKE SA at that age"""
    for cycle in range(12):
        start = cycle * 380 * S
        sa, end = peers(scene), start + 360 * S
        sa.start(start).talk(start + scene.site.settled, end, 2 * S)
        sa.delete_ike(end, 1)
        if cycle < 11:
            scene.outage(end, end + 20 * S + sa.set_up_takes, by=1, back=0, kinds="ike_sa_deleted", born=start)


@report("stable idle churning", "lifetime_too_short none", must_not="unexplained_churn flapping", by="both none", fixed="version")
def v1_life_240(scene):
    """As strongswan/strongswan#1945, and kept: both agree on 240 s for phase 2, and renew it after 210 s, A three times out of four"""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0)
    child, start = sa.phase2(settled, 0, 240), settled
    for number in range(12):
        end, side = start + 210 * S, 1 if number % 4 == 3 else 0
        child.talk(start + max(200 * MS, 4 * sa.round_trip), end, 2 * S)
        new = sa.phase2(end, side, 240)
        sa.delete_child(end + max(300 * MS, 4 * sa.round_trip), side, child)
        child, start = new, end + max(400 * MS, 4 * sa.round_trip)
    Peers1(scene, initiator=1).phase1(start + S)
    child.talk(start, start + 100 * S, 2 * S)


def half_expired(scene):
    """A offered 28800 s for phase 2, which B echoed; B's ends at 3600 s without a word, and A sends on. B says INVALID_SPI in clear, once a minute.
    Returns the peers, when B sent last, and the time that is reached."""
    sa, settled = Peers1(scene), scene.site.settled
    sa.phase1(0, 28800)
    child, end = sa.phase2(settled, 0, 28800), 4500 * S
    child.talk(2 * settled, HOUR, 5 * S)
    child.talk(HOUR, end, 5 * S, sides=(0,))
    for time in range(HOUR, end, MINUTE):
        sa.informational(time + sa.round_trip, 1, [notify1(ike.N1_INVALID_SPI, child.inbound[1].to_bytes(4, "big"))])
    return sa, child.last[1], end


@report("interrupted one_way degraded", "phase2_lifetime_mismatch", keyless="spi_unknown",
        weaker="spi_unknown phase2_lifetime_mismatch lifetime_expired", by="A B", fixed="version")
def v1_life_stale(scene):
    """Meraki "IPsec VPN Lifetimes"; opnsense/core#6055, #6056 (2022-09); Cisco 115801 (2013), 221607: phase 2 lives 3600 s at B and 28800 s at A,
    and A sends into the SA that B no longer has, until B has traffic and begins a Quick Mode"""
    sa, last, end = half_expired(scene)
    sa.phase2(end, 1, 3600).talk(end + scene.site.settled, end + 1000 * S, 5 * S)
    scene.outage(last, end + sa.round_trip, back=1, kinds="silence")


@report("one_way degraded down", "spi_unknown", weaker="one_way phase2_lifetime_mismatch lifetime_expired", by="A B", fixed="version")
def v1_stale_no_repair(scene):
    """The same where B has no traffic"""
    half_expired(scene)


@report("stable idle", "none idle_timeout", must_not="duplicate_sa volume_rekey", by="none", fixed="version")
def azure_idle_expiry(scene):
    """seanxwang.com (2015-09): an SA of Azure's expires after 3600 s without a packet, and comes back with the next one: by design"""
    sa = Peers2(scene)
    child = sa.start(0)
    child.talk(scene.site.settled, MINUTE, 2 * S)
    for time in range(5400 * S, 5 * 5400 * S, 5400 * S):
        sa.rekey(time, 0, None).talk(time + scene.site.settled, time + MINUTE, 2 * S)


@report("stable idle", "idle_timeout", weaker="none deleted_by_peer lifetime_expired", must_not="volume_rekey", by="B none")
def asa_idle_timeout(scene):
    """itsecworks.com (2010-12), easihub 8055: a Cisco ASA (B) deletes 1800 s after the last packet (vpn-idle-timeout 30); the next packet sets up
    anew"""
    start = 0
    for cycle in range(5):
        sa = peers(scene)
        child, end = sa.start(start), start + 300 * S
        child.talk(start + scene.site.settled, end, 5 * S)
        sa.delete_child(end + 1800 * S, 1, child)
        sa.delete_ike(end + 1800 * S + max(100 * MS, 2 * sa.round_trip), 1)
        start = end + (1800 + 600 + 350 * cycle) * S

# SPDX-License-Identifier: GPL-2.0-or-later
"""A tunnel works, and its rekeys are refused."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, MOBIKE, NO_ADDITIONAL_SAS, Peers2
from reports.scene import A

MINUTE = 60 * S


def mac_session(scene, start):
    """A Mac comes, and renews its child after 24 min, which is accepted without PFS. Returns the IKE SA, the child and when 48 min are over."""
    sa = Peers2(scene, "198.51.100.74", "203.0.113.4", (41500, 500))
    nets = {"nets": (ANY, ANY), "answer_tsi": ("192.168.43.10/32",)}
    child = sa.start(start, natt=41501, tsi=ANY, tsr=ANY, answer_tsi=nets["answer_tsi"], extra=[notify2(ike.N_INITIAL_CONTACT), notify2(MOBIKE)])
    rekey, end = start + 24 * MINUTE + S, start + 48 * MINUTE
    child.talk(start + scene.site.settled, rekey, 5 * S)
    child = sa.rekey(rekey, 0, child, **nets)
    child.talk(rekey + scene.site.settled, end, 5 * S)
    return sa, child, end


@report("flapping", "proposal_mismatch", keyless="refused", weaker="refused", must_not="pfs_mismatch", by="B", fixed="nat version")
def macos14_48min(scene):
    """libreswan/libreswan#1450 (2023-12), hwdsl2/setup-ipsec-vpn#1486 (2023-11), feedback-assistant/reports#448: macOS 14 is set up at 11:07:08, its
    child is rekeyed at 11:31:09, without PFS, and the rekey of the IKE SA at 11:55:08 refused with NO_PROPOSAL_CHOSEN, as its proposal has number 3.
    The client deletes, and is back within 2 s; every 48 min"""
    start = 0
    for _ in range(4):
        sa, _, end = mac_session(scene, start)
        sa.rekey_ike(end, 0, error=ike.N_NO_PROPOSAL)
        sa.delete_ike(end + max(50 * MS, sa.round_trip), 0)
        start = end + 1500 * MS


@healthy("nat version")
def macos_healthy(scene):
    """The same client where both rekeys work"""
    sa, child, end = mac_session(scene, 0)
    child.sa = sa.rekey_ike(end, 0)
    child.talk(end + scene.site.settled, end + 10 * MINUTE, 5 * S)


NARROW = ("10.66.24.0/24",), ("10.18.0.0/16",)


@report("one_way degraded down", "proxy_id_mismatch", keyless="refused one_way rekey_race rekey_collision", weaker="rekey_race rekey_collision",
        must_not="pfs_mismatch", by="A B both", fixed="version")
def ts_any_vs_narrow(scene):
    """strongswan/strongswan#2477 (2024-10): strongSwan (B) has 0.0.0.0/0 on both sides, Cisco ASA (A, which began) its networks. Rekeys that B asks
    for are refused with TS_UNACCEPTABLE every time, A's work. At last both ask at once, and B never sends on the new SA"""
    sa = Peers2(scene)
    child = sa.start(0, tsi=NARROW[0], tsr=NARROW[1])
    start, talk = 0, scene.site.settled
    for _ in range(3):
        for attempt in range(6):
            sa.rekey(start + (3000 + 60 * attempt) * S, 1, child, nets=(ANY, ANY), error=ike.N_TS_UNACCEPTABLE)
        start += 3420 * S
        child.talk(talk, start, 5 * S)
        child, talk = sa.rekey(start, 0, child, nets=NARROW), start + scene.site.settled
    end = start + 3000 * S
    child.talk(talk, end, 5 * S)
    of_b, of_a = sa.request(end, 1, child, (ANY, ANY)), sa.request(end + 5 * MS, 0, child, NARROW)
    new = sa.accept(end + 5 * MS + sa.round_trip, of_a)
    sa.refuse(end + 9 * MS + sa.round_trip, of_b, ike.N_TS_UNACCEPTABLE)
    sa.delete_child(end + 2 * sa.round_trip, 0, child)
    new.talk(end + scene.site.settled, end + 600 * S, 5 * S, sides=(0,))


@healthy()
def ts_equal(scene):
    """The same gateways with the same selectors; B rekeys"""
    sa = Peers2(scene)
    child, start = sa.start(0, tsi=NARROW[0], tsr=NARROW[1]), scene.site.settled
    for end in (3000 * S, 6000 * S, 9000 * S):
        child.talk(start, end, 5 * S)
        child, start = sa.rekey(end, 1, child, nets=NARROW[::-1]), end + scene.site.settled
    child.talk(start, start + 100 * S, 5 * S)


@report("flapping", "refused", weaker="lifetime_expired", must_not="pfs_mismatch", by="B", fixed="nat version")
def no_additional_sas(scene):
    """strongswan/strongswan#1314 (2022-09, NetworkManager), govici#38 (2021-04): the gateway (B) refuses the rekey of the child from 10200 s on
    (NO_ADDITIONAL_SAS is ours: the log is not public), the client gives up at 10800 s, and its user connects again"""
    start = 0
    for attempt in range(3):
        sa = Peers2(scene, A, ports=(500, 500))
        client = ("10.7.0.4/32",)
        child = sa.start(start, natt=4500, tsi=ANY, tsr=ANY, answer_tsi=client, extra=[notify2(ike.N_INITIAL_CONTACT)])
        end = start + 10800 * S
        child.talk(start + scene.site.settled, end, 10 * S)
        for again in range(0, 600, 25):
            sa.rekey(start + (10200 + again) * S, 0, child, nets=(client, ANY), error=NO_ADDITIONAL_SAS)
        sa.delete_child(end + 500 * MS, 0, child)
        sa.delete_ike(end + S, 0)
        back = end + 90 * S
        if attempt < 2:
            scene.outage(end + 500 * MS, back + sa.set_up_takes, by=0, back=0, kinds="child_sa_deleted ike_sa_deleted", born=start)
        start = back

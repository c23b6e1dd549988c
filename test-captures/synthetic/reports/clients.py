# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones and laptops: who else has their identity, where they went, how often they come."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, MOBIKE, NATT_PORT, Peers2, peers

HOUR = 3600 * S
SERVER = "203.0.113.60"
UPDATE_SA_ADDRESSES = 16400
# Seconds between what strongSwan sends again (retransmit_timeout 4, retransmit_base 1.8, 5 tries, and 75.6 s until it gives up)
STRONGSWAN, STRONGSWAN_GIVES_UP = (4, 7, 13, 23, 42), 76 * S


def client(scene, address, port=NATT_PORT):
    sa = Peers2(scene, address, SERVER, (IKE_PORT, IKE_PORT))
    sa.natt = port
    return sa


@report("flapping", "identity_conflict", weaker="deleted_by_peer early_reauth", must_not="authentication phase2_lifetime_mismatch peer_unreachable",
        by="A B both", fixed="nat version")
def same_certificate_twice(scene):
    """hwdsl2/setup-ipsec-vpn#937 (2021-02): two Windows machines use one client certificate. The server (B) takes the second for the first, and
    deletes the first one's IKE SA; its user connects again after 25 to 40 s, which ends the second one's, and so on"""
    turn, up, made = 0, {}, {0: [], 1: []}
    for number in range(8):
        start = turn
        device = number % 2
        sa = client(scene, ("198.51.100.81", "198.51.100.82")[device], 4500)
        child = sa.start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.7/32",))
        if device in made and made[device] and made[device][-1][1] is None:
            made[device][-1][1] = start + sa.set_up_takes
        if 1 - device in up:
            other, other_child, since = up.pop(1 - device)
            gone = start + sa.set_up_takes + 30 * MS
            other_child.talk(since + scene.site.settled, gone)
            other.delete_ike(gone, 1)
            made[1 - device].append([gone, None, since])
        up[device] = sa, child, start
        turn = start + (25 + 5 * (number % 4)) * S
    (sa, child, since), = up.values()
    child.talk(since + scene.site.settled, turn)
    for device in (0, 1):
        for begin, end, born in made[device]:
            scene.outage(begin, end, by=1, back=None if end is None else 0, kinds="ike_sa_deleted", born=born)


@report("churning", "early_reauth", must_not="authentication deleted_by_peer peer_unreachable peer_restart", by="A", fixed="nat version")
def new_ike_sa_each_minute(scene):
    """trailofbits/algo#430 (2017-04): an iPhone begins a new IKE SA about once a minute, though the server ends none, which it then uses; the old
    ones are left to themselves"""
    start = 0
    for number in range(20):
        sa, end = client(scene, "198.51.100.83"), start + (55 + number % 7 * 3) * S
        sa.start(start, tsi=ANY, tsr=ANY, answer_tsi=(f"10.9.0.{10 + number}/32",)).talk(start + scene.site.settled, end)
        start = end


@report("interrupted", "nat_mapping ike_unanswered", weaker="peer_unreachable", must_not="authentication deleted_by_peer peer_restart", by="B none",
        fixed="nat ipv6 version")
def mobike_is_not_answered(scene):
    """strongswan/strongswan#3125 (2026-08): a phone (A) goes back from mobile data to Wi-Fi and says so (UPDATE_SA_ADDRESSES) from its new address;
    the FortiGate (B) does not answer there, and goes on sending to the old address. The phone gives up after its retransmissions, and sets up
    anew"""
    sa = client(scene, "198.51.100.84")
    child, end = sa.start(0, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.8/32",), extra=[notify2(MOBIKE)]), 700 * S
    child.talk(scene.site.settled, end)
    last, old = child.last[0], sa.ends[0]
    sa.move(0, "192.0.2.84", NATT_PORT)
    frames = sa.say(end + S, 0, ike.INFO, sa.next_id[0], [notify2(UPDATE_SA_ADDRESSES), notify2(ike.N_NAT_SOURCE, scene.random_bytes(20)),
                                                           notify2(ike.N_NAT_DESTINATION, scene.random_bytes(20))])
    start = sa.again(end + S, frames[0], [gap * S for gap in STRONGSWAN]) + STRONGSWAN_GIVES_UP
    for time in scene.ticks(end + S + 200 * MS, start, S):
        child.send(time, 0)
        child.send(time + 40 * MS, 1, destination=old)
    new = client(scene, "192.0.2.84")
    new.start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.8/32",)).talk(start + scene.site.settled, start + 900 * S)
    scene.outage(last, start + new.set_up_takes, back=0, kinds="unanswered silence replaced")


@healthy("nat version")
def laptop_at_night(scene):
    """A user disconnects in the evening, when his programs have been quiet for a while, and connects again in the morning; four days"""
    for day, quiet in enumerate((20, 47, 33, 71)):
        start = day * 24 * HOUR
        sa = client(scene, "198.51.100.85")
        child = sa.start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.9/32",))
        now = start + scene.site.settled
        for hour in range(8):
            child.talk(now, now + 300 * S, 2 * S)
            for time in range(now + 400 * S, now + 3000 * S, 120 * S):
                sa.liveness(time, 1)
            last, now = now + 300 * S, now + HOUR
            if hour < 7:
                child = sa.rekey(now - 100 * S, hour % 2, child, nets=((("10.9.0.9/32",), ANY), (ANY, ("10.9.0.9/32",)))[hour % 2])
        sa.delete_ike(last + quiet * S, 0)


@healthy("version")
def cookie_and_other_group(scene):
    """RFC 7296 sections 2.6.1 and 1.2: a busy server asks for a COOKIE, and then for another group (INVALID_KE_PAYLOAD), which the client gives
    it"""
    sa = peers(scene)
    cookie, again = notify2(ike.N_COOKIE, scene.random_bytes(16)), 3 * sa.round_trip
    body = sa.init_body()
    sa.exchange(0, 0, ike.INIT, body, [cookie], (0, 0))
    sa.exchange(again, 0, ike.INIT, [cookie, *body], [notify2(ike.N_INVALID_KE, b"\0\x13")], (0, 0))
    other = [part if part.type != ike.KE2 else ike.ke2(19, scene.random_bytes(64)) for part in sa.init_body()]
    sa.exchange(2 * again, 0, ike.INIT, [cookie, *other], other, (0, None))
    sa.float()
    sa.auth(3 * again).talk(3 * again + scene.site.settled, 1200 * S, 2 * S)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Gateways of clouds and of large vendors, and what their neighbours make of them."""
import ike_bytes as ike
from ike_bytes import life, notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S
CONFIGURATION = 47                          # IKEv2's payload type
LARGE = 1400


@report("down interrupted", "deleted_by_peer", weaker="lifetime_expired setup_abandoned",
        must_not="authentication refused peer_unreachable pfs_mismatch", by="A", fixed="version")
def policy_not_installed(scene):
    """strongswan/strongswan#1150 (2022-07, 5.9.6 and a Cisco ASA): after an hour A's rekey is accepted, A can't install the policies, and deletes
    the new child at once; so with each further try. The old one ends by its time, liveness is fine, and no traffic passes"""
    sa = Peers2(scene)
    child, end = sa.start(0), HOUR
    child.talk(scene.site.settled, end, 2 * S)
    for time in range(3300 * S, end, 90 * S):
        new = sa.ask(time, 0, child, group=14)
        sa.delete_child(time + 2 * sa.round_trip + 20 * MS, 0, new)
    sa.delete_child(end, 0, child)
    for time in range(end + 30 * S, end + 900 * S, 30 * S):
        sa.liveness(time, 0)
    scene.outage(end, None, by=0, kinds="child_sa_deleted", born=0)


@report("flapping", "ike_unanswered", weaker="deleted_by_peer lifetime_expired", must_not="authentication peer_unreachable proposal_mismatch",
        by="B", fixed="version")
def rekey_with_configuration(scene):
    """hwdsl2/setup-ipsec-vpn#676 (2019-11): a MikroTik (A) puts a configuration payload into its rekeys, which libreswan (B) drops without an
    answer. The child ends, the router deletes what is left and sets up anew 10 s later; each time"""
    start = 0
    for cycle in range(3):
        sa = Peers2(scene)
        child, end = sa.start(start), start + 1800 * S
        child.talk(start + scene.site.settled, end, 2 * S)
        nets = (("10.1.0.0/24",), ("10.2.0.0/24",))
        rekeyed = [notify2(ike.N_REKEY_SA, protocol=ike.ESP_ID, spi=child.inbound[0])]
        body = sa.child_body(scene.new_spi(), nets, 14, rekeyed) + [ike.Payload(CONFIGURATION, b"\1\0\0\0\0\1\0\0")]
        asked = end - 180 * S
        frames = sa.say(asked, 0, ike.CREATE, sa.next_id[0], body)
        sa.next_id[0] += 1
        sa.again(asked, frames[0], [gap * S for gap in (5, 5, 10, 20, 40, 40)])
        sa.delete_ike(end, 0)
        if cycle < 2:
            scene.outage(end, end + 10 * S + sa.set_up_takes, by=0, back=0, kinds="ike_sa_deleted unanswered", born=start)
        start = end + 10 * S


def ask_for_3des(sa, time, child):
    """A rekey that B begins, with 3DES and SHA-1, which A refuses."""
    spi = sa.cap.new_spi()
    transforms = [ike.transform2(1, 3), ike.transform2(3, 2), ike.NO_ESN]
    offer = ike.Payload(ike.SA2, ike.proposals([(ike.ESP_ID, spi.to_bytes(4, "big"), len(transforms), ike.packed(3, transforms))]), (spi,))
    request = [ike.notify2(ike.N_REKEY_SA, protocol=ike.ESP_ID, spi=child.inbound[1]), offer, ike.Payload(ike.NONCE2, sa.nonce()),
               ike.ts(ike.TSI, ("10.2.0.0/24",)), ike.ts(ike.TSR, ("10.1.0.0/24",))]
    sa.exchange(time, 1, ike.CREATE, request, [ike.notify2(ike.N_NO_PROPOSAL)])


@report("flapping", "proposal_mismatch", keyless="refused", weaker="refused lifetime_expired",
        must_not="authentication peer_unreachable pfs_mismatch", by="A B", fixed="version")
def cloud_asks_for_other_ciphers(scene):
    """libreswan/libreswan#765 (2022-06): the rekeys that Azure (B) begins offer ciphers that the company's gateway (A) does not take:
    NO_PROPOSAL_CHOSEN, every few minutes. Azure deletes the child after an hour, and A makes another one 12 s later"""
    sa = Peers2(scene)
    child, start = sa.start(0), 0
    for cycle in range(3):
        end = start + HOUR
        child.talk(start + scene.site.settled, end, 2 * S)
        for time in range(end - 900 * S, end, 210 * S):
            ask_for_3des(sa, time, child)
        sa.delete_child(end, 1, child)
        if cycle < 2:
            scene.outage(end, end + 12 * S + sa.round_trip, by=1, back=0, kinds="child_sa_deleted", born=start)
            child = sa.ask(end + 12 * S, 0, None)
        start = end + 12 * S


@report("flapping", "rekey_collision", weaker="deleted_by_peer rekey_race", must_not="authentication refused peer_unreachable early_rekey",
        by="A B both none", fixed="version")
def both_delete_their_new_child(scene):
    """Palo Alto kA1Ki000000TNW8KAO (2025-07): lifetimes are the same on both, both rekey within 30 ms, both requests are accepted, and each peer
    deletes the child that it asked for, and one of them the old one. Nothing is left until A's next try 40 s later"""
    sa = Peers2(scene)
    child, start = sa.start(0), 0
    for cycle in range(3):
        end = start + HOUR
        child.talk(start + scene.site.settled, end + 150 * MS, S)
        asked, other = sa.request(end, 0, child), sa.request(end + 10 * MS, 1, child)
        of_a, of_b = sa.accept(end + sa.round_trip, asked), sa.accept(end + 10 * MS + sa.round_trip, other)
        sa.delete_child(end + 100 * MS + 2 * sa.round_trip, 0, of_a)
        sa.delete_child(end + 110 * MS + 2 * sa.round_trip, 1, of_b)
        gone = end + 200 * MS + 4 * sa.round_trip
        sa.delete_child(gone, 0, child)
        if cycle < 2:
            scene.outage(gone, end + 40 * S + sa.round_trip, by=0, back=0, kinds="child_sa_deleted", born=start)
            child = sa.ask(end + 40 * S, 0, None)
        else:
            anew = Peers2(scene)
            scene.outage(gone, end + 40 * S + anew.set_up_takes, by=0, back=0, kinds="child_sa_deleted", born=start)
            anew.start(end + 40 * S).talk(end + 40 * S + scene.site.settled, end + 400 * S)
        start = end + 40 * S


@report("one_way degraded", "rekey_race spi_unknown", weaker="one_way", must_not="authentication peer_unreachable deleted_by_peer", by="B",
        fixed="version")
def outbound_step_missing(scene):
    """"Palo Alto to Third party IPSEC Device: Rekey causes VPN tunnel to stop sending network traffic" (PAN-OS 9.1.3h and a Cisco Meraki Z3): at a
    rekey the Meraki (B) installs the new inbound SA and not the outbound one. It goes on sending on the old SA, which A deleted; A drops that.
    Liveness is fine"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3000 * S
    child.talk(scene.site.settled, end, 2 * S)
    new = sa.rekey(end, 0, child)
    for time in scene.ticks(end + scene.site.settled, end + 1200 * S, 2 * S):
        new.send(time, 0)
        child.send(time + 900 * MS, 1)
    for time in range(end + 31 * S, end + 1200 * S, 30 * S):
        sa.liveness(time, 0)


@report("down", "authentication", weaker="", must_not="peer_unreachable proposal_mismatch early_reauth", not_readable="refused", by="B",
        fixed="version")
def certificate_ran_out(scene):
    """strongSwan's documentation on re-authentication, and hwdsl2/setup-ipsec-vpn#1735 (2025-04): A's certificate ran out while the tunnel was up.
    A re-authenticates after 3 h, break before make; from then on B answers AUTHENTICATION_FAILED, twice a minute"""
    sa = Peers2(scene)
    child, end = sa.start(0, certificates=(900, 900)), 3 * HOUR
    child.talk(scene.site.settled, end, 3 * S)
    sa.delete_ike(end, 0)
    for start in range(end + 60 * MS, end + 600 * S, 30 * S):
        new = Peers2(scene)
        new.init(start)
        new.float()
        new.exchange(start + 3 * new.round_trip, 0, ike.AUTH, new.auth_request(scene.new_spi(), *new.nets, certificate=900),
                     [notify2(ike.N_AUTH_FAILED)])
    scene.outage(end, None, by=0, kinds="ike_sa_deleted", born=0)


@report("degraded churning flapping", "deleted_by_peer", weaker="",
        must_not="proxy_id_mismatch early_rekey phase2_lifetime_mismatch authentication", by="B", fixed="version")
def one_pair_only(scene):
    """mulesoft/docs-runtime-manager#106 (2019-05): the cloud's gateway (B) keeps one pair of SAs in a tunnel. Each time that A's users ask for the
    other network, A asks for its child, and B deletes the child of the one before; every 20 to 35 s"""
    sa = Peers2(scene)
    nets = [(("10.1.0.0/24",), (f"10.2.{number}.0/24",)) for number in (1, 2)]
    child, start = sa.start(0, tsi=nets[0][0], tsr=nets[0][1]), 0
    for turn in range(1, 30):
        end = start + (20 + turn % 4 * 5) * S
        child.talk(start + scene.site.settled, end + 40 * MS, S)
        new = sa.ask(end, 0, None, nets=nets[turn % 2])
        sa.delete_child(end + 2 * sa.round_trip + 20 * MS, 1, child)
        child, start = new, end
    child.talk(start + scene.site.settled, start + 20 * S)


@report("flapping", "volume_rekey", weaker="deleted_by_peer", must_not="authentication peer_unreachable phase2_lifetime_mismatch early_rekey",
        by="B none", fixed="version loss")
def backup_ends_the_sa(scene):
    """Huawei KB1000081632: during a backup the volume that both agreed on for phase 2 is reached; the firewall (B) deletes it, can't begin itself,
    and the initiator is back 20 to 30 s later. The rate varies, so that the age does"""
    sa, start = Peers1(scene), scene.site.settled
    sa.phase1(0, 86400)
    agreed = life(28800, kilobytes=1500)
    for cycle, every in enumerate((200, 120, 290, 160, 240)):
        child = sa.quick_mode(start, 0, ("10.1.0.0/24", "10.2.0.0/24"), (agreed,))[0]
        first = start + scene.site.settled
        end = first + 1100 * every * MS
        for number in range(1100):
            child.send(first + number * every * MS, 0, LARGE)
            if number % 4 == 0:
                child.send(first + number * every * MS + 5 * MS, 1, 100)
        sa.delete_child(end, 1, child)
        back = end + (20 + 2 * cycle) * S
        if cycle < 4:
            scene.outage(end, back + 2 * sa.round_trip, by=1, back=0, kinds="child_sa_deleted", born=start)
        start = back


@report("interrupted", "peer_unreachable", weaker="ike_unanswered", must_not="authentication deleted_by_peer peer_restart dpd_failure", by="B none",
        fixed="nat version")
def back_on_the_same_sas(scene):
    """Palo Alto kA10g000000ClgcCAC: a firewall asks ten times for liveness, over 319 s, before it gives up. The way is back after 200 s; the next
    request is answered, and both go on with the SAs that they have"""
    sa = Peers2(scene)
    child, end = sa.start(0), 1500 * S
    child.talk(scene.site.settled, end)
    frame, back = None, end + 200 * S
    child.talk(end, back, sides=(0,))
    last = child.last[1]
    frame, _ = sa.exchange(end + 5 * S, 0, ike.INFO, [], None)
    asked = sa.again(end + 5 * S, frame, [gap * S for gap in (1, 2, 4, 8, 16, 32, 64, 64)])
    sa.again(asked, frame, [64 * S])
    sa.say(asked + 64 * S + sa.round_trip, 1, ike.INFO, sa.next_id[0] - 1, [], True, (frame,))
    child.talk(back, back + 900 * S)
    scene.outage(last, back + sa.round_trip, back=1, kinds="unanswered silence")


@report("flapping", "peer_unreachable", weaker="ike_unanswered", must_not="authentication peer_restart early_reauth", by="B none",
        fixed="nat version")
def impatient_dpd(scene):
    """Fortinet community 397214: DPD that asks after 2 s and gives up after three tries, over LTE that stands still for 9 s now and then. A sets up
    anew each time, without a Delete"""
    start = 0
    for cycle in range(4):
        sa = Peers2(scene)
        child, end = sa.start(start), start + (400 + 130 * cycle) * S
        child.talk(start + scene.site.settled, end)
        child.talk(end, end + 9 * S, sides=(0,))
        sa.unanswered_liveness(end + 2 * S, 0, [2 * S, 2 * S])
        start = end + 9 * S
        scene.outage(child.last[1], start + sa.set_up_takes, back=0, kinds="unanswered silence replaced")
    sa = Peers2(scene)
    sa.start(start).talk(start + scene.site.settled, start + 500 * S)


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@healthy("version")
def both_rekey_by_turns(scene):
    """A and B have the same lifetimes and a random margin each: A rekeys the child, or B, and the IKE SA now and then; eight hours"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for number, age in enumerate((3012, 2871, 3208, 2790, 3105, 2954, 3177, 2834, 3066)):
        end = start + age * S
        child.talk(start, end, 5 * S)
        child, start = sa.rekey(end, number * 5 % 3 % 2, child), end + scene.site.settled
        if number in (2, 6):
            child.talk(start, start + 400 * S, 5 * S)
            start += 400 * S
            sa = child.sa = sa.rekey_ike(start, number // 4)
            start += scene.site.settled
    child.talk(start, start + 600 * S, 5 * S)


@healthy()
def mostly_syslog(scene):
    """A branch's syslog goes one way, a packet a second; once a minute the centre asks its router by SNMP, and is answered"""
    sa = peers(scene)
    child, end = sa.start(0), 2 * HOUR
    logs = [(time, 0, 260) for time in scene.ticks(scene.site.settled, end, S)]
    asked = [(time + side * sa.round_trip, 1 - side, 150) for time in range(30 * S + 300 * MS, end, MINUTE) for side in (0, 1)]
    child.send_all(logs + asked)
    for time in range(41 * S, end, 60 * S):
        sa.liveness(time, 1)


@healthy()
def backup_at_night(scene):
    """Little traffic, a ping each 20 s, and ten minutes' backup of large packets in the midst of it"""
    sa = peers(scene)
    child, start, end = sa.start(0), 900 * S, 1500 * S
    child.talk(scene.site.settled, start, 20 * S)
    for time in range(start, end, 100 * MS):
        child.send(time, 0, LARGE)
        if time // (100 * MS) % 3 == 0:
            child.send(time + 7 * MS, 1, 90)
    child.talk(end + 20 * S, 3000 * S, 20 * S)


@healthy("version")
def old_sa_lingers(scene):
    """Routers that renew phase 2 at four fifths of its hour, and let the old one run out without a Delete"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    child, start = sa.phase2(scene.site.settled, 0, 3600), 2 * scene.site.settled
    for number in range(4):
        end = start + 2880 * S
        child.talk(start, end, 4 * S)
        child, start = sa.phase2(end, number % 2, 3600), end + scene.site.settled
    child.talk(start, start + 400 * S, 4 * S)


@healthy("version")
def three_nets_and_a_new_parent(scene):
    """Three pairs of networks in one IKE SA, which is renewed; each child is renewed on the new one in its time"""
    sa = Peers2(scene)
    nets = [((f"10.1.{number}.0/24",), (f"10.2.{number}.0/24",)) for number in range(3)]
    children = [sa.start(0, tsi=nets[0][0], tsr=nets[0][1])]
    children += [sa.ask(number * 3 * S, 0, None, nets=nets[number]) for number in (1, 2)]
    for number, child in enumerate(children):
        child.talk((10 + number) * S, 2000 * S, (3 + 4 * number) * S)
    sa = sa.rekey_ike(2000 * S, 1)
    for number, child in enumerate(children):
        child.sa = sa
        rekey = (2700 + 210 * number) * S
        child.talk((2002 + number) * S, rekey, (3 + 4 * number) * S)
        new = sa.rekey(rekey, 0, child, nets=nets[number])
        new.talk(rekey + scene.site.settled, 5000 * S, (3 + 4 * number) * S)


@healthy()
def seen_in_the_middle(scene):
    """A capture of 25 min out of the life of a tunnel: neither its set-up nor a rekey falls into it, liveness does"""
    sa = peers(scene)
    child = sa.start(0)
    scene.forget()
    child.sequence = [48213, 51877]
    child.talk(700 * S, 2200 * S, 2 * S)
    for time in range(701 * S, 2200 * S, 60 * S):
        sa.liveness(time, 0)


@healthy("nat version")
def phase1_on_demand(scene):
    """Cisco IOS: phase 1 lives an hour and is not renewed; phase 2, of eight hours, goes on. The next Quick Mode needs a phase 1, and gets one"""
    sa = Peers1(scene)
    sa.phase1(0, 3600)
    child, end = sa.phase2(scene.site.settled, 0, 28800), 28000 * S
    child.talk(2 * scene.site.settled, end, 10 * S)
    sa.delete_ike(HOUR, 0)
    new = Peers1(scene)
    new.phase1(end, 3600)
    renewed = new.phase2(end + scene.site.settled, 0, 28800)
    child.talk(end, end + 2 * scene.site.settled, 10 * S)
    new.delete_child(end + 2 * scene.site.settled, 0, child)
    renewed.talk(end + 2 * scene.site.settled + 100 * MS, end + 1500 * S, 10 * S)

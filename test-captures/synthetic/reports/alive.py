# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of which a part lives and a part does not: the kernel without its daemon, IKE without its way, a phone that sleeps, a cluster's other half."""
import ike_bytes as ike
from frames import ip_fragments
from writer import MS, S

from reports import healthy, report
from reports.clients import STRONGSWAN, STRONGSWAN_GIVES_UP
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S
CLIENT, SERVER = "198.51.100.140", "203.0.113.140"
FORTIGATE, FORTIGATE_GIVES_UP = (3, 6, 12, 24), 48 * S      # Fortinet community 294932
MTU, LARGE = 1500, 1520


def mobile(scene, port=NATT_PORT):
    sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
    sa.natt = port
    return sa


@report("down interrupted", "ike_unanswered", weaker="peer_unreachable", must_not="authentication proposal_mismatch deleted_by_peer peer_restart setup_abandoned",
        by="B", fixed="nat version")
def daemon_hangs(scene):
    """strongswan/strongswan#2791 (2025-05): the daemon of a large gateway (B) locks up, its kernel goes on. A asks whether it is there for 93 s, as
    FortiGates do, gives up, sends nothing any more, and begins anew in vain; B's users still send"""
    sa = Peers2(scene)
    child, hangs = sa.start(0), 1500 * S
    for time in range(MINUTE, hangs, MINUTE):
        sa.liveness(time + 500 * MS, 0)
    gone = sa.unanswered_liveness(hangs + 10 * S, 0, [gap * S for gap in FORTIGATE]) + FORTIGATE_GIVES_UP
    child.talk(scene.site.settled, gone)
    child.talk(gone, gone + 600 * S, sides=(1,))
    for start in range(gone + 5 * S, gone + 600 * S, MINUTE):
        new = Peers2(scene)
        frames = new.say(start, 0, ike.INIT, 0, new.init_body(), responder=0)
        new.again(start, frames[0], [gap * S for gap in FORTIGATE[:3]])
    scene.outage(child.last[0], None, kinds="unanswered silence")


@report("flapping", "ike_unanswered", weaker="peer_unreachable", must_not="authentication deleted_by_peer peer_restart", by="A none",
        fixed="nat version")
def firewall_forgets_ike(scene):
    """strongswan/strongswan#1759 (2023 to 2025), #2683: between a laptop (A) and its server a firewall keeps the state of ESP, which flows, and has
    forgotten that of UDP when the server asks for a rekey. The server asks in vain, gives up and drops what there is; the user connects again.
    Twice, seen at the server"""
    start = 0
    for _ in range(2):
        sa = Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT))
        child, asks = sa.start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.20/32",)), start + 3000 * S
        request = sa.request(asks, 1, child, nets=(ANY, ("10.9.0.20/32",)))
        gone = sa.again(asks, request.frames[0], [gap * S for gap in STRONGSWAN]) + STRONGSWAN_GIVES_UP
        child.talk(start + scene.site.settled, gone)
        child.talk(gone, gone + 40 * S, sides=(0,))
        start = gone + 45 * S
        scene.outage(child.last[1], start + sa.set_up_takes, back=0, kinds="unanswered silence replaced")
    Peers2(scene, CLIENT, SERVER, (IKE_PORT, IKE_PORT)).start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.20/32",)).talk(
        start + scene.site.settled, start + 600 * S)


@report("flapping", "peer_unreachable", weaker="spi_unknown ike_unanswered nat_mapping", must_not="authentication deleted_by_peer peer_restart", by="none A",
        fixed="nat version")
def asleep_behind_nat(scene):
    """hwdsl2/setup-ipsec-vpn#812 (2020-06), seen at the server: a phone (A) sleeps, and its NAT forgets it. The server, which has something for it, asks
    in vain and gives up. The phone wakes up, sends on the old SA from another port, gets nothing, and connects anew. Twice"""
    start, port = 0, 35001
    for _ in range(2):
        sa = mobile(scene, port)
        child, asleep = sa.start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.21/32",)), start + 900 * S
        child.talk(start + scene.site.settled, asleep)
        last = child.last[0]
        gone = sa.unanswered_liveness(asleep + 30 * S, 1, [gap * S for gap in STRONGSWAN]) + STRONGSWAN_GIVES_UP
        child.talk(asleep, gone, 5 * S, sides=(1,))
        port, wakes = port + 776, gone + 200 * S
        sa.move(0, CLIENT, port)
        child.talk(wakes, wakes + 20 * S, 2 * S, sides=(0,))
        start = wakes + 25 * S
        scene.outage(last, start + sa.set_up_takes, back=0, kinds="unanswered silence replaced")
    mobile(scene, port).start(start, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.21/32",)).talk(start + scene.site.settled, start + 600 * S)


@report("degraded", "loss fragments_lost path_mtu", must_not="one_way replay_drops authentication peer_unreachable", by="none A B",
        fixed="nat ipv6 size loss")
def second_fragments_dropped(scene):
    """opnsense/core#3542 (2019-06), seen at B: A's ESP packets that are larger than the link come in two IP fragments, of which a filter drops the second;
    a ping of 1400 bytes and more is not answered, small ones are"""
    sa = peers(scene)
    child = sa.start(0)
    for number, time in enumerate(scene.ticks(scene.site.settled, 1500 * S, S)):
        child.send(time, 0)
        child.send(time + 5 * MS, 1)
        if number % 2 == 0 and child.send(time + 300 * MS, 0, LARGE):
            scene.add(time + 300 * MS, ip_fragments(scene.take_last(), MTU, scene.next_ip_id())[0])


@report("flapping", "lifetime_expired", weaker="deleted_by_peer one_way", must_not="authentication peer_restart early_reauth", by="A none",
        fixed="nat version")
def phase1_is_not_renewed(scene):
    """ubergarm/l2tp-ipsec-vpn-client#8 (2019-03): a client's phase 1 ends after 15 min, it does not renew it, deletes it, and clears phase 2 six seconds later
    as its DPD has no phase 1 to ask by. The server sends for half a minute more; the user connects again. Three times"""
    start = 0
    for cycle in range(3):
        sa, end = Peers1(scene), start + 900 * S
        sa.phase1(start, 900)
        child = sa.phase2(start + scene.site.settled, 0, 3600)
        child.talk(start + 2 * scene.site.settled, end + 6 * S)
        sa.delete_ike(end, 0)
        child.talk(end + 6 * S, end + 36 * S, sides=(1,))
        back = end + (70 + 55 * cycle) * S
        scene.outage(child.last[0], back + scene.site.settled + 2 * sa.round_trip, back=0, kinds="silence replaced ike_sa_deleted")
        start = back
    sa = Peers1(scene)
    sa.phase1(start, 900)
    sa.phase2(start + scene.site.settled, 0, 3600).talk(start + 2 * scene.site.settled, start + 600 * S)


@report("flapping", "lifetime_expired", weaker="deleted_by_peer one_way idle_timeout", must_not="authentication peer_restart early_reauth peer_unreachable",
        by="A B none", fixed="nat version")
def silent_after_an_hour(scene):
    """hwdsl2/setup-ipsec-vpn#361 (2018-04), #228 (2017-10): after an hour the server's SAs have run out, and nobody renewed them. For a minute the
    client's packets are not answered; then it takes its link for dead, deletes all, and its user connects again. Three times"""
    start = 0
    for cycle in range(3):
        sa, end = Peers1(scene), start + HOUR
        sa.phase1(start, 28800)
        child = sa.phase2(start + scene.site.settled, 0, 3600)
        child.talk(start + 2 * scene.site.settled, end)
        child.talk(end, end + MINUTE, sides=(0,))
        last, gone = child.last[1], end + MINUTE
        sa.delete_child(gone, 0, child)
        sa.delete_ike(gone + 10 * MS, 0)
        start = gone + (20 + 15 * cycle) * S
        scene.outage(last, start + scene.site.settled + 2 * sa.round_trip, back=0, kinds="silence child_sa_deleted ike_sa_deleted replaced")
    sa = Peers1(scene)
    sa.phase1(start, 28800)
    sa.phase2(start + scene.site.settled, 0, 3600).talk(start + 2 * scene.site.settled, start + 600 * S)


@report("churning flapping", "deleted_by_peer", weaker="early_reauth identity_conflict", must_not="authentication peer_unreachable peer_restart unexplained_churn",
        by="B", fixed="nat version")
def uniqueness_every_10s(scene):
    """strongswan/strongswan#823 (2021-12): the gateway (B) takes each new IKE SA for the old one's re-authentication, and deletes the old one 10 s later; its
    peer begins anew whenever one is deleted. Traffic goes on, on the latest"""
    sa, used = Peers2(scene), scene.site.settled
    child = sa.start(0)
    for start in range(10 * S, 410 * S, 10 * S):
        anew = Peers2(scene)
        child.talk(used, start + scene.site.settled)
        child, used = anew.start(start), start + scene.site.settled
        sa.delete_ike(start + 10 * S - 50 * MS, 1)
        sa = anew
    child.talk(used, used + 8 * S)


@report("one_way degraded", "spi_unknown rekey_collision rekey_race", weaker="one_way", must_not="authentication peer_unreachable deleted_by_peer peer_restart",
        by="A both", fixed="version")
def child_kept_by_one(scene):
    """libreswan/libreswan#2184 (2025-04): both rekey at once, and both works. B deletes one of the two children; A keeps it, and its kernel goes on
    sending on just that one. B's packets come on the other. Liveness is fine"""
    sa = Peers2(scene)
    child, end = sa.start(0), 3000 * S
    child.talk(scene.site.settled, end, 2 * S)
    asked, other = sa.request(end, 0, child), sa.request(end + 4 * MS, 1, child)
    of_a, of_b = sa.accept(end + sa.round_trip, asked), sa.accept(end + 4 * MS + sa.round_trip, other)
    sa.delete_child(end + scene.site.handover, 0, child)
    sa.delete_child(end + 2 * scene.site.handover, 1, of_a)
    for time in scene.ticks(end + scene.site.settled, end + 1200 * S, 2 * S):
        of_a.send(time, 0)
        of_b.send(time + 700 * MS, 1)
    for time in range(end + 31 * S, end + 1200 * S, 30 * S):
        sa.liveness(time, 0)


@report("churning", "volume_rekey", weaker="early_rekey", must_not="unexplained_churn phase2_lifetime_mismatch authentication deleted_by_peer", by="A none",
        fixed="size loss version")
def volume_of_a_megabyte(scene):
    """Azure/azure-cli#13157 (2020-04): somebody copies an example's 1024 KB for phase 2, and the gateway (A) rekeys whenever these are used up, every half a
    minute to two minutes, as the rate is"""
    sa = Peers2(scene)
    child, time = sa.start(0), scene.site.settled
    for gap in (60, 25, 90, 40, 110, 30, 75, 50, 20, 95, 35):
        for number in range(730):
            child.send(time, 0, 1400)
            if number % 8 == 0:
                child.send(time + sa.round_trip, 1, 90)
            time += gap * MS
        child, time = sa.rekey(time, 0, child), time + scene.site.settled
    for _ in range(30):
        child.send(time, 0, 1400)
        child.send(time + sa.round_trip, 1, 90)
        time += S


@report("interrupted degraded", "sequence_fallback", weaker="replay_drops one_way", must_not="authentication peer_unreachable deleted_by_peer peer_restart", by="A",
        fixed="loss")
def failover_catches_up(scene):
    """RFC 6027 section 3.3 on counters of outbound SAs that a cluster synchronises now and then: A's other member goes on 1200 packets back, and B drops
    that until the numbers are new again, two minutes later"""
    sa = peers(scene)
    child, end = sa.start(0), 600 * S
    child.talk(scene.site.settled, end, 100 * MS)
    last = child.last[1]
    child.sequence[0] -= 1200
    back = end + 120 * S
    child.talk(end, back, 100 * MS, sides=(0,))
    child.talk(back, back + 600 * S, 100 * MS)
    scene.outage(last, back + sa.round_trip, back=1, kinds="sequence_fell_back silence")


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@report("unknown stable idle", "none unknown", must_not="flapping spi_churn dpd_failure peer_restart child_refused path_mtu loss", by="none", fixed="size")
def telemetry_only(scene):
    """A plant sends measurements by UDP to its centre, which has nothing to say: one direction only, from the first day on. Liveness is fine, SAs are renewed"""
    sa = peers(scene)
    child, start = sa.start(0), scene.site.settled
    for number in range(2):
        end = start + 3000 * S
        for time in scene.ticks(start, end, 2 * S):
            child.send(time, 0, scene.chance.randrange(160, 900, 16))
        for time in range(start + 29 * S, end - 10 * S, 60 * S):
            sa.liveness(time + 500 * MS, 0)
        child, start = sa.rekey(end, 0, child), end + scene.site.settled
    for time in scene.ticks(start, start + 300 * S, 2 * S):
        child.send(time, 0, scene.chance.randrange(160, 900, 16))


@healthy("loss")
def sequence_jumps_ahead(scene):
    """RFC 6311 section 5.2, on a member of a cluster that takes over: it begins far enough ahead of what the other one may have sent; nothing is lost"""
    sa = peers(scene)
    child = sa.start(0)
    child.talk(scene.site.settled, 900 * S, 200 * MS)
    child.sequence[0] += 16384
    child.talk(900 * S + 700 * MS, 1800 * S, 200 * MS)


@healthy("loss")
def reordered_within_window(scene):
    """Two paths of equal cost: every 25th packet of B's comes 20 packets late, which a window of 64 takes"""
    sa = peers(scene)
    child, every = sa.start(0), 100 * MS
    arrivals = sorted((scene.site.settled + (number + (20 if number % 25 == 0 else 0)) * every + 50 * MS, number) for number in range(1, 9000))
    for time, number in arrivals:
        child.send(time, 1, 200, sequence=number)
        if number % 4 == 0:
            child.send(time + 5 * MS, 0, 80)


@healthy("version")
def make_before_break(scene):
    """strongSwan's make_before_break, its default since 6.0: A re-authenticates every 3 h by another IKE SA with a child of its own, uses that, and deletes
    the old one a second later"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for _ in range(3):
        end = start + 3 * HOUR
        child.talk(start, end + scene.site.settled, 8 * S)
        anew = Peers2(scene)
        child = anew.start(end)
        sa.delete_ike(end + 2 * scene.site.settled, 0)
        sa, start = anew, end + scene.site.settled + S
    child.talk(start, start + 600 * S, 8 * S)


@healthy("nat version")
def phone_sleeps(scene):
    """A phone sleeps for a quarter of an hour, in which nobody sends; it wakes up behind another port of its NAT, asks whether the server is there, and both
    go on, there. Three times"""
    sa = mobile(scene, 35001)
    child, start = sa.start(0, tsi=ANY, tsr=ANY, answer_tsi=("10.9.0.22/32",)), scene.site.settled
    for cycle in range(4):
        child.talk(start, start + 400 * S)
        start += 1300 * S
        sa.move(0, CLIENT, 36001 + 311 * cycle)
        sa.liveness(start - 300 * MS, 0)
    child.talk(start, start + 400 * S)


@report("stable idle churning", "none", must_not="flapping sequence_exhausted sequence_restart peer_restart one_way rekey_collision", by="none", fixed="version")
def failover_renews_at_once(scene):
    """Fortinet's handbook on FGCP, IKEv1: a member that takes over has its outbound numbers at their maximum, so that its first packet makes it renew phase 2
    at once. Once in four hours; phase 2 lives for an hour"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    child, start = sa.phase2(scene.site.settled, 0, 3600), 2 * scene.site.settled
    for age in (3000, 3000, 1900, 3000):
        end = start + age * S
        child.talk(start, end, 4 * S)
        child, start = sa.rekey(end, 0, child), end + scene.site.settled
    child.talk(start, start + 600 * S, 4 * S)

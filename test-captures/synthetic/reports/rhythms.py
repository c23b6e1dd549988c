# SPDX-License-Identifier: GPL-2.0-or-later
"""Rhythms of gateways that work, and a few that end: idle timeouts, checks that nobody answers, restarts that nobody feels, copies and stragglers."""
import ike_bytes as ike
from ike_bytes import notify2
from writer import MS, S

from reports import healthy, report
from reports.clients import STRONGSWAN, STRONGSWAN_GIVES_UP
from reports.peers import Peers1, Peers2, peers

MINUTE, HOUR = 60 * S, 3600 * S
INVALID_IKE_SPI = 4


@report("interrupted", "peer_unreachable ike_unanswered peer_restart", must_not="authentication proposal_mismatch deleted_by_peer", by="B none",
        fixed="nat version")
def answers_that_it_knows_nothing(scene):
    """RFC 7296 section 2.21.4: B's daemon has restarted and waits. To A's liveness checks it answers INVALID_IKE_SPI in clear, which A may not believe; A asks
    until it gives up, and sets up anew"""
    sa = Peers2(scene)
    child, end = sa.start(0), 2000 * S
    child.talk(scene.site.settled, end)
    last, asks = child.last[1], end + 20 * S
    frame, _ = sa.exchange(asks, 0, ike.INFO, [], None)
    time = asks
    for gap in (0, *STRONGSWAN):
        time += gap * S
        if gap:
            scene.repeat(time, frame)
        sa.put(time + sa.round_trip, 1, ike.INFO, ike.RESPONSE, 2, [notify2(INVALID_IKE_SPI)])
    gone = time + STRONGSWAN_GIVES_UP
    child.talk(end, gone, sides=(0,))
    new = Peers2(scene)
    new.start(gone + S).talk(gone + S + scene.site.settled, gone + 900 * S)
    scene.outage(last, gone + S + new.set_up_takes, back=0, kinds="unanswered silence replaced")


@report("stable idle", "idle_timeout none", weaker="deleted_by_peer", must_not="flapping volume_rekey lifetime_expired spi_churn", by="B none", fixed="version")
def closed_after_half_an_hour(scene):
    """opnsense/core#3821 (2019-11): the database's firewall (B) closes what carried nothing for 30 min; the next query makes a new child on the IKE SA that
    stays"""
    sa = Peers2(scene)
    child, start = sa.start(0), scene.site.settled
    for pause in (700, 2900, 1300, 4100, 2000):
        child.talk(start, start + 240 * S, 3 * S)
        sa.delete_child(start + 240 * S + 1800 * S, 1, child)
        start += 240 * S + 1800 * S + pause * S
        child = sa.ask(start, 0, None)
        start += scene.site.settled
    child.talk(start, start + 200 * S, 3 * S)


@report("stable idle", "idle_timeout none", weaker="deleted_by_peer", must_not="flapping volume_rekey lifetime_expired spi_churn peer_restart", by="A none",
        fixed="version")
def windows_quick_mode_idles(scene):
    """Windows (A) deletes a quick mode SA five minutes after its last packet, and makes the next one when somebody sends; main mode stays for eight hours"""
    sa = Peers1(scene)
    sa.phase1(0, 28800)
    child, start = sa.phase2(scene.site.settled, 0, 3600), 2 * scene.site.settled
    for pause, busy in ((400, 340), (900, 200), (150, 420), (1200, 180), (600, 260)):
        child.talk(start, start + busy * S, 2 * S)
        gone = start + busy * S + 300 * S
        sa.delete_child(gone, 0, child)
        start = gone + pause * S
        child = sa.phase2(start, 0, 3600)
        start += scene.site.settled
    child.talk(start, start + 200 * S, 2 * S)


@report("stable degraded", "none ike_unanswered", must_not="flapping one_way peer_restart spi_churn peer_unreachable auth_failed", by="none B",
        fixed="nat version")
def dpd_is_never_answered(scene):
    """Check Point's old ways with others' DPD: B never answers R-U-THERE, from the first hour on, and A, which only logs that, goes on. Phase 2 is renewed in its
    time, and traffic flows"""
    sa = Peers1(scene)
    sa.phase1(0)
    child, start = sa.phase2(scene.site.settled, 0), 2 * scene.site.settled
    for _ in range(2):
        child.talk(start, start + 3300 * S, 2 * S)
        for time in range(start + 30 * S, start + 3280 * S, 30 * S):
            sa.liveness(time + 500 * MS, 0, False)
        child, start = sa.rekey(start + 3300 * S, 0, child), start + 3300 * S + scene.site.settled
    child.talk(start, start + 600 * S, 2 * S)


@report("stable degraded unknown", "none ike_unanswered unknown", must_not="flapping one_way peer_unreachable peer_restart auth_failed", by="none B",
        fixed="nat version")
def cut_before_the_end(scene):
    """A capture that somebody stopped too early: A has asked six times for the rekey of its child, in vain, for a minute and a half; ESP still flows both ways"""
    sa = Peers2(scene)
    child, asks = sa.start(0), 3300 * S
    for time in range(31 * S, asks, 60 * S):
        sa.liveness(time + 500 * MS, 0)
    request = sa.request(asks, 0, child)
    last = sa.again(asks, request.frames[0], [gap * S for gap in STRONGSWAN])
    child.talk(scene.site.settled, last + 20 * S)


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@report("stable interrupted", "none peer_restart", must_not="authentication deleted_by_peer flapping one_way", by="A none", fixed="version")
def daemon_restarts_at_once(scene):
    """A package's update restarts A's daemon: no Delete, and half a second later a new set-up with INITIAL_CONTACT. One packet or two are lost"""
    sa = Peers2(scene)
    child, end = sa.start(0), 1800 * S
    child.talk(scene.site.settled, end)
    new = Peers2(scene)
    new.start(end + 500 * MS, extra=[notify2(ike.N_INITIAL_CONTACT)]).talk(end + 500 * MS + scene.site.settled, end + 1500 * S)


@healthy("version")
def new_ike_sa_each_hour(scene):
    """Gateways that never rekey: A sets up another IKE SA with its child every 55 min, in time, uses it, and lets the old one run out without a word"""
    child, start = Peers2(scene).start(0), scene.site.settled
    for number in range(1, 5):
        end = number * 3300 * S
        child.talk(start, end + scene.site.settled, 5 * S)
        child, start = Peers2(scene).start(end), end + scene.site.settled + S
    child.talk(start, start + 600 * S, 5 * S)


@healthy("loss")
def each_third_twice(scene):
    """A bridge that sends each third packet twice, 2 ms apart"""
    sa = peers(scene)
    child = sa.start(0)
    for number, time in enumerate(scene.ticks(scene.site.settled, 1500 * S, S)):
        for side in (0, 1):
            frame = child.send(time + side * sa.round_trip, side)
            if frame and number % 3 == 0:
                scene.repeat(time + side * sa.round_trip + 2 * MS, frame)


@healthy("loss")
def rarely_far_behind(scene):
    """One of B's packets in a thousand comes 300 packets late, and is dropped: nobody notices that"""
    sa = peers(scene)
    child, every = sa.start(0), 50 * MS
    arrivals = sorted((scene.site.settled + (number + (300 if number % 1000 == 0 else 0)) * every + 10 * MS, number) for number in range(1, 20000))
    for time, number in arrivals:
        child.send(time, 1, 200, sequence=number)
        if number % 10 == 0:
            child.send(time + 5 * MS, 0, 80)

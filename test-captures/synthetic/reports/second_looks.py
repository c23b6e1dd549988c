# SPDX-License-Identifier: GPL-2.0-or-later
"""What looks like something else at first: a restart like a rhythm, a disconnect like a failure, a refusal from the side that began."""
import ike_bytes as ike
from ike_bytes import notify1, notify2
from writer import MS, S

from reports import healthy, report
from reports.identities import N1_PAYLOAD_MALFORMED, password_tried
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2, peers
from reports.set_ups import ASK, XAUTH_NAME, XAUTH_PASSWORD, XAUTH_TYPE, text, xauth

HOUR = 3600 * S


@report("flapping", "peer_restart", weaker="peer_unreachable", must_not="early_reauth deleted_by_peer authentication identity_conflict",
        by="B")
def crash_loop(scene):
    """A router (B) that crashes every 4 min, as reports of memory leaks tell (cf. libreswan/libreswan#786, 2022-07): no Delete, 25 s of
    nothing, and it sets up anew, with INITIAL_CONTACT; A sends on meanwhile"""
    sa = peers(scene)
    child, start = sa.start(0), 0
    for _ in range(7):
        end = start + 215 * S
        child.talk(start + scene.site.settled, end)
        child.talk(end, end + 25 * S, sides=(0,))
        last, start = child.last[1], end + 25 * S
        sa = peers(scene, initiator=1)
        child = sa.start(start, extra=[notify2(ike.N_INITIAL_CONTACT)])
        scene.outage(last, start + sa.set_up_takes, back=1, kinds="replaced silence")
    child.talk(start + scene.site.settled, start + 200 * S)


@report("down", "proposal_mismatch", weaker="setup_abandoned", must_not="authentication peer_unreachable proxy_id_mismatch", by="A",
        fixed="nat version")
def v1_choice_is_refused(scene):
    """RFC 2409 section 4, as strongSwan's logs tell it ("received proposals inacceptable"): B chooses what A did not offer, A says
    NO-PROPOSAL-CHOSEN in place of its third message, and begins anew half a minute later"""
    for start in range(0, 240 * S, 30 * S):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        sa.phase1(start)
        for _ in range(4):
            scene.take_last()
        sa.informational(start + 2 * sa.round_trip, 0, [notify1(ike.N1_NO_PROPOSAL, sa.cookie_bytes(), ike.IKE)])


@report("down", "authentication", weaker="refused setup_abandoned ike_unanswered deleted_by_peer",
        must_not="proposal_mismatch proxy_id_mismatch peer_unreachable",
        by="A B none", fixed="nat version")
def v1_aggressive_third_not_read(scene):
    """Aggressive mode with keys that differ, where the initiator does not check the responder's hash (SonicWall's and WatchGuard's
    knowledge bases on "payload malformed"): B can't read the third message, says PAYLOAD-MALFORMED in clear, and A tries again"""
    for start in range(0, 300 * S, 30 * S):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        sa.aggressive_mode(start)
        sa.informational(start + 3 * sa.round_trip, 1, [notify1(N1_PAYLOAD_MALFORMED, sa.cookie_bytes(), ike.IKE)])


@report("down", "authentication", keyless="authentication setup_abandoned deleted_by_peer unknown",
        weaker="setup_abandoned deleted_by_peer",
        not_readable="setup_abandoned deleted_by_peer", must_not="peer_unreachable proposal_mismatch early_reauth", by="A B none",
            fixed="nat version")
def password_expired(scene):
    """learn.microsoft.com on always-on VPN and expired passwords: after 2 h the client (A) deletes the IKE SA to authenticate anew, and
    gets EAP's failure each time, twice a minute"""
    sa, asked, end = password_tried(scene, 0, IKE_PORT, True)
    proof, answered = ike.Payload(ike.AUTH2, b"\2\0\0\0" + scene.random_bytes(32)), scene.new_spi()
    sa.exchange(end, 0, ike.AUTH, [proof], [proof, ike.sa2_child(answered), ike.ts(ike.TSI, ("10.7.0.5/32",)), ike.ts(ike.TSR, ANY)])
    gone = 2 * HOUR
    sa.child(0, asked, answered).talk(end + scene.site.settled, gone, S)
    sa.delete_ike(gone, 0)
    for start in range(gone + 60 * MS, gone + 300 * S, 30 * S):
        password_tried(scene, start, IKE_PORT, False)
    scene.outage(gone, None, by=0, kinds="ike_sa_deleted", born=None)


@report("flapping interrupted", "authentication ike_unanswered", keyless="authentication ike_unanswered deleted_by_peer lifetime_expired",
        weaker="lifetime_expired deleted_by_peer setup_abandoned",
        must_not="peer_unreachable proposal_mismatch peer_restart early_reauth", by="A B none",
        fixed="nat version")
def xauth_again_at_reauth(scene):
    """Cisco's documentation on XAuth and re-authentication: when phase 1 is renewed, the server (B) asks for name and password again;
    nobody types them. It asks six times, and deletes the tunnel at its hour; the user connects again after minutes"""
    start = 0
    for cycle in range(3):
        sa = Peers1(scene, "198.51.100.130", "203.0.113.130", (IKE_PORT, IKE_PORT))
        sa.phase1(start, 3600)
        sa.natt = NATT_PORT
        sa.float()
        child, renew, end = sa.phase2(start + 8 * sa.round_trip, 0, 3600, ("10.1.0.2/32", "0.0.0.0/0")), start + 3300 * S, start + HOUR
        child.talk(start + scene.site.settled, end, 2 * S)
        new = Peers1(scene, "198.51.100.130", "203.0.113.130", (NATT_PORT, NATT_PORT))
        new.phase1(renew, 3600)
        question = scene.message_id()
        new.say(renew + 7 * new.round_trip, 1, ike.TRANSACTION, question,
                xauth(new, ike.attribute(XAUTH_TYPE, 0), text(XAUTH_NAME, b""), text(XAUTH_PASSWORD, b""), kind=ASK))
        number, time = len(scene.records), renew + 7 * new.round_trip
        for gap in (1, 2, 4, 8, 16):
            time += gap * S
            scene.repeat(time, number)
        sa.delete_child(end, 1, child)
        sa.delete_ike(end + 10 * MS, 1)
        start = end + (140 + 75 * cycle) * S
        if cycle < 2:
            scene.outage(end, start + 10 * sa.round_trip, by=1, back=0, kinds="child_sa_deleted ike_sa_deleted unanswered", born=None)


# --- nothing is wrong ---------------------------------------------------------------------------------------------------

@healthy("version")
def v1_goes_home(scene):
    """IKEv1: the users of a branch (A) go home, 40 s later its router is switched off and deletes both phases; another tunnel of the centre
    goes on. The next morning it is up again"""
    other = Peers1(scene, a="198.51.100.140")
    other.phase1(2 * S, 86400)
    beside = other.phase2(2 * S + scene.site.settled, 0, 28800)
    for day in (0, 15 * HOUR):
        sa = Peers1(scene)
        sa.phase1(day, 28800)
        child, end = sa.phase2(day + scene.site.settled, 0, 28800), day + 3000 * S
        child.talk(day + 2 * scene.site.settled, end, 2 * S)
        if day == 0:
            sa.delete_child(end + 40 * S, 0, child)
            sa.delete_ike(end + 40 * S + 10 * MS, 0)
    beside.talk(2 * S + 2 * scene.site.settled, 7 * HOUR, 10 * S)


@report("stable idle", "none", must_not="outage one_way peer_unreachable", by="none", fixed="version")
def v1_goes_home_for_good(scene):
    """The same, and the capture ends in the evening"""
    sa, other = Peers1(scene), Peers1(scene, a="198.51.100.140")
    sa.phase1(0, 28800)
    other.phase1(2 * S, 86400)
    child, end = sa.phase2(scene.site.settled, 0, 28800), 3000 * S
    beside = other.phase2(2 * S + scene.site.settled, 0, 28800)
    child.talk(2 * scene.site.settled, end, 2 * S)
    sa.delete_child(end + 40 * S, 0, child)
    sa.delete_ike(end + 40 * S + 10 * MS, 0)
    beside.talk(2 * S + 2 * scene.site.settled, end + 2000 * S, 2 * S)


@healthy("version")
def v1_asked_one_deletes(scene):
    """IKEv1 as racoon and its heirs do it: A renews phase 2 after 50 min, and B deletes the old one at once"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    child, start = sa.phase2(scene.site.settled, 0, 3600), 2 * scene.site.settled
    for _ in range(5):
        end = start + 3000 * S
        child.talk(start, end, 3 * S)
        new = sa.phase2(end, 0, 3600)
        sa.delete_child(end + 3 * sa.round_trip, 1, child)
        child, start = new, end + scene.site.settled
    child.talk(start, start + 400 * S, 3 * S)

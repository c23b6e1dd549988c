# SPDX-License-Identifier: GPL-2.0-or-later
"""Set-ups that come so far, and no further; and some that only take long."""
import struct

import ike_bytes as ike
from ike_bytes import Payload, attribute, life, notify1, notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2
from reports.set_ups import ASK, ANSWER, SET, ACKNOWLEDGE, XAUTH_NAME, XAUTH_PASSWORD, XAUTH_STATUS, XAUTH_TYPE, text, xauth

HOUR = 3600 * S
CHILDLESS = 16418


@report("down", "proposal_mismatch", must_not="authentication peer_unreachable ike_unanswered", by="B", fixed="nat version")
def init_refused_in_clear(scene):
    """libreswan/libreswan#294 (2019-11): each IKE_SA_INIT is answered NO_PROPOSAL_CHOSEN in clear, which libreswan (A) does not believe: it sends the same
    request again, six times, and later begins anew"""
    start = 0
    for _ in range(3):
        sa = Peers2(scene, ports=(IKE_PORT, IKE_PORT))
        request, = sa.say(start, 0, ike.INIT, 0, sa.init_body(), responder=0)
        answer, = sa.say(start + 75 * MS, 1, ike.INIT, 0, [notify2(ike.N_NO_PROPOSAL)], True, (request,), responder=0)
        for gap in (500, 1000, 2000, 4000, 8000, 16000):
            start += gap * MS
            scene.repeat(start, request)
            scene.repeat(start + 75 * MS, answer)
        start += 33 * S


@report("down", "proposal_mismatch", must_not="authentication peer_unreachable ike_unanswered", by="B", fixed="nat version")
def v1_refused_in_clear(scene):
    """nm-l2tp/NetworkManager-l2tp#8 (2016-06): the server answers main mode's first message with NO-PROPOSAL-CHOSEN in an Informational, in clear"""
    for start in range(0, 150 * S, 30 * S):
        sa = Peers1(scene)
        first = sa.say(start, 0, ike.MAIN, 0, [ike.sa1_phase1((life(10800, phase=1),))], (), 0)
        sa.say(start + sa.round_trip, 1, ike.INFO1, 0, [notify1(ike.N1_NO_PROPOSAL, sa.cookie_bytes(), ike.IKE)], (first,))


@report("down", "authentication ike_unanswered", weaker="setup_abandoned", must_not="proposal_mismatch peer_unreachable", by="A B none",
        fixed="nat version")
def v1_third_pair_unanswered(scene):
    """libreswan/libreswan#301 (2020-01), a Cisco ASA: main mode comes to its fifth message, the first that is encrypted, which is sent again and again; the
    ASA can't read it, as the keys differ, and says nothing"""
    start = 0
    for _ in range(4):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        sa.phase1(start, 86400)
        scene.take_last()
        number = len(scene.records)
        start += 4 * sa.round_trip
        for gap in (1, 2, 4, 8, 16):
            start += gap * S
            scene.repeat(start, number)
        start += 30 * S


@report("down", "authentication setup_abandoned", must_not="peer_unreachable proposal_mismatch", by="A B none", fixed="nat version")
def v1_aggressive_wrong_key(scene):
    """As Palo Alto's and SonicWall's forums tell of aggressive mode with keys that differ: A gets the answer, whose hash is wrong, sends no third message,
    and begins anew every 20 s"""
    for start in range(0, 160 * S, 20 * S):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        sa.aggressive_mode(start)
        scene.take_last()


@report("down", "proxy_id_mismatch", keyless="refused", weaker="refused", must_not="authentication peer_unreachable pfs_mismatch", by="B",
        fixed="nat version")
def v1_wrong_nets(scene):
    """Palo Alto, "tunnel half up" (ai.techclick.in): phase 1 is fine, and each Quick Mode is answered INVALID-ID-INFORMATION, as the peer has another network
    for it; tried again every 15 s"""
    sa = Peers1(scene)
    sa.phase1(0, 28800)
    for number in range(12):
        sa.quick_mode(scene.site.settled + number * 15 * S, 0, ("10.1.0.0/24", "10.2.0.0/16"), (life(3600),), refusal=notify1(ike.N1_INVALID_ID))


@report("down", "proposal_mismatch", keyless="refused", weaker="refused", must_not="authentication peer_unreachable", by="B", fixed="nat version")
def v1_quick_refused(scene):
    """libreswan/libreswan#232 (2019-01): each Quick Mode, with MODP_1536, meets NO-PROPOSAL-CHOSEN; tried again twice a minute"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    for number in range(10):
        sa.quick_mode(scene.site.settled + number * 30 * S, 0, ("10.1.0.0/24", "10.2.0.0/24"), (life(28800),), refusal=notify1(ike.N1_NO_PROPOSAL))


@report("down", "ike_unanswered", weaker="refused setup_abandoned", must_not="authentication peer_unreachable proposal_mismatch", by="B",
        fixed="nat version")
def v1_quick_unanswered(scene):
    """Phase 1 is fine, and B, which has no policy for the networks, answers no Quick Mode: each is sent five times; liveness is answered meanwhile"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    start, number = scene.site.settled, 0
    for attempt in range(4):
        sa.quick_mode(start, 0, ("10.1.0.0/24", "10.2.0.0/24"), (life(3600),))
        scene.take_last()
        scene.take_last()
        number = len(scene.records)
        for gap in (1, 2, 4, 8):
            start += gap * S
            scene.repeat(start, number)
        sa.liveness(start + 3 * S, 0)
        start += 20 * S


@report("degraded", "proxy_id_mismatch", keyless="refused", weaker="refused", must_not="authentication peer_unreachable pfs_mismatch", by="B",
        fixed="version")
def second_net_refused(scene):
    """opnsense/core#4336 (2020): the first pair of networks works; the second is refused, TS_UNACCEPTABLE, each time that a packet asks for it"""
    sa = Peers2(scene)
    child = sa.start(0)
    for number in range(10):
        sa.ask(30 * S + number * 120 * S, 0, None, nets=(("10.1.7.0/24",), ("10.2.7.0/24",)), error=ike.N_TS_UNACCEPTABLE)
    child.talk(scene.site.settled, 1500 * S, 3 * S)


@healthy("version")
def second_net_added(scene):
    """The same where it is accepted, and used beside the first"""
    sa = Peers2(scene)
    child = sa.start(0)
    other = sa.ask(60 * S, 0, None, nets=(("10.1.7.0/24",), ("10.2.7.0/24",)))
    child.talk(scene.site.settled, 1500 * S, 3 * S)
    other.talk(61 * S, 1500 * S, 7 * S)


@report("down", "fragments_lost", weaker="ike_unanswered", must_not="authentication peer_unreachable proposal_mismatch", by="none",
        fixed="nat ipv6 version")
def large_answer_lost(scene):
    """hwdsl2/setup-ipsec-vpn#1278 (2022-11), seen at the server: it answers IKE_AUTH with a certificate, 2000 bytes; the client asks again and again, gets the
    same answer, and never uses what was set up: the answer does not reach it"""
    start = 0
    for _ in range(3):
        sa = Peers2(scene, "198.51.100.52", "203.0.113.52", (IKE_PORT, IKE_PORT))
        sa.natt = NATT_PORT
        sa.init(start)
        sa.float()
        start += 3 * sa.round_trip
        asked, answered = scene.new_spi(), scene.new_spi()
        request, = sa.say(start, 0, ike.AUTH, 1, sa.auth_request(asked, ANY, ANY, certificate=600))
        answer, = sa.say(start + sa.round_trip, 1, ike.AUTH, 1, sa.auth_answer(answered, ANY, ANY, certificate=1700), True, (request,))
        for gap in (1, 2, 4, 8, 16):
            start += gap * S
            scene.repeat(start, request)
            scene.repeat(start + sa.round_trip, answer)
        start += 30 * S


@healthy("nat version")
def xauth_accepted(scene):
    """hwdsl2/setup-ipsec-vpn: XAuth, an address by configuration mode, and Quick Mode of a phone, for an hour"""
    sa = Peers1(scene, "198.51.100.44", "203.0.113.44", (IKE_PORT, IKE_PORT))
    sa.phase1(0, 28800)
    sa.natt = NATT_PORT
    sa.float()
    time, step = 8 * sa.round_trip, max(100 * MS, 2 * sa.round_trip)
    question, result, address = scene.message_id(), scene.message_id(), scene.message_id()
    for side, message_id, content, kind in (
            (1, question, (attribute(XAUTH_TYPE, 0), text(XAUTH_NAME, b""), text(XAUTH_PASSWORD, b"")), ASK),
            (0, question, (attribute(XAUTH_TYPE, 0), text(XAUTH_NAME, b"vpnuser"), text(XAUTH_PASSWORD, b"secret99")), ANSWER),
            (1, result, (attribute(XAUTH_STATUS, 1),), SET), (0, result, (attribute(XAUTH_STATUS, 1),), ACKNOWLEDGE),
            (0, address, (attribute(1, 0), attribute(3, 0)), ASK), (1, address, (attribute(1, 0x0a010002, 4), attribute(3, 0x08080808, 4)), ANSWER)):
        sa.say(time, side, ike.TRANSACTION, message_id, xauth(sa, *content, kind=kind))
        time += step
    child = sa.phase2(time, 0, 3600, ("10.1.0.2/32", "0.0.0.0/0"))
    child.talk(time + scene.site.settled, 3000 * S, 2 * S)


@healthy("version")
def childless_first(scene):
    """RFC 6023: IKE_AUTH without a child, which CREATE_CHILD_SA makes a second later"""
    sa = Peers2(scene)
    sa.init(0)
    sa.float()
    proof = lambda: Payload(ike.AUTH2, struct.pack(">BBH", 2, 0, 0) + scene.random_bytes(32))     # noqa: E731
    sa.exchange(3 * sa.round_trip, 0, ike.AUTH, [ike.identity2(ike.IDI, b"gw-a.example.net"), ike.identity2(ike.IDR, b"gw-b.example.net"), proof()],
                [ike.identity2(ike.IDR, b"gw-b.example.net"), proof()])
    child = sa.ask(S + 4 * sa.round_trip, 0, None)
    child.talk(S + 4 * sa.round_trip + scene.site.settled, 3000 * S, 3 * S)


@healthy("nat version")
def quick_third_lost(scene):
    """libreswan/libreswan#509 (2021-09), where it goes well: Quick Mode's third message is lost, B sends the second again, A the third"""
    sa = Peers1(scene)
    sa.phase1(0, 86400)
    start = scene.site.settled
    child = sa.phase2(start, 0)
    third = len(scene.records)
    scene.repeat(start + 10 * S, third - 1)
    scene.repeat(start + 10 * S + sa.round_trip, third)
    child.talk(start + 11 * S, 2500 * S, 3 * S)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels that never come up: what the initiator, the responder or the path does to their set-up."""
import struct

import ike_bytes as ike
from frames import ip_fragments
from ike_bytes import Payload, attribute, notify2
from writer import MS, S, B

from reports import healthy, report, variants
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2

MTU = 1500
CONFIGURATION = 47                                  # IKEv2's payload type
ASK, ANSWER, SET, ACKNOWLEDGE = 1, 2, 3, 4          # what IKEv1's payload of attributes does
XAUTH_TYPE, XAUTH_NAME, XAUTH_PASSWORD, XAUTH_STATUS = 16520, 16521, 16522, 16527
EAP_REQUEST, EAP_RESPONSE, EAP_SUCCESS, EAP_AKA = 1, 2, 3, 23
PHONE = b"0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"


# --- the path -----------------------------------------------------------------------------------------------------------

def auth_in_fragments(scene, start, gaps, both):
    """IKE_SA_INIT that works, and an IKE_AUTH in two IP fragments, sent again after each of the gaps; both: the second arrives, too. Returns
    the peers, the SPI that they offer, and when it was sent last."""
    sa, asked = Peers2(scene, "198.51.100.12", "203.0.113.30", (IKE_PORT, IKE_PORT)), scene.new_spi()
    sa.natt = NATT_PORT
    sa.init(start)
    sa.float()
    time = start + 3 * sa.round_trip
    sa.say(time, 0, ike.AUTH, 1, sa.auth_request(asked, ANY, ANY, certificate=1500))
    whole = scene.take_last()
    for gap in (0, *gaps):
        time += gap
        for number, fragment in enumerate(ip_fragments(whole, MTU, scene.next_ip_id())[:2 if both else 1]):
            scene.add(time + number * 50, fragment)
    return sa, asked, time


fragments_are_lost = report("down", "fragments_lost", weaker="ike_unanswered", must_not="authentication peer_unreachable", by="none",
                            fixed="nat ipv6 version")


@variants(auth_fragments_client=(fragments_are_lost, True, 3), auth_fragments_server=(fragments_are_lost, False, 3),
          auth_fragments_cut=(fragments_are_lost, False, 1))
def auth_fragments(scene, at_client, tries):
    """trailofbits/algo#305 (2017-04), #799 (2018-02); MicrosoftDocs/azure-docs#29476 (2019-04): an IKE_AUTH of 2100 bytes takes two IP fragments, and
    the second is dropped on the way. Five retransmissions, error 809, and the user tries again; seen at the client, or at the server, and there in a
    capture that ends before a receiver gives up what is missing"""
    time = -45 * S
    gaps = (1, 2, 4, 8, 16) if tries > 1 else (1, 2, 4, 8)
    for _ in range(tries):
        _, _, time = auth_in_fragments(scene, time + 45 * S, [gap * S for gap in gaps], at_client)


@healthy("nat ipv6 version")
def auth_fragments_ok(scene):
    """The same IKE_AUTH, which arrives whole"""
    sa, asked, time = auth_in_fragments(scene, 0, (), True)
    answered = scene.new_spi()
    sa.say(time + sa.round_trip, 1, ike.AUTH, 1, sa.auth_answer(answered, ANY, ANY, certificate=900), True)
    sa.child(0, asked, answered).talk(scene.site.settled, 400 * S, 2 * S)


# --- the initiator ------------------------------------------------------------------------------------------------------

def asked_for_cookie(scene, start):
    """A's request, and B's answer that asks for a COOKIE. Returns the peers, the frames of both, and the COOKIE's notify."""
    sa = Peers2(scene, "198.51.100.99", "203.0.113.77", (IKE_PORT, IKE_PORT))
    cookie = notify2(ike.N_COOKIE, scene.random_bytes(32))
    request, = sa.say(start, 0, ike.INIT, 0, sa.init_body(), responder=0)
    answer, = sa.say(start + 900 * MS, 1, ike.INIT, 0, [cookie], True, responder=0)
    return sa, request, answer, cookie


@report("down", "cookie_loop", weaker="setup_abandoned", must_not="peer_unreachable authentication proposal_mismatch", by="A", fixed="nat version")
def cookie_ignored(scene):
    """MengMengCode/VoCat#62, PR 65 (2026-08): an ePDG answers IKE_SA_INIT after 0.9 s and asks for a COOKIE; the phone sends the same request four
    times more, and later begins anew"""
    start = 0
    for _ in range(4):
        sa, request, answer, _ = asked_for_cookie(scene, start)
        for gap in (2 * S, 4 * S, 8 * S, 16 * S):
            start += gap
            scene.repeat(start, request)
            scene.repeat(start + 120 * MS, answer)
        start += 60 * S


@healthy("nat version")
def cookie_ok(scene):
    """The same, and the COOKIE comes back"""
    sa, _, _, cookie = asked_for_cookie(scene, 0)
    sa.say(950 * MS, 0, ike.INIT, 0, [cookie, *sa.init_body()], responder=0)
    sa.say(1100 * MS, 1, ike.INIT, 0, sa.init_body(), True)
    sa.next_id[0], sa.natt = 1, NATT_PORT
    sa.float()
    sa.auth(1200 * MS).talk(1200 * MS + max(800 * MS, scene.site.settled - 200 * MS), 400 * S, 2 * S)


@report("down flapping", "setup_abandoned", must_not="phase2_lifetime_mismatch", by="A", fixed="nat version")
def stampede_silent(scene):
    """libreswan/libreswan#1602 (2024-02): A's kernel refuses the child; A begins anew after 5, 10, 15 and then 20 s, and never uses what it set up.
    Packets of B's users stay unanswered"""
    start = 0
    for gap in (5, 10, 15, 20, 20, 20, 20, 20, 20, 20):
        child = Peers2(scene, ports=(IKE_PORT, IKE_PORT)).start(start, natt=NATT_PORT)
        child.send(start + max(400 * MS, 6 * scene.site.round_trip), 1)
        child.send(start + 2 * scene.site.settled, 1)
        start += gap * S


@report("down", "authentication", keyless="authentication setup_abandoned deleted_by_peer", by="A", fixed="nat version")
def cert_refused_android(scene):
    """opnsense/core#1393 (2017-02): the client does not accept the server's certificate, says AUTHENTICATION_FAILED after a complete IKE_AUTH, and
    tries again"""
    start = 0
    for attempt in range(5):
        sa = Peers2(scene, "198.51.100.33", B, (IKE_PORT, IKE_PORT))
        sa.start(start, natt=NATT_PORT, tsi=ANY, tsr=ANY, answer_tsi=("10.5.0.2/32",), certificates=(0, 900))
        sa.exchange(start + 6 * sa.round_trip, 0, ike.INFO, [notify2(ike.N_AUTH_FAILED)], [])
        start += (15 + 8 * attempt) * S


# --- EAP ----------------------------------------------------------------------------------------------------------------

def eap(code, size=0):
    """An EAP packet of EAP-AKA with so many bytes of data (RFC 3748 section 4)."""
    data = struct.pack(">B", EAP_AKA).ljust(size, b"\0") if size else b""
    return Payload(ike.EAP, struct.pack(">BBH", code, 1, 4 + size) + data)


def first_eap_request(scene, *extra):
    """IKE_AUTH without AUTH: an initiator that wants EAP (RFC 7296 section 2.16)."""
    return [ike.identity2(ike.IDI, PHONE), ike.identity2(ike.IDR, b"ims"), *extra, ike.sa2_child(scene.new_spi()),
            ike.ts(ike.TSI, ANY), ike.ts(ike.TSR, ANY)]


def phone(scene, start, port=None):
    """A phone and its ePDG after IKE_SA_INIT."""
    sa = Peers2(scene, "198.51.100.228", "203.0.113.41", (port or IKE_PORT, IKE_PORT))
    sa.init(start)
    sa.natt = None if port else NATT_PORT
    sa.float()
    return sa


def eap_rounds(sa, start):
    """Two of them, to EAP's success."""
    scene = sa.cap
    challenge = [ike.identity2(ike.IDR, b"ims"), Payload(ike.AUTH2, b"\2\0\0\0" + scene.random_bytes(32)), eap(EAP_REQUEST, 64)]
    sa.exchange(start, 0, ike.AUTH, first_eap_request(scene), challenge, round_trip=200 * MS)
    sa.exchange(start + 400 * MS, 0, ike.AUTH, [eap(EAP_RESPONSE, 36)], [eap(EAP_SUCCESS)], round_trip=150 * MS)


@report("down", "authentication", weaker="setup_abandoned refused", not_readable="refused", by="B", fixed="nat version")
def eap_authfail_newport(scene):
    """herlesupreeth/docker_open5gs#550: the ePDG does not do what the phone wants (EAP only) and answers IKE_AUTH with AUTHENTICATION_FAILED; the
    phone tries again every 30 to 80 s, from another port each time"""
    start = 0
    address = Payload(CONFIGURATION, b"\1\0\0\0" + struct.pack(">HHHH", 1, 0, 3, 0))
    for attempt in range(8):
        sa = phone(scene, start, (44748 + 1731 * attempt) % 60000 + 1024)
        sa.exchange(start + max(100 * MS, 2 * sa.round_trip), 0, ike.AUTH, first_eap_request(scene, address),
                    [notify2(ike.N_AUTH_FAILED)], round_trip=300 * MS)
        start += (30 + 7 * attempt) * S


@report("down", "setup_abandoned", must_not="authentication", by="A", fixed="nat version")
def eap_abandoned(scene):
    """selvakn/gsm-sip-bridge#52 (2026-08): EAP succeeds, and the initiator starts over every 9 to 11 s, before its AUTH"""
    for start in range(0, 90 * S, 10 * S):
        eap_rounds(phone(scene, start), start + max(100 * MS, 2 * scene.site.round_trip))


@healthy("nat version")
def eap_ok(scene):
    """The same phone, which goes on to AUTH"""
    sa = phone(scene, 0)
    eap_rounds(sa, max(100 * MS, 2 * sa.round_trip))
    asked, answered = scene.new_spi(), scene.new_spi()
    auth = lambda: Payload(ike.AUTH2, b"\2\0\0\0" + scene.random_bytes(32))      # noqa: E731
    address = Payload(CONFIGURATION, b"\2\0\0\0" + struct.pack(">HH", 1, 4) + b"\x0a\x01\0\2")
    sa.exchange(max(800 * MS, 700 * MS + 2 * sa.round_trip), 0, ike.AUTH, [auth()],
                [auth(), address, ike.sa2_child(answered), ike.ts(ike.TSI, ("10.1.0.2/32",)), ike.ts(ike.TSR, ANY)])
    sa.child(0, asked, answered).talk(S + scene.site.settled, 600 * S, S)


# --- XAuth --------------------------------------------------------------------------------------------------------------

def xauth(sa, *attributes, kind):
    return [sa.hash(), Payload(ike.ATTRIBUTES1, struct.pack(">BBH", kind, 0, 77) + b"".join(attributes))]


def text(kind, value):
    return attribute(kind, int.from_bytes(value, "big"), len(value))


@report("down", "authentication", keyless="authentication refused", weaker="setup_abandoned deleted_by_peer",
        not_readable="refused", by="B", fixed="nat version")
def xauth_refused(scene):
    """hwdsl2/setup-ipsec-vpn#1786 (2025-07): the server asks for a name and a password and refuses them (XAUTH-STATUS 0), and deletes phase 1;
    the client's user tries again"""
    start = 0
    for attempt in range(6):
        sa = Peers1(scene, "198.51.100.194", "203.0.113.6", (IKE_PORT, IKE_PORT))
        sa.phase1(start, 28800)
        sa.natt = NATT_PORT
        sa.float()
        typed, question, result = start + 7 * sa.round_trip + max(2 * S, 2 * sa.round_trip), scene.message_id(), scene.message_id()
        sa.say(start + 7 * sa.round_trip, 1, ike.TRANSACTION, question,
               xauth(sa, attribute(XAUTH_TYPE, 0), text(XAUTH_NAME, b""), text(XAUTH_PASSWORD, b""), kind=ASK))
        sa.say(typed, 0, ike.TRANSACTION, question,
               xauth(sa, attribute(XAUTH_TYPE, 0), text(XAUTH_NAME, b"vpnuser"), text(XAUTH_PASSWORD, b"secret99"), kind=ANSWER))
        sa.say(typed + sa.round_trip, 1, ike.TRANSACTION, result, xauth(sa, attribute(XAUTH_STATUS, 0), kind=SET))
        sa.say(typed + 2 * sa.round_trip, 0, ike.TRANSACTION, result, xauth(sa, attribute(XAUTH_STATUS, 0), kind=ACKNOWLEDGE))
        sa.delete_ike(typed + 4 * sa.round_trip, 1)
        start += (12 + 5 * attempt) * S

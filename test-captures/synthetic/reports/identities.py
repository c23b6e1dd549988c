# SPDX-License-Identifier: GPL-2.0-or-later
"""Who a peer says it is, and what the other one makes of it."""
import struct

import ike_bytes as ike
from ike_bytes import Payload, notify1, notify2
from writer import MS, S

from reports import healthy, report
from reports.peers import ANY, IKE_PORT, NATT_PORT, Peers1, Peers2

N1_PAYLOAD_MALFORMED, FAILED_CP_REQUIRED = 16, 37
EAP_REQUEST, EAP_RESPONSE, EAP_SUCCESS, EAP_FAILURE, EAP_IDENTITY, EAP_MSCHAPV2 = 1, 2, 3, 4, 1, 26
ADDRESS = ("10.7.0.5/32",)


def to_fifth(scene, sa, start):
    """Main mode that comes to its fifth message. Returns when that was, and its frame."""
    sa.phase1(start, 28800)
    scene.take_last()
    return start + 4 * sa.round_trip, len(scene.records)


@report("down", "authentication", weaker="ike_unanswered refused setup_abandoned",
        must_not="proposal_mismatch proxy_id_mismatch peer_unreachable no_proposal", by="B", fixed="nat version")
def v1_malformed_in_clear(scene):
    """Azure/Azure-vpn-config-samples#25 (2017-07): a Cisco ASA (B) can't read main mode's fifth message, as the keys differ, and says
    PAYLOAD-MALFORMED in clear; strongSwan (A) does not believe that, and sends the message again, five times"""
    start = 0
    for _ in range(3):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        start, fifth = to_fifth(scene, sa, start)
        for number, gap in enumerate((0, 4, 7, 13, 23, 42)):
            start += gap * S
            if number:
                scene.repeat(start, fifth)
            sa.informational(start + sa.round_trip, 1, [notify1(N1_PAYLOAD_MALFORMED, sa.cookie_bytes(), ike.IKE)])
        start += 100 * S


@report("down", "authentication", keyless="authentication ike_unanswered refused setup_abandoned", weaker="refused",
        must_not="proxy_id_mismatch peer_unreachable proposal_mismatch", by="A B none", fixed="nat version")
def v1_peer_id_refused(scene):
    """hwdsl2/setup-ipsec-vpn#476 (2018-11): a phone says in main mode that it is 0.0.0.0; the server (B) has no connection for that, and
    answers the fifth message with INVALID-ID-INFORMATION, encrypted, each time that it comes"""
    start = 0
    for _ in range(4):
        sa = Peers1(scene, "198.51.100.105", "203.0.113.105", (IKE_PORT, IKE_PORT))
        sa.natt = 26260
        start, fifth = to_fifth(scene, sa, start)
        for number, gap in enumerate((0, 3, 3, 3)):
            start += gap * S
            if number:
                scene.repeat(start, fifth)
            sa.informational(start + sa.round_trip, 1, [sa.hash(), notify1(ike.N1_INVALID_ID, sa.cookie_bytes(), ike.IKE)])
        start += 40 * S


@report("down", "authentication", weaker="setup_abandoned", must_not="proxy_id_mismatch peer_unreachable proposal_mismatch", by="A",
        fixed="nat version")
def v1_aggressive_id_refused(scene):
    """xelerance/Openswan#93 (2014-10), aggressive mode between Openswan (A) and a Juniper SRX: the answer has another ID than A wants; in
    place of the third message A says INVALID-ID-INFORMATION, and begins anew 40 s later"""
    for start in range(0, 240 * S, 40 * S):
        sa = Peers1(scene, ports=(IKE_PORT, IKE_PORT))
        sa.aggressive_mode(start)
        scene.take_last()
        sa.informational(start + 2 * sa.round_trip, 0, [notify1(ike.N1_INVALID_ID, sa.cookie_bytes(), ike.IKE)])


# --- EAP ----------------------------------------------------------------------------------------------------------------

def eap(code, kind=0, size=0):
    """RFC 3748 section 4: success and failure have no type."""
    data = bytes([kind]) + bytes(size) if kind else b""
    return Payload(ike.EAP, struct.pack(">BBH", code, 1, 4 + len(data)) + data)


def password_tried(scene, start, port, right):
    """A client's IKE_SA_INIT, and IKE_AUTH as far as EAP's result. Returns the peers, the SPI that A offers, and when the result comes."""
    sa, asked = Peers2(scene, "198.51.100.106", "203.0.113.106", (port, IKE_PORT)), scene.new_spi()
    sa.init(start)
    sa.natt = NATT_PORT if port == IKE_PORT else port + 1
    sa.float()
    time, step = start + 3 * sa.round_trip, max(200 * MS, 3 * sa.round_trip)
    proof = Payload(ike.AUTH2, struct.pack(">BBH", 1, 0, 0) + scene.random_bytes(256))
    certificate = Payload(37, b"\4" + scene.random_bytes(800))
    sa.exchange(time, 0, ike.AUTH, [ike.identity2(ike.IDI, b"user"), ike.sa2_child(asked), ike.ts(ike.TSI, ANY), ike.ts(ike.TSR, ANY)],
                [ike.identity2(ike.IDR, b"vpn.example.net"), certificate, proof, eap(EAP_REQUEST, EAP_IDENTITY)])
    sa.exchange(time + step, 0, ike.AUTH, [eap(EAP_RESPONSE, EAP_IDENTITY, 8)], [eap(EAP_REQUEST, EAP_MSCHAPV2, 30)])
    sa.exchange(time + 2 * step, 0, ike.AUTH, [eap(EAP_RESPONSE, EAP_MSCHAPV2, 62)],
                [eap(EAP_REQUEST, EAP_MSCHAPV2, 45)] if right else [eap(EAP_FAILURE)])
    if right:
        sa.exchange(time + 3 * step, 0, ike.AUTH, [eap(EAP_RESPONSE, EAP_MSCHAPV2, 1)], [eap(EAP_SUCCESS)])
    return sa, asked, time + 4 * step


@report("down unknown", "authentication", keyless="authentication setup_abandoned unknown", weaker="setup_abandoned refused",
        not_readable="setup_abandoned refused",
        must_not="peer_unreachable ike_unanswered proposal_mismatch peer_restart", by="A B none", fixed="nat version")
def eap_wrong_password(scene):
    """jawj/IKEv2-setup#145 (2022-09), inverse-inc/packetfence#5640 (2020-06): the server (B) shows its certificate and asks for name and
    password (MSCHAPv2), which it does not take: EAP's failure. The user types again, each time from another port; without keys, it may be
    another client each time"""
    start = 0
    for attempt, typing in enumerate((24, 41, 19, 66, 33)):
        _, _, end = password_tried(scene, start, 40112 + 731 * attempt, False)
        start = end + typing * S


@report("stable idle", "none", must_not="authentication setup_abandoned peer_restart", by="none", fixed="nat version")
def eap_mistyped_once(scene):
    """The same where the second password is right"""
    _, _, end = password_tried(scene, 0, 40112, False)
    sa, asked, end = password_tried(scene, end + 21 * S, 41907, True)
    proof, answered = lambda: Payload(ike.AUTH2, struct.pack(">BBH", 2, 0, 0) + scene.random_bytes(32)), scene.new_spi()       # noqa: E731
    sa.exchange(end, 0, ike.AUTH, [proof()], [proof(), ike.sa2_child(answered), ike.ts(ike.TSI, ADDRESS), ike.ts(ike.TSR, ANY)])
    sa.child(0, asked, answered).talk(end + scene.site.settled, end + 900 * S, S)


# --- what the identity gets ---------------------------------------------------------------------------------------------

@report("down", "refused", must_not="authentication proxy_id_mismatch peer_unreachable proposal_mismatch auth_failed", by="B",
        fixed="version")
def client_asks_for_no_address(scene):
    """FDio/vpp#3374 (2020-06): strongSwan (B) wants to give its client an address, VPP (A) asks for none: IKE_AUTH is answered with B's
    AUTH and FAILED_CP_REQUIRED, and the IKE SA stays without a child. Tried again each minute"""
    for start in range(0, 360 * S, 60 * S):
        sa = Peers2(scene)
        sa.init(start)
        sa.float()
        proof = Payload(ike.AUTH2, struct.pack(">BBH", 2, 0, 0) + scene.random_bytes(32))
        sa.exchange(start + 3 * sa.round_trip, 0, ike.AUTH, sa.auth_request(scene.new_spi(), *sa.nets),
                    [ike.identity2(ike.IDR, b"gw-b.example.net"), proof, notify2(FAILED_CP_REQUIRED)])


@healthy("nat version")
def two_phones_behind_a_nat(scene):
    """hwdsl2/docker-ipsec-vpn-server#257 (2021-09), where it goes well: two phones behind one NAT, each with a certificate of its own, come
    and go and do not disturb each other"""
    for number, (begin, end) in enumerate(((0, 2400 * S), (90 * S, 1700 * S))):
        sa = Peers2(scene, "198.51.100.107", "203.0.113.107", (31500 + number, IKE_PORT))
        names = [ike.identity2(ike.IDI, b"phone-%d" % number), ike.identity2(ike.IDR, b"vpn.example.net")]
        sa.auth_request = lambda spi, tsi, tsr, extra=(), certificate=0, sa=sa, names=names: sa.auth_body(names, spi, tsi, tsr, extra,
                                                       certificate)
        child = sa.start(begin, natt=32500 + number, tsi=ANY, tsr=ANY, answer_tsi=(f"10.7.0.{20 + number}/32",),
                         extra=[notify2(ike.N_INITIAL_CONTACT)], certificates=(700, 900))
        child.talk(begin + scene.site.settled, end, S)
        if number:
            sa.delete_ike(end + 7 * S, 0)


@report("stable idle", "idle_timeout none", weaker="deleted_by_peer",
        must_not="flapping spi_churn early_reauth peer_restart authentication", by="A none",
        fixed="nat version")
def phone_on_demand(scene):
    """Apple's "Disconnect on idle" with "Connect on demand": the phone (A) deletes 120 s after its last packet and sets up anew with the
    next one; sessions of a minute or so"""
    start = 0
    for talk, quiet in ((40, 300), (95, 71), (33, 640), (150, 210), (61, 95), (80, 400), (47, 130)):
        sa = Peers2(scene, "198.51.100.108", "203.0.113.108", (IKE_PORT, IKE_PORT))
        child, end = sa.start(start, natt=NATT_PORT, tsi=ANY, tsr=ANY, answer_tsi=ADDRESS), start + talk * S
        child.talk(start + scene.site.settled, end, S)
        sa.delete_ike(end + 120 * S, 0)
        start = end + (120 + quiet) * S

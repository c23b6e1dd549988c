#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Forges packets into captures: what anybody on the way can send, who has no keys. Gateways ignore it (RFC 7296 sections 2.4, 2.21), and so must verdicts.

    test-captures/tests/forge.py [--plugins build/plugins] [--seed 1] [--runs 300]     a sample
    test-captures/tests/forge.py --all                                                 each kind, at each place, from each peer, alone
    test-captures/tests/forge.py --one v2_healthy:keyless:clear_delete_ike:midst:A --keep FILE.pcap
    test-captures/tests/forge.py --reports ...                                         the same with the rebuilt reports

The reports are those that are encrypted: in a gateway's own capture in clear nothing tells who sent what.

A kind is a function of what a listener knows (Listener) that gives the packets with their times; all that it needs stands in clear headers.
Prints what is wrong, and how many forgeries were tried.
"""
import argparse
import itertools
import json
import random
import struct
import sys
import zlib
from collections import Counter, namedtuple
from pathlib import Path
from socket import inet_aton, inet_ntoa

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "synthetic")]
import ike_bytes as ike  # noqa: E402
import make_reports  # noqa: E402
import reports  # noqa: E402
from expected_verdicts import DEFAULTS, TABLE, allowed_causes  # noqa: E402
from frames import ESP, ETHERNET_HEADER, ETHERNET_IPV4, UDP, checksum, ip_header, udp_header  # noqa: E402
from harness import TEST_CAPTURES, Harness  # noqa: E402

HEADER, RECORD = 24, 16             # bytes of a pcap's header, and of a packet's
AH, ICMP = 51, 1
MS, S = 1000, 1_000_000             # microseconds
ROUTER, STRANGER = "198.18.0.1", "198.18.0.99"
NON_ESP_MARKER = b"\0\0\0\0"
IKE_PORTS = (500, 4500)
# notifies that ike_bytes does not name
INVALID_IKE_SPI, INVALID_MAJOR_VERSION, INVALID_SYNTAX, REDIRECT, TEMPORARY_FAILURE, CHILD_SA_NOT_FOUND = 4, 5, 7, 16407, 43, 44
INVALID_COOKIE1, PAYLOAD_MALFORMED1, AUTH_FAILED1, NOTIFY_SA_LIFETIME1 = 4, 16, 24, 26
UNREACHABLE, TOO_BIG = 3, 4         # ICMP: type, and the code of "fragmentation needed"
HOST, PROTOCOL, PORT, PROHIBITED = 1, 2, 3, 13

Esp = namedtuple("Esp", "time src dst ports spi sequence data")              # ports: None in plain IP
Ike = namedtuple("Ike", "time src dst ports initiator responder version exchange flags message_id data")
Forgery = namedtuple("Forgery", "capture keys kinds place side seed")        # kinds: several are thrown together


# --- what a listener knows ------------------------------------------------------------------------------------------------

def packets_of(data):
    """(time, frame) of a pcap in Ethernet."""
    order = "<" if data[0] == 0xD4 else ">"
    assert struct.unpack_from(order + "I", data) == (0xA1B2C3D4,) and struct.unpack_from(order + "I", data, 20) == (1,)
    at, found = HEADER, []
    while at < len(data):
        seconds, micros, captured, _ = struct.unpack_from(order + "IIII", data, at)
        found.append((seconds * S + micros, data[at + RECORD:at + RECORD + captured]))
        at += RECORD + captured
    return found


def read(time, frame):
    """The frame's Esp or Ike, or None."""
    if frame[12:14] != b"\x08\0" or frame[20] & 0x3F or frame[21]:
        return None
    start = ETHERNET_HEADER + (frame[14] & 15) * 4
    src, dst, data, ports = inet_ntoa(frame[26:30]), inet_ntoa(frame[30:34]), frame[start:14 + int.from_bytes(frame[16:18], "big")], None
    if frame[23] == UDP:
        ports, data = struct.unpack_from(">HH", data), data[8:]
        if 500 not in ports and (4500 not in ports or len(data) < 9):
            return None
        if 4500 in ports and data[:4] == NON_ESP_MARKER:
            data = data[4:]
        elif 500 not in ports:
            return Esp(time, src, dst, ports, *struct.unpack_from(">II", data), data)
        return Ike(time, src, dst, ports, *struct.unpack_from(">QQ", data), data[17] >> 4, data[18], data[19],
                   int.from_bytes(data[20:24], "big"), data) if len(data) >= 28 else None
    return Esp(time, src, dst, None, *struct.unpack_from(">II", data), data) if frame[23] == ESP else None


class Listener:
    """What is known at a time on the way; side is the peer as whom packets are sent: 0 for the one who spoke first."""

    def __init__(self, heard, time, side, seed):
        self.time, self.side, self.random = time, side, random.Random(seed)
        first = heard[0]
        self.peers = (first.src, first.dst)
        between = [item for item in heard if {item.src, item.dst} == set(self.peers)]
        past = [item for item in between if item.time <= time]
        ikes = [item for item in past if isinstance(item, Ike)] or [item for item in between if isinstance(item, Ike)]
        self.ike = ikes[-1] if ikes else None
        self.version = self.ike.version if self.ike else 2
        self.past_esp = [item for item in past if isinstance(item, Esp)]
        self.ports = {500: (500, 500), 4500: (4500, 4500)}[500]
        if self.ike:
            self.ports = self.ike.ports if self.ike.src == self.src else self.ike.ports[::-1]
        # the initiator of IKEv2 says in each message who it is
        initiates = self.ike and self.ike.version == 2 and bool(self.ike.flags & ike.INITIATOR) == (self.ike.src == self.src)
        self.initiator_flag = ike.INITIATOR if initiates else 0
        self.next_id = 1 + max((item.message_id for item in ikes if self.ike and item.initiator == self.ike.initiator and item.version == 2), default=0)

    @property
    def src(self):
        return self.peers[self.side]

    @property
    def dst(self):
        return self.peers[1 - self.side]

    def bytes(self, size):
        return self.random.randbytes(size)

    def spi(self):
        return self.random.randrange(0x10000000, 0xF0000000)

    def cookie(self):
        return self.random.getrandbits(63) | 1

    def esp_of(self, src):
        """The last ESP packet from a peer, or None."""
        return next((item for item in reversed(self.past_esp) if item.src == src), None)

    # --- packets

    def ip(self, data, protocol, src=None, dst=None):
        return ETHERNET_IPV4 + ip_header(src or self.src, dst or self.dst, 20 + len(data), self.random.randrange(65536), protocol) + data

    def udp(self, data, ports, src=None, dst=None):
        return self.ip(udp_header(*ports, len(data)) + data, UDP, src, dst)

    def message(self, data, ports=None, src=None, dst=None):
        ports = ports or self.ports
        return self.udp((NON_ESP_MARKER if 4500 in ports else b"") + data, ports, src, dst)

    def say(self, exchange, payloads, response=False, spis=None, message_id=None, flags=None, **way):
        """One message on the IKE SA that is there, or on other SPIs."""
        initiator, responder = spis or (self.ike.initiator, self.ike.responder)
        if flags is None:
            flags = self.initiator_flag | (ike.RESPONSE if response else 0) if self.version == 2 else 0
        if message_id is None:
            message_id = self.next_id if self.version == 2 else self.random.getrandbits(32)
        return self.message(ike.message(initiator, responder, self.version, exchange, flags, message_id, payloads), **way)

    def sealed(self, size, inner):
        """What only the peers could tell from noise, said to hold first what the peers' own message would (RFC 7296 section 3.14)."""
        return [ike.Payload(ike.SK, self.bytes(size), inner=inner)]

    def esp(self, spi, sequence, like=None, ports=(), src=None, dst=None, size=120):
        ports = ports if ports != () else like.ports if like else (4500, 4500) if 500 not in self.ports else None
        data = struct.pack(">II", spi, sequence & 0xFFFFFFFF) + self.bytes(size)
        return self.udp(data, ports, src, dst) if ports else self.ip(data, ESP, src, dst)

    def icmp(self, code, quoted, reporter, about, kind=UNREACHABLE, rest=0):
        """An error to the peer `about` that quotes (its address, the other's, protocol, data)."""
        src, dst, protocol, data = quoted
        body = ip_header(src, dst, 20 + max(len(data), 28), 7, protocol) + data[:28]
        message = struct.pack(">BBHI", kind, code, 0, rest) + body
        message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
        return self.ip(message, ICMP, reporter, about)

    def quoted_esp(self):
        """A packet that the receiver of our forgeries has sent."""
        esp = self.esp_of(self.dst)
        if not esp:
            return None
        return (esp.src, esp.dst, UDP, udp_header(*esp.ports, len(esp.data)) + esp.data) if esp.ports else (esp.src, esp.dst, ESP, esp.data)

    def quoted_ike(self):
        data = ike.header(self.ike.initiator, self.ike.responder, ike.SK, self.version, ike.INFO, 0, self.next_id, 80)
        return self.dst, self.src, UDP, udp_header(*self.ports[::-1], len(data)) + data

    def init(self, cookie=None):
        """An IKE_SA_INIT, or the first message of main mode, on SPIs of its own."""
        cookie = cookie or self.cookie()
        if self.version == 2:
            return self.message(ike.message(cookie, 0, 2, ike.INIT, ike.INITIATOR, 0, [
                ike.sa2_ike(), ike.ke2(14, self.bytes(256)), ike.Payload(ike.NONCE2, self.bytes(32))]), (500, 500))
        return self.message(ike.message(cookie, 0, 1, ike.MAIN, 0, 0, [ike.sa1_phase1([ike.life(28800, phase=1)])]), (500, 500))

    def answer(self, payloads, cookie, responder):
        """The answer to an init(), from the other peer."""
        data = ike.message(cookie, responder, 2, ike.INIT, ike.RESPONSE, 0, payloads)
        return self.message(data, (500, 500), self.dst, self.src)


# --- the kinds: (listener) -> [(microseconds after its time, frame)] ----------------------------------------------------------

KINDS = {}                          # name -> (function, versions)


def kind(*versions):
    def register(function):
        KINDS[function.__name__] = (function, versions or (1, 2))
        return function
    return register


def notifies(name, exchange, notify, response=False, versions=(2,), **named):
    """A clear Notify on the IKE SA that is there."""
    def forge(at):
        payload = notify(at) if callable(notify) else ike.notify2(notify) if at.version == 2 else ike.notify1(notify, protocol=ike.IKE)
        return [(0, at.say(exchange, [payload], response, **named))]
    KINDS[name] = (forge, versions)


notifies("clear_auth_failed", ike.INFO, ike.N_AUTH_FAILED)
notifies("clear_auth_failed_answer", ike.INFO, ike.N_AUTH_FAILED, True)
notifies("clear_initial_contact", ike.INFO, ike.N_INITIAL_CONTACT)
notifies("clear_delete_ike", ike.INFO, lambda at: ike.delete2(protocol=ike.IKE))
notifies("clear_delete_esp", ike.INFO, lambda at: ike.delete2([esp.spi for esp in [at.esp_of(at.dst)] if esp]))
notifies("clear_invalid_spi", ike.INFO, lambda at: ike.notify2(ike.N_INVALID_SPI, struct.pack(">I", getattr(at.esp_of(at.dst), "spi", 7))))
notifies("clear_invalid_ike_spi", ike.INFO, INVALID_IKE_SPI, True)
notifies("clear_invalid_syntax", ike.INFO, INVALID_SYNTAX, True)
notifies("clear_major_version", ike.INFO, INVALID_MAJOR_VERSION, True)
notifies("clear_cookie2", ike.INFO, lambda at: ike.notify2(16401, b"12345678"))
notifies("clear_temporary_failure", ike.CREATE, TEMPORARY_FAILURE, True)
notifies("clear_no_proposal_child", ike.CREATE, ike.N_NO_PROPOSAL, True)
notifies("clear_ts_unacceptable", ike.CREATE, ike.N_TS_UNACCEPTABLE, True)
notifies("clear_auth_refused", ike.AUTH, ike.N_AUTH_FAILED, True, message_id=1)
notifies("clear_auth_ts_unacceptable", ike.AUTH, ike.N_TS_UNACCEPTABLE, True, message_id=1)
notifies("orphan_no_proposal_same_spis", ike.INIT, ike.N_NO_PROPOSAL, True, message_id=0)
notifies("orphan_invalid_ke", ike.INIT, lambda at: ike.notify2(ike.N_INVALID_KE, b"\0\x13"), True, message_id=0)
notifies("orphan_cookie", ike.INIT, lambda at: ike.notify2(ike.N_COOKIE, b"c" * 16), True, message_id=0)
notifies("orphan_redirect", ike.INIT, lambda at: ike.notify2(REDIRECT, b"\1\4" + inet_aton(STRANGER)), True, message_id=0)
notifies("orphan_major_version", ike.INIT, INVALID_MAJOR_VERSION, True, message_id=0)
for _name, _type in (("auth_failed", AUTH_FAILED1), ("no_proposal", ike.N1_NO_PROPOSAL), ("invalid_id", ike.N1_INVALID_ID),
                     ("invalid_cookie", INVALID_COOKIE1), ("malformed", PAYLOAD_MALFORMED1), ("initial_contact", ike.N1_INITIAL_CONTACT),
                     ("sa_lifetime", NOTIFY_SA_LIFETIME1)):
    notifies(f"v1_clear_{_name}", ike.INFO1, _type, versions=(1,))
notifies("v1_clear_delete_ike", ike.INFO1, lambda at: ike.delete1([(at.ike.initiator, at.ike.responder)], ike.IKE), versions=(1,))
notifies("v1_clear_delete_esp", ike.INFO1, lambda at: ike.delete1([getattr(at.esp_of(at.dst), "spi", 7)]), versions=(1,))
notifies("v1_clear_invalid_spi", ike.INFO1, lambda at: ike.notify1(ike.N1_INVALID_SPI, struct.pack(">I", getattr(at.esp_of(at.dst), "spi", 7))), versions=(1,))
notifies("v1_clear_lifetime", ike.INFO1, lambda at: ike.notify1(ike.N1_RESPONDER_LIFETIME, b"", ike.IKE, ike.life(60)), versions=(1,))


@kind(1)
def v1_clear_dpd(at):
    """R-U-THERE that nobody answers."""
    data = struct.pack(">QQ", at.ike.initiator, at.ike.responder)
    return [(i * 100 * MS, at.say(ike.INFO1, [ike.notify1(ike.N1_THERE, data, ike.IKE, struct.pack(">I", i))])) for i in range(5)]


@kind(1)
def v1_clear_quick_mode(at):
    return [(0, at.say(ike.QUICK, [ike.Payload(ike.HASH1, at.bytes(32)), ike.sa1_phase2(at.spi(), [ike.life(60)]), ike.Payload(ike.NONCE1, at.bytes(32)),
                                   ike.id1("10.99.0.0/24"), ike.id1("10.98.0.0/24")]))]


@kind(1)
def v1_aggressive(at):
    return [(i * 100 * MS, at.say(ike.AGGRESSIVE, [ike.sa1_phase1([ike.life(60, phase=1)]), ike.Payload(ike.KE1, at.bytes(256)),
                                                   ike.Payload(ike.NONCE1, at.bytes(32))], spis=(at.cookie(), 0), message_id=0)) for i in range(3)]


@kind(1)
def v1_sealed_informational(at):
    """Noise under the IKE SA's cookies."""
    return [(0, at.say(ike.INFO1, [ike.Payload(ike.HASH1, at.bytes(60))], flags=ike.ENCRYPTED1))]


@kind(1)
def v1_sealed_quick_mode(at):
    data = at.say(ike.QUICK, [ike.Payload(ike.HASH1, at.bytes(200))], flags=ike.ENCRYPTED1)
    return [(i * 200 * MS, data) for i in range(4)]


@kind(2)
def clear_create_child(at):
    return [(0, at.say(ike.CREATE, [ike.sa2_child(at.spi()), ike.Payload(ike.NONCE2, at.bytes(32)), ike.ts(ike.TSI, ("10.99.0.0/24",)),
                                    ike.ts(ike.TSR, ("10.98.0.0/24",))]))]


@kind(2)
def clear_rekey_ike(at):
    """Request and answer of a rekey that neither peer sent."""
    sa = lambda: ike.sa2_ike(at.cookie().to_bytes(8, "big"))        # noqa: E731
    rest = lambda: [ike.Payload(ike.NONCE2, at.bytes(32)), ike.ke2(14, at.bytes(256))]      # noqa: E731
    flags = at.initiator_flag ^ ike.INITIATOR | ike.RESPONSE
    return [(0, at.say(ike.CREATE, [sa(), *rest()])),
            (20 * MS, at.say(ike.CREATE, [sa(), *rest()], flags=flags, ports=at.ports[::-1], src=at.dst, dst=at.src))]


@kind(2)
def sealed_informational(at):
    """Noise under the IKE SA's SPIs: it may look like a Delete."""
    return [(0, at.say(ike.INFO, at.sealed(80, ike.DELETE2)))]


@kind(2)
def sealed_informational_again(at):
    data = at.say(ike.INFO, at.sealed(80, ike.DELETE2))
    return [(i * 200 * MS, data) for i in range(4)]


@kind(2)
def sealed_create_child(at):
    data = at.say(ike.CREATE, at.sealed(300, ike.SA2))
    return [(i * 200 * MS, data) for i in range(4)]


@kind(2)
def sealed_small_answer(at):
    """As an answer that refuses a child looks."""
    return [(0, at.say(ike.CREATE, at.sealed(56, ike.NOTIFY2), True))]


@kind(2)
def sealed_fragments(at):
    """One of three (RFC 7383), and never the rest."""
    return [(0, at.say(ike.INFO, [ike.Payload(ike.SKF, struct.pack(">HH", 1, 3) + at.bytes(400), inner=ike.DELETE2)]))]


@kind()
def unanswered_init(at):
    return [(0, at.init())]


@kind()
def unanswered_init_again(at):
    data = at.init()
    return [(i * 200 * MS, data) for i in range(4)]


@kind()
def unanswered_inits(at):
    return [(i * 20 * MS, at.init()) for i in range(20)]


@kind()
def inits_from_strangers(at):
    return [(i * 20 * MS, at.message(ike.message(at.cookie(), 0, 2, ike.INIT, ike.INITIATOR, 0, [ike.sa2_ike(), ike.ke2(14, at.bytes(256))]),
                                     (500, 500), f"198.18.1.{i + 1}")) for i in range(20)]


@kind(2)
def refused_init(at):
    """The gateway answers a spoofed request with a refusal."""
    cookie = at.cookie()
    return [(0, at.init(cookie)), (20 * MS, at.answer([ike.notify2(ike.N_NO_PROPOSAL)], cookie, 0))]


@kind(2)
def answered_init(at):
    """The gateway answers a spoofed request, and waits in vain."""
    cookie = at.cookie()
    return [(0, at.init(cookie)), (20 * MS, at.answer([ike.sa2_ike(), ike.ke2(14, at.bytes(256)), ike.Payload(ike.NONCE2, at.bytes(32))],
                                                      cookie, at.cookie()))]


@kind(2)
def answered_inits(at):
    """The same five times, with COOKIE."""
    found = []
    for i in range(5):
        cookie = at.cookie()
        found += [(i * 100 * MS, at.init(cookie)), (i * 100 * MS + 20 * MS, at.answer([ike.notify2(ike.N_COOKIE, b"c" * 16)], cookie, 0))]
    return found


@kind(2)
def refusal_of_nothing(at):
    """To an IKE_SA_INIT that nobody sent."""
    return [(0, at.say(ike.INIT, [ike.notify2(ike.N_NO_PROPOSAL)], True, (at.cookie(), 0), 0, ike.RESPONSE))]


@kind(2)
def auth_failed_of_nothing(at):
    return [(0, at.say(ike.INFO, [ike.notify2(ike.N_AUTH_FAILED)], spis=(at.cookie(), at.cookie())))]


@kind(2)
def invalid_spi_outside(at):
    """Outside of any IKE SA (RFC 7296 section 1.5)."""
    spi = getattr(at.esp_of(at.dst), "spi", 7)
    return [(0, at.say(ike.INFO, [ike.notify2(ike.N_INVALID_SPI, struct.pack(">I", spi))], spis=(at.cookie(), at.cookie()), message_id=0))]


@kind(1)
def v1_refusal_of_nothing(at):
    return [(0, at.say(ike.INFO1, [ike.notify1(ike.N1_NO_PROPOSAL, protocol=ike.IKE)], spis=(at.cookie(), at.cookie())))]


@kind()
def half_message(at):
    data = ike.message(at.ike.initiator, at.ike.responder, at.version, ike.INFO if at.version == 2 else ike.INFO1, 0, at.next_id,
                       [ike.Payload(ike.SK if at.version == 2 else ike.HASH1, at.bytes(400))])
    return [(0, at.message(data[:100])), (1 * MS, at.message(data[:31]))]


@kind()
def ip_fragment(at):
    """The first one, and never the rest."""
    frame = bytearray(at.message(ike.message(at.ike.initiator, at.ike.responder, at.version, ike.INFO if at.version == 2 else ike.INFO1, 0, at.next_id,
                                             [ike.Payload(ike.SK if at.version == 2 else ike.HASH1, at.bytes(1412))])))
    frame[20] |= 0x20
    frame[24:26] = b"\0\0"
    frame[24:26] = struct.pack(">H", checksum(bytes(frame[14:34])))
    return [(0, bytes(frame))]


@kind()
def ike_from_another_port(at):
    return [(0, at.message(at.ike.data, (31337, at.ports[1])))]


@kind()
def ike_from_a_stranger(at):
    return [(0, at.message(at.ike.data, at.ports, STRANGER))]


@kind()
def ike_to_a_stranger(at):
    return [(0, at.message(at.ike.data, at.ports, at.src, STRANGER))]


@kind()
def ike_replayed(at):
    """An old message again, as its sender sent it."""
    return [(0, at.message(at.ike.data, at.ike.ports, at.ike.src, at.ike.dst))]


# --- ESP, AH

def on_current(name, packets):
    """packets(listener, last packet of the peer) -> [(microseconds, frame)]"""
    def forge(at):
        last = at.esp_of(at.src)
        return packets(at, last) if last else []
    KINDS[name] = (forge, (1, 2))


on_current("esp_far_ahead", lambda at, last: [(0, at.esp(last.spi, 0xFFFFFFF0, last))])
on_current("esp_thousand_ahead", lambda at, last: [(0, at.esp(last.spi, last.sequence + 1000, last))])
on_current("esp_million_ahead", lambda at, last: [(0, at.esp(last.spi, last.sequence + 1_000_000, last))])
on_current("esp_number_1", lambda at, last: [(0, at.esp(last.spi, 1, last))])
on_current("esp_number_0", lambda at, last: [(0, at.esp(last.spi, 0, last))])
on_current("esp_far_behind", lambda at, last: [(0, at.esp(last.spi, last.sequence - 500, last))] if last.sequence > 600 else [])
on_current("esp_replayed", lambda at, last: [(0, at.udp(last.data, last.ports) if last.ports else at.ip(last.data, ESP))])
on_current("esp_from_a_stranger", lambda at, last: [(0, at.esp(last.spi, last.sequence + 1, last, src=STRANGER))])
on_current("esp_from_another_port", lambda at, last: [(0, at.esp(last.spi, last.sequence + 2, ports=(31337, (last.ports or (0, 4500))[1])))])
on_current("esp_to_ike_port", lambda at, last: [(0, at.esp(last.spi, last.sequence + 1, ports=(500, 500)))])


@kind()
def esp_replays(at):
    """The fifty packets before, a second later."""
    old = [item for item in at.past_esp if item.src == at.src][-50:]
    return [(i * 5 * MS, at.udp(item.data, item.ports) if item.ports else at.ip(item.data, ESP)) for i, item in enumerate(old)]


@kind()
def esp_of_an_old_sa(at):
    """The first packet that was heard, once its SA has gone."""
    old = next((item for item in at.past_esp if item.src == at.src), None)
    last = at.esp_of(at.src)
    return [(0, at.udp(old.data, old.ports) if old.ports else at.ip(old.data, ESP))] if old and last.spi != old.spi else []


@kind()
def esp_made_up(at):
    return [(0, at.esp(at.spi(), 1, at.esp_of(at.src)))]


@kind()
def esp_made_up_ten(at):
    spi = at.spi()
    return [(i * 100 * MS, at.esp(spi, i + 1, at.esp_of(at.src))) for i in range(10)]


@kind()
def esp_made_up_spis(at):
    return [(i * 20 * MS, at.esp(at.spi(), 1, at.esp_of(at.src))) for i in range(50)]


@kind()
def esp_spi_of_the_other_direction(at):
    last = at.esp_of(at.dst)
    return [(0, at.esp(last.spi, last.sequence + 1, last, ports=last.ports and last.ports[::-1]))] if last else []


@kind()
def ah_made_up(at):
    return [(0, at.ip(struct.pack(">BBHII", 17, 4, 0, at.spi(), 1) + at.bytes(12) + struct.pack(">HHHH", 9, 9, 20, 0) + at.bytes(12), AH))]


# --- ICMP

def errors(name, code, quoted, reporter=ROUTER, times=1, **named):
    def forge(at):
        quote = quoted(at)
        sender = at.src if reporter is None else reporter
        return [(i * 100 * MS, at.icmp(code, quote, sender, at.dst, **named)) for i in range(times)] if quote else []
    KINDS[name] = (forge, (1, 2))


errors("icmp_host_esp", HOST, Listener.quoted_esp)
errors("icmp_host_ike", HOST, Listener.quoted_ike, times=3)
errors("icmp_port_ike", PORT, Listener.quoted_ike, reporter=None)
errors("icmp_protocol_esp", PROTOCOL, Listener.quoted_esp, reporter=None, times=3)
errors("icmp_prohibited", PROHIBITED, Listener.quoted_esp)
errors("icmp_too_big", TOO_BIG, Listener.quoted_esp, rest=576)
errors("icmp_too_big_again", TOO_BIG, Listener.quoted_esp, rest=576, times=6)
errors("icmp_of_made_up_esp", HOST, lambda at: (at.dst, at.src, ESP, struct.pack(">II", at.spi(), 9) + at.bytes(40)))
errors("icmp_cut_short", HOST, lambda at: (at.dst, at.src, ESP, b"\1\2\3\4"))
errors("icmp_of_another_pair", HOST, lambda at: (at.dst, STRANGER, ESP, struct.pack(">II", at.spi(), 9)))


# --- captures -----------------------------------------------------------------------------------------------------------------

PLACES = ("start", "midst", "end")
BEFORE_THE_END = 2 * S              # so that what is thrown in at the end is over when the capture is


def place_of(times, place, chooser):
    first, last = times[0], times[-1]
    if place == "start":
        return first + chooser.randrange(min(200 * MS, max(1, last - first)))
    if place == "end":
        return max(first, last - BEFORE_THE_END)
    return first + (last - first) * chooser.randrange(25, 75) // 100


def written(data, packets):
    """The pcap with these (time, frame) instead of its own."""
    order, out = "<" if data[0] == 0xD4 else ">", [data[:HEADER]]
    for time, frame in sorted(packets, key=lambda packet: packet[0]):
        out.append(struct.pack(order + "IIII", *divmod(time, S), len(frame), len(frame)) + frame)
    return b"".join(out)


def forge(data, forgery):
    """The capture with what was forged, and how many packets that were."""
    packets = packets_of(data)
    heard = [item for item in (read(*packet) for packet in packets) if item]
    chooser, added = random.Random(forgery.seed), []
    version = next((item.version for item in heard if isinstance(item, Ike)), 2)
    for number, name in enumerate(forgery.kinds):
        function, versions = KINDS[name]
        place = forgery.place or chooser.choice(PLACES)
        side = "AB".index(forgery.side or chooser.choice("AB"))
        time = place_of([item.time for item in heard], place, chooser)
        if version in versions:
            added += [(time + number * MS + after, frame) for after, frame in function(Listener(heard, time, side, f"{forgery.seed} {name}"))]
    return written(data, packets + added), len(added)


# --- floods: made of these kinds, between others or in a peer's name ------------------------------------------------------

FLOOD = ("inits_from_strangers", "unanswered_inits", "esp_made_up_spis")
# One kind alone each: its version of IKE where that counts, and what is thrown
FLOODS = {
    "esp": (None, ("esp_made_up_spis",)),
    "ah": (None, ("ah_made_up",) * 50),
    "ikev1": (1, ("unanswered_inits", "v1_aggressive", "v1_refusal_of_nothing")),
    "ikev2": (2, ("unanswered_inits", "inits_from_strangers", "answered_inits", "refused_init", "auth_failed_of_nothing")),
    "icmp": (None, ("icmp_of_made_up_esp", "icmp_of_another_pair", "icmp_cut_short", "icmp_host_ike", "icmp_host_esp") * 10),
    "fragments": (None, ("ip_fragment", "half_message") * 25),
    "nat": (None, ("esp_behind_nat", "inits_behind_nat")),
}
OTHERS = ("198.18.200.1", "198.18.200.2")


def esp_behind_nat(at):
    """In UDP, each from a port of its own, as if so many clients were behind one address."""
    return [(i * 20 * MS, at.esp(at.spi(), 1, ports=(20000 + i, 4500))) for i in range(50)]


def inits_behind_nat(at):
    return [(i * 20 * MS, at.message(ike.message(at.cookie(), 0, 2, ike.INIT, ike.INITIATOR, 0, [ike.sa2_ike(), ike.ke2(14, bytes(256))]),
                                     (30000 + i, 4500))) for i in range(50)]


BEHIND_NAT = {"esp_behind_nat": esp_behind_nat, "inits_behind_nat": inits_behind_nat}


def flood(data, copies, between, kinds=FLOOD, version=None):
    """The capture into which the flood is thrown so many times, and how many packets that were: at its own gateway, or between two other hosts."""
    packets = packets_of(data)
    heard = [item for item in (read(*packet) for packet in packets) if item]
    added = []
    for seed in range(copies):
        listener = Listener(heard, packets[0][0], 0, seed)
        listener.peers, listener.version = between or listener.peers, version or listener.version
        functions = [BEHIND_NAT.get(name) or KINDS[name][0] for name in kinds]
        added += [(packets[0][0] + after, frame) for function in functions for after, frame in function(listener)]
    return written(data, packets + added), len(added)


# --- which captures -------------------------------------------------------------------------------------------------------

HEALTHY = [row for row in TABLE if row.cause == "none" and row.state == "stable" and row.keyless == "same"
           and row.capture not in ("k_v2_ipv6", "k_v2_ah", "v2_nat3")]      # IPv4, ESP, one tunnel
BROKEN = [row for row in TABLE if row.state != "stable" and row.cause != "none" and "none" not in row.cause.split() and row.options != DEFAULTS
          and row.state in ("down", "flapping", "interrupted", "flapping down")]     # not one_way: a packet in the name of who is silent looks like his


Report = namedtuple("Report", "capture path states causes")


def report_rows(folder):
    """The rebuilt reports, encrypted, with the state and the causes that are true of them: those of IPv4 with ESP of one tunnel. Not those that end one
    way: a packet in the name of who is silent looks like his."""
    rows = []
    for (name, form), (_scene, path) in make_reports.write_all(folder).items():
        expected = reports.REPORTS[name]
        heard = [item for item in (read(*packet) for packet in packets_of(path.read_bytes())) if item]
        pairs = {frozenset((item.src, item.dst)) for item in heard}
        if form == "keyless" and "one_way" not in expected.states and len(pairs) == 1 and any(isinstance(item, Esp) for item in heard):
            rows.append(Report(name, path, expected.states, reports.allowed_causes(expected, form)))
    return rows


# --- what must be said --------------------------------------------------------------------------------------------------------

BAD = {"warning", "error"}

# Reports in which a set-up at the start makes a child that carries nothing: unread, its SPIs may be any
CHILD_UNUSED = ("orphan_is_deleted",)


def tunnel_of(document, spis):
    """The tunnel that was there: the one with most of these SPIs of SAs and IKE SAs."""
    def known(tunnel):
        return sum(sa["spi"] in spis for sa in tunnel["sas"]) + sum(sa["initiator_spi"] in spis for sa in tunnel["ike_sas"])
    return max(document["tunnels"], key=known)


def run(spiscope, path, keys, options):
    arguments = list(itertools.chain.from_iterable(("-o", option) for option in options))
    done = spiscope.tshark("-n", "-q", "-r", path, *arguments, "-z", "spiscope,json", keys=keys, may_complain=True)
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


def spis_of(document):
    return {sa["spi"] for tunnel in document["tunnels"] for sa in tunnel["sas"]} | \
        {sa["initiator_spi"] for tunnel in document["tunnels"] for sa in tunnel["ike_sas"]}


class Forger:
    """Runs forgeries; what a capture says without them is asked once."""

    def __init__(self, spiscope, rows=HEALTHY + BROKEN):
        self.spiscope, self.folder, self.before = spiscope, spiscope.readable_copy_dir("forged"), {}
        self.rows = {row.capture: row for row in rows}

    def source(self, capture):
        row = self.rows[capture]
        return row.path if isinstance(row, Report) else self.spiscope.path(capture)

    def spis(self, capture):
        if capture not in self.before:
            source = self.source(capture)
            is_report = isinstance(self.rows[capture], Report)
            self.before[capture] = spis_of(run(self.spiscope, source, None if is_report else source.with_suffix(".keys"), ()))
        return self.before[capture]

    def document(self, forgery):
        """What is said of the capture with the forgery in it; None where nothing was added."""
        row, source = self.rows[forgery.capture], self.source(forgery.capture)
        data, added = forge(source.read_bytes(), forgery)
        if added == 0:
            return None
        path = self.folder / f"{forgery.capture}-{zlib.crc32(repr(forgery).encode()):08x}.pcap"
        path.write_bytes(data)
        path.chmod(0o644)
        try:
            return run(self.spiscope, path, source.with_suffix(".keys") if forgery.keys else None, () if isinstance(row, Report) else row.options)
        finally:
            path.unlink()

    def faults(self, forgery):
        """What is said of the tunnel that was there, and is not true."""
        row, document = self.rows[forgery.capture], self.document(forgery)
        if document is None:
            return None
        tunnel = tunnel_of(document, self.spis(forgery.capture))
        # ten packets, that began as an exchange was to make an SPI, look as its own would; and so does one where a child that was made is never used
        looks_made = "esp_made_up_ten" in forgery.kinds or (forgery.capture in CHILD_UNUSED and forgery.place == "start")
        made_up = () if looks_made else self.made_up(tunnel, self.spis(forgery.capture))
        return [*self.wrong(row, forgery, tunnel), *made_up]

    @staticmethod
    def made_up(tunnel, spis):
        """An SPI that nobody negotiated and nobody answers has no place in a lineage but its own."""
        for sa in tunnel["sas"]:
            if sa["spi"] not in spis and (sa["replaces"] or sa["replaced_by"]):
                yield f"the made-up {sa['spi']} replaced {sa['replaces']}, was replaced by {sa['replaced_by']}"
            if sa["replaced_by"] and sa["spi"] in spis and sa["replaced_by"] not in spis:
                yield f"SPI {sa['spi']} was replaced by the made-up {sa['replaced_by']}"

    @staticmethod
    def wrong(row, forgery, tunnel):
        verdict = tunnel["verdict"]
        said = f"{verdict['state']}, {verdict['cause']} ({verdict['confidence']})"
        is_report = isinstance(row, Report)
        if row.causes <= {"none"} if is_report else row in HEALTHY:
            if verdict["state"] not in (row.states if is_report else ("stable",)) or verdict["cause"] != "none":
                yield said
            for finding in tunnel["findings"]:
                if finding["severity"] in BAD and finding["confidence"] == "proven":
                    yield f"{finding['key']}: {finding['text']}"
        elif verdict["cause"] not in (row.causes if is_report else allowed_causes(row, forgery.keys)):
            yield said

    def try_all(self, forgeries):
        """Forgery and what is wrong of each that is; and how many were tried."""
        forgeries = list(forgeries)
        for capture in {forgery.capture for forgery in forgeries}:
            self.spis(capture)
        found = list(self.spiscope.pool.map(self.faults, forgeries))
        wrong = [(forgery, faults) for forgery, faults in zip(forgeries, found) if faults]
        return wrong, sum(faults is not None for faults in found)


def name_of(forgery):
    return ":".join((forgery.capture, "keyed" if forgery.keys else "keyless", "+".join(forgery.kinds) if len(forgery.kinds) < 5 else "all",
                     forgery.place or "any", forgery.side or "any"))


def forms(row):
    """With keys, or without."""
    return (False,) if isinstance(row, Report) else (True, False)


def alone(rows):
    """Each kind at each place from each peer."""
    return [Forgery(row.capture, keys, (name,), place, side, 1) for row in rows for keys in forms(row) for name in KINDS
            for place in PLACES for side in "AB"]


def together(rows, seed):
    """All kinds at once, each somewhere; but one that says what another says again."""
    kinds = tuple(name for name in KINDS if name != "icmp_too_big_again")
    return [Forgery(row.capture, keys, kinds, None, None, seed) for row in rows for keys in forms(row)]


def sample(rows, seed, count):
    return random.Random(seed).sample(alone(rows), count)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plugins", default=TEST_CAPTURES.parent / "build" / "plugins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--reports", action="store_true")
    parser.add_argument("--captures", nargs="*")
    parser.add_argument("--kinds", nargs="*")
    parser.add_argument("--one")
    parser.add_argument("--keep")
    options = parser.parse_args()
    spiscope = Harness(options.plugins)
    known = report_rows(spiscope.readable_copy_dir("reports")) if options.reports else HEALTHY + BROKEN
    rows = [row for row in known if not options.captures or row.capture in options.captures]
    forger = Forger(spiscope, known)
    if options.one:
        capture, form, name, place, side = options.one.split(":")
        any_of = lambda text: None if text == "any" else text       # noqa: E731
        forgeries = [Forgery(capture, form == "keyed", tuple(KINDS) if name == "all" else tuple(name.split("+")), any_of(place), any_of(side), options.seed)]
        if options.keep:
            Path(options.keep).write_bytes(forge(forger.source(capture).read_bytes(), forgeries[0])[0])
    else:
        forgeries = together(rows, options.seed) if options.together else alone(rows)
        if options.kinds:
            forgeries = [forgery for forgery in forgeries if set(forgery.kinds) & set(options.kinds)]
        if not options.all and not options.together:
            forgeries = random.Random(options.seed).sample(forgeries, min(options.runs, len(forgeries)))
    try:
        wrong, tried = forger.try_all(forgeries)
    finally:
        spiscope.close()
    for forgery, faults in wrong:
        print(name_of(forgery), "|", "; ".join(faults))
    for name, count in Counter(name for forgery, _ in wrong if len(forgery.kinds) == 1 for name in forgery.kinds).most_common():
        print(f"{count:5} {name}")
    print(f"{tried} forgeries of {len(KINDS)} kinds, {len(wrong)} believed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

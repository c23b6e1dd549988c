# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile messages: lengths, chains and texts that no daemon sends."""
import struct
from socket import inet_ntoa

import ike_bytes as ike
from cases import case
from ike_bytes import life
from ike_peers import MIRRORED, NET_A, NET_B, Ike1, Ike2
from writer import MS, REPLY, A, B, S


def samples(cap):
    """Conformant messages of both versions: UDP payloads with their ports and sides."""
    two, one = Ike2(cap), Ike1(cap)
    child = two.start(0)
    two.rekey_child(S, 1, child)
    two.rekey_ike(2 * S, 0)
    two.delete_ike(3 * S, 1)
    one.main_mode(4 * S, [life(3600, 50000, phase=1)])
    notify = ike.notify1(ike.N1_RESPONDER_LIFETIME, struct.pack(">I", 1), ike.ESP_ID, life(3600, 5, (8, 16)))
    child, _ = one.quick_mode(5 * S, 0, lives=[life(3600, 50000)], second=[notify])
    one.quick_mode(6 * S, 1, ("10.1.0.0-10.1.0.9", "2001:db8::/32"), refusal=ike.notify1(ike.N1_INVALID_ID))
    one.delete_child(7 * S, 0, child)
    found = []
    for _, raw, _ in cap.records:
        found.append((inet_ntoa(raw[26:30]), inet_ntoa(raw[30:34]), raw[42:]))
    cap.records.clear()
    cap.messages.clear()
    return found


def hostile(function):
    def build_hostile(cap):
        cap.hostile = True
        function(cap)
        cap.messages.clear()
    build_hostile.__name__, build_hostile.__doc__ = function.__name__, function.__doc__
    return case(build_hostile)


@hostile
def ike_hostile_lengths(cap):
    """Every 16-bit word of every message is 0 once, and 65535 once, and the length in the header too"""
    time = 0
    for src, dst, data in samples(cap):
        # of long random payloads, every 8th word will do
        for at in [i for i in range(16, len(data) - 1, 2) if i < 120 or i % 16 == 0]:
            for word in (b"\0\0", b"\xff\xff"):
                time += 10 * MS
                cap.send_udp(time, (src, 500), (dst, 500), data[:at] + word + data[at + 2:])
        for length in (0, 27, 28, 29, 0x7FFFFFFF, 0xFFFFFFFF):
            time += 10 * MS
            cap.send_udp(time, (src, 500), (dst, 500), data[:24] + struct.pack(">I", length) + data[28:])


@hostile
def ike_hostile_all_ones(cap):
    """Every field of 32 bits is 4294967295 once; all of them; all behind the header; and each message is cut after each 7th byte"""
    time = 0
    for src, dst, data in samples(cap):
        variants = [data[:at] + b"\xff" * 4 + data[at + 4:] for at in range(0, min(len(data) - 3, 160), 4)]
        variants += [b"\xff" * len(data), data[:28] + b"\xff" * (len(data) - 28)]
        variants += [data[:size] for size in range(0, min(len(data), 300), 7)]
        for variant in variants:
            time += 10 * MS
            cap.send_udp(time, (src, 500), (dst, 500), variant)


@hostile
def ike_hostile_random(cap):
    """Conformant messages with one to eight random bytes changed behind the SPIs"""
    found = samples(cap)
    for i in range(1500):
        src, dst, data = cap.random.choice(found)
        data = bytearray(data)
        for _ in range(cap.random.randrange(1, 9)):
            data[cap.random.randrange(16, min(len(data), 200))] = cap.random.choice((0, 1, 0x7F, 0x80, 0xFF, cap.random.randrange(256)))
        cap.send_udp(i * 20 * MS, (src, 500), (dst, 500), bytes(data))


@hostile
def ike_hostile_same_id(cap):
    """Requests with the same message ID that say something else each: an offer, no offer, an offer; and so for the answers"""
    for i, sa in enumerate((Ike2(cap), Ike1(cap))):
        kinds = (ike.AUTH, ike.CREATE, ike.INIT) if sa.version == 2 else (ike.QUICK, ike.MAIN, ike.AGGRESSIVE)
        for k, kind in enumerate(kinds * 2):
            time = (i * 100 + k * 10) * S
            ours, theirs = f"10.{i}.{k}.0/24", f"10.{i}.{100 + k}.0/24"
            offer = ([ike.sa2_child(cap.new_spi()), ike.ts(ike.TSI, (ours,)), ike.ts(ike.TSR, (theirs,))] if sa.version == 2 else
                     [sa.hash(), ike.sa1_phase2(cap.new_spi(), [life(3600)]), ike.id1(ours), ike.id1(theirs)])
            none = [ike.Payload(ike.NONCE2 if sa.version == 2 else ike.NONCE1, sa.nonce())]
            other = 1 if k >= len(kinds) else 0
            for n, (side, payloads, answer) in enumerate((
                    (0, offer, False), (0, none, False), (1, offer, True), (1, none, True), (1, offer, False), (0, offer[::-1], False),
                    (1, none, False), (0, none, True), (1, offer[:2], False), (0, offer + none, True),
                    (0, offer, False), (0, none * 2, False))):
                flags = ((ike.INITIATOR if side == 0 else 0) | (ike.RESPONSE if answer else 0)) if sa.version == 2 else 0
                sa.put(time + n * (20 * MS if other else 2 * S), side, kind, flags, 5, payloads)


@hostile
def ike_hostile_chains(cap):
    """Chains of 2000 payloads of each kind, empty or not; SAs of thousands of proposals, transforms, attributes; 3500 selectors.
    Stock tshark complains about many of these itself"""
    time = 0
    for version, exchange, flags, kinds in ((2, ike.CREATE, ike.INITIATOR, range(33, 54)), (1, ike.QUICK, 0, range(1, 21))):
        for kind in kinds:
            for body in (b"", b"\0" * 4, b"\xff" * 4):
                time += 10 * MS
                chain = (bytes([kind, 0]) + struct.pack(">H", 4 + len(body)) + body) * 2000
                cap.send_udp(time, (A, 500), (B, 500), ike.header(1, 2, kind, version, exchange, flags, time, len(chain)) + chain)
    sas = [
        ike.proposals([(ike.ESP_ID, b"spi!", 1, ike.packed(3, [ike.AES_CBC]))] * 2000),
        ike.proposals([(ike.ESP_ID, b"spi!", 255, ike.packed(3, [ike.AES_CBC] * 4000))]),
        ike.proposals([(ike.ESP_ID, b"spi!", 1, ike.packed(3, [struct.pack(">BBH", 1, 0, 12) + ike.attribute(14, 256) * 10000]))]),
        # proposals within proposals
        ike.proposals([(ike.ESP_ID, b"spi!", 1, ike.proposals([(ike.ESP_ID, b"spi!", 1, ike.packed(2, [b"\0" * 40]))] * 100))] * 10),
    ]
    for sa in sas:
        time += 10 * MS
        data = ike.chain([ike.Payload(ike.SA2, sa)])
        cap.send_udp(time, (A, 500), (B, 500), ike.header(1, 2, ike.SA2, 2, ike.CREATE, ike.INITIATOR, time, len(data)) + data)
        data = ike.chain([ike.Payload(ike.SA1, struct.pack(">II", 1, 1) + sa)])
        cap.send_udp(time, (A, 500), (B, 500), ike.header(1, 2, ike.SA1, 1, ike.QUICK, 0, time, len(data)) + data)
    selectors = [ike.ts(kind, [NET_A] * 255) for kind in (ike.TSI, ike.TSR)] * 7
    data = ike.chain(selectors)
    cap.send_udp(time + S, (A, 500), (B, 500), ike.header(1, 2, ike.TSI, 2, ike.AUTH, ike.INITIATOR, 7, len(data)) + data)


@hostile
def ike_hostile_lives(cap):
    """Offers with durations of 0 to 40 bytes, type 0, 3 and 65535, durations without a type; 255 transforms with a life each"""
    time, lives = 0, []
    for size in (0, 1, 2, 3, 5, 7, 9, 16, 40):
        for kind in (0, 1, 2, 3, 65535):
            lives.append(ike.attribute(1, kind) + struct.pack(">HH", 2, size) + b"\xff" * size)
    lives += [ike.attribute(2, 5), ike.attribute(1, 1), ike.attribute(2, 2**32 - 1, 4) * 50]
    for data in lives:
        sa = Ike1(cap)
        sa.quick_mode(time, 0, lives=[data])
        sa.quick_mode(time + S, 1, MIRRORED, [data + life(3600)])
        time += 2 * S
    sa = Ike1(cap)
    sa.quick_mode(time, 0, lives=[life(1 + i, 2**32 - 1 - i) for i in range(255)])


# Each opens with a mark that no honest text holds, so that any trace of it can be found
TEXT_MARK = b"pwn3d"
TEXTS = tuple(TEXT_MARK + text for text in (
    b"<script>alert(1)</script>", b"]]><!-- <x y='&amp;'>", b'\"&\'><b onload="x">', b"%s%n%x", b"{\"a\": [1, null]}", b"\x1b[2J\x1b]0;owned\x07",
    b"\x9b31m\x9d0;owned\x9c", b"\xff\xfe\xc0\xaf\xed\xa0\x80", b"\0\1\x08\r\n\r\n", "\u202e\u2028\u0085\ufffe".encode()))


@hostile
def ike_hostile_text(cap):
    """Markup, terminal escapes, format strings and broken UTF-8 as identities, vendor IDs, certificates and the data of notifies, with refusals"""
    for i, text in enumerate(TEXTS):
        two, one, time = Ike2(cap), Ike1(cap), i * 100 * S
        fqdn = struct.pack(">BBH", 2, 0, 0) + text
        vendor = [ike.Payload(kind, text) for kind in (43, ike.VENDOR1)]
        certificate = [ike.Payload(kind, b"\4" + text) for kind in (37, 38)]
        for side, answer in ((0, False), (1, True)):
            flags = ike.RESPONSE if answer else ike.INITIATOR
            two.put(time + side * REPLY, side, ike.INIT, flags, 0, [
                ike.sa2_ike(), ike.ke2(14, cap.random_bytes(256)), ike.Payload(ike.NONCE2, two.nonce()), vendor[0]],
                responder=None if answer else 0)
        two.put(time + S, 0, ike.AUTH, ike.INITIATOR, 1, [
            ike.identity2(ike.IDI, text), ike.identity2(ike.IDR, text), *certificate, ike.Payload(ike.AUTH2, b"\2\0\0\0" + text), ike.sa2_child(cap.new_spi()),
            ike.ts(ike.TSI, (NET_A,)), ike.ts(ike.TSR, (NET_B,))])
        two.put(time + S + REPLY, 1, ike.AUTH, ike.RESPONSE, 1, [ike.identity2(ike.IDR, text), ike.notify2(ike.N_TS_UNACCEPTABLE, text), vendor[0]])
        one.main_mode(time + 20 * S, fifth=[ike.Payload(ike.ID1, fqdn), ike.Payload(6, b"\4" + text), vendor[1]], sixth=[ike.Payload(ike.ID1, fqdn)])
        first = one.say(time + 25 * S, 0, ike.QUICK, 9, [one.hash(), ike.sa1_phase2(cap.new_spi(), (life(3600),)), ike.Payload(ike.NONCE1, one.nonce()),
                                                         ike.Payload(ike.ID1, fqdn), ike.Payload(ike.ID1, fqdn)])
        one.informational(time + 25 * S + REPLY, 1, [one.hash(), ike.notify1(ike.N1_INVALID_ID, data=text)], (first,))

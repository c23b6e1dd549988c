# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done to a capture. Each function takes a generator of random numbers and a Capture, and changes the Capture.

The same numbers give the same capture, so that a seed is enough to make it again.
"""
import struct
from dataclasses import replace

from packets import (AH, ESP, IKE_HEADER, UDP, UDP_HEADER, Capture, Packet, ike_offset, ipsec_offset, network_offset, transport)

EXTREMES = (b"\xff", b"\x00", b"\x7f", b"\x80", b"\x01", b"\xfe")
SECOND = 10**9
MOMENTS = [seconds * SECOND + nanoseconds for seconds in (0, 1, 2**31 - 1, 2**31, 2**32 - 1) for nanoseconds in (0, 999999999)]
# beyond what a pcap file can say: these need pcapng
FAR_MOMENTS = MOMENTS + [sign * (2**power - near) * unit for sign in (1, -1) for power in (33, 55, 63, 64) for near in (0, 1)
                         for unit in (1, 1000, SECOND)]
SPIS = (0, 1, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
GROWN_AT_MOST = 4000             # packets


def some(random, capture):
    """Indexes of a few packets, of many, or of all."""
    count = len(capture.packets)
    if not count:
        return []
    share = random.choice((1 / count, 5 / count, 0.1, 1))
    return [i for i in range(count) if random.random() < share] or [random.randrange(count)]


def change(capture, i, at, value):
    data = bytearray(capture.packets[i].data)
    value = value[:max(len(data) - at, 0)]
    data[at:at + len(value)] = value
    capture.packets[i] = capture.packets[i].with_data(data)


# --- which packets, and in which order ---------------------------------------------------------------------------------

def shuffle(random, capture):
    window = random.choice((2, 5, 50, len(capture.packets) + 1))
    packets = [(i + random.random() * window, packet) for i, packet in enumerate(capture.packets)]
    capture.packets = [packet for _, packet in sorted(packets, key=lambda each: each[0])]


def reverse(random, capture):
    capture.packets.reverse()


def duplicate(random, capture):
    share, copies, packets = random.choice((0.05, 0.5, 1)), random.choice((1, 1, 3)), []
    for packet in capture.packets:
        packets += [packet] * (1 + (random.random() < share) * copies)
    capture.packets = packets[:GROWN_AT_MOST]


def duplicate_later(random, capture):
    """A part of the capture comes once more, somewhere else."""
    if capture.packets:
        start = random.randrange(len(capture.packets))
        part = capture.packets[start:start + random.choice((1, 10, 200))]
        at = random.randrange(len(capture.packets) + 1)
        capture.packets[at:at] = part


def drop(random, capture):
    share = random.choice((0.05, 0.5, 0.9))
    capture.packets = [packet for packet in capture.packets if random.random() >= share]


def one_sided(random, capture):
    """One direction only."""
    def source(packet):
        at = network_offset(capture.linktype, packet.data)
        return None if at is None else packet.data[at + 8:at + 24] if packet.data[at] >> 4 == 6 else packet.data[at + 12:at + 16]

    sources = sorted({source(packet) for packet in capture.packets} - {None})
    if sources:
        gone = random.choice(sources)
        capture.packets = [packet for packet in capture.packets if source(packet) != gone]


def again(random, capture):
    """The whole capture once more, hours later: the same SPIs come back."""
    if capture.packets:
        shift = capture.packets[-1].time - capture.packets[0].time + random.choice((0, 1, 3600, 10**6)) * SECOND
        capture.packets += [replace(packet, time=packet.time + shift) for packet in capture.packets][:GROWN_AT_MOST]


# --- time --------------------------------------------------------------------------------------------------------------

def time_backwards(random, capture):
    if capture.packets:
        last = capture.packets[-1].time + capture.packets[0].time
        capture.packets = [replace(packet, time=last - packet.time) for packet in capture.packets]


def time_jumps(random, capture):
    offset, spread = 0, random.choice((1, 60, 86400, 10**9))
    for i in range(len(capture.packets)):
        if random.random() < 0.05:
            offset = random.randint(-spread, spread) * SECOND
        capture.packets[i] = replace(capture.packets[i], time=capture.packets[i].time + offset)


def time_scale(random, capture):
    """A faster or a slower clock; 0 stands still."""
    if capture.packets:
        first, factor = capture.packets[0].time, random.choice((0, -1, 10, 1000, 10**6))
        capture.packets = [replace(packet, time=first + (packet.time - first) * factor) for packet in capture.packets]


def time_ends(random, capture):
    for i in some(random, capture):
        capture.packets[i] = replace(capture.packets[i], time=random.choice(FAR_MOMENTS))


# --- bytes -------------------------------------------------------------------------------------------------------------

def flip(random, capture):
    for i in some(random, capture):
        for _ in range(random.choice((1, 1, 4))):
            if capture.packets[i].data:
                at = random.randrange(len(capture.packets[i].data))
                change(capture, i, at, bytes([capture.packets[i].data[at] ^ 1 << random.randrange(8)]))


def extreme_words(random, capture):
    size, value = random.choice((1, 2, 4, 8)), random.choice(EXTREMES)
    for i in some(random, capture):
        if len(capture.packets[i].data) >= size:
            change(capture, i, random.randrange(0, len(capture.packets[i].data) - size + 1), value * size)


def extreme_tail(random, capture):
    """Every field from some place on has one value."""
    value = random.choice(EXTREMES)
    for i in some(random, capture):
        data = capture.packets[i].data
        start = transport(capture.linktype, data)
        at = (start[1] + random.choice((0, 8, 12, 16, 28, 36, 40, 48))) if start else random.randrange(len(data) + 1)
        change(capture, i, at, value * len(data))


def snap(random, capture):
    length = random.choice((0, 1, 14, 34, 38, 42, 46, 50, 54, 64, 70, 80, 96, 128, 200))
    for i in some(random, capture):
        capture.packets[i] = replace(capture.packets[i], data=capture.packets[i].data[:length])


def cut_bytes(random, capture):
    """Bytes are taken out, or put in."""
    for i in some(random, capture):
        data = capture.packets[i].data
        at = random.randrange(len(data) + 1)
        if random.random() < 0.5:
            capture.packets[i] = capture.packets[i].with_data(data[:at] + data[at + random.choice((1, 4, 40)):])
        else:
            capture.packets[i] = capture.packets[i].with_data(data[:at] + random.randbytes(random.choice((1, 4, 40))) + data[at:])


# --- IPsec -------------------------------------------------------------------------------------------------------------

def addresses(random, capture):
    """Another destination, port or protocol for some packets."""
    for i in some(random, capture):
        data = capture.packets[i].data
        at, found = network_offset(capture.linktype, data), transport(capture.linktype, data)
        if at is None or found[1] + 4 > len(data):
            continue
        kind, six = random.randrange(4), data[at] >> 4 == 6
        if kind == 0:
            change(capture, i, at + (24 if six else 16), random.choice((b"\xff" * 4, b"\xe0\0\0\1", b"\0" * 4, random.randbytes(4))))
        elif kind == 1:
            change(capture, i, at + (6 if six else 9), bytes([random.choice((ESP, AH, UDP, 1, 4, 41, 47, 58, 0, 43, 44, 60))]))
        elif kind == 2 and found[0] == UDP:
            change(capture, i, found[1], struct.pack(">HH", *random.choices((500, 4500, 0, 1, 65535, random.randrange(65536)), k=2)))
        else:
            source, size = at + (8 if six else 12), 16 if six else 4
            change(capture, i, source, data[source + size:source + 2 * size] + data[source:source + size])


def ipsec_header(random, capture):
    """SPIs and sequence numbers: ends of their range, of another packet, restarted, or near 2^32."""
    places = [(i, ipsec_offset(capture.linktype, packet.data)) for i, packet in enumerate(capture.packets)]
    places = [(i, at) for i, at in places if at is not None]
    if not places:
        return
    kind, base, share = random.randrange(6), random.choice((0, 2**31, 2**32 - 50)), random.choice((0.02, 0.3, 1))
    known = [capture.packets[i].data[at:at + 4] for i, at in places]
    for count, (i, at) in enumerate(places):
        if random.random() >= share:
            continue
        value = [lambda: struct.pack(">I", random.choice(SPIS)), lambda: random.choice(known), lambda: random.randbytes(4)]
        if kind < 3:
            change(capture, i, at, value[kind]())
        elif kind == 3:
            change(capture, i, at + 4, struct.pack(">I", random.choice(SPIS)))
        else:
            change(capture, i, at + 4, struct.pack(">I", (base + count) % 2**32 if kind == 4 else random.choice((1, 2, count))))


def ike_header(random, capture):
    """One field of IKE headers: SPIs, next payload, version, exchange type, flags, message ID, length."""
    at, size = random.choice(((0, 8), (8, 8), (16, 1), (17, 1), (18, 1), (19, 1), (20, 4), (24, 4)))
    versions, exchanges = (0x10, 0x20, 0x00, 0xFF, 0x30), (1, 2, 4, 5, 6, 32, 33, 34, 35, 36, 37, 38, 39, 43, 44, 0, 255)
    for i in some(random, capture):
        start = ike_offset(capture.linktype, capture.packets[i].data)
        if start is None:
            continue
        value = random.choice([byte * size for byte in EXTREMES] + [random.randbytes(size)])
        if at == 17:
            value = bytes([random.choice(versions)])
        elif at == 18:
            value = bytes([random.choice(exchanges)])
        elif at == 8 and random.random() < 0.5:
            value = bytes(8)
        change(capture, i, start + at, value)


def ike_payloads(random, capture):
    """Walks the chain of payloads that are in clear, and spoils one: its kind, its length, a count inside it, or its place."""
    for i in some(random, capture):
        data = capture.packets[i].data
        start = ike_offset(capture.linktype, data)
        if start is None:
            continue
        at, payloads = start + IKE_HEADER, []
        while at + 4 <= len(data) and len(payloads) < 100:
            payloads.append(at)
            at += max(struct.unpack_from(">H", data, at + 2)[0], 1)
        if not payloads:
            continue
        at, kind = random.choice(payloads), random.randrange(5)
        if kind == 0:
            change(capture, i, at, bytes([random.randrange(256)]))
        elif kind == 1:
            change(capture, i, at + 2, struct.pack(">H", random.choice((0, 1, 3, 4, 5, 8, 255, 65535, random.randrange(65536)))))
        elif kind == 2:
            change(capture, i, at + random.randrange(4, 40), random.choice(EXTREMES) * random.choice((1, 2, 4)))
        elif kind == 3:             # the rest of the chain again and again
            tail = data[at:] * random.choice((2, 10, 100))
            capture.packets[i] = capture.packets[i].with_data((data[:at] + tail)[:65000])
        else:
            change(capture, i, start + 16, bytes([random.choice((0, 1, 2, 3, 5, 11, 12, 33, 34, 41, 42, 44, 45, 46, 53, 132))]))


def garbage(random, capture):
    """IKE headers with random bytes behind, and ESP, between the others."""
    if not capture.packets:
        return
    for _ in range(random.choice((1, 20))):
        model = random.choice(capture.packets)
        found = transport(capture.linktype, model.data)
        if not found or found[0] != UDP:
            continue
        body = random.randbytes(random.choice((0, 8, 28, 200, 1400)))
        at = random.randrange(len(capture.packets) + 1)
        capture.packets.insert(at, Packet(model.time, model.data[:found[1] + UDP_HEADER] + body, len(model.data)))


MUTATIONS = (shuffle, reverse, duplicate, duplicate_later, drop, one_sided, again, time_backwards, time_jumps, time_scale, time_ends,
             flip, extreme_words, extreme_tail, snap, cut_bytes, addresses, ipsec_header, ike_header, ike_payloads, garbage)


def splice(random, capture, other):
    """Two captures read as one, packet by packet or one after the other."""
    if other.linktype != capture.linktype:
        return capture
    packets = capture.packets + other.packets
    if random.random() < 0.5:
        random.shuffle(packets)
    return Capture(capture.linktype, packets[:GROWN_AT_MOST])

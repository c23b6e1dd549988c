# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scripts that write synthetic captures share: time, addresses, the capture, SAs that send.

Times are integers in microseconds since BASE.
"""
import random
import struct
from dataclasses import dataclass, field
from pathlib import Path

from scapy.config import conf

conf.route6_autoload = conf.route_autoload = False

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

BASE = 1_700_000_000                      # epoch seconds
US = 1
MS = 1000
S = 1_000_000

ESP, AH = "esp", "ah"
IPPROTO = {ESP: 50, AH: 51}

A, B, C = "198.51.100.1", "203.0.113.1", "203.0.113.99"     # three gateways
A6, B6 = "2001:db8:a::1", "2001:db8:b::1"
NAT = "192.0.2.77"                                          # a NAT's outer address
ROUTER, ROUTER6 = "192.0.2.254", "2001:db8:ffff::1"
REPLY = 20 * MS                                             # an answer follows its question by this

ETHER = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


@dataclass
class SaTruth:
    """What the SA table must say of one SA; times in microseconds since BASE."""
    packets: int = 0
    bytes: int = 0
    first: int | None = None
    last: int | None = None
    sequence_numbers: set = field(default_factory=set)


class Capture:
    def __init__(self, name, description):
        self.name, self.description = name, description
        self.random = random.Random(name)
        self.records = []                 # (time, bytes, length on the wire)
        self.truth = {}                   # (protocol, destination, spi) -> SaTruth
        self.frames = {}                  # a mark that a case sets -> frame number
        self.ip_id = 0

    def add(self, time, packet):
        """Append a frame; returns its number."""
        raw = packet if isinstance(packet, bytes) else bytes(packet)
        self.records.append((time, raw, len(raw)))
        return len(self.records)

    def next_ip_id(self):
        self.ip_id = self.ip_id % 65535 + 1
        return self.ip_id

    def random_bytes(self, size):
        return self.random.randbytes(size)

    def count(self, key, time, size, sequence):
        sa = self.truth.setdefault(key, SaTruth())
        sa.packets += 1
        sa.bytes += size
        sa.first = time if sa.first is None else sa.first
        sa.last = time
        sa.sequence_numbers.add(sequence)

    def mark(self, name):
        """Remember the frame that was added last."""
        self.frames[name] = len(self.records)

    def sort(self):
        """Bring the frames in the order of their times. Only before any mark()."""
        assert not self.frames
        self.records.sort(key=lambda record: record[0])

    def write(self, directory):
        path = Path(directory) / f"{self.name}.pcap"
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for time, raw, wire_length in self.records:
                file.write(struct.pack("<IIII", BASE + time // S, time % S, len(raw), wire_length) + raw)
        return path


def network_layer(cap, src, dst):
    if ":" in dst:
        return IPv6(src=src, dst=dst)
    return IP(src=src, dst=dst, id=cap.next_ip_id())


def set_protocol(network, number):
    setattr(network, "nh" if isinstance(network, IPv6) else "proto", number)
    return network


# --- encapsulations: (capture, src, dst, protocol, data) -> what follows the Ethernet header's addresses -------------

def plain(cap, src, dst, protocol, data):
    return Ether(**ETHER) / set_protocol(network_layer(cap, src, dst), IPPROTO[protocol]) / Raw(data)


def in_udp(source_port=4500, destination_port=4500):
    def encapsulate(cap, src, dst, protocol, data):
        assert protocol == ESP
        return Ether(**ETHER) / network_layer(cap, src, dst) / UDP(sport=source_port, dport=destination_port) / Raw(data)
    return encapsulate


def ah_header(next_header, spi, sequence, icv):
    assert len(icv) % 4 == 0
    return struct.pack(">BBHII", next_header, (12 + len(icv)) // 4 - 2, 0, spi, sequence) + icv


class Sa:
    """One direction of traffic under one SPI. send() takes the next sequence number unless it is given one."""

    def __init__(self, cap, src, dst, spi, protocol=ESP, encapsulate=plain, sequence=1):
        self.cap, self.src, self.dst, self.spi, self.protocol = cap, src, dst, spi, protocol
        self.encapsulate, self.next_sequence = encapsulate, sequence

    @property
    def key(self):
        return self.protocol, self.dst, self.spi

    def data(self, sequence, size):
        """An ESP packet from SPI to ICV, or an AH header and the UDP datagram behind it; never twice the same."""
        body = self.cap.random_bytes(size)
        if self.protocol == ESP:
            return struct.pack(">II", self.spi, sequence) + body
        return ah_header(17, self.spi, sequence, body[:12]) + struct.pack(">HHHH", 9999, 9999, size - 12 + 8, 0) + body[12:]

    def build(self, sequence=None, size=100):
        """The frame, without adding it to the capture; and the length of its ESP."""
        if sequence is None:
            sequence, self.next_sequence = self.next_sequence, self.next_sequence + 1
        data = self.data(sequence & 0xFFFFFFFF, size)
        return self.encapsulate(self.cap, self.src, self.dst, self.protocol, data), len(data), sequence

    def send(self, time, sequence=None, size=100):
        packet, length, sequence = self.build(sequence, size)
        self.cap.count(self.key, time, length, sequence)
        self.cap.add(time, packet)
        return packet


def ping(forward, reverse, start, end, interval=S, size=100):
    """forward asks from start (inclusive) to end (exclusive), reverse answers each."""
    for time in range(start, end, interval):
        forward.send(time, size=size)
        reverse.send(time + REPLY, size=size)


def pair(cap, number, encapsulate=plain, protocol=ESP, sequence=1):
    """The two SAs of the number-th negotiation between A and B."""
    return (Sa(cap, A, B, 0xA0000000 + number, protocol, encapsulate, sequence),
            Sa(cap, B, A, 0xB0000000 + number, protocol, encapsulate, sequence))


def build(cases, name, capture=Capture):
    """The capture that the case of this name writes."""
    function = cases[name]
    cap = capture(name, " ".join(function.__doc__.split()))
    function(cap)
    return cap


def write_all(build_one, names, directory):
    Path(directory).mkdir(parents=True, exist_ok=True)
    for name in names:
        build_one(name).write(directory)

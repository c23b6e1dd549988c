# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary traffic without IPsec: clients look a name up, open a TCP connection, speak TLS over it, close it. Fifty at a time."""
import heapq
import itertools
import random
import struct

from frames import TCP
from wire import DNS_PORT, HTTPS_PORT, MS, SECOND, in_ipv4, in_udp, noise

CLIENTS = 50
RESOLVER = "192.0.2.53"
REQUESTS = 6                                # of a connection
SEGMENTS = 3                                # of an answer
FIN, SYN, PSH, ACK = 1, 2, 8, 16
WINDOW = 64240
HANDSHAKE, APPLICATION_DATA, CHANGE_CIPHER_SPEC = 22, 23, 20
CLIENT_HELLO, SERVER_HELLO = 1, 2
TLS_1_2 = 0x0303


def dns(number, name, address=None):
    """A query for an A record, or the answer to it."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + struct.pack(">BHH", 0, 1, 1)
    if address is None:
        return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + question
    return struct.pack(">6H", number, 0x8180, 1, 1, 0, 0) + question + struct.pack(">HHHIH4B", 0xC00C, 1, 1, 300, 4, *map(int, address.split(".")))


def record(kind, data):
    return struct.pack(">BHH", kind, TLS_1_2, len(data)) + data


def extension(kind, data):
    return struct.pack(">HH", kind, len(data)) + data


def hello(kind, rng, body, extensions):
    data = struct.pack(">H", TLS_1_2) + noise(rng, 32) + bytes([32]) + noise(rng, 32) + body
    data += struct.pack(">H", len(extensions)) + extensions
    return record(HANDSHAKE, bytes([kind]) + len(data).to_bytes(3, "big") + data)


def client_hello(rng, name):
    suites = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030)
    server_name = name.encode()
    share = struct.pack(">HHH", 36, 29, 32) + noise(rng, 32)
    extensions = (extension(0, struct.pack(">HBH", len(server_name) + 3, 0, len(server_name)) + server_name)
                  + extension(10, struct.pack(">HHHH", 6, 29, 23, 24)) + extension(13, struct.pack(">HHHH", 6, 0x0403, 0x0804, 0x0401))
                  + extension(16, b"\0\x0c\x02h2\x08http/1.1") + extension(43, b"\x04\x03\x04\x03\x03") + extension(51, share))
    return hello(CLIENT_HELLO, rng, struct.pack(f">H{len(suites)}H", 2 * len(suites), *suites) + b"\1\0", extensions)


def server_hello(rng):
    return hello(SERVER_HELLO, rng, b"\x13\x01\0", extension(43, b"\x03\x04") + extension(51, struct.pack(">HH", 29, 32) + noise(rng, 32)))


class Connection:
    """One after the other, a client's connections; time goes on."""

    def __init__(self, number, round_, time):
        self.rng = random.Random(f"connection {number} {round_}")
        self.client, self.server = f"192.168.1.{number + 1}", f"203.0.113.{self.rng.randrange(1, 255)}"
        self.port = 32768 + round_ % 28000
        self.time = time
        self.sent = [self.rng.getrandbits(31), self.rng.getrandbits(31)]        # next sequence number of client and server

    def tick(self, interval=2 * MS):
        time, self.time = self.time, self.time + interval + int(self.rng.random() * interval)
        return time

    def segment(self, by_server, flags, data=b"", options=b""):
        ports = (HTTPS_PORT, self.port) if by_server else (self.port, HTTPS_PORT)
        ends = (self.server, self.client) if by_server else (self.client, self.server)
        header = struct.pack(">HHIIBBHHH", *ports, self.sent[by_server], self.sent[not by_server] if flags & ACK else 0,
                             (5 + len(options) // 4) << 4, flags, WINDOW, 0, 0)
        self.sent[by_server] += len(data) + bool(flags & (SYN | FIN))
        return self.tick(), in_ipv4(*ends, TCP, header + options + data)

    def lookup(self, name):
        number, port = self.rng.getrandbits(16), 49152 + self.rng.getrandbits(13)
        yield self.tick(), in_udp(self.client, port, RESOLVER, DNS_PORT, dns(number, name))
        yield self.tick(), in_udp(RESOLVER, DNS_PORT, self.client, port, dns(number, name, self.server))

    def handshake(self, name):
        options = b"\2\4\5\xb4\4\2\1\1"             # MSS 1460, SACK permitted
        yield self.segment(False, SYN, options=options)
        yield self.segment(True, SYN | ACK, options=options)
        yield self.segment(False, ACK)
        yield self.segment(False, PSH | ACK, client_hello(self.rng, name))
        finished = record(CHANGE_CIPHER_SPEC, b"\1") + record(APPLICATION_DATA, noise(self.rng, 900))
        yield self.segment(True, PSH | ACK, server_hello(self.rng) + finished)
        yield self.segment(False, PSH | ACK, record(CHANGE_CIPHER_SPEC, b"\1") + record(APPLICATION_DATA, noise(self.rng, 69)))

    def packets(self):
        name = f"www{self.rng.randrange(1000)}.example.com"
        yield from self.lookup(name)
        yield from self.handshake(name)
        for _ in range(REQUESTS):
            yield self.segment(False, PSH | ACK, record(APPLICATION_DATA, noise(self.rng, 250)))
            for _ in range(SEGMENTS):
                yield self.segment(True, PSH | ACK, record(APPLICATION_DATA, noise(self.rng, 400)))
            yield self.segment(False, ACK)
        yield self.segment(False, FIN | ACK)
        yield self.segment(True, FIN | ACK)
        yield self.segment(False, ACK)


def surf(number):
    time = number * SECOND // CLIENTS
    for round_ in itertools.count():
        connection = Connection(number, round_, time)
        yield from connection.packets()
        time = connection.time


def surfing():
    return heapq.merge(*map(surf, range(CLIENTS)))

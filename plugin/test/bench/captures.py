# SPDX-License-Identifier: GPL-2.0-or-later
"""The captures of the benchmarks: written when they are needed, not stored.

A case is a generator of (microseconds since the start, frame) without an end; its first N packets are the capture of length N, so
that a longer capture goes on where a shorter one ends. The same bytes in every run.
"""
import itertools
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test-captures" / "synthetic"))
sys.dont_write_bytecode = True
from frames import ESP, ETHERNET_IPV4, UDP, ip_header, pcap_header, pcap_record, udp_header  # noqa: E402

START = 1_700_000_000_000_000               # microseconds since 1970 of the first packet
SECOND = 1_000_000
TUNNELS = 100
HUB = "198.51.100.1"                        # the gateway at which all tunnels end
SIZES = (80, 96, 112, 144, 176)             # of ESP from SPI to ICV; Wireshark's work does not depend on it
NAT_PORT = 4500
PACKET_INTERVAL = 36_000                    # 100 tunnels at 0.28 packets a second: a tenth of a million packets are an hour
REKEY_INTERVAL = 3600 * SECOND
NOISE = random.Random("noise").randbytes(1 << 16)


def noise(rng, size):
    """Bytes that look encrypted; cheaper than new ones each time."""
    at = int(rng.random() * (len(NOISE) - size))
    return NOISE[at:at + size]


def peer(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Headers:
    """Ethernet, IP and, for NAT traversal, UDP headers in front of ESP: built once for each pair of addresses and size."""

    def __init__(self, in_udp=False):
        self.in_udp, self.known = in_udp, {}

    def get(self, source, destination, size):
        key = source, destination, size
        if key not in self.known:
            udp = udp_header(NAT_PORT, NAT_PORT, size) if self.in_udp else b""
            self.known[key] = ETHERNET_IPV4 + ip_header(source, destination, 20 + len(udp) + size, 0, UDP if self.in_udp else ESP) + udp
        return self.known[key]


class Sender:
    """Sends ESP on any number of SAs, each with a sequence of its own."""

    def __init__(self, rng, in_udp=False):
        self.rng, self.headers, self.sequence = rng, Headers(in_udp), {}

    def packet(self, source, destination, spi):
        number = self.sequence[spi] = self.sequence.get(spi, 0) + 1
        size = SIZES[int(self.rng.random() * len(SIZES))]
        return self.headers.get(source, destination, size) + struct.pack(">II", spi, number) + noise(self.rng, size - 8)


def spi_of(number):
    """A permutation of the SPIs that RFC 4303 does not reserve: the multiplier is prime, and no divisor of their count."""
    return 256 + number * 0x9E3779B1 % (2**32 - 256)


def tunnels(in_udp=False, count=TUNNELS, rekey=REKEY_INTERVAL):
    """Tunnels to one gateway, both directions alike, each rekeyed once an hour at times of its own."""
    rng = random.Random("tunnels")
    sender = Sender(rng, in_udp)
    peers = [peer(i) for i in range(1, count + 1)]
    for number in itertools.count():
        time = number * PACKET_INTERVAL
        tunnel = int(rng.random() * count)
        generation = (time + rekey * tunnel // count) // rekey
        spi = spi_of((generation * count + tunnel) * 2 + (number & 1))
        ends = (peers[tunnel], HUB) if number & 1 else (HUB, peers[tunnel])
        yield time, sender.packet(*ends, spi)


def esp():
    """ESP, 100 tunnels, rekeyed hourly."""
    return tunnels()


CASES = {"esp": esp}


def write(case, packets, path):
    """The first so many packets of a case."""
    with open(path, "wb") as file:
        file.write(pcap_header())
        for time, frame in itertools.islice(case(), packets):
            file.write(pcap_record(START + time, frame))

# SPDX-License-Identifier: GPL-2.0-or-later
"""The captures of the benchmarks: written when they are needed, not stored.

A case gives (microseconds since the start, frame) without an end; its first N packets are the capture of length N, so that a longer
capture goes on where a shorter one ends. The same bytes in every run.
"""
import itertools
import random
import struct

import ike_clients
import ike_rekeys
import web
from floods import FLOODS
from frames import ESP, pcap_header, pcap_record
from wire import HOUR, HUB, MS, NAT_PORT, in_ipv4, in_udp, noise, peer

START = 1_700_000_000_000_000               # microseconds since 1970 of the first packet
SIZES = (80, 96, 112, 144, 176)             # of ESP from SPI to ICV; Wireshark's work does not depend on it

# SPIs that RFC 4303 does not reserve
FIRST_SPI, SPIS = 256, 2**32 - 256


def spi_of(number):
    """A permutation of all SPIs: the multiplier is prime, and no divisor of their count."""
    return FIRST_SPI + number * 0x9E3779B1 % SPIS


class Sender:
    """Sends ESP on any number of SAs, each with a sequence of its own."""

    def __init__(self, rng, udp=False):
        self.rng, self.udp, self.sequence, self.headers = rng, udp, {}, {}

    def header(self, source, destination, size):
        """Built once for each pair of addresses and size."""
        key = source, destination, size
        if key not in self.headers:
            empty = bytes(size)
            frame = in_udp(source, NAT_PORT, destination, NAT_PORT, empty) if self.udp else in_ipv4(source, destination, ESP, empty)
            self.headers[key] = frame[:-size]
        return self.headers[key]

    def packet(self, source, destination, spi, sequence=None):
        if sequence is None:
            sequence = self.sequence[spi] = self.sequence.get(spi, 0) + 1
        size = SIZES[int(self.rng.random() * len(SIZES))]
        return self.header(source, destination, size) + struct.pack(">II", spi, sequence) + noise(self.rng, size - 8)


TUNNELS = 100
PACKET_INTERVAL = 36 * MS                   # 100,000 packets are an hour
KEEPALIVE_EVERY = 200                       # packets


def tunnels(udp=False):
    """100 tunnels with one gateway, alike in both directions, each rekeyed once an hour at a time of its own."""
    rng = random.Random("tunnels")
    sender = Sender(rng, udp)
    for number in itertools.count():
        time = number * PACKET_INTERVAL
        tunnel, inbound = int(rng.random() * TUNNELS), number & 1
        ends = (peer(tunnel + 1), HUB) if inbound else (HUB, peer(tunnel + 1))
        if udp and number % KEEPALIVE_EVERY == KEEPALIVE_EVERY - 1:
            yield time, in_udp(ends[0], NAT_PORT, ends[1], NAT_PORT, b"\xff")
            continue
        generation = (time + HOUR * tunnel // TUNNELS) // HOUR
        yield time, sender.packet(*ends, spi_of((generation * TUNNELS + tunnel) * 2 + inbound))


def steady(sas):
    """So many SAs, two a tunnel: first a packet on each, then traffic on all of them at random."""
    rng = random.Random("steady")
    sender = Sender(rng)
    for number in itertools.count():
        sa = number if number < sas else int(rng.random() * sas)
        ends = (peer(sa // 2 + 1), HUB) if sa & 1 else (HUB, peer(sa // 2 + 1))
        yield number * PACKET_INTERVAL, sender.packet(*ends, spi_of(sa))


HUB_GENERATIONS = 50                        # of SAs in each direction of a tunnel
HUB_HALF_LIFE = 100_000 * MS


def hub(tunnels):
    """So many tunnels with one gateway, each with ever new SAs in both directions, of two packets each: SPI churn in all of them."""
    sender = Sender(random.Random("hub"))
    for half in itertools.count():
        for tunnel, inbound in itertools.product(range(tunnels), (0, 1)):
            ends = (peer(tunnel + 1), HUB) if inbound else (HUB, peer(tunnel + 1))
            yield half * HUB_HALF_LIFE + (tunnel * 2 + inbound) * 10 * MS, sender.packet(*ends, spi_of((half // 2 * tunnels + tunnel) * 2 + inbound))


def hub_size(tunnels):
    """(packets, SAs) of a whole hub."""
    return tunnels * HUB_GENERATIONS * 4, tunnels * HUB_GENERATIONS * 2
PACKETS_OF_SA = 4


def short_lived():
    """One tunnel; each SA carries few packets within an hour, and is rekeyed."""
    sender = Sender(random.Random("short-lived"))
    for number in itertools.count():
        inbound = number & 1
        ends = (peer(1), HUB) if inbound else (HUB, peer(1))
        yield number * HOUR // (2 * PACKETS_OF_SA), sender.packet(*ends, spi_of(number // (2 * PACKETS_OF_SA) * 2 + inbound))


SCANNER = "203.0.113.66"
SCAN_INTERVAL = MS
HEALTHY_EVERY = 100                         # packets of a scan, of which one belongs to each healthy tunnel
HEALTHY_SPIS = spi_of(2**31), spi_of(2**31 + 1)
LATE_SPIS = spi_of(2**31 + 2), spi_of(2**31 + 3)
LATE_FROM = 12_000                          # the packet at which the second healthy tunnel begins


def scan(spis=None, udp=False):
    """A new SPI with almost every packet. One packet in a hundred is of a healthy tunnel with the same gateway, later of two."""
    sender = Sender(random.Random("scan"), udp)
    spis = spis or map(spi_of, itertools.count())
    for number in itertools.count():
        round_, place = divmod(number, HEALTHY_EVERY)
        if place == 0 or place == HEALTHY_EVERY // 2 and number >= LATE_FROM:
            ends = (peer(place + 1), HUB) if round_ & 1 else (HUB, peer(place + 1))
            frame = sender.packet(*ends, (LATE_SPIS if place else HEALTHY_SPIS)[round_ & 1])
        else:
            frame = sender.packet(SCANNER, HUB, next(spis), 1)
        yield number * SCAN_INTERVAL, frame


def parallel():
    """A new SPI with every second packet, and in between one of those before speaks again: all stay in use side by side."""
    sender = Sender(random.Random("parallel"))
    for number in itertools.count():
        spi = spi_of(number // 4 if number & 1 else number // 2)
        yield number * PACKET_INTERVAL, sender.packet(peer(1), HUB, spi)


def flood(of_a_family):
    """A scan in UDP, where an SA is looked for by its SPI alone too, with SPIs that collide under one hash after the other."""
    each = (itertools.islice(family(), of_a_family) for family in FLOODS.values())
    return scan(itertools.chain(*each, map(spi_of, itertools.count())), udp=True)


# name -> (generator, what it is)
CASES = {
    "esp": (tunnels, "ESP, 100 tunnels, rekeyed hourly"),
    "udp": (lambda: tunnels(udp=True), "the same in UDP port 4500, with NAT keep-alives"),
    "ike": (ike_clients.clients, "IKE, three quarters IKEv2, one quarter IKEv1"),
    "web": (web.surfing, "DNS, TCP and TLS, no IPsec"),
    "scan": (scan, "a new SPI with almost every packet"),
    "parallel": (parallel, "ever more SPIs side by side"),
    "rekeys": (ike_rekeys.rekeys, "IKE in clear: ever more child SAs in an IKE SA that is rekeyed after each"),
    "short": (short_lived, "ESP of one tunnel, SAs of four packets each"),
    "asks": (ike_rekeys.asks, "IKE in clear: requests on one IKE SA that nobody answers, some ninety bytes each"),
    "inits": (ike_rekeys.inits, "IKE_SA_INIT, one from each of ever more addresses, never answered"),
    "setups": (lambda: ike_rekeys.inits(pairs=False), "the same from one address"),
    "refusals": (ike_rekeys.refusals, "IKE in clear: an IKE SA that is rekeyed, and refuses a child SA, again and again"),
    "udpscan": (lambda: scan(udp=True), "the same in UDP"),
    "flood4000": (lambda: flood(4000), "a scan in UDP with SPIs that collide, 4,000 for each of seven hashes"),
    "flood49000": (lambda: flood(49_000), "the same, 49,000 for each hash"),
    **{f"hub{tunnels}": (lambda tunnels=tunnels: hub(tunnels), f"{tunnels:,} tunnels with {hub_size(tunnels)[1]:,} SAs, all of which churn")
       for tunnels in (20, 60, 100, 1000)},
    "sas100": (lambda: steady(100), "ESP on 100 SAs"),
    "sas5000": (lambda: steady(5000), "ESP on 5,000 SAs"),
    "sas100000": (lambda: steady(100_000), "ESP on 100,000 SAs"),
}


def write(case, packets, path):
    """The first so many packets of a case."""
    generate, _what = CASES[case]
    with open(path, "wb") as file:
        file.write(pcap_header())
        for time, frame in itertools.islice(generate(), packets):
            file.write(pcap_record(START + time, frame))


ESP_AT = 34                                 # in a frame of Ethernet and IPv4


def packets_of(spi, case, packets):
    """How many of the first so many packets of a case without UDP carry the SPI."""
    generate, _what = CASES[case]
    wanted = struct.pack(">I", spi)
    return sum(frame[ESP_AT:ESP_AT + 4] == wanted for _time, frame in itertools.islice(generate(), packets))

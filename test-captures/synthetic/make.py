#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the synthetic captures: make.py DIRECTORY [NAME...]

Each case is a function that sends packets along SAs at chosen times. What the SA table must hold is noted down while
the packets are written (Capture.truth), so expectations are known by construction and owe nothing to the plugin.
The bytes are the same in every run: times are fixed, payloads come from a generator seeded with the case's name.

Times are integers in microseconds since BASE. DESCRIPTION of a case is its docstring.
"""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import writer  # noqa: E402
from writer import (A6, AH, B6, BASE, ESP, ETHER, IPPROTO, MS, NAT, REPLY, ROUTER, ROUTER6, A, B, C, Capture, S,  # noqa: E402, F401
                    Sa, ah_header, in_udp, network_layer, pair, ping, plain, set_protocol)

from scapy.contrib.gtp import GTP_U_Header  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.dns import DNS, DNSQR  # noqa: E402
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP, IPOption_Router_Alert  # noqa: E402
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6DestUnreach, IPv6, IPv6ExtHdrDestOpt,  # noqa: E402
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN)
from scapy.layers.l2 import Dot1Q, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402


# --- encapsulations: see writer.plain ----------------------------------------------------------------------------------

def in_vlan(*tags):
    def encapsulate(cap, src, dst, protocol, data):
        frame = plain(cap, src, dst, protocol, data)
        network = frame.payload
        packet = Ether(**ETHER)
        for tag in tags:
            packet /= Dot1Q(vlan=tag)
        return packet / network
    return encapsulate


def in_gre(cap, src, dst, protocol, data):
    inner = plain(cap, src, dst, protocol, data).payload
    ends = ("10.99.0.1", "10.99.0.2") if src < dst else ("10.99.0.2", "10.99.0.1")
    return Ether(**ETHER) / IP(src=ends[0], dst=ends[1], id=cap.next_ip_id()) / GRE(proto=0x0800) / inner


def in_mpls(cap, src, dst, protocol, data):
    inner = plain(cap, src, dst, protocol, data).payload
    return Ether(type=0x8847, **ETHER) / MPLS(label=100, s=0, ttl=60) / MPLS(label=200, s=1, ttl=60) / inner


def in_gtp(cap, src, dst, protocol, data):
    inner = plain(cap, src, dst, protocol, data).payload
    ends = ("10.88.0.1", "10.88.0.2") if src < dst else ("10.88.0.2", "10.88.0.1")
    return (Ether(**ETHER) / IP(src=ends[0], dst=ends[1], id=cap.next_ip_id()) / UDP(sport=2152, dport=2152)
            / GTP_U_Header(teid=0x1234, gtp_type=255) / Raw(bytes(inner)))


def with_ip_options(cap, src, dst, protocol, data):
    return (Ether(**ETHER) / IP(src=src, dst=dst, id=cap.next_ip_id(), proto=IPPROTO[protocol],
                                options=[IPOption_Router_Alert()]) / Raw(data))


def with_ipv6_extensions(cap, src, dst, protocol, data):
    return (Ether(**ETHER) / IPv6(src=src, dst=dst) / IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x1E, optdata=b"ab")])
            / IPv6ExtHdrDestOpt(nh=IPPROTO[protocol], options=[PadN(optdata=b"\0" * 4)]) / Raw(data))


CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


# --- identity of an SA ------------------------------------------------------------------------------------------------

@case
def same_spi_two_destinations(cap):
    """SPI 0x1000 from A to B, from B to A and from A to C: three SAs, two tunnels"""
    sas = [Sa(cap, A, B, 0x1000), Sa(cap, B, A, 0x1000), Sa(cap, A, C, 0x1000, sequence=1)]
    for i in range(40):
        for k, sa in enumerate(sas):
            sa.send(i * S + k * 100 * MS)


@case
def same_spi_esp_and_ah(cap):
    """SPI 0x2000 as ESP and as AH, both from A to B, interleaved"""
    esp, ah = Sa(cap, A, B, 0x2000), Sa(cap, A, B, 0x2000, AH)
    for i in range(40):
        esp.send(i * S)
        ah.send(i * S + 400 * MS)


@case
def ipv6(cap):
    """ESP directly in IPv6"""
    ping(Sa(cap, A6, B6, 0x6001), Sa(cap, B6, A6, 0x6002), 0, 20 * S)


@case
def ipv6_extension_headers(cap):
    """ESP behind hop-by-hop and destination options"""
    ping(Sa(cap, A6, B6, 0x6001, ESP, with_ipv6_extensions), Sa(cap, B6, A6, 0x6002, ESP, with_ipv6_extensions), 0, 20 * S)


@case
def ipv6_fragmented(cap):
    """ESP of 2000 bytes in two IPv6 fragments each"""
    sas = Sa(cap, A6, B6, 0x6001), Sa(cap, B6, A6, 0x6002)
    identity = 0
    for i in range(10):
        for k, sa in enumerate(sas):
            _, length, sequence = sa.build(size=2000)
            data = sa.data(sequence, 2000)
            time, identity = i * S + k * REPLY, identity + 1
            for number, (offset, part) in enumerate(((0, data[:1200]), (1200, data[1200:]))):
                cap.add(time + number * 50, Ether(**ETHER) / IPv6(src=sa.src, dst=sa.dst)
                        / IPv6ExtHdrFragment(nh=50, offset=offset // 8, m=1 - number, id=identity) / Raw(part))
            cap.count(sa.key, time + 50, length, sequence)


@case
def ah_only(cap):
    """AH in both directions"""
    ping(*pair(cap, 1, protocol=AH), 0, 20 * S)


@case
def ah_ipv6(cap):
    """AH in both directions, IPv6"""
    ping(Sa(cap, A6, B6, 0x6001, AH), Sa(cap, B6, A6, 0x6002, AH), 0, 20 * S)


def ah_around_esp(cap, a, b):
    """Frames that hold an AH header and ESP behind it: two SAs a direction"""
    for i in range(20):
        for k, (src, dst, base) in enumerate(((a, b, 0x100), (b, a, 0x200))):
            time = i * S + k * REPLY
            esp = Sa(cap, src, dst, 0xE000 + base).data(i + 1, 100)
            header = ah_header(50, 0xA000 + base, i + 1, cap.random_bytes(12))
            network = set_protocol(network_layer(cap, src, dst), IPPROTO[AH])
            cap.add(time, Ether(**ETHER) / network / Raw(header + esp))
            cap.count((AH, dst, 0xA000 + base), time, len(header) + len(esp), i + 1)
            cap.count((ESP, dst, 0xE000 + base), time, len(esp), i + 1)


@case
def ah_then_esp(cap):
    """IPv4, AH, ESP in one packet"""
    ah_around_esp(cap, A, B)


@case
def ah_then_esp_ipv6(cap):
    """IPv6, AH, ESP in one packet"""
    ah_around_esp(cap, A6, B6)


INNER_A, INNER_B = "10.0.1.1", "10.0.2.1"


@case
def nested_null_esp(cap):
    """ESP with NULL encryption that carries IP and ESP between other addresses. The inner SAs show only with
    esp.enable_null_encryption_decode_heuristic. The inner ones use the SPIs of the outer ones."""
    for i in range(20):
        for k, (src, dst, inner_src, inner_dst, spi) in enumerate(
                ((A, B, INNER_A, INNER_B, 0x5001), (B, A, INNER_B, INNER_A, 0x5002))):
            time = i * S + k * REPLY
            inner_esp = Sa(cap, inner_src, inner_dst, spi).data(i + 1, 100)
            inner = bytes(IP(src=inner_src, dst=inner_dst, id=cap.next_ip_id(), proto=50) / Raw(inner_esp))
            pad = -(len(inner) + 2) % 4
            outer_esp = struct.pack(">II", spi, i + 1) + inner + bytes(range(1, pad + 1)) + bytes((pad, 4)) + cap.random_bytes(12)
            cap.add(time, Ether(**ETHER) / IP(src=src, dst=dst, id=cap.next_ip_id(), proto=50) / Raw(outer_esp))
            cap.count((ESP, dst, spi), time, len(outer_esp), i + 1)
            cap.count((ESP, inner_dst, spi), time, len(inner_esp), i + 1)


@case
def quoted_in_icmp(cap):
    """ICMP errors quote ESP and AH of SAs that are in use, and of one that is never seen otherwise"""
    forward, reverse = pair(cap, 1)
    ah = Sa(cap, A, B, 0xAA, AH)
    natted = Sa(cap, A, C, 0xC1, ESP, in_udp())
    for i in range(30):
        for sa in (forward, ah, natted):
            packet = sa.send(i * S + 100 * MS * (sa is ah) + 200 * MS * (sa is natted))
            if i % 3 == 0:
                cap.add(i * S + 300 * MS + 10 * MS * (sa is ah) + 20 * MS * (sa is natted),
                        Ether(**ETHER) / IP(src=ROUTER, dst=A, id=cap.next_ip_id()) / ICMP(type=3, code=1)
                        / Raw(bytes(packet[IP])[:160]))
                cap.frames.setdefault("quotes", []).append(len(cap.records))
        reverse.send(i * S + 400 * MS)
    unseen = Sa(cap, A, C, 0xDEAD0001)
    packet, _, _ = unseen.build()
    cap.add(31 * S, Ether(**ETHER) / IP(src=ROUTER, dst=A, id=cap.next_ip_id()) / ICMP(type=3, code=4) / Raw(bytes(packet[IP])[:160]))
    cap.frames["quotes"].append(len(cap.records))


@case
def quoted_in_icmpv6(cap):
    """ICMPv6 errors quote ESP of an SA that is in use, and of one that is never seen otherwise"""
    forward, reverse = Sa(cap, A6, B6, 0x6001), Sa(cap, B6, A6, 0x6002)
    unseen = Sa(cap, A6, B6, 0xDEAD0002)
    for i in range(30):
        packet = forward.send(i * S)
        if i % 5 == 4:
            packet, _, _ = unseen.build()
        if i % 3 == 1 or i % 5 == 4:
            cap.add(i * S + MS, Ether(**ETHER) / IPv6(src=ROUTER6, dst=A6) / ICMPv6DestUnreach(code=0) / Raw(bytes(packet[IPv6])))
            cap.frames.setdefault("quotes", []).append(len(cap.records))
        reverse.send(i * S + REPLY)


# --- what a capture point does to traffic -----------------------------------------------------------------------------

@case
def out_of_order(cap):
    """100 packets a second each way; the order in the file, and the times, each shuffled within 50 ms"""
    forward, reverse = pair(cap, 1)
    frames = []
    for i in range(1000):
        for k, sa in enumerate((forward, reverse)):
            packet, length, sequence = sa.build()
            sent = i * 10 * MS + k * 5 * MS + S
            time = sent + cap.random.randrange(50) * MS
            frames.append((sent + cap.random.randrange(50 * MS), time, packet, sa.key, length, sequence))
    for _, time, packet, key, length, sequence in sorted(frames, key=lambda frame: frame[0]):
        cap.add(time, packet)
        cap.count(key, time, length, sequence)


@case
def cut_in_the_middle(cap):
    """The first SAs begin with sequence number 5000; after 20 s new ones, from 1, take over"""
    ping(*pair(cap, 1, sequence=5000), 0, 20 * S)
    ping(*pair(cap, 2), 20 * S, 60 * S)


@case
def mirror_port(cap):
    """Each packet is seen twice, 20 us apart, byte for byte the same"""
    for sent in [(i * 200 * MS + k * REPLY, sa) for sas in [pair(cap, 1)] for i in range(400) for k, sa in enumerate(sas)]:
        packet = sent[1].send(sent[0])
        cap.add(sent[0] + 20, packet)


@case
def mirror_port_router(cap):
    """Each packet is seen before and after a router: another VLAN, one hop less, other MAC addresses, 20 us later"""
    sas = pair(cap, 1, in_vlan(10))
    for i in range(400):
        for k, sa in enumerate(sas):
            time = i * 200 * MS + k * REPLY
            packet = sa.send(time)
            routed = packet.copy()
            routed[Dot1Q].vlan = 20
            routed[IP].ttl -= 1
            routed[IP].chksum = None
            routed[Ether].src, routed[Ether].dst = ETHER["dst"], "02:00:00:00:00:03"
            cap.add(time + 20, routed)


@case
def replayed(cap):
    """Five of 200 packets come again, byte for byte, one second later"""
    forward, reverse = pair(cap, 1)
    again = {}
    for i in range(200):
        time = i * 100 * MS
        packet = forward.send(time)
        if i in (20, 50, 80, 110, 140):
            again[i + 10] = packet
        reverse.send(time + REPLY)
        if i in again:
            cap.add(time + REPLY + 30 * MS, again[i])
            cap.frames.setdefault("replays", []).append(len(cap.records))


@case
def snaplen_60(cap):
    """Only the first 60 bytes of each packet are kept"""
    ping(*pair(cap, 1), 0, 20 * S, size=600)
    ping(Sa(cap, A, C, 0xC1, ESP, in_udp()), Sa(cap, C, A, 0xC2, ESP, in_udp()), 20 * S, 40 * S, size=600)
    cap.records = [(time, raw[:60], length) for time, raw, length in cap.records]


@case
def no_ipsec(cap):
    """TCP and DNS"""
    for i in range(10):
        cap.add(i * S, Ether(**ETHER) / IP(src=A, dst=B, id=cap.next_ip_id()) / UDP(sport=5353 + i, dport=53)
                / DNS(id=i, qd=DNSQR(qname="example.org")))
        cap.add(i * S + MS, Ether(**ETHER) / IP(src=A, dst=B, id=cap.next_ip_id())
                / TCP(sport=40000, dport=80, seq=1 + 10 * i, flags="PA") / Raw(b"0123456789"))


@case
def nat_keepalives(cap):
    """ESP in UDP with NAT keepalives (one byte, 0xff) in between, and keepalives of a peer that sends nothing else"""
    client, gateway = Sa(cap, NAT, B, 0xC1, ESP, in_udp(1024, 4500)), Sa(cap, B, NAT, 0xC2, ESP, in_udp(4500, 1024))
    ping(client, gateway, 0, 40 * S)
    for i in range(0, 40, 5):
        for src, port in ((NAT, 1024), (C, 4500)):
            cap.add(i * S + 500 * MS, Ether(**ETHER) / IP(src=src, dst=B, id=cap.next_ip_id()) / UDP(sport=port, dport=4500) / Raw(b"\xff"))
    cap.sort()


# --- encapsulations ---------------------------------------------------------------------------------------------------

def encapsulation(name, description, encapsulate, protocol=ESP):
    def build(cap):
        ping(*pair(cap, 1, encapsulate, protocol), 0, 20 * S)
    build.__name__, build.__doc__ = name, description
    case(build)


encapsulation("encap_udp", "ESP in UDP (RFC 3948)", in_udp())
encapsulation("encap_vlan", "ESP in a VLAN", in_vlan(42))
encapsulation("encap_qinq", "ESP in a VLAN in a VLAN", in_vlan(7, 42))
encapsulation("encap_gre", "ESP in GRE: the inner addresses count", in_gre)
encapsulation("encap_gre_ah", "AH in GRE", in_gre, AH)
encapsulation("encap_mpls", "ESP under two MPLS labels", in_mpls)
encapsulation("encap_gtp", "ESP in GTP-U: the inner addresses count", in_gtp)
encapsulation("encap_ip_options", "ESP behind IPv4 options", with_ip_options)


@case
def encap_ip_fragments(cap):
    """ESP of 2000 bytes in two IPv4 fragments each"""
    sas = pair(cap, 1)
    for i in range(10):
        for k, sa in enumerate(sas):
            data = sa.data(i + 1, 2000)
            time, identity = i * S + k * REPLY, cap.next_ip_id()
            for number, (offset, part) in enumerate(((0, data[:1400]), (1400, data[1400:]))):
                cap.add(time + number * 50, Ether(**ETHER) / IP(src=sa.src, dst=sa.dst, id=identity, proto=50,
                        flags="MF" if number == 0 else 0, frag=offset // 8) / Raw(part))
            cap.count(sa.key, time + 50, len(data), i + 1)


# --- sequence numbers -------------------------------------------------------------------------------------------------

@case
def loss(cap):
    """Sequence numbers 101 to 105 are missing from A to B, 100 more follow"""
    forward, reverse = pair(cap, 1)
    for i in range(1, 206):
        if not 101 <= i <= 105:
            forward.send(i * 100 * MS, sequence=i)
        reverse.send(i * 100 * MS + REPLY)


@case
def reordered(cap):
    """Four packets arrive late, by 1, 5, 10 and 30 packets: all within the window"""
    forward, reverse = pair(cap, 1)
    order = list(range(1, 301))
    for sequence, late in ((20, 1), (60, 5), (120, 10), (200, 30)):
        at = order.index(sequence)
        order.insert(at + late, order.pop(at))
    for i, sequence in enumerate(order):
        forward.send(i * 20 * MS, sequence=sequence)
        reverse.send(i * 20 * MS + 10 * MS)


@case
def too_old(cap):
    """Sequence number 20 arrives after number 150, within a second: outside of a window of 64, inside of one of 1024"""
    forward, reverse = pair(cap, 1)
    order = [n for n in range(1, 301) if n != 20]
    order.insert(order.index(150) + 1, 20)
    for i, sequence in enumerate(order):
        forward.send(i * 5 * MS, sequence=sequence)
        if sequence == 20:
            cap.mark("late")
        reverse.send(i * 5 * MS + 2 * MS)


@case
def sequence_restart(cap):
    """1000 packets from A to B, then the sequence number begins again at 1 with other payload, the SPI stays"""
    forward, reverse = pair(cap, 1)
    for i in range(1200):
        forward.send(i * 50 * MS, sequence=i % 1000 + 1)
        if i == 1000:
            cap.mark("restart")
        if i % 10 == 0:
            reverse.send(i * 50 * MS + REPLY)


@case
def sequence_half(cap):
    """Sequence numbers pass 2^31: nothing special"""
    ping(*pair(cap, 1, sequence=0x7FFFFFF0), 0, 20 * S, 200 * MS)


@case
def sequence_near_wrap(cap):
    """Sequence numbers 0xffffff00 to 0xffffffc7 from A to B"""
    forward, reverse = Sa(cap, A, B, 0xA0000001, sequence=0xFFFFFF00), Sa(cap, B, A, 0xB0000001)
    ping(forward, reverse, 0, 20 * S, 100 * MS)


@case
def sequence_wrap(cap):
    """Sequence numbers pass 2^32 and go on at 0, as the low half of an extended sequence number does"""
    forward, reverse = Sa(cap, A, B, 0xA0000001, sequence=0xFFFFFFC0), Sa(cap, B, A, 0xB0000001)
    ping(forward, reverse, 0, 20 * S, 100 * MS)


# --- replacement ------------------------------------------------------------------------------------------------------

def generations(cap, count, life, interval=S, gap=0, encapsulate=plain):
    for n in range(count):
        start = n * (life + gap)
        ping(*pair(cap, n + 1, encapsulate), start, start + life, interval)


@case
def clean_rekey(cap):
    """Three generations of 3600 s, both directions, a ping every 20 s"""
    generations(cap, 3, 3600 * S, 20 * S)


@case
def rekey_make_before_break(cap):
    """Three generations of 600 s; for 1.5 s after each change A's old SA is still in use beside the new one"""
    for n in range(3):
        forward, reverse = pair(cap, n + 1)
        start = n * 600 * S
        ping(forward, reverse, start, start + 600 * S, 2 * S)
        if n < 2:
            for k in range(3):
                forward.send(start + 600 * S + (k + 1) * 500 * MS - 100 * MS)
    cap.sort()


@case
def churn(cap):
    """Six generations of 60 s"""
    generations(cap, 6, 60 * S)


@case
def churn_udp(cap):
    """Six generations of 60 s, ESP in UDP"""
    generations(cap, 6, 60 * S, encapsulate=in_udp())


@case
def drop_and_return(cap):
    """Six generations of 20 s with 15 s of silence between them"""
    generations(cap, 6, 20 * S, gap=15 * S)


def side_by_side(cap, numbers, start, end, interval=S):
    """The SAs with these numbers carry pings interleaved, born 1 s apart"""
    for k, number in enumerate(numbers):
        ping(*pair(cap, number), start + k * S + k * 37 * MS, end, interval)


@case
def parallel_2(cap):
    """Two SAs a direction side by side for 200 s, born 1 s apart"""
    side_by_side(cap, (1, 2), 0, 200 * S)
    cap.sort()


@case
def parallel_5(cap):
    """Five SAs a direction side by side for 200 s, born 1 s apart"""
    side_by_side(cap, (1, 2, 3, 4, 5), 0, 200 * S)
    cap.sort()


@case
def parallel_slow(cap):
    """Two SAs a direction side by side for 200 s, the first with a packet only every 6 s"""
    ping(*pair(cap, 1), 0, 200 * S, 6 * S)
    ping(*pair(cap, 2), S + 37 * MS, 200 * S)
    cap.sort()


@case
def parallel_sparse(cap):
    """Two SAs a direction side by side for 200 s, the first with a packet only every 15 s"""
    ping(*pair(cap, 1), 0, 200 * S, 15 * S)
    ping(*pair(cap, 2), S + 37 * MS, 200 * S)
    cap.sort()


@case
def parallel_late(cap):
    """An SA a direction for 200 s; a second one is born at 100 s and goes beside it"""
    ping(*pair(cap, 1), 0, 200 * S)
    ping(*pair(cap, 2), 100 * S + 500 * MS, 200 * S)
    cap.sort()


@case
def parallel_rekeyed(cap):
    """Two SAs a direction side by side; at 400 s each is replaced; until 500 s"""
    side_by_side(cap, (1, 2), 0, 400 * S)
    side_by_side(cap, (3, 4), 400 * S + 100 * MS, 500 * S)
    cap.sort()


@case
def stale(cap):
    """SA 1 for 400 s, then SA 2; 30 s later five packets on A's SA 1 again"""
    old, reverse = pair(cap, 1)
    ping(old, reverse, 0, 400 * S)
    new, reverse = pair(cap, 2)
    ping(new, reverse, 400 * S, 430 * S)
    for i in range(5):
        old.send(430 * S + i * S)
        if i == 0:
            cap.mark("stale")
        new.send(430 * S + i * S + 10 * MS)
        reverse.send(430 * S + i * S + REPLY)
    ping(new, reverse, 435 * S, 450 * S)


# --- one direction only -----------------------------------------------------------------------------------------------

@case
def one_way(cap):
    """20 s of ping, then 60 s of traffic from A to B only"""
    forward, reverse = pair(cap, 1)
    ping(forward, reverse, 0, 20 * S)
    for i in range(20, 80):
        forward.send(i * S)


@case
def one_sided(cap):
    """The capture sees A to B only, for 100 s"""
    forward, _ = pair(cap, 1)
    for i in range(100):
        forward.send(i * S)


@case
def one_way_pause(cap):
    """Between 20 s and 40 s only A sends"""
    forward, reverse = pair(cap, 1)
    ping(forward, reverse, 0, 20 * S)
    for i in range(20, 40):
        forward.send(i * S)
    ping(forward, reverse, 40 * S, 80 * S)


@case
def one_way_sparse(cap):
    """A question and its answer once a minute: neither direction is ever silent beside the other"""
    ping(*pair(cap, 1), 0, 1200 * S, 60 * S)


@case
def both_ways_silent(cap):
    """Ping, 200 s of silence, ping again on the same SAs"""
    forward, reverse = pair(cap, 1)
    ping(forward, reverse, 0, 20 * S)
    ping(forward, reverse, 220 * S, 240 * S)


# --- NAT --------------------------------------------------------------------------------------------------------------

def client(cap, number, address, port):
    return (Sa(cap, address, B, 0xC0000000 + number, ESP, in_udp(port, 4500)),
            Sa(cap, B, address, 0xD0000000 + number, ESP, in_udp(4500, port)))


@case
def nat_rebinding(cap):
    """After 30 s the NAT gives the client another port; SPIs and sequence numbers go on"""
    sas = client(cap, 1, NAT, 1024)
    ping(*sas, 0, 30 * S)
    cap.mark("before")
    sas[0].encapsulate, sas[1].encapsulate = in_udp(2048, 4500), in_udp(4500, 2048)
    ping(*sas, 30 * S, 60 * S)


@case
def nat_address_change(cap):
    """After 30 s the client appears under another address and port; SPIs and sequence numbers go on"""
    forward, reverse = client(cap, 1, NAT, 1024)
    ping(forward, reverse, 0, 30 * S)
    cap.mark("before")
    other = "192.0.2.78"
    moved = (Sa(cap, other, B, forward.spi, ESP, in_udp(2048, 4500), forward.next_sequence),
             Sa(cap, B, other, reverse.spi, ESP, in_udp(4500, 2048), reverse.next_sequence))
    ping(*moved, 30 * S, 60 * S)


@case
def nat_two_clients(cap):
    """Two clients behind one NAT address, with different ports"""
    first, second = client(cap, 1, NAT, 1024), client(cap, 2, NAT, 1025)
    for i in range(60):
        ping(*first, i * S, i * S + 1)
        ping(*second, i * S + 300 * MS, i * S + 300 * MS + 1)


def build(name):
    return writer.build(CASES, name)


def main(directory, *names):
    writer.write_all(build, names or CASES, directory)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Variations of a capture: what changes in it changes nothing of what went wrong.

A variation takes the packets of a capture and a random.Random, and gives packets, or None where it does not fit that capture. Times
are microseconds since 1970, ports and addresses as on the wire. Only what the synthetic captures hold is read: Ethernet, one
VLAN tag, IPv4, UDP, ESP, ICMP.
"""
import struct
import sys
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "synthetic"))
import ike_bytes as ike  # noqa: E402
from frames import pcap_header, pcap_record  # noqa: E402
from ike_capture import IkeCapture  # noqa: E402
from ike_peers import Ike1, Ike2, life  # noqa: E402
from writer import BASE, MS, S  # noqa: E402

ICMP, UDP, ESP, ICMPV6, FRAGMENT = 1, 17, 50, 58, 44
IKE_PORT, NATT_PORT = 500, 4500
MARKER = b"\0" * 4
MACS = b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1"
ETHERTYPE = {4: b"\x08\x00", 16: b"\x86\xdd"}
VLAN = 100
HOUR = 3600 * S
TOO_BIG, UNREACHABLE = 2, 1                             # ICMPv6
IN_ORDER = 64                                           # no later than a replay window is long
RESPONSE, INITIATOR = 0x20, 0x08                        # flags of an IKEv2 header
AUTH, CREATE, INIT = ike.AUTH, ike.CREATE, ike.INIT


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass
class Packet:
    time: int
    src: bytes
    dst: bytes
    protocol: int
    body: bytes                     # behind the IP header
    identity: int = 0
    fragment: int = 0               # flags and offset, as in IPv4
    vlan: int = 0

    @property
    def ports(self):
        return struct.unpack(">HH", self.body[:4]) if self.protocol == UDP and not self.fragment & 0x1FFF else (0, 0)

    @property
    def esp_at(self):
        """Where ESP begins in the body, or None."""
        if self.protocol == ESP:
            return 0
        if NATT_PORT in self.ports and not self.fragment and len(self.body) > 16 and self.body[8:12] != MARKER:
            return 8
        return None

    @property
    def ike_at(self):
        ports = self.ports
        if self.protocol != UDP or self.fragment:
            return None
        if NATT_PORT in ports and self.body[8:12] == MARKER and len(self.body) >= 40:
            return 12
        return 8 if IKE_PORT in ports and NATT_PORT not in ports and len(self.body) >= 36 and self.body[25] in (0x10, 0x20) else None

    @property
    def spi(self):
        at = self.esp_at
        return int.from_bytes(self.body[at:at + 4], "big")

    @property
    def sequence(self):
        at = self.esp_at + 4
        return int.from_bytes(self.body[at:at + 4], "big")

    def with_esp(self, spi=None, sequence=None, payload=None, time=None):
        at = self.esp_at
        data = struct.pack(">II", self.spi if spi is None else spi, (self.sequence if sequence is None else sequence) & 0xFFFFFFFF)
        data += self.body[at + 8:] if payload is None else payload
        body = data if at == 0 else self.body[:4] + struct.pack(">HH", 8 + len(data), 0) + data
        return replace(self, body=body, time=self.time if time is None else time)

    def with_ports(self, source, destination):
        return replace(self, body=struct.pack(">HH", source, destination) + self.body[4:])

    def ip(self, length=None):
        """The IP packet; a quoted one says a length that is not its own."""
        body = self.body
        if len(self.src) == 4:
            header = struct.pack(">BBHHHBBH", 0x45, 0, length or 20 + len(body), self.identity, self.fragment, 64, self.protocol, 0)
            header += self.src + self.dst
            return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + body
        next_header = self.protocol
        if self.fragment:
            flags = (self.fragment & 0x1FFF) << 3 | self.fragment >> 13 & 1
            body = struct.pack(">BBHI", next_header, 0, flags, self.identity) + body
            next_header = FRAGMENT
        elif next_header in (UDP, ICMPV6) and length is None:
            at = 6 if next_header == UDP else 2
            pseudo = self.src + self.dst + struct.pack(">IHBB", len(body), 0, 0, next_header)
            body = body[:at] + b"\0\0" + body[at + 2:]
            body = body[:at] + struct.pack(">H", checksum(pseudo + body) or 0xFFFF) + body[at + 2:]
        return struct.pack(">IHBB", 0x60000000, length or len(body), next_header, 64) + self.src + self.dst + body

    def frame(self):
        tag = struct.pack(">HH", 0x8100, self.vlan) if self.vlan else b""
        return MACS + tag + ETHERTYPE[len(self.src)] + self.ip()


def parse_ip(time, data):
    length, identity, fragment = struct.unpack(">HHH", data[2:8])
    return Packet(time, data[12:16], data[16:20], data[9], data[20:max(length, 20)], identity, fragment)


def read(path):
    data = Path(path).read_bytes()
    packets, at = [], 24
    while at < len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
        packets.append(parse_ip(seconds * S + micros, data[at + 16 + 14:at + 16 + size]))
        at += 16 + size
    return packets


def write(packets, path):
    with open(path, "wb") as file:
        file.write(pcap_header())
        for packet in sorted(packets, key=lambda packet: packet.time):
            file.write(pcap_record(packet.time, packet.frame()))


# --- what changes the packets ----------------------------------------------------------------------------------------

def quoted(packet, change):
    """An ICMP error whose quoted packet is changed."""
    inner = parse_ip(0, packet.body[8:])
    length = struct.unpack(">H", packet.body[10:12])[0]
    header, data = packet.body[:8], change(inner).ip(length)
    body = header[:2] + b"\0\0" + header[4:] + data
    return replace(packet, body=body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def to_all(packets, change):
    """Changes each packet, and what ICMP quotes of it."""
    return [change(quoted(packet, change) if packet.protocol == ICMP else packet) for packet in packets]


def in_ipv6(packets, rng):
    address = lambda old: ip_address("2001:db8::").packed[:8] + b"\0\0\0\x64" + old       # noqa: E731

    def change(packet):
        return replace(packet, src=address(packet.src), dst=address(packet.dst))

    def icmp(packet):
        kind, code, _, _, mtu = struct.unpack(">BBHHH", packet.body[:8])
        inner = parse_ip(0, packet.body[8:])
        length = struct.unpack(">H", packet.body[10:12])[0] - 20
        kind, code = (TOO_BIG, 0) if code == 4 else (UNREACHABLE, {0: 0, 1: 3, 2: 0, 3: 4, 13: 1}[code])
        body = struct.pack(">BBHI", kind, code, 0, mtu) + change(inner).ip(length)
        return replace(change(packet), protocol=ICMPV6, body=body)

    return [icmp(packet) if packet.protocol == ICMP else change(packet) for packet in packets]


def behind_nat(packets, rng):
    """The initiator's address and ports are a NAT's: IKE moves to port 4500 after the first exchange, ESP is in UDP."""
    first = next((packet for packet in packets if packet.ike_at), None)
    if not first or any(port not in (0, IKE_PORT, NATT_PORT) for packet in packets for port in packet.ports):
        return None
    if any(packet.protocol == UDP and not packet.fragment and packet.ike_at is None and packet.ports == (IKE_PORT, IKE_PORT)
           for packet in packets):
        return None                     # ESP on IKE's port
    inside, outside = first.src, ip_address("192.0.2.77").packed
    outer = {IKE_PORT: 1024 + rng.randrange(60000), NATT_PORT: 1024 + rng.randrange(60000)}

    def in_udp(packet):
        if packet.protocol == ESP:
            return replace(packet, protocol=UDP, body=struct.pack(">HHHH", NATT_PORT, NATT_PORT, 8 + len(packet.body), 0) + packet.body)
        if packet.ike_at == 8 and not is_first_exchange(packet):
            data = MARKER + packet.body[8:]
            return replace(packet, body=struct.pack(">HHHH", NATT_PORT, NATT_PORT, 8 + len(data), 0) + data)
        return packet

    def change(packet):
        packet = in_udp(packet)
        source, destination = packet.ports
        if packet.src == inside:
            packet = replace(packet, src=outside)
            return packet.with_ports(outer[source], destination) if source else packet
        if packet.dst == inside:
            packet = replace(packet, dst=outside)
            return packet.with_ports(source, outer[destination]) if destination else packet
        return packet

    return to_all(packets, change)


def is_first_exchange(packet):
    """IKE_SA_INIT, or main mode's first four messages, which cannot be encrypted."""
    at = packet.ike_at
    version, exchange = packet.body[at + 17] >> 4, packet.body[at + 18]
    if version == 2:
        return exchange == INIT
    return exchange in (ike.MAIN, ike.AGGRESSIVE) and packet.body[at + 16] in (ike.SA1, ike.KE1, ike.NONCE1)


def swapped(packets, rng):
    """The peers have each other's address."""
    first = packets[0]
    other = {first.src: first.dst, first.dst: first.src}
    return to_all(packets, lambda packet: replace(packet, src=other.get(packet.src, packet.src), dst=other.get(packet.dst, packet.dst)))


def in_vlan(packets, rng):
    return [replace(packet, vlan=VLAN) for packet in packets]


def lossy(packets, rng):
    """One packet in a hundred is not in the capture: it lost it."""
    return [packet for packet in packets if rng.random() >= 0.01]


def lossy_esp(packets, rng):
    """One ESP packet in a hundred is lost before the capture."""
    return [packet for packet in packets if packet.esp_at is None or rng.random() >= 0.01]


def doubled(packets, rng):
    """A mirror port shows each packet twice."""
    return [again for packet in packets for again in (packet, replace(packet, time=packet.time + rng.randrange(2, 30)))]


def slower(factor):
    def change(packets, rng):
        begin = packets[0].time
        return [replace(packet, time=begin + int((packet.time - begin) * factor)) for packet in packets]
    change.__doc__ = f"All takes {factor} times as long."
    return change


def at_the_other_end(packets, rng):
    """Captured near the second peer: the first one's packets come later, the second one's earlier."""
    first = packets[0].src
    return [replace(packet, time=packet.time + (10 * MS if packet.src == first else -10 * MS)) for packet in packets]


def from_afar(packets, rng):
    """IKE messages that follow each other at once take four times as long: a longer way."""
    begin = last = shifted = None
    changed = []
    for packet in packets:
        if packet.ike_at is None:
            changed.append(packet)
            continue
        if last is None or packet.time - last > 150 * MS:
            begin = packet.time
        last = packet.time
        shifted = begin + 4 * (packet.time - begin)
        changed.append(replace(packet, time=shifted))
    return changed


def jittered(packets, rng):
    """Each packet comes up to 4 ms later, in order of its direction."""
    last, changed = {}, []
    for packet in packets:
        time = max(packet.time + rng.randrange(4 * MS), last.get(packet.src, 0) + 1)
        last[packet.src] = time
        changed.append(replace(packet, time=time))
    return changed


def resized(packets, rng):
    """ESP of other sizes, each packet by some blocks more: never larger than a path took."""
    if any(packet.protocol == ICMP for packet in packets):
        return None
    return [packet if packet.esp_at is None else
            packet.with_esp(payload=packet.body[packet.esp_at + 8:] + rng.randbytes(16 * rng.randrange(12))) for packet in packets]


def thinned(keep):
    def change(packets, rng):
        """Of every few ESP packets of an SA one is there, numbered as if the others had not been sent."""
        count, gone, changed, highest = {}, {}, [], {}
        for packet in packets:
            if packet.esp_at is None:
                changed.append(packet)
                continue
            key = packet.dst, packet.spi
            number = count[key] = count.get(key, -1) + 1
            if packet.sequence + IN_ORDER < highest.get(key, 0) and packet.sequence > 1:
                return None             # they would be less late
            highest[key] = packet.sequence
            if number % keep:
                gone[key] = gone.get(key, 0) + 1
                continue
            changed.append(packet.with_esp(sequence=packet.sequence - gone.get(key, 0)))
        return changed
    return change


def denser(packets, rng):
    """Another ESP packet between any two of an SA that are at most ten seconds apart, or right behind one."""
    following, changed = {}, []
    for packet in reversed(packets):
        if packet.esp_at is None:
            changed.append(packet)
            continue
        key = packet.dst, packet.spi
        later = following.get(key)
        changed.append(packet.with_esp(sequence=2 * packet.sequence - 1))
        if later and 2 < later - packet.time <= 10 * S:
            changed.append(packet.with_esp(sequence=2 * packet.sequence, time=packet.time + (later - packet.time) // 2))
        elif later is None or later - packet.time > 10 * S:
            changed.append(packet.with_esp(sequence=2 * packet.sequence, time=packet.time + 1))
        following[key] = packet.time
    return changed[::-1]


def other_rhythm(packets, rng):
    """Packets at irregular times: each ESP packet up to 400 ms later, in order, answers with them."""
    late, changed = {}, []
    for packet in packets:
        if packet.esp_at is None:
            changed.append(packet)
            continue
        slot = packet.time // (500 * MS)
        by = late.setdefault(slot, rng.randrange(400 * MS))
        changed.append(replace(packet, time=packet.time + by))
    return changed


def with_keepalives(packets, rng):
    """NAT keepalives every 20 s from the first peer, where there is a NAT."""
    sender = next((packet for packet in packets if NATT_PORT in packet.ports and packet.src == packets[0].src), None)
    if not sender:
        return None
    changed, due, at = [], sender.time + 20 * S, sender
    for packet in packets:
        if packet.src == packets[0].src and NATT_PORT in packet.ports:
            at = packet
        while packet.time > due:
            changed.append(replace(at, time=due, body=struct.pack(">HHHH", *at.ports, 9, 0) + b"\xff"))
            due += 20 * S
        changed.append(packet)
    return changed


def some_reordered(packets, rng):
    """Of a hundred packets of an SA one changes places with the one behind it."""
    changed = list(packets)
    last = {}
    for i, packet in enumerate(changed):
        if packet.esp_at is None:
            continue
        key = packet.dst, packet.spi
        if key in last and rng.random() < 0.01:
            j = last.pop(key)
            changed[i], changed[j] = (replace(changed[j], time=packet.time), replace(packet, time=changed[j].time))
            continue
        last[key] = i
    return changed


def from_the_middle(packets, rng):
    """The capture begins later."""
    return packets[len(packets) // 5:]


def cut_off(packets, rng):
    """The capture ends earlier."""
    return packets[:len(packets) * 9 // 10]


# --- what is added ---------------------------------------------------------------------------------------------------

def text(address):
    return str(ip_address(address))


def is_readable(packets):
    return not any(packet.ike_at and packet.body[packet.ike_at + 16] == ike.SK or
                   packet.ike_at and packet.body[packet.ike_at + 17] == 0x10 and packet.body[packet.ike_at + 19] & 1
                   for packet in packets)


def packets_of(cap, begin):
    return [parse_ip(begin + time, raw[14:]) for time, raw, _ in sorted(cap.records, key=lambda record: record[0])]


def sealed(packet, rng):
    """An IKEv1 message as its encrypted form, where it has one."""
    at = packet.ike_at
    if at is None or packet.body[at + 17] >> 4 != 1 or is_first_exchange(packet):
        return packet
    header = bytearray(packet.body[at:at + 28])
    size = (len(packet.body) - at - 28 + 15) // 16 * 16
    header[19] |= 1
    header[24:28] = struct.pack(">I", 28 + size)
    body = packet.body[:at] + bytes(header) + rng.randbytes(size)
    return replace(packet, body=body[:4] + struct.pack(">H", len(body)) + body[6:])


def an_hour_before(packets, rng):
    """A healthy hour, with a rekey in it at three quarters of its children's lifetime, that its initiator ends just before, at as many of the next one's."""
    rekey, lives = HOUR // 2, (life(2400),)
    first = next((packet for packet in packets if packet.ike_at), None)
    if not first or first.time != packets[0].time:
        return None
    version = first.body[first.ike_at + 17] >> 4
    a, b = text(first.src), text(first.dst)
    port = next((packet.ports for packet in packets if NATT_PORT in packet.ports and packet.src == first.src), None)
    cap = IkeCapture("hour", "")
    cap.random.seed(rng.random())
    readable = is_readable(packets)
    if version == 2:
        sa = Ike2(cap, a, b, first.ports, form="plain" if readable else "sealed")
        sa.init(0)
        if port:
            sa.ends = [(a, port[0]), (b, port[1])]
        child = sa.auth(100 * MS)[0]
        talk(cap, child, S, rekey, a, b)
        child, _ = sa.rekey_child(rekey, 0, child)
    else:
        sa = Ike1(cap, a, b, first.ports)
        sa.main_mode(0)
        if port:
            sa.ends = [(a, port[0]), (b, port[1])]
        child, _ = sa.quick_mode(200 * MS, 0, lives=lives)
        talk(cap, child, S, rekey, a, b)
        old = child
        child, _ = sa.quick_mode(rekey, 0, lives=lives)
        sa.delete_child(rekey + 300 * MS, 0, old)
    talk(cap, child, rekey + S, HOUR - 300 * MS, a, b)
    if version == 1:
        sa.delete_child(HOUR - 210 * MS, 0, child)
    sa.delete_ike(HOUR - 200 * MS, 0)
    before = packets_of(cap, first.time - HOUR)
    return (before if readable else [sealed(packet, rng) for packet in before]) + packets


def talk(cap, child, start, end, a, b):
    child.send_every(start, end, (a, b), 5 * S)


def header_of(packet):
    at = packet.ike_at
    return packet.body[at:at + 28]


def with_second_child(packets, rng, alive=()):
    """Each IKE SA that is set up gets another child at once, for other networks, that works as long as any of its traffic does, and in the spans in
    which the IKE SA is known to be alive."""
    births = {}
    for packet in packets:
        if packet.ike_at is None:
            continue
        header = header_of(packet)
        if header[17] == 0x20 and header[18] == AUTH and header[19] & RESPONSE and not header[19] & INITIATOR:
            births[header[:16]] = (packet, int.from_bytes(header[20:24], "big"))
    sent = [packet.time for packet in packets if packet.esp_at is not None]
    births = {key: birth for key, birth in births.items() if any(0 < time - birth[0].time < 10 * S for time in sent)}
    if not births:
        return None
    readable = is_readable(packets)
    cap = IkeCapture("child", "")
    cap.random.seed(rng.random())
    changed, twin, latest, numbers, last_reply = [], None, {}, {}, 0
    def ask_and_reply(ask, reply, time):
        for like, later in ((ask, 7 * MS), (reply, 37 * MS)):
            key = twin[like.src == twin["responder"]]
            numbers[key] = numbers.get(key, 0) + 1
            changed.append(like.with_esp(key, numbers[key], rng.randbytes(88), time + later))

    for packet in packets:
        for begin, end in alive if twin and len(latest) == 2 else ():
            while last_reply + S < min(packet.time, end) and last_reply + S > begin - S:
                last_reply += S
                ask_and_reply(*latest.values(), last_reply)
        at = packet.ike_at
        if at is not None and packet.body[at + 17] == 0x20:
            packet, header = shifted(packet, births), header_of(packet)
            changed.append(packet)
            if header[:16] in births and births[header[:16]][0].body == packet.body:
                twin = new_twin(cap, packet, header, births, readable, changed)
            continue
        changed.append(packet)
        if packet.esp_at is None:
            continue
        before, back = latest.get(packet.src), latest.get(packet.dst)
        latest[packet.src] = packet
        is_heard = back and before and back.dst == packet.src and back.time >= before.time
        if twin is None or not is_heard or packet.time < twin["time"] + 500 * MS or packet.time < last_reply + 900 * MS:
            continue
        last_reply = packet.time
        ask_and_reply(packet, back, packet.time)
    return changed


def shifted(packet, births):
    """The original initiator's requests behind its IKE_AUTH, and their answers, have an ID more."""
    header = header_of(packet)
    flags, number = header[19], int.from_bytes(header[20:24], "big")
    of_initiator = bool(flags & INITIATOR) != bool(flags & RESPONSE)
    if header[:16] not in births or not of_initiator or header[18] in (INIT, AUTH) or number <= births[header[:16]][1]:
        return packet
    at = packet.ike_at + 20
    return replace(packet, body=packet.body[:at] + struct.pack(">I", number + 1) + packet.body[at + 4:])


def new_twin(cap, answer, header, births, readable, changed):
    ports = answer.ports
    initiator, responder = text(answer.dst), text(answer.src)
    sa = Ike2(cap, initiator, responder, (ports[1], ports[0]), form="plain" if readable else "sealed")
    sa.cookies = struct.unpack(">QQ", header[:16])
    sa.next_id = [births[header[:16]][1] + 1, 0]
    child, _ = sa.ask_child(0, 0, ("10.1.99.0/24",), ("10.2.99.0/24",))
    birth = packets_of(cap, answer.time + 8 * MS)
    cap.records.clear()
    changed.extend(replace(packet, time=answer.time + 8 * MS * (i + 1)) for i, packet in enumerate(birth))
    return {"time": answer.time, "responder": answer.src, False: child.inbound[responder], True: child.inbound[initiator]}


VARIATIONS = {
    "ipv6": in_ipv6, "nat": behind_nat, "swapped": swapped, "vlan": in_vlan, "lossy": lossy, "lossy_esp": lossy_esp, "doubled": doubled,
    "slower": slower(1.3), "faster": slower(0.8), "other_end": at_the_other_end, "afar": from_afar, "jitter": jittered,
    "sizes": resized, "half": thinned(2), "third": thinned(3), "denser": denser, "rhythm": other_rhythm, "keepalives": with_keepalives,
    "reordered": some_reordered, "later_begin": from_the_middle, "cut": cut_off, "hour": an_hour_before, "child": with_second_child,
}

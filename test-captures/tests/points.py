#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures from two and three points, made of lab captures: whatever the clocks say, a packet that several points saw is one packet.

    test-captures/tests/points.py [--plugins build/plugins] [--seed 1] [--runs 500] [--only CAPTURE] [--keep FOLDER]

Each packet of a lab capture is sent where its sender is, and comes to the other end later, or never; in between there may be a third point, and
a NAT. Each point writes down what it sees, by its own clock, and the files are merged by time, as mergecap does: with an interface for each
(mergecap -I none), or folded into one, where the MAC addresses or the TTL differ, or nothing does.

Where clocks differ, the file has the packets of one point before their copies, though these are nearer to their sender: what only the later one
saw fills in afterwards. What rests on which of two packets came first, half a second apart, is then as that point alone has it. So where clocks
differ, each finding has to come as often as at the nearest points or at one of the points alone, or between that, and the verdict has to be that of
one of these captures. With --strict both are to be as at the nearest points, whatever the clocks say. volume_rekey, which compares bytes when an SA ends,
is compared where nothing is lost.

With keys, Wireshark decrypts each message of IKEv1 with the last block of the one before it in the file (RFC 2409 appendix B). Where clocks differ, an
answer may stand before what it answers, and the message behind both is not read: then what is said without keys counts as a capture alone, too.

What must be said follows from how it was made: the tunnels' verdict and findings and the SAs are those of the lab capture, which is what the
point nearest to each sender saw; lost on the way is what was dropped while the other point was captured; the way there and back is the sum of
the delays. Prints what is wrong, and how many captures were tried.
"""
import argparse
import random
import struct
import sys
import zlib
from collections import Counter, namedtuple
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from expected_verdicts import TABLE  # noqa: E402
from expected_verdicts import MIN_10  # noqa: E402
from harness import TEST_CAPTURES, Harness  # noqa: E402
from outputs import run  # noqa: E402
from vary import checksum  # noqa: E402

US, MS, MINUTE = 1, 1000, 60_000_000            # all times are microseconds
ETHERNET, IPV4, IPV6 = 14, b"\x08\x00", b"\x86\xdd"
ICMP, UDP, ESP, AH, ICMPV6 = 1, 17, 50, 51, 58
IKE_PORTS = (500, 4500)
FOLDS = ("interfaces", "links", "ttl", "nothing")
NAT_ADDRESS, NAT_PORTS = bytes([198, 51, 100, 77]), {500: 10500, 4500: 14500}
FEW = 0.01                                      # lost on the way: up to this the findings and the verdict stay
ROUND_TRIP_WITHIN = 0.001                       # seconds
# Without anything to tell points apart, copies that come later cannot be told from packets
# that a network, or anybody, sent twice
AT_ONCE = 9 * MS

# delays (there, back) of each way from one point to the next; offsets of each point's clock; the share that each way loses
Made = namedtuple("Made", "capture keys fold points delays back offsets loss nat seed")


@dataclass
class Frame:
    time: int
    data: bytes

    @property
    def is_ipv4(self):
        return self.data[12:14] == IPV4

    @property
    def addresses(self):
        return (self.data[26:30], self.data[30:34]) if self.is_ipv4 else (self.data[22:38], self.data[38:54])

    @property
    def protocol(self):
        return self.data[23] if self.is_ipv4 else self.data[20]

    @property
    def payload_at(self):
        return ETHERNET + (self.data[ETHERNET] & 0x0F) * 4 if self.is_ipv4 else ETHERNET + 40

    @property
    def ike_at(self):
        """Where IKE begins, or None."""
        if self.protocol != UDP:
            return None
        ports, at = struct.unpack_from(">HH", self.data, self.payload_at), self.payload_at + 8
        if 4500 in ports:
            return at + 4 if self.data[at:at + 4] == b"\0\0\0\0" and len(self.data) >= at + 32 else None
        return at if 500 in ports else None

    @property
    def is_ipsec(self):
        if self.protocol in (ESP, AH):
            return True
        return self.protocol == UDP and bool(set(struct.unpack_from(">HH", self.data, self.payload_at)) & set(IKE_PORTS))


def read(path):
    data = Path(path).read_bytes()
    nano, at, frames = data[:4] == b"\x4d\x3c\xb2\xa1", 24, []
    while at < len(data):
        seconds, part, size, _ = struct.unpack_from("<IIII", data, at)
        frames.append(Frame(seconds * 1_000_000 + (part // 1000 if nano else part), data[at + 16:at + 16 + size]))
        at += 16 + size
    return [frame for frame in frames if frame.data[12:14] in (IPV4, IPV6)]


# --- what a point sees of a packet --------------------------------------------------------------------------------------

def with_ttl(data, hops):
    """So many hops further on."""
    data = bytearray(data)
    if data[12:14] == IPV6:
        data[21] = max(data[21] - hops, 1)
        return bytes(data)
    data[22] = max(data[22] - hops, 1)
    return with_checksum(data)


def with_checksum(data):
    data = bytearray(data)
    header = (data[ETHERNET] & 0x0F) * 4
    data[24:26] = b"\0\0"
    struct.pack_into(">H", data, 24, checksum(bytes(data[ETHERNET:ETHERNET + header])))
    return bytes(data)


def with_link(data, point, forward):
    """The MAC addresses of the two stations there."""
    near, far = bytes([2, 0, 0, 0, point, 1]), bytes([2, 0, 0, 0, point, 2])
    return (far + near if forward else near + far) + data[12:]


def translated(frame, inside, forward, ports):
    """As the side of the NAT sees it that inside is not on: IPv4, UDP or ESP. ports: what becomes of its ports."""
    data, at = bytearray(frame.data), frame.payload_at
    where, port = (26, at) if forward else (30, at + 2)
    if bytes(data[where:where + 4]) != inside:
        return frame.data
    data[where:where + 4] = NAT_ADDRESS
    if frame.protocol == UDP:
        old = struct.unpack_from(">H", data, port)[0]
        struct.pack_into(">H", data, port, ports.get(old, old))
        data[at + 6:at + 8] = b"\0\0"
    return with_checksum(data)


@dataclass
class Capture:
    """What is written, and what is true of it."""
    frames: list                                        # as their senders sent them
    first: bytes = b""                                  # the address of the peer where point 0 is
    records: list = field(default_factory=list)         # (time, point, order, bytes)
    lost: Counter = field(default_factory=Counter)      # (forward, link between points) -> packets
    copies: int = 0


def is_forward(frames):
    """Whether a frame is sent where the first peer is, or from behind it."""
    first, peer = next(frame for frame in frames if frame.is_ipsec).addresses
    return lambda frame: frame.addresses[0] == first or (frame.addresses[1] == peer and frame.addresses[0] != peer)


def paced(frames, forward, there, back):
    """The same with the time that the way takes: whoever answers an IKE message, or goes on after one, has received it."""
    shift, last, out = 0, None, []
    for frame in frames:
        time = frame.time + shift
        if last and forward(last[0]) != forward(frame):
            time = max(time, last[1] + (there if forward(last[0]) else back) + frame.time - last[0].time)
        if frame.ike_at:
            shift, last = time - frame.time, (frame, time)
        out.append(Frame(time, frame.data))
    return out


def loses(frames, clocks_agree):
    """Whether a packet may be lost: all of ESP and AH; of IKE, since the peers went on as if nothing was lost, what was not heard of again. And that
    only where clocks agree: what only the point with the later clock saw comes too late in the file for what followed from it."""
    asked = Counter()
    for frame in frames:
        at = frame.ike_at
        if at:
            asked[frame.data[at:at + 8] + frame.data[at + 18:at + 19] + frame.data[at + 20:at + 24]] += 1
    return lambda frame: frame.is_ipsec and (not frame.ike_at or clocks_agree and asked[frame.data[frame.ike_at:frame.ike_at + 8]
                         + frame.data[frame.ike_at + 18:frame.ike_at + 19] + frame.data[frame.ike_at + 20:frame.ike_at + 24]] == 1)


def make(made):
    """The records of a capture by time, and how many packets were lost on each way, of those whose loss the next point could see."""
    rng = random.Random(made.seed)
    lab = read(TEST_CAPTURES / f"{made.capture}.pcap")
    forward = is_forward(lab)
    frames, may_lose = paced(lab, forward, sum(made.delays), sum(made.back)), loses(lab, not any(made.offsets))
    first = next(frame for frame in frames if frame.is_ipsec).addresses[0]      # point 0 is where this peer is
    ports = {} if any(frame.protocol == ESP for frame in lab) else NAT_PORTS    # whoever sees no ports keeps them as they are
    last = made.points - 1
    capture, missing = Capture(frames), []
    for order, frame in enumerate(frames):
        ahead = forward(frame)
        way, delays = (range(made.points), made.delays) if ahead else (range(last, -1, -1), made.back)
        time, link = frame.time, None
        for step, point in enumerate(way):
            if step > 0:
                link = min(point, way[step - 1])
                time += delays[link]
                if may_lose(frame) and rng.random() < made.loss:
                    missing.append((time + made.offsets[point], point, (ahead, link)))
                    break
                capture.copies += frame.is_ipsec
            data = frame.data
            if made.nat and point != 0:
                data = translated(frame, first, ahead, ports)
            if made.fold in ("links", "interfaces"):
                data = with_link(data, point, ahead)
            if made.fold != "nothing":
                data = with_ttl(data, 3 * step)
            capture.records.append((time + made.offsets[point], point, order, data, frame.is_ipsec))
    capture.records.sort(key=lambda record: record[0])
    for point in range(made.points):
        times = [record[0] for record in capture.records if record[1] == point and record[4]]
        for time, where, link in missing:
            capture.lost[link] += where == point and bool(times) and times[0] <= time <= times[-1]
    capture.first = first
    return capture


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, text):
    return struct.pack("<HH", code, len(text)) + text + b"\0" * (-len(text) % 4)


def pcapng(records, points, named=True):
    """An interface for each point, or one for all."""
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for point in range(points):
        out += block(1, struct.pack("<HHI", 1, 0, 0) + (option(2, b"gw%d" % point) + struct.pack("<HH", 0, 0) if named else b""))
    for time, point, _, data, *_ in records:
        head = struct.pack("<IIIII", point if points > 1 else 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
        out += block(6, head + data + b"\0" * (-len(data) % 4))
    return out


# --- what must be said ------------------------------------------------------------------------------------------------

def sas_of(report):
    """(protocol, SPI) of each SA with its packets. Addresses are mapped away."""
    return Counter((sa["protocol"], sa["spi"], sa["packets"]) for tunnel in report["tunnels"] for sa in tunnel["sas"])


def findings_of(report, without=()):
    return Counter((finding["key"]) for tunnel in report["tunnels"] for finding in tunnel["findings"] if finding["key"] not in without)


def is_first(peer, capture):
    """Whether a peer's name is that of the peer where point 0 is, before the NAT or behind it."""
    return peer.rsplit(":", 1)[0] in (str(ip_address(capture.first)), str(ip_address(NAT_ADDRESS))) or peer == str(ip_address(capture.first))


def verdicts_of(report, capture):
    def by(tunnel):
        who = tunnel["verdict"]["by"]
        if who not in ("A", "B"):
            return who
        return "first" if is_first(tunnel["peers"]["AB".index(who)], capture) else "other"
    return sorted((tunnel["verdict"]["state"], tunnel["verdict"]["cause"], by(tunnel)) for tunnel in report["tunnels"])


def lost_in(report, capture):
    """(forward, link) -> packets."""
    lost = Counter()
    for tunnel in report["tunnels"]:
        a_is_first = is_first(tunnel["peers"][0], capture)
        for number, between in enumerate(tunnel["between"] or ()):
            link = number if a_is_first else len(tunnel["between"]) - 1 - number
            for way, is_a in (("a_to_b", True), ("b_to_a", False)):
                if between[way]:
                    lost[(is_a == a_is_first, link)] += between[way]["lost"]
    return lost


def difference(what, true, said):
    return [f"{what}: {dict(said - true)} too many, {dict(true - said)} missing"] if true != said else []


def verdict_faults(made, capture, true, said):
    """Up to a hundredth lost the findings and verdicts are those of the lab; beyond that it may be said that packets are lost, too."""
    faults = difference("findings", findings_of(true, may_differ(made)), findings_of(said, may_differ(made)))
    if len(true["tunnels"]) != len(said["tunnels"]):
        faults.append(f"{len(said['tunnels'])} tunnels, not {len(true['tunnels'])}")
    elif not are_allowed(made, verdicts_of(said, capture), verdicts_of(true, capture)):
        faults.append(f"verdicts: {verdicts_of(said, capture)}, not {verdicts_of(true, capture)}")
    return faults


def may_differ(made):
    allowed = ("lost_on_the_way",) if made.loss <= FEW else ("lost_on_the_way", "loss")
    return allowed + ("volume_rekey",) if made.loss and any(made.offsets) else allowed


def are_allowed(made, said, true):
    return said == true or (made.loss > FEW and all(verdict[0] == "degraded" for verdict in set(said) - set(true)))


def verdict_faults_between(made, capture, views, said):
    """The same where clocks differ: views are what the nearest points saw, and what each point saw alone."""
    counts, found, faults = [findings_of(view, may_differ(made)) for view in views], findings_of(said, may_differ(made)), []
    for key in found | sum(counts, Counter()):
        if not min(view[key] for view in counts) <= found[key] <= max(view[key] for view in counts):
            faults.append(f"findings: {found[key]} {key}, not {sorted({view[key] for view in counts})}")
    if not any(are_allowed(made, verdicts_of(said, capture), verdicts_of(view, capture)) for view in views):
        faults.append(f"verdicts: {verdicts_of(said, capture)}, not {[verdicts_of(view, capture) for view in views]}")
    return faults


def faults_of(made, capture, true, said, strict=False, alone=lambda: []):
    faults = difference("SAs", sas_of(true), sas_of(said))
    found = verdict_faults(made, capture, true, said)
    faults += verdict_faults_between(made, capture, [true, *alone()], said) if found and any(made.offsets) and not strict else found
    if made.fold == "nothing" or (made.fold == "ttl" and made.points > 2):
        return faults                   # copies are known as copies, and nothing more is said
    faults += difference("lost on the way", +capture.lost, +lost_in(said, capture))
    for tunnel in said["tunnels"]:
        for number, between in enumerate(tunnel["between"] or ()):
            link = number if is_first(tunnel["peers"][0], capture) else len(tunnel["between"]) - 1 - number
            trip = (made.delays[link] + made.back[link]) / 1e6
            if between["round_trip"] is not None and abs(between["round_trip"] - trip) > ROUND_TRIP_WITHIN:
                faults.append(f"there and back {between['round_trip']}, not {trip}")
    if not any(tunnel["between"] for tunnel in said["tunnels"]) and capture.copies > 5:
        faults.append("nothing between points")
    return faults


class Maker:
    def __init__(self, spiscope, keep=None, strict=False):
        self.spiscope, self.keep, self.strict, self.true = spiscope, keep, strict, {}
        self.folder = spiscope.readable_copy_dir("points")

    def report(self, path, keys):
        return run(self.spiscope, str(path), keys, MIN_10).json

    def true_report(self, capture, path, keys):
        """Of what the points nearest to the senders saw, by one clock."""
        one = path.with_name(f"true-{path.name}")
        one.write_bytes(pcapng([(frame.time, 0, 0, frame.data) for frame in sorted(capture.frames, key=lambda frame: frame.time)], 1))
        one.chmod(0o644)
        if keys:
            one.with_suffix(".keys").symlink_to(path.with_suffix(".keys").readlink())
        try:
            return self.report(one, keys)
        finally:
            one.unlink()
            one.with_suffix(".keys").unlink(missing_ok=True)

    def reports_alone(self, made, capture, path):
        """Of what each point saw, by its own clock."""
        for point in range(made.points):
            one = path.with_name(f"point{point}-{path.name}")
            one.write_bytes(pcapng([record for record in capture.records if record[1] == point], 1))
            one.chmod(0o644)
            if made.keys:
                one.with_suffix(".keys").symlink_to(path.with_suffix(".keys").readlink())
            try:
                yield self.report(one, made.keys)
            finally:
                one.unlink()
                one.with_suffix(".keys").unlink(missing_ok=True)

    def views(self, made, capture, path):
        yield from self.reports_alone(made, capture, path)
        if made.keys and "v1_" in made.capture:
            yield self.true_report(capture, path, False)

    def faults(self, made):
        capture = make(made)
        name = f"{made.capture}-{made.fold}-{zlib.crc32(repr(made).encode()):08x}"
        path = self.folder / f"{name}.pcapng"
        path.write_bytes(pcapng(capture.records, made.points if made.fold == "interfaces" else 1, made.seed % 2 == 0))
        path.chmod(0o644)
        if self.keep:
            (Path(self.keep) / path.name).write_bytes(path.read_bytes())
        if made.keys:
            path.with_suffix(".keys").symlink_to(self.spiscope.path(made.capture).with_suffix(".keys"))
        key = (made.capture, made.keys, sum(made.delays), sum(made.back))
        try:
            if key not in self.true:
                self.true[key] = self.true_report(capture, path, made.keys)
            said = self.report(path, made.keys)
            faults = faults_of(made, capture, self.true[key], said, self.strict, lambda: self.views(made, capture, path))
        finally:
            path.unlink()
            path.with_suffix(".keys").unlink(missing_ok=True)
        return [f"{name}: {made}: {fault}" for fault in faults]

    def try_all(self, some):
        return list(self.spiscope.pool.map(self.faults, some))


CAPTURES = sorted({row.capture for row in TABLE})
WITH_ICMP = ("v1_dpd", "v2_dpd", "v2_nat_rebind", "k_v2_nat_rebind")
NO_NAT = (*WITH_ICMP, "k_v2_ipv6", "k_v2_ah")           # AH covers the addresses; quoted packets would have to be translated too


def choose(rng, capture, fold=None):
    fold = fold or rng.choice(FOLDS)
    points = rng.choice((2, 2, 3))
    most = AT_ONCE // (2 * (points - 1)) if fold == "nothing" else 300 * MS
    delays, back = ([rng.choice((0, 35 * MS, most, rng.randrange(most))) if fold != "nothing" else rng.randrange(most) for _ in range(points - 1)]
                    for _ in range(2))
    # with TTLs alone two points are told apart; what a third one saw is known as a copy, where clocks agree
    clock = 0 if fold == "nothing" or (fold == "ttl" and points > 2) else rng.choice((0, 0, 20 * MS, 5_000 * MS, MINUTE, 10 * MINUTE))
    offsets = [0] + [clock and rng.choice((-clock, clock, rng.randrange(-clock, clock))) for _ in range(points - 1)]
    loss = 0 if fold == "nothing" else rng.choice((0, 0, 0.01, 0.01, 0.05, 0.1))
    nat = capture not in NO_NAT and rng.random() < 0.25
    return Made(capture, rng.random() < 0.5, fold, points, tuple(delays), tuple(back), tuple(offsets), loss, nat, rng.randrange(1 << 30))


def sample(seed, count, only=None, fold=None):
    rng = random.Random(seed)
    captures = [only] if only else list(CAPTURES)
    while len(captures) < count:
        captures += captures
    rng.shuffle(captures)
    return [choose(rng, capture, fold) for capture in captures[:count]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plugins", default=TEST_CAPTURES.parent / "build" / "plugins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--only")
    parser.add_argument("--fold", choices=FOLDS)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--keep", help="a folder for the captures")
    options = parser.parse_args()
    spiscope = Harness(options.plugins)
    try:
        some = sample(options.seed, options.runs, options.only, options.fold)
        found = Maker(spiscope, options.keep, options.strict).try_all(some)
    finally:
        spiscope.close()
    print("\n".join(fault for faults in found for fault in faults))
    wrong = Counter((made.fold, made.loss) for made, faults in zip(some, found) if faults)
    tried = Counter((made.fold, made.loss) for made in some)
    for kind in sorted(tried):
        print(f"{kind[0]}, {kind[1]:.0%} lost: {tried[kind]} captures, {wrong[kind]} wrong")
    print(f"{len(some)} captures of several points, {sum(bool(faults) for faults in found)} wrong")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())

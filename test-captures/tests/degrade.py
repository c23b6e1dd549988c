#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that hold less than happened: sampled, cut, filtered, disordered. No cause appears that the whole capture does not have.

    test-captures/tests/degrade.py [--plugins build/plugins] [--seed 1] [--runs 200]     a sample
    test-captures/tests/degrade.py --all                                                 each way on each capture, three times
    test-captures/tests/degrade.py --one v2_healthy:keyless:one_side:7 --keep FILE.pcap

The captures are the lab's and the rebuilt reports', healthy and broken. Less may be said of a degraded one: "unknown" is always honest, and so is "none",
as what went wrong may be in what is missing. A healthy one never gets a cause, nor a warning that is proven. Prints what is wrong, and how many were tried
in each way.
"""
import argparse
import json
import random
import struct
import sys
import threading
import zlib
from collections import Counter, namedtuple
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "synthetic")]
import make_reports  # noqa: E402
from expected_verdicts import DEFAULTS, SAME, TABLE  # noqa: E402
from frames import ESP, UDP, pcap_header, pcap_record  # noqa: E402
from harness import TEST_CAPTURES, Harness  # noqa: E402
from reports import FORMS, REPORTS, allowed_causes  # noqa: E402

HEADER, RECORD, S, MS = 24, 16, 1_000_000, 1000
AH = 51
IPV6 = b"\x86\xdd"
NATT_PORT, NON_ESP_MARKER = 4500, bytes(4)
BAD = {"warning", "error"}
# What did happen in these and was made good, or looks so from one side: what an expert would say who has no more than what is left. In these ways only:
# elsewhere what made it good is there to be seen.
LATER_MISSING = {"ended_early", "lost", "every_nth", "first_of_each_flow", "one_side"}
ANSWERS_MISSING = {"one_side", "every_nth", "lost"}
HAPPENED = {
    # the set-up behind the one that was refused
    "auth_once_then_fine": {"authentication": LATER_MISSING, "refused": LATER_MISSING},
    "auth_once_then_dpd": {"authentication": LATER_MISSING, "refused": LATER_MISSING},
    "auth_once_then_one_dpd": {"authentication": LATER_MISSING, "refused": LATER_MISSING},
    # the try behind the one that was refused
    "tempfail_retry_ok": {"refused": LATER_MISSING}, "collision_tempfail_ok": {"refused": LATER_MISSING},
    # the child of IKE_AUTH, which was accepted without a key exchange
    "v2_pfs_flap": {"proposal_mismatch": {"begun_late", "lost", "every_nth", "first_of_each_flow"}},
    # the ESP that goes on from the new port
    "v2_nat_rebind": {"port_unreachable": {"first_of_each_flow"}},
    # without the answers it looks as it would without a responder: no request tells that there were any, as each is sent again
    "cookie_ignored": {"peer_unreachable": ANSWERS_MISSING}, "init_refused_in_clear": {"peer_unreachable": ANSWERS_MISSING},
    # EAP does fail, and nothing tells that who sets up from another port of the NAT is the same client: its requests, or the identity in them, are missing
    "eap_mistyped_once": {"authentication": {"one_side", "snapped"}},
    # the client does leave what was set up; why, is in a message that was cut off
    "cert_refused_android": {"setup_abandoned": {"snapped"}},
    # IKE_AUTH was refused, and that is all that shows: the algorithms, by which an answer's room tells an authentication, are in what was cut off
    "certificate_ran_out": {"refused": {"snapped"}},
    # A does rekey far before the lifetime that was agreed on; that the volume is used up each time is in the ESP
    "backup_uses_up_the_volume": {"early_rekey": {"only_ike"}},
    # B does delete the child after an hour, each time; that it is a timer takes two of these outages to see
    "cloud_asks_for_other_ciphers": {"deleted_by_peer": LATER_MISSING},
    # some packets right behind each set-up, then none, and a Delete the same time after the last one: an idle timeout looks no other way
    "flap_6min_v2": {"idle_timeout": {"first_of_each_flow"}},
    # the old SAs are silent for 13 s, which they were not before, then an IKE SA is set up beside the old one, and they are never used again: a
    # restart looks no other way, and without keys is suspected at most
    "two_connections": {"peer_restart": {"first_of_each_flow"}},
}
# Findings that a gateway's own capture in clear proves, once the ESP that makes them hearsay is missing.
FACTS = {"auth_once_then_fine": {"auth_failed": {"one_side", "only_ike"}},
         "eap_mistyped_once": {"auth_failed": {"one_side", "only_ike", "snapped", "first_of_each_flow"}}}
TIMES = 3                           # that --all tries each way on each capture

WHOLES = {}                         # Source -> what is said of it
ONE_ASKS = threading.Lock()         # as several try the same one

Source = namedtuple("Source", "name form causes options path keys")       # causes: what the whole capture has
Degraded = namedtuple("Degraded", "source way seed")
Packet = namedtuple("Packet", "time frame length")                        # length: on the wire


# --- packets --------------------------------------------------------------------------------------------------------------

def read(data):
    order, at = "<" if data[0] == 0xD4 else ">", HEADER
    while at < len(data):
        seconds, micros, captured, length = struct.unpack_from(order + "IIII", data, at)
        yield Packet(seconds * S + micros, data[at + RECORD:at + RECORD + captured], length)
        at += RECORD + captured


def header_of(frame):
    """(source, destination, protocol, what follows the IP header) of a frame in Ethernet."""
    start = 18 if frame[12:14] == b"\x81\0" else 14
    if frame[start - 2:start] == IPV6:
        return frame[start + 8:start + 24], frame[start + 24:start + 40], frame[start + 6], frame[start + 40:]
    return frame[start + 12:start + 16], frame[start + 16:start + 20], frame[start + 9], frame[start + (frame[start] & 15) * 4:]


def is_esp(frame):
    _, _, protocol, data = header_of(frame)
    in_udp = protocol == UDP and NATT_PORT in struct.unpack(">HH", data[:4]) and data[8:12] != NON_ESP_MARKER and len(data) > 9
    return protocol in (ESP, AH) or in_udp


def flow_of(frame):
    source, destination, protocol, data = header_of(frame)
    return source, destination, protocol, data[:4]      # ports, or the SPI


# --- ways: (packets, random.Random) -> packets ----------------------------------------------------------------------------

WAYS = {}


def way(function):
    WAYS[function.__name__] = function
    return function


@way
def one_side(packets, rng):
    source = header_of(rng.choice(packets).frame)[0]
    return [packet for packet in packets if header_of(packet.frame)[0] == source]


@way
def snapped(packets, rng):
    length = rng.randrange(64, 129)
    return [packet._replace(frame=packet.frame[:length]) for packet in packets]


@way
def begun_late(packets, rng):
    return packets[rng.randrange(len(packets)):]


@way
def ended_early(packets, rng):
    return packets[:rng.randrange(1, len(packets) + 1)]


@way
def every_nth(packets, rng):
    step = rng.randrange(2, 11)
    return packets[rng.randrange(step)::step]


@way
def lost(packets, rng):
    share = rng.choice((0.01, 0.05, 0.1, 0.3))
    return [packet for packet in packets if rng.random() >= share]


@way
def only_ike(packets, rng):
    return [packet for packet in packets if not is_esp(packet.frame)]


@way
def only_esp(packets, rng):
    return [packet for packet in packets if is_esp(packet.frame)]


@way
def first_of_each_flow(packets, rng):
    most, seen = rng.choice((1, 2, 5, 10, 50)), Counter()
    return [packet for packet in packets if not (seen.update([flow_of(packet.frame)]) or seen[flow_of(packet.frame)] > most)]


@way
def clock_steps_back(packets, rng):
    at, step = rng.randrange(len(packets)), rng.choice((50 * MS, 2 * S, 60 * S, 3600 * S))
    return packets[:at] + [packet._replace(time=packet.time - step) for packet in packets[at:]]


@way
def disordered(packets, rng):
    most = rng.choice((1, 5, 20))
    return sorted(packets, key=lambda packet: packet.time + rng.random() * most * MS)


def write(packets):
    records = (pcap_record(packet.time, packet.frame) for packet in packets)
    # pcap_record says that all was captured
    return pcap_header() + b"".join(record[:12] + struct.pack("<I", packet.length) + record[16:] for packet, record in zip(packets, records))


# --- captures -------------------------------------------------------------------------------------------------------------

def lab_sources():
    for row in TABLE:
        if row.options == DEFAULTS:
            continue
        causes = set(row.cause.split()) | set(() if row.keyless == SAME else row.keyless.split())
        path = TEST_CAPTURES / f"{row.capture}.pcap"
        yield Source(row.capture, "keyless", frozenset(causes), row.options, path, None)
        yield Source(row.capture, "keyed", frozenset(causes), row.options, path, path.with_suffix(".keys"))


def report_sources(folder):
    for (name, form), (_scene, path) in make_reports.write_all(folder).items():
        assert form in FORMS
        yield Source(name, form, frozenset(allowed_causes(REPORTS[name], form)), (), path, None)


def sources(spiscope):
    return [*lab_sources(), *report_sources(spiscope.readable_copy_dir("whole"))]


def is_healthy(source):
    return "none" in source.causes


def degraded(case):
    packets = list(read(case.source.path.read_bytes()))
    return WAYS[case.way](packets, random.Random(f"{case.seed} {case.source.name} {case.source.form} {case.way}"))


def name_of(case):
    return f"{case.source.name}:{case.source.form}:{case.way}:{case.seed}"


# --- what must be said ----------------------------------------------------------------------------------------------------

def allowed(case):
    """What may be said. That a direction is silent, and nobody knows why, is less than any cause; and of packets that are missing, the words say that
    the capture itself may have lost them."""
    happened = {cause for cause, ways in HAPPENED.get(case.source.name, {}).items() if case.way in ways}
    causes = case.source.causes | {"unknown", "none"} | happened
    return causes | (set() if is_healthy(case.source) else {"one_way"}) | ({"loss"} if case.way == "lost" else set())


def proven_bad(document):
    """The findings above a note that are proven: (key, text)."""
    return [(finding["key"], finding["text"]) for tunnel in document["tunnels"] for finding in tunnel["findings"]
            if finding["severity"] in BAD and finding["confidence"] == "proven"]


def proven_keys(document):
    return {finding["key"] for tunnel in document["tunnels"] for finding in tunnel["findings"] if finding["confidence"] == "proven"}


def wrong(case, document, whole):
    """What is said of the degraded capture and is not true; whole is what is said of the whole one. Of a healthy one nothing is proven above a note but
    what the whole one proves as well, where it may be made good."""
    for tunnel in document["tunnels"]:
        verdict = tunnel["verdict"]
        if verdict["cause"] not in allowed(case):
            yield f"{verdict['state']}, {verdict['cause']} ({verdict['confidence']}): {verdict['summary']}"
    if is_healthy(case.source) and case.source.causes <= {"none", "unknown"}:
        facts = FACTS.get(case.source.name, {})
        known = proven_keys(whole) | {key for key, ways in facts.items() if case.way in ways}
        yield from (f"{key}: {text}" for key, text in proven_bad(document) if key not in known)


def told(spiscope, source, path):
    """The JSON of a capture of that source."""
    options = [word for option in source.options for word in ("-o", option)]
    done = spiscope.tshark("-n", "-q", "-r", path, *options, "-z", "spiscope,json", keys=source.keys, may_complain=True)
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    path.chmod(0o644)
    return path


def whole_of(spiscope, folder, source):
    """What is said of the whole capture, where that counts; asked once."""
    if not is_healthy(source):
        return None
    with ONE_ASKS:
        if source not in WHOLES:
            path = written(folder, f"whole-{source.name}-{source.form}.pcap", source.path.read_bytes())
            WHOLES[source] = told(spiscope, source, path)
        return WHOLES[source]


def faults(spiscope, folder, case):
    """What is said and not true; None where nothing is left of the capture."""
    packets = degraded(case)
    if not packets:
        return None
    path = written(folder, f"{zlib.crc32(name_of(case).encode()):08x}-{case.source.name}.pcap", write(packets))
    try:
        document = told(spiscope, case.source, path)
    finally:
        path.unlink()
    return list(wrong(case, document, whole_of(spiscope, folder, case.source)))


def try_all(spiscope, cases):
    """(case, faults) of each that has some, and how many were tried in each way."""
    folder = spiscope.readable_copy_dir("degraded")
    found = list(zip(cases, spiscope.pool.map(lambda case: faults(spiscope, folder, case), cases)))
    WHOLES.clear()
    return [(case, some) for case, some in found if some], Counter(case.way for case, some in found if some is not None)


def sample(spiscope, seed, count):
    """As many, spread over ways and captures."""
    chooser, all_sources, ways = random.Random(seed), sources(spiscope), list(WAYS)
    chosen = chooser.choices(all_sources, k=count)
    return [Degraded(source, ways[number % len(ways)], seed * count + number) for number, source in enumerate(chosen)]


def everything(spiscope):
    return [Degraded(source, name, seed) for source in sources(spiscope) for name in WAYS for seed in range(TIMES)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plugins", default=TEST_CAPTURES.parent / "build" / "plugins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--one")
    parser.add_argument("--keep")
    options = parser.parse_args()
    spiscope = Harness(options.plugins)
    try:
        if options.one:
            name, form, how, seed = options.one.split(":")
            cases = [Degraded(source, how, int(seed)) for source in sources(spiscope) if (source.name, source.form) == (name, form)]
            if options.keep:
                Path(options.keep).write_bytes(write(degraded(cases[0])))
        else:
            cases = everything(spiscope) if options.all else sample(spiscope, options.seed, options.runs)
        found, tried = try_all(spiscope, cases)
    finally:
        spiscope.close()
    for case, some in found:
        print(name_of(case), "|", "; ".join(some))
    for name, count in tried.items():
        print(f"{count:6} {name}, {sum(case.way == name for case, _ in found)} wrong")
    print(f"{tried.total()} degraded captures, {len(found)} with a cause or a proven warning that is not true of the whole one")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

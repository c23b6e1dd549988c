#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lab captures with their time stretched by 180, or with their end cut off anywhere: no cause appears that their truth does not have.

    test-captures/tests/stretch.py [--plugins build/plugins] [--seed 1] [--runs 200]     a sample
    test-captures/tests/stretch.py --all                                                 every stretch, and a cut at every frame

A question and its answer keep their distance when time is stretched (test_healthy.py tells why). Lifetimes that IKEv1 sends do not stretch:
with keys such a capture contradicts itself, and is only cut. What is cut short may show less: "unknown" is then always honest, and so is "none"
before anything went wrong. Prints what is wrong, and how many variations were tried.
"""
import argparse
import itertools
import random
import struct
import sys
import zlib
from collections import namedtuple
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from expected_verdicts import DEFAULTS, SAME, TABLE  # noqa: E402
from harness import TEST_CAPTURES, Harness  # noqa: E402
from outputs import run  # noqa: E402
from test_healthy import FACTOR, TOGETHER, stretched  # noqa: E402,F401

HEADER, RECORD = 24, 16             # bytes of a pcap's header, and of a packet's
Variation = namedtuple("Variation", "row keys cut")     # cut: so many packets are kept; None: stretched
ROWS = [row for row in TABLE if row.options != DEFAULTS]


def packets(data):
    """Where each packet of a pcap ends."""
    order, at, ends = "<" if data[0] == 0xD4 else ">", HEADER, []
    while at < len(data):
        at += RECORD + struct.unpack_from(order + "I", data, at + 8)[0]
        ends.append(at)
    return ends


def all_of(row):
    """Every variation of a capture."""
    count = len(packets((TEST_CAPTURES / f"{row.capture}.pcap").read_bytes()))
    for keys in (True, False):
        if not (keys and row.capture.startswith(("v1_", "k_v1_"))):
            yield Variation(row, keys, None)
        yield from (Variation(row, keys, cut) for cut in range(1, count))


def sample(seed, count):
    """As many, spread over the captures: a third of them stretched."""
    choose = random.Random(seed)
    rows = list(ROWS)
    choose.shuffle(rows)
    for number, row in zip(range(count), itertools.cycle(rows)):
        variations = list(all_of(row))
        stretches = [variation for variation in variations if variation.cut is None]
        yield choose.choice(stretches if number % 3 == 0 else variations)


def honest_causes(variation):
    """What may be said of it."""
    row = variation.row
    causes = set(row.cause.split()) | {"unknown"}
    if row.keyless != SAME:
        causes |= set(row.keyless.split())
    return causes | {"none"} if variation.cut else causes


def faults(spiscope, folder, variation):
    """What is said of a variation and is not true."""
    source = spiscope.path(variation.row.capture)
    data = source.read_bytes()
    data = stretched(data) if variation.cut is None else data[:packets(data)[variation.cut - 1]]
    path = folder / f"{variation.row.capture}-{'keyed' if variation.keys else 'keyless'}-{variation.cut or 'stretched'}-{zlib.crc32(data):08x}.pcap"
    path.write_bytes(data)
    path.chmod(0o644)
    if variation.keys:
        path.with_suffix(".keys").symlink_to(source.with_suffix(".keys"))
    # with the lifetimes of an hour that stretching makes, the defaults hold
    options = () if variation.cut is None else variation.row.options
    try:
        tunnels = run(spiscope, str(path), variation.keys, options).json["tunnels"]
    finally:
        path.unlink()
        path.with_suffix(".keys").unlink(missing_ok=True)
    return [f"{path.stem}: {tunnel['verdict']['state']}, {tunnel['verdict']['cause']}: {tunnel['verdict']['summary']}"
            for tunnel in tunnels if tunnel["verdict"]["cause"] not in honest_causes(variation)]


def try_all(spiscope, variations):
    """Faults of all, and how many were tried."""
    folder = spiscope.readable_copy_dir("varied")
    found = list(spiscope.pool.map(lambda variation: faults(spiscope, folder, variation), variations))
    return [fault for some in found for fault in some], len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--plugins", default=TEST_CAPTURES.parent / "build" / "plugins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    variations = set(itertools.chain.from_iterable(map(all_of, ROWS)) if options.all else sample(options.seed, options.runs))
    spiscope = Harness(options.plugins)
    try:
        found, tried = try_all(spiscope, sorted(variations, key=str))
    finally:
        spiscope.close()
    print("\n".join(found))
    print(f"{tried} variations, {len(found)} with a cause that is not true of the capture")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Feeds spoilt captures to tshark with SPIscope, in the spirit of Wireshark's tools/fuzz-test.sh.

    cmake -S . -B build && cmake --build build
    plugin/test/fuzz/captures.py --seconds 7200            (until then, or --runs N)
    plugin/test/fuzz/captures.py --seed 7 --first 123 --runs 1      (one of them again)
    plugin/test/fuzz/captures.py --file FILE               (a capture that was kept)
    plugin/test/fuzz/captures.py --tool valgrind --runs 20

Each run takes one of the captures of test-captures/ (with keys and without), of the synthetic ones, of ../shared/captures where
that is, and of randpkt, or one that is made anew, of what anybody may forge, of floods, of what a capture may lack and of several
points (semantic.py); changes packets, order, times and bytes (mutate.py), lets `editcap -E` or a cut come over it, and runs
tshark -2 -V with every table, report, JSON and timeline (sandbox.py). The plugin is built with the address and undefined behaviour
sanitizers. A capture that shows a fault is kept, with the command; the exit status is 1 then. Seed and number of a run make its
capture again, but for randpkt's, which takes no seed.
"""
import argparse
import collections
import copy
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
import mutate  # noqa: E402
import packets  # noqa: E402
import sandbox  # noqa: E402
from sandbox import PROJECT  # noqa: E402

import make  # noqa: E402
import make_ike  # noqa: E402
import make_reports  # noqa: E402
import semantic  # noqa: E402

SHARED = Path(os.environ.get("SPISCOPE_SHARED", PROJECT.parent / "shared")) / "captures"
RANDPKT_TYPES = ("ip", "ipv6", "udp", "icmp", "eth", "sctp", "llc")
# Captures made for other people's extremes; too slow to be of use here again and again
PACKETS_AT_MOST = 6000
PROGRESS_EVERY = 60             # seconds
# How many of the captures are made anew
MADE_SHARE = 0.4
PREFERENCES = ("min_outage", "min_sa_lifetime", "churn_count", "churn_window", "handover_grace", "one_way_after", "replay_window", "max_sas",
               "expected_phase1_lifetime", "expected_phase2_lifetime")
EXTREME_NUMBERS = (0, 1, 2, 10, 64, 65, 2**31 - 1, 2**31, 2**32 - 1)


@dataclass(frozen=True)
class Base:
    """A capture to begin with."""
    name: str
    capture: packets.Capture
    keys: Path | None = None
    options: tuple = ()


def load(box, name, path, keys=None, options=()):
    capture = packets.read(path, box.room)
    if capture and capture.packets and len(capture.packets) <= PACKETS_AT_MOST:
        yield Base(name, capture, keys, tuple(options))


def load_all(box, use_shared):
    """Every capture there is, in an order that stays; those of randpkt last."""
    for path in sorted(box.captures.glob("*.pcap")):
        yield from load(box, path.stem, path)
        yield from load(box, f"{path.stem}+keys", path, path.with_suffix(".keys"))
    made = box.room / "synthetic"
    made.mkdir()
    for module in (make, make_ike):
        for name in sorted(module.CASES):
            yield from load(box, name, module.build(name).write(made))
    for name in sorted(make_reports.REPORTS):
        yield from load(box, name, make_reports.build(name).write(made))
    for path in sorted(SHARED.rglob("*.pcap*")) if use_shared else ():
        options = Path(f"{path}.opts")
        if path.suffix == ".opts" or path.stem in box.lab:
            continue
        yield from load(box, path.name, path)
        if options.exists():
            yield from load(box, f"{path.name}+keys", path, options=options.read_text().splitlines())
    for kind in RANDPKT_TYPES:
        path = box.room / f"randpkt-{kind}.pcap"
        subprocess.run(["randpkt", "-b", "2000", "-c", "200", "-t", kind, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        yield from load(box, path.stem, path)


class Fuzzer:
    def __init__(self, box, bases, sources, options, limit):
        self.box, self.bases, self.sources, self.limit = box, bases, sources, limit
        self.seed, self.keep, self.only = options.seed, options.keep, options.only
        self.runs = self.failures = self.foreign = 0
        self.done = collections.Counter()
        self.foreign_kinds = collections.Counter()
        self.started = self.said = time.monotonic()

    def make(self, number):
        """The path of run number's capture, its base, tshark's options, and what was done."""
        chance = random.Random(f"{self.seed}:{number}")
        made = chance.random() < MADE_SHARE if not self.only else self.only in semantic.MAKERS
        base = Base(*self.sources.choose(chance, self.only)) if made else chance.choice(self.bases)
        capture, steps = copy.copy(base.capture), []
        capture.packets = list(capture.packets)
        if self.bases and chance.random() < 0.15:
            other = chance.choice(self.bases)
            capture = mutate.splice(chance, capture, other.capture)
            steps.append(f"splice({other.name})")
        for mutation in chance.choices(mutate.MUTATIONS, k=chance.choice((0, 1, 1, 2, 3))):
            mutation(chance, capture)
            steps.append(mutation.__name__)
        path = self.box.room / f"run-{number}.pcap"
        steps.append(self.write(chance, path, capture))
        if chance.random() < 0.35 or len(steps) == 1:
            steps.append(self.editcap(chance, path))
        if chance.random() < 0.1:
            size = chance.randrange(24, max(path.stat().st_size, 25))
            os.truncate(path, size)
            steps.append("cut")
        path.chmod(0o644)
        options = list(base.options)
        for _ in range(chance.choice((0, 0, 0, 1, 3))):
            options += ["-o", f"spiscope.{chance.choice(PREFERENCES)}:{chance.choice(EXTREME_NUMBERS)}"]
        if chance.random() < 0.2:
            options += ["-o", "esp.enable_null_encryption_decode_heuristic:TRUE"]
        return path, base, options, steps

    @staticmethod
    def write(chance, path, capture):
        kind = chance.random()
        far = any(not 0 <= packet.time < packets.WORD * 10**9 for packet in capture.packets)
        if kind < (0.8 if far else 0.9 if capture.interfaces > 1 else 0.1):
            resolution = chance.choice((0, 3, 6, 9, 9, 12, 18))
            packets.write_pcapng(path, capture, resolution)
            return f"pcapng(10^-{resolution} s)"
        fraction = chance.choice((10**6, 10**9, 2**31, 2**32 - 1)) if kind > 0.97 else None
        magic = chance.choice((packets.PCAP_MICROSECONDS, packets.PCAP_NANOSECONDS))
        packets.write_pcap(path, capture, magic, fraction)
        return f"pcap({magic:#x}{'' if fraction is None else f', fraction {fraction}'})"

    @staticmethod
    def editcap(chance, path):
        """Wireshark's own way to spoil bytes; from the offset on, addresses and ports stay."""
        spoilt = path.with_suffix(".spoilt")
        words = ["-E", str(chance.choice((0.001, 0.01, 0.02, 0.1, 0.5))), "--seed", str(chance.randrange(2**31))]
        if chance.random() < 0.6:
            words += ["-o", str(chance.choice((34, 42, 46, 50, 54, 70)))]
        subprocess.run(["editcap", *words, path, spoilt], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if spoilt.exists():         # editcap refuses what it cannot write: then the capture stays as it is
            spoilt.rename(path)
        return "editcap " + " ".join(words)

    def one(self, number):
        path, base, options, steps = self.make(number)
        ours, theirs, run = self.box.faults(path, options, base.keys, self.limit)
        self.runs += 1
        self.done.update([*(step.split("(")[0].split(" ")[0] for step in steps), *(kind for kind in semantic.MAKERS if base.name.startswith(f"{kind} "))])
        if theirs:
            self.foreign += 1
            self.foreign_kinds.update(theirs)
        if ours:
            self.failures += 1
            self.report(number, path, base, steps, ours, run)
        elif theirs and self.foreign <= 50:
            self.save(f"wireshark-{self.seed}-{number}", path, "\n".join(theirs), run)
        path.unlink()
        for suffix in (".json", ".svg", ".xml"):
            (self.box.out / path.name).with_suffix(suffix).unlink(missing_ok=True)
        return not ours

    def save(self, name, path, text, run):
        folder = self.keep / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / "capture")
        (folder / "what.txt").write_text(f"{text}\n\n{run.command}\n\n{run.errors}")
        return folder

    def report(self, number, path, base, steps, ours, run):
        again = f"{Path(__file__).name} --seed {self.seed} --first {number} --runs 1"
        text = "\n".join([f"{base.name}: {', '.join(steps)}", *dict.fromkeys(ours), again])
        folder = self.save(f"{self.seed}-{number}", path, text, run)
        print(f"FAILED run {number}: {text}\n  kept: {folder}\n{run.errors[:3000]}", flush=True)

    def progress(self, always=False):
        now = time.monotonic()
        if always or now - self.said >= PROGRESS_EVERY:
            self.said = now
            print(f"{time.strftime('%F %T')} {now - self.started:.0f} s: {self.runs} runs, {self.failures} failures, "
                  f"{self.foreign} faults of Wireshark itself", flush=True)

    def summary(self):
        self.progress(always=True)
        print("done: " + ", ".join(f"{name} {count}" for name, count in sorted(self.done.items())))
        for what, count in self.foreign_kinds.most_common():
            print(f"Wireshark itself, {count} times: {what}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", type=Path, help="folder that holds 4.N/epan/spiscope.so; default: of build/, for the tool")
    parser.add_argument("--tool", choices=("asan", "valgrind", "none"), default="asan")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=float, help="seconds of the processor that one run of tshark may take", default=None)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-kept"), help="folder for captures that show a fault")
    parser.add_argument("--only", default="", help=f"only captures with this in their name, or made in this way: {', '.join(semantic.MAKERS)}")
    parser.add_argument("--no-shared", action="store_true", help="leave ../shared/captures out, so that every machine has the same captures")
    parser.add_argument("--file", type=Path, help="only this capture, as it is")
    return parser.parse_args()


def one_file(box, path, limit):
    copied = box.readable_copy_dir("file") / path.name
    shutil.copy(path, copied)
    copied.chmod(0o644)
    ours, theirs, run = box.faults(copied, limit=limit)
    print("\n".join([f"SPIscope: {what}" for what in ours] + [f"Wireshark: {what}" for what in theirs]) or "nothing wrong", run.errors)
    return not ours


def fuzz(box, options, limit):
    box.lab = sandbox.harness.LAB
    bases = [base for base in load_all(box, not options.no_shared) if options.only in base.name]
    if options.only in semantic.MAKERS:
        bases = []
    sources = semantic.Sources(box.captures, box.readable_copy_dir("made"), PACKETS_AT_MOST)
    box.open_up()
    fuzzer = Fuzzer(box, bases, sources, options, limit)
    print(f"seed {options.seed}, {len(bases)} captures to begin with, {len(sources.all)} to make others of, from run {options.first}", flush=True)
    end = time.monotonic() + options.seconds if options.seconds else None
    number = options.first
    with ThreadPoolExecutor(options.jobs) as pool:
        while not (options.runs and number >= options.first + options.runs) and not (end and time.monotonic() >= end):
            batch = range(number, min(number + options.jobs, options.first + options.runs) if options.runs else number + options.jobs)
            list(pool.map(fuzzer.one, batch))
            number = batch.stop
            fuzzer.progress()
    fuzzer.summary()
    return fuzzer.failures == 0


def main():
    options = arguments()
    if not (options.runs or options.seconds or options.file):
        options.runs = 100
    default = PROJECT / "build" / ("plugins-sanitized" if options.tool == "asan" else "plugins")
    box = sandbox.Sandbox(options.plugins or default, options.tool)
    limit = options.limit or (600 if options.tool == "valgrind" else 60)
    try:
        held = one_file(box, options.file, limit) if options.file else fuzz(box, options, limit)
    finally:
        box.close()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

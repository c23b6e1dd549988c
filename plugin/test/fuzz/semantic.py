# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that are made anew for each run, each well-formed and none of them what happened: with what anybody may forge (forge.py), in a flood of that,
with less than there was (degrade.py), seen from several points (points.py).

The same numbers give the same capture, as in mutate.py.
"""
import struct
from dataclasses import dataclass
from pathlib import Path

import degrade
import forge
import make_reports
import points
from packets import ETHERNET, Capture, Packet, of_pcap

MICROSECONDS_OF_ETHERNET = struct.pack("<I", 0xA1B2C3D4), struct.pack("<I", ETHERNET)


@dataclass(frozen=True)
class Source:
    """A capture that forge.py and degrade.py can read: a pcap of Ethernet in microseconds."""
    name: str
    data: bytes
    keys: Path | None = None


def is_understood(data):
    """Whether it has IKE between the two who speak first: what is forged is said in their name."""
    heard = [item for item in (forge.read(*packet) for packet in forge.packets_of(data)) if item]
    return any(isinstance(item, forge.Ike) and {item.src, item.dst} == {heard[0].src, heard[0].dst} for item in heard)


def sources_of(paths, packets_at_most):
    """paths: (name, path, keys or None). Those that are too long, or of another kind, are left out."""
    for name, path, keys in paths:
        data = path.read_bytes()
        if (data[:4], data[20:24]) == MICROSECONDS_OF_ETHERNET and len(forge.packets_of(data)) <= packets_at_most and is_understood(data):
            yield Source(name, data, keys)


def forged(random, source):
    """A few forgeries, or one of each kind, at any place and from either peer."""
    kinds = list(forge.KINDS)
    thrown = kinds if random.random() < 0.1 else random.choices(kinds, k=random.choice((1, 1, 2, 5, 20)))
    forgery = forge.Forgery(source.name, source.keys is not None, tuple(thrown), random.choice((None, *forge.PLACES)), random.choice((None, "A", "B")),
                            random.randrange(2**31))
    return of_pcap(forge.forge(source.data, forgery)[0])


def flooded(random, source):
    version, kinds = random.choice([(None, forge.FLOOD), *forge.FLOODS.values()])
    return of_pcap(forge.flood(source.data, random.choice((1, 2, 4)), random.choice((None, forge.OTHERS)), kinds, version)[0])


def degraded(random, source):
    """In one way, or in two of them one after the other, as long as anything is left."""
    left = list(degrade.read(source.data))
    for _ in range(random.choice((1, 1, 2))):
        left = degrade.WAYS[random.choice(list(degrade.WAYS))](left, random) or left
    return Capture(ETHERNET, [Packet(packet.time * 1000, packet.frame, packet.length) for packet in left])


def from_points(random, source):
    """From two or three points, with an interface for each or folded into one."""
    made = points.choose(random, source.name)
    records = points.make(made).records
    return Capture(ETHERNET, [Packet(time * 1000, data, len(data), point if made.fold == "interfaces" else 0) for time, point, _, data, _ in records])


# name -> (function, whether it takes captures of the lab alone)
MAKERS = {"forged": (forged, False), "flooded": (flooded, False), "degraded": (degraded, False), "points": (from_points, True)}


class Sources:
    """captures: the folder with the lab's, and their keys beside them; made: one for the rebuilt reports."""

    def __init__(self, captures, made, packets_at_most):
        lab = sorted(captures.glob("*.pcap"))
        paths = [(path.stem, path, keys) for path in lab for keys in (None, path.with_suffix(".keys")) if not keys or keys.exists()]
        paths += [(f"{name}_{form}", path, None) for (name, form), (_, path) in sorted(make_reports.write_all(made).items())]
        self.all = list(sources_of(paths, packets_at_most))
        self.of_lab = [source for source in self.all if source.name in points.CAPTURES]

    def choose(self, random, only=""):
        """(name, capture, keys)"""
        kind = random.choice([name for name in MAKERS if only in name] or list(MAKERS))
        maker, of_lab = MAKERS[kind]
        source = random.choice(self.of_lab if of_lab else self.all)
        return f"{kind} {source.name}{'+keys' if source.keys else ''}", maker(random, source), source.keys

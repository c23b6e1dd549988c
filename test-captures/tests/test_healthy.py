# SPDX-License-Identifier: GPL-2.0-or-later
"""Healthy tunnels with lifetimes of an hour and default preferences: stable, and nothing above a note.

These are the lab's healthy captures with their gaps stretched by 180: 20 s become 3600 s, 45 s become 8100 s. What follows within 50 ms
belongs together, a question and its answer above all, and keeps its distance: gateways do not answer slower because they rekey seldom.

IKEv1 sends its lifetimes, and these do not stretch with the clock: in v1_healthy, and v1_aggressive, child SAs would live for 3000 s where 30 s
were negotiated. With keys that is a contradiction, which no real tunnel shows; whatever SPIscope says of it is about the stretching.
So these two are checked without keys only, where there is nothing but the clock. IKEv2 sends no lifetimes.
"""
import struct

import pytest
from outputs import outputs, run_ahead

FACTOR = 180
TOGETHER = 50_000               # microseconds
CASES = [(name, keys) for name in ("v2_healthy", "k_v2_healthy", "k_v2_parallel", "v2_gcm_reauth") for keys in (True, False)] \
    + [("v1_healthy", False), ("v1_aggressive", False)]
IDS = [f"{name}-{'with' if keys else 'without'}-keys" for name, keys in CASES]
each_case = pytest.mark.parametrize("name, keys", CASES, ids=IDS)
MORE_THAN = 1_500               # seconds that an SA lives: v2_gcm_reauth ends some half way, with their IKE SA


def stretched(data):
    """A pcap with its gaps stretched."""
    order = "<" if data[0] == 0xD4 else ">"
    assert struct.unpack_from(order + "I", data) == (0xA1B2C3D4,), "microseconds"
    at, out, before, now = 24, data[:24], None, 0
    while at < len(data):
        seconds, micros, captured, length = struct.unpack_from(order + "IIII", data, at)
        time = seconds * 1_000_000 + micros
        gap = time - before if before is not None else time
        now += gap * FACTOR if before is not None and gap >= TOGETHER else gap
        before = time
        out += struct.pack(order + "IIII", now // 1_000_000, now % 1_000_000, captured, length) + data[at + 16:at + 16 + captured]
        at += 16 + captured
    return out


@pytest.fixture(scope="module")
def long_captures(spiscope):
    """Name -> path, with the keys beside it."""
    folder, paths = spiscope.readable_copy_dir("stretched"), {}
    for name in {name for name, _ in CASES}:
        paths[name] = folder / f"{name}.pcap"
        paths[name].write_bytes(stretched(spiscope.path(name).read_bytes()))
        paths[name].chmod(0o644)
        keys = paths[name].with_suffix(".keys")
        if not keys.exists():
            keys.symlink_to(spiscope.path(name).with_suffix(".keys"))
    run_ahead(spiscope, [(str(paths[name]), keys, ()) for name, keys in CASES])
    return paths


@each_case
def test_long_healthy_tunnels_are_stable(spiscope, long_captures, name, keys):
    tunnel, = outputs(spiscope, str(long_captures[name]), keys, ()).json["tunnels"]
    assert (tunnel["verdict"]["state"], tunnel["verdict"]["cause"]) == ("stable", "none")
    assert not tunnel["outages"]


@each_case
def test_nothing_above_a_note_is_said_of_them(spiscope, long_captures, name, keys):
    tunnels = outputs(spiscope, str(long_captures[name]), keys, ()).json["tunnels"]
    assert not [(finding["key"], finding["text"]) for tunnel in tunnels for finding in tunnel["findings"]
                if finding["severity"] not in ("chat", "note")]


@each_case
def test_they_are_long_indeed(spiscope, long_captures, name, keys):
    """The rekeys are still seen, and lie an hour apart."""
    tunnel, = outputs(spiscope, str(long_captures[name]), keys, ()).json["tunnels"]
    assert sum(finding["key"] == "rekey" for finding in tunnel["findings"]) >= 4
    ages = [sa["death"] - sa["birth"] for sa in tunnel["sas"] if sa["replaced_by"]]
    assert ages and min(ages) > MORE_THAN, ages

# SPDX-License-Identifier: GPL-2.0-or-later
"""A seeded sample of what points.py tries: captures of several points say what the nearest ones saw, and what was lost between them.

SPISCOPE_POINTS says how many; by command, points.py tries any number.
"""
import os

import points
import pytest

RUNS = int(os.environ.get("SPISCOPE_POINTS", 80))       # some 40 s of two processors
SEED = 2


def told(found):
    return "\n".join(fault for faults in found for fault in faults)


def test_several_points_are_one_capture(spiscope):
    some = points.sample(SEED, RUNS)
    found = points.Maker(spiscope).try_all(some)
    print(f"{len(some)} captures of several points, {sum(bool(faults) for faults in found)} wrong")
    assert {made.fold for made in some} == set(points.FOLDS)
    assert not any(found), told(found)


@pytest.mark.parametrize("fold", ["interfaces", "links", "ttl"])
def test_each_copy_names_its_packet(spiscope, fold):
    """By the bytes of IKE, ESP and AH, which no router and no NAT changes; and by nothing else."""
    made = points.Made("k_v2_healthy", False, fold, 2, (35 * points.MS,), (80 * points.MS,), (0, 5000 * points.MS), 0.05, False, 8)
    capture = points.make(made)
    path = spiscope.readable_copy_dir("points") / f"copies-{fold}.pcapng"
    path.write_bytes(points.pcapng(capture.records, 2 if fold == "interfaces" else 1))
    path.chmod(0o644)
    rows = spiscope.rows(str(path), ("frame.number", "spiscope.point", "spiscope.copy_of", "spiscope.finding"), passes=2)
    first, wrong = {}, []
    for row, (_, _, order, _, is_ipsec) in zip(rows, capture.records):
        true = [first[order]] if is_ipsec and order in first else []
        first.setdefault(order, row["frame.number"][0])
        if row["spiscope.copy_of"] != true:
            wrong.append((row["frame.number"][0], row["spiscope.copy_of"], true))
    assert not wrong
    if fold == "interfaces":
        assert [row["spiscope.point"] for row, record in zip(rows, capture.records) if record[4]] \
            == [[str(record[1])] for record in capture.records if record[4]]


def test_one_point_has_no_copies(spiscope):
    """Each lab capture was taken on one interface."""
    for capture in points.CAPTURES:
        rows = spiscope.rows(capture, ("frame.number", "spiscope.point", "spiscope.copy_of"))
        assert not [row for row in rows if row["spiscope.copy_of"] or row["spiscope.point"]], capture


def test_points_are_not_told_apart_on_demand(spiscope):
    made = points.Made("k_v2_healthy", False, "interfaces", 2, (35 * points.MS,), (80 * points.MS,), (0, 0), 0, False, 8)
    path = spiscope.readable_copy_dir("points") / "one.pcapng"
    path.write_bytes(points.pcapng(points.make(made).records, 2))
    path.chmod(0o644)
    fields = ("frame.number", "spiscope.point", "spiscope.copy_of", "spiscope.finding")
    rows = spiscope.rows(str(path), fields, ("spiscope.capture_points:FALSE",))
    assert not [row for row in rows if row["spiscope.point"]]
    assert [row for row in rows if "replay_window" in row["spiscope.finding"]]

# SPDX-License-Identifier: GPL-2.0-or-later
"""one_way: a direction falls silent beside the other, and only where the capture can see both."""
import pytest
from harness import make


def test_one_way_after_thirty_seconds(spiscope):
    """The last packet from B to A is at 19.02 s; the finding stands on a packet of the busy direction, from 49.02 s on."""
    found = spiscope.findings("one_way")
    assert {f.key for f in found} == {"one_way"}
    time = spiscope.time_of("one_way", found[0].frame) - make.BASE
    assert 49.02 <= time <= 55
    assert spiscope.finding_direction("one_way", found[0]) == (make.A, make.B)


def test_one_way_is_said_once(spiscope):
    assert len(spiscope.findings("one_way")) == 1


def test_one_way_after_decides(spiscope):
    assert spiscope.findings("one_way", ("spiscope.one_way_after:100",)) == []
    (found,) = spiscope.findings("one_way", ("spiscope.one_way_after:45",))
    assert 64.02 <= spiscope.time_of("one_way", found.frame) - make.BASE <= 70
    assert "one_way" in spiscope.keys_found("one_way_pause", ("spiscope.one_way_after:10",))


@pytest.mark.parametrize("capture", ["one_sided", "one_way_pause", "one_way_sparse", "both_ways_silent", "clean_rekey", "churn",
                                     "drop_and_return", "parallel_rekeyed"])
def test_not_one_way(spiscope, capture):
    """A tap on one side; a pause of 20 s; a question and its answer once a minute; silence in both directions; rekeys."""
    assert "one_way" not in spiscope.keys_found(capture)

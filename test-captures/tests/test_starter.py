# SPDX-License-Identifier: GPL-2.0-or-later
"""A run of tshark that is forked from one that has started (starter.py) is as one that was started."""
import pytest
from harness import MIN_10

STARTED = {"TZ": "UTC"}         # what has an environment of its own is started; this one is what it is anyway


def both(spiscope, capture, *arguments, keys=None):
    path = spiscope.path(capture)
    for more in ({}, STARTED):
        done = spiscope.tshark("-r", path, *arguments, keys=keys and path.with_suffix(".keys"), **more)
        yield done.stdout, done.stderr


@pytest.mark.parametrize("capture, arguments", [
    ("v2_flap", ("-n",)), ("v2_flap", ()), ("v1_ts_mismatch", ("-n", "-2", "-T", "fields", "-e", "spiscope.finding", "-e", "spiscope.sa.age")),
    ("v2_nat3", ("-n", "-q", "-z", "spiscope,report", "-z", "spiscope,sa")), ("v2_nat3", ("-n", "-q", "-z", "spiscope,json", "-o", MIN_10)),
    ("v1_life_mismatch", ("-n", "-Y", "spiscope.finding", "-c", "100"))])
@pytest.mark.parametrize("keys", (False, True))
def test_it_prints_the_same(spiscope, capture, arguments, keys):
    forked, started = both(spiscope, capture, *arguments, keys=keys)
    assert forked == started and forked[0]


def test_keys_of_one_run_are_not_the_next_ones(spiscope):
    said = [next(both(spiscope, "v1_life_mismatch", "-n", "-T", "fields", "-e", "isakmp.notify.msgtype", keys=keys)) for keys in (False, True, False)]
    assert said[0] == said[2] != said[1]


@pytest.mark.parametrize("arguments, complaint", [
    (("-o", "spiscope.nothing:1"), "unknown preference"), (("-Y", "spiscope.nothing"), "spiscope.nothing"), (("-z", "spiscope,nothing"), "nothing")])
def test_its_complaints_come_through(spiscope, arguments, complaint):
    with pytest.raises(AssertionError, match=complaint):
        spiscope.tshark("-n", "-r", spiscope.path("v2_flap"), *arguments)


def test_runs_are_forked(spiscope):
    """Else all of this shows nothing."""
    with spiscope.starters.one() as starter:
        if starter is None:
            pytest.skip("SPISCOPE_START_EACH, or no C compiler")
        done = starter.run(["-n", "-r", spiscope.path("v2_flap"), "-c", "1"], spiscope.room / "home", 60)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


def test_what_cannot_be_run_is_no_success(spiscope):
    """There is no room for such a name."""
    with spiscope.starters.one() as starter:
        if starter is None:
            pytest.skip("SPISCOPE_START_EACH, or no C compiler")
        assert starter.run(["-n", "-r", "x" * 5000], spiscope.room / "home", 60).returncode != 0

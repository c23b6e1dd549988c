# SPDX-License-Identifier: GPL-2.0-or-later
"""A seeded sample of what stretch.py tries: stretched and cut captures have no cause that their truth does not have."""
import stretch

RUNS = 90               # some 30 s of two processors
SEED = 1


def test_no_cause_appears_that_the_truth_does_not_have(spiscope):
    found, tried = stretch.try_all(spiscope, sorted(set(stretch.sample(SEED, RUNS)), key=str))
    assert tried > RUNS // 2
    assert not found, "\n".join(found)

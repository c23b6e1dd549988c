# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict on every lab capture, with keys and without, against how the lab set it up (../expected_verdicts.py)."""
import sys

import pytest
from harness import LAB, TEST_CAPTURES
from outputs import outputs, run_ahead, verdicts

sys.path += [str(TEST_CAPTURES), str(TEST_CAPTURES.parent / "cmake")]
import verdicts as readme  # noqa: E402  (cmake/verdicts.py)
from expected_verdicts import DEFAULTS, SAME, TABLE, allowed_by, allowed_causes, allowed_states  # noqa: E402

IDS = [f"{row.capture}{'-defaults' if row.options == DEFAULTS else ''}" for row in TABLE]
each_row = pytest.mark.parametrize("row", TABLE, ids=IDS)
each_form = pytest.mark.parametrize("keys", (True, False), ids=("keys", "keyless"))
TUNNELS = {"v2_nat3": 3}
# Nothing to check, and no frame to show
NOTHING = {"none", "unknown"}


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, [(row.capture, keys, row.options) for row in TABLE for keys in (True, False)])


def tunnels(spiscope, row, keys):
    found = outputs(spiscope, row.capture, keys, row.options).json["tunnels"]
    assert len(found) == TUNNELS.get(row.capture, 1)
    return found


def test_the_table_is_complete():
    assert {row.capture for row in TABLE} == set(LAB)


@each_form
@each_row
def test_the_state_is_what_users_felt(spiscope, row, keys):
    for tunnel in tunnels(spiscope, row, keys):
        assert tunnel["verdict"]["state"] in allowed_states(row, keys), row.why


@each_form
@each_row
def test_the_cause_is_right_or_without_keys_honestly_weaker(spiscope, row, keys):
    allowed = allowed_causes(row, keys)
    for cause, confidence in verdicts(outputs(spiscope, row.capture, keys, row.options)):
        assert confidence in allowed.get(cause, ()), f"{cause} ({confidence}); allowed is {allowed}: {row.why}"


@each_form
@each_row
def test_the_peer_who_acts_is_right(spiscope, row, keys):
    for tunnel in tunnels(spiscope, row, keys):
        assert tunnel["verdict"]["by"] in allowed_by(row, keys), row.why


@each_row
def test_a_verdict_about_a_fault_names_frames_and_what_to_check(spiscope, row):
    for keys in (True, False):
        for tunnel in tunnels(spiscope, row, keys):
            verdict = tunnel["verdict"]
            if verdict["cause"] not in NOTHING:
                assert verdict["evidence"] and len(verdict["check"]) >= 2 and "None" not in verdict["summary"]
            if verdict["cause"] == "none":
                assert not verdict["check"] and not verdict["evidence"]


@pytest.mark.parametrize("row", [row for row in TABLE if row.keyless != SAME and row.state == "down"], ids=lambda row: row.capture)
def test_without_keys_what_is_missing_is_said_and_how_to_get_it(spiscope, row):
    for tunnel in tunnels(spiscope, row, False):
        text = " ".join(tunnel["verdict"]["missing"])
        for vendor in ("Palo Alto", "Cisco", "FortiGate", "strongSwan"):
            assert vendor in text


@each_form
@pytest.mark.parametrize("row", [row for row in TABLE if row.state == "stable" and row.cause == "none"], ids=lambda row: row.capture)
def test_nothing_is_missing_where_nothing_is_wrong(spiscope, row, keys):
    for tunnel in tunnels(spiscope, row, keys):
        assert not tunnel["verdict"]["missing"]


def test_the_readme_shows_what_runs_give(spiscope):
    table = readme.table(lambda row, keys: outputs(spiscope, row.capture, keys, row.options).json)
    assert readme.is_up_to_date(table), "test-captures/README.md is not up to date: run python3 cmake/verdicts.py"

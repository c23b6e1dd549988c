# SPDX-License-Identifier: GPL-2.0-or-later
"""The captures of three daemons in simulated time (../uml, made by ../lab/uml): SAs against the kernels, outages against what users saw, state, cause and
peer against what the scenario did (../expected_uml.py), with keys and without."""
import re
import sys
from collections import namedtuple

import pytest
from harness import TEST_CAPTURES, UML
from kernels import (a_row_for_each_sa, asked_by_b, births_agree, deaths_agree, kernels_of, no_phantom_and_no_sa_in_two_rows, stock_of,
                     who_asked_agrees)
from outputs import outputs, run_ahead

sys.path += [str(TEST_CAPTURES), str(TEST_CAPTURES.parent / "cmake")]
import verdicts as readme  # noqa: E402  (cmake/verdicts.py)
from expected_uml import SCENARIOS, SEVERAL, TABLE  # noqa: E402
from expected_verdicts import allowed_by, allowed_causes, allowed_states  # noqa: E402

FOLDER = TEST_CAPTURES / "uml"
TRUTH = {name: (FOLDER / f"{name}.truth.txt").read_text() for name in UML}
EXPECTED = {row.capture: row for row in TABLE}
# neither gateway is strongSwan, the only one that logs IKE's keys
KEYED = {name for name in UML if any((FOLDER / f"{name}.keys" / table).stat().st_size for table in ("ikev1_decryption_table", "ikev2_decryption_table"))}
MIN_OUTAGE = 2      # the preference

each_capture = pytest.mark.parametrize("name", UML)
each_form = pytest.mark.parametrize("keys", (True, False), ids=("keys", "keyless"))

# what a user saw: how often he sent, and from when to when he had no answer though he sent, None: before the first, or to the end
User = namedtuple("User", "gateway every silences")


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, [(name, keys, ()) for name in UML for keys in (True, False)])


def tunnels_of(spiscope, name, keys):
    return outputs(spiscope, name, keys, ()).json["tunnels"]


def rows_of(spiscope, name, keys):
    return [sa for tunnel in tunnels_of(spiscope, name, keys) for sa in tunnel["sas"]]


def users_of(name):
    def at(text):
        return None if text == "-" else float(text)
    users = {}
    for line in TRUTH[name].splitlines():
        match = re.match(r"PING (\w) (\S+ \S+) every (\S+) s", line)
        if match:
            users[match[1], match[2]] = User(match[1], float(match[3]), [])
        match = re.match(r"SILENCE (\w) (\S+ \S+) (\S+) (\S+)", line)
        if match:
            users[match[1], match[2]].silences.append((at(match[3]), at(match[4])))
    return users.values()


def test_there_are_enough_of_them():
    assert len(UML) >= 40 and set(UML) == set(EXPECTED)
    assert len({name[:2] for name in UML}) == 9, "each of three daemons with each"
    assert len({row.capture for row in SCENARIOS}) == len(SCENARIOS)


# --- the table of SAs -----------------------------------------------------------------------------------------------------------

@each_form
@each_capture
def test_no_phantom_and_no_sa_in_two_rows(spiscope, name, keys):
    no_phantom_and_no_sa_in_two_rows(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]))


@each_form
@each_capture
def test_a_row_for_each_sa(spiscope, name, keys):
    a_row_for_each_sa(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]), stock_of(spiscope, name), keys and name in KEYED)


@each_form
@each_capture
def test_births(spiscope, name, keys):
    births_agree(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]), keys and name in KEYED)


@each_form
@each_capture
def test_deaths(spiscope, name, keys):
    deaths_agree(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]), stock_of(spiscope, name)[2], keys and name in KEYED)


@each_form
@each_capture
def test_who_asked(spiscope, name, keys):
    who_asked_agrees(rows_of(spiscope, name, keys), asked_by_b(TRUTH[name]))


# --- outages --------------------------------------------------------------------------------------------------------------------

@each_form
@each_capture
def test_outages_are_what_users_saw(spiscope, name, keys):
    """Each lies where a user had no answer, from within one of his intervals of his last answer on, and is over before his next one."""
    silences = [(last or 0, after, user.every) for user in users_of(name) for last, after in user.silences]
    for tunnel in tunnels_of(spiscope, name, keys):
        for outage in tunnel["outages"]:
            assert any(last - 1 <= outage["begin"] <= last + every + 1 and (after is None or outage["end"] and outage["end"] <= after + 1)
                       for last, after, every in silences), outage


# --- verdicts -------------------------------------------------------------------------------------------------------------------

@each_form
@each_capture
def test_the_state_is_what_users_felt(spiscope, name, keys):
    tunnels = tunnels_of(spiscope, name, keys)
    assert len(tunnels) == SEVERAL.get(name, 1)
    for tunnel in tunnels:
        assert tunnel["verdict"]["state"] in allowed_states(EXPECTED[name], keys and name in KEYED), EXPECTED[name].why


@each_form
@each_capture
def test_the_cause_is_right_or_without_keys_honestly_weaker(spiscope, name, keys):
    allowed = allowed_causes(EXPECTED[name], keys and name in KEYED)
    for tunnel in tunnels_of(spiscope, name, keys):
        cause, confidence = tunnel["verdict"]["cause"], tunnel["verdict"]["confidence"]
        assert confidence in allowed.get(cause, ()), f"{cause} ({confidence}); allowed is {allowed}: {EXPECTED[name].why}"


@each_form
@each_capture
def test_the_peer_who_acts_is_right(spiscope, name, keys):
    for tunnel in tunnels_of(spiscope, name, keys):
        assert tunnel["verdict"]["by"] in allowed_by(EXPECTED[name], keys and name in KEYED), EXPECTED[name].why


def test_the_readme_shows_what_runs_give(spiscope):
    table = readme.table(lambda row, keys: outputs(spiscope, row.capture, keys, row.options).json, TABLE)
    assert readme.is_up_to_date(table, readme.UML_MARKERS), "test-captures/README.md is not up to date: run python3 cmake/verdicts.py"

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
from expected_uml import SCENARIOS, SEVERAL, TABLE, WRONG  # noqa: E402
from expected_verdicts import allowed_by, allowed_causes, allowed_states  # noqa: E402

FOLDER = TEST_CAPTURES / "uml"
TRUTH = {name: (FOLDER / f"{name}.truth.txt").read_text() for name in UML}
EXPECTED = {row.capture: row for row in TABLE}
# neither gateway is strongSwan, the only one that logs IKE's keys
KEYED = {name for name in UML if any((FOLDER / f"{name}.keys" / table).stat().st_size for table in ("ikev1_decryption_table", "ikev2_decryption_table"))}
# kernels drop SAs that no Delete in the capture names: a gateway loses its state, or gives up without a word, or moves the SA to another address
WITHOUT_DELETES = {"ls_v2_a_restarts", "lo_v2_a_restarts", "ls_v2_nat_ports", "ls_v2_no_ike", "ls_v2_two_clients", "os_v2_no_ike", "os_v2_pfs", "sl_v2_id_a", "sl_v2_link_down",
                   "sl_v2_nat_ports", "so_v2_nat_ports", "so_v2_sas_lost", "so_v2_way_to_a", "ss_v1_cut", "ss_v2_nat_lapse_dpd"}
# strongSwan keeps what it deletes for 5 s more, to receive what is under way, and the other kernel has nothing to delete
KEPT_FOR = {"so_v2_sas_lost": 5}
# two IKE SAs are set up by turns before either one's child carries a packet: without keys a child is taken for the later one's
TAKEN_FOR_A_LATER_ONES = {("ss_v2_unique_close", False)}
DOWN = {"down", "flapping", "interrupted"}
NOTICED = 4         # intervals: a user who misses fewer answers may have met a gap that no packet was due in

each_capture = pytest.mark.parametrize("name", UML)
each_form = pytest.mark.parametrize("keys", (True, False), ids=("keys", "keyless"))


def each_judged(aspect):
    """Each capture in both forms; those that are known to be wrong in this aspect have to fail."""
    def param(name, keys):
        form = "keys" if keys else "keyless"
        wrong, says = WRONG.get(name, ("", ""))
        marks = [pytest.mark.xfail(strict=True, reason=says)] if {aspect, f"{aspect}:{form}"} & set(wrong.split()) else []
        return pytest.param(name, keys, id=f"{name}-{form}", marks=marks)
    return pytest.mark.parametrize("name, keys", [param(name, keys) for name in UML for keys in (True, False)])

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
    return [*users.values()]


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
    if (name, keys) in TAKEN_FOR_A_LATER_ONES:
        pytest.xfail("born with another one's negotiation")
    births_agree(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]), keys and name in KEYED)


@each_form
@each_capture
def test_deaths(spiscope, name, keys):
    every = max((user.every for user in users_of(name)), default=0)
    deaths_agree(rows_of(spiscope, name, keys), kernels_of(TRUTH[name]), stock_of(spiscope, name)[2], keys and name in KEYED - WITHOUT_DELETES,
                 KEPT_FOR.get(name, 0) if keys and name in KEYED else max(every, KEPT_FOR.get(name, 0)))


@each_form
@each_capture
def test_who_asked(spiscope, name, keys):
    who_asked_agrees(rows_of(spiscope, name, keys), asked_by_b(TRUTH[name]))


# --- outages --------------------------------------------------------------------------------------------------------------------

@each_form
@each_capture
def test_outages_are_what_users_saw(spiscope, name, keys):
    """Each lies where a user had no answer: it begins no sooner than his last one, and is over before his next one."""
    silences = [(last or 0, after) for user in users_of(name) for last, after in user.silences]
    for tunnel in tunnels_of(spiscope, name, keys):
        for outage in tunnel["outages"]:
            assert any(last - 1 <= outage["begin"] and (after is None or outage["end"] and outage["end"] <= after + 1) for last, after in silences), outage


@each_form
@each_capture
def test_what_users_saw_is_an_outage(spiscope, name, keys):
    """Where the tunnel went down: a user who missed several answers in a row, after he had had some."""
    if not set(EXPECTED[name].state.split()) <= DOWN:
        return
    outages = [(outage["begin"], outage["end"]) for tunnel in tunnels_of(spiscope, name, keys) for outage in tunnel["outages"]]
    for user in users_of(name):
        for last, after in user.silences:
            if last and (after is None or after - last > NOTICED * user.every):
                assert any((after is None or begin < after) and (end is None or end > last) for begin, end in outages), (last, after)


# --- verdicts -------------------------------------------------------------------------------------------------------------------

@each_judged("state")
def test_the_state_is_what_users_felt(spiscope, name, keys):
    tunnels = tunnels_of(spiscope, name, keys)
    assert len(tunnels) == SEVERAL.get(name, 1)
    for tunnel in tunnels:
        assert tunnel["verdict"]["state"] in allowed_states(EXPECTED[name], keys and name in KEYED), EXPECTED[name].why


@each_judged("cause")
def test_the_cause_is_right_or_without_keys_honestly_weaker(spiscope, name, keys):
    allowed = allowed_causes(EXPECTED[name], keys and name in KEYED)
    for tunnel in tunnels_of(spiscope, name, keys):
        cause, confidence = tunnel["verdict"]["cause"], tunnel["verdict"]["confidence"]
        assert confidence in allowed.get(cause, ()), f"{cause} ({confidence}); allowed is {allowed}: {EXPECTED[name].why}"


@each_judged("by")
def test_the_peer_who_acts_is_right(spiscope, name, keys):
    for tunnel in tunnels_of(spiscope, name, keys):
        assert tunnel["verdict"]["by"] in allowed_by(EXPECTED[name], keys and name in KEYED), EXPECTED[name].why


def test_the_readme_shows_what_runs_give(spiscope):
    table = readme.table(lambda row, keys: outputs(spiscope, row.capture, keys, row.options).json, TABLE)
    assert readme.is_up_to_date(table, readme.UML_MARKERS), "test-captures/README.md is not up to date: run python3 cmake/verdicts.py"

# SPDX-License-Identifier: GPL-2.0-or-later
"""No verdict is contradicted by what stands beside it, on every capture that there is: the lab's, synthetic ones, those that were rebuilt from
reports, and where SPISCOPE_SHARED has them (default: ../shared) those of other projects, of other daemons, and those that go wrong."""
import shutil

import pytest
from harness import LAB, MIN_10, SYNTHETIC, UML
from outputs import outputs, run_ahead
from reports import FORMS
from test_ike_third_party import CAPTURES, FOLDER, SHARED, options_of
from test_outages import VENDOR_NAMES, vendors  # noqa: F401  (fixtures)
from test_reports import NAMES, scenes  # noqa: F401

FAULTS = SHARED / "captures" / "faults"
FAULT_NAMES = sorted(path.name for path in FAULTS.glob("*.pcap*"))
WORKS = {"stable", "idle"}
WENT_DOWN = {"down", "flapping", "interrupted"}
BAD = {"warning", "error"}
each_form = pytest.mark.parametrize("keys", (True, False), ids=("keyed", "keyless"))


def contradictions(tunnel):
    """What can't be true at once of one tunnel, in words."""
    verdict, outages = tunnel["verdict"], tunnel["outages"]
    state, cause = verdict["state"], verdict["cause"]
    bad = {finding["key"] for finding in tunnel["findings"] if finding["severity"] in BAD}
    if cause == "none" and state not in WORKS:
        yield f"{state}, and nothing is its cause"
    if cause == "none" and bad - set(verdict["history"]):
        yield f"nothing is wrong, beside {sorted(bad - set(verdict['history']))}"
    if outages and state not in WENT_DOWN:
        yield f"{state}, with {len(outages)} outages"
    if len(outages) > 1 and state == "interrupted":
        yield f"interrupted {len(outages)} times"
    if sum(outage["end"] is None for outage in outages) > 1:
        yield "several outages are not over"
    if set(verdict["also"]) & set(verdict["history"]) or not set(verdict["also"]) | set(verdict["history"]) <= bad:
        yield f"also {verdict['also']}, overcome {verdict['history']}; found {sorted(bad)}"
    if cause in ("none", "unknown") and (verdict["evidence"] or verdict["by"] != "none"):
        yield f"{cause}, by {verdict['by']}, rests on {verdict['evidence']}"


def check(spiscope, capture, keys, options):
    for tunnel in outputs(spiscope, str(capture), keys, options).json["tunnels"]:
        found = list(contradictions(tunnel))
        assert not found, f"tunnel {tunnel['id']}: {found}: {tunnel['verdict']['summary']}"


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, [(name, keys) for name in LAB for keys in (True, False)])


def copied(spiscope, folder, source, names):
    folder = spiscope.readable_copy_dir(folder)
    for name in names:
        target = folder / name.replace("/", "_")
        shutil.copy(source / name, target)
        target.chmod(0o644)
    return folder


@each_form
@pytest.mark.parametrize("options", (MIN_10, ()), ids=("min-10", "defaults"))
@pytest.mark.parametrize("name", LAB)
def test_in_the_lab(spiscope, name, options, keys):
    check(spiscope, name, keys, options)


@each_form
@pytest.mark.parametrize("name", UML)
def test_in_simulated_time(spiscope, name, keys):
    check(spiscope, name, keys, ())


@pytest.mark.parametrize("name", SYNTHETIC)
def test_in_synthetic_captures(spiscope, name):
    check(spiscope, name, False, ())


@pytest.mark.skipif(not CAPTURES, reason="no third-party captures: set SPISCOPE_SHARED")
@pytest.mark.parametrize("name", CAPTURES or ["none"])
def test_in_captures_of_other_projects(spiscope, name):
    folder = copied(spiscope, "third-party-flat", FOLDER, [name])
    path = folder / name.replace("/", "_")
    for options in {(), options_of(name) if (FOLDER / f"{name}.opts").exists() else ()}:
        check(spiscope, path, False, options)


@pytest.mark.skipif(not FAULT_NAMES, reason="no captures of faults: set SPISCOPE_SHARED")
@pytest.mark.parametrize("name", FAULT_NAMES or ["none"])
def test_in_captures_that_go_wrong(spiscope, name):
    check(spiscope, copied(spiscope, "faults", FAULTS, [name]) / name, False, ())


@pytest.mark.skipif(not VENDOR_NAMES, reason="no captures of other daemons: set SPISCOPE_SHARED")
@each_form
@pytest.mark.parametrize("name", VENDOR_NAMES or ["none"])
def test_in_captures_of_other_daemons(spiscope, vendors, name, keys):  # noqa: F811
    if keys and name == "l_v2_ah":
        pytest.skip("Wireshark does not take its table of ESP SAs")
    check(spiscope, vendors / f"{name}.pcap", keys, ())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_in_rebuilt_reports(spiscope, scenes, name, form):  # noqa: F811
    check(spiscope, scenes[name, form][1], False, ())


@pytest.mark.parametrize("change, seen", [
    ({}, False), ({"findings": [{"key": "one_way", "severity": "warning"}]}, True), ({"findings": [{"key": "loss", "severity": "note"}]}, False),
    ({"outages": [{"end": 1}]}, True)])
def test_a_contradiction_is_seen(change, seen):
    tunnel = {"verdict": {"state": "stable", "cause": "none", "by": "none", "also": [], "history": [], "evidence": []}, "outages": [], "findings": []}
    assert bool(list(contradictions({**tunnel, **change}))) == seen

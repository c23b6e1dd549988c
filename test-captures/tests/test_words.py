# SPDX-License-Identifier: GPL-2.0-or-later
"""What SPIscope says to people: advice stands once, and texts hold none."""
import re

import pytest
from harness import TEST_CAPTURES
from outputs import outputs, run_ahead
from test_json import CASES, each_case

PLUGIN = TEST_CAPTURES.parent / "plugin"
SAYING = sorted([*(PLUGIN / "judge").glob("*.c"), PLUGIN / "words" / "vendors.h"])
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
ADVICE_FROM = 30                # characters: what is shorter names something
# proto_tree_add_string() cuts a label at 240 characters, of which the field's name takes some: epan/proto.h, ITEM_LABEL_LENGTH
LABEL_AT_MOST = 240 - len("To check: ") - 1
ADVICE = re.compile(r"\b(check|compare|make sure|suspect a|should|must|set the same)\b", re.IGNORECASE)


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, CASES)


def strings(source):
    """The string literals of a C file, adjacent ones put together; macros end a string."""
    text = re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.DOTALL)
    text = re.sub(r'"(\s|\\\n)*"', "", text)
    return LITERAL.findall(text)


def test_no_advice_stands_twice():
    """Each line of a check, and each meaning, stands in one place of the sources."""
    found = [(text, source.name) for source in SAYING for text in strings(source) if len(text) >= ADVICE_FROM and "%" not in text]
    assert len(found) > 100
    twice = sorted(entry for entry in found if sum(entry[0] == other for other, _ in found) > 1)
    assert not twice


@each_case
def test_texts_hold_no_advice(spiscope, capture, keys, options):
    output = outputs(spiscope, capture, keys, options)
    found = [finding for part in (output.json, *output.json["tunnels"]) for finding in part["findings"]]
    assert not [finding["text"] for finding in found if ADVICE.search(re.sub(r"liveness checks?", "", finding["text"], flags=re.IGNORECASE))]


@each_case
def test_a_check_is_said_once_and_fits_a_label(spiscope, capture, keys, options):
    for tunnel in outputs(spiscope, capture, keys, options).json["tunnels"]:
        checks = tunnel["verdict"]["check"]
        assert len(set(checks)) == len(checks)
        assert all(len(line) <= LABEL_AT_MOST and not line.endswith(".") for line in checks), checks


@pytest.mark.parametrize("capture, cause, finding", [("v2_ts_mismatch", "proxy_id_mismatch", "proxy_id_mismatch"),
                                                     ("v2_ike_noprop", "proposal_mismatch", "no_proposal"), ("v2_pfs_flap", "pfs_mismatch", "pfs_mismatch")])
def test_the_verdict_takes_the_check_of_its_finding(spiscope, capture, cause, finding):
    """By looking it up: a verdict's checks begin with those of the finding that shows its cause, as that finding's field has them."""
    (tunnel,) = outputs(spiscope, capture, True).json["tunnels"]
    assert tunnel["verdict"]["cause"] == cause
    rows = spiscope.rows(capture, ("spiscope.finding", "spiscope.finding.check"), display_filter=f"spiscope.{finding}", keys=True)
    checks = rows[0]["spiscope.finding.check"]
    assert tunnel["verdict"]["check"][0] in checks      # which may be those of other findings on the frame as well

# SPDX-License-Identifier: GPL-2.0-or-later
"""What SPIscope says to people: advice stands once, and texts hold none; one of a thing is no plural."""
import re

import pytest
from harness import MIN_10, TEST_CAPTURES
from outputs import outputs, run_ahead
from test_json import CASES, each_case

PLUGIN = TEST_CAPTURES.parent / "plugin"
SAYING = sorted([*(PLUGIN / "judge").glob("*.c"), PLUGIN / "words" / "vendors.h"])
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
ADVICE_FROM = 30                # characters: what is shorter names something
# proto_tree_add_string() cuts a label at 240 characters, of which the field's name takes some: epan/proto.h, ITEM_LABEL_LENGTH
LABEL_AT_MOST = 240 - len("To check: ") - 1
ADVICE = re.compile(r"\b(check|compare|make sure|suspect a|should|must|set the same)\b", re.IGNORECASE)
# One of many: "1 SAs", but not "frame 1 shows" and "phase 1 lifetimes"
ONE = re.compile(r"(?<![\w.:/,-])(?<!frame )(?<!hase )(?<!SA )(?<!unnel )1 (?:(?:IKE|IPsec|ESP|AH|sequence|more|liveness) )?((?!was|is|has|goes)[A-Za-z]{2,}s)\b")
# Many of one: "2 packet", "0 SA"
MANY = re.compile(r"(?<![\w.:/,-])(?:0|[2-9]|[1-9]\d+) (SA|IPsec SA|IKE SA|packet|frame|time|rekey|sequence number|message|request|fragment|SPI|outage|finding)\b")
OLD_WORDS = re.compile(r"do not last|lasted too short|asked for by A|not seen \d|as it should when|\btimes?, by [AB] \d")


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


def said(output):
    """All that is written for people: texts and summaries, the report as one line, the timeline's titles."""
    json = output.json
    parts = [finding["text"] for part in (json, *json["tunnels"]) for finding in part["findings"]]
    parts += [line for tunnel in json["tunnels"] for line in (tunnel["verdict"]["summary"], *tunnel["verdict"]["check"], *tunnel["verdict"]["missing"])]
    body = output.report.partition("\n\n")[2]       # the first lines hold the file's name
    return [*parts, " ".join(body.split()), *re.findall(r"<title>(.*?)</title>", output.svg, re.DOTALL)]


def test_plurals_that_are_wrong_are_seen():
    for wrong in ("1 SAs were", "SPIs (1 SAs", "by 1 packets", "a 1 sequence numbers"):
        assert ONE.search(wrong), wrong
    for right in ("1 SA was", "frame 1 shows", "phase 1 lifetimes", "11 packets", "0.1 packets", "IKE SA 1 was", "1 s and"):
        assert not ONE.search(right), right
    assert MANY.search("2 packet") and not MANY.search("2 packets") and not MANY.search("1 packet") and not MANY.search("11:12 packet")


@each_case
def test_one_of_a_thing_is_no_plural(spiscope, capture, keys, options):
    for text in said(outputs(spiscope, capture, keys, options)):
        found = ONE.search(text) or MANY.search(text) or OLD_WORDS.search(text)
        assert not found, f"{found[0]!r} in {text}"


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


# --- Wireshark's expert information and packet details --------------------------------------------------------------------

@pytest.mark.parametrize("capture", ["v2_flap", "v1_life_mismatch", "churn", "loss"])
def test_expert_information_sums_up(spiscope, capture):
    """tshark -z expert counts equal texts: a kind of finding has one line, with the number of its findings; no SPI, no address, no time."""
    listing = spiscope.tshark("-n", "-q", "-r", spiscope.path(capture), "-z", "expert").stdout
    lines = re.findall(r"^ +(\d+) +\S.*? +SPIscope +(.*)$", listing, re.M)
    texts = [text for _, text in lines]
    keys = [finding.key for finding in spiscope.findings(capture)]
    assert keys and len(texts) == len(set(texts)) == len(set(keys)) and not re.search(r"0x[0-9a-f]{8}|\d\d", " ".join(texts))
    assert sum(int(count) for count, _ in lines) == len(keys)


SEVERITIES = {"chat": 0x200000, "note": 0x400000, "warning": 0x600000, "error": 0x800000}     # Wireshark's PI_CHAT to PI_ERROR


def test_what_weighs_more_than_its_kind_has_its_own_severity_and_its_kinds_filter(spiscope):
    """v1_dpd: B's host is gone, a router says so, and nothing of B is heard: more than a note, as interface and JSON have it."""
    found = [finding for tunnel in outputs(spiscope, "v1_dpd").json["tunnels"] for finding in tunnel["findings"] if finding["key"] == "icmp_unreachable"]
    assert "warning" in {finding["severity"] for finding in found}
    rows = spiscope.rows("v1_dpd", ("frame.number", "_ws.expert.severity"), (MIN_10,), display_filter="spiscope.icmp_unreachable")
    shown = {int(row["frame.number"][0]): {int(value, 0) for value in row["_ws.expert.severity"]} for row in rows}
    assert set(shown) == {finding["frame"] for finding in found}
    assert all(SEVERITIES[finding["severity"]] in shown[finding["frame"]] for finding in found)
    others = {finding["frame"] for finding in found if finding["severity"] == "warning"}
    assert others == {int(row["frame.number"][0]) for row in spiscope.rows("v1_dpd", ("frame.number",), (MIN_10,), display_filter="spiscope.raised")}


@pytest.mark.parametrize("capture", ["v2_flap", "churn", "stale"])
def test_the_details_say_each_sentence_once(spiscope, capture):
    rows = spiscope.rows(capture, ("frame.number", "spiscope.finding.text"), display_filter="spiscope.finding")
    details = spiscope.tshark("-n", "-V", "-r", spiscope.path(capture), "-Y", "spiscope.finding").stdout
    frames = re.split(r"^Frame \d+: ", details, flags=re.M)[1:]
    assert len(frames) == len(rows) > 0
    for row, frame in zip(rows, frames):
        for text in row["spiscope.finding.text"]:
            assert frame.count(text) == 1, text


def test_a_finding_names_the_spi_that_it_is_about(spiscope):
    """It stands on the packet that shows it: of churn, the first one of the next SPI."""
    rows = spiscope.rows("churn", ("frame.number", "esp.spi", "spiscope.finding", "spiscope.finding.spi", "spiscope.finding.text"), display_filter="spiscope.spi_churn")
    assert rows
    for row in rows:
        spis = {int(spi, 0) for spi in row["spiscope.finding.spi"]}
        assert len(row["spiscope.finding.spi"]) == len(row["spiscope.finding"]) and int(row["esp.spi"][0], 0) not in spis
        assert all(f"0x{spi:08x}" in " ".join(row["spiscope.finding.text"]) for spi in spis)
    said = [int(finding["spi"], 16) for tunnel in outputs(spiscope, "churn", False, ()).json["tunnels"] for finding in tunnel["findings"]
            if finding["key"] == "spi_churn"]
    assert set(said) <= {int(spi, 0) for row in rows for spi in row["spiscope.finding.spi"]} and len(said) >= len(rows)

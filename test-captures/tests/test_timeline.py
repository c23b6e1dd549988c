# SPDX-License-Identifier: GPL-2.0-or-later
"""-z spiscope,timeline,FILE.svg: well-formed, self-contained, and with exactly the SAs of the JSON; what comes from a capture is never markup.

The JSON itself is held against stock tshark and the daemons' logs in test_json.py."""
import os
import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime, timezone

import make_ike
import pytest
from cases.hostile import TEXT_MARK, TEXTS
from harness import LAB, MIN_10, SYNTHETIC
from outputs import outputs, run, run_ahead
from test_ike_third_party import CAPTURES as THIRD_PARTY
from test_ike_third_party import FOLDER
from test_profile import SIGHT, contrast, distance

FEW = 5                         # tunnels that are all drawn in full
LEFT, RIGHT = 180, 1170         # of the lanes, pixels
SVG = "{http://www.w3.org/2000/svg}"
# Nothing that runs, loads, links or refers
ELEMENTS = {"svg": {"width", "height", "viewBox"}, "title": set(), "style": set(), "text": {"x", "y", "class"},
            "rect": {"x", "y", "width", "height", "class", "fill", "data-sas", "data-ike", "data-outage"}, "path": {"d", "class"}}
IKE = sorted(set(make_ike.CASES) - {"ike_hostile_chains"})
CASES = [(name, keys, (MIN_10,)) for name in LAB for keys in (True, False)] + [(name, False, ()) for name in SYNTHETIC]
IDS = [f"{name}{'-keyed' if keys else ''}" for name, keys, _ in CASES]
EARLY = "early"
NUMBER = re.compile(r"-?\d+(\.\d+)?")
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


@pytest.fixture(scope="module")
def ahead(spiscope):
    run_ahead(spiscope, CASES)


@pytest.fixture(scope="module")
def all_ike(spiscope, constructed_ike):
    run_ahead(spiscope, [(name, False, ()) for name in IKE])


@pytest.fixture(scope="module")
def third_party(spiscope):
    """Name -> path of a copy that tshark may read; all are being read."""
    folder = spiscope.readable_copy_dir("timeline-third-party")
    copies = {name: folder / name.replace("/", "_") for name in THIRD_PARTY}
    for name, copy in copies.items():
        shutil.copy(FOLDER / name, copy)
        copy.chmod(0o644)
    run_ahead(spiscope, [(str(copy), False, ()) for copy in copies.values()])
    return {name: str(copy) for name, copy in copies.items()}


def tag(element):
    assert element.tag.startswith(SVG), element.tag
    return element.tag.removeprefix(SVG)


def ids(root, kind):
    """Every number in data-sas or data-ike, as often as it is there."""
    return Counter(int(number) for element in root.iter() for number in element.get(f"data-{kind}", "").split())


def bars(root, kind="sas"):
    return [element for element in root.iter(f"{SVG}rect") if element.get(f"data-{kind}")]


def check_form(svg):
    """Parses it, and looks at every element and attribute."""
    root = ET.fromstring(svg)       # as a browser: what is not well-formed is refused
    assert "<!" not in svg and svg.count("<?") == 1
    for element in root.iter():
        assert set(element.attrib) <= ELEMENTS[tag(element)], element.attrib
        for name in ("x", "y", "width", "height"):
            assert NUMBER.fullmatch(element.get(name, "0")), element.attrib
    style = "".join(element.text for element in root.iter(f"{SVG}style"))
    assert "url" not in style and "@" not in style
    width, height = int(root.get("width")), int(root.get("height"))
    assert root.get("viewBox") == f"0 0 {width} {height}"
    for bar in [*bars(root), *bars(root, "ike")]:
        left, top = float(bar.get("x")), float(bar.get("y"))
        assert 0 < left and left + float(bar.get("width")) <= width, bar.attrib
        assert 0 < top and top + float(bar.get("height")) <= height, bar.attrib
    return root


def marks(root):
    """How many findings the marks name."""
    count = 0
    for path in root.iter(f"{SVG}path"):
        lines = path.findtext(f"{SVG}title", "").splitlines()
        count += sum(1 for line in lines if re.fullmatch(r"frame \d+: \w+", line))
        count += sum(int(more[1]) for line in lines if (more := re.fullmatch(r"and (\d+) more", line)))
    return count


def check(output):
    root = check_form(output.svg)
    tunnels = output.json["tunnels"]
    if len(tunnels) > FEW:                      # those that are well are a strip each
        tunnels = [tunnel for tunnel in tunnels if tunnel["verdict"]["state"] not in ("stable", "idle", "unknown")]
    for kind, member in (("sas", "sas"), ("ike", "ike_sas")):
        assert ids(root, kind) == Counter(sa["id"] for tunnel in tunnels for sa in tunnel[member])
    assert marks(root) == sum(len(tunnel["findings"]) for tunnel in tunnels)
    return root


# --- every capture ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture, keys, options", CASES, ids=IDS)
def test_holds_the_sas_of_the_json(spiscope, ahead, capture, keys, options):
    check(outputs(spiscope, capture, keys, options))


@pytest.mark.parametrize("name", IKE)
def test_constructed_ike(spiscope, all_ike, name):
    check(outputs(spiscope, name, False, ()))


def test_chains_of_thousands_of_payloads(spiscope, constructed_ike):
    """Stock tshark complains of them itself: test_synthetic_ike.py"""
    check(run(spiscope, "ike_hostile_chains", may_complain=True))


@pytest.mark.skipif(not THIRD_PARTY, reason=f"no captures in {FOLDER}")
@pytest.mark.parametrize("name", THIRD_PARTY or ["none"])
def test_third_party(spiscope, third_party, name):
    check(outputs(spiscope, third_party[name], False, ()))


def test_a_bar_tells_what_the_json_tells(spiscope):
    output = outputs(spiscope, "v2_dup", True)
    single = {int(bar.get("data-sas")): bar for bar in bars(check(output)) if " " not in bar.get("data-sas")}
    sas = {sa["id"]: sa for tunnel in output.json["tunnels"] for sa in tunnel["sas"]}
    assert len(single) > 10
    for number, bar in single.items():
        sa, title = sas[number], bar.findtext(f"{SVG}title")
        for part in (sa["spi"], f"{sa['source']} to {sa['destination']}", f"frames {sa['first_frame']} to {sa['last_frame']}", f"{sa['packets']} packet{'s' if sa['packets'] != 1 else ''},"):
            assert part in title
    # where a bar begins and ends, in shares of the capture's time
    begin, end = output.json["capture"]["first"], output.json["capture"]["last"]
    left, right = 180, 1170
    for number, bar in single.items():
        share = (sas[number]["birth"] - begin) / (end - begin)
        assert float(bar.get("x")) == pytest.approx(left + share * (right - left), abs=0.1)


def test_lanes_are_lineages(spiscope):
    """The SAs of a lineage stand in one lane, parallel lineages in lanes of their own."""
    output = outputs(spiscope, "k_v2_parallel", True)
    y = {int(bar.get("data-sas")): bar.get("y") for bar in bars(check(output)) if " " not in bar.get("data-sas")}
    sas = output.json["tunnels"][0]["sas"]
    by_spi = {(sa["destination"], sa["spi"]): sa["id"] for sa in sas}
    linked = [(sa["id"], by_spi[sa["destination"], sa["replaced_by"]]) for sa in sas if sa["replaced_by"]]
    assert len(linked) >= 8 and all(y[one] == y[other] for one, other in linked if one in y and other in y)
    assert len(set(y.values())) == 4


# --- few and many -----------------------------------------------------------------------------------------------------

def esp(time, source, destination, spi, sequence):
    packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 88, 0, 0, 64, 50, 0, source, destination) + struct.pack(">II", spi, sequence) + bytes(60)
    frame = bytes(12) + b"\x08\x00" + packet
    return struct.pack("<IIII", 1_700_000_000 + time // 1000, time % 1000 * 1000, len(frame), len(frame)) + frame


def write_generations(spiscope, name, count, life):
    """count SAs a direction, each for so many milliseconds, with four packets."""
    a, b = bytes((198, 51, 100, 1)), bytes((203, 0, 113, 1))
    data = [PCAP_HEADER]
    for n in range(count):
        for k in range(4):
            time = n * life + k * life // 4
            data += [esp(time, a, b, 0x10000000 + n, k + 1), esp(time + 20, b, a, 0x20000000 + n, k + 1)]
    path = spiscope.readable_copy_dir("timeline") / name
    path.write_bytes(b"".join(data))
    path.chmod(0o644)
    return str(path)


@pytest.mark.parametrize("life, early", [(3000, True), (3_600_000, False)], ids=["churning", "healthy"])
def test_3000_sas_are_grouped(spiscope, life, early):
    """One lane a direction, in few bars; a group is orange only if one of its SAs did not last."""
    output = outputs(spiscope, write_generations(spiscope, f"many-{early}.pcap", 1500, life), False, ())
    root = check(output)
    drawn = bars(root)
    assert sum(ids(root, "sas").values()) == 3000
    assert len(drawn) <= 200 and len({bar.get("y") for bar in drawn}) == 2 and int(root.get("height")) < 400
    groups = [bar for bar in drawn if " " in bar.get("data-sas")]
    assert groups and all("many" in bar.get("class").split() for bar in groups)
    assert {EARLY in bar.get("class").split() for bar in groups} == {early}
    for group in groups:
        assert group.findtext(f"{SVG}title").startswith(f"{len(group.get('data-sas').split())} SAs as one")
    assert sum(1 for element in root.iter()) < 2000


def count_of(bar):
    """How many SAs it stands for."""
    many = re.match(r"(\d+) SAs as one", bar.findtext(f"{SVG}title"))
    return int(many[1]) if many else len(bar.get("data-sas").split())


def test_bars_of_many_lanes_have_an_end(spiscope):
    """30 SAs at a time, each for 40 pixels' worth of time or less: ten thousand bars that could be seen apart would be too many."""
    a, b, side_by_side, generations = bytes((198, 51, 100, 1)), bytes((203, 0, 113, 1)), 30, 300
    packets = []
    for n in range(generations):
        for k in range(side_by_side):
            packets += [(n * 4000 + k * 130 + part, 0x10000000 + n * side_by_side + k, i + 1) for i, part in enumerate((0, 2000, 5000))]
    path = spiscope.readable_copy_dir("timeline") / "side-by-side.pcap"
    path.write_bytes(PCAP_HEADER + b"".join(esp(time, a, b, spi, sequence) for time, spi, sequence in sorted(packets)))
    path.chmod(0o644)
    output = outputs(spiscope, str(path), False, ())
    root = check_form(output.svg)
    drawn = bars(root)
    assert len(output.json["tunnels"][0]["sas"]) == sum(map(count_of, drawn)) == side_by_side * generations
    assert 100 <= len(drawn) <= 1000 and len(output.svg) < 2_000_000
    assert all(len(bar.get("data-sas").split()) == min(count_of(bar), 100) for bar in drawn)


def test_three_sas_are_bars_with_their_spi(spiscope):
    path = write_generations(spiscope, "few.pcap", 2, 40_000)
    root = check(outputs(spiscope, path, False, MIN_10))
    assert sorted(bar.get("data-sas") for bar in bars(root)) == ["0", "1", "2", "3"]
    labels = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "spi"]
    assert labels == ["0x10000000", "0x10000001", "0x20000000", "0x20000001"]


# --- the picture ------------------------------------------------------------------------------------------------------

def test_no_locale_puts_commas_into_numbers(spiscope):
    """tshark takes the user's locale; a German one writes 0,5."""
    folder = spiscope.readable_copy_dir("locales")
    made = subprocess.run(["localedef", "-f", "UTF-8", "-i", "de_DE", folder / "de_DE.UTF-8"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, f"needs the package locales: {made.stderr}"
    german = {"LC_ALL": "de_DE.UTF-8", "LOCPATH": str(folder)}
    assert run(spiscope, "v2_flap", **german) == outputs(spiscope, "v2_flap", False, ())
    stock = spiscope.tshark("-n", "-q", "-r", spiscope.path("v2_flap"), "-z", "conv,ip", **german).stdout
    assert re.search(r"\d,\d", stock), "the locale has no effect on tshark itself: this test shows nothing"


def styles(root):
    text = "".join(element.text for element in root.iter(f"{SVG}style"))
    return {name: tuple(int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)) for name, colour in re.findall(r"\.(\w+)\{fill:#([0-9a-f]{6})\b", text)}


def test_colours_of_bars_can_be_told_apart_and_read_on(spiscope):
    style = styles(check(outputs(spiscope, "v2_flap")))
    kinds = ("used", "replaced", "early", "deleted", "ike")
    for kind in kinds:
        assert contrast(style[kind], (1, 1, 1)) >= 4.5, f"the white SPI on {kind}"
    for sight in SIGHT:
        for one in kinds:
            for other in kinds:
                assert one == other or distance(style[one], style[other], sight) > 12, f"{one} and {other} in {sight}"


@pytest.mark.parametrize("capture, step, form", [("v2_flap", 10, "%H:%M:%S"), ("clean_rekey", 15 * 60, "%H:%M")])
def test_times_on_the_axis_are_those_of_a_clock(spiscope, capture, step, form):
    """Every full step of the day within the capture, and the grid lines where these times are."""
    output = outputs(spiscope, capture, False, ())
    root, first, last = check(output), output.json["capture"]["first"], output.json["capture"]["last"]
    times = [time for time in range(int(first // step) * step, int(last) + 1, step) if first <= time <= last]
    assert len(times) >= 6
    ticks = [text for text in root.iter(f"{SVG}text") if text.get("class") == "tick"]
    assert [tick.text for tick in ticks] == [datetime.fromtimestamp(time, timezone.utc).strftime(form) for time in times]
    for tick, time in zip(ticks, times):
        assert float(tick.get("x")) == pytest.approx(LEFT + (time - first) / (last - first) * (RIGHT - LEFT), abs=0.06)


# --- hostile ----------------------------------------------------------------------------------------------------------

MARK = TEXT_MARK.decode()


def test_text_of_a_capture_is_no_markup_and_no_command(spiscope, constructed_ike):
    """Its identities, vendor IDs, certificates and notifies lie in reach: tshark shows them, and they come with findings."""
    path = spiscope.path("ike_hostile_text")
    shown = spiscope.tshark("-n", "-r", path, "-T", "fields", "-e", "isakmp.id.data.fqdn", "-e", "isakmp.vid_string").stdout
    assert "<script>" in shown
    output = outputs(spiscope, "ike_hostile_text", False, ())
    root = check(output)
    keys = Counter(finding["key"] for tunnel in output.json["tunnels"] for finding in tunnel["findings"])
    assert keys["proxy_id_mismatch"] >= len(TEXTS)
    for text in (output.svg, output.text, output.report, "".join(root.itertext())):
        assert MARK not in text and "script" not in text and "owned" not in text
    assert re.fullmatch(r"[\x20-\x7e\n]*", output.report)
    assert re.fullmatch(r"[^\x00-\x1f\x7f-\x9f]*\n?", output.text)
    table = spiscope.tshark("-n", "-q", "-r", path, "-z", "spiscope,sa", "-z", "spiscope,tunnel").stdout
    assert re.fullmatch(r"[\x20-\x7e\n]*", table) and MARK not in table


NAMES = [b"<script>alert(1)<&script>.pcap", b"]]>&\"'--><!--.pcap", b"\x1b[31m\x1b]0;owned\x07.pcap", b"line\nline\r\x01\x7f.pcap", b"\xc2\x9b31m.pcap",
         "\u202e\ufffe\u2028\U0001f600.pcap".encode(), b"\xff\xc0\xaf.pcap", b"%s%n%x {} \\u0041.pcap"]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name) for name in NAMES])
def test_name_of_a_capture_is_no_markup_and_no_command(spiscope, name):
    """The one text from outside that all three outputs print."""
    path = bytes(spiscope.readable_copy_dir("names")) + b"/" + name
    shutil.copy(spiscope.path("v2_idle"), path)
    output = run(spiscope, os.fsdecode(path))
    root = check(output)
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = None
    assert output.json["capture"]["file"] == text
    assert re.fullmatch(r"[\x20-\x7e\n]*", output.report)
    title = root.findtext(f"{SVG}title")
    if text:    # a parser ends lines with \n
        assert title == "SPIscope timeline of " + re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe]", "\ufffd", text)

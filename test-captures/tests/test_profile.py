# SPDX-License-Identifier: GPL-2.0-or-later
"""The Wireshark profile in plugin/profile/SPIscope: every column, colour, button and graph of it works with the plugin.

Nothing here starts Wireshark's window: tshark reads the same files, and what it does not read (buttons, graphs, widths) is
read here and handed to it piece by piece.
"""
import csv
import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import TEST_CAPTURES

PROFILE = TEST_CAPTURES.parent / "plugin" / "profile" / "SPIscope"
FINDINGS = TEST_CAPTURES.parent / "plugin" / "judge" / "finding.h"
NEEDS_A_SELECTED_PACKET = re.compile(r"\$\{([\w.]+)\}")
NUMBERS = {"FT_UINT8", "FT_UINT16", "FT_UINT32", "FT_UINT64", "FT_INT32", "FT_INT64", "FT_FLOAT", "FT_DOUBLE", "FT_RELATIVE_TIME"}
# Wireshark's names for what a graph can show of a field, and the types it can do it for; None: any
CALCULATIONS = {"COUNT FRAMES": None, "COUNT FIELDS": None, "SUM": NUMBERS, "MAX": NUMBERS, "MIN": NUMBERS, "AVG": NUMBERS,
                "LOAD": {"FT_RELATIVE_TIME"}}
PLAIN = {"Packets", "Bytes", "Bits"}
# names that 4.0, 4.4 and 4.6 share
STYLES = {"Line", "Step Line", "Impulse", "Bar", "Stacked Bar", "Dot", "Square", "Diamond", "Cross", "Plus", "Circle"}


# --- reading the files ------------------------------------------------------------------------------------------------

def lines_of(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def table_of(text, names):
    """A Wireshark table (UAT): one line a row, every cell in quotes."""
    rows = []
    for cells in csv.reader(lines_of(text)):
        assert len(cells) == len(names), f"{len(names)} cells are needed: {cells}"
        rows.append(dict(zip(names, cells)))
    return rows


def buttons():
    return table_of((PROFILE / "dfilter_buttons").read_text(), ("shown", "label", "filter", "tooltip"))


def graphs():
    return table_of((PROFILE / "io_graphs").read_text(),
                    ("shown", "name", "filter", "colour", "style", "value", "field", "average", "factor"))


def colours():
    """(name, filter, background, text), in their order; a colour is three numbers from 0 to 1."""
    rules = []
    for line in lines_of((PROFILE / "colorfilters").read_text()):
        rule = re.fullmatch(r"@([^@#]+)@([^@]+)@\[(\d+,\d+,\d+)\]\[(\d+,\d+,\d+)\]", line)
        assert rule, f"not a colouring rule: {line}"
        rules.append((rule[1], rule[2], *(tuple(int(part) / 65535 for part in rule[i].split(",")) for i in (3, 4))))
    return rules


def columns():
    text = (PROFILE / "preferences").read_text()
    lines = re.search(r"^gui\.column\.format: *\n((?:\t.*\n)+)", text, re.MULTILINE)[1]
    return re.findall(r'^\t"([^"]+)", "([^"]+)",?$', lines, re.MULTILINE)


def custom_fields():
    return [re.fullmatch(r"%Cus:([\w.]+):0:R", form)[1] for _title, form in columns() if form.startswith("%Cus")]


def findings_in(expression):
    known = re.findall(r'\bX\(\w+, "(\w+)"', FINDINGS.read_text())
    return [name for name in re.findall(r"\bspiscope\.(\w+)", expression) if name in known]


# --- running tshark with the profile ----------------------------------------------------------------------------------

class Profile:
    """tshark -C SPIscope, with a copy of the profile in a settings folder of its own."""

    def __init__(self, harness):
        self.harness = harness
        self.compiled = set()
        self.settings = harness.room / "settings"
        self.copy = self.settings / "profiles" / "SPIscope"
        shutil.copytree(PROFILE, self.copy)
        for path in [self.settings, *self.settings.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
            harness.give(path)

    def run(self, capture, *arguments):
        return subprocess.run([*self.harness.as_nobody(), "tshark", "-C", "SPIscope", "-n", "-r", str(self.harness.path(capture)), *arguments],
                              env=self.harness.environment(self.settings), cwd=self.harness.room, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)

    def says(self, capture, *arguments):
        done = self.run(capture, *arguments)
        assert done.returncode == 0, done.stderr
        assert not done.stderr.strip(), done.stderr
        return done.stdout

    def compiles(self, expression):
        if expression not in self.compiled:
            self.says("v2_flap", "-Y", expression, "-c", "1")
            self.compiled.add(expression)


@pytest.fixture(scope="module")
def profile(spiscope):
    return Profile(spiscope)


# --- the whole --------------------------------------------------------------------------------------------------------

def test_holds_these_files_and_no_others():
    assert {path.name for path in PROFILE.iterdir()} == {"preferences", "colorfilters", "dfilter_buttons", "io_graphs", "recent"}


def test_loads_without_a_word(profile):
    """tshark complains of preferences and colouring rules that it does not know: see the next test."""
    assert len(profile.says("v2_flap", "--color").splitlines()) == 216


@pytest.mark.parametrize("name, old, new, complaint", [
    ("preferences", "spiscope.info_column", "spiscope.nothing", "No such preference"),
    ("colorfilters", "spiscope.flapping", "spiscope.nothing", "Could not compile"),
])
def test_faults_are_complained_of(profile, name, old, new, complaint):
    good = (profile.copy / name).read_text()
    assert old in good
    try:
        (profile.copy / name).write_text(good.replace(old, new))
        assert complaint in profile.run("v2_flap", "--color", "-c", "1").stderr
    finally:
        (profile.copy / name).write_text(good)


def test_a_filter_with_a_fault_is_refused(profile):
    with pytest.raises(AssertionError, match="spiscope.nothing"):
        profile.compiles("spiscope.nothing")


def test_preferences_exist(spiscope):
    names = re.findall(r"^([\w.]+):", (PROFILE / "preferences").read_text(), re.MULTILINE)
    assert names == ["gui.column.format", "spiscope.info_column"]
    current = spiscope.tshark("-G", "currentprefs", keys=PROFILE).stdout
    for name in names:
        assert re.search(rf"^#?{re.escape(name)}:", current, re.MULTILINE), f"{name} is no preference"
    assert "\nspiscope.info_column: FALSE\n" in current


# --- columns ----------------------------------------------------------------------------------------------------------

def test_columns_are_those_of_issue_5():
    assert [title for title, _ in columns()] == ["No.", "Time", "Source", "Destination", "Protocol", "Length", "Tunnel", "SPI", "SA age",
                                                 "Finding", "Info"]
    assert custom_fields() == ["spiscope.tunnel", "spiscope.sa.spi", "spiscope.sa.age_text", "spiscope.mark"]


def test_columns_have_fields(spiscope):
    assert set(custom_fields()) <= spiscope.registered.keys()


def test_columns_are_printed(profile):
    """Frames 95 and 96 of v2_flap, at 25.906470 s and 25.906819 s: the new SAs that make the tunnel flap. The IKE_AUTH that made them was answered in
    frame 94, at 25.896663 s; the one before, in frame 76, at 20.8 s, and its SAs carried nothing from frame 88 on (23.345645 s: no ESP) to frame 95, or
    since the Delete of frame 89, at 24.842920 s. Frame 103, at 27.963991 s, is 2.067328 s after frame 94."""
    rows = [[cell.strip() for cell in row.split("\t")] for row in profile.says("v2_flap", "-2", "-T", "tabs").splitlines()]
    assert rows[94] == ["95", "25.906470", "192.0.2.1", "→", "192.0.2.2", "ESP", "242", "0", "0xd04a0998", "0.0",
                        "outage: 1.0 s, flapping, spi_churn", "ESP (SPI=0xd04a0998)"]
    assert rows[95][-2:] == ["flapping: 0xdf0e83aa lived 5.1 s, spi_churn", "ESP (SPI=0x6a1d9610)"]
    assert rows[102][-3:] == ["2.0", "", "ESP (SPI=0xd04a0998)"]
    assert rows[-1][-2] == "tunnel 0 flapping: deleted_by_peer"


def test_widths_are_those_of_the_columns():
    """As Wireshark writes them: without ":0:R"."""
    widths = re.findall(r'^\t"?(%[^",\s]+)"?, (\d+)', (PROFILE / "recent").read_text(), re.MULTILINE)
    assert [form for form, _ in widths] == [form.removesuffix(":0:R") for _, form in columns()]
    assert all(30 < int(width) < 500 for _, width in widths)


# --- colours ----------------------------------------------------------------------------------------------------------

def linear(colour):
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]


def luminance(light):
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one, other):
    """WCAG 2: from 1 to 21."""
    dark, bright = sorted((luminance(linear(one)), luminance(linear(other))))
    return (bright + 0.05) / (dark + 0.05)


# Machado, Oliveira, Fernandes 2009, for complete colour blindness of each kind: how linear red, green and blue are seen
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def seen(colour, sight):
    """As CIE Lab: a distance of about 2 can just be seen."""
    light = [min(1, max(0, sum(weight * part for weight, part in zip(row, linear(colour))))) for row in SIGHT[sight]]
    x = 0.4124 * light[0] + 0.3576 * light[1] + 0.1805 * light[2]
    z = 0.0193 * light[0] + 0.1192 * light[1] + 0.9505 * light[2]
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x / 0.9505, luminance(light), z / 1.089))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one, other, sight):
    return sum((a - b) ** 2 for a, b in zip(seen(one, sight), seen(other, sight))) ** 0.5


def test_the_computation_itself():
    red, green = (0.8, 0.2, 0.2), (0.45, 0.45, 0.1)
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((119 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.48, abs=0.01)
    assert distance(red, green, "normal") > 2 * distance(red, green, "deuteranopia")


@pytest.mark.parametrize("name, background, text", [(rule[0], rule[2], rule[3]) for rule in colours()])
def test_text_can_be_read(name, background, text):
    assert contrast(background, text) >= 4.5, name


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_can_be_told_apart(sight):
    for one, other in itertools.combinations(colours(), 2):
        assert distance(one[2], other[2], sight) > 12, f"{one[0]} and {other[0]}"


@pytest.mark.parametrize("name, expression", [rule[:2] for rule in colours()])
def test_colouring_rule_compiles(profile, name, expression):
    profile.compiles(expression)


def test_each_finding_has_a_colour_and_none_is_hidden():
    """The last rule with findings takes what the others leave; IKE comes after it. ESP has none: it is most of a capture, and a bright colour
    of its own would glare in a dark theme."""
    names = [rule[0] for rule in colours()]
    assert colours()[-2][1] == "spiscope.finding" and names[-1] == "IKE"
    named = [finding for rule in colours() for finding in findings_in(rule[1])]
    assert len(named) == len(set(named)), "a finding has two colours"


@pytest.mark.parametrize("capture, frame, rule", [("v2_flap", 95, "Flapping"), ("v2_flap", 60, "SPI churn"), ("v1_life_mismatch", 44, "Lifetime"),
                                                  ("v2_flap", 1, "IKE"), ("v2_flap", 5, ""), ("stale", None, "Stale SPI, sequence, one-way")])
def test_tshark_takes_the_rule(profile, capture, frame, rule):
    """tshark applies the profile's rules, and names the one that matched, like Wireshark."""
    text = profile.says(capture, "--color", "-2", "-T", "fields", "-e", "frame.number", "-e", "frame.coloring_rule.name")
    taken = [(line + "\t").split("\t")[:2] for line in re.sub(r"\x1b\[[\d;]*[mK]", "", text).splitlines()]
    assert any(name == rule and (frame is None or int(number) == frame) for number, name in taken), taken


# --- buttons ----------------------------------------------------------------------------------------------------------

def test_buttons_are_those_of_issue_5():
    assert {"Churn", "Proxy ID", "Lifetimes", "Refused", "This tunnel", "IKE"} <= {button["label"] for button in buttons()}
    assert all(button["shown"] == "TRUE" and button["tooltip"] for button in buttons())


@pytest.mark.parametrize("button", buttons(), ids=lambda button: button["label"])
def test_button_compiles(profile, spiscope, button):
    profile.compiles(button["filter"])
    for field in NEEDS_A_SELECTED_PACKET.findall(button["filter"]):
        assert field in spiscope.registered or field == "frame.number"


@pytest.mark.parametrize("label, keys", [("Findings", None), ("Churn", {"outage", "flapping", "spi_churn"}),
                                         ("Lifetimes", {"phase1_lifetime_mismatch"})])
def test_button_shows(profile, label, keys, capture="v1_life_mismatch"):
    """The frames on which one of these findings stands; B offers another lifetime in frame 44."""
    rows = profile.harness.full(capture, passes=2)
    frames = {finding.frame for finding in profile.harness.findings(capture, passes=2) if keys is None or finding.key in keys}
    if keys is None:        # and what they rest on, and the tunnel's last packet
        frames |= {int(evidence) for row in rows for evidence in row["spiscope.evidence"]}
        frames.add(max(int(row["frame.number"][0]) for row in rows if row["spiscope.tunnel"]))
    assert frames if label != "Lifetimes" else frames == {44}
    expression = next(button["filter"] for button in buttons() if button["label"] == label)
    shown = profile.says(capture, "-2", "-Y", expression, "-T", "fields", "-e", "frame.number").split()
    assert set(map(int, shown)) == frames


def test_buttons_that_go_by_the_selected_packet():
    """With no packet selected, as in tshark, they match nothing; test that they say what they mean. The selected packet stays, whatever it is: a
    list without any packet leaves none to select for the next try."""
    by_label = {button["label"]: button["filter"] for button in buttons()}
    assert by_label["This tunnel"] == "spiscope.tunnel == ${spiscope.tunnel} || frame.number == ${frame.number}"
    assert by_label["This SPI"] == "spiscope.sa.spi == ${spiscope.sa.spi} || frame.number == ${frame.number}"
    assert all("select one of" in button["tooltip"] for button in buttons() if "${" in button["filter"]), "it says what it needs"


# --- graphs -----------------------------------------------------------------------------------------------------------

def fault_of(graph, kinds):
    """What Wireshark would reject about a graph, or None; kinds is field -> type."""
    if graph["shown"] not in ("Enabled", "Disabled") or graph["style"] not in STYLES or graph["average"] != "None" or graph["factor"] != "1":
        return "a setting"
    if not re.fullmatch("#[0-9A-F]{6}", graph["colour"]):
        return "colour"
    if graph["value"] in PLAIN:
        return "field without calculation" if graph["field"] else None
    calculation = graph["value"].removesuffix("(Y Field)")
    if calculation == graph["value"] or calculation not in CALCULATIONS:
        return "calculation"
    if graph["field"] not in kinds:
        return "field"
    wanted = CALCULATIONS[calculation]
    return "type" if wanted and kinds[graph["field"]] not in wanted else None


def kinds_of(spiscope):
    return {name: part[0] for name, part in spiscope.registered.items()}


@pytest.mark.parametrize("graph", graphs(), ids=lambda graph: graph["name"])
def test_graph_is_valid(profile, spiscope, graph):
    assert fault_of(graph, kinds_of(spiscope)) is None
    if graph["filter"]:
        profile.compiles(graph["filter"])


@pytest.mark.parametrize("change, fault", [({"field": "spiscope.finding"}, "type"), ({"field": "spiscope.nothing"}, "field"),
                                           ({"value": "MOST(Y Field)"}, "calculation"), ({"value": "Packets"}, "field without calculation"),
                                           ({"style": "Dashes"}, "a setting"), ({"colour": "red"}, "colour")])
def test_faults_of_a_graph_are_seen(spiscope, change, fault):
    age = next(graph for graph in graphs() if graph["field"] == "spiscope.sa.age")
    assert fault_of({**age, **change}, kinds_of(spiscope)) == fault


@pytest.mark.parametrize("name, capture", [("SA age in s", "v2_flap"), ("SPI changes", "v2_flap"), ("ESP, lower address", "v2_flap"),
                                           ("ESP, higher address", "ipv6"), ("Lost so far on an SA", "loss")])
def test_graph_shows_something(profile, name, capture):
    """tshark's io,stat knows the same calculations; it wants the field in the filter too."""
    graph = next(graph for graph in graphs() if graph["name"] == name)
    expression = graph["filter"]
    if graph["field"]:
        calculation = graph["value"].removesuffix("(Y Field)").replace("COUNT FIELDS", "COUNT")
        condition = f"({expression}) && {graph['field']}" if expression else graph["field"]
        expression = f"{calculation}({graph['field']}){condition}"
    text = profile.says(capture, "-2", "-q", "-z", f"io,stat,0,{expression}")
    row = next(line for line in text.splitlines() if "<>" in line)
    value = row.strip("| ").split("|")[1].split()[0]
    assert float(value) > 0, text


@pytest.mark.parametrize("capture", ["v2_flap", "churn", "k_v2_healthy", "v1_life_ends"])
def test_the_line_of_spi_changes_counts_each_where_it_happened(profile, spiscope, capture):
    """In the frame in which the new SPI appears, which may be long before the rekey is told of."""
    expression = next(graph["filter"] for graph in graphs() if graph["name"] == "SPI changes")
    shown = profile.says(capture, "-2", "-Y", expression, "-T", "fields", "-e", "frame.number").split()
    assert sorted(map(int, shown)) == sorted(sa["first_frame"] for sa in spiscope.sa_table(capture).values() if "replaces" in sa)


def test_the_saw_teeth_are_as_high_as_the_sas_are_old(profile):
    """v2_flap: SAs that live for 2.5 s, with a packet every half second."""
    text = profile.says("v2_flap", "-q", "-z", "io,stat,0,MAX(spiscope.sa.age)spiscope.sa.age")
    row = next(line for line in text.splitlines() if "<>" in line)
    assert 2 < float(row.strip("| ").split("|")[1]) < 3


def test_graphs_are_those_of_issue_5():
    assert len(graphs()) == 5 and len({graph["colour"] for graph in graphs()}) == 5
    directions = [graph["filter"] for graph in graphs() if graph["name"].startswith("ESP")]
    assert directions[0].replace("<", ">") == directions[1], "each packet is in one direction"

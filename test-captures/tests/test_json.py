# SPDX-License-Identifier: GPL-2.0-or-later
"""-z spiscope,json and -z spiscope,report: the schema, their agreement, what they must never print, and how they refuse."""
import copy
import json
import os
import re
import struct
import subprocess

import jsonschema
import pytest
from frames import ESP, ETHERNET_IPV4, ip_header
from harness import LAB, MIN_10, SYNTHETIC, TEST_CAPTURES
from outputs import VERDICT, outputs, run_ahead
from test_ike_third_party import CAPTURES as THIRD_PARTY
from test_ike_third_party import FOLDER, KEYED, options_of

SCHEMA = json.loads((TEST_CAPTURES.parent / "plugin" / "report.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
COLUMNS, LABEL = 80, 12

# Of the synthetic ones, a part: test_batch.py checks the JSON of all. The same jobs as in test_verdict.py and test_keyless_bounds.py, so that most run only once
CASES = [(name, keys, (MIN_10,)) for name in LAB for keys in (True, False)] + [(name, False, ()) for name in SYNTHETIC[::4]] \
    + [(str(FOLDER / name), False, options_of(name)) for name in KEYED]
IDS = [f"{name.rpartition('/')[2]}{'-keyed' if keys or options not in ((), (MIN_10,)) else ''}" for name, keys, options in CASES]
FEW = 5                 # tunnels that are all told in full
each_case = pytest.mark.parametrize("capture, keys, options", CASES, ids=IDS)
# Captures whose JSON is held against counts of stock tshark
COUNTED = ["v2_healthy", "v1_flap", "k_v2_parallel", "k_v2_ipv6", "v2_one_way", "v2_volume"]
TWICE = ["v2_pfs_flap", "v2_nat3", "v1_life_mismatch", "v2_dup"]


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, CASES)


def epoch(text):
    """Seconds and nanoseconds of a JSON number, exactly."""
    seconds, nanoseconds = text.split(".")
    assert len(nanoseconds) == 9, text
    return int(seconds) * 10**9 + int(nanoseconds)


# --- the schema ---------------------------------------------------------------------------------------------------------

def test_the_schema_is_a_schema_and_is_strict():
    """Every object names all of its members, and allows no others."""
    VALIDATOR.check_schema(SCHEMA)

    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False and set(node["required"]) == set(node["properties"])
            for each in node.values():
                objects(each)
        elif isinstance(node, list):
            for each in node:
                objects(each)
    objects(SCHEMA)


def test_the_schema_refuses_what_is_wrong(spiscope):
    good = outputs(spiscope, "v2_flap").json
    for path, wrong in ((("schema",), 1), (("capture", "frames"), -1), (("tunnels", 0, "verdict", "cause"), "stable"), (("tunnels", 0, "verdict", "state"), "none"),
                        (("tunnels", 0, "sas", 0, "spi"), "1234"), (("tunnels", 0, "findings", 0, "confidence"), None)):
        bad = copy.deepcopy(good)
        node = bad
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = wrong
        assert not VALIDATOR.is_valid(bad), path
        del node[path[-1]]
        assert not VALIDATOR.is_valid(bad), path


@each_case
def test_json_is_valid_and_one_line(spiscope, capture, keys, options):
    output = outputs(spiscope, capture, keys, options)
    VALIDATOR.validate(output.json)
    assert output.text.endswith("}\n") and output.text.count("\n") == 1
    assert output.json["capture"]["file"].rpartition("/")[2] == str(spiscope.path(capture)).rpartition("/")[2]


@each_case
def test_json_is_consistent_in_itself(spiscope, capture, keys, options):
    tunnels = outputs(spiscope, capture, keys, options).json["tunnels"]
    frames = outputs(spiscope, capture, keys, options).json["capture"]["frames"]
    assert [tunnel["id"] for tunnel in tunnels] == sorted({tunnel["id"] for tunnel in tunnels})
    numbers = [sa["id"] for tunnel in tunnels for sa in tunnel["sas"]]
    assert len(numbers) == len(set(numbers))
    for tunnel in tunnels:
        assert all(finding["sa"] is None or finding["sa"] in numbers for finding in tunnel["findings"])
        found = {frame for finding in tunnel["findings"] for frame in (finding["frame"], *finding["evidence"])}
        assert all(frame <= frames for frame in found)
        assert set(tunnel["verdict"]["evidence"]) <= found
        assert tunnel["verdict"]["evidence"] == sorted(tunnel["verdict"]["evidence"])


# --- the report ----------------------------------------------------------------------------------------------------------

@each_case
def test_report_and_json_agree(spiscope, capture, keys, options):
    output = outputs(spiscope, capture, keys, options)
    blocks = {int(block.split()[1]): block for block in re.split(r"^(?=Tunnel \d+ )", output.report, flags=re.M)[1:]}
    # of several tunnels, those that are not well have a line in the summary, and come again
    assert set(blocks) == {tunnel["id"] for tunnel in output.json["tunnels"]}
    for tunnel in output.json["tunnels"]:
        verdict, block = tunnel["verdict"], blocks[tunnel["id"]]
        words = " ".join(block.split())
        if len(blocks) > FEW and verdict["state"] in ("stable", "idle", "unknown"):
            assert words.startswith(f"Tunnel {tunnel['id']} {verdict['state']}: ")      # one of many that are well: a line
            continue
        assert VERDICT.findall(block) == [(verdict["state"], verdict["cause"], verdict["confidence"])]
        assert " ".join(verdict["summary"].replace("\u2194", "<->").split()) in words
        for name, texts in (("Missing", verdict["missing"]), ("Check", verdict["check"])):      # what another tunnel's block has is not said again
            other = re.search(rf" {name} as of tunnel (\d+) ", words)
            assert all(text in (" ".join(blocks[int(other[1])].split()) if other else words) for text in texts)
        if verdict["evidence"]:
            assert f"Evidence frame{'s' if len(verdict['evidence']) > 1 else ''} {', '.join(map(str, verdict['evidence']))} Filter" in words
        if tunnel["outages"]:                                   # each is in their log
            assert re.search(r" Outages (?:[\d-]+ )?\d\d:\d\d:\d\d\.\d{3} ", words)
        for key in {finding["key"] for finding in tunnel["findings"]} - {"outage"}:
            count = sum(finding["key"] == key for finding in tunnel["findings"])
            assert re.search(rf"Finding {key}, {f'{count} times' if count > 1 else 'once'}, ", words), key
    if not blocks:
        assert "No IPsec was seen." in output.report


@each_case
def test_report_is_plain_ascii_and_narrow(spiscope, capture, keys, options):
    """A word that is longer than a line may stand alone."""
    report = outputs(spiscope, capture, keys, options).report
    assert re.fullmatch(r"[\n -~]*", report)
    assert not [line for line in report.splitlines() if len(line) > COLUMNS and len(line[LABEL:].split()) > 1]
    assert not [line for line in report.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("capture", TWICE)
def test_outputs_are_the_same_each_time_and_in_two_passes(spiscope, capture):
    once, again = outputs(spiscope, capture, True), outputs(spiscope, capture, True, passes=2)
    assert (once.text, once.report) == (again.text, again.report)


def test_findings_stand_from_the_worst_to_the_least(spiscope):
    order = ["error", "warning", "note", "chat"]
    for name in LAB:
        output = outputs(spiscope, name, True)
        severity = {(finding["key"], finding["frame"]): finding["severity"] for tunnel in output.json["tunnels"] for finding in tunnel["findings"]}
        for tunnel in output.report.split("\nTunnel ")[1:]:
            said = re.findall(r"^  Finding +(\w+), (?:once, in|\d+ times, as in) frame (\d+)", tunnel, re.M)
            ranks = [order.index(severity[key, int(frame)]) for key, frame in said]
            assert (ranks or not severity) and ranks == sorted(ranks), name


# --- numbers, counted independently -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", COUNTED)
def test_sas_are_those_that_stock_tshark_shows(spiscope, capture):
    """Without keys, so that every SA is one that carried packets."""
    output = outputs(spiscope, capture)
    counted = spiscope.reference_sas(capture)
    times = {int(row["frame.number"][0]): epoch(row["frame.time_epoch"][0])
             for row in spiscope.rows(capture, ("frame.number", "frame.time_epoch"), plugin=False)}
    text = json.loads(output.text, parse_float=str)
    assert epoch(text["capture"]["first"]) == times[1] and epoch(text["capture"]["last"]) == max(times.values())
    assert text["capture"]["frames"] == len(times)
    sas = {(sa["protocol"].lower(), sa["destination"], int(sa["spi"], 16)): sa for tunnel in text["tunnels"] for sa in tunnel["sas"]}
    assert {key for key, sa in sas.items() if sa["packets"]} == set(counted)
    for key, packets in counted.items():
        sa = sas[key]
        layers = [layer for _, _, layer in packets]
        assert (sa["packets"], sa["bytes"]) == (len(packets), sum(layer.length for layer in layers)), key
        assert (sa["first_frame"], sa["last_frame"]) == (packets[0][0], packets[-1][0]), key
        numbers = [layer.sequence for layer in layers]
        assert sa["duplicate"] == len(numbers) - len(set(numbers)) and sa["source"] == layers[0].src
        assert sa["lost"] == max(numbers) - len(set(numbers)) and sa["reordered"] == 0
        assert epoch(sa["birth"]) <= times[sa["first_frame"]] and not sa["age_is_minimum"]
        assert sa["death"] is None or epoch(sa["birth"]) < epoch(sa["death"])


def test_times_before_1970(spiscope):
    """Of pcapng with an offset of -2 s, as a clock that was never set may give them."""
    def block(kind, body):
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    path = spiscope.readable_copy_dir("odd") / "early.pcapng"
    data = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += block(1, struct.pack("<HHIHHBxxxHHqI", 1, 0, 0, 9, 1, 9, 14, 8, -2, 0))        # if_tsresol: ns; if_tsoffset
    for number, nanoseconds in ((1, 500_000_001), (2, 1_750_000_000), (3, 3_000_000_000)):
        packet = ETHERNET_IPV4 + ip_header("10.0.0.1", "10.0.0.2", 128, number, ESP) + struct.pack(">II", 0xABCD, number) + bytes(100)
        packet += bytes(-len(packet) % 4)
        data += block(6, struct.pack("<IIIII", 0, nanoseconds >> 32, nanoseconds & 0xFFFFFFFF, len(packet), len(packet)) + packet)
    path.write_bytes(data)
    path.chmod(0o644)
    text = json.loads(outputs(spiscope, str(path), options=()).text, parse_float=str)
    assert text["capture"]["first"] == "-1.499999999" and text["capture"]["last"] == "1.000000000"
    assert text["tunnels"][0]["sas"][0]["birth"] == "-1.499999999"


def test_ike_sas_are_those_that_stock_tshark_shows(spiscope):
    for capture in ("v2_healthy", "v1_flap", "v2_pfs_flap"):
        shown = {}
        for row in spiscope.isakmp(capture):
            if row["isakmp.ispi"]:
                shown.setdefault(row["isakmp.ispi"][0], set()).update(row["isakmp.rspi"])
        found = {sa["initiator_spi"]: sa["responder_spi"] for tunnel in outputs(spiscope, capture, True).json["tunnels"]
                 for sa in tunnel["ike_sas"]}
        assert {key: {value} for key, value in found.items()} == \
            {f"0x{key}": {f"0x{value}" for value in values if int(value, 16)} for key, values in shown.items()}


# --- how it refuses ----------------------------------------------------------------------------------------------------------

def raw_tshark(spiscope, *arguments, timeout=60, **environment):
    """As an ordinary user; may fail."""
    return subprocess.run([*spiscope.as_nobody(), "tshark", *map(str, arguments)], env=spiscope.environment(**environment), cwd=spiscope.room,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize("argument, words", [
    ("spiscope,json,/nonexistent/x.json", ["/nonexistent/x.json", "can't be written", "No such file or directory"]),
    ("spiscope,json,/", ["/", "can't be written"]),
    ("spiscope,json,", ["unknown argument", "spiscope,json,FILE"]),
    ("spiscope,jsonx", ["unknown argument", "spiscope,json,FILE"]),
    ("spiscope,report,x", ["unknown argument", "spiscope,report"]),
    ("spiscope,reports", ["unknown argument", "spiscope,report"]),
    ("spiscope,story", ["unknown argument", "spiscope,report", "spiscope,json", "spiscope,timeline", "spiscope,tunnel", "spiscope,outage", "spiscope,sa"]),
    ("spiscope", ["unknown argument", "spiscope,report"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_argument_is_refused_before_the_capture_is_read(spiscope, argument, words):
    """tshark opens the capture before it asks the plugin. It is a pipe that brings a file header and then no packet, and never ends."""
    fifo = spiscope.readable_copy_dir("fifo") / "fifo.pcap"
    if not fifo.exists():
        os.mkfifo(fifo)
        fifo.chmod(0o666)
    writer = os.open(fifo, os.O_RDWR)
    try:
        os.write(writer, PCAP_HEADER)
        done = raw_tshark(spiscope, "-q", "-r", fifo, "-z", argument, timeout=20)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert not done.stdout and done.stderr.startswith("spiscope: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize("table", ("sa", "tunnel", "outage"))
def test_a_word_that_only_begins_as_a_table_is_refused(spiscope, table):
    done = raw_tshark(spiscope, "-q", "-r", spiscope.path("v2_idle"), "-z", f"spiscope,{table}x")
    assert done.returncode > 0 and f"unknown argument in -z spiscope,{table}x" in done.stderr and not done.stdout
    assert raw_tshark(spiscope, "-q", "-r", spiscope.path("v2_idle"), "-z", f"spiscope,{table},esp").returncode == 0


@pytest.mark.parametrize("kind", ("json", "timeline"))
def test_a_full_disk_is_an_error(spiscope, kind):
    done = raw_tshark(spiscope, "-n", "-q", "-r", spiscope.path("v2_idle"), "-z", f"spiscope,{kind},/dev/full")
    assert done.returncode > 0 and "/dev/full could not be written" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ("report", "json"))
def test_a_full_disk_behind_stdout_is_an_error(spiscope, kind):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*spiscope.as_nobody(), "tshark", "-n", "-q", "-r", spiscope.path("v2_idle"), "-z", f"spiscope,{kind}"],
                              env=spiscope.environment(), cwd=spiscope.room, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=60)
    assert done.returncode > 0 and "could not be written: No space left on device" in done.stderr


# --- files that are not to be written over ------------------------------------------------------------------------------------

@pytest.fixture
def own(spiscope, tmp_path_factory):
    """A capture that the user may write to, with a link to it beside it."""
    folder = spiscope.readable_copy_dir("own")
    folder.chmod(0o777)
    path = folder / "capture.pcap"
    path.write_bytes(spiscope.path("v2_idle").read_bytes())
    path.chmod(0o666)
    link = folder / "link.pcap"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return path


@pytest.mark.parametrize("kind", ("json", "timeline"))
@pytest.mark.parametrize("read", ("capture.pcap", "link.pcap"))
@pytest.mark.parametrize("write", ("capture.pcap", "link.pcap"))
def test_a_capture_is_not_written_over(spiscope, own, kind, read, write):
    before = own.read_bytes()
    done = raw_tshark(spiscope, "-n", "-q", "-r", own.parent / read, "-z", f"spiscope,{kind},{own.parent / write}")
    assert done.returncode == 1 and "is the capture itself" in done.stderr and own.read_bytes() == before


def test_one_file_is_not_for_two_outputs(spiscope, own):
    both = own.parent / "both"
    done = raw_tshark(spiscope, "-n", "-q", "-r", own, "-z", f"spiscope,json,{both}", "-z", f"spiscope,timeline,{both}")
    assert done.returncode == 1 and "is named for two outputs" in done.stderr
    done = raw_tshark(spiscope, "-n", "-q", "-r", own, "-z", "spiscope,json,/dev/null", "-z", "spiscope,timeline,/dev/null")
    assert done.returncode == 0


# --- what the capture is called -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, expected", (
    (("-n", "-q", "-r", "{a}"), "{a}"), (("-nr", "{a}", "-q"), "{a}"), (("-qnr{a}",), "{a}"), (("-q", "-2nr", "{a}"), "{a}"),
    (("-r", "{a}", "-nqr", "{b}"), "{b}"),                                          # the last one is read
    (("-q", "--read-file", "{a}"), "{a}"), (("-q", "--read-file={a}"), "{a}"),
    (("-q", "-o", "-r", "{a}"), None),                                              # refused by tshark: -r is the preference
    (("-q", "-r", "{a}", "-z", "spiscope,tunnel", "ip"), "{a}"),
    (("-q", "-r", "{a}", "-C", "-rX"), None),                                       # no such profile
    (("-q", "-t", "r", "-r", "{a}"), "{a}"), (("-qtr", "-r", "{a}"), "{a}"),
), ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_the_name_is_of_the_file_that_is_read(spiscope, words, expected):
    names = {name: str(spiscope.path(capture)) for name, capture in (("a", "v2_idle"), ("b", "v2_healthy"))}
    done = raw_tshark(spiscope, "-z", "spiscope,json", *(word.format(**names) for word in words))
    if "unrecognized option" in done.stderr:
        pytest.skip("this tshark has no --read-file")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == (1 if expected else 0)
    if expected:
        assert json.loads(lines[0])["capture"]["file"] == expected.format(**names)


def test_what_a_terminal_obeys_is_escaped(spiscope):
    """C1 control characters, and those that turn the direction of text (Unicode Standard Annex 9): in a file's name, which is the same once it is read."""
    name = "a\x85\x9b31m\u202efdp\u2066b\u061c\u200f\x7f\"\\\n.pcap"
    path = spiscope.readable_copy_dir("names") / name
    path.write_bytes(spiscope.path("v2_idle").read_bytes())
    path.chmod(0o644)
    done = raw_tshark(spiscope, "-n", "-q", "-r", path, "-z", "spiscope,json")
    line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    assert line.isascii() and json.loads(line)["capture"]["file"] == str(path)


def test_json_and_report_in_one_run_go_to_stdout_whole(spiscope):
    done = raw_tshark(spiscope, "-n", "-q", "-r", spiscope.path("v2_idle"), "-z", "spiscope,json", "-z", "spiscope,report")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == 1 and done.stdout.count("SPIscope") == 1
    VALIDATOR.validate(json.loads(lines[0]))


@pytest.fixture(scope="module")
def odd(spiscope):
    """A capture without frames, and one with a frame of ARP."""
    folder = spiscope.readable_copy_dir("odd")
    arp = b"\xff" * 6 + bytes(6) + b"\x08\x06" + bytes(28)
    for name, data in (("empty.pcap", PCAP_HEADER), ("arp.pcap", PCAP_HEADER + struct.pack("<IIII", 5, 6, len(arp), len(arp)) + arp)):
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o644)
    return folder


@pytest.mark.parametrize("name, frames", [("empty.pcap", 0), ("arp.pcap", 1)])
def test_captures_without_ipsec(spiscope, odd, name, frames):
    output = outputs(spiscope, str(odd / name), options=())
    VALIDATOR.validate(output.json)
    assert output.json["tunnels"] == [] and output.json["capture"]["frames"] == frames
    assert "\nNo IPsec was seen.\n" in output.report and "Tunnel" not in output.report

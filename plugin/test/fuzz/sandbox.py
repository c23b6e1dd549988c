# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark with all of SPIscope's outputs, under the address sanitizer or valgrind, and tells what is wrong with what came out.

A fault is SPIscope's unless its stack has no frame of spiscope.so and the same tshark without the plugin has it too.
"""
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import jsonschema

PROJECT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "test-captures" / "tests"))
import harness  # noqa: E402

SCHEMA = json.loads((PROJECT / "plugin" / "report.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)

PLUGIN = "spiscope.so"
REPORT_COLUMNS = 80
# tshark's status: 1 and 2 in Wireshark 4.0, the others of ws_exit_codes.h from 4.2 on
NOT_OPENED, NOT_READ_TO_ITS_END = {1, 3, 9}, {2, 14}
WAIT = 20                       # how often the limit, which is of the processor's time, a run may last
TEXT_AT_MOST = 4096             # bytes of a finding's text: judge.h
SVG_BYTES_AT_MOST = 50_000_000
MEMORY_CHECK = {"ASAN_OPTIONS": "detect_leaks=0:handle_abort=1:allocator_may_return_null=1:detect_odr_violation=0",
                "UBSAN_OPTIONS": "print_stacktrace=1"}
# Every allocation on its own, so that a checker sees where each ends
APART = {"WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple", "G_SLICE": "always-malloc"}

DISSECTOR_BUG = re.compile(rb"(Dissector bug, protocol|Malformed Packet:|Unreassembled Packet:|Packet size limited during capture:) *SPIscope", re.I)
CRASH = re.compile(r"ERROR: AddressSanitizer|AddressSanitizer:DEADLYSIGNAL")
UNDEFINED = re.compile(r"^.*runtime error: .*$", re.M)
# what tshark says of a file that is cut short or broken, and of its own user
EXPECTED = re.compile(r"^(tshark: The file .*|\(.*\)|Running as user .*|)$")
FRAME_LINE = re.compile(rb"^Frame \d+: ", re.M)


@dataclass
class Run:
    """How tshark ended; seconds is None if it had to be stopped."""
    status: int
    out: bytes
    errors: str
    seconds: float | None
    command: str


class Sandbox(harness.Harness):
    """tool: "asan", "valgrind" or "none"."""

    def __init__(self, plugin_dir, tool):
        self.tool = tool
        self.preload = {}
        if tool == "asan":
            library = subprocess.run([os.environ.get("CC", "gcc"), "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
            self.preload = {"LD_PRELOAD": library, **MEMORY_CHECK}
        super().__init__(plugin_dir)
        self.out = self.room / "out"
        self.out.mkdir(mode=0o777)
        self.out.chmod(0o777)
        self.no_keys = self.room / "no-keys"
        self.no_keys.mkdir()

    def as_nobody(self):
        # behind setpriv, which is none of our business
        return [*super().as_nobody(), "env", *(f"{name}={value}" for name, value in self.preload.items())]

    def run(self, path, options=(), keys=None, plugin=True, limit=120):
        """All outputs of one capture; files of the run are path.json, path.svg, path.xml in self.out."""
        name = self.out / Path(path).name
        for suffix in (".json", ".svg", ".xml") if plugin else ():
            name.with_suffix(suffix).unlink(missing_ok=True)
        arguments = ["-r", str(path), "-2", "-V", *options]
        if plugin:
            for table in ("spiscope,sa", "spiscope,tunnel", "conv,spiscope", "expert", f"spiscope,json,{name.with_suffix('.json')}",
                          f"spiscope,timeline,{name.with_suffix('.svg')}", "spiscope,report"):
                arguments += ["-z", table]
        else:
            arguments = [word for i, word in enumerate(arguments)
                         if not word.startswith("spiscope.") and not (word == "-o" and arguments[i + 1].startswith("spiscope."))]
        tool = []
        if self.tool == "valgrind" and plugin:
            tool = ["valgrind", "--quiet", "--xml=yes", f"--xml-file={name.with_suffix('.xml')}", "--leak-check=full", "--keep-debuginfo=yes",
                    "--show-leak-kinds=definite", "--num-callers=40"]
        environment = {"PATH": os.environ["PATH"], **APART, **self.settings(keys or self.no_keys, plugin)}
        # the processor's time: on a busy machine the clock says little
        command = [*self.as_nobody(), "prlimit", f"--cpu={int(limit)}", *tool, "tshark", *arguments]
        before = os.times().elapsed
        try:
            done = subprocess.run(command, env=environment, cwd=self.room, stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT * limit)
        except subprocess.TimeoutExpired as late:
            return Run(None, late.stdout or b"", (late.stderr or b"").decode(errors="replace"), None, " ".join(command))
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return Run(None, done.stdout, done.stderr.decode(errors="replace"), None, " ".join(command))
        words = " ".join([*(f"{key}={value}" for key, value in environment.items() if key != "PATH"), *command])
        return Run(done.returncode, done.stdout, done.stderr.decode(errors="replace"), os.times().elapsed - before, words)

    def faults(self, path, options=(), keys=None, limit=120):
        """(what is wrong with SPIscope, what is wrong with Wireshark itself, the run)."""
        run = self.run(path, options, keys, limit=limit)
        ours, theirs = [], []
        if run.seconds is None:
            if self.run(path, options, keys, plugin=False, limit=limit).seconds is None:
                theirs.append("takes too long without SPIscope, too")
            else:
                ours.append(f"takes more than {limit} s of the processor")
            return ours, theirs, run
        ours += [f"undefined behaviour: {line}" for line in UNDEFINED.findall(run.errors)]
        ours += [match.group().decode() for match in DISSECTOR_BUG.finditer(run.out)]
        crashed = CRASH.search(run.errors) or run.status < 0
        if crashed:
            if PLUGIN in run.errors:
                ours.append("crash with SPIscope on the stack")
            elif self._crashes_without(path, options, keys, limit):
                theirs.append("crashes without SPIscope, too")
            else:
                ours.append("crash without SPIscope on the stack, but not without the plugin")
        else:
            ours += self._unexpected(run, path, options, keys, limit)
            ours += self._outputs(run, self.out / Path(path).name)
        if self.tool == "valgrind":
            found = _valgrind_errors((self.out / Path(path).name).with_suffix(".xml"))
            ours += [what for what, is_ours in found if is_ours]
            theirs += [what for what, is_ours in found if not is_ours]
        return ours, theirs, run

    def _crashes_without(self, path, options, keys, limit):
        run = self.run(path, options, keys, plugin=False, limit=limit)
        return run.seconds is None or run.status < 0 or CRASH.search(run.errors) is not None

    def _unexpected(self, run, path, options, keys, limit):
        """Complaints that tshark without the plugin does not make; Wireshark tells of its own dissectors' bugs in this way."""
        lines = complaints(run.errors)
        if not lines:
            return []
        usual = complaints(self.run(path, options, keys, plugin=False, limit=limit).errors)
        return [f"complaint: {line}" for line in sorted(lines - usual)]

    def _outputs(self, run, name):
        json_file, svg_file = name.with_suffix(".json"), name.with_suffix(".svg")
        if run.status not in (0, *NOT_OPENED, *NOT_READ_TO_ITS_END):
            return [f"tshark ended with {run.status}"]
        if run.status in NOT_OPENED or not json_file.exists():
            # tshark could not open the capture: nothing was read
            return [] if run.status else ["no JSON was written"]
        faults = []
        frames = len(FRAME_LINE.findall(run.out))
        try:
            faults += json_faults(json_file.read_text(), None if run.status else frames)
        except (ValueError, jsonschema.ValidationError) as error:
            faults.append(f"JSON: {str(error)[:500]}")
        svg = svg_file.read_bytes()
        if len(svg) > SVG_BYTES_AT_MOST:
            faults.append(f"the timeline has {len(svg)} bytes")
        try:
            ElementTree.fromstring(svg)
        except ElementTree.ParseError as error:
            faults.append(f"timeline: {error}")
        if re.search(rb"\b(nan|inf)\b", svg, re.I):
            faults.append("timeline: a place that is no number")
        return faults + report_faults(run.out)


def complaints(errors):
    """What was said on standard error, without times and numbers."""
    lines = {re.sub(r"\d+", "N", re.sub(r"0x[0-9a-f]+", "X", re.sub(r"\d\d:\d\d:\d\d\.\d+", "", line))) for line in errors.splitlines()}
    return {line for line in lines if not EXPECTED.match(line)}


def _valgrind_errors(path):
    """(what, whether SPIscope is on one of its stacks); a cut file tells what came before."""
    found = []
    try:
        for event, error in ElementTree.iterparse(path):
            if error.tag == "error":
                objects = [each.text or "" for each in error.iter("obj")]
                what = error.findtext("what") or error.findtext("xwhat/text") or error.findtext("kind")
                names = [each.text for each in error.iter("fn")][:6]
                found.append((f"valgrind: {what} in {' < '.join(names)}", any(PLUGIN in each for each in objects)))
    except ElementTree.ParseError as error:
        found.append((f"valgrind's report: {error}", True))
    return found


def json_faults(text, frames):
    """What the JSON says that cannot be. frames: how many tshark printed, or None where it can't be known."""
    faults = []

    def no_number(word):
        raise ValueError(f"{word} is no JSON")

    report = json.loads(text, parse_constant=no_number)
    VALIDATOR.validate(report)
    if text.count("\n") != 1 or not text.endswith("\n"):
        faults.append("JSON: not one line")
    last = report["capture"]["frames"]
    if frames is not None and last != frames:
        faults.append(f"JSON: {last} frames, but {frames} were printed")
    numbers = [sa["id"] for tunnel in report["tunnels"] for sa in tunnel["sas"]]
    ike_numbers = [ike["id"] for tunnel in report["tunnels"] for ike in tunnel["ike_sas"]]
    if len(set(numbers)) < len(numbers) or len(set(ike_numbers)) < len(ike_numbers):    # those that a scan began make room, and leave a gap
        faults.append("JSON: numbers of SAs or IKE SAs come twice")
    tunnels = [tunnel["id"] for tunnel in report["tunnels"]]        # one that turned out to be a part of another leaves a gap
    if tunnels != sorted(set(tunnels)):
        faults.append("JSON: numbers of tunnels do not ascend")
    in_order = "capture_disordered" not in {finding["key"] for finding in report["findings"]}
    for tunnel in report["tunnels"]:
        faults += tunnel_faults(tunnel, last, set(numbers))
        faults += outage_faults(tunnel, last, in_order)
        faults += stable_faults(tunnel, in_order)
    return faults


def tunnel_faults(tunnel, last, numbers):
    faults, where = [], f"tunnel {tunnel['id']}"

    def check(holds, what):
        if not holds:
            faults.append(f"JSON, {where}: {what}")

    for sa in (*tunnel["sas"], *tunnel["ike_sas"]):
        check(0 <= sa["first_frame"] <= sa["last_frame"] <= last, f"{sa['id']} has frames {sa['first_frame']} to {sa['last_frame']} of {last}")
        check(sa["death"] is None or sa["death"] >= sa["birth"], f"{sa['id']} ends before it begins")
    for sa in tunnel["sas"]:
        check(sa["duplicate"] + sa["reordered"] <= sa["packets"], f"SA {sa['id']}: more irregular packets than packets")
        check(sa["lost"] < 2**62, f"SA {sa['id']}: lost {sa['lost']}")
        # one that lost a collision has its rival's generation, and no predecessor
        check(sa["replaces"] is None or (sa["generation"] or 0) > 1, f"SA {sa['id']}: generation {sa['generation']}")
    before = 0
    for finding in tunnel["findings"]:
        check(before <= finding["frame"], "findings out of order")
        before = finding["frame"]
        check(all(1 <= frame <= last for frame in (finding["frame"], *finding["evidence"])), f"{finding['key']}: evidence {finding['evidence']} of {last}")
        check(0 < len(finding["text"].encode()) <= TEXT_AT_MOST, f"{finding['key']}: text of {len(finding['text'])} characters")
        check(finding["sa"] is None or finding["sa"] in numbers, f"{finding['key']}: about SA {finding['sa']}")
    evidence = tunnel["verdict"]["evidence"]
    check(evidence == sorted(set(evidence)) and all(1 <= frame <= last for frame in evidence), f"verdict: evidence {evidence}")
    return faults


def outage_faults(tunnel, last, in_order):
    """Outages come in the order of time, by frames that are there, and, where the frames do, too, each is over before the next one begins."""
    faults, before = [], None
    for outage in tunnel["outages"]:
        name, frames = f"JSON, tunnel {tunnel['id']}, outage {outage['id']}", [outage["begin_frame"], *outage["evidence"]]
        if outage["end_frame"] is not None:
            frames.append(outage["end_frame"])
        if not outage["evidence"] or not all(1 <= frame <= last for frame in frames):
            faults.append(f"{name}: frames {frames} of {last}")
        if outage["end"] is not None and outage["end"] < outage["begin"]:
            faults.append(f"{name}: ends before it begins")
        if before and before["begin"] > outage["begin"]:
            faults.append(f"{name}: begins before outage {before['id']}")
        if before and in_order and (before["end"] is None or before["end"] > outage["begin"]):
            faults.append(f"{name}: begins before outage {before['id']} is over")
        before = outage
    return faults


# Lifetimes that differ, a few SPIs that did not last, and what ICMP says while ESP goes on make no trouble by themselves (judge/view.c)
BESIDE_STABLE = {"phase1_lifetime_mismatch", "phase2_lifetime_mismatch", "spi_churn", "icmp_unreachable"}


def is_answered_otherwise(finding):
    """Proxy IDs that were answered with others: the child came up, and carries what both name."""
    return finding["key"] == "proxy_id_mismatch" and " answers with " in finding["text"]


def stable_faults(tunnel, in_order):
    """A tunnel that is stable has no outage; and nothing above a note is known of it but what is history, or suspected, as what anybody may have sent is.
    Where frames are out of order, nobody knows what came first."""
    verdict = tunnel["verdict"]
    if verdict["state"] != "stable":
        return []
    known = {finding["key"] for finding in tunnel["findings"] if finding["severity"] in ("warning", "error") and finding["confidence"] != "suspected"
             and not is_answered_otherwise(finding)}
    faults = [f"{len(tunnel['outages'])} outages"] if tunnel["outages"] else []
    faults += sorted(set(verdict["also"]) - BESIDE_STABLE)
    faults += sorted(known - set(verdict["history"]) - BESIDE_STABLE) if in_order else []
    return [f"JSON, tunnel {tunnel['id']}: stable, and {', '.join(faults)}"] if faults else []


def report_faults(out):
    """The report in tshark's output: plain ASCII in 80 columns."""
    begin = out.rfind(b"\nSPIscope ", 0, out.find(b" report\n") + 1 or None)
    found = re.search(rb"^SPIscope \S+ report\n(.*?)(?=^Errors \(|^Warns \(|^Notes \(|^Chats \(|^=====|\Z)", out[max(begin, 0):], re.M | re.S)
    if not found:
        return ["no report was written"]
    lines = found.group(1).splitlines()
    return [f"report: {line[:200]!r}" for line in lines if len(line) > REPORT_COLUMNS or not line.isascii()]

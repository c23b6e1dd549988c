# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's window, in an X server without a screen: what an engineer does with a case is answered, step by step (window_steps.py).

What the window shows is held against what tshark says of the same captures. Wireshark runs as an ordinary user, in a home, with settings, an X server
and a D-Bus session of its own."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import TEST_CAPTURES
from room import Room

TESTS = Path(__file__).resolve().parent
PROFILE = TEST_CAPTURES.parent / "plugin" / "profile" / "SPIscope"
FIRST, SECOND = "v1_life_ends", "v2_flap"
FINDING = 247               # of the first: 192.0.2.2 offers another phase 2 lifetime
MAIN_MODE = 1               # of the first: a packet of an IKE SA that has no SPI of ESP yet
SIZE = "1366x768x24"
SECONDS = 150               # at most, for one run; on an idle machine the longest takes ten
FIELDS = ("frame.number", "spiscope.finding", "spiscope.evidence", "spiscope.evidence_of")
NEEDED = {"wireshark": "wireshark", "Xvfb": "xvfb", "xclip": "xclip", "dbus-run-session": "dbus"}


@pytest.fixture(scope="module")
def room():
    plugin_dir = os.environ.get("SPISCOPE_PLUGIN_DIR", "")
    missing = [package for tool, package in NEEDED.items() if not shutil.which(tool)]
    assert not missing, f"apt-get install {' '.join(missing)}"
    version = re.search(r"\b(\d+\.\d+)\.\d+", subprocess.run(["wireshark", "--version"], capture_output=True, text=True,
                                                            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}).stdout)[1]
    if not (Path(plugin_dir) / version / "epan" / "spiscope.so").exists():
        pytest.skip(f"the window is Wireshark {version}, and the plugin is built for another version")
    room = Room(plugin_dir)
    room.version = version
    for name in (FIRST, SECOND):
        shutil.copy(TEST_CAPTURES / f"{name}.pcap", room.room)
    for path in (*TESTS.glob("window*.py"),):
        shutil.copy(path, room.room)
    for name in ("run", "settings", "programs"):
        (room.room / name).mkdir()
    browser = room.room / "programs" / "xdg-open"           # what Qt hands a file to
    browser.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >'{room.room}/home/opened.new' && mv '{room.room}/home/opened.new' '{room.room}/home/opened'\n")
    browser.chmod(0o755)
    profile = room.room / "settings" / "profiles" / "SPIscope"
    shutil.copytree(PROFILE, profile)
    for table in (TEST_CAPTURES / f"{FIRST}.keys").iterdir():
        shutil.copy(table, profile)
    (room.room / "settings" / "recent_common").write_text(f"recent.capture_file: {room.room / SECOND}.pcap\n")
    room.open_up()
    for path in (room.room / "run", *(room.room / "settings").rglob("*"), room.room / "settings"):
        room.give(path)
    (room.room / "run").chmod(0o700)
    yield room
    room.close()


@pytest.fixture(scope="module")
def display(room):
    """The name of an X server's display; it takes one that is free, and does not begin anew when a client leaves: who comes just then is sent away."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"], pass_fds=(write,), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()    # or nothing, where it ends without one
    assert number, "Xvfb does not start"
    yield f":{number}"
    server.terminate()
    server.wait()


def tshark(room, *arguments):
    done = subprocess.run([*room.as_nobody(), "tshark", "-C", "SPIscope", "-n", *arguments], env=room.environment(room.room / "settings"), cwd=room.room,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=SECONDS)
    return done.stdout


def documents(room, capture):
    """The JSON, and the report without the lines with the file's name."""
    path = f"{room.room / capture}.pcap"
    report = tshark(room, "-q", "-2", "-r", path, "-z", "spiscope,report")
    return json.loads(tshark(room, "-q", "-2", "-r", path, "-z", "spiscope,json")), report.partition("\n\n")[2]


def entries(document):
    """What the toolbar has of each tunnel: the summary's order and the verdict."""
    (tunnel,) = document["tunnels"]
    outages = tunnel["outages"]
    seconds = sum(outage["seconds"] for outage in outages)
    spent = f"{seconds:.0f} s" if seconds >= 100 else f"{int(seconds * 10) / 10:.1f} s"
    by = {"A": " (A)", "B": " (B)", "both": " (both)", "none": ""}[tunnel["verdict"]["by"]]
    return [f"{tunnel['verdict']['state']}: {' - '.join(tunnel['peers'])}, {tunnel['verdict']['cause']}{by}; {len(outages)} outages, {spent}"]


@contextmanager
def wireshark(room, display, plugin, *arguments):
    """The command that runs another one beside Wireshark, in one D-Bus session."""
    environment = {**room.environment(room.room / "settings", plugin), "DISPLAY": display, "XDG_RUNTIME_DIR": str(room.room / "run"), "QT_QPA_PLATFORM": "xcb",
                   "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "PYTHONDONTWRITEBYTECODE": "1",
                   "PATH": f"{room.room / 'programs'}:{os.environ['PATH']}"}
    environment.pop("WAYLAND_DISPLAY", None)
    script = 'wireshark -C SPIscope "$@" >wireshark.log 2>&1 & shark=$!; "$PYTHON" window_steps.py "$VERB" "$EXPECTED"; status=$?; kill $shark; [ $status -eq 0 ] || cat wireshark.log; exit $status'
    command = [*room.as_nobody(), "dbus-run-session", "--", "sh", "-c", script, "sh", *arguments]
    (room.room / "wireshark.log").touch()
    (room.room / "wireshark.log").chmod(0o666)
    yield command, environment


def drive(room, display, *arguments, **options):
    """Runs the steps. A window that AT-SPI did not list in a minute, though it was told to start, has answered nothing yet: it is started again, once."""
    status, said = drive_once(room, display, *arguments, **options)
    return drive_once(room, display, *arguments, **options) if "Wireshark: no answer within" in said else (status, said)


def drive_once(room, display, verb, expected, *arguments, plugin=True, patience=20):
    with wireshark(room, display, plugin, *arguments) as (command, environment):
        more = {"VERB": verb, "EXPECTED": json.dumps(expected), "PYTHON": sys.executable, "WINDOW_PATIENCE": str(patience)}
        process = subprocess.Popen(command, env={**environment, **more}, cwd=room.room, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        return process.returncode, out + err


@pytest.fixture(scope="module")
def case(room):
    path = f"{room.room / FIRST}.pcap"
    document, report = documents(room, FIRST)
    other, other_report = documents(room, SECOND)
    rows = [line.split("\t") for line in tshark(room, "-2", "-r", path, "-T", "fields", "-E", "occurrence=a", *(word for name in FIELDS for word in ("-e", name))).splitlines()]
    findings = {int(row[0]) for row in rows if row[1] or row[3]} | {document["capture"]["frames"]}       # the last packet has the verdict
    (tunnel,) = document["tunnels"]
    following = min(frame for frame in tunnel["verdict"]["evidence"] if frame > FINDING)
    rests = next(row[2] for row in rows if int(row[0]) == FINDING)
    return {
        "first": f"{FIRST}.pcap", "path": path, "report_file": str(room.room / "home" / "spiscope-report.txt"), "frames": document["capture"]["frames"], "tunnels": entries(document),
        "finding": FINDING, "findings": len(findings), "next_evidence": following,
        "evidence": sorted({FINDING, *map(int, rests.split(","))}),
        "report": report, "log": [f"phase2_lifetime_mismatch (proven): Phase 2 lifetime: {tunnel['peers'][1]} offers 3600 s", "deleted by A"],
        "tables": {"SPIscope Tunnels": 1, "SPIscope Outages": len(tunnel["outages"]), "SPIscope Security Associations": len(tunnel["sas"]),
                   "SPIscope IKE SAs": len(tunnel["ike_sas"])},
        "second": f"{SECOND}.pcap", "second_frames": other["capture"]["frames"], "second_tunnels": entries(other), "second_report": other_report,
    }


def frames_with(room, filter):
    return [int(frame) for frame in tshark(room, "-2", "-r", f"{room.room / FIRST}.pcap", "-Y", filter, "-T", "fields", "-e", "frame.number").split()]


def buttons(room):
    """How many packets each of the profile's leaves, where the finding's packet is selected."""
    lines = (PROFILE / "dfilter_buttons").read_text().splitlines()
    filters = dict(re.match(r'"TRUE","([^"]*)","([^"]*)"', line).groups() for line in lines if line.startswith('"TRUE"'))
    selected = {"spiscope.tunnel": "0", "frame.number": str(FINDING),
                "spiscope.sa.spi": tshark(room, "-2", "-r", f"{room.room / FIRST}.pcap", "-Y", f"frame.number == {FINDING}",
                                          "-T", "fields", "-e", "spiscope.sa.spi").strip()}
    return {name: len(frames_with(room, re.sub(r"\$\{([^}]*)\}", lambda match: selected[match[1]], filter))) for name, filter in filters.items()}


@pytest.fixture(scope="module")
def walk(room, case):
    """The README's walk-through: its other clicks, the packet that each is made at, the filter that it gives and the packets that this leaves."""
    sas = json.loads(tshark(room, "-q", "-2", "-r", f"{room.room / FIRST}.pcap", "-z", "spiscope,json"))["tunnels"][0]["sas"]
    middle = next(sa for sa in sas if sa["replaces"] is not None and sa["replaced_by"] is not None)
    frame, spi = middle["first_frame"], middle["spi"]
    neighbours = [spi, middle["replaces"], middle["replaced_by"]]
    filters = [
        (["Filter this tunnel"], frame, "spiscope.tunnel == 0"),
        (["Filter this tunnel's findings"], frame, "spiscope.tunnel == 0 && (spiscope.finding || spiscope.evidence_of)"),
        (["Filter this SA"], frame, f"spiscope.sa == {middle['id']}"),
        (["Filter this SA's whole story"], frame, f"spiscope.sa.spi == {spi} || spiscope.finding.spi == {spi}"),
        (["Filter its predecessor and successor"], frame, " || ".join(f"spiscope.sa.spi == {each}" for each in neighbours)),
        (["Conversation Filter", "SPIscope SA"], frame, f"spiscope.sa == {middle['id']}"),
        (["Conversation Filter", "SPIscope tunnel"], frame, "spiscope.tunnel == 0"),
    ]
    (room.room / "home" / "opened").unlink(missing_ok=True)
    rests = case["evidence"]
    return {
        **{name: case[name] for name in ("first", "path", "frames", "finding", "report", "log")},
        "follows": room.version != "4.0",       # whose menu lists no plugin's streams
        "buttons": buttons(room), "without_spi": MAIN_MODE, "rests_on": next(each for each in rests if each != FINDING),
        "filters": [(*row, len(frames_with(room, row[2]))) for row in filters],
        "opened": str(room.room / "home" / "opened"), "spis": [sa["spi"] for sa in sas],
    }


def test_a_case_is_answered_step_by_step(room, display, case):
    status, said = drive(room, display, "case", case, "-r", case["path"], "-g", str(FINDING))
    assert status == 0 and len(re.findall(r"^[\d.]+ s: ", said, re.M)) == 8 + len(case["tables"]), said


def test_each_other_click_of_the_walk_through_is_answered(room, display, walk):
    status, said = drive(room, display, "walk", walk, "-r", walk["path"])
    assert status == 0 and len(re.findall(r"^[\d.]+ s: ", said, re.M)) == 10 + len(walk["filters"]) + walk["follows"], said


def test_a_window_that_does_not_answer_is_seen(room, display, case):
    """Without the plugin the first step has no answer."""
    status, said = drive(room, display, "case", case, "-r", str(room.room / case["first"]), plugin=False, patience=8)
    # 4.6 complains of the colours first, and opens the capture behind that
    assert status != 0 and re.search(r"(the toolbar's list of tunnels|window \S+): no answer", said), said


def test_a_table_of_a_live_capture_is_brought_up_to_date(room, display):
    document, _ = documents(room, SECOND)
    pipe = room.room / "home" / "live"
    os.mkfifo(pipe, 0o666)
    room.give(pipe)
    expected = {"capture": str(room.room / f"{SECOND}.pcap"), "pipe": str(pipe), "sas": len(document["tunnels"][0]["sas"])}
    status, said = drive(room, display, "live", expected, "-k", "-i", str(pipe))
    assert status == 0, said

# SPDX-License-Identifier: GPL-2.0-or-later
"""Live capture: packets come through a pipe, and what is found is printed when it is found, not when the capture ends."""
import queue
import shutil
import subprocess
import threading

import pytest
from test_batch import records

FIELDS = ("frame.number", "spiscope.finding", "spiscope.sa")
PATIENCE = 90       # seconds for what should take a fraction of one, on a machine that does much else


class Live:
    """tshark -i -: dumpcap reads the pipe, tshark what dumpcap wrote so far."""

    def __init__(self, spiscope, capture, *arguments):
        self.data = spiscope.path(capture).read_bytes()
        self.starts = records(self.data)
        self.sent = 0
        self.errors = open(spiscope.room / "live.log", "w+")
        command = [*spiscope.as_nobody(), "tshark", "-n", "-l", "-i", "-", *arguments]
        # dumpcap's temporary file goes into a folder of ours, which is removed with all else
        self.process = subprocess.Popen(command, env=spiscope.environment(TMPDIR=str(spiscope.room / "home")), cwd=spiscope.room,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=False)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().rstrip("\n"))
        self.lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()

    def send_until(self, frame):
        """Everything up to and with this frame."""
        end = self.starts[frame]
        self.process.stdin.write(self.data[self.sent:end])
        self.process.stdin.flush()
        self.sent = end

    def next_line(self):
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, f"tshark ended: {self.complaints()}"
        return line

    def read_until(self, frame):
        """The lines up to this frame's, as (frame, findings, SA)."""
        rows = []
        while not rows or rows[-1][0] < frame:
            number, findings, sa = self.next_line().split("\t")
            rows.append((int(number), findings.split(",") if findings else [], sa))
        return rows

    def finish(self):
        """The lines that come when the pipe is closed."""
        self.process.stdin.close()
        lines = []
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            lines.append(line)
        assert self.process.wait(timeout=PATIENCE) == 0, self.complaints()
        return lines

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read()


@pytest.fixture
def live(spiscope):
    assert shutil.which("dumpcap"), "needs dumpcap (package wireshark-common)"
    return lambda *arguments: Live(spiscope, *arguments)


def from_file(spiscope, capture):
    return [(int(row["frame.number"][0]), row["spiscope.finding"], ",".join(row["spiscope.sa"])) for row in spiscope.rows(capture, FIELDS)]


def test_findings_come_as_packets_come(spiscope, live):
    """v2_flap in pieces: each ends with a packet with findings, and its line is read before the next piece is sent."""
    expected = from_file(spiscope, "v2_flap")
    proving = [frame for frame, findings, _ in expected if findings]
    assert len(proving) >= 10 and proving[-1] < len(expected)
    rows = []
    with live("v2_flap", "-T", "fields", *(word for field in FIELDS for word in ("-e", field))) as capture:
        for frame in proving:
            capture.send_until(frame)
            rows += capture.read_until(frame)
            assert rows == expected[:frame], f"up to frame {frame}, while the pipe is open"
            assert capture.process.poll() is None
        capture.send_until(len(expected))
        rows += capture.read_until(len(expected))
        assert rows == expected
        assert capture.finish() == []


def test_a_filter_shows_findings_only(spiscope, live):
    expected = [frame for frame, findings, _ in from_file(spiscope, "v2_flap") if "flapping" in findings]
    with live("v2_flap", "-Y", "spiscope.flapping", "-T", "fields", "-e", "frame.number") as capture:
        for frame in expected:
            capture.send_until(frame)
            assert int(capture.next_line()) == frame
        assert capture.finish() == []


def test_report_at_the_end_of_a_live_capture(spiscope, live):
    """Whose name nobody knows: it is neither that of another file nor of dumpcap's temporary one."""
    with live("v2_flap", "-q", "-z", "spiscope,report") as capture:
        capture.send_until(len(capture.starts) - 1)
        report = capture.finish()
    whole = spiscope.tshark("-n", "-q", "-r", spiscope.path("v2_flap"), "-z", "spiscope,report").stdout.splitlines()
    at = next(i for i, line in enumerate(whole) if line.startswith("Tunnel"))
    assert report[report.index(whole[at]):] == whole[at:]
    assert report[1].split()[:3] == ["Capture", "(no", "name):"]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of tshark without its start: starter.c has a tshark that has started make a child for each run.

What a run reads, prints and ends with is as if it had been started; only options that tshark looks at before that point, and an environment
of its own, need a start of their own.
"""
import os
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

SOURCE = Path(__file__).with_name("starter.c")
WORDS, WORD = 256, "-" + "n" * 200      # place for so many words, and for as many bytes as these have; -n does nothing before settings are read
CAPTURE = "-" * 4000                    # place for the capture's name
EARLY = tuple("CDGLOPVXhvx-")           # options that are looked at before; -- begins a long one
STATUS_SIZE = 4
START_TIMEOUT = 300     # seconds; under valgrind on a machine that is busy


def compile_starter(folder, *words):
    """The library, or None where there is no compiler. words go to the compiler."""
    library = Path(folder) / "starter.so"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, *words, "-ldl"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    library.chmod(0o755)
    return library


def needs_a_start(arguments):
    return arguments.count("-r") != 1 or any(word[:1] == "-" and word[1:2] in EARLY for word in arguments) or len(arguments) >= WORDS \
        or sum(len(word) + 1 for word in arguments) >= WORDS * len(WORD)


class Starter:
    """One tshark, which makes one run at a time."""

    def __init__(self, before, early, environment, folder, logs=None):
        """before are words before tshark, early ones after it that count for each run; folder is where it works; logs, where a tool that is
        among before writes of each process."""
        self.logs = logs
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen([*before, "tshark", "-r", CAPTURE, *early, *[WORD] * WORDS], cwd=folder,
                                            env={**environment, "SPISCOPE_STARTER": str(theirs.fileno())}, pass_fds=[theirs.fileno()],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.is_ready = len(self._receive(START_TIMEOUT)) == STATUS_SIZE

    def _receive(self, timeout):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(STATUS_SIZE)
        except ConnectionError:
            return b""

    def run(self, arguments, profile, timeout, output=None, **environment):
        """As subprocess.run does. output is a file for what it prints."""
        arguments = [*map(str, arguments)]
        words = (str(profile), arguments[arguments.index("-r") + 1], *(f"{name}={value}" for name, value in environment.items()), "", *arguments)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(self.socket, [b"".join(os.fsencode(word) + b"\0" for word in words)], [(output or out).fileno(), err.fileno()])
            try:
                status = self._receive(timeout)
            except TimeoutError:
                self.close()
                raise subprocess.TimeoutExpired(["tshark", *arguments], timeout) from None
            assert len(status) == STATUS_SIZE, "the tshark that makes the others ended"
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(["tshark", *arguments], os.waitstatus_to_exitcode(int.from_bytes(status, "little")),
                                               out.read().decode(), err.read().decode())

    def take_logs(self):
        """What the tool wrote of each process of the last run."""
        logs = [path for path in self.logs.iterdir() if path.stem != str(self.process.pid)]
        texts = [path.read_text() for path in logs]
        for path in logs:
            path.unlink()
        return texts

    def close(self):
        self.is_ready = False
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.socket.close()


class Starters:
    """As many of each kind as run at once."""

    def __init__(self, room, library):
        """library is a compile_starter()'s."""
        self.room, self.library, self.idle, self.lock = room, library, {}, Lock()

    @contextmanager
    def one(self, plugin=True, tool=(), new_logs=None, early=(), **environment):
        """A Starter for one run or more; None where tshark cannot be made to wait. tool is valgrind and its words, whose logs go to a folder that
        new_logs() gives; early are tshark's words that hold for each run."""
        kind = (plugin, tool, early)
        with self.lock:
            starter = self.idle[kind].pop() if self.idle.get(kind) else None
        if not starter and self.library:
            starter = self._start(plugin, tool, new_logs, early, environment)
        try:
            yield starter
        finally:
            if starter and starter.is_ready:
                with self.lock:
                    self.idle.setdefault(kind, []).append(starter)

    def _start(self, plugin, tool, new_logs, early, environment):
        logs = new_logs() if tool else None
        starter = Starter([*self.room.as_nobody(), *tool, *([f"--log-file={logs}/%p.log"] if tool else ())], early,
                          self.room.environment(None, plugin, LD_PRELOAD=str(self.library), **environment), self.room.room, logs)
        if starter.is_ready:
            return starter
        starter.close()
        self.library = None
        return None

    def close(self):
        for starter in [starter for idle in self.idle.values() for starter in idle]:
            starter.close()
        self.idle.clear()

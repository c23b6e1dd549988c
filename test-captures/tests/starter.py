# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of tshark without its start: starter.c has a tshark that has started make a child for each run.

What a run reads, prints and ends with is as if it had been started; only options that tshark looks at before that point, and an environment
of its own, need a start of their own.
"""
import os
import queue
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("starter.c")
WORDS, WORD = 256, "-" + "n" * 200      # place for so many words, and for as many bytes as these have; -n does nothing before settings are read
CAPTURE = "-" * 4000                    # place for the capture's name
EARLY = tuple("CDGLOPVXhvx-")           # options that are looked at before; -- begins a long one
STATUS_SIZE = 4


def compile_starter(folder):
    """The library, or None where there is no compiler."""
    library = Path(folder) / "starter.so"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    library.chmod(0o755)
    return library


def needs_a_start(arguments):
    return arguments.count("-r") != 1 or any(word[:1] == "-" and word[1:2] in EARLY for word in arguments) or len(arguments) >= WORDS \
        or sum(len(word) + 1 for word in arguments) >= WORDS * len(WORD)


class Starter:
    """One tshark, which makes one run at a time."""

    def __init__(self, before, environment, folder):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen([*before, "tshark", "-r", CAPTURE, *[WORD] * WORDS], env={**environment, "SPISCOPE_STARTER": str(theirs.fileno())},
                                            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            pass_fds=[theirs.fileno()], start_new_session=True)
        self.is_ready = len(self._receive(60)) == STATUS_SIZE

    def _receive(self, timeout):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(STATUS_SIZE)
        except ConnectionError:
            return b""

    def run(self, arguments, profile, timeout):
        """As subprocess.run does."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            request = b"".join(os.fsencode(word) + b"\0" for word in (str(profile), arguments[arguments.index("-r") + 1], *arguments))
            socket.send_fds(self.socket, [request], [out.fileno(), err.fileno()])
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

    def close(self):
        self.is_ready = False
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.socket.close()


class Starters:
    """As many as run at once, with the plugin and without."""

    def __init__(self, room):
        self.room = room
        self.library = compile_starter(room.room)
        self.idle = {True: queue.SimpleQueue(), False: queue.SimpleQueue()}

    def _take(self, plugin):
        try:
            return self.idle[plugin].get_nowait()
        except queue.Empty:
            return Starter(self.room.as_nobody(), self.room.environment(None, plugin, LD_PRELOAD=str(self.library)), self.room.room)

    def run(self, arguments, profile, plugin, timeout):
        """None where it has to be started."""
        if not self.library or needs_a_start(arguments):
            return None
        starter = self._take(plugin)
        if not starter.is_ready:
            self.library = None
            starter.close()
            return None
        try:
            return starter.run(arguments, profile, timeout)
        finally:
            if starter.is_ready:
                self.idle[plugin].put(starter)

    def close(self):
        for idle in self.idle.values():
            while not idle.empty():
                idle.get().close()

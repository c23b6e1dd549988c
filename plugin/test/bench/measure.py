# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark on captures of bench/captures.py and measures instructions, CPU time and peak memory.

Instructions are those of user space, counted by valgrind's cachegrind without its cache simulation: the same count as callgrind's (Ir),
in a third of the time. What a packet costs is the difference between two lengths of a capture, so that start-up cancels out.
"""
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH), str(BENCH.parents[2] / "test-captures" / "tests")]
sys.dont_write_bytecode = True
import captures  # noqa: E402
from room import Room  # noqa: E402

# "plain" prints a line per packet; "tree" has a display filter, which builds the tree and lets nothing through
SETTINGS = {"plain": (), "tree": ("-Y", "frame.number==0"), "verbose": ("-V",)}
WHO = ("stock", "plugin", "lua", "pipe")
# What a user would write instead: NAME.lua as a post-dissector; NAME.py, which reads these fields. Whoever looks at ESP asks for no IKE
ADDRESSES = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst")
ALTERNATIVES = {
    "spi_tracker": ("frame.number", "frame.time_epoch", "frame.len", *ADDRESSES, "esp.spi", "esp.sequence", "ah.spi", "ah.sequence"),
    "ike_tracker": ("frame.number", "frame.time_epoch", *ADDRESSES, "isakmp.ispi", "isakmp.exchangetype", "isakmp.messageid",
                    "isakmp.flag_r"),
}
# so that the order of work is the same in every run
PYTHON = ("/usr/bin/python3", "-I", "-S")

Usage = namedtuple("Usage", "seconds kilobytes")    # CPU time, user and system; peak of resident memory; of all processes together


class Bench(Room):
    def __init__(self, plugin_dir, keep=None):
        """keep is a folder in which captures stay for the next time."""
        super().__init__(plugin_dir)
        self.captures = Path(keep) if keep else self.room / "captures"
        self.captures.mkdir(parents=True, exist_ok=True)
        self.logs = self.room / "logs"
        self.logs.mkdir()
        for name in ALTERNATIVES:
            for suffix in (".lua", ".py"):
                shutil.copy(BENCH / (name + suffix), self.room)
        self.open_up()
        self.give(self.logs)
        self.runs = 0

    def capture(self, case, packets):
        path = self.captures / f"{case}-{packets}.pcap"
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}")
            captures.write(case, packets, part)
            part.chmod(0o644)
            part.rename(path)
        return path

    def commands(self, who, setting, path, options=()):
        """The processes of a run, each of which reads what the one before it prints. A pipe is the same in every setting: it needs
        the rows, and tshark then always builds a tree."""
        tshark = ["tshark", "-r", str(path), *options]
        alternative = "ike_tracker" if path.name.startswith("ike") else "spi_tracker"
        if who == "pipe":
            tshark += ["-T", "fields", "-E", "occurrence=f", *(part for name in ALTERNATIVES[alternative] for part in ("-e", name))]
            return [tshark, [*PYTHON, str(self.room / f"{alternative}.py")]]
        if who == "lua":
            tshark += ["-X", f"lua_script:{self.room / alternative}.lua"]
        return [[*tshark, *SETTINGS[setting]]]

    def start(self, commands, plugin, output=subprocess.DEVNULL):
        environment = self.environment(self.room / "home", plugin)
        environment["PYTHONHASHSEED"] = "0"
        processes = []
        for i, command in enumerate(commands):
            last = i + 1 == len(commands)
            processes.append(subprocess.Popen([*self.as_nobody(), *command], env=environment, cwd=self.room,
                                              stdin=processes[-1].stdout if processes else subprocess.DEVNULL,
                                              stdout=output if last else subprocess.PIPE, stderr=subprocess.PIPE))
            if len(processes) > 1:
                processes[-2].stdout.close()
        return processes

    def counted(self, commands, plugin, tool):
        """Runs the commands under a tool of valgrind; gives its logs."""
        self.runs += 1
        logs = [self.logs / f"{self.runs}-{i}" for i in range(len(commands))]
        self.finish(self.start([["valgrind", *tool, f"--log-file={log}", *command] for log, command in zip(logs, commands)], plugin))
        return [log.read_text() for log in logs]

    def instructions(self, who, setting, path, options=()):
        tool = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--vex-guest-chase=no")
        logs = self.counted(self.commands(who, setting, path, options), who == "plugin", tool)
        return sum(int(re.search(r"I +refs: +([\d,]+)", log)[1].replace(",", "")) for log in logs)

    def usage(self, who, setting, path, options=()):
        processes = self.start(self.commands(who, setting, path, options), who == "plugin")
        used = self.finish(processes)
        return Usage(sum(one.ru_utime + one.ru_stime for one in used), sum(one.ru_maxrss for one in used))

    @staticmethod
    def finish(processes):
        """Waits for all; a complaint is a failure. Gives what each used."""
        used = []
        for process in processes:
            complaint = process.stderr.read().decode()
            process.stderr.close()
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0 and not complaint.strip(), f"{process.args}\nended with {process.returncode}: {complaint}"
            used.append(usage)
        return used

    def per_packet(self, case, who, setting, lengths, options=()):
        """Instructions per packet between two lengths of a capture."""
        short, long = (self.instructions(who, setting, self.capture(case, length), options) for length in lengths)
        return (long - short) / (lengths[1] - lengths[0])

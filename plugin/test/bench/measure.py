# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark on the captures of captures.py and measures instructions, CPU time and peak memory.

Instructions are those of user space, counted by valgrind's cachegrind without its cache simulation: the same events as callgrind's Ir, in a
third of the time. What a packet costs is the difference between two counts, so that start-up cancels out; the counts are taken in one run of
tshark, at packets of the capture (marks.c), as a start costs more than thousands of packets; and the runs are children of few that have
started (starter.c). Wireshark seeds its hashes anew in each run, which is
worth a hundred instructions a packet; while counting, the seed is fixed (fixed_seed.c).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from threading import Lock

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parents[2]
sys.path[:0] = [str(BENCH), str(ROOT / "test-captures" / "tests")]
sys.dont_write_bytecode = True
import wire  # noqa: E402,F401   (first: it says where the others find frames.py)
import captures  # noqa: E402
from room import Room  # noqa: E402
from starter import Starters, compile_starter  # noqa: E402

# "plain" prints a line a packet; "tree" has a display filter, for which tshark builds the tree, and which lets nothing through
SETTINGS = {"plain": (), "tree": ("-Y", "frame.number==0"), "verbose": ("-V",)}
WHO = ("stock", "plugin", "lua", "pipe")
# What a user would write instead: NAME.lua as a post-dissector; NAME.py, which reads these fields. Whoever looks at ESP asks for no IKE
ADDRESSES = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst")
ALTERNATIVES = {
    "spi_tracker": ("frame.number", "frame.time_epoch", "frame.len", *ADDRESSES, "esp.spi", "esp.sequence", "ah.spi", "ah.sequence"),
    "ike_tracker": ("frame.number", "frame.time_epoch", *ADDRESSES, "isakmp.ispi", "isakmp.exchangetype", "isakmp.messageid",
                    "isakmp.flag_r"),
}
# without the user's own modules
PYTHON = ("/usr/bin/python3", "-I", "-S")

COUNT = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--vex-guest-chase=no")
EARLY = ("-X", "-V")        # tshark looks at these before it waits for what to run
COUNTED = re.compile(r"I +refs: +([\d,]+)")

TIMES_FOR_A_PEAK = 5

Run = namedtuple("Run", "case packets who setting options", defaults=("plain", ()))     # options as tshark takes them
Usage = namedtuple("Usage", "seconds kilobytes")        # CPU time, user and system; peak of resident memory; of all processes together


class Bench(Room):
    def __init__(self, plugin_dir, keep=None, processors=1):
        """keep is a folder in which captures stay for the next time; so many valgrinds run at once, or two: half of them
        with the plugin, so that few starts do for all."""
        super().__init__(plugin_dir)
        self.captures = Path(keep).resolve() if keep else self.room / "captures"
        self.captures.mkdir(parents=True, exist_ok=True)
        self.logs = self.room / "logs"
        self.logs.mkdir()
        for name in ALTERNATIVES:
            for suffix in (".lua", ".py"):
                shutil.copy(BENCH / (name + suffix), self.room)
        glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True, capture_output=True, text=True).stdout.split()
        self.preloaded = compile_starter(self.room, *glib, BENCH / "fixed_seed.c", BENCH / "marks.c")
        assert self.preloaded, "no C compiler"
        self.starters = Starters(self, self.preloaded)
        self.open_up()
        self.give(self.logs)
        self.lock, self.processors, self.counts, self.peaks = Lock(), processors, {}, {}
        self.pools = {plugin: ThreadPoolExecutor(max(1, processors // 2)) for plugin in (True, False)}

    def close(self):
        for pool in self.pools.values():
            pool.shutdown(cancel_futures=True)
        self.starters.close()
        super().close()

    def capture(self, case, packets):
        path = self.captures / f"{case}-{packets}.pcap"
        with self.lock:
            if not path.exists():
                part = path.with_suffix(".part")
                captures.write(case, packets, part)
                part.chmod(0o644)
                part.rename(path)
        return path

    # --- running ----------------------------------------------------------------------------------------------------

    def commands(self, run):
        """The processes of a run, each of which reads what the one before it prints. A pipe is the same in every setting: its reader
        needs the rows, and for the fields tshark always builds a tree."""
        tshark = ["tshark", "-r", str(self.capture(run.case, run.packets)), *run.options]
        alternative = "ike_tracker" if run.case == "ike" else "spi_tracker"
        if run.who == "pipe":
            tshark += ["-T", "fields", "-E", "occurrence=f", *(part for name in ALTERNATIVES[alternative] for part in ("-e", name))]
            return [tshark, [*PYTHON, str(self.room / f"{alternative}.py")]]
        if run.who == "lua":
            tshark += ["-X", f"lua_script:{self.room / alternative}.lua"]
        return [[*tshark, *SETTINGS[run.setting]]]

    def finish(self, commands, plugin, output=subprocess.DEVNULL, source=subprocess.DEVNULL, **environment):
        """Runs the commands to their end; a complaint of one is a failure. Gives what each used, as getrusage(2) has it."""
        environment = self.environment(self.room / "home", plugin, PYTHONHASHSEED="0", **environment)
        processes, given = [], source
        for command in commands:
            last = command is commands[-1]
            processes.append(subprocess.Popen([*self.as_nobody(), *command], env=environment, cwd=self.room, stdin=source,
                                              stdout=output if last else subprocess.PIPE, stderr=subprocess.PIPE))
            if source != given:
                source.close()
            source = processes[-1].stdout
        return [self.ended(process) for process in processes]

    @staticmethod
    def ended(process):
        with process.stderr:
            complaint = process.stderr.read().decode()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0 and not complaint.strip(), f"{process.args}\nended with {process.returncode}: {complaint}"
        return usage

    def output(self, run):
        """What the last process prints."""
        with tempfile.TemporaryFile() as file:
            self.finish(self.commands(run), run.who == "plugin", file)
            file.seek(0)
            return file.read().decode()

    def version(self):
        done = subprocess.run(["tshark", "--version"], check=True, capture_output=True, text=True, env=self.environment(self.room / "home"))
        return done.stdout

    def valgrind(self, run, tool, folder, marks=()):
        """Runs it under a tool; gives the logs of each process of the run, which are written to the folder: one a mark, and one at the end."""
        commands = self.commands(run)
        self.finish([[*tool, f"--log-file={folder}/{i}.%p.log", *command] for i, command in enumerate(commands)], run.who == "plugin",
                    LD_PRELOAD=str(self.preloaded), SPISCOPE_MARKS="".join(f"{mark}," for mark in marks))
        return [[log.read_text() for log in folder.glob(f"{i}.*.log")] for i in range(len(commands))]

    # --- instructions -----------------------------------------------------------------------------------------------

    def _new_logs(self):
        folder = Path(tempfile.mkdtemp(dir=self.logs))
        self.give(folder)
        return folder

    def _logs(self, run, marks):
        """What valgrind() gives, but tshark is forked from one that has started, and writes rows for a reader to a file."""
        command, *reader = self.commands(run)
        early = tuple(word for before, word in zip(command, command[1:]) if word in EARLY or before in EARLY)
        with self.starters.one(run.who == "plugin", COUNT, self._new_logs, early, PYTHONHASHSEED="0") as starter, tempfile.TemporaryFile() as rows:
            if not starter:
                return self.valgrind(run, COUNT, self._new_logs(), marks)
            done = starter.run([word for word in command[1:] if word not in early], self.room / "home", None, rows,
                               SPISCOPE_MARKS="".join(f"{mark}," for mark in marks))
            assert done.returncode == 0 and not done.stderr.strip(), f"{command}\nended with {done.returncode}: {done.stderr}"
            logs = [starter.take_logs()]
            for words in reader:
                rows.seek(0)
                folder = self._new_logs()
                self.finish([[*COUNT, f"--log-file={folder}/%p.log", *words]], False, source=rows)
                logs.append([log.read_text() for log in folder.iterdir()])
        return logs

    def _count(self, run, marks):
        """Mark -> the instructions before the packet after it, and None -> all of them, of all processes."""
        counts = [sorted(int(COUNTED.search(log)[1].replace(",", "")) for log in logs) for logs in self._logs(run, marks)]
        assert len(counts[0]) == len(marks) + 1, f"{run} has not all of {marks}"
        return {**dict(zip(marks, counts[0])), None: sum(process[-1] for process in counts)}

    def submit(self, run, marks=()):
        """Starts to count the instructions of a run, once: as _count() gives them."""
        if run.who == "pipe":
            run = run._replace(setting="plain")
        with self.lock:
            if (run, marks) not in self.counts:
                self.counts[run, marks] = self.pools[run.who == "plugin"].submit(self._count, run, marks)
            return self.counts[run, marks]

    def instructions_at(self, lengths, run):
        """When so many packets of the capture were read, one run for all; run.packets does not matter. A pipe has two processes, which are not
        at the same packet: it runs for each length."""
        if run.who == "pipe":
            return [one.result()[None] for one in [self.submit(run._replace(packets=length)) for length in lengths]]
        counts = self.submit(run._replace(packets=lengths[-1]), tuple(lengths)).result()
        return [counts[length] for length in lengths]

    def per_packet(self, lengths, run):
        """Between each two lengths of the capture; one number for two lengths."""
        counts = self.instructions_at(lengths, run)
        costs = [(counts[i] - counts[i - 1]) / (lengths[i] - lengths[i - 1]) for i in range(1, len(lengths))]
        return costs if len(costs) > 1 else costs[0]

    # --- time and memory --------------------------------------------------------------------------------------------

    def usage(self, run):
        used = self.finish(self.commands(run), run.who == "plugin")
        return Usage(sum(one.ru_utime + one.ru_stime for one in used), sum(one.ru_maxrss for one in used))

    def peak(self, run):
        """In kilobytes, the median of some runs: Linux counts resident pages for each processor apart, and sums up only now and then, so that
        one and the same run differs by a quarter of a megabyte."""
        return median(self.usage(run).kilobytes for _ in range(TIMES_FOR_A_PEAK))

    def bytes_per_packet(self, lengths, run):
        """By how much peak memory grows between two lengths of the capture."""
        with self.lock:
            for length in lengths:
                one = run._replace(packets=length)
                if one not in self.peaks:
                    self.peaks[one] = self.pools[run.who == "plugin"].submit(self.peak, one)
        short, long = (self.peaks[run._replace(packets=length)].result() for length in lengths)
        return 1024 * (long - short) / (lengths[1] - lengths[0])

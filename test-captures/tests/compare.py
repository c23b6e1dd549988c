#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what two builds of SPIscope say of every capture, byte for byte.

    test-captures/tests/compare.py BASE NEW [FOLDER...]

BASE and NEW are each a folder that holds 4.N/epan/spiscope.so, or a git revision, which is built. Compared are the JSON, the
report, the timeline, the tables, and -T fields of every spiscope.* field, each in one pass and with -2, of test-captures/*.pcap
with keys and without, of the synthetic ones, of ../shared/captures (NAME.keys and FILE.opts are the keys there), and of FOLDER.
What differs is shown, and the exit status is 1 then.

What BASE said is kept (--cache), by what is in its plugin and in the capture: the next comparison is half the work.
"""
import argparse
import difflib
import fnmatch
import gzip
import hashlib
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import MALLOC, MIN_10, OPTIONS, TEST_CAPTURES, make  # noqa: E402
from room import Room  # noqa: E402
from store import digest  # noqa: E402

import make_ike  # noqa: E402

PROJECT = TEST_CAPTURES.parent
SHARED = Path(os.environ.get("SPISCOPE_SHARED", PROJECT.parent / "shared")) / "captures"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "spiscope-compare"
FORMAT = 1                      # of what is kept
TIMEOUT = 300                   # seconds for one run of tshark
FILES = ("json", "timeline")    # what -z writes to a file, and prints
PRINTED = ("report", "sa", "tunnel")
BESIDE = ("frame.number", "_ws.col.Info", "_ws.expert.message")         # printed with every spiscope.* field
CLOCK = re.compile(rb"\(tshark:\d+\) [\d:.]+")      # in what Wireshark says of its own faults: number of the process and time
LINES_AT_MOST, WIDTH = 30, 400  # of one difference that is shown
AROUND = 40                     # characters before a difference within a field

Case = namedtuple("Case", "name path keys options")     # options: what follows -o
Run = namedtuple("Run", "tree passes")


# --- captures -----------------------------------------------------------------------------------------------------------

def words_of(path):
    """FILE.opts: -o and its value, one word a line."""
    return tuple(word for word in path.read_text().split("\n")[1::2] if word)


def cases_of_folder(folder, label, keyed_options=()):
    for path in sorted(folder.rglob("*.pcap*")):
        if path.suffix in (".opts", ".keys") or not path.is_file():
            continue
        name = f"{label}/{path.relative_to(folder)}"
        yield Case(name, path, None, ())
        if path.with_suffix(".keys").is_dir():
            yield Case(f"{name}+keys", path, path.with_suffix(".keys"), keyed_options)
        if Path(f"{path}.opts").exists():
            yield Case(f"{name}+keys", path, None, words_of(Path(f"{path}.opts")))


def all_cases(folders):
    """The lab renews SAs every 20 s: with keys, that is taken for what was meant. A synthetic capture's path is its module, until it is made."""
    yield from (case for case in cases_of_folder(TEST_CAPTURES, "lab", (MIN_10,)) if case.path.parent == TEST_CAPTURES)
    for module in (make, make_ike):
        for name in sorted(module.CASES):
            yield Case(f"synthetic/{name}", module, None, OPTIONS.get(name, ()))
    for part in ("third-party", "vendors", "faults"):
        yield from cases_of_folder(SHARED / part, part)
    for folder in folders:
        yield from cases_of_folder(folder, folder.name)


def made(case, cache):
    """The case with its synthetic capture, made once for the same scripts."""
    scripts = digest(*(path.read_bytes() for path in sorted((TEST_CAPTURES / "synthetic").rglob("*.py"))))
    name = case.name.removeprefix("synthetic/")
    path = cache / "synthetic" / scripts[:16] / f"{name}.pcap"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            os.replace(case.path.build(name).write(folder), path)
    return case._replace(path=path)


# --- builds -------------------------------------------------------------------------------------------------------------

def git(*words, **more):
    return subprocess.run(["git", "-C", PROJECT, *words], check=True, stdout=subprocess.PIPE, **more).stdout


def plugins_of(build, cache):
    """The folder with the plugin: as given, or built of a git revision and kept."""
    if list(Path(build).glob("4.*/epan/spiscope.so")):
        return Path(build)
    commit = git("rev-parse", "--verify", f"{build}^{{commit}}", text=True).strip()
    kept = cache / "builds" / commit
    if not kept.exists():
        print(f"building {commit[:12]}", flush=True)
        with tempfile.TemporaryDirectory(prefix="spiscope-build-") as folder:
            subprocess.run(["tar", "-x", "-C", folder], input=git("archive", commit), check=True)
            for words in (["cmake", "-S", folder, "-B", f"{folder}/build"], ["cmake", "--build", f"{folder}/build", "--target", "spiscope", "-j"]):
                subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(f"{folder}/build/plugins", kept, dirs_exist_ok=True)
    return kept


class Build(Room):
    """One build, and what it says."""

    def __init__(self, plugins):
        super().__init__(plugins)
        self.open_up()
        fields = self.run(["-G", "fields"], self.room / "home", self.room)["stdout"].decode().splitlines()
        self.fields = [line.split("\t")[2] for line in fields if line.startswith("F\t") and line.split("\t")[2].startswith("spiscope.")]
        self.hash = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(self.plugins.rglob("*.so")))).hexdigest()

    def run(self, words, profile, folder):
        done = subprocess.run([*self.as_nobody(), "tshark", *map(str, words)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                              env=self.environment(profile, GLIBC_TUNABLES=MALLOC), timeout=TIMEOUT)
        return {"stdout": done.stdout, "stderr": done.stderr, "status": str(done.returncode).encode()}

    def say(self, case, run, fields):
        """Name of an output -> its bytes."""
        with tempfile.TemporaryDirectory(dir=self.room / "home") as folder:
            folder = Path(folder)
            folder.chmod(0o777)
            profile = folder / "profile"
            if case.keys:
                shutil.copytree(case.keys, profile)
            else:
                profile.mkdir()
            for path in [profile, *profile.iterdir()]:
                self.give(path)
            files = {name: folder / name for name in FILES}
            words = ["-n", "-r", case.path.name, *["-2"] * (run.passes - 1), *words_for(case, run, fields, files)]
            said = self.run(words, profile, case.path.parent)
            rows, tables = split(said.pop("stdout"), len(BESIDE) + len(fields))
            said |= {"fields": rows} if run.tree else {}
            return said | {"report and tables": tables} | {name: path.read_bytes() if path.exists() else b"(no file)" for name, path in files.items()}


def words_for(case, run, fields, files):
    words = []
    for option in case.options:
        words += ["-o", option]
    if run.tree:
        words += ["-T", "fields", "-E", "occurrence=a"]
        for name in (*BESIDE, *fields):
            words += ["-e", name]
    else:
        words += ["-q"]
    for name in (*(f"{name},{path}" for name, path in files.items()), *PRINTED):
        words += ["-z", f"spiscope,{name}"]
    return words


def split(output, columns):
    """The rows of -T fields, and what -z printed behind them."""
    lines = output.split(b"\n")
    return tuple(b"\n".join(line for line in lines if (line.count(b"\t") >= columns - 1) == is_row) for is_row in (True, False))


# --- comparing ----------------------------------------------------------------------------------------------------------

class Comparison:
    def __init__(self, base, new, cache, runs):
        self.base, self.new, self.cache, self.runs = base, new, cache, runs
        self.fields = [name for name in base.fields if name in new.fields]
        self.version = subprocess.run(["tshark", "--version"], capture_output=True, check=True).stdout.split(b"\n")[0]
        self.starts = Counter()

    def base_said(self, case, run):
        keys = [(path.name, path.read_bytes()) for path in sorted(case.keys.iterdir())] if case.keys else []
        name = digest(FORMAT, self.base.hash, self.version, case.path.name, case.path.read_bytes(), keys, case.options, run, FILES, PRINTED,
                      (BESIDE, self.fields) if run.tree else ())
        path = self.cache / name[:2] / f"{name}.gz"
        if path.exists():
            self.starts["kept"] += 1
            return pickle.loads(gzip.decompress(path.read_bytes()))
        self.starts["base"] += 1
        said = self.base.say(case, run, self.fields)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(gzip.compress(pickle.dumps(said), 1))
        os.replace(file.name, path)
        return said

    def differences(self, case):
        """(name of an output, run, lines that tell how base and new differ) for each that is not the same; and how many were compared."""
        found, compared = [], 0
        for run in self.runs:
            base = self.base_said(case, run)
            self.starts["new"] += 1
            new = self.new.say(case, run, self.fields)
            for said in (base, new):
                said["stderr"] = CLOCK.sub(b"(tshark)", said["stderr"])
            for name in sorted(base):
                compared += 1
                if base[name] != new[name]:
                    how = field_differences(base[name], new[name], (*BESIDE, *self.fields)) if name == "fields" else None
                    found.append((name, run, how or line_differences(base[name], new[name])))
        return found, compared


def lines_of(data):
    text = data.decode(errors="backslashreplace")
    try:
        if text.startswith(("{", "[")):
            return json.dumps(json.loads(text), indent=1).splitlines()
    except ValueError:
        pass
    return text.splitlines()


def line_differences(base, new):
    lines = list(difflib.unified_diff(lines_of(base), lines_of(new), "base", "new", lineterm="", n=1))[2:]
    return lines or ["(the same lines; white space or the order of keys differs)"]


def field_differences(base, new, names):
    """Field by field, where both have a row for each frame."""
    base, new = (data.decode(errors="backslashreplace").splitlines() for data in (base, new))
    if len(base) != len(new):
        return []
    lines = []
    for old, young in ((old.split("\t"), young.split("\t")) for old, young in zip(base, new) if old != young):
        for name, a, b in zip(names, old, young):
            same = max(len(os.path.commonprefix([a, b])) - AROUND, 0)       # of long texts only what differs
            if a != b:
                lines.append(f"frame {old[0]} {name}: {'…' if same else ''}{a[same:]!r} became {b[same:]!r}")
    return lines


def show(case, name, run, lines, most):
    print(f"\n{case.name}: {name}, {'one pass' if run.passes == 1 else '-2'}{'' if run.tree else ', no tree'}")
    for line in lines[:most]:
        print("  " + (line if len(line) <= WIDTH else line[:WIDTH] + " …"))
    if len(lines) > most:
        print(f"  … {len(lines) - most} more lines")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("folders", metavar="FOLDER", nargs="*", type=Path, help="more captures, with NAME.keys or FILE.opts beside them")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs of tshark at once (default: all processors)")
    parser.add_argument("--only", metavar="PATTERN", help="captures whose name holds this, or matches it as a shell pattern")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many captures")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=LINES_AT_MOST, help="lines shown of a difference (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--without-tree", action="store_true", help="compare JSON, report, timeline and tables of runs that build no tree (-q), too")
    parser.add_argument("--list", action="store_true", help="only name the captures")
    return parser.parse_args()


def chosen(cases, only, sample, seed):
    cases = [case for case in cases if not only or only in case.name or fnmatch.fnmatch(case.name, only)]
    if sample and sample < len(cases):
        cases = random.Random(seed).sample(cases, sample)
    return cases


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="spiscope-compare-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        cases = chosen(all_cases(arguments.folders), arguments.only, arguments.sample, arguments.seed)
        if arguments.list:
            print("\n".join(case.name for case in cases))
            return 0
        if not cases:
            sys.exit("no such capture")
        return compare(arguments, cases, folder)


def compare(arguments, cases, folder):
    readable = []
    for number, case in enumerate(cases):
        case = case if isinstance(case.path, Path) else made(case, arguments.cache)
        copy = folder / "captures" / str(number) / case.path.name       # a folder each: names are not unique
        copy.parent.mkdir(parents=True)
        shutil.copyfile(case.path, copy)
        copy.chmod(0o644)
        readable.append(case._replace(path=copy))
    runs = [Run(tree, passes) for tree in ((True, False) if arguments.without_tree else (True,)) for passes in (1, 2)]
    builds = [Build(plugins_of(build, arguments.cache)) for build in (arguments.base, arguments.new)]
    try:
        comparison = Comparison(*builds, arguments.cache, runs)
        return tell(comparison, readable, arguments)
    finally:
        for build in builds:
            build.close()


def tell(comparison, cases, arguments):
    different, outputs, differing = 0, 0, Counter()
    for name in sorted(set(comparison.base.fields) ^ set(comparison.new.fields)):
        print(f"field {name}: only in {'base' if name in comparison.base.fields else 'new'}")
        differing["field"] += 1
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for case, (found, compared) in zip(cases, pool.map(comparison.differences, cases)):
            outputs += compared
            different += bool(found)
            for difference in found:
                show(case, *difference, arguments.lines)
                differing[difference[0]] += 1
            sys.stdout.flush()
    starts = comparison.starts
    summary = ", ".join(f"{name} {count}" for name, count in sorted(differing.items()))
    print(f"{len(cases)} captures (keys and none counted apart), {outputs} outputs, {len(comparison.fields)} fields: "
          f"{different} captures differ{f' ({summary})' if summary else ''}. "
          f"tshark started {starts['base'] + starts['new']} times, {starts['kept']} results of base were kept")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

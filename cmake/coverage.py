#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of plugin/ the tests run.

    python3 cmake/coverage.py              builds in build/coverage, runs the tests, says what was run
    python3 cmake/coverage.py --report     says it again, without building and running

The tests are those of units, on captures and of the window, and the streams that the fuzzer begins with. Needs what these need, and gcovr. Ends with
status 1 if a test fails, if fewer lines than --least percent (95) were run, or if a line of judge/ was not: what no test makes a rule say, nobody has
seen it say.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
PLUGIN = TREE / "plugin"
TESTS = r"^(unit\.|captures\.|window$|fuzz\.replay$)"
WHOLE_ROOM = "judge/"           # of which each line has to be run


def run(*command, **options):
    if subprocess.run([*map(str, command)], **options).returncode != 0:
        sys.exit(f"coverage: failed: {' '.join(map(str, command))}")


def build_tree(build):
    run("cmake", "-S", TREE, "-B", build, "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=--coverage", "-DBUILD_TESTING=ON",
        "-DSPISCOPE_VALGRIND=OFF", "-DSPISCOPE_SANITIZE=OFF", stdout=subprocess.DEVNULL)
    run("cmake", "--build", build, "--parallel", os.cpu_count() or 1, stdout=subprocess.DEVNULL)


def run_tests(build):
    """The counts go to a folder in which anyone may write, as tshark runs as nobody if this is root; then beside the object files."""
    for old in build.rglob("*.gcda"):
        old.unlink()
    counts = build / "counts"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir()
    counts.chmod(0o1777)
    for folder in [build, *build.parents]:
        if not folder.stat().st_mode & 0o001:
            sys.exit(f"coverage: nobody may look into {folder}, so tshark could not write its counts: give another folder (--build)")
    run("ctest", "--output-on-failure", "-R", TESTS, cwd=build, env=dict(os.environ, GCOV_PREFIX=str(counts)))
    shutil.copytree(counts / build.relative_to("/"), build, dirs_exist_ok=True)


def read_counts(build):
    """File -> (line -> count, function -> (line, count)), of plugin/ without its tests."""
    output = subprocess.run(["gcovr", "--root", str(PLUGIN), "--exclude", str(PLUGIN / "test"), "--json", "-", str(build)],
                            stdout=subprocess.PIPE, text=True)
    if output.returncode != 0:
        sys.exit("coverage: gcovr failed (its message is above)")
    files = {}
    for entry in json.loads(output.stdout)["files"]:
        lines, functions = defaultdict(int), {}
        for line in entry["lines"]:
            if not line.get("gcovr/noncode"):
                lines[line["line_number"]] += line["count"]
        for function in entry["functions"]:
            functions[function["name"]] = function["lineno"], function["execution_count"]
        files[entry["file"]] = lines, functions
    return files


def spans(numbers):
    """3, 4, 5, 9 as "3-5, 9" """
    found = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def report(files):
    """Says per room what was run, and what was not; returns the percentage of lines, and how many of WHOLE_ROOM are missing."""
    compiled = {str(path.relative_to(PLUGIN)) for path in PLUGIN.rglob("*.c") if "test" not in path.relative_to(PLUGIN).parts[:-1]}
    if compiled - files.keys():
        sys.exit(f"coverage: nothing is known of {', '.join(sorted(compiled - files.keys()))}")
    rooms = defaultdict(lambda: [0, 0, 0, 0])
    for name, (lines, functions) in files.items():
        for room in (f"{Path(name).parent}/" if "/" in name else "plugin.c, spiscope.c", "all"):
            for i, number in enumerate((sum(count > 0 for count in lines.values()), len(lines),
                                        sum(count > 0 for _, count in functions.values()), len(functions))):
                rooms[room][i] += number
    print(f"{'':22}{'lines':>18}{'functions':>20}")
    for room, (run_lines, lines, called, functions) in sorted(rooms.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"{room:22}{run_lines:5} of {lines:5} {100 * run_lines / lines:5.1f} %{called:5} of {functions:4} {100 * called / functions:5.1f} %")
    print("\nNot run:")
    for name, (lines, functions) in sorted(files.items()):
        never = [function for function, (_, count) in sorted(functions.items(), key=lambda item: item[1]) if count == 0]
        missing = [number for number, count in lines.items() if count == 0]
        if missing:
            print(f"{name}: {spans(missing)}" + (f" (functions: {', '.join(never)})" if never else ""))
    run_lines, lines = rooms["all"][:2]
    return 100 * run_lines / lines, rooms[WHOLE_ROOM][1] - rooms[WHOLE_ROOM][0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--report", action="store_true", help="say again what the last run found")
    parser.add_argument("--build", type=Path, default=TREE / "build" / "coverage", help="folder to build in")
    parser.add_argument("--least", type=float, default=95, help="percentage of lines below which to fail")
    arguments = parser.parse_args()
    if not shutil.which("gcovr"):
        sys.exit("coverage: gcovr is missing: apt-get install gcovr")
    build = arguments.build.resolve()
    if not arguments.report:
        build_tree(build)
        run_tests(build)
    percentage, missing = report(read_counts(build))
    if percentage < arguments.least:
        sys.exit(f"coverage: {percentage:.1f} % of the lines were run, fewer than {arguments.least:g} %")
    if missing:
        sys.exit(f"coverage: {missing} lines of {WHOLE_ROOM} were not run")


main()

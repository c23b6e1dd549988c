#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the calls between the plugin's files, from what nm says of their object files, and checks that arrows point down.

    callgraph.py [--nm NM] [--draw] OBJECT...    ends with 1 if an arrow points up

An arrow goes from a file that calls a function, takes its address or uses a variable to the file that defines it. The objects must be
built without optimization between files (-fno-lto). A file's room is the folder that it lies in; those of plugin/ itself have none, as
they lead from room to room.
"""
import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import PurePath

# A packet goes one way through the rooms (plugin/README.md): which rooms each must not know.
MUST_NOT_KNOW = {"observe": {"track", "judge", "show"}, "track": {"observe", "judge", "show"}, "judge": {"observe", "show"},
                 "words": {"observe", "track", "judge", "show"}}


def file_of(path):
    """track/sa.c of .../TARGET.dir/track/sa.c.o, or of .../TARGET.dir/__/track/sa.c.o where the target lies elsewhere."""
    parts = PurePath(path).parts
    below = max((i for i, part in enumerate(parts) if part.endswith(".dir")), default=-1) + 1
    return re.sub(r"\.(o|obj)$", "", "/".join(part for part in parts[below:] if part != "__"))


def room_of(file):
    return file.rpartition("/")[0]


def symbols(nm, path):
    """What an object file defines for others, and what it wants of them."""
    defined, wanted = set(), set()
    for line in subprocess.run([nm, "-P", "-g", path], check=True, capture_output=True, text=True).stdout.splitlines():
        name, kind = line.split()[:2]
        (wanted if kind in "Uw" else defined).add(name)
    return defined, wanted


def arrows(nm, objects):
    """{file: {other file: names}}; names that nobody here defines are Wireshark's and the C library's."""
    home, wants = {}, {}
    for path in objects:
        file = file_of(path)
        defined, wants[file] = symbols(nm, path)
        for name in defined:
            if name in home:
                sys.exit(f"{name} is defined in {home[name]} and in {file}")
            home[name] = file
    graph = {file: defaultdict(list) for file in wants}
    for file, wanted in wants.items():
        for name in sorted(wanted & home.keys()):
            graph[file][home[name]].append(name)
    return graph


def circles(graph):
    """The sets of files that reach each other (Tarjan 1972), lowest first."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in graph[file]:
            if other not in index:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == index[file]:
            group = {stack.pop()}
            while file not in group:
                group.add(stack.pop())
            if len(group) > 1:
                found.append(group)

    for file in sorted(graph):
        if file not in index:
            visit(file)
    return found


def told(graph, wanted):
    return [f"  {file} -> {other}: {', '.join(names)}"
            for file in sorted(graph) for other, names in sorted(graph[file].items()) if wanted(file, other)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--draw", action="store_true", help="tell every arrow")
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    graph = arrows(arguments.nm, arguments.objects)
    count = sum(map(len, graph.values()))
    if arguments.draw:
        print("\n".join(told(graph, lambda file, other: True)))
    if count < len(graph):
        sys.exit(f"{len(graph)} object files and {count} arrows: were they built with optimization between files?")
    wrong = []
    for circle in circles(graph):
        wrong += [f"A circle of {len(circle)} files:"] + told(graph, lambda file, other, circle=circle: {file, other} <= circle)
    up = told(graph, lambda file, other: room_of(other) in MUST_NOT_KNOW.get(room_of(file), ()))
    if up:
        wrong += ["Arrows to a room that the file must not know:"] + up
    print(f"{len(graph)} files, {count} arrows, {'down' if not wrong else 'not all down'}")
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()

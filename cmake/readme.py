#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the README's table of findings from plugin/finding.h, between two markers.

    python3 cmake/readme.py            brings README.md up to date
    python3 cmake/readme.py --check    ends with 1 if README.md is not up to date
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
CATALOGUE = ROOT / "plugin" / "finding.h"
RULES = ROOT / "plugin" / "judge"

MARKERS = "<!-- findings:begin -->\n", "<!-- findings:end -->\n"
ENTRY = re.compile(r'\bX\((\w+), "(\w+)", (\w+), (\w+), "([^"]*)"\)')
SEVERITY = {"CHAT": "chat", "NOTE": "note", "WARN": "warning", "ERROR": "error"}


def table():
    """Only findings that some rule reports: the catalogue also names those of later versions."""
    rules = "".join(path.read_text() for path in sorted(RULES.glob("*.c")))
    rows = ["| filter | severity | what |", "| --- | --- | --- |"]
    for identifier, key, severity, _group, title in ENTRY.findall(CATALOGUE.read_text()):
        if re.search(rf"\bFINDING_{identifier}\b", rules):
            rows.append(f"| `spiscope.{key}` | {SEVERITY[severity]} | {title} |")
    return "\n".join(rows) + "\n"


def replaced(text, markers, new):
    """text with new between the markers."""
    begin, end = markers
    before, rest = text.split(begin)
    _old, after = rest.split(end)
    return before + begin + new + end + after


def is_up_to_date(path, markers, new):
    text = path.read_text()
    return replaced(text, markers, new) == text


def update(path, markers, new, check, complaint):
    """Writes new between the markers of a document, or only complains if something else is there. Gives the exit status."""
    if is_up_to_date(path, markers, new):
        return 0
    if check:
        print(complaint, file=sys.stderr)
        return 1
    path.write_text(replaced(path.read_text(), markers, new))
    return 0


def main():
    return update(README, MARKERS, table(), "--check" in sys.argv[1:], "README.md is not up to date with plugin/finding.h: run python3 cmake/readme.py")


if __name__ == "__main__":
    sys.exit(main())

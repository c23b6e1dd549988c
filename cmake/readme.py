# SPDX-License-Identifier: GPL-2.0-or-later
"""What is generated in the README stands between two markers: catalogue.py, verdicts.py."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


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

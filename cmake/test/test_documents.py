# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents: what they link to is there, fields and preferences stand in the users' README, and each file in the developers'."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USERS, DEVELOPERS = ROOT / "README.md", ROOT / "plugin" / "README.md"
DOCUMENTS = [USERS, DEVELOPERS, ROOT / "plugin" / "test" / "bench" / "README.md", ROOT / "test-captures" / "README.md"]
USERS_LINES = 350       # at most
ROOMS = ("", "words", "observe", "track", "show")       # judge's rules are files of their own, and not named one by one
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(path):
    """The document without its code."""
    text = re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.M | re.S)
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def anchors(path):
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", prose(path), re.M)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    links = [link for link in LINK.findall(prose(path)) if "://" not in link]
    assert links
    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_users_document_is_short():
    assert len(USERS.read_text().splitlines()) <= USERS_LINES


def in_code(path):
    """What stands in the document as code, `.this` completed by the last whole name before it."""
    names, stem = set(), ""
    for name in re.findall(r"`([^`\s]+)`", prose(path)):
        if name.startswith("."):
            names |= {stem + name, stem.rpartition(".")[0] + name}
        else:
            stem = name
        names.add(name)
    return names


def test_users_are_told_of_each_field_and_preference():
    fields = re.findall(r'"(spiscope\.[a-z_.]+)", FT_', (ROOT / "plugin" / "show" / "tree.c").read_text())
    preferences = re.findall(r'prefs_register_\w+\(\w+, "(\w+)"', (ROOT / "plugin" / "spiscope.c").read_text())
    assert len(fields) > 30 and len(preferences) > 5
    assert {*fields, *preferences} - in_code(USERS) == set()


def told_of(room):
    """The files that the tables in "Where what lives" name, and those that are there, without .c and .h."""
    section = re.search(r"^## Where what lives\n(.*?)^## ", DEVELOPERS.read_text(), re.M | re.S)[1]
    table = re.search(rf"^\| in `{room or 'plugin'}/` .*\n((?:\|.*\n)+)", section, re.M)
    assert table, f"plugin/README.md has no table of {room}/"
    rows = [row.split(" | ")[0] for row in table[1].splitlines()]
    named = {re.sub(r"\.[ch]$", "", name) for row in rows for name in re.findall(r"`([^`]+)`", row)}
    return named, {path.stem for path in (ROOT / "plugin" / room).glob("*.[ch]")}


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / "plugin" / room).is_dir()])
def test_each_file_of_a_room_is_told_of(room):
    named, there = told_of(room)
    assert there - named == set(), "plugin/README.md does not say what these are for"
    assert {name for name in named - there if not (ROOT / "plugin" / room / name).exists()} == set(), "these are not there"

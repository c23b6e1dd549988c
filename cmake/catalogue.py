#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes what follows from the catalogue of findings (plugin/judge/finding.h) and the causes of verdicts (plugin/judge/verdict.c):
the README's table, the lists of plugin/report.schema.json, and in plugin/profile/SPIscope the filters of the colouring rules and
buttons that are about findings.

    python3 cmake/catalogue.py            brings these files up to date
    python3 cmake/catalogue.py --check    ends with 1 if one is not up to date

The profile's files keep their names, colours and tooltips; their filters are made here. A new family needs a place in COLOURS, or
is coloured as "Other finding".
"""
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import readme  # noqa: E402

ROOT = readme.ROOT
PLUGIN = ROOT / "plugin"
CATALOGUE = PLUGIN / "judge" / "finding.h"
CAUSES = PLUGIN / "judge" / "verdict.c"
SCHEMA = PLUGIN / "report.schema.json"
COLORFILTERS = PLUGIN / "profile" / "SPIscope" / "colorfilters"
BUTTONS = PLUGIN / "profile" / "SPIscope" / "dfilter_buttons"

MARKERS = "<!-- findings:begin -->\n", "<!-- findings:end -->\n"
SEVERITIES = {"CHAT": "chat", "NOTE": "note", "WARN": "warning", "ERROR": "error"}

# Which families a colouring rule or a button shows, by its name in the profile.
COLOURS = {
    "Proxy ID": ["PROXY_ID"],
    "Lifetime": ["LIFETIME"],
    "Refused: authentication, proposal, PFS, child SA": ["REFUSED"],
    "Flapping": ["FLAPPING"],
    "SPI churn": ["CHURN"],
    "Peer silent or restarted": ["LIVENESS"],
    "Stale SPI, sequence, one-way": ["STALE", "SEQUENCE", "ONE_WAY"],
}
SHOWN = {
    "Churn": ["FLAPPING", "CHURN"],
    "Proxy ID": ["PROXY_ID"],
    "Lifetimes": ["LIFETIME"],
    "Refused": ["REFUSED"],
}


class Finding(NamedTuple):
    key: str
    family: str
    severity: str
    title: str


def families(text):
    listed = re.search(r"#define SPISCOPE_FAMILIES\(X\)(.*?)\n\n", text, re.DOTALL)[1]
    return re.findall(r"\bX\((\w+)\)", listed)


def findings(text):
    found = [Finding(*entry) for entry in re.findall(r'\bX\(\w+, "(\w+)", (\w+), (\w+), \w+, "([^"]*)"\)', text)]
    known = set(families(text))
    for finding in found:
        if finding.family not in known or finding.severity not in SEVERITIES:
            raise ValueError(f"{finding.key}: unknown family or severity")
    return found


def causes(text):
    return re.findall(r'\[CAUSE_\w+\] = \{ "(\w+)"', text)


# ---- what is made of them

def table(catalogue):
    rows = ["| filter | severity | what |", "| --- | --- | --- |"]
    rows += [f"| `spiscope.{finding.key}` | {SEVERITIES[finding.severity]} | {finding.title} |" for finding in catalogue]
    return "\n".join(rows) + "\n"


def schema(text, catalogue, names):
    document = json.loads(text)
    document["definitions"]["finding"]["properties"]["key"]["enum"] = [finding.key for finding in catalogue]
    tunnel = document["properties"]["tunnels"]["items"]["properties"]
    tunnel["verdict"]["properties"]["cause"]["enum"] = names
    return json.dumps(document, indent=2) + "\n"


def filter_of(catalogue, of_families):
    """The families' findings, each family's worst first."""
    worst_first = list(SEVERITIES)[::-1]
    keys = []
    for family in of_families:
        members = [finding for finding in catalogue if finding.family == family]
        keys += [finding.key for finding in sorted(members, key=lambda finding: worst_first.index(finding.severity))]
    if not keys:
        raise ValueError(f"no finding is of {of_families}")
    return " || ".join(f"spiscope.{key}" for key in keys)


def with_filters(text, catalogue, entries, pattern):
    """Puts each entry's filter where the pattern, with the entry's name in it, has one after its first group."""
    for name, of_families in entries.items():
        new = filter_of(catalogue, of_families)
        text, count = re.subn(pattern.replace("NAME", re.escape(name)), lambda match, new=new: match[1] + new + match[2], text,
                              flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{name}: {count} times in the profile")
    return text


def made():
    """Each file with what it has to hold."""
    text = CATALOGUE.read_text()
    catalogue = findings(text)
    return {
        readme.README: readme.replaced(readme.README.read_text(), MARKERS, table(catalogue)),
        SCHEMA: schema(SCHEMA.read_text(), catalogue, causes(CAUSES.read_text())),
        COLORFILTERS: with_filters(COLORFILTERS.read_text(), catalogue, COLOURS, r"^(@NAME@)[^@]*(@)"),
        BUTTONS: with_filters(BUTTONS.read_text(), catalogue, SHOWN, r'^("TRUE","NAME",")[^"]*(")'),
    }


def main():
    check = "--check" in sys.argv[1:]
    stale = {path: new for path, new in made().items() if path.read_text() != new}
    for path, new in stale.items():
        if check:
            print(f"{path.relative_to(ROOT)} is not up to date with plugin/judge: run python3 cmake/catalogue.py", file=sys.stderr)
        else:
            path.write_text(new)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

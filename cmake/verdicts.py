#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the tables of verdicts in test-captures/README.md, from runs of the plugin on both labs' captures and on rebuilt reports, between markers.

    python3 cmake/verdicts.py [PLUGINS]            brings the tables up to date
    python3 cmake/verdicts.py --check [PLUGINS]    ends with 1 if they are not up to date

PLUGINS is the folder that holds 4.N/epan/spiscope.so (default: build/plugins). Needs python3-scapy, as the tests do.
"""
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "cmake"), str(ROOT / "test-captures"), str(ROOT / "test-captures" / "tests")]
import readme  # noqa: E402
from expected_uml import TABLE as UML_TABLE  # noqa: E402
from expected_verdicts import DEFAULTS, TABLE  # noqa: E402

README = ROOT / "test-captures" / "README.md"
MARKERS = "<!-- verdicts:begin -->\n", "<!-- verdicts:end -->\n"
UML_MARKERS = "<!-- uml:begin -->\n", "<!-- uml:end -->\n"
REPORT_MARKERS = "<!-- reports:begin -->\n", "<!-- reports:end -->\n"


def verdicts_of(json):
    """"state: cause (confidence)", once where all tunnels have the same."""
    verdicts = [tunnel["verdict"] for tunnel in json["tunnels"]]
    found = [f"{verdict['state']}: `{verdict['cause']}` ({verdict['confidence']})" for verdict in verdicts]
    same = len(found) > 1 and len(set(found)) == 1
    return f"{len(found)} tunnels, each {found[0]}" if same else ", ".join(found) or "no IPsec"


def table(run, expected=TABLE):
    """run(row, keys) gives the JSON of a run. Of the lab's captures, most are not read with default preferences; all of those in simulated time are."""
    rows = ["| capture | what the lab did | verdict with keys | verdict without keys |", "| --- | --- | --- | --- |"]
    for row in expected:
        name = f"`{row.capture}`" + (", default preferences" if expected is TABLE and row.options == DEFAULTS else "")
        rows.append(f"| {name} | {row.lab} | {verdicts_of(run(row, True))} | {verdicts_of(run(row, False))} |")
    return "\n".join(rows) + "\n"


def report_table(reports, run):
    """run(name, form) gives the JSON of a run."""
    rows = ["| report | source, and what happened | verdict where the negotiation is readable | verdict where it is not |", "| --- | --- | --- | --- |"]
    for name in sorted(reports):
        said = " ".join(reports[name].build.__doc__.split())
        rows.append(f"| `{name}` | {said} | {verdicts_of(run(name, 'readable'))} | {verdicts_of(run(name, 'keyless'))} |")
    return "\n".join(rows) + "\n"


def is_up_to_date(new, markers=MARKERS):
    return readme.is_up_to_date(README, markers, new)


def main(arguments):
    from harness import Harness
    from outputs import outputs, run_ahead
    from make_reports import write_all
    from reports import REPORTS

    check = "--check" in arguments
    plugins = [argument for argument in arguments if argument != "--check"]
    harness = Harness(plugins[0] if plugins else ROOT / "build" / "plugins")
    try:
        run_ahead(harness, [(row.capture, keys, row.options) for row in (*TABLE, *UML_TABLE) for keys in (True, False)])
        rebuilt = {key: str(path) for key, (_, path) in write_all(harness.readable_copy_dir("reports")).items()}
        run_ahead(harness, [(path, False, ()) for path in rebuilt.values()])
        def run(row, keys):
            return outputs(harness, row.capture, keys, row.options).json
        tables = [(MARKERS, table(run)), (UML_MARKERS, table(run, UML_TABLE)),
                  (REPORT_MARKERS, report_table(REPORTS, lambda *key: outputs(harness, rebuilt[key], False, ()).json))]
    finally:
        harness.close()
    hint = f"{README} is not up to date with the plugin's verdicts: run python3 cmake/verdicts.py"
    return max([readme.update(README, markers, new, check, hint) for markers, new in tables])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs -z spiscope,report and -z spiscope,json,FILE in one go, and keeps what they wrote for all tests of the session."""
import json
import re
import tempfile
from collections import namedtuple
from pathlib import Path

from harness import MIN_10, OPTIONS

Output = namedtuple("Output", "json text report")      # the JSON as an object, as text, and the report
VERDICT = re.compile(r"^  Verdict +(\w+) \((\w+)\)$", re.M)


def _run(spiscope, capture, keys, options, passes):
    path = spiscope.path(capture)
    arguments = ["-n", "-q", "-r", path, *["-2"] * (passes - 1)]
    for option in (*OPTIONS.get(str(capture), ()), *options):
        arguments += ["-o", option]
    with tempfile.NamedTemporaryFile(suffix=".json", dir=spiscope.room / "home") as file:
        Path(file.name).chmod(0o666)
        done = spiscope.tshark(*arguments, "-z", "spiscope,report", "-z", f"spiscope,json,{file.name}",
                               keys=path.with_suffix(".keys") if keys else None)
        text = Path(file.name).read_bytes().decode()
    return Output(json.loads(text), text, done.stdout)


def submit(spiscope, capture, keys=False, options=MIN_10, passes=1):
    options = (options,) if isinstance(options, str) else tuple(options)
    key = ("outputs", str(capture), keys, options, passes)
    if key not in spiscope.results:
        spiscope.results[key] = spiscope.pool.submit(_run, spiscope, capture, keys, options, passes)
    return spiscope.results[key]


def outputs(spiscope, capture, keys=False, options=MIN_10, passes=1):
    return submit(spiscope, capture, keys, options, passes).result()


def verdicts(output):
    """(cause, confidence) of each tunnel."""
    return [(tunnel["verdict"]["cause"], tunnel["verdict"]["confidence"]) for tunnel in output.json["tunnels"]]


def run_ahead(spiscope, jobs):
    for job in jobs:
        submit(spiscope, *job)

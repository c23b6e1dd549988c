# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs -z spiscope,report, -z spiscope,json,FILE and -z spiscope,timeline,FILE in one go, and keeps what they wrote for all tests of the session."""
import json
import re
import tempfile
from collections import namedtuple
from pathlib import Path

from harness import MIN_10, OPTIONS

Output = namedtuple("Output", "json text report svg")      # the JSON as an object, as text, the report, and the timeline
VERDICT = re.compile(r"^  Verdict +(\w+): (\w+) \((\w+)\)$", re.M)     # state, cause, confidence


def run(spiscope, capture, keys=False, options=(), passes=1, **more):
    """Runs anew; more goes to Harness.tshark."""
    path = spiscope.path(capture)
    arguments = ["-n", "-q", "-r", path, *["-2"] * (passes - 1)]
    for option in (*OPTIONS.get(str(capture), ()), *options):
        arguments += ["-o", option]
    with tempfile.TemporaryDirectory(dir=spiscope.room / "home") as folder:
        Path(folder).chmod(0o777)
        json_file, svg_file = Path(folder) / "json", Path(folder) / "svg"
        done = spiscope.tshark(*arguments, "-z", "spiscope,report", "-z", f"spiscope,json,{json_file}", "-z", f"spiscope,timeline,{svg_file}",
                               keys=path.with_suffix(".keys") if keys else None, **more)
        text, svg = json_file.read_bytes().decode(), svg_file.read_bytes().decode()
    return Output(json.loads(text), text, done.stdout, svg)


def run_once(spiscope, capture, keys, options, passes):
    """run(), once for all processes of this session. The capture's path is in every output, and each process has a room of its own for captures;
    the names of all rooms are equally long."""
    def make():
        output = run(spiscope, capture, keys, options, passes)
        return str(spiscope.room), output
    room, output = spiscope.shared(make, ("outputs", OPTIONS.get(str(capture), ()), options, passes), capture, keys)
    if room == str(spiscope.room):
        return output
    text = output.text.replace(room, str(spiscope.room))
    return Output(json.loads(text), text, output.report.replace(room, str(spiscope.room)), output.svg.replace(room, str(spiscope.room)))


def submit(spiscope, capture, keys=False, options=MIN_10, passes=1):
    options = (options,) if isinstance(options, str) else tuple(options)
    key = ("outputs", str(capture), keys, options, passes)
    if key not in spiscope.results:
        spiscope.results[key] = spiscope.pool.submit(run_once, spiscope, capture, keys, options, passes)
    return spiscope.results[key]


def outputs(spiscope, capture, keys=False, options=MIN_10, passes=1):
    return submit(spiscope, capture, keys, options, passes).result()


def verdicts(output):
    """(cause, confidence) of each tunnel."""
    return [(tunnel["verdict"]["cause"], tunnel["verdict"]["confidence"]) for tunnel in output.json["tunnels"]]


def run_ahead(spiscope, jobs):
    for job in jobs:
        submit(spiscope, *job)


def of_many(spiscope, jobs):
    """What a file of tests asks many captures with. jobs: name -> what submit() takes, (capture, keys, options, passes). All are begun at once, on
    all processors; what another file or process of this session ran is not run again. Gives a function: name -> its Output."""
    run_ahead(spiscope, jobs.values())
    return lambda name: outputs(spiscope, *jobs[name])

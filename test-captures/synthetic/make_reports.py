#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write public reports of broken tunnels, rebuilt: make_reports.py DIRECTORY [NAME...]

Each as NAME.readable.pcap, with IKE in clear as in a gateway's own debug capture, and NAME.keyless.pcap, the same encrypted. The reports are in
reports/, a file for each topic. The bytes are the same in every run.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from reports import (alive, clients, clouds, collisions, deletes, ends, failovers, identities, lifetimes, liveness, nat, nothing_wrong,  # noqa: E402, F401
                     on_the_way, path, phase_by_phase, reboots, refusals, rekeys, rhythms, second_looks, set_ups, who_ends, FORMS, REPORTS)
from reports.scene import Scene, Site  # noqa: E402


def build(name, site=Site(), suffix=""):
    """The Scene of a report; its capture's name ends in what tells this site from others, if need be."""
    scene = Scene(f"{name}.{site.form}{suffix}", site)
    REPORTS[name].build(scene)
    return scene.finish()


def write_all(directory, names=REPORTS):
    """Each report as it happened, in both forms: (name, form) -> (Scene, path)."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    written = {}
    for name in sorted(names):
        for form in FORMS:
            scene = build(name, Site(sealed=form == "keyless"))
            written[name, form] = scene, scene.write(directory)
            written[name, form][1].chmod(0o644)
    return written


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write_all(sys.argv[1], sys.argv[2:] or REPORTS)

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a seed corpus for the fuzzer: what SPIscope observes in captures, as streams of events (stream.h).

    plugin/test/fuzz/seeds.py RECORDER_PLUGINS FOLDER

RECORDER_PLUGINS holds 4.N/epan/spiscope_recorder.so. The captures are those of test-captures/, with keys and without, the
synthetic ones, and those of the rebuilt reports that are short.
"""
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "test-captures" / "tests"))
import harness  # noqa: E402

import make  # noqa: E402
import make_ike  # noqa: E402
import make_reports  # noqa: E402

SETTINGS_ONLY = 1               # bytes of a stream without events
SHORT = 500                     # packets: a fuzzer wants many runs a second


def record(box, path, name, folder, keys=None):
    """One capture's stream; none where it holds no IPsec."""
    out = box.room / "home" / name
    box.tshark("-n", "-r", path, keys=keys, may_complain=True, SPISCOPE_RECORD_TO=str(out))
    if out.stat().st_size > SETTINGS_ONLY:
        (folder / name).write_bytes(out.read_bytes())
    out.unlink()


def main(recorder, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    box = harness.Harness(recorder)
    try:
        for name in harness.LAB:
            record(box, box.path(name), name, folder)
            record(box, box.path(name), f"{name}+keys", folder, box.path(name).with_suffix(".keys"))
        made = box.readable_copy_dir("synthetic")
        for module in (make, make_ike):
            for name in sorted(module.CASES):
                path = module.build(name).write(made)
                path.chmod(0o644)
                record(box, path, name, folder)
        for name in sorted(make_reports.REPORTS):
            scene = make_reports.build(name)
            if len(scene.records) <= SHORT:
                path = scene.write(made)
                path.chmod(0o644)
                record(box, path, scene.name, folder)
    finally:
        box.close()
    print(f"{len(list(folder.iterdir()))} streams in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

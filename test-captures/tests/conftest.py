# SPDX-License-Identifier: GPL-2.0-or-later
"""Black-box tests: tshark with the plugin on the lab's captures and on synthetic ones.

    SPISCOPE_PLUGIN_DIR=D python3 -m pytest -q test-captures/tests        (D holds 4.N/epan/spiscope.so)
"""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
import harness  # noqa: E402
import make_ike  # noqa: E402

MANY = 400      # from so many tests on, it pays to run tshark ahead, on all processors
# These run tshark in ways of their own
# What ctest -L quick runs (cmake/tests.cmake): one look at every capture of the lab and at every synthetic one
QUICK = ("test_captures", "test_churn", "test_nat", "test_one_way", "test_parallel", "test_sa_table", "test_sequence", "test_synthetic_ike",
         "test_verdict")
APART = ("test_attribution", "test_batch", "test_healthy", "test_json", "test_keyless_bounds", "test_live", "test_profile", "test_reload",
         "test_reports", "test_secrets", "test_synthetic_ike", "test_timeline", "test_uml", "test_verdict")


@pytest.fixture(scope="session")
def spiscope(request):
    plugin_dir = os.environ.get("SPISCOPE_PLUGIN_DIR")
    if not plugin_dir or not list(Path(plugin_dir).glob("4.*/epan/spiscope.so")):
        pytest.exit("set SPISCOPE_PLUGIN_DIR to the folder that holds 4.N/epan/spiscope.so", returncode=2)
    runner = harness.Harness(plugin_dir)
    many = sum(not item.path.name.startswith(APART) for item in request.session.items) >= MANY
    few = all(item.path.name.startswith(QUICK) for item in request.session.items)
    if many:
        runner.run_ahead(harness.LAB, few)
    runner.write_synthetic()
    if many:
        runner.run_ahead(harness.SYNTHETIC, few)
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def constructed_ike(spiscope):
    """Case name -> the IkeCapture that synthetic/make_ike.py wrote."""
    captures = {name: make_ike.build(name) for name in make_ike.CASES}
    for capture in captures.values():
        capture.write(spiscope.captures).chmod(0o644)
    return captures


@pytest.fixture(scope="session")
def truth(spiscope):
    """Case name -> the Capture that the synthetic script wrote, with what must come out."""
    return spiscope.truth


def pytest_terminal_summary(terminalreporter, config):
    """What a test counted and wants to be known."""
    for line in getattr(config, "spiscope_lines", ()):
        terminalreporter.write_line(line)

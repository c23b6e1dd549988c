# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether SPIscope costs no more than limits.py says, on small captures. Instructions are counted, so the machine's load does not matter.

    SPISCOPE_PLUGIN_DIR=D python3 -m pytest -q plugin/test/bench        (D holds 4.N/epan/spiscope.so)
"""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
from measure import Bench  # noqa: E402
from limits import LIMITS, SMALL, measure_limits  # noqa: E402


README = (Path(__file__).parent / "README.md").read_text()


@pytest.fixture(scope="session")
def measured(request):
    """Name of a limit -> a future of what was measured for it."""
    bench = Bench(os.environ["SPISCOPE_PLUGIN_DIR"], processors=os.cpu_count() or 1)
    names = {item.callspec.params["name"] for item in request.session.items if "measured" in item.fixturenames}
    yield measure_limits(bench, SMALL, [name for name in LIMITS if name in names])
    bench.close()


@pytest.mark.parametrize("name", LIMITS)
def test_limit(measured, name):
    limit = LIMITS[name]
    found = measured[name].result()
    assert found
    for what, value in found:
        print(f"{limit.what}: {what}: {value:.3f}, at most {limit.most}")
    assert all(value <= limit.most for _what, value in found)


@pytest.mark.parametrize("name", LIMITS)
def test_the_readme_names_the_limit(name):
    limit = LIMITS[name]
    rows = [row.split(" | ") for row in README.splitlines() if row.startswith(f"| {limit.what} | ")]
    assert rows and {float(row[2]) for row in rows} == {limit.most}, "run plugin/test/bench/bench.py table --small --rounds 1"

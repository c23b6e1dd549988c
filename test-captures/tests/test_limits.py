# SPDX-License-Identifier: GPL-2.0-or-later
"""Full tables, and captures that nobody made for us."""
import shutil

import pytest
from harness import TEST_CAPTURES

THIRD_PARTY = sorted(path for kind in ("pcap", "pcapng") for path in (TEST_CAPTURES.parent.parent / "shared/captures/third-party").glob(f"*/*.{kind}"))


def test_max_sas_keeps_the_table_small(spiscope):
    """churn has twelve SAs; the ones beyond the limit are not tracked, the others are as before."""
    numbers = {int(n) for row in spiscope.full("churn", ("spiscope.max_sas:4",)) for n in row["spiscope.sa"]}
    assert numbers == set(range(4))


def test_a_full_table_is_said_once(spiscope):
    found = [f for f in spiscope.findings("churn", ("spiscope.max_sas:4",)) if f.key == "limit_reached"]
    assert len(found) == 1
    assert "limit_reached" not in spiscope.keys_found("churn")


if THIRD_PARTY:
    @pytest.mark.parametrize("path", THIRD_PARTY, ids=lambda path: path.name)
    def test_published_captures_are_read_without_trouble(spiscope, path):
        """Malformed ones among them: no crash, no complaint, no SA without ESP or AH."""
        copy = spiscope.readable_copy_dir("third-party") / path.name
        shutil.copy(path, copy)
        copy.chmod(0o644)
        for row in spiscope.rows(str(copy), ("frame.number", "esp.spi", "ah.spi", "spiscope.sa", "spiscope.finding", "spiscope.confidence")):
            assert len(row["spiscope.sa"]) <= len(row["esp.spi"]) + len(row["ah.spi"]), f"frame {row['frame.number']}"
            assert len(row["spiscope.finding"]) == len(row["spiscope.confidence"]), f"frame {row['frame.number']}"

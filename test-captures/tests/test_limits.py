# SPDX-License-Identifier: GPL-2.0-or-later
"""Full tables, and captures that nobody made for us."""
import re
import shutil

import pytest
from harness import TEST_CAPTURES
from outputs import outputs

THIRD_PARTY = sorted(path for kind in ("pcap", "pcapng") for path in (TEST_CAPTURES.parent.parent / "shared/captures/third-party").glob(f"*/*.{kind}"))


def test_max_sas_keeps_the_table_small(spiscope):
    """churn has twelve SAs; the ones beyond the limit are not tracked, the others are as before."""
    numbers = {int(n) for row in spiscope.full("churn", ("spiscope.max_sas:4",)) for n in row["spiscope.sa"]}
    assert numbers == set(range(4))


def test_a_full_table_is_said_once(spiscope):
    found = [f for f in spiscope.findings("churn", ("spiscope.max_sas:4",)) if f.key == "limit_reached"]
    assert len(found) == 1
    assert "limit_reached" not in spiscope.keys_found("churn")


@pytest.mark.parametrize("capture, options", (("churn", ("spiscope.max_sas:4",)), ("ike2_delete_thousands", ())))
def test_a_limit_is_in_report_and_json(spiscope, constructed_ike, capture, options):
    """It belongs to no tunnel. Those who never look at a packet must see it, too."""
    shown = [f for f in spiscope.findings(capture, options) if f.key == "limit_reached"]
    output = outputs(spiscope, capture, False, options)
    assert [(f["key"], f["frame"], f["confidence"]) for f in output.json["findings"]] == [("limit_reached", shown[0].frame, "proven")]
    head = output.report[:re.search("^Tunnel 0", output.report, re.M).start()]
    assert "Finding limit_reached, 1 time," in " ".join(head.split())
    assert not any(f["key"] == "limit_reached" for tunnel in output.json["tunnels"] for f in tunnel["findings"])


def test_without_a_limit_nothing_is_said_of_one(spiscope):
    output = outputs(spiscope, "churn")
    assert output.json["findings"] == [] and "limit_reached" not in output.report


def test_a_delete_of_thousands_is_cut_and_says_so(spiscope, constructed_ike):
    """The first 1,024 SPIs stand on the frame; README names that number."""
    rows = spiscope.rows("ike2_delete_thousands", ("frame.number", "spiscope.finding", "spiscope.sa.spi", "_ws.expert.message"))
    said = [row for row in rows if "limit_reached" in row["spiscope.finding"]]
    assert len(said) == 1
    assert [int(spi, 0) for spi in said[0]["spiscope.sa.spi"]] == list(range(0xDD000000, 0xDD000000 + 1024))
    assert any("1024 SPIs" in text for text in said[0]["_ws.expert.message"])


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

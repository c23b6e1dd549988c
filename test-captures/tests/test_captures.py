# SPDX-License-Identifier: GPL-2.0-or-later
"""The synthetic captures hold what they claim to hold: checked with stock tshark, without the plugin."""
import re

import pytest
from harness import LAB, NULL_ESP, SYNTHETIC, TEST_CAPTURES, make

# what stock tshark cannot tell apart, or counts twice
SEEN_TWICE = {"mirror_port", "mirror_port_router", "replayed"}


@pytest.mark.parametrize("name", SYNTHETIC)
def test_stock_tshark_decodes_what_was_written(spiscope, truth, name):
    seen = spiscope.reference_sas(name)
    written = truth[name].truth
    assert set(seen) == set(written)
    for key, packets in seen.items():
        if name not in SEEN_TWICE:
            assert len(packets) == written[key].packets, key
        assert {layer.sequence for _, _, layer in packets} == {number % 2**32 for number in written[key].sequence_numbers}, key


def test_synthetic_captures_are_the_same_every_time(tmp_path, spiscope):
    make.main(tmp_path, "loss", "encap_gtp")
    for name in ("loss", "encap_gtp"):
        assert (tmp_path / f"{name}.pcap").read_bytes() == spiscope.path(name).read_bytes()


def test_nested_esp_needs_the_null_encryption_heuristic(spiscope):
    fields = ("frame.number", "esp.spi")
    with_heuristic = spiscope.rows("nested_null_esp", fields, (NULL_ESP,), plugin=False)
    assert all(len(row["esp.spi"]) == 2 for row in with_heuristic)


def test_the_table_says_what_each_capture_shows():
    table, _rest = (TEST_CAPTURES / "README.md").read_text().split("\n## Verdicts\n")
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == LAB

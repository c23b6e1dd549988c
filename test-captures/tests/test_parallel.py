# SPDX-License-Identifier: GPL-2.0-or-later
"""SAs that are in use side by side are lineages of their own; SAs that fell silent have a successor."""
import pytest
from harness import LAB, make

SIDE_BY_SIDE = ["parallel_2", "parallel_5", "parallel_slow", "parallel_sparse", "parallel_late"]
REPLACED = {"rekey", "spi_churn", "flapping", "stale_spi"}


@pytest.mark.parametrize("capture", SIDE_BY_SIDE)
def test_side_by_side_is_no_replacement(spiscope, capture):
    found = spiscope.findings(capture)
    assert not [f for f in found if f.key in REPLACED]
    assert {f.key for f in found} <= {"duplicate_sa"}


@pytest.mark.parametrize("capture", SIDE_BY_SIDE)
def test_side_by_side_are_all_first_of_their_lineage(spiscope, capture):
    for key, sa in spiscope.sa_table(capture).items():
        assert sa.get("generation", 1) == 1, key
        assert "replaces" not in sa and "replaced_by" not in sa, key


@pytest.mark.parametrize("capture", ["parallel_in_turn", "parallel_few_packets"])
def test_what_is_known_only_later_takes_findings_back(spiscope, capture):
    """An SA that falls silent for its neighbour looks replaced, until it speaks again, or took turns with it before."""
    assert spiscope.findings(capture, passes=2) == []
    for key, sa in spiscope.sa_table(capture).items():
        assert "replaces" not in sa and "replaced_by" not in sa, key


def test_parallel_sas_rekeyed_keep_two_lineages(spiscope):
    table = spiscope.sa_table("parallel_rekeyed")
    for dst, base in ((make.B, 0xA0000000), (make.A, 0xB0000000)):
        old, new = [base + 1, base + 2], [base + 3, base + 4]
        sas = {spi: table[("esp", dst, spi)] for spi in old + new}
        assert [sas[spi].get("generation") for spi in old + new] == [1, 1, 2, 2]
        assert sorted(sas[spi].get("replaces", 0) for spi in new) == old
        assert sorted(sas[spi].get("replaced_by", 0) for spi in old) == new
        for spi in new:
            assert sas[sas[spi]["replaces"]]["replaced_by"] == spi


def test_parallel_sas_rekeyed_do_not_churn(spiscope):
    found = [f.key for f in spiscope.findings("parallel_rekeyed") if f.key != "duplicate_sa"]
    assert found == ["rekey"] * 4


def test_stale_spi_on_the_first_packet_after_the_successor(spiscope, truth):
    found = spiscope.findings("stale")
    stale = [f for f in found if f.key == "stale_spi"]
    assert stale[0].frame == truth["stale"].frames["stale"]
    assert stale[0].confidence == "suspected"
    reference = spiscope.reference("stale")
    for f in stale:
        assert reference[f.frame][1][0].spi == 0xA0000001, "only on the old SPI"
    assert {f.key for f in found} == {"rekey", "stale_spi"}


@pytest.mark.parametrize("capture", ["churn", "clean_rekey", "rekey_make_before_break", "drop_and_return", "parallel_rekeyed"])
def test_no_stale_spi_within_the_handover(spiscope, capture):
    assert "stale_spi" not in spiscope.keys_found(capture)


@pytest.mark.parametrize("capture", [name for name in ("k_v2_parallel",) if name in LAB])
def test_lab_parallel_children_are_two_lineages(spiscope, capture):
    """Two children with two pings side by side, both rekeyed every 20 s: never more generations than half of the SAs."""
    directions = {}
    for (_, dst, _), sa in spiscope.sa_table(capture, ("spiscope.min_sa_lifetime:10",)).items():
        directions.setdefault(dst, []).append(sa.get("generation", 0))
    for generations in directions.values():
        assert generations.count(1) == 2, generations
        assert max(generations) <= (len(generations) + 1) // 2, generations

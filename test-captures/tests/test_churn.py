# SPDX-License-Identifier: GPL-2.0-or-later
"""rekey, spi_churn and flapping: replaced too early, often enough, and nothing else."""
from collections import Counter

import pytest
from harness import LAB, MIN_10, make

CHURNING = {"spi_churn", "flapping"}
FLAPPING_LAB = [name for name in ("v2_flap", "v1_flap", "k_v2_flap", "k_v1_flap") if name in LAB]
HEALTHY_LAB = [name for name in ("v2_healthy", "v1_healthy", "v1_aggressive", "v2_gcm_reauth", "k_v2_healthy", "k_v2_ipv6", "k_v2_ah",
                                 "k_v2_transport", "v2_nat3") if name in LAB]
PARALLEL_LAB = [name for name in ("v2_dup", "k_v2_parallel") if name in LAB]


def per_direction(spiscope, capture, key, options=()):
    """Number of findings of this key, by (source, destination)."""
    return Counter(spiscope.finding_direction(capture, f) for f in spiscope.findings(capture, options) if f.key == key)


BOTH = {(make.A, make.B), (make.B, make.A)}


# --- synthetic --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", ["clean_rekey", "rekey_make_before_break"])
def test_clean_rekeys_are_told_as_such_and_nothing_else(spiscope, capture):
    assert spiscope.keys_found(capture) == {"rekey"}
    assert per_direction(spiscope, capture, "rekey") == {direction: 2 for direction in BOTH}


def test_rekey_stands_on_a_frame_of_the_successor_soon_after_the_change(spiscope):
    for f in spiscope.findings("rekey_make_before_break"):
        time, (layer,) = spiscope.reference("rekey_make_before_break")[f.frame]
        generation = layer.spi & 0xFF
        assert generation in (2, 3)
        assert 0 <= time - make.BASE - (generation - 1) * 600 <= 20


@pytest.mark.parametrize("capture", ["churn", "churn_udp"])
def test_six_generations_of_a_minute_churn_and_flap(spiscope, capture):
    assert spiscope.keys_found(capture) - {"rekey"} == CHURNING
    churned = per_direction(spiscope, capture, "spi_churn")
    assert set(churned) == BOTH
    assert all(3 <= count <= 5 for count in churned.values()), churned
    assert set(per_direction(spiscope, capture, "flapping")) == BOTH


def test_flapping_stands_on_the_frame_of_the_churn_that_makes_it_so(spiscope):
    """churn_count is 3: the first flapping of a direction is on the frame of its third spi_churn."""
    churned, flapped = {}, {}
    for f in spiscope.findings("churn"):
        direction = spiscope.finding_direction("churn", f)
        {"spi_churn": churned, "flapping": flapped}.get(f.key, {}).setdefault(direction, []).append(f.frame)
    for direction in BOTH:
        assert flapped[direction][0] == churned[direction][2]


def test_churn_from_esp_alone_is_not_called_proven(spiscope):
    assert all(f.confidence != "proven" for f in spiscope.findings("churn") if f.key in CHURNING)


def test_min_sa_lifetime_decides(spiscope):
    assert spiscope.keys_found("churn", (MIN_10,)) == {"rekey"}
    assert per_direction(spiscope, "churn", "rekey", (MIN_10,)) == {direction: 5 for direction in BOTH}
    assert "spi_churn" in spiscope.keys_found("rekey_make_before_break", ("spiscope.min_sa_lifetime:1000",))


def test_churn_count_decides(spiscope):
    keys = spiscope.keys_found("churn", ("spiscope.churn_count:10",))
    assert "spi_churn" in keys and "flapping" not in keys


def test_churn_window_decides(spiscope):
    """60 s apart: never three within 100 s."""
    keys = spiscope.keys_found("churn", ("spiscope.churn_window:100",))
    assert "spi_churn" in keys and "flapping" not in keys


def test_handover_grace_decides_when_a_change_is_certain(spiscope):
    early = min(f.frame for f in spiscope.findings("churn") if f.key in ("rekey", "spi_churn"))
    late = min(f.frame for f in spiscope.findings("churn", ("spiscope.handover_grace:30",)) if f.key in ("rekey", "spi_churn"))
    assert spiscope.time_of("churn", late) - spiscope.time_of("churn", early) == pytest.approx(20, abs=2.5)


def test_dropped_and_set_up_again_is_churn(spiscope):
    keys = spiscope.keys_found("drop_and_return")
    assert CHURNING <= keys <= CHURNING | {"rekey"}
    assert not CHURNING & spiscope.keys_found("drop_and_return", (MIN_10,))


def test_an_sa_whose_birth_was_not_seen_is_not_called_short_lived(spiscope):
    """cut_in_the_middle: replaced 20 s after the capture began, 5000 packets old by then."""
    for f in spiscope.findings("cut_in_the_middle"):
        assert f.key == "rekey" or (f.key == "spi_churn" and f.confidence == "suspected"), f


@pytest.mark.parametrize("capture", ["both_ways_silent", "one_way_sparse", "out_of_order", "replayed", "mirror_port", "nat_rebinding"])
def test_no_churn_where_no_sa_is_replaced(spiscope, capture):
    assert not {"rekey", *CHURNING} & spiscope.keys_found(capture)


# --- the lab ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("keys", [False, True], ids=["keyless", "keyed"])
@pytest.mark.parametrize("capture", FLAPPING_LAB)
def test_lab_flapping_is_found(spiscope, capture, keys):
    assert CHURNING <= spiscope.keys_found(capture, keys=keys)
    assert CHURNING <= spiscope.keys_found(capture, (MIN_10,), keys=keys), "they live 3 s"


@pytest.mark.parametrize("capture", FLAPPING_LAB)
def test_lab_flapping_is_found_in_both_directions(spiscope, capture):
    for key in CHURNING:
        assert len(per_direction(spiscope, capture, key)) == 2, key


@pytest.mark.parametrize("keys", [False, True], ids=["keyless", "keyed"])
@pytest.mark.parametrize("capture", HEALTHY_LAB)
def test_lab_healthy_is_neither_churn_nor_flapping(spiscope, capture, keys):
    assert not CHURNING & spiscope.keys_found(capture, (MIN_10,), keys=keys)


@pytest.mark.parametrize("capture", [name for name in HEALTHY_LAB if name != "v2_nat3"])
def test_lab_healthy_has_no_sequence_or_traffic_trouble(spiscope, capture):
    assert not {"sequence_restart", "sequence_exhausted", "replay_window", "loss", "one_way", "stale_spi",
                "nat_rebinding"} & spiscope.keys_found(capture, (MIN_10,))


@pytest.mark.parametrize("keys", [False, True], ids=["keyless", "keyed"])
@pytest.mark.parametrize("capture", PARALLEL_LAB)
def test_lab_side_by_side_is_not_flapping(spiscope, capture, keys):
    assert "flapping" not in spiscope.keys_found(capture, (MIN_10,), keys=keys)


@pytest.mark.parametrize("capture", [name for name in ("v2_healthy", "v1_healthy", "k_v2_healthy") if name in LAB])
def test_lab_generations_count_up(spiscope, capture):
    """One SA after the other in both directions, each known by name in hindsight."""
    directions = {}
    for (_, dst, spi), sa in spiscope.sa_table(capture, (MIN_10,)).items():
        directions.setdefault(dst, []).append((sa["first_frame"], spi, sa))
    for chain in directions.values():
        chain.sort(key=lambda item: item[0])
        assert [sa.get("generation") for _, _, sa in chain] == list(range(1, len(chain) + 1))
        spis = [spi for _, spi, _ in chain]
        assert [sa.get("replaces") for _, _, sa in chain] == [None, *spis[:-1]]
        assert [sa.get("replaced_by") for _, _, sa in chain] == [*spis[1:], None]

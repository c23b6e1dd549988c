# SPDX-License-Identifier: GPL-2.0-or-later
"""Sequence numbers: missing, late, repeated, begun again, used up."""
import pytest
from harness import make

FORWARD = ("esp", make.B, 0xA0000001)
REVERSE = ("esp", make.A, 0xB0000001)
HEALTHY = ["ah_only", "both_ways_silent", "encap_gre", "encap_gtp", "encap_ip_fragments", "encap_mpls", "encap_qinq", "encap_udp",
           "encap_vlan", "group_of_two_senders", "ipv6", "ipv6_extension_headers", "ipv6_fragmented", "ah_then_esp", "ah_then_esp_ipv6", "ah_ipv6",
           "encap_gre_ah", "encap_ip_options", "nat_keepalives", "nat_two_clients", "nested_null_esp", "no_ipsec", "one_sided",
           "one_way_pause", "one_way_sparse", "out_of_order", "mirror_port", "mirror_port_router", "quoted_in_icmp", "quoted_in_icmpv6",
           "reordered", "same_spi_esp_and_ah", "same_spi_two_destinations", "sequence_half", "snaplen_60"]


def frames_of(spiscope, capture, key, options=()):
    return [f.frame for f in spiscope.findings(capture, options) if f.key == key]


@pytest.mark.parametrize("capture", HEALTHY)
def test_healthy_traffic_gives_no_finding(spiscope, capture):
    """Of an ICMP error that quotes ESP or AH is said what it says, and no more."""
    told = {"icmp_unreachable"} if capture.startswith("quoted_in_icmp") else set()
    assert {finding.key for finding in spiscope.findings(capture)} == told


@pytest.mark.parametrize("capture", [name for name in HEALTHY if name not in ("no_ipsec", "reordered", "out_of_order", "group_of_two_senders")])
def test_healthy_traffic_loses_repeats_and_reorders_nothing(spiscope, capture):
    reference = spiscope.reference(capture)
    for row in spiscope.full(capture, passes=2):
        for name in ("lost", "duplicate", "reordered"):
            assert all(value == "0" for value in row[f"spiscope.sa.{name}"]), f"frame {row['frame.number']}: {name}"
    assert reference


def test_loss_is_counted_and_said_once(spiscope):
    table = spiscope.sa_table("loss")
    assert (table[FORWARD]["lost"], table[REVERSE]["lost"]) == (5, 0)
    assert table[FORWARD]["duplicate"] == table[FORWARD]["reordered"] == 0
    found = spiscope.findings("loss")
    assert [f.key for f in found] == ["loss"]
    sequence = spiscope.reference("loss")[found[0].frame][1][0].sequence
    assert sequence > 105, "said when the gap has been seen"


def test_loss_text_has_the_count(spiscope):
    (row,) = spiscope.rows("loss", ("frame.number", "spiscope.finding.text"), display_filter="spiscope.loss")
    assert any("5" in text for text in row["spiscope.finding.text"])


def test_late_packets_are_reordered_not_lost(spiscope):
    sa = spiscope.sa_table("reordered")[FORWARD]
    assert (sa["lost"], sa["duplicate"], sa["reordered"]) == (0, 0, 4)
    assert spiscope.findings("reordered") == []


def test_shuffled_capture_ends_with_nothing_lost(spiscope):
    for key, sa in spiscope.sa_table("out_of_order").items():
        assert (sa["packets"], sa["lost"], sa["duplicate"]) == (1000, 0, 0), key
        assert sa["reordered"] > 0, key


def test_replayed_packets_are_duplicates(spiscope):
    table = spiscope.sa_table("replayed")
    assert (table[FORWARD]["duplicate"], table[REVERSE]["duplicate"]) == (5, 0)
    assert table[FORWARD]["lost"] == table[FORWARD]["reordered"] == 0
    assert spiscope.keys_found("replayed") <= {"replay_window"}


def test_duplicate_count_rises_on_the_replays(spiscope, truth):
    replays = truth["replayed"].frames["replays"]
    seen = {frame: int(values["duplicate"]) for frame, _, layer, values in spiscope.sa_items("replayed") if layer.spi == FORWARD[2]}
    for number, frame in enumerate(replays, 1):
        assert seen[frame] == number
        assert seen[max(other for other in seen if other < frame)] == number - 1


@pytest.mark.parametrize("capture", ["mirror_port", "mirror_port_router"])
def test_mirrored_packets_count_once(spiscope, truth, capture):
    reference = spiscope.reference(capture)
    last = {}
    for row in spiscope.full(capture, passes=2):
        layer = reference[int(row["frame.number"][0])][1][0]
        if row["spiscope.sa"]:
            last[(layer.protocol, layer.dst, layer.spi)] = {name: int(row[f"spiscope.sa.{name}"][0])
                                                            for name in ("packets", "bytes", "lost", "duplicate", "reordered")}
    expected = {key: {"packets": sa.packets, "bytes": sa.bytes, "lost": 0, "duplicate": 0, "reordered": 0}
                for key, sa in truth[capture].truth.items()}
    assert last == expected
    assert spiscope.findings(capture) == []


def test_too_old_for_the_window(spiscope, truth):
    """The packet is behind the newest by 130: a receiver with a window of 64 drops it, one with 1024 does not."""
    late = truth["too_old"].frames["late"]
    assert frames_of(spiscope, "too_old", "replay_window") == [late]
    assert spiscope.keys_found("too_old") <= {"replay_window", "loss"}


def test_wide_window_takes_the_late_packet(spiscope):
    wide = ("spiscope.replay_window:1024",)
    assert "replay_window" not in spiscope.keys_found("too_old", wide)
    sa = spiscope.sa_table("too_old", wide)[FORWARD]
    assert (sa["lost"], sa["duplicate"], sa["reordered"]) == (0, 0, 1)


def test_no_loss_is_said_while_the_packet_may_still_come(spiscope):
    """Late within the window is not lost, however wide the window is."""
    assert "loss" not in spiscope.keys_found("too_old", ("spiscope.replay_window:1024",))


def test_narrow_window_drops_what_was_only_reordered(spiscope):
    """A window of 8: the packets that are late by 10 and by 30 are too old, those late by 1 and 5 are not."""
    narrow = ("spiscope.replay_window:8",)
    late = [spiscope.reference("reordered")[frame][1][0].sequence for frame in frames_of(spiscope, "reordered", "replay_window", narrow)]
    assert late == [120, 200]


def test_sequence_restart_is_said_once_where_it_happens(spiscope, truth):
    """A few packets may go by until it is sure that this is no late packet."""
    (frame,) = frames_of(spiscope, "sequence_restart", "sequence_restart")
    (layer,) = spiscope.reference("sequence_restart")[frame][1]
    assert frame >= truth["sequence_restart"].frames["restart"]
    assert layer.dst == make.B and layer.sequence <= 5
    assert spiscope.keys_found("sequence_restart") <= {"sequence_restart", "replay_window"}


@pytest.mark.parametrize("capture", ["sequence_near_wrap", "sequence_wrap"])
def test_sequence_exhausted(spiscope, capture):
    found = spiscope.findings(capture)
    assert {f.key for f in found} == {"sequence_exhausted"}
    assert len(found) <= 2, "once when it is near, once when it has happened"
    for f in found:
        assert spiscope.reference(capture)[f.frame][1][0].dst == make.B
    assert spiscope.sa_table(capture)[FORWARD]["lost"] == 0
    assert spiscope.sa_table(capture)[FORWARD]["duplicate"] == 0


def test_cut_capture_has_lost_nothing(spiscope):
    assert all(sa["lost"] == 0 for sa in spiscope.sa_table("cut_in_the_middle").values())
    assert not {"loss", "sequence_restart", "replay_window", "stale_spi"} & spiscope.keys_found("cut_in_the_middle")

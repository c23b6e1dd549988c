# SPDX-License-Identifier: GPL-2.0-or-later
"""Which SA a packet belongs to, whatever ESP and AH are wrapped in; and what does not count as traffic."""
import subprocess

import pytest
from harness import COUNTS, NULL_ESP, OPTIONS, make

A, B, C = make.A, make.B, make.C


def tunnels_of(spiscope, capture):
    return sorted(sorted(keys) for keys in spiscope.tunnels(capture).values())


def test_same_spi_to_two_destinations(spiscope):
    table = spiscope.sa_table("same_spi_two_destinations")
    assert set(table) == {("esp", B, 0x1000), ("esp", A, 0x1000), ("esp", C, 0x1000)}
    assert all(sa["packets"] == 40 and sa["lost"] == sa["duplicate"] == sa["reordered"] == 0 for sa in table.values())
    assert tunnels_of(spiscope, "same_spi_two_destinations") == sorted([sorted([("esp", B, 0x1000), ("esp", A, 0x1000)]), [("esp", C, 0x1000)]])


def test_same_spi_over_esp_and_ah(spiscope):
    table = spiscope.sa_table("same_spi_esp_and_ah")
    assert set(table) == {("esp", B, 0x2000), ("ah", B, 0x2000)}
    assert all(sa["packets"] == 40 and sa["lost"] == sa["duplicate"] == sa["reordered"] == 0 for sa in table.values())
    assert len(spiscope.tunnels("same_spi_esp_and_ah")) == 1


TUNNELS = {"udp_port_10000": 2, "many_depths": 3, "header_in_payload": 2}
ONE_TUNNEL = {
    "ipv6": [("esp", make.B6, 0x6001, 20), ("esp", make.A6, 0x6002, 20)],
    "ipv6_extension_headers": [("esp", make.B6, 0x6001, 20), ("esp", make.A6, 0x6002, 20)],
    "ipv6_fragmented": [("esp", make.B6, 0x6001, 10), ("esp", make.A6, 0x6002, 10)],
    "ah_ipv6": [("ah", make.B6, 0x6001, 20), ("ah", make.A6, 0x6002, 20)],
    "ah_only": [("ah", B, 0xA0000001, 20), ("ah", A, 0xB0000001, 20)],
    "ah_then_esp": [("ah", B, 0xA100, 20), ("esp", B, 0xE100, 20), ("ah", A, 0xA200, 20), ("esp", A, 0xE200, 20)],
    "ah_then_esp_ipv6": [("ah", make.B6, 0xA100, 20), ("esp", make.B6, 0xE100, 20), ("ah", make.A6, 0xA200, 20), ("esp", make.A6, 0xE200, 20)],
    **{f"encap_{kind}": [("esp", B, 0xA0000001, 20), ("esp", A, 0xB0000001, 20)]
       for kind in ("udp", "vlan", "qinq", "gre", "mpls", "gtp", "ip_options")},
    "udp_port_10000": [("esp", B, 0xA0000001, 20), ("esp", A, 0xB0000001, 20), ("esp", C, 0xC1, 20), ("esp", A, 0xC2, 20)],
    "many_depths": [("esp", make.B6, 0xD6, 60), ("esp", C, 0xD4, 6), ("esp", B, 0xA0000001, 20), ("esp", A, 0xB0000001, 20)],
    "header_in_payload": [("esp", B, 0xA0000001, 40), ("esp", A, 0xB0000001, 40), ("esp", C, 0xC1, 20), ("esp", A, 0xC2, 20)],
    "quoted_in_samples": [("esp", B, 0xA0000001, 30), ("esp", A, 0xB0000001, 30)],
    "fragments_lost": [("esp", B, 0xA0000001, 20), ("esp", A, 0xB0000001, 22)],
    "encap_gre_ah": [("ah", B, 0xA0000001, 20), ("ah", A, 0xB0000001, 20)],
    "encap_ip_fragments": [("esp", B, 0xA0000001, 10), ("esp", A, 0xB0000001, 10)],
}


@pytest.mark.parametrize("capture", ONE_TUNNEL)
def test_sas_and_their_packets(spiscope, capture):
    table = spiscope.sa_table(capture)
    assert {(*key, sa["packets"]) for key, sa in table.items()} == set(ONE_TUNNEL[capture])
    assert len(spiscope.tunnels(capture)) == TUNNELS.get(capture, 1)


@pytest.mark.parametrize("capture", ["encap_gre", "encap_gtp", "encap_gre_ah"])
def test_addresses_are_those_of_the_header_that_carries_the_sa(spiscope, capture):
    rows = spiscope.stat_table(capture)
    assert {(row["source"], row["destination"]) for row in rows} == {(A, B), (B, A)}


@pytest.fixture(scope="module")
def behind_plain_frames(spiscope):
    """Puts 80 frames of plain ESP before a capture: by then SPIscope finds headers without asking for their fields, and
    what comes next lies somewhere else."""
    folder = spiscope.readable_copy_dir("behind_plain_frames")
    plain = make.Capture("plain_frames", "ESP between two gateways of its own")
    make.ping(*(make.Sa(plain, *ends) for ends in (PLAIN_A + (0x7001,), PLAIN_B + (0x7002,))), 0, 40 * make.S)
    first = plain.write(folder)

    def behind(capture):
        path = folder / f"{capture}-behind.pcap"
        if not path.exists():
            subprocess.run(["mergecap", "-a", "-F", "pcap", "-w", path, first, spiscope.path(capture)], check=True)
            path.chmod(0o644)
            OPTIONS[str(path)] = OPTIONS.get(capture, ())
        return path
    return behind


PLAIN_A, PLAIN_B = ("192.0.2.10", "192.0.2.20"), ("192.0.2.20", "192.0.2.10")
PLAIN_SAS = {("esp", "192.0.2.20", 0x7001), ("esp", "192.0.2.10", 0x7002)}


@pytest.mark.parametrize("capture", [*ONE_TUNNEL, "nested_null_esp", "quoted_in_icmp", "quoted_in_icmpv6", "snaplen_60"])
def test_the_same_behind_plain_frames(spiscope, behind_plain_frames, capture):
    late = behind_plain_frames(capture)
    table = spiscope.sa_table(late)
    assert PLAIN_SAS <= set(table)
    counts = {key: [sa[name] for name in COUNTS] for key, sa in table.items() if key not in PLAIN_SAS}
    assert counts == {key: [sa[name] for name in COUNTS] for key, sa in spiscope.sa_table(capture).items()}
    seen = {key: len(packets) for key, packets in spiscope.reference_sas(late).items()}
    if capture in ONE_TUNNEL:           # by stock tshark's own count
        assert {key: sa["packets"] for key, sa in table.items()} == seen


def test_nested_esp(spiscope):
    """Outer and inner ESP share their SPIs: told apart by their destinations, and a tunnel each."""
    table = spiscope.sa_table("nested_null_esp")
    expected = {("esp", B, 0x5001), ("esp", A, 0x5002), ("esp", make.INNER_B, 0x5001), ("esp", make.INNER_A, 0x5002)}
    assert set(table) == expected
    assert all(sa["packets"] == 20 and sa["lost"] == sa["duplicate"] == 0 for sa in table.values())
    tunnels = {}
    for row, (_, layers) in zip(spiscope.full("nested_null_esp"), spiscope.reference("nested_null_esp").values()):
        assert len(row["spiscope.tunnel"]) == 2
        for tunnel, layer in zip(row["spiscope.tunnel"], layers):
            tunnels.setdefault(tunnel, set()).add(layer.dst)
    assert sorted(map(sorted, tunnels.values())) == sorted([sorted([A, B]), sorted([make.INNER_A, make.INNER_B])])


def test_nested_esp_shows_only_the_outer_one_without_the_heuristic(spiscope):
    rows = spiscope.rows("nested_null_esp", ("frame.number", "esp.spi", "spiscope.sa"), (NULL_ESP.replace("TRUE", "FALSE"),))
    assert all(len(row["spiscope.sa"]) == len(row["esp.spi"]) == 1 for row in rows)


@pytest.mark.parametrize("capture, unseen", [("quoted_in_icmp", 0xDEAD0001), ("quoted_in_icmpv6", 0xDEAD0002)])
def test_esp_quoted_in_an_icmp_error_is_no_traffic(spiscope, truth, capture, unseen):
    rows = {int(row["frame.number"][0]): row for row in spiscope.full(capture, passes=2)}
    for frame in truth[capture].frames["quotes"]:
        for name in ("spiscope.sa", "spiscope.sa.packets", "spiscope.sa.spi"):
            assert not rows[frame][name], f"frame {frame} is an ICMP error and has {name}"
    table = spiscope.sa_table(capture)
    assert unseen not in {spi for _, _, spi in table}
    for key, written in truth[capture].truth.items():
        assert table[key]["packets"] == written.packets, key
        assert table[key]["duplicate"] == 0, key
    assert {finding.key for finding in spiscope.findings(capture)} == {"icmp_unreachable"}, "the errors themselves are told"


def test_lab_icmp_errors_after_the_peer_died(spiscope):
    """v2_dpd: 24 ICMP errors quote the SA 0x4e505297, which has 80 packets."""
    assert spiscope.sa_table("v2_dpd")[("esp", "192.0.2.2", 0x4E505297)]["packets"] == 80


def test_nat_keepalives_are_no_traffic(spiscope, truth):
    reference = spiscope.reference("nat_keepalives")
    for row in spiscope.full("nat_keepalives", passes=2):
        if not reference[int(row["frame.number"][0])][1]:
            assert not row["spiscope.sa"] and not row["spiscope.sa.spi"]
    assert len(spiscope.tunnels("nat_keepalives")) == 1
    assert len(spiscope.stat_table("nat_keepalives", "tunnel")) == 1


def test_truncated_packets_count_with_their_length_on_the_wire(spiscope, truth):
    table = spiscope.sa_table("snaplen_60")
    assert {key: (sa["packets"], sa["bytes"]) for key, sa in table.items()} == {
        key: (sa.packets, sa.bytes) for key, sa in truth["snaplen_60"].truth.items()}


@pytest.mark.parametrize("first", [60, 200, 333])
def test_lab_capture_cut_by_editcap(spiscope, first):
    """v2_healthy without its first frames: the same SAs as stock tshark counts, and no false alarm about what is missing."""
    cut = spiscope.readable_copy_dir("cut") / f"v2_healthy_from_{first}.pcap"
    if not cut.exists():
        subprocess.run(["editcap", "-F", "pcap", spiscope.path("v2_healthy"), cut, f"1-{first - 1}"], check=True, capture_output=True)
        cut.chmod(0o644)
    table, counted = spiscope.sa_table(str(cut)), spiscope.reference_sas(str(cut))
    assert {key: sa["packets"] for key, sa in table.items()} == {key: len(packets) for key, packets in counted.items()}
    assert all(sa["lost"] == 0 for sa in table.values())
    keys = spiscope.keys_found(str(cut), ("spiscope.min_sa_lifetime:10",))
    assert not {"loss", "sequence_restart", "replay_window", "flapping", "spi_churn", "stale_spi"} & keys

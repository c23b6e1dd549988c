# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers behind a NAT: who is whose neighbour, and what happens when the NAT changes its mind."""
from collections import Counter

from harness import make

G, N = make.B, make.NAT


def test_rebinding_is_said_once_a_direction(spiscope, truth):
    found = spiscope.findings("nat_rebinding")
    assert {f.key for f in found} == {"nat_rebinding"}
    directions = Counter(spiscope.finding_direction("nat_rebinding", f) for f in found)
    assert set(directions) <= {(N, G), (G, N)}
    assert max(directions.values()) == 1
    before = truth["nat_rebinding"].frames["before"]
    assert before < found[0].frame <= before + 2, "on the first packets with the new port"


def test_rebinding_changes_neither_tunnel_nor_sa(spiscope):
    tunnels = spiscope.tunnels("nat_rebinding")
    assert list(tunnels) == [0]
    table = spiscope.sa_table("nat_rebinding")
    assert {key: sa["packets"] for key, sa in table.items()} == {("esp", G, 0xC0000001): 60, ("esp", N, 0xD0000001): 60}
    assert {sa.get("generation", 1) for sa in table.values()} == {1}


def test_new_address_keeps_tunnel_and_sa(spiscope):
    """The SA towards the gateway is the same triple; only its sender has moved. The other direction has a new destination:
    whether it goes on under its number or gets a new one, it is no churn, and nothing is lost."""
    keys = spiscope.keys_found("nat_address_change")
    assert "nat_rebinding" in keys and not {"sequence_restart", "spi_churn", "flapping", "one_way", "loss", "replay_window"} & keys
    to_gateway = [(frame, values) for frame, _, layer, values in spiscope.sa_items("nat_address_change") if layer.dst == G]
    assert len({values["sa"] for _, values in to_gateway}) == 1
    assert len({values["tunnel"] for _, values in to_gateway}) == 1
    assert [int(values["packets"]) for _, values in to_gateway] == list(range(1, 61))
    others = {values["tunnel"] for _, _, layer, values in spiscope.sa_items("nat_address_change") if layer.dst != G}
    assert len(others | {to_gateway[0][1]["tunnel"]}) == 1, "all of it is one tunnel"


def test_two_clients_behind_one_address_are_two_tunnels(spiscope):
    tunnels = spiscope.tunnels("nat_two_clients")
    assert sorted(map(sorted, tunnels.values())) == [[("esp", N, 0xD0000001), ("esp", G, 0xC0000001)],
                                                     [("esp", N, 0xD0000002), ("esp", G, 0xC0000002)]]
    assert spiscope.findings("nat_two_clients") == []


def test_keepalives_do_not_disturb(spiscope):
    assert spiscope.findings("nat_keepalives") == []

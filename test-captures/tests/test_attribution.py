# SPDX-License-Identifier: GPL-2.0-or-later
"""Without keys: which exchange made which SPIs, who asked, and which IKE SA is another one's rekey.

The truth is what stock tshark reads of the same captures with their keys, without the plugin: the message that names an SPI."""
import struct

import ike_bytes as ike
import pytest
from harness import LAB
from outputs import outputs
from test_keyless_bounds import Builder


def makers(spiscope, capture):
    """SPI -> (frames of messages that offer it, addresses that speak in their exchange)."""
    named = {}
    for row in spiscope.isakmp(capture):
        if row["isakmp.messageid"] and row["isakmp.exchangetype"][0] in ("32", "35", "36"):
            for spi in row["isakmp.spi"]:
                if len(spi) == 8:
                    named.setdefault(int(spi, 16), set()).add(int(row["frame.number"][0]))
    return named


@pytest.fixture(scope="module")
def attributed(spiscope):
    """(capture, SA, frames that name its SPI) for every SA whose origin the plugin tells without keys."""
    found = []
    for capture in LAB:
        named = makers(spiscope, capture)
        for tunnel in outputs(spiscope, capture).json["tunnels"]:
            found += [(capture, sa, named[int(sa["spi"], 16)]) for sa in tunnel["sas"] if sa["origin"] and int(sa["spi"], 16) in named]
    return found


def test_there_is_enough(attributed):
    assert len(attributed) > 150
    assert {sa["origin"]["confidence"] for _, sa, _ in attributed} == {"inferred"}


def test_no_sa_is_given_to_another_exchange(attributed):
    wrong = [(capture, sa["spi"], sa["origin"], frames) for capture, sa, frames in attributed
             if not frames & {sa["origin"]["request_frame"], sa["origin"]["response_frame"]}]
    assert not wrong


def test_with_keys_the_negotiation_itself_is_named(spiscope):
    for capture in ("v2_healthy", "v1_healthy", "v2_dup"):
        named = makers(spiscope, capture)
        for sa in outputs(spiscope, capture, True).json["tunnels"][0]["sas"]:
            origin = sa["origin"]
            assert origin["confidence"] == "proven"
            assert named[int(sa["spi"], 16)] & {origin["request_frame"], origin["response_frame"]}


@pytest.mark.parametrize("capture", ["v2_healthy", "k_v2_healthy", "v2_life_short_responder"])
def test_ike_rekeys_are_linked_without_keys_as_with_them(spiscope, capture):
    """By their SPIs: keys name the new IKE SA's in the exchange that makes it."""
    def links(keys):
        ike_sas = {ike_sa["id"]: ike_sa for ike_sa in outputs(spiscope, capture, keys).json["tunnels"][0]["ike_sas"]}
        return {(ike_sa["initiator_spi"], ike_sas[ike_sa["replaces"]]["initiator_spi"]) for ike_sa in ike_sas.values()
                if ike_sa["replaces"] is not None}
    without, with_keys = links(False), links(True)
    assert without and without <= with_keys


def test_two_that_come_into_question_are_not_linked(spiscope):
    """v2_dup has two IKE SAs side by side, both rekeyed: which is whose can't be told."""
    true = {(row["initiator_spi"], row["replaces"]) for row in outputs(spiscope, "v2_dup", True).json["tunnels"][0]["ike_sas"]}
    for ike_sa in outputs(spiscope, "v2_dup").json["tunnels"][0]["ike_sas"]:
        assert ike_sa["replaces"] is None or (ike_sa["initiator_spi"], ike_sa["replaces"]) in true


def test_the_report_tells_who_asked_and_at_which_age(spiscope):
    """v2_life_short_responder: B's child lifetime of 20 s ends every SA, as its log says; A never asks."""
    text = " ".join(outputs(spiscope, "v2_life_short_responder", True).report.split())
    assert "All 10 rekeys were started by B" in text


# --- a peer that lost its state -------------------------------------------------------------------------------------------

class Gateways(Builder):
    """Two gateways whose IKE can't be read, with ESP as IP protocol 50."""

    def esp(self, spis, until, number):
        """A packet each way every second."""
        while self.time < until:
            self.time += 1_000_000
            for from_a, spi in zip((True, False), spis):
                a, b = struct.pack(">BBH", 10, 1, self.peers), struct.pack(">BBH", 10, 2, self.peers)
                source, destination = (a, b) if from_a else (b, a)
                data = struct.pack(">II", spi, number) + self.random.randbytes(100)
                packet = bytes(12) + b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), len(self.records), 0, 64, 50, 0) \
                    + source + destination + data
                self.records.append((self.time + 1000 * (not from_a), packet))
            number += 1
        return number

    def again(self):
        """A new IKE SA between the same two."""
        self.peers -= 1
        self.begin(12, 12)
        return len(self.records)


def restarts(spiscope, built, name):
    path = spiscope.readable_copy_dir("bounds") / f"{name}.pcap"
    built.write(path)
    return [(finding["key"], finding["confidence"]) for tunnel in outputs(spiscope, str(path), options=()).json["tunnels"]
            for finding in tunnel["findings"] if finding["key"] == "peer_restart"]


@pytest.mark.parametrize("what, expected", [("silent", [("peer_restart", "suspected")]), ("goes_on", []), ("informational", []),
                                             ("idle", [])])
def test_a_restart_is_suspected_only_where_everything_old_fell_silent(spiscope, what, expected):
    """The old IKE SA and its ESP end with the new IKE SA, with no INFORMATIONAL that may have been a Delete, after a minute: no timer of two sane peers
    (min_sa_lifetime, as it is by default) ends it then."""
    built = Gateways()
    built.begin(12, 12)
    number = built.esp((0x11111111, 0x22222222), 60_000_000, 1)
    if what == "informational":
        built.encrypted(ike.INFO, built.identity, False, 80)
        built.encrypted(ike.INFO, built.identity, True, 80)
    if what == "idle":
        built.time += 300_000_000           # nobody could tell when it stopped
    built.again()
    start = built.time
    if what == "goes_on":
        built.esp((0x11111111, 0x22222222), start + 30_000_000, number)
    else:
        built.esp((0x33333333, 0x44444444), start + 30_000_000, 1)
    assert restarts(spiscope, built, f"restart_{what}") == expected

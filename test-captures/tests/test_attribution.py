# SPDX-License-Identifier: GPL-2.0-or-later
"""Without keys: which exchange made which SPIs, who asked, and which IKE SA is another one's rekey.

The truth is what stock tshark reads of the same captures with their keys, without the plugin: the message that names an SPI."""
import pytest
from harness import LAB
from outputs import outputs


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
    assert "asked for by A 0, by B 10, not seen 0" in text

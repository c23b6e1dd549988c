# SPDX-License-Identifier: GPL-2.0-or-later
"""Small captures that went wrong with version 0.1, and what is right of them: as their README says, and why.

They are not part of the project: SPISCOPE_SHARED names the folder that holds captures/faults (default: ../shared). synthetic/ has the same points
in captures of our own."""
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from harness import TEST_CAPTURES
from outputs import of_many

SHARED = Path(os.environ.get("SPISCOPE_SHARED", TEST_CAPTURES.parent.parent / "shared"))
FOLDER = SHARED / "captures" / "faults"

# states and causes that are right, findings that must be said and must not; of the worst tunnel
Right = namedtuple("Right", "states causes said unsaid", defaults=((), ()))
CHURN = ("spi_churn", "flapping", "stale_spi", "rekey")
NOTHING = ("unknown", "stable", "idle")

RIGHT = {
    "v2_flap_seq_from_2": Right(("flapping",), ("deleted_by_peer", "early_reauth"), ("outage", "reestablished")),
    "v2_psk_first_attempt_only": Right(("down",), ("authentication",), ("auth_failed",)),
    "ike_auth_never_answered": Right(("down",), ("fragments_lost", "ike_unanswered")),
    # its README says "down", which it was at first: the peer sets it up anew after 21 s, and ESP goes both ways to the end
    "icmp_net_unreachable_ignored": Right(("interrupted",), ("peer_unreachable",), ("icmp_unreachable",)),
    "informational_sent_once_then_new_ike": Right(NOTHING, ("none", "unknown"), (), ("ike_no_response", "dpd_failure")),
    "healthy_one_ike_answer_missing": Right(NOTHING, ("none",), (), ("ike_no_response", "dpd_failure", "outage", "spi_churn")),
    "out_of_time_order_init_after_auth": Right(NOTHING, ("none", "unknown"), ("capture_disordered",), ("ike_no_response",)),
    "huawei_sequence_byte_order": Right(NOTHING, ("none", "unknown"), ("sequence_byte_order",), ("loss",)),
    "seq_restart_says_nothing_wrong": Right(("degraded", "one_way"), ("sequence_fallback",), ("sequence_restart",)),
    "five_selectors_on_demand_synthetic": Right(NOTHING, ("none", "unknown"), (), CHURN),
    "parallel_sas_called_churn": Right(NOTHING, ("none", "unknown"), (), CHURN),
    "v1_noprop_from_initiator": Right(("down",), ("proposal_mismatch",), ("no_proposal",)),
    "v1_mm5_notify_16_clear_synthetic": Right(("down",), ("authentication",), ("auth_failed",)),
    "eap_reattach_origin_unknown": Right(("churning", "stable", "unknown"), ("early_reauth", "none", "unknown"), ("reestablished",), ("rekey",)),
    "redirect_and_wrong_missing": Right(("down",), ("proposal_mismatch",), ("no_proposal",)),
    "multicast_shared_spi_synthetic": Right(NOTHING, ("none", "unknown"), (), ("nat_rebinding", "loss", "sequence_restart", "replay_window")),
}
OPTIONS = {"healthy_one_ike_answer_missing": ("spiscope.min_sa_lifetime:10",)}      # the lab renews SAs every 20 s
WORST_FIRST = ("down", "flapping", "interrupted", "one_way", "degraded", "churning", "idle", "stable", "unknown")

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no captures in {FOLDER}: set SPISCOPE_SHARED")


@pytest.fixture(scope="module")
def report(spiscope):
    folder = spiscope.readable_copy_dir("faults")
    for path in FOLDER.glob("*.pcap"):
        shutil.copyfile(path, folder / path.name)
    spiscope.open_up()
    return of_many(spiscope, {name: (str(folder / f"{name}.pcap"), False, OPTIONS.get(name, ()), 2) for name in RIGHT})


def test_each_line_has_its_file():
    assert {path.stem for path in FOLDER.glob("*.pcap")} == set(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_says_what_is_right(report, name):
    document, right = report(name).json, RIGHT[name]
    verdict = min((tunnel["verdict"] for tunnel in document["tunnels"]), key=lambda verdict: WORST_FIRST.index(verdict["state"]))
    said = {finding["key"] for part in (document, *document["tunnels"]) for finding in part["findings"]}
    assert verdict["state"] in right.states and verdict["cause"] in right.causes
    assert set(right.said) <= said and not said & set(right.unsaid)


def test_confidence_is_no_more_than_can_be_known(report):
    """Clear notifies may be forged, and what keys differ in is not read."""
    for name in ("v1_noprop_from_initiator", "v1_mm5_notify_16_clear_synthetic", "v2_psk_first_attempt_only"):
        (tunnel,) = report(name).json["tunnels"]
        assert tunnel["verdict"]["confidence"] == "suspected", name


def test_who_says_that_the_network_is_unreachable(report):
    (tunnel,) = report("icmp_net_unreachable_ignored").json["tunnels"]
    assert "192.0.2.254" in tunnel["verdict"]["summary"]


def test_set_up_anew_by_whom(report):
    (tunnel,) = report("eap_reattach_origin_unknown").json["tunnels"]
    texts = [finding["text"] for finding in tunnel["findings"] if finding["key"] == "reestablished"]
    assert len(texts) >= 4 and all("192.0.2.100" in text for text in texts)


def test_nothing_is_missing_that_was_never_there(report):
    """Refused in clear, and sent elsewhere: no keys would show more."""
    for tunnel in report("redirect_and_wrong_missing").json["tunnels"]:
        assert not any("encrypted" in text or "one direction" in text for text in tunnel["verdict"]["missing"])

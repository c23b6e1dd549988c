# SPDX-License-Identifier: GPL-2.0-or-later
"""Full tables, and who is told."""
import re

import forge
import ike_bytes as ike
import pytest
from expected_verdicts import MIN_10
from ike_capture import IkeCapture
from ike_peers import Ike2
from outputs import outputs
from writer import MS, B, S

CHILDREN = 1500


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
    assert "Finding limit_reached, once," in " ".join(head.split())
    assert not any(f["key"] == "limit_reached" for tunnel in output.json["tunnels"] for f in tunnel["findings"])


def test_without_a_limit_nothing_is_said_of_one(spiscope):
    output = outputs(spiscope, "churn")
    assert output.json["findings"] == [] and "limit_reached" not in output.report


def test_a_delete_of_thousands_is_cut_and_says_so(spiscope, constructed_ike):
    """The first 1,024 SPIs stand on the frame; README names that number."""
    rows = spiscope.rows("ike2_delete_thousands", ("frame.number", "spiscope.finding", "spiscope.sa.spi", "spiscope.finding.text"))
    said = [row for row in rows if "limit_reached" in row["spiscope.finding"]]
    assert len(said) == 1
    assert [int(spi, 0) for spi in said[0]["spiscope.sa.spi"]] == list(range(0xDD000000, 0xDD000000 + 1024))
    assert any("1024 SPIs" in text for text in said[0]["spiscope.finding.text"])


def test_an_ike_sa_with_thousands_of_children_ends_in_silence(spiscope):
    """Its Delete changes 3,000 SAs in one frame, each with a row in the table; Wireshark's queue, which complains when it is full, has 5,000
    places. Each SA was a rekey, so that its predecessor's row changes with it."""
    capture = IkeCapture("children", "")
    sa = Ike2(capture)
    child = sa.start(0)
    for i in range(CHILDREN):
        child, _ = sa.ask_child(i * S, 0, (f"10.{i // 250}.{i % 250}.0/24",), rekey=child)
    sa.delete_ike(CHILDREN * S, 0)
    path = capture.write(spiscope.readable_copy_dir("limits"))
    path.chmod(0o644)
    assert len(spiscope.stat_table(str(path))) == 2 * (CHILDREN + 1)


# --- floods: made of what forge.py makes, between others and in a peer's name --------------------------------------------

def flooded(spiscope, capture, kinds, copies):
    """A lab capture into which the kinds are thrown so many times."""
    data = spiscope.path(capture).read_bytes()
    for seed in range(copies):
        data, _ = forge.forge(data, forge.Forgery(capture, False, kinds, "start", "A", seed))
    path = spiscope.readable_copy_dir("floods") / f"{capture}-{len(data)}.pcap"
    path.write_bytes(data)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("limit", (2, 5, 20))
@pytest.mark.parametrize("capture", ("v2_flap", "v1_flap", "v2_one_way", "v2_ts_mismatch"))
def test_no_flood_makes_a_broken_tunnel_look_well(spiscope, capture, limit):
    path = flooded(spiscope, capture, ("inits_from_strangers", "esp_made_up_spis"), 2)
    tunnels = forge.run(spiscope, path, None, (*MIN_10, f"spiscope.max_sas:{limit}"))["tunnels"]
    states = {tunnel["verdict"]["state"] for tunnel in tunnels if set(tunnel["peers"]) == {"192.0.2.1", "192.0.2.2"}}
    assert not states & {"stable", "idle"}, states


def test_what_is_not_known_whole_is_not_stable(spiscope):
    """Its first SAs have a place, the rest have none: nobody knows how it goes on."""
    tunnel, = forge.run(spiscope, spiscope.path("v2_healthy"), None, (*MIN_10, "spiscope.max_sas:2"))["tunnels"]
    assert tunnel["verdict"]["state"] == "unknown"


def test_a_scan_is_one_line_of_the_report(spiscope):
    capture = IkeCapture("scan", "")
    for i in range(4000):
        sa = Ike2(capture, f"198.18.{i // 250}.{i % 250 + 1}", B)
        sa.exchange(i * 10 * MS, 0, ike.INIT, [ike.sa2_ike(), ike.ke2(14, bytes(256))], None, (0, None))
    path = capture.write(spiscope.readable_copy_dir("floods"))
    path.chmod(0o644)
    report = outputs(spiscope, str(path)).report
    assert "4000 pairs of addresses" in " ".join(report.split())
    assert "Tunnel " not in report

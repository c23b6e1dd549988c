# SPDX-License-Identifier: GPL-2.0-or-later
"""Full tables, and who is told."""
import re
import zlib

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


# --- floods: forge.py's --------------------------------------------------------------------------------------------------

def flooded(spiscope, capture, copies, between, kinds=forge.FLOOD, version=None):
    """A lab capture into which the flood is thrown so many times: at its own gateway, or between two other hosts."""
    data, added = forge.flood(spiscope.path(capture).read_bytes(), copies, between, kinds, version)
    assert added > 20 or "icmp_host_esp" in kinds
    path = spiscope.readable_copy_dir("floods") / f"{capture}-{zlib.crc32(data):08x}.pcap"
    path.write_bytes(data)
    path.chmod(0o644)
    return path


def verdicts_of_the_tunnel(spiscope, path, limit):
    tunnels = forge.run(spiscope, path, None, (*MIN_10, f"spiscope.max_sas:{limit}"))["tunnels"]
    return {(tunnel["verdict"]["state"], tunnel["verdict"]["cause"]) for tunnel in tunnels if set(tunnel["peers"]) == {"192.0.2.1", "192.0.2.2"}}


@pytest.mark.parametrize("between", (None, forge.OTHERS))
@pytest.mark.parametrize("limit", (2, 5, 20, 80))
@pytest.mark.parametrize("capture", ("v2_flap", "v1_flap", "v2_one_way", "v2_ts_mismatch"))
def test_no_flood_makes_a_broken_tunnel_look_well(spiscope, capture, limit, between):
    found = verdicts_of_the_tunnel(spiscope, flooded(spiscope, capture, 2, between), limit)
    assert not {state for state, _ in found} & {"stable", "idle"}, found


@pytest.mark.parametrize("between", (None, forge.OTHERS))
@pytest.mark.parametrize("flood", forge.FLOODS)
@pytest.mark.parametrize("capture", ("v2_flap", "v1_flap", "v2_one_way", "v2_ts_mismatch"))
def test_no_flood_of_one_kind_makes_a_broken_tunnel_look_well(spiscope, capture, flood, between):
    version, kinds = forge.FLOODS[flood]
    path = flooded(spiscope, capture, 4, between, kinds, version)
    for limit in (2, 20):
        found = verdicts_of_the_tunnel(spiscope, path, limit)
        assert not {state for state, _ in found} & {"stable", "idle"}, (limit, found)


@pytest.mark.parametrize("between", (None, forge.OTHERS))
@pytest.mark.parametrize("limit", (2, 5, 20, 80))
@pytest.mark.parametrize("capture", ("v2_healthy", "v1_healthy", "v2_gcm_reauth"))
def test_no_flood_makes_a_healthy_tunnel_look_broken(spiscope, capture, limit, between):
    """It is not known whole; but nothing is made of what is missing."""
    found = verdicts_of_the_tunnel(spiscope, flooded(spiscope, capture, 2, between), limit)
    assert found <= {("stable", "none"), ("unknown", "none"), ("unknown", "unknown")}, found


def test_what_is_not_known_whole_is_not_stable(spiscope):
    """Its first SAs have a place, the rest have none: nobody knows how it goes on."""
    tunnel, = forge.run(spiscope, spiscope.path("v2_healthy"), None, (*MIN_10, "spiscope.max_sas:2"))["tunnels"]
    assert tunnel["verdict"]["state"] == "unknown"


def ask_in_vain(capture, i, time):
    """A request to B from an address of its own, and nothing more."""
    sa = Ike2(capture, f"198.18.{i // 250}.{i % 250 + 1}", B)
    sa.exchange(time, 0, ike.INIT, [ike.sa2_ike(), ike.ke2(14, bytes(256))], None, (0, None))


def scanned(spiscope, name, pairs, more=lambda capture: None):
    """A scan from so many addresses, 100 a second, and what comes behind it."""
    capture = IkeCapture(name, "")
    for i in range(pairs):
        ask_in_vain(capture, i, i * 10 * MS)
    more(capture)
    path = capture.write(spiscope.readable_copy_dir("floods"))
    path.chmod(0o644)
    return str(path)


def healthy_behind_it(capture):
    """A tunnel that comes up a minute after 4,000 sources asked in vain."""
    child = Ike2(capture, "192.0.2.77").start(100 * S)
    child.send_every(101 * S, 160 * S, ("192.0.2.77", B))


def test_a_scan_is_told_once(spiscope):
    """Report, JSON and tables: 4,000 sources are no tunnels."""
    path = scanned(spiscope, "scan", 4000)
    output = outputs(spiscope, path)
    assert "4000 pairs of addresses" in " ".join(output.report.split())
    assert "Tunnel " not in output.report and "No IPsec" not in output.report
    scan = output.json["scan"]
    assert (scan["pairs"], scan["frames"]) == (4000, 4000)
    assert scan["last"] - scan["first"] == pytest.approx(3999 * 0.01, abs=1e-6)
    assert output.json["tunnels"] == [] and output.json["summary"]["tunnels"] == 0
    for table in ("tunnel", "ike"):
        rows = [line for line in spiscope.tshark("-n", "-q", "-r", path, "-z", f"spiscope,{table}").stdout.splitlines() if "198.18." in line]
        assert len(rows) == 1 and "a scan: this and 3999 more" in rows[0]


@pytest.mark.parametrize("pairs, told", ((31, False), (32, True)))
def test_few_that_ask_in_vain_are_told_one_by_one(spiscope, pairs, told):
    """A road warrior whose gateway is gone is no scanner."""
    document = outputs(spiscope, scanned(spiscope, f"scan_{pairs}", pairs)).json
    assert (document["scan"] is not None) == told
    assert len(document["tunnels"]) == (0 if told else pairs)


@pytest.mark.parametrize("limit", (80, 400))
def test_a_scan_leaves_room(spiscope, limit):
    """Half-open IKE SAs take three quarters of the tunnels' room: who is answered finds some behind them."""
    path = scanned(spiscope, "scan_and_tunnel", 4000, healthy_behind_it)
    options = (*MIN_10, f"spiscope.max_sas:{limit}")
    document = outputs(spiscope, path, False, options).json
    assert document["scan"]["pairs"] == limit * 3 // 4
    tunnel, = (tunnel for tunnel in document["tunnels"] if "192.0.2.77" in tunnel["peers"])
    assert tunnel["ike_sas"][0]["established"] and [sa["packets"] for sa in tunnel["sas"]] == [59, 59]
    said = [finding["text"] for finding in document["findings"]]
    assert len(said) == 1 and said[0].startswith(f"More than {limit * 3 // 4} IKE SAs that no responder took up"), said

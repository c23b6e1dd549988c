# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of outages, their bands in the timeline and their log in the report show the outages of the JSON, which test_outages.py holds
against the daemons' logs."""
import re
import struct
import xml.etree.ElementTree as ET
from datetime import datetime, timezone

import pytest
from harness import TEST_CAPTURES
from outputs import outputs, run
from stretch import HEADER, RECORD, packets
from test_timeline import SVG

FLAPS = ("k_v1_flap", "v1_flap", "v2_flap", "v1_life_mismatch", "v1_life_ends", "v1_dpd")
LOG_LINES = 60                      # README.md: the report's log holds so many outages
ROW = re.compile(r"^ *(\d+) *\| *(\d+) *\|(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC) *\|([^|]*)\|([^|]*)\|(\w+) *\|([^|]*)\|([^|]*)\|([^|]*)\|(\w+) *\|", re.M)
UNSEEN = ""


def table(spiscope, path, keys, passes=1):
    done = spiscope.tshark("-n", "-q", "-r", path, *["-2"] * (passes - 1), "-z", "spiscope,outage", keys=path.with_suffix(".keys") if keys else None)
    return [[cell.strip() for cell in row] for row in ROW.findall(done.stdout)]


def wanted_row(tunnel, outage):
    def peer(letter):
        return f"{letter} {tunnel['peers']['AB'.index(letter)]}" if letter else UNSEEN

    begin = datetime.fromtimestamp(int(outage["begin"]), timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    return [str(tunnel["id"]), begin, "not over" if outage["end"] is None else f"{outage['seconds']:.1f}", peer(outage["ended_by"]), outage["how"],
            peer(outage["restored_by"]), outage["restored_how"] or "", outage["cause"] or "unknown", str(outage["begin_frame"])]


def shown_row(row):
    tunnel, frame, begin, seconds, ended_by, how, _age, restored_by, restored_how, cause = row
    return [tunnel, begin[:len("2026-11-23 13:15:12")], seconds if seconds == "not over" else f"{float(seconds):.1f}", ended_by, how,
            restored_by, restored_how, cause, frame]


def rows_match(spiscope, path, keys, passes, document):
    wanted = [wanted_row(tunnel, outage) for tunnel in document["tunnels"] for outage in tunnel["outages"]]
    shown = [shown_row(row) for row in table(spiscope, path, keys, passes)]
    assert sorted(shown) == sorted(wanted)
    return shown


@pytest.mark.parametrize("keys", (True, False), ids=("keyed", "keyless"))
@pytest.mark.parametrize("name", FLAPS)
def test_the_table_holds_the_outages_of_the_json(spiscope, name, keys):
    assert rows_match(spiscope, spiscope.path(name), keys, 2, outputs(spiscope, name, keys, ()).json)


@pytest.fixture(scope="module")
def cut(spiscope):
    """v1_dpd until 25 s after B was killed: A has asked in vain, and B is not back."""
    data = (TEST_CAPTURES / "v1_dpd.pcap").read_bytes()
    ends = packets(data)
    starts = [HEADER, *ends[:-1]]
    seconds = [struct.unpack_from("<I", data, start)[0] for start in starts]
    kept = max(end for end, second in zip(ends, seconds) if second - seconds[0] <= 45)
    folder = spiscope.readable_copy_dir("outage-views")
    path = folder / "v1_dpd_cut.pcap"
    path.write_bytes(data[:kept])
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("passes", (1, 2))
def test_an_outage_that_is_not_over_has_a_row(spiscope, cut, passes):
    shown = rows_match(spiscope, cut, False, passes, run(spiscope, str(cut)).json)
    assert [row[2] for row in shown] == ["not over"]


def bands(svg):
    root = ET.fromstring(svg)
    return root, [rect for rect in root.iter(f"{SVG}rect") if rect.get("data-outage")]


@pytest.mark.parametrize("name", FLAPS)
def test_each_outage_has_a_band_in_its_place(spiscope, name):
    output = outputs(spiscope, name, True)
    _, found = bands(output.svg)
    outages = output.json["tunnels"][0]["outages"]
    assert {int(band.get("data-outage")) for band in found} <= {outage["id"] for outage in outages}
    told = sum(int(more[1]) if (more := re.search(r"and (\d+) more", band.findtext(f"{SVG}title"))) else 0 for band in found)
    assert len(found) + told == len(outages)
    lefts = [float(band.get("x")) for band in found]
    assert lefts == sorted(lefts)
    if len(found) < 2 or told:
        return
    begins = [outage["begin"] for outage in outages]
    scale = (lefts[-1] - lefts[0]) / (begins[-1] - begins[0])
    for band, outage in zip(found, outages):
        assert float(band.get("x")) - lefts[0] == pytest.approx((outage["begin"] - begins[0]) * scale, abs=1)
        assert float(band.get("width")) == pytest.approx(max(outage["seconds"] * scale, 1), abs=1)


def test_the_band_of_an_outage_that_is_not_over_ends_with_the_picture(spiscope, cut):
    root, (band,) = bands(run(spiscope, str(cut)).svg)
    right = float(band.get("x")) + float(band.get("width"))
    assert right >= max(float(rect.get("x")) + float(rect.get("width")) for rect in root.iter(f"{SVG}rect") if rect.get("data-sas"))


def repeated(data, times, seconds):
    """The capture as often, one after the other, with other SPIs each time: of ESP, and of IKE in UDP, behind IPv4."""
    ethernet, ipv4, udp, esp = 14, 20, 8, 50
    records, at = [], HEADER
    for end in packets(data):
        records.append(data[at:end])
        at = end
    out = bytearray(data[:HEADER])
    for number in range(times):
        for record in records:
            record = bytearray(record)
            struct.pack_into("<I", record, 0, struct.unpack_from("<I", record, 0)[0] + number * seconds)
            spi = RECORD + ethernet + ipv4 + (0 if record[RECORD + ethernet + 9] == esp else udp)
            record[spi + 1] ^= number
            if record[RECORD + ethernet + 9] != esp and any(record[spi + 8:spi + 16]):
                record[spi + 9] ^= number
            out += record
    return bytes(out)


def test_the_log_has_a_limit_and_tells_what_it_leaves_out(spiscope):
    data = (TEST_CAPTURES / "k_v1_flap.pcap").read_bytes()
    path = spiscope.readable_copy_dir("outage-views") / "many_flaps.pcap"
    path.write_bytes(repeated(data, 7, 90))
    path.chmod(0o644)
    output = run(spiscope, str(path))
    count = len(output.json["tunnels"][0]["outages"])
    assert count >= 7 * 11          # k_v1_flap goes down 11 times
    log = output.report.split("  Outages ")[1].split("\n  Seen ")[0]
    assert len(re.findall(r"\(frame \d+\), age", re.sub(r"\s+", " ", log))) == LOG_LINES
    assert f"and {count - LOG_LINES} more: tshark -q -z spiscope,outage" in re.sub(r"\s+", " ", log)

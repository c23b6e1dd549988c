# SPDX-License-Identifier: GPL-2.0-or-later
"""The set of SAs, their counts, and their birth and death: against stock tshark, construction, and the daemons' logs."""
import re

import pytest
from harness import ALL, LAB, MIN_10, SYNTHETIC, TEST_CAPTURES, epoch_of
from outputs import outputs

TOLERANCE = 1.0            # seconds between the daemons' logs and the capture
MIRRORED = {"mirror_port", "mirror_port_router"}
# one SA under two addresses of its receiver: see test_nat.py
MOVED = {"nat_address_change"}


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("capture", [name for name in ALL if name not in MOVED])
def test_same_sas_as_an_independent_count(spiscope, capture, passes):
    """Stock tshark's -e ip.dst -e esp.spi (ipv6.dst, ah.spi), less what ICMP errors quote."""
    reference = spiscope.reference(capture)
    expected = {(layer.protocol, layer.dst, layer.spi) for _, layers in reference.values() for layer in layers}
    seen = {}
    for row in spiscope.full(capture, passes=passes):
        layers = reference[int(row["frame.number"][0])][1]
        assert bool(row["spiscope.sa"]) <= bool(layers), f"frame {row['frame.number']} has an SA without ESP or AH"
        for number, layer in zip(row["spiscope.sa"], layers):
            seen.setdefault((layer.protocol, layer.dst, layer.spi), set()).add(number)
    assert set(seen) == expected
    numbers = [number for values in seen.values() for number in values]
    assert len(numbers) == len(set(numbers)) == len(expected), "each SA has one number of its own"


@pytest.mark.parametrize("capture", LAB)
def test_lab_packets_and_frames_as_counted_independently(spiscope, capture):
    table, counted = spiscope.sa_table(capture), spiscope.reference_sas(capture)
    assert set(table) == set(counted)
    for key, packets in counted.items():
        sa = table[key]
        assert (sa["packets"], sa["first_frame"], sa["last_frame"]) == (len(packets), packets[0][0], packets[-1][0]), key
        if all(layer.length for _, _, layer in packets) and key[0] == "esp":
            assert sa["bytes"] == sum(layer.length for _, _, layer in packets), key


# replayed: whether a packet that comes a second time is traffic is not laid down; see test_sequence.py
@pytest.mark.parametrize("capture", sorted(set(SYNTHETIC) - {"replayed"} - MIRRORED - MOVED))
def test_synthetic_counts_as_written(spiscope, truth, capture):
    table = spiscope.sa_table(capture)
    assert set(table) == set(truth[capture].truth)
    for key, written in truth[capture].truth.items():
        assert table[key]["packets"] == written.packets, key
        if key[0] == "esp":
            assert table[key]["bytes"] == written.bytes, key


# --- the command line's table -----------------------------------------------------------------------------------------

def key_of(row):
    return row["protocol"].lower(), row["destination"], int(row["spi"], 0)


@pytest.mark.parametrize("capture", ["churn", "loss", "same_spi_esp_and_ah", "ipv6", "nested_null_esp", "quoted_in_icmp", "mirror_port",
                                     "encap_gre", "v2_healthy", "v1_flap", "v2_dpd"])
def test_command_line_table_has_a_row_per_sa(spiscope, capture):
    rows = spiscope.stat_table(capture)
    got = {key_of(row): row for row in rows}
    assert len(got) == len(rows)
    expected = spiscope.reference_sas(capture)
    assert set(got) == set(expected)
    assert all(re.fullmatch(r"0x[0-9a-f]{8}", row["spi"]) for row in rows)
    for key, packets in expected.items():
        assert got[key]["source"] == packets[0][2].src, key


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("capture", ["churn", "loss", "reordered", "stale", "parallel_rekeyed", "v2_healthy", "v1_flap", "v2_dup"])
def test_command_line_table_agrees_with_the_fields(spiscope, capture, passes):
    table = spiscope.sa_table(capture)
    last_time = {key: packets[-1][1] for key, packets in spiscope.reference_sas(capture).items()}
    for row in spiscope.stat_table(capture, passes=passes):
        key = key_of(row)
        sa = table[key]
        assert row["sa"] == sa["sa"] and row["tunnel"] == sa["tunnel"], key
        for name in ("packets", "bytes", "lost", "duplicate", "reordered", "first_frame", "last_frame"):
            assert int(row[name]) == sa[name], (key, name)
        for name in ("generation", "replaces", "replaced_by"):
            known = row[name] not in ("", "?")          # the generation of a newborn SA may be open at the end
            assert (int(row[name], 0) if known else None) == sa.get(name), (key, name)
        if capture in LAB:      # born at their negotiations; of two at once, without keys, nobody knows which is whose
            born = Log(capture).born[key[2]]
            assert born - TOLERANCE <= epoch_of(row["birth"]) <= sa["first_time"] + 2e-6, key
            assert capture == "v2_dup" or epoch_of(row["birth"]) <= born + TOLERANCE, key
        else:
            assert epoch_of(row["birth"]) == pytest.approx(sa["first_time"], abs=2e-6), key
        if row["replaced_by"]:
            assert epoch_of(row["death"]) == pytest.approx(last_time[key], abs=2e-6), key
        else:
            assert not row["death"], f"{key} lives"
        assert row["lived"] == (f"{sa['lifetime']:.1f}" if "lifetime" in sa else ""), key
        share = 100 * sa["lost"] / (sa["packets"] + sa["lost"])
        assert float(row["lost_percent"]) == pytest.approx(share, abs=0.051), key


def test_command_line_table_of_a_capture_without_ipsec_is_empty(spiscope):
    assert spiscope.stat_table("no_ipsec") == []


@pytest.mark.parametrize("capture", ["v1_life_ends", "v1_life_mismatch", "v2_dpd", "v2_gcm_reauth"])
def test_the_table_of_sas_tells_who_asked_who_ended_and_what_was_negotiated(spiscope, capture):
    """As the JSON has it, which other tests hold against the daemons' logs."""
    tunnels = outputs(spiscope, capture, True).json["tunnels"]
    wanted = {sa["spi"]: (sa["negotiated_lifetime"], sa["origin"] and sa["origin"]["requester"], sa["ended_by"] and tunnel["peers"]["AB".index(sa["ended_by"])])
              for tunnel in tunnels for sa in tunnel["sas"]}
    shown = {row["spi"]: (int(row["negotiated"]) if row["negotiated"] else None, row["requested_by"][2:] or None, row["ended_by"][2:] or None)
             for row in spiscope.stat_table(capture, options=(MIN_10,), passes=2, keys=True)}
    assert shown == wanted
    assert all(row["death"] or row["state"] in ("in use", "new") for row in spiscope.stat_table(capture, passes=2, keys=True))


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("capture", LAB)
def test_the_table_of_ike_sas_is_that_of_the_json(spiscope, capture, passes):
    rows = {int(row["IKE SA"]): row for row in spiscope.stat_table(capture, "ike", passes=passes, keys=True)}
    ike_sas = {ike_sa["id"]: (tunnel, ike_sa) for tunnel in outputs(spiscope, capture, True).json["tunnels"] for ike_sa in tunnel["ike_sas"]}
    assert set(rows) == set(ike_sas)
    for number, (tunnel, ike_sa) in ike_sas.items():
        row = rows[number]
        assert (int(row["Tunnel"]), row["Version"]) == (tunnel["id"], f"IKEv{ike_sa['version']}")
        assert (row["Initiator's SPI"], row["Responder's SPI"], row["Initiator"]) == (ike_sa["initiator_spi"], ike_sa["responder_spi"], ike_sa["initiator"])
        assert (int(row["First"]), int(row["Last"])) == (ike_sa["first_frame"], ike_sa["last_frame"])
        alive = ("probably deleted",) if ike_sa["ended_by"] else ("up", "being set up")      # its Delete was not read
        assert row["State"] == ike_sa["end"] if ike_sa["end"] != "alive" else row["State"] in alive, number
        assert row["Ended by"] == (f"{ike_sa['ended_by']} {tunnel['peers']['AB'.index(ike_sa['ended_by'])]}" if ike_sa["ended_by"] else "")
        assert bool(row["Death"]) == bool(row["Lived s"]) == (ike_sa["death"] is not None)
        if ike_sa["death"] is not None:
            assert float(row["Lived s"]) == pytest.approx(ike_sa["death"] - ike_sa["birth"], abs=0.051)
        assert row["Replaces"] == ("" if ike_sa["replaces"] is None else str(ike_sa["replaces"]))


@pytest.mark.parametrize("name", ["sa", "tunnel", "outage", "ike"])
def test_columns_are_as_wide_as_their_content(spiscope, name):
    """Each line of what tshark prints has its separators in the same places, whatever the addresses' length."""
    for capture in ("v1_life_ends", "ipv6", "nat_two_clients"):
        text = spiscope.tshark("-n", "-q", "-r", spiscope.path(capture), "-z", f"spiscope,{name}").stdout
        lines = [line for line in text.splitlines() if "|" in line]
        places = [[at for at, mark in enumerate(line) if mark == "|"] for line in lines]
        cells = [[cell[:-1] for cell in line.split("|")[:-2]] for line in lines]        # the last column of texts is as long as its text
        assert all(row[:-1] == places[0][:-1] for row in places), text
        full = [any(len(cell.strip()) == len(cell) for cell in column) for column in zip(*cells)]
        assert name != "sa" or all(full), "a column is wider than its widest cell; of states and verdicts, which had other words before, it may be"


def test_tunnel_table_has_a_row_per_tunnel(spiscope):
    for capture, tunnels in (("churn", 1), ("same_spi_two_destinations", 2), ("nat_two_clients", 2), ("v2_healthy", 1)):
        assert len(spiscope.stat_table(capture, "tunnel")) == tunnels, capture


# --- the daemons' own logs --------------------------------------------------------------------------------------------

class Log:
    """When the daemons set up and closed each SPI: the first of both at birth, the first that says "closing" at death.
    An SA that goes down with its IKE SA has no "closing" line: then its end is the later of the two daemons' ends of that
    IKE SA. Only where no IKE SA was rekeyed, for rekeying moves the children."""

    LINE = re.compile(r"(?P<host>\w+) (?P<time>[\d.]+) \d+\[\w+\] <(?P<ike>[^>]*)> (?P<event>.*)")
    SPIS = re.compile(r"CHILD_SA .*with SPIs ([0-9a-f]{8})_i (?:\(\d+ bytes\) )?([0-9a-f]{8})_o")

    def __init__(self, capture):
        self.born, self.closed = {}, {}
        children, ends, rekeyed = {}, {}, False
        for line in (TEST_CAPTURES / f"{capture}.truth.txt").read_text().splitlines():
            match = self.LINE.match(line)
            if not match:
                continue
            time, event, ike = float(match["time"]), match["event"], (match["host"], match["ike"])
            spis = self.SPIS.search(event)
            for spi in (int(text, 16) for text in (spis.groups() if spis else ())):
                if "established" in event:
                    self.born[spi] = min(time, self.born.get(spi, time))
                    children.setdefault(ike, set()).add(spi)
                elif "closing" in event:
                    self.closed[spi] = min(time, self.closed.get(spi, time))
            if event.startswith("IKE_SA") and "rekeyed" in event:
                rekeyed = True
            elif event.startswith("IKE_SA") and "=> DESTROYING" in event:
                ends[ike] = time
        if not rekeyed:
            with_ike = {}
            for ike in children.keys() & ends.keys():
                for spi in children[ike] - self.closed.keys():
                    with_ike[spi] = max(ends[ike], with_ike.get(spi, 0))
            self.closed.update(with_ike)


WITH_SAS = [name for name in LAB if (TEST_CAPTURES / f"{name}.truth.txt").exists() and Log(name).born]


def sas_with_times(spiscope, capture):
    """(destination, SPI) -> (birth, death) as the plugin's first and last frame tell."""
    return {key: (spiscope.time_of(capture, sa["first_frame"]), spiscope.time_of(capture, sa["last_frame"]))
            for key, sa in spiscope.sa_table(capture).items()}


@pytest.mark.parametrize("capture", WITH_SAS)
def test_every_sa_is_one_that_the_daemons_set_up(spiscope, capture):
    assert {spi for _, _, spi in spiscope.sa_table(capture)} <= set(Log(capture).born)


@pytest.mark.parametrize("capture", WITH_SAS)
def test_birth_as_logged(spiscope, capture):
    """No SA begins before the log says that it was set up; where ESP went on to that gateway in the second after the log's
    time, it begins within that second (an SA without any packet is not in the capture at all)."""
    log, shown = Log(capture), 0
    sas = sas_with_times(spiscope, capture)
    times = {key: [time for _, time, _ in packets] for key, packets in spiscope.reference_sas(capture).items()}
    for (protocol, dst, spi), (birth, _) in sas.items():
        logged = log.born[spi]
        assert birth >= logged - TOLERANCE, f"{spi:#010x}"
        if any(logged < time <= logged + TOLERANCE for key, all_times in times.items() if key[1] == dst for time in all_times):
            assert birth <= logged + TOLERANCE, f"{spi:#010x} first seen {birth - logged:.3f} s after its set-up"
            shown += 1
    assert shown or not sas, "the capture shows no birth at all: a weak test"


@pytest.mark.parametrize("capture", WITH_SAS)
def test_death_as_logged(spiscope, capture):
    """No SA outlives the log's end of it; where it was the only one open, and ESP went to that gateway in the last second
    before that end, it lives until within that second."""
    log = Log(capture)
    times = {key: [time for _, time, _ in packets] for key, packets in spiscope.reference_sas(capture).items()}
    sas = sas_with_times(spiscope, capture)
    for (protocol, dst, spi), (_, death) in sas.items():
        if spi not in log.closed:
            continue
        end = log.closed[spi]
        assert death <= end + TOLERANCE, f"{spi:#010x} last seen {death - end:.3f} s after its end"
        others = [other for _, its_dst, other in sas if its_dst == dst and other != spi
                  and log.born[other] < end - TOLERANCE and log.closed.get(other, end + 1) >= end - TOLERANCE]
        busy = any(end - TOLERANCE <= time < end for key, all_times in times.items() if key[1] == dst for time in all_times)
        if busy and not others:
            assert death >= end - TOLERANCE, f"{spi:#010x} last seen {end - death:.3f} s before its end"

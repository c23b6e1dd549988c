# SPDX-License-Identifier: GPL-2.0-or-later
"""Outages: on every capture with a truth they are those of the daemons' logs, the kernels' SAs and the traffic that stock tshark shows. Where
the truth has none, there is none. Those of rebuilt reports are in test_reports.py.

The vendors' captures are not part of the project: SPISCOPE_SHARED names the folder that holds captures/vendors (default: ../shared)."""
import re
import shutil
from collections import namedtuple

import pytest
from harness import LAB, TEST_CAPTURES
from outputs import outputs, run_ahead
from test_ike_third_party import SHARED

VENDORS = SHARED / "captures" / "vendors"
each_form = pytest.mark.parametrize("keys", (True, False), ids=("keyed", "keyless"))
VENDOR_NAMES = sorted(path.stem for path in VENDORS.glob("*.pcap"))
# A tunnel counts as up only if users would notice that it is not: the shortest gap, as the preference min_outage has it
MIN_OUTAGE = 2
GATEWAYS = {"A": "192.0.2.1", "B": "192.0.2.2", "C": "192.0.2.3"}

# begin and end in seconds since 1970, end None where it is not over; by: the address of the peer who ended it, None where nobody did; kinds: the
# words for how that fit
Expected = namedtuple("Expected", "begin end by kinds")

DELETED = ("ike_sa_deleted", "child_sa_deleted")
# A and B end the tunnel again and again with Deletes (run-lab.sh: up, ping, down; or an SA that expires), B is killed, or nothing happens
ENDED_BY_DELETE = {"v1_flap", "v2_flap", "k_v1_flap", "k_v2_flap", "v1_life_mismatch", "v1_life_ends", "v2_pfs_flap"}
B_KILLED = {"v1_dpd", "v2_dpd"}
# Of the vendors' (expect.py tells what was done): the path was cut; A restarted; the child's rekeys were refused until it expired; two gateways
# with one identity. In all others the tunnel stayed up, or was never up
PATH_CUT = {"l_v1_path", "l_v2_path"}
RESTARTED = {"l_v2_reboot", "o_v2_reboot"}
EXPIRED = {"l_v2_pfs"}
# Wireshark complains about its keys: it has no ESP
UNREADABLE_KEYS = {"l_v2_ah"}
ONE_IDENTITY = {"v2_dupid_dpd"}


# --- what the truth says -----------------------------------------------------------------------------------------------------

def log_lines(path):
    """(time, gateway, message) of daemons' logs, by time."""
    lines = []
    for line in path.read_text().splitlines():
        match = re.match(r"([ABC]\d?) (\d+\.\d+) (.*)", line)
        if match:
            lines.append((float(match[2]), match[1], match[3]))
    return sorted(lines)


def from_deletes(path):
    """Up with "CHILD_SA established"; down with the first Delete that a daemon sends while it is up. The last end is the capture's."""
    expected, down = [], None
    up = False
    for time, gateway, text in log_lines(path):
        if re.search(r"CHILD_SA \S+ established", text):
            if down:
                expected.append(Expected(down[0], time, GATEWAYS[down[1]], DELETED))
            up, down = True, None
        elif up and "sending DELETE for" in text:
            up, down = False, (time, gateway)
    return expected


def births(path):
    """SPI -> when the kernels had it."""
    return {int(match[1], 16): float(match[2]) for match in re.finditer(r"^SA \S+ \S+ (0x\w+) (\S+)", path.read_text(), re.M)}


def silences(reference, longer, peers):
    """The gaps of each direction's traffic, as stock tshark shows it: (peer, last packet before, first packet and SPI after)."""
    last = {}
    for time, layers in reference.values():
        for layer in layers[:1]:
            if {layer.src, layer.dst} != peers:
                continue
            if layer.src in last and time - last[layer.src] > longer:
                yield layer.src, last[layer.src], time, layer.spi
            last[layer.src] = time


def from_silence(reference, born, longer, kinds, peers=frozenset(("192.0.2.1", "192.0.2.2"))):
    """From the last packet of the peer that fell silent first until the SA was there that carried the first packet again."""
    expected = []
    for _, before, after, spi in sorted(silences(reference, longer, peers), key=lambda gap: gap[2]):
        end = born(spi, after)
        if expected and abs(expected[-1].end - end) < longer:
            expected[-1] = Expected(min(expected[-1].begin, before), expected[-1].end, None, kinds)
        else:
            expected.append(Expected(before, end, None, kinds))
    return expected


def truth(spiscope, name, path):
    log = path.with_name(f"{name}.truth.txt")
    kernel = births(log)
    reference = spiscope.reference(str(path))
    if name in ENDED_BY_DELETE:
        return {0: from_deletes(log)}
    if name in B_KILLED:
        up = [time for time, _, text in log_lines(log) if re.search(r"CHILD_SA \S+ established", text)]
        return {0: from_silence(reference, lambda _, after: max(time for time in up if time <= after + 1), 10, ("unanswered",))}
    if name in PATH_CUT | RESTARTED:
        kinds = ("unanswered",) if name in PATH_CUT else ("replaced",)
        return {0: from_silence(reference, lambda spi, _: kernel[spi], 15, kinds)}
    if name in EXPIRED:
        expired = re.search(r"^SA \S+ \S+ \S+ \S+ (\S+)", log.read_text(), re.M)
        return {0: [Expected(float(expired[1]), None, "192.0.2.1", DELETED)]}
    if name in ONE_IDENTITY:
        both = {}
        for tunnel, client in enumerate(("192.0.2.1", "192.0.2.3")):
            both[tunnel] = from_silence(reference, lambda spi, _: kernel[spi], 30, ("unanswered",), frozenset((client, "192.0.2.2")))
        last = max(time for time, layers in reference.values() for layer in layers[:1] if (layer.src, layer.dst) == ("192.0.2.2", "192.0.2.1"))
        both[0].append(Expected(last, None, None, ("unanswered",)))     # A was displaced once more, and the capture ended
        return both
    return {}


# --- and whether it is what is said ------------------------------------------------------------------------------------------------

def check(document, expected, keys):
    for tunnel in document["tunnels"]:
        wanted = expected.get(tunnel["id"], [])
        found = tunnel["outages"]
        assert [outage["id"] for outage in found] == list(range(len(found)))
        assert len(found) == len(wanted), (found, wanted)
        for outage, want in zip(found, wanted):
            assert outage["begin"] == pytest.approx(want.begin, abs=1), (outage, want)
            assert (outage["end"] is None) == (want.end is None), (outage, want)
            if want.end is not None:
                assert outage["end"] == pytest.approx(want.end, abs=1), (outage, want)
                assert outage["seconds"] == pytest.approx(outage["end"] - outage["begin"], abs=1e-6)
            by = tunnel["peers"]["AB".index(outage["ended_by"])] if outage["ended_by"] else None
            assert by == want.by if keys else by in (None, want.by), (outage, want)
            assert outage["how"] in want.kinds, (outage, want)
            assert outage["confidence"] == ("proven" if keys and want.by else "inferred")
        over = [finding for finding in tunnel["findings"] if finding["key"] == "outage"]
        assert len(over) >= sum(outage["end"] is not None for outage in found) - 1      # the last one may be known only at the end


@pytest.fixture(scope="module")
def vendors(spiscope):
    folder = spiscope.readable_copy_dir("vendors")
    for path in VENDORS.iterdir():
        if path.suffix == ".keys":
            shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
        else:
            shutil.copy(path, folder)
    spiscope.open_up()
    run_ahead(spiscope, [(str(folder / f"{name}.pcap"), keys, ()) for name in VENDOR_NAMES for keys in (False, True)])
    return folder


@pytest.fixture(scope="module", autouse=True)
def ahead(spiscope):
    run_ahead(spiscope, [(name, keys) for name in LAB for keys in (False, True)])


@pytest.mark.parametrize("keys", (True, False), ids=("keyed", "keyless"))
@pytest.mark.parametrize("name", LAB)
def test_the_labs_outages_are_those_of_the_log(spiscope, name, keys):
    check(outputs(spiscope, name, keys).json, truth(spiscope, name, TEST_CAPTURES / f"{name}.pcap"), keys)


@pytest.mark.skipif(not VENDOR_NAMES, reason=f"no captures of other daemons in {VENDORS}: set SPISCOPE_SHARED")
@pytest.mark.parametrize("keys", (True, False), ids=("keyed", "keyless"))
@pytest.mark.parametrize("name", VENDOR_NAMES or ["none"])
def test_the_vendors_outages_are_those_of_the_log(spiscope, vendors, name, keys):
    if keys and name in UNREADABLE_KEYS:
        pytest.skip("Wireshark does not take its table of ESP SAs")
    path = vendors / f"{name}.pcap"
    check(outputs(spiscope, str(path), keys, ()).json, truth(spiscope, name, path), keys)


@each_form
def test_what_the_shorter_lifetime_ends_is_as_old_as_that(spiscope, keys):
    lifetime = int(re.search(r"life_time = (\d+)s", (TEST_CAPTURES / "v1_life_ends.A.conf").read_text())[1])
    for outage in outputs(spiscope, "v1_life_ends", keys).json["tunnels"][0]["outages"]:
        assert outage["age"] == pytest.approx(lifetime, abs=1)
        assert outage["cause"] == ("phase2_lifetime_mismatch" if keys else "lifetime_expired")


# --- pairs of SAs --------------------------------------------------------------------------------------------------------------------

def closed(name, child):
    """When A closed this child while its IKE SA went on, and its SPIs."""
    lines = log_lines(TEST_CAPTURES / f"{name}.truth.txt")
    for time, gateway, text in lines:
        match = re.search(rf"closing CHILD_SA {child}\{{\d+\}} with SPIs (\w+)_i .* (\w+)_o ", text)
        if match and gateway == "A":
            yield time, {int(spi, 16) for spi in match.groups()}


@each_form
def test_pairs_that_are_dead_are_those_of_the_log(spiscope, keys):
    tunnel = outputs(spiscope, "v2_pair_down", keys).json["tunnels"][0]
    dead = [finding for finding in tunnel["findings"] if finding["key"] == "pair_dead"]
    times = {frame: time for frame, (time, _) in spiscope.reference("v2_pair_down").items()}
    wanted = list(closed("v2_pair_down", "net2"))
    assert len(wanted) == 2 == len(dead)
    for finding, (time, spis) in zip(dead, wanted):
        assert {int(spi, 16) for spi in re.findall(r"0x[0-9a-f]{8}", finding["text"])} == spis
        assert finding["confidence"] == ("proven" if keys else "inferred")
        carried = [times[frame] for frame in finding["evidence"] if frame in times]     # its last packets, half a second apart
        assert carried and all(time - 1 < last < time + 0.1 for last in carried)  # and the Delete
        assert time + MIN_OUTAGE <= finding["time"] <= time + 5


@each_form
@pytest.mark.parametrize("name", sorted(set(LAB) - {"v2_pair_down"}))
def test_no_other_pair_is_dead(spiscope, name, keys):
    assert not [finding for tunnel in outputs(spiscope, name, keys).json["tunnels"] for finding in tunnel["findings"] if finding["key"] == "pair_dead"]


def test_the_lists_name_captures_that_are_there():
    assert ENDED_BY_DELETE | B_KILLED <= set(LAB)
    assert not VENDOR_NAMES or PATH_CUT | RESTARTED | EXPIRED | ONE_IDENTITY <= set(VENDOR_NAMES)

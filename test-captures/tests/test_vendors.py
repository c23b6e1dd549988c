# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of SAs against what the kernels of two gateways logged, for three daemons (strongSwan, libreswan, OpenIKED) with lifetimes of real size.

The captures are not part of the project: SPISCOPE_SHARED names the folder that holds captures/vendors (default: ../shared). NAME.truth.txt tells of
each SA that a kernel had: source, destination, SPI, birth, first and last time that a kernel deleted it; then what the daemons logged. All by the
clock of the capture. Names that begin with d_ were cut, sampled, or merged from both sides of a NAT: they don't show all that the kernels did.

A gateway behind a NAT, or that MOBIKE moved, has an SA under several addresses, one after the other or at once: that is one SA."""
import os
import re
import shutil
from collections import Counter, namedtuple
from pathlib import Path

import pytest
from harness import HEADER_FIELDS, TEST_CAPTURES, layers_of
from outputs import outputs

SHARED = Path(os.environ.get("SPISCOPE_SHARED", TEST_CAPTURES.parent.parent / "shared"))
FOLDER = SHARED / "captures" / "vendors"
CAPTURES = sorted(path.stem for path in FOLDER.glob("*.pcap"))
WHOLE = [name for name in CAPTURES if not name.startswith("d_")]
TOLERANCE = 1.0                 # seconds between a negotiation in the capture and the kernel's SA
MOVED_WITHIN = 0.1              # seconds from an SA's end under one address in the kernel to its birth under the next
B_IS = {"192.0.2.2", "2001:db8::2"}     # the other gateways move, or are behind a NAT
# a gateway is killed, or another device displaces it: kernels drop SAs that no Delete names
WITHOUT_DELETES = {"l_v2_reboot", "o_v2_reboot", "v2_dupid_dpd"}

pytestmark = pytest.mark.skipif(not CAPTURES, reason=f"no captures in {FOLDER}: set SPISCOPE_SHARED")
each_whole = pytest.mark.parametrize("capture", WHOLE or ["none"])
each_capture = pytest.mark.parametrize("capture", CAPTURES or ["none"])
each_form = pytest.mark.parametrize("keys", [True, False], ids=["keys", "keyless"])

# one SA: its addresses, when the first kernel had it, and the first and the last time that one deleted it (None: kept to the end)
Kernel = namedtuple("Kernel", "destinations birth first_delete last_delete")


def truth(capture):
    return (FOLDER / f"{capture}.truth.txt").read_text()


def kernels(capture):
    """SPI -> Kernel. No two SAs of one capture have the same SPI: gateways draw them at random."""
    entries = {}
    for destination, spi, birth, first, last in re.findall(r"^SA \S+ (\S+) (0x\w+) (\S+) (\S+) (\S+)$", truth(capture), re.M):
        ends = [None if text == "-" else float(text) for text in (first, last)]
        entries.setdefault(spi, []).append((destination, float(birth), *ends))
    return {spi: merged(found) for spi, found in entries.items()}


def merged(entries):
    def moved(entry):
        return any(other is not entry and abs(other[1] - entry[2]) <= MOVED_WITHIN for other in entries)
    firsts = [entry[2] for entry in entries if entry[2] is not None and not moved(entry)]
    lasts = [entry[3] for entry in entries if entry[3] is not None]
    return Kernel({entry[0] for entry in entries}, min(entry[1] for entry in entries), min(firsts, default=None), max(lasts, default=None))


def asked_by_b(capture):
    """SPI -> whether gateway B asked for it, as far as the daemons' logs tell."""
    asked, states, wanted = {}, {}, set()
    for line in truth(capture).splitlines():
        host = line[0]
        state = re.search(r'#(\d+): (initiating|responding to) Quick Mode', line)                   # libreswan, IKEv1
        if state:
            states[host, state[1]] = state[2] == "initiating"
        pair = re.search(r'#(\d+): (\w+) .*\{(?:ESP|AH)\S*=>(0x\w{8}) <(0x\w{8})', line)            # libreswan
        if pair:
            began = {"initiator": True, "responder": False}.get(pair[2], states.get((host, pair[1])))
            if began is not None:
                asked.update({spi: began == (host == "B") for spi in pair.groups()[2:]})
        if "parsed CREATE_CHILD_SA request" in line:                                                # strongSwan, that is asked
            wanted.add(host)
        pair = re.search(r"CHILD_SA .* established with SPIs (\w{8})_i (\w{8})_o", line)
        if pair and host in wanted:
            wanted.remove(host)
            asked.update({f"0x{spi}": host != "B" for spi in pair.groups()})
        spi = re.search(r"ikev2_init_create_child_sa: rekeying CHILD SA old \S+ spi (0x\w{8})", line)   # OpenIKED
        if spi:
            asked[spi[1]] = host == "B"
    return asked


def address(endpoint):
    """Without the port that a NAT gave."""
    return endpoint.split(":")[0] if endpoint.count(":") == 1 else endpoint


@pytest.fixture(scope="module")
def copied(spiscope):
    """Copies of the captures and keys that tshark can read."""
    folder = spiscope.readable_copy_dir("vendors-sas")
    for name in CAPTURES:
        shutil.copy(FOLDER / f"{name}.pcap", folder)
        shutil.copytree(FOLDER / f"{name}.keys", folder / f"{name}.keys", copy_function=shutil.copyfile)
        esp = folder / f"{name}.keys" / "esp_sa"        # which names AH's SAs too, that Wireshark has no cipher for
        esp.write_text("".join(line for line in esp.read_text().splitlines(True) if '"None"' not in line))
    spiscope.open_up()
    return folder


@pytest.fixture(scope="module")
def table(spiscope, copied):
    """(capture, with its keys) -> the rows of its SA table, of all tunnels."""
    def read(capture, keys):
        document = outputs(spiscope, copied / f"{capture}.pcap", keys, ()).json
        return [sa for tunnel in document["tunnels"] for sa in tunnel["sas"]]
    return read


@pytest.fixture(scope="module")
def stock(spiscope, copied):
    """capture -> what tshark alone reads of it: the SPIs of ESP and AH, and the times of its first and last frame."""
    def read(capture):
        rows = spiscope.rows(copied / f"{capture}.pcap", HEADER_FIELDS, plugin=False)
        spis = {f"0x{layer.spi:08x}" for row in rows for layer in layers_of(row)}
        return spis, float(rows[0]["frame.time_epoch"][0]), float(rows[-1]["frame.time_epoch"][0])
    return read


def test_there_are_enough_of_them():
    assert len(WHOLE) >= 35 and sum(len(kernels(name)) for name in WHOLE) > 1000


@each_form
@each_capture
def test_no_phantom_and_no_sa_in_two_rows(table, capture, keys):
    known = kernels(capture)
    rows = table(capture, keys)
    assert all(count == 1 for count in Counter(row["spi"] for row in rows).values())
    for row in rows:
        assert row["spi"] in known
        assert address(row["destination"]) in known[row["spi"]].destinations, row["spi"]


@each_form
@each_whole
def test_a_row_for_each_sa(table, stock, capture, keys):
    """With keys for each that was negotiated; without for each that carried a packet."""
    spis, first, last = stock(capture)
    negotiated = {spi for spi, kernel in kernels(capture).items() if first <= kernel.birth <= last}
    assert {row["spi"] for row in table(capture, keys)} == (negotiated if keys else spis)


@each_form
@each_capture
def test_births(table, capture, keys):
    """Within a second of the kernel's where the negotiation is known; else an SA is at least as old as its first packet."""
    known = kernels(capture)
    for row in table(capture, keys):
        kernel = known[row["spi"]]
        assert row["birth"] >= kernel.birth - TOLERANCE, row["spi"]
        if row["origin"]:
            assert row["birth"] <= kernel.birth + TOLERANCE, row["spi"]
        if keys and capture in WHOLE:
            assert row["origin"] and not row["age_is_minimum"], row["spi"]


@each_form
@each_capture
def test_deaths(table, stock, capture, keys):
    """A Delete is where kernels deleted, which may be some seconds apart; no SA is said to live on after the last of them."""
    known, end = kernels(capture), stock(capture)[2]
    for row in table(capture, keys):
        kernel = known[row["spi"]]
        if row["death"] and kernel.last_delete:
            assert row["birth"] <= row["death"] <= kernel.last_delete + TOLERANCE, row["spi"]
        if row["ended_in"]:
            assert kernel.first_delete and row["death"] >= kernel.first_delete - TOLERANCE, row["spi"]
        elif keys and capture in WHOLE and capture not in WITHOUT_DELETES:
            assert kernel.first_delete is None or kernel.first_delete > end - TOLERANCE, row["spi"]


@each_form
@each_whole
def test_who_asked(table, capture, keys):
    asked = asked_by_b(capture)
    for row in table(capture, keys):
        if row["origin"] and row["spi"] in asked:
            assert (address(row["origin"]["requester"]) in B_IS) == asked[row["spi"]], row["spi"]


def test_the_logs_tell_who_asked_for_most():
    known = sum(len(asked_by_b(name).keys() & kernels(name).keys()) for name in WHOLE if name != "o_v2_ipv6")
    assert known > sum(len(kernels(name)) for name in WHOLE if name != "o_v2_ipv6") * 2 // 3

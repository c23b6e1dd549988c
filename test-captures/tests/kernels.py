# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernels and daemons of a truth (NAME.truth.txt of the lab with simulated time) say of SAs, and whether a table of SAs agrees with it.

A truth tells of each SA that a kernel had: source, destination, SPI, birth, first and last time that a kernel deleted it; then what the daemons logged.
All by the clock of the capture. A gateway behind a NAT, or that MOBIKE moved, has an SA under several addresses, one after the other or at once: that is
one SA."""
import re
from collections import Counter, namedtuple

from harness import HEADER_FIELDS, layers_of

TOLERANCE = 1.0                 # seconds between a negotiation in the capture and the kernel's SA
MOVED_WITHIN = 0.1              # seconds from an SA's end under one address in the kernel to its birth under the next
B_IS = {"192.0.2.2", "2001:db8::2"}     # the other gateways move, or are behind a NAT

# one SA: its addresses, when the first kernel had it, and the first and the last time that one deleted it (None: kept to the end)
Kernel = namedtuple("Kernel", "destinations birth first_delete last_delete")


def kernels_of(truth):
    """SPI -> Kernel. No two SAs of one capture have the same SPI: gateways draw them at random."""
    entries = {}
    for destination, spi, birth, first, last in re.findall(r"^SA \S+ (\S+) (0x\w+) (\S+) (\S+) (\S+)$", truth, re.M):
        ends = [None if text == "-" else float(text) for text in (first, last)]
        entries.setdefault(spi, []).append((destination, float(birth), *ends))
    return {spi: merged(found) for spi, found in entries.items()}


def merged(entries):
    def moved(entry):
        return any(other is not entry and abs(other[1] - entry[2]) <= MOVED_WITHIN for other in entries)
    firsts = [entry[2] for entry in entries if entry[2] is not None and not moved(entry)]
    lasts = [entry[3] for entry in entries if entry[3] is not None]
    return Kernel({entry[0] for entry in entries}, min(entry[1] for entry in entries), min(firsts, default=None), max(lasts, default=None))


def asked_by_b(truth):
    """SPI -> whether gateway B asked for it, as far as the daemons' logs tell."""
    asked, states, wanted = {}, {}, set()
    for line in truth.splitlines():
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


def stock_of(spiscope, path):
    """What tshark alone reads of a capture: the SPIs of ESP and AH, and the times of its first and last frame."""
    rows = spiscope.rows(path, HEADER_FIELDS, plugin=False)
    spis = {f"0x{layer.spi:08x}" for row in rows for layer in layers_of(row)}
    return spis, float(rows[0]["frame.time_epoch"][0]), float(rows[-1]["frame.time_epoch"][0])


# --- a table of SAs (the JSON's rows of all tunnels) agrees -------------------------------------------------------------------

def no_phantom_and_no_sa_in_two_rows(rows, known):
    assert all(count == 1 for count in Counter(row["spi"] for row in rows).values())
    for row in rows:
        assert row["spi"] in known
        assert address(row["destination"]) in known[row["spi"]].destinations, row["spi"]


def a_row_for_each_sa(rows, known, stock, keys):
    """With keys for each that was negotiated; without for each that carried a packet."""
    spis, first, last = stock
    negotiated = {spi for spi, kernel in known.items() if first <= kernel.birth <= last}
    assert {row["spi"] for row in rows} == (negotiated if keys else spis)


def births_agree(rows, known, all_seen):
    """Within a second of the kernel's where the negotiation is known; else an SA is at least as old as its first packet. all_seen: each negotiation is in
    the capture, and can be read."""
    for row in rows:
        kernel = known[row["spi"]]
        assert row["birth"] >= kernel.birth - TOLERANCE, row["spi"]
        if row["origin"]:
            assert row["birth"] <= kernel.birth + TOLERANCE, row["spi"]
        if all_seen:
            assert row["origin"] and not row["age_is_minimum"], row["spi"]


def deaths_agree(rows, known, end, all_seen, gap=0):
    """A Delete is where kernels deleted, which may be some seconds apart; no SA is said to live on after the last of them. all_seen: each end is in the
    capture, and can be read. gap: seconds between packets, the last of which is the end of an SA whose Delete was not read."""
    for row in rows:
        kernel = known[row["spi"]]
        if row["death"] and kernel.last_delete:
            assert row["birth"] <= row["death"] <= kernel.last_delete + TOLERANCE, row["spi"]
        if row["ended_in"]:
            assert kernel.first_delete and row["death"] >= kernel.first_delete - gap - TOLERANCE, row["spi"]
        elif all_seen:
            assert kernel.first_delete is None or kernel.first_delete > end - TOLERANCE, row["spi"]


def who_asked_agrees(rows, asked):
    for row in rows:
        if row["origin"] and row["spi"] in asked:
            assert (address(row["origin"]["requester"]) in B_IS) == asked[row["spi"]], row["spi"]

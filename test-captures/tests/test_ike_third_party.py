# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that other projects published, malformed ones too: SPIscope reads them in silence, and says the same however they are read.

They are not part of the project: SPISCOPE_SHARED names the folder that holds captures/third-party (default: ../shared)."""
import os
import shutil
from pathlib import Path

import pytest
from harness import FINDING_FIELDS, TEST_CAPTURES, Job
from test_ike_findings import MUST

SHARED = Path(os.environ.get("SPISCOPE_SHARED", TEST_CAPTURES.parent.parent / "shared"))
FOLDER = SHARED / "captures" / "third-party"
CAPTURES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.pcap*") if path.suffix != ".opts")
KEYED = [name for name in CAPTURES if (FOLDER / f"{name}.opts").exists()]
CASES = [(name, False) for name in CAPTURES] + [(name, True) for name in KEYED]
FIELDS = ("frame.number", "isakmp.ispi", "esp.spi", "ah.spi", "spiscope.sa", *FINDING_FIELDS)

# (capture, with its keys) -> {frame: findings about IKE}; every other one has none. Compared with tshark -V by hand
TRUE = {
    # answers of 76 bytes (frames 9 and 10) hold a notify, no SA; nor does IKE_AUTH's of 156 (frame 6), though the IKE SA goes on
    # in frame 7: at least 4 (SK) + 8 (IV) + 12 (ICV) + 12 (IDr) + 24 (AUTH) + 36 (SA) + 2 * 24 (TSi, TSr) + 28 (header) = 172 bytes
    ("tcpdump/ikev2four.pcap", False): {7: {"child_refused"}, 9: {"child_refused"}, 10: {"child_refused"}},
    # frame 38 is frame 1 byte for byte, 40 s later; its peer came up meanwhile
    ("arkime/IKEv2.pcap", False): {38: {"ike_retransmission"}},
    # Quick Mode's first message again after 10 s, answered then
    ("wireshark-test/ikev1-certs.pcap", False): {8: {"ike_retransmission"}},
    ("wireshark-test/ikev1-certs.pcap", True): {8: {"ike_retransmission"}},
    # a client that asks for 0.0.0.0/0 and gets the address that the gateway gave it, three times
    ("wireshark-wiki/ipsec_ikev2+esp_gcm_ctr_cbc.pcapng", True): {frame: {"proxy_id_narrowed"} for frame in (4, 22, 40)},
}
without_them = pytest.mark.skipif(not CAPTURES, reason=f"no third-party captures in {FOLDER}: set SPISCOPE_SHARED")
each_capture = pytest.mark.parametrize("capture, keyed", CASES or [("none", False)],
                                       ids=[f"{name}{'-keyed' if keyed else ''}" for name, keyed in CASES] or ["none"])


@pytest.fixture(scope="module")
def read(spiscope):
    """(capture, with its keys, passes) -> its rows."""
    folder = spiscope.readable_copy_dir("third-party")
    for name in CAPTURES:
        shutil.copy(FOLDER / name, folder / Path(name).name)
        (folder / Path(name).name).chmod(0o644)
    assert len(list(folder.iterdir())) == len(CAPTURES)

    def begin(name, keyed, passes):
        return spiscope.submit(Job(str(folder / Path(name).name), FIELDS, options_of(name) if keyed else (), passes))
    for name, keyed in CASES:
        begin(name, keyed, 1), begin(name, keyed, 2)
    return lambda name, keyed, passes: begin(name, keyed, passes).result()


def options_of(name):
    """FILE.opts: -o and its value, one word a line."""
    words = (FOLDER / f"{name}.opts").read_text().split("\n")
    words = [word for word in words if word]
    assert words[::2] == ["-o"] * (len(words) // 2)
    return tuple(words[1::2])


def findings(rows):
    return [row for row in rows if row["spiscope.finding"]]


@without_them
def test_there_are_enough_of_them():
    assert len(CAPTURES) > 40 and len(KEYED) > 15


@without_them
@each_capture
def test_loads_in_silence_and_says_the_same_in_one_pass_and_two(read, capture, keyed):
    """The harness fails on any word on stderr and on any exit status but 0."""
    one, two = read(capture, keyed, 1), read(capture, keyed, 2)
    assert len(one) == len(two) > 0
    assert findings(one) == findings(two)
    for row in one:
        assert len(row["spiscope.sa"]) <= len(row["esp.spi"]) + len(row["ah.spi"]), f"frame {row['frame.number']}"
        assert len(row["spiscope.finding"]) == len(row["spiscope.confidence"]), f"frame {row['frame.number']}"


@without_them
@each_capture
def test_findings_about_ike_are_true(read, capture, keyed):
    found = {}
    for row in findings(read(capture, keyed, 1)):
        keys = set(row["spiscope.finding"]) & set(MUST)
        if keys:
            found[int(row["frame.number"][0])] = keys
    assert found == TRUE.get((capture, keyed), {})

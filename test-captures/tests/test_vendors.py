# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of SAs against what the kernels of two gateways logged, for three daemons (strongSwan, libreswan, OpenIKED) with lifetimes of real size.

The captures are not part of the project: SPISCOPE_SHARED names the folder that holds captures/vendors (default: ../shared). NAME.truth.txt is as
kernels.py reads it. Names that begin with d_ were cut, sampled, or merged from both sides of a NAT: they don't show all that the kernels did."""
import os
import shutil
from pathlib import Path

import pytest
from harness import TEST_CAPTURES
from kernels import (a_row_for_each_sa, asked_by_b, births_agree, deaths_agree, kernels_of, no_phantom_and_no_sa_in_two_rows, stock_of,
                     who_asked_agrees)
from outputs import outputs

SHARED = Path(os.environ.get("SPISCOPE_SHARED", TEST_CAPTURES.parent.parent / "shared"))
FOLDER = SHARED / "captures" / "vendors"
CAPTURES = sorted(path.stem for path in FOLDER.glob("*.pcap"))
WHOLE = [name for name in CAPTURES if not name.startswith("d_")]
# a gateway is killed, or another device displaces it: kernels drop SAs that no Delete names
WITHOUT_DELETES = {"l_v2_reboot", "o_v2_reboot", "v2_dupid_dpd"}

pytestmark = pytest.mark.skipif(not CAPTURES, reason=f"no captures in {FOLDER}: set SPISCOPE_SHARED")
each_whole = pytest.mark.parametrize("capture", WHOLE or ["none"])
each_capture = pytest.mark.parametrize("capture", CAPTURES or ["none"])
each_form = pytest.mark.parametrize("keys", [True, False], ids=["keys", "keyless"])


def truth(capture):
    return (FOLDER / f"{capture}.truth.txt").read_text()


def kernels(capture):
    return kernels_of(truth(capture))


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
    """capture -> stock_of() it."""
    return lambda capture: stock_of(spiscope, copied / f"{capture}.pcap")


def test_there_are_enough_of_them():
    assert len(WHOLE) >= 35 and sum(len(kernels(name)) for name in WHOLE) > 1000


@each_form
@each_capture
def test_no_phantom_and_no_sa_in_two_rows(table, capture, keys):
    no_phantom_and_no_sa_in_two_rows(table(capture, keys), kernels(capture))


@each_form
@each_whole
def test_a_row_for_each_sa(table, stock, capture, keys):
    a_row_for_each_sa(table(capture, keys), kernels(capture), stock(capture), keys)


@each_form
@each_capture
def test_births(table, capture, keys):
    births_agree(table(capture, keys), kernels(capture), keys and capture in WHOLE)


@each_form
@each_capture
def test_deaths(table, stock, capture, keys):
    all_seen = keys and capture in WHOLE and capture not in WITHOUT_DELETES
    deaths_agree(table(capture, keys), kernels(capture), stock(capture)[2], all_seen)


@each_form
@each_whole
def test_who_asked(table, capture, keys):
    who_asked_agrees(table(capture, keys), asked_by_b(truth(capture)))


def test_the_logs_tell_who_asked_for_most():
    known = sum(len(asked_by_b(truth(name)).keys() & kernels(name).keys()) for name in WHOLE if name != "o_v2_ipv6")
    assert known > sum(len(kernels(name)) for name in WHOLE if name != "o_v2_ipv6") * 2 // 3

# SPDX-License-Identifier: GPL-2.0-or-later
"""No key and no payload in anything that the plugin writes: report, JSON, timeline, tables, packet details.

With keys, as then Wireshark hands the plugin what it decrypted. What must not come out is read from the key tables, from the
capture file's own bytes, and from what stock tshark decrypts.
"""
import re

import pytest
from harness import LAB, TEST_CAPTURES, Job

WINDOW = 8      # bytes: so many in a row, as hexadecimal digits or as they are, are no accident
PLAINTEXT = ("data.data", "isakmp.nonce", "isakmp.key_exchange.data", "isakmp.auth.data", "isakmp.hash", "isakmp.sig", "isakmp.id.data.key_id")
IKE_SPIS = ("isakmp.ispi", "isakmp.rspi")
NO_KEYS = ("v1_ike_noprop", "v2_ike_noprop")        # these never got as far as keys


def windows(secret):
    return {secret[at:at + WINDOW] for at in range(len(secret) - WINDOW + 1)}


def keys_of(capture):
    """Every key in the tables; not the IKE SPIs before them, which are public."""
    found = set()
    for name, public in (("esp_sa", 0), ("ikev1_decryption_table", 1), ("ikev2_decryption_table", 2)):
        for line in (TEST_CAPTURES / f"{capture}.keys" / name).read_text().splitlines():
            for value in line.replace('"', "").split(",")[public:]:
                value = value.strip().lower().removeprefix("0x")
                if re.fullmatch(r"(?:[0-9a-f]{2}){8,}", value):
                    found.add(bytes.fromhex(value))
    return found


def stock(spiscope, capture):
    """A future of every frame as stock tshark decrypts it."""
    fields = tuple(name for name in (*PLAINTEXT, *IKE_SPIS) if name in stock_fields(spiscope))
    return spiscope.submit(Job(capture, fields, keys=True, plugin=False))


def decrypted_of(spiscope, capture):
    return {bytes.fromhex(value) for row in stock(spiscope, capture).result() for name in PLAINTEXT for value in row.get(name, ())
            if re.fullmatch(r"(?:[0-9a-f]{2}){8,}", value)}


def stock_fields(spiscope):
    if "stock fields" not in spiscope.results:
        lines = spiscope.tshark("-G", "fields", plugin=False).stdout.splitlines()
        spiscope.results["stock fields"] = {line.split("\t")[2] for line in lines if line.startswith("F\t")}
    return spiscope.results["stock fields"]


def ike_spis(spiscope, capture):
    """What may be written though it is eight bytes of the capture."""
    return {bytes.fromhex(value) for row in stock(spiscope, capture).result() for name in IKE_SPIS for value in row[name]}


def written(spiscope, capture):
    """Everything that the plugin writes about a capture, in one text."""
    folder = spiscope.readable_copy_dir("home")
    names = [folder / f"{capture}.secrets.{kind}" for kind in ("json", "svg")]
    path = spiscope.path(capture)
    shown = spiscope.tshark("-n", "-2", "-r", path, "-O", "spiscope", "-z", "spiscope,report", "-z", "spiscope,sa", "-z", "spiscope,tunnel",
                            "-z", f"spiscope,json,{names[0]}", "-z", f"spiscope,timeline,{names[1]}", keys=path.with_suffix(".keys")).stdout
    end = re.search(r"^(?:SPIscope \d|=+$)", shown, re.M).start()                 # of the packets
    details = re.findall(r"^\[SPIscope.*\n(?:[ \t]+.*\n)*", shown[:end], re.M)    # what other dissectors show is theirs
    return "\n".join([shown[end:], *details, *(name.read_text() for name in names)])


def leaks(text, secret_windows):
    """Windows of secrets that a text holds: as they are, or as hexadecimal digits, even if those are split by colons or the like."""
    found = windows(text.encode()) & secret_windows
    for digits in (text.lower(), re.sub(r"(?<=[0-9a-f]{2})[^0-9a-f\n]{1,3}(?=[0-9a-f]{2})", "", text.lower())):
        for run in re.findall(r"[0-9a-f]{16,}", digits):
            found |= {bytes.fromhex(run[at:at + 2 * WINDOW]) for at in range(len(run) - 2 * WINDOW + 1)} & secret_windows
    return found


@pytest.fixture(scope="module")
def all_written(spiscope):
    """Capture -> a future of what is written about it."""
    for capture in LAB:
        stock(spiscope, capture)
    return {capture: spiscope.pool.submit(written, spiscope, capture) for capture in LAB}


@pytest.mark.parametrize("capture", LAB)
def test_nothing_secret_is_written(spiscope, all_written, capture):
    keys = keys_of(capture)
    assert keys or capture in NO_KEYS
    secrets = {spiscope.path(capture).read_bytes(), *keys, *decrypted_of(spiscope, capture)}
    text = all_written[capture].result()
    for output in ("SPIscope 0", "SPIscope Tunnels:", "SPIscope Security Associations:", '"tunnels"', "</svg>", "\n    [Tunnel: 0]"):
        assert output in text, output
    assert not leaks(text, set().union(*map(windows, secrets)) - ike_spis(spiscope, capture))


def test_the_captures_hold_secrets_of_each_kind(spiscope):
    """So that the test above had something to find: keys, ESP's plaintext, and IKE's."""
    assert len(keys_of("v2_flap")) >= 12 * 4        # 12 times up: cipher and integrity, both directions
    assert any(b" !\"#$%&'()*+,-./01234567" in plain for plain in decrypted_of(spiscope, "v2_flap"))    # ping's pattern
    assert len(decrypted_of(spiscope, "v2_pfs_flap")) > 4


def test_a_leak_would_be_found():
    key = bytes.fromhex("00112233445566778899aabbccddeeff0f1e2d3c")
    for text in (f"key 0x{key.hex()}", f"x{key.hex()[9:30].upper()} y", key.hex(":"), key.hex(" ", 4), key.hex("-")):
        assert leaks(text, windows(key)), text
    assert leaks("id: gateway-of-somebody", windows(b"\x05gateway-of-somebody\0"))
    assert not leaks("0x0011223344556600 at 12:34:56.789", windows(key))

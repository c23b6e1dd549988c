# SPDX-License-Identifier: GPL-2.0-or-later
"""A second capture in the same process starts from nothing: load, reload, load another, and back; other preferences; no memory that stays behind.

sharkd does what the window does: the same library, the same calls when a file is opened and closed."""
import functools
import xml.etree.ElementTree as ET

import pytest
from outputs import outputs
from sharkd import COLUMNS, Sharkd

FIRST, OTHER, NOTHING = "v2_flap", "v1_flap", "no_ipsec"
SA, SPI, FINDING = COLUMNS.index("spiscope.sa") + 1, COLUMNS.index("spiscope.sa.spi") + 1, COLUMNS.index("spiscope.finding") + 1


@pytest.fixture(scope="module")
def fresh(spiscope):
    """What a process of its own shows of a capture."""
    @functools.cache
    def see(capture, **preferences):
        with Sharkd(spiscope) as session:
            for name, value in preferences.items():
                session.set(f"spiscope.{name}", value)
            return session.see(capture)
    return see


def test_sharkd_shows_what_tshark_writes(spiscope, fresh):
    """So that what follows compares something."""
    seen, tunnels = fresh(FIRST), outputs(spiscope, FIRST, False, ()).json["tunnels"]
    assert {(int(row[SA]), row[SPI]) for row in seen["frames"] if row[SA]} == {(sa["id"], sa["spi"]) for tunnel in tunnels for sa in tunnel["sas"]}
    found = sorted((finding["frame"], finding["key"]) for tunnel in tunnels for finding in tunnel["findings"])
    assert sorted((row[0], key) for row in seen["frames"] if row[FINDING] for key in row[FINDING].split(",")) == found
    assert len(seen["expert"]) == len(found) > 30
    assert len(seen["nstat:spiscope,sa"]) == sum(len(tunnel["sas"]) for tunnel in tunnels) and len(seen["nstat:spiscope,tunnel"]) == len(tunnels)
    assert len(fresh(NOTHING)["frames"]) > 0 and not fresh(NOTHING)["expert"] and not fresh(NOTHING)["nstat:spiscope,sa"]


def test_every_load_starts_from_nothing(spiscope, fresh):
    with Sharkd(spiscope) as session:
        for capture in (FIRST, FIRST, OTHER, FIRST, NOTHING, FIRST, "v2_nat3", OTHER):
            assert session.see(capture) == fresh(capture), capture
    assert session.status == 0


def test_looking_twice_changes_nothing(spiscope, fresh):
    """Every frame is read again, and every table filled again."""
    with Sharkd(spiscope) as session:
        once = session.see(FIRST)
        assert session.look() == once == fresh(FIRST)


def test_a_file_that_cannot_be_opened_leaves_nothing_behind(spiscope, fresh):
    with Sharkd(spiscope) as session:
        session.load(FIRST)
        with pytest.raises(AssertionError, match="error"):
            session.load("/nonexistent.pcap")
        assert session.see(OTHER) == fresh(OTHER)


def test_preferences_hold_from_the_next_load_on(spiscope, fresh):
    with Sharkd(spiscope) as session:
        default = session.see(FIRST)
        session.set("spiscope.churn_count", 2)
        session.look()
        strict = session.see(FIRST)
        session.set("spiscope.churn_count", 3)
        session.set("spiscope.min_sa_lifetime", 1)
        calm = session.see(FIRST)
        session.set("spiscope.min_sa_lifetime", 300)
        assert session.see(FIRST) == default == fresh(FIRST)
    assert strict == fresh(FIRST, churn_count=2) and calm == fresh(FIRST, min_sa_lifetime=1)
    flapping = [next(row[0] for row in seen["frames"] if "flapping" in row[FINDING]) for seen in (strict, default)]
    assert flapping[0] < flapping[1]
    assert not [row for row in calm["frames"] if "churn" in row[FINDING]]


def test_keys_that_come_and_go(spiscope):
    """Another profile: what one process read with keys is not known to the next one without."""
    path = spiscope.path("v1_life_mismatch")
    with Sharkd(spiscope, keys=path.with_suffix(".keys")) as session:
        keyed = session.see("v1_life_mismatch")
        assert session.see(FIRST)["nstat:spiscope,sa"] and session.see("v1_life_mismatch") == keyed
    with Sharkd(spiscope) as session:
        assert session.see("v1_life_mismatch") != keyed


@pytest.mark.parametrize("protocol", ["spiscope", "esp", "isakmp"])
def test_disabled_protocols(spiscope, protocol):
    """What is switched off is not there, and nothing is made up in its place."""
    done = spiscope.tshark("-n", "-r", spiscope.path(FIRST), "--disable-protocol", protocol, "-2", "-T", "fields", "-e", "spiscope.sa", "-e", "spiscope.ike",
                           "-z", "spiscope,sa")
    rows = [line.split("\t") for line in done.stdout.splitlines()[:216]]
    assert any(row[0] for row in rows) == (protocol == "isakmp") and any(row[1] for row in rows) == (protocol == "esp")


# --- memory -----------------------------------------------------------------------------------------------------------

def blocks_of_plugin(path):
    """Blocks that are still allocated at the end and that the plugin's code asked for: kind of loss -> number of blocks."""
    blocks = {}
    for error in ET.parse(path).getroot().iter("error"):
        kind = error.findtext("kind")
        if kind.startswith("Leak") and any("spiscope.so" in (frame.findtext("obj") or "") for frame in error.iter("frame")):
            blocks[kind] = blocks.get(kind, 0) + int(error.findtext("xwhat/leakedblocks"))
    return blocks


def test_no_memory_stays_behind(spiscope):
    """After one load and after four, as many blocks of the plugin's are left: those of registration and of the open capture."""
    left = {}
    sessions = {}
    for loads in (1, 4):
        log = spiscope.room / "home" / f"valgrind-{loads}.xml"
        sessions[loads] = log, Sharkd(spiscope, before=(
            "valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=40", "--xml=yes", f"--xml-file={log}"),
            WIRESHARK_DEBUG_WMEM_OVERRIDE="simple", G_SLICE="always-malloc")
    for loads, (log, session) in sessions.items():
        with session:
            for _ in range(loads):
                session.see("v2_nat3")
        assert session.status == 0, session.said
        left[loads] = blocks_of_plugin(log)
    assert left[1] == left[4]
    assert left[1].get("Leak_StillReachable", 0) > 10, "registration is not seen: this test shows nothing"
    assert "Leak_DefinitelyLost" not in left[1]

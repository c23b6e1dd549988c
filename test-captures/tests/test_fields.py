# SPDX-License-Identifier: GPL-2.0-or-later
"""Section 2 of the interface: each field exists, has its type, can be filtered on and printed, and says what is right."""
import re

import pytest
from harness import FINDING_FIELDS, SA_FIELDS, TEST_CAPTURES, is_true

# a capture on which the field must be there, in a second pass
README = TEST_CAPTURES.parent / "README.md"
SHOWN_ON = dict.fromkeys({**SA_FIELDS, **FINDING_FIELDS}, "churn")
NEEDS_A_NEGOTIATION = {"spiscope.sa.negotiated_lifetime"}
WITH_VALUES = ["churn", "clean_rekey", "loss", "reordered", "encap_udp", "encap_vlan", "ipv6", "one_way", "nat_rebinding", "stale",
               "parallel_rekeyed", "cut_in_the_middle", "v2_healthy", "v1_healthy", "v2_dup", "v2_dpd", "v1_flap", "v2_gcm_reauth"]


def test_plugin_is_loaded(spiscope):
    plugins = spiscope.tshark("-G", "plugins").stdout
    assert re.search(r"^spiscope\.so\s", plugins, re.MULTILINE), plugins


@pytest.mark.parametrize("name, kind", [*SA_FIELDS.items(), *FINDING_FIELDS.items()])
def test_field_is_registered_with_its_type(spiscope, name, kind):
    assert name in spiscope.registered, f"{name} is not registered"
    assert spiscope.registered[name][0] == kind


@pytest.mark.parametrize("name", ["spiscope.sa.spi", "spiscope.sa.replaces", "spiscope.sa.replaced_by"])
def test_spi_fields_are_shown_in_hex(spiscope, name):
    assert "HEX" in spiscope.registered[name][2]
    values = [value for row in spiscope.full("churn", passes=2) for value in row[name]]
    assert values and all(re.fullmatch(r"0x[0-9a-f]{8}", value) for value in values)


@pytest.mark.parametrize("name", sorted(SHOWN_ON.keys() - NEEDS_A_NEGOTIATION))
def test_field_can_be_printed_and_filtered(spiscope, name):
    capture = SHOWN_ON[name]
    printed = [row["frame.number"] for row in spiscope.full(capture, passes=2) if row[name]]
    assert printed, f"{name} is nowhere in {capture}"
    filtered = [row["frame.number"] for row in spiscope.rows(capture, ("frame.number",), passes=2, display_filter=name)]
    assert filtered == printed


@pytest.mark.parametrize("name", sorted(NEEDS_A_NEGOTIATION))
def test_field_that_needs_a_negotiation_can_be_filtered(spiscope, name):
    assert spiscope.rows("churn", ("frame.number",), display_filter=name) == []


@pytest.mark.parametrize("expression, expected", [
    ("spiscope.sa.spi == 0xa0000003", lambda key, n: key[2] == 0xA0000003),
    ("spiscope.sa.packets == 7", lambda key, n: n == 7),
    ("spiscope.sa.age >= 59.5", lambda key, n: False),
    ("spiscope.sa.age >= 58.5", lambda key, n: n == 60),
    ("spiscope.tunnel == 0", lambda key, n: True),
    ("spiscope.tunnel == 1", lambda key, n: False),
])
def test_filter_by_value(spiscope, expression, expected):
    """churn: twelve SAs with a packet a second for 60 s, so the n-th packet of an SA is n-1 seconds old."""
    wanted = sorted(frame for key, packets in spiscope.reference_sas("churn").items()
                    for n, (frame, _, _) in enumerate(packets, 1) if expected(key, n))
    got = [int(row["frame.number"][0]) for row in spiscope.rows("churn", ("frame.number",), display_filter=expression)]
    assert got == wanted


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("capture", WITH_VALUES)
def test_counts_age_and_first_frame_on_every_packet(spiscope, capture, passes):
    """Against a count over stock tshark's output. ESP's length is taken from the IP or UDP header around it. An SA is as old as its first packet, or
    as the IKE message that was its negotiation's last."""
    so_far, checked = {}, 0
    ike = [row for row in spiscope.rows(capture, ("frame.time_epoch", "isakmp.ispi"), plugin=False) if row["isakmp.ispi"]]
    messages = [float(row["frame.time_epoch"][0]) for row in ike]
    for frame, time, layer, values in spiscope.sa_items(capture, passes=passes):
        sa = so_far.setdefault((layer.protocol, layer.dst, layer.spi), {"packets": 0, "bytes": 0, "frame": frame, "time": time})
        sa["packets"] += 1
        sa["bytes"] += layer.length
        assert int(values["packets"]) == sa["packets"], f"frame {frame}"
        assert int(values["bytes"]) == sa["bytes"], f"frame {frame}"
        assert int(values["first_frame"]) == sa["frame"], f"frame {frame}"
        births = [sa["birth"]] if "birth" in sa else [sa["time"], *(message for message in messages if message < sa["time"])]
        sa["birth"] = min(births, key=lambda birth: abs(time - birth - float(values["age"])))
        assert float(values["age"]) == pytest.approx(time - sa["birth"], abs=2e-6), f"frame {frame}"
        checked += 1
    reference = spiscope.reference(capture)
    assert checked == sum(len(layers) for _, layers in reference.values()), "an ESP or AH packet without its SA"


@pytest.mark.parametrize("capture", WITH_VALUES)
def test_last_frame(spiscope, capture):
    """Known in hindsight: with -2 every packet of an SA names the SA's last one."""
    last = {key: packets[-1][0] for key, packets in spiscope.reference_sas(capture).items()}
    for frame, _, layer, values in spiscope.sa_items(capture, passes=2):
        assert int(values["last_frame"]) == last[(layer.protocol, layer.dst, layer.spi)], f"frame {frame}"


def test_numbers_are_given_in_order_of_appearance(spiscope):
    for capture in ("churn", "same_spi_two_destinations", "nat_two_clients", "v2_healthy"):
        numbers, tunnels = [], []
        for row in spiscope.full(capture):
            numbers += [int(n) for n in row["spiscope.sa"] if int(n) not in numbers]
            tunnels += [int(n) for n in row["spiscope.tunnel"] if int(n) not in tunnels]
        assert numbers == list(range(len(numbers)))
        assert tunnels == list(range(len(tunnels)))


def test_replaces_replaced_by_and_generation_in_hindsight(spiscope):
    """churn: 0xa0000001 to 0xa0000006 one after the other, and 0xb0000001 to 0xb0000006 the other way."""
    for frame, _, layer, values in spiscope.sa_items("churn", passes=2):
        number = layer.spi & 0xFF
        assert int(values.get("generation", "0")) == number, f"frame {frame}"
        assert int(values.get("replaces", "0"), 0) == (layer.spi - 1 if number > 1 else 0), f"frame {frame}"
        assert int(values.get("replaced_by", "0"), 0) == (layer.spi + 1 if number < 6 else 0), f"frame {frame}"


def test_single_pass_knows_no_future(spiscope):
    """In one pass a frame says what was known at that frame: no successor that had not yet sent anything."""
    seen = set()
    for frame, _, layer, values in spiscope.sa_items("churn", passes=1):
        seen.add(layer.spi)
        for name in ("replaced_by", "replaces"):
            if name in values:
                assert int(values[name], 0) in seen, f"frame {frame}: {name}"
        if "last_frame" in values:
            assert int(values["last_frame"]) <= frame


def test_lifetime_of_a_replaced_sa(spiscope):
    """clean_rekey: 3600 s each, with a packet every 20 s; the third one is not over."""
    table = spiscope.sa_table("clean_rekey")
    for (_, _, spi), sa in table.items():
        if spi & 0xFF < 3:
            assert 3580 - 0.1 <= sa["lifetime"] <= 3620, f"{spi:#x}"
        else:
            assert "lifetime" not in sa, f"{spi:#x} is still alive"


def test_age_is_minimum_only_where_the_beginning_was_not_seen(spiscope):
    for _, _, layer, values in spiscope.sa_items("cut_in_the_middle"):
        began_before = layer.spi & 0xFF == 1
        assert is_true(values.get("age_is_minimum", "0")) == began_before, f"{layer.spi:#x}"
    for capture in ("churn", "encap_udp", "v2_healthy", "v1_flap"):
        assert not any(sa["age_is_minimum"] for sa in spiscope.sa_table(capture).values()), capture


@pytest.mark.parametrize("capture", ["churn", "loss", "one_way", "sequence_restart", "v2_flap"])
def test_evidence_names_frames_seen_so_far(spiscope, capture):
    with_finding = [row for row in spiscope.full(capture) if row["spiscope.finding"]]
    assert with_finding
    for row in with_finding:
        frame = int(row["frame.number"][0])
        assert all(1 <= int(value) <= frame for value in row["spiscope.evidence"]), frame
    assert any(row["spiscope.evidence"] for row in with_finding)


def test_confidence_is_one_of_three(spiscope):
    for capture in ("churn", "loss", "one_way", "stale", "v2_flap", "v1_flap", "v2_dup"):
        assert {f.confidence for f in spiscope.findings(capture)} <= {"proven", "inferred", "suspected"}


# name in tshark's expert table, by the interface's table
SEVERITY = {"rekey": "Chat", "spi_churn": "Warning", "flapping": "Error", "stale_spi": "Warning", "sequence_restart": "Error",
            "sequence_exhausted": "Warning", "replay_window": "Note", "loss": "Note", "one_way": "Warning", "nat_rebinding": "Note"}
SEVERITY_VALUE = {"Chat": 0x200000, "Note": 0x400000, "Warning": 0x600000, "Error": 0x800000}
SHOWS = {"rekey": "clean_rekey", "spi_churn": "churn", "flapping": "churn", "stale_spi": "stale", "sequence_restart": "sequence_restart",
         "sequence_exhausted": "sequence_near_wrap", "replay_window": "too_old", "loss": "loss", "one_way": "one_way",
         "nat_rebinding": "nat_rebinding"}


@pytest.mark.parametrize("key", SEVERITY)
def test_finding_is_an_expert_item_of_its_own(spiscope, key):
    """spiscope.KEY filters the frames with the finding; the item has the severity of the interface's table."""
    capture = SHOWS[key]
    frames = sorted({f.frame for f in spiscope.findings(capture) if f.key == key})
    assert frames, f"{key} is not in {capture}"
    rows = spiscope.rows(capture, ("frame.number", "_ws.expert.severity", "spiscope.finding.text"), display_filter=f"spiscope.{key}")
    assert [int(row["frame.number"][0]) for row in rows] == frames
    severity = SEVERITY_VALUE[SEVERITY[key]]
    for row in rows:
        assert severity in {int(value, 0) for value in row["_ws.expert.severity"]}, row
        assert any(re.search(r"\d", text) for text in row["spiscope.finding.text"]), f"no number in {row}"


def test_info_column_names_the_finding_unless_turned_off(spiscope):
    """Frames with a finding, and no others, have another Info with spiscope.info_column on (the default) than off.

    Read from the packet list: since Wireshark 4.4, `-e _ws.col.info` holds what was there before post-dissectors ran."""
    listing = ("-n", "-r", spiscope.path("churn"), "-o", 'gui.column.format:"No.","%m","Info","%i"')
    on = spiscope.tshark(*listing).stdout.splitlines()
    off = spiscope.tshark(*listing, "-o", "spiscope.info_column:FALSE").stdout.splitlines()
    assert len(on) == len(off)
    named = {}
    for a, b in zip(on, off):
        assert a.startswith(b), "appended, not replaced"
        if a != b:
            named[int(a.split()[0])] = a[len(b):]
    severity = {key: ("chat", "note", "warning", "error").index(name) for key, name in re.findall(r"^\| `spiscope\.(\w+)` \| (\w+) \|", README.read_text(), re.M)}
    order = list(severity)
    keys = {}
    for finding in spiscope.findings("churn"):
        keys.setdefault(finding.frame, set()).add(finding.key)
    assert keys and set(named) == set(keys)
    for frame, names in keys.items():
        worst_first = sorted(names, key=lambda key: (-severity[key], order.index(key)))
        told = re.fullmatch(r" \[(\w+): 0x[0-9a-f]{8} lived [\d.]+ s((?:, \w+)*)\]", named[frame])
        assert told and [told[1], *told[2].split(", ")[1:]] == worst_first, named[frame]


@pytest.mark.parametrize("capture", ["v2_flap", "churn", "v1_life_ends", "k_v2_volume", "stale"])
def test_all_that_name_how_long_an_sa_lived_name_the_same(spiscope, capture):
    """The field, the table, and the findings rekey, spi_churn and flapping."""
    fields = ("spiscope.mark", "spiscope.finding.text", "spiscope.sa.spi", "spiscope.sa.lifetime")
    rows = spiscope.rows(capture, fields, passes=2)
    lived = {row["spiscope.sa.spi"][0]: float(row["spiscope.sa.lifetime"][0]) for row in rows if len(row["spiscope.sa.spi"]) == 1 and row["spiscope.sa.lifetime"]}
    told = [match for row in rows for text in (*row["spiscope.finding.text"], *row["spiscope.mark"])
            for match in (*re.findall(r"(0x[0-9a-f]{8}) (?:to \S+ )?lived ([\d.]+) s", text),
                          *re.findall(r"SPI (0x[0-9a-f]{8}) to \S+ was replaced by 0x[0-9a-f]{8} after only ([\d.]+) s", text))]
    table = {row["spi"]: float(row["lived"]) for row in spiscope.stat_table(capture, passes=2) if row["lived"]}
    assert len(told) > 2 and set(lived) == set(table)
    for spi, seconds in told:
        assert -0.1 < lived[spi] - float(seconds) < 1 if float(seconds) >= 100 else 0 <= lived[spi] - float(seconds) < 0.1 + 1e-9, spi
    assert all(abs(table[spi] - seconds) < 0.051 for spi, seconds in lived.items())


@pytest.mark.parametrize("capture", ["v2_flap", "churn"])
def test_the_age_in_a_column_is_the_age_and_sorts_like_it(spiscope, capture):
    rows = spiscope.rows(capture, ("spiscope.sa.age", "spiscope.sa.age_text"))
    ages = [(float(age), text) for row in rows for age, text in zip(row["spiscope.sa.age"], row["spiscope.sa.age_text"], strict=True)]
    assert ages and all(0 <= age - float(text) < 0.1 for age, text in ages)
    assert [text for _, text in sorted(ages)] == sorted(text for _, text in ages)


@pytest.mark.parametrize("name, default", [("min_sa_lifetime", "300"), ("churn_count", "3"), ("churn_window", "900"), ("handover_grace", "10"),
                                           ("one_way_after", "30"), ("replay_window", "64"), ("max_sas", "1000000"), ("info_column", "TRUE"),
                                           ("expected_phase1_lifetime", "0"), ("expected_phase2_lifetime", "0")])
def test_preference_and_its_default(spiscope, name, default):
    text = spiscope.tshark("-G", "defaultprefs").stdout
    match = re.search(rf"^#?spiscope\.{name}: (.*)$", text, re.MULTILINE)
    assert match, f"spiscope.{name} is no preference"
    assert match.group(1).strip().upper() == default


def test_fields_are_absent_without_ipsec(spiscope):
    for row in spiscope.full("no_ipsec", passes=2):
        assert not any(row.get(name) for name in (*SA_FIELDS, *FINDING_FIELDS)), row
    assert spiscope.rows("no_ipsec", ("frame.number",), display_filter="spiscope") == []


def test_fields_are_absent_from_ike_keepalives_and_ping(spiscope):
    """In the lab's captures, packets that are neither ESP nor AH carry no SA number."""
    for capture in ("v2_healthy", "v2_dpd", "v1_flap"):
        reference = spiscope.reference(capture)
        for row in spiscope.full(capture, passes=2):
            if not reference[int(row["frame.number"][0])][1]:
                assert not row["spiscope.sa"] and not row["spiscope.sa.packets"], row

# SPDX-License-Identifier: GPL-2.0-or-later
"""IKE that the lab cannot make: every case's findings, fields and links, and nothing else.

What must be said, and on which frame, is noted down by synthetic/cases while it writes the messages."""
import re
from collections import Counter

import harness  # noqa: F401  (puts synthetic/ on the path)
import make_ike
import pytest
from ike_capture import IkeCapture
from writer import S

FIELDS = ("frame.number", "frame.protocols", *harness.FINDING_FIELDS, "spiscope.finding.text", "spiscope.tunnel", "spiscope.ike",
          "spiscope.ike.request_in", "spiscope.ike.response_in", "spiscope.ike.retransmission_of", "spiscope.sa.spi", "esp.spi",
          "spiscope.sa.negotiated_lifetime")
STOCK = ("frame.number", "isakmp.ispi", "isakmp.rspi", "isakmp.typepayload", "isakmp.exchangetype", "isakmp.messageid", "_ws.malformed",
         "isakmp.delete.spi", "isakmp.ts.start_ipv4", "isakmp.ipsec.attr.life_duration", "ip.checksum.status")
# true of many cases, and no finding about a fault; test_outages.py is about them
CHATTER = {"rekey", "reestablished", "deleted"}
HOSTILE = sorted(name for name in make_ike.CASES if name.startswith("ike_hostile"))
NAMES = sorted(set(make_ike.CASES) - set(HOSTILE))
ONE_PASS = ("ike1_early_rekey", "ike2_collision_twice", "ike2_decrypted_after", "ike2_delete_then_esp", "ike1_proxy_ids_differ")


@pytest.fixture(scope="session")
def ike(spiscope, constructed_ike):
    """Case name -> IkeCapture; all are being read."""
    for name in NAMES:
        start(spiscope, constructed_ike[name])
    return constructed_ike


def start(spiscope, cap, passes=2):
    return spiscope.submit(harness.Job(cap.name, FIELDS, tuple(cap.options), passes))


def rows_of(spiscope, cap, passes=2):
    return start(spiscope, cap, passes).result()


def said(rows, ignored=()):
    return Counter(finding for finding in harness.findings_of(rows) if finding.key not in CHATTER and finding.key not in ignored)


@pytest.mark.parametrize("name", NAMES)
def test_just_what_is_expected_is_found(spiscope, ike, name):
    cap, rows = ike[name], rows_of(spiscope, ike[name])
    expected = Counter()
    for item in cap.expected:
        if item.key not in cap.ignored:
            expected[harness.Finding(item.frame, item.key, item.confidence)] += item.times
    assert said(rows, cap.ignored) == expected, cap.description


@pytest.mark.parametrize("name", NAMES)
def test_texts_hold_the_numbers(spiscope, ike, name):
    rows = rows_of(spiscope, ike[name])
    for item in ike[name].expected:
        texts = rows[item.frame - 1]["spiscope.finding.text"]
        assert any(all(holds(text, part) for part in item.texts) for text in texts), f"frame {item.frame}: {item.texts} not in {texts}"


def holds(text, part):
    """Whole words: "60.0 s" is not in "160.0 s"."""
    return re.search(rf"(?<![\w.]){re.escape(part)}(?!\w)", text) is not None


def test_strangers_on_the_port_are_no_ike_sa(spiscope, ike):
    cap = ike["ike2_strangers_on_500"]
    rows = rows_of(spiscope, cap)
    assert len(rows) == len(cap.messages) + 2
    for row in rows:
        assert bool(row["spiscope.ike"]) == (int(row["frame.number"][0]) in cap.messages)


@pytest.mark.parametrize("name", NAMES)
def test_messages_and_their_exchanges(spiscope, ike, name):
    """IKE SA, tunnel, request and response, retransmissions, SPIs on every IKE message."""
    cap, rows = ike[name], rows_of(spiscope, ike[name])
    sas, tunnels, answers = {}, {}, {}
    for frame, message in cap.messages.items():
        for request in message.requests:
            answers.setdefault(request, set()).add(frame)
    for frame, message in sorted(cap.messages.items()):
        sa, tunnel, request, response, original, spis = [
            [int(value, 0) for value in rows[frame - 1][f"spiscope.{field}"]]
            for field in ("ike", "tunnel", "ike.request_in", "ike.response_in", "ike.retransmission_of", "sa.spi")]
        assert len(sa) == len(tunnel) == 1, f"frame {frame}"
        sas.setdefault(message.sa, set()).update(sa)
        tunnels.setdefault(message.tunnel, set()).update(tunnel)
        assert original == ([message.retransmission_of] if message.retransmission_of else []), f"frame {frame}"
        if message.spis is not None:
            assert set(spis) == message.spis, f"frame {frame}"
        if message.requests:
            assert len(request) == 1 and request[0] in message.requests, f"frame {frame}"
        else:
            assert request == [], f"frame {frame}"
        if frame in answers:
            assert len(response) == 1 and response[0] in answers[frame], f"frame {frame}"
    assert sorted(map(sorted, sas.values())) == [[i] for i in range(len(sas))], "each IKE SA has a number of its own"
    assert sorted(map(sorted, tunnels.values())) == [[i] for i in range(len(tunnels))], "each tunnel has a number of its own"


@pytest.mark.parametrize("name", ONE_PASS)
def test_one_pass_finds_the_same(spiscope, ike, name):
    assert said(rows_of(spiscope, ike[name], 1)) == said(rows_of(spiscope, ike[name])) != Counter()


def test_stock_tshark_reads_the_payloads_as_written(spiscope, ike):
    """All conformant captures behind each other, without the plugin."""
    together = IkeCapture("ike_all_together", "")
    messages, deletes, lives, starts = {}, [], [], []
    for name in NAMES:
        if ike[name].hostile:
            continue
        offset = len(together.records)
        together.records += ike[name].records
        messages.update({offset + frame: message for frame, message in ike[name].messages.items()})
    together.write(spiscope.captures).chmod(0o644)
    rows = spiscope.rows(together.name, STOCK, ("ip.check_checksum:TRUE",), plugin=False)
    assert len(rows) == len(together.records)
    for number, row in enumerate(rows, 1):
        assert row["_ws.malformed"] == [] and "0" not in row["ip.checksum.status"], number
        assert bool(row["isakmp.ispi"]) == (number in messages), number
        if number in messages:
            seen = [int(kind) for kind in row["isakmp.typepayload"] if kind not in ("2", "3")]     # but proposals and transforms
            assert seen == messages[number].payloads, number
            deletes += row["isakmp.delete.spi"]
            lives += row["isakmp.ipsec.attr.life_duration"]
            starts += row["isakmp.ts.start_ipv4"]
    assert len(deletes) > 30000 and {"4608000", "1000000"} <= set(lives) and {"10.1.0.5", "0.0.0.0"} <= set(starts)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "ike_hostile_chains"])
@pytest.mark.parametrize("passes", (1, 2))
def test_hostile_messages_are_survived(spiscope, ike, name, passes):
    """Harness.tshark fails on another exit code than 0 and on anything on stderr."""
    rows = spiscope.rows(name, ("frame.number", "spiscope.tunnel", *harness.FINDING_FIELDS), passes=passes)
    assert len(rows) == len(ike[name].records) and any(row["spiscope.tunnel"] for row in rows)


def test_hostile_chains_draw_no_more_complaints_than_from_stock_tshark(spiscope, ike):
    complaints = []
    for plugin in (False, True):
        done = spiscope.tshark("-n", "-r", spiscope.path("ike_hostile_chains"), "-T", "fields", "-e", "frame.number", plugin=plugin,
                               may_complain=True)
        assert len(done.stdout.split()) == len(ike["ike_hostile_chains"].records)
        complaints.append([re.sub(r"^.*?\[", "[", line) for line in done.stderr.splitlines()])
    assert complaints[0] == complaints[1]


def test_a_refusal_in_two_forms_is_said_once(spiscope, ike):
    """By the first form's size or by the second one's notify."""
    found = [finding for finding in said(rows_of(spiscope, ike["ike2_decrypted_after"])).elements() if finding.key == "child_refused"]
    frame = next(item.frame for item in ike["ike2_decrypted_after"].expected if item.key == "proxy_id_mismatch")
    assert len(found) == 1 and found[0].frame in (frame - 1, frame)


def test_first_fragment_of_a_retransmission_is_said(spiscope, ike):
    found = [finding.frame for finding in said(rows_of(spiscope, ike["ike2_fragments"]))]
    again = [frame for frame, message in ike["ike2_fragments"].messages.items() if message.retransmission_of]
    assert found and found[0] == min(again) and set(found) <= set(again)


def test_two_sas_in_use_for_the_same_selectors(spiscope, ike):
    """Said once, after the handover grace of ten seconds."""
    cap = ike["ike2_duplicate"]
    (finding, count), = said(rows_of(spiscope, cap)).items()
    second = max(frame for frame in cap.messages)
    assert (finding.key, count) == ("duplicate_sa", 1)
    assert 10 <= (cap.records[finding.frame - 1][0] - cap.records[second - 1][0]) / S <= 12
    spis = [spi for message in cap.messages.values() for spi in message.spis]
    text = " ".join(rows_of(spiscope, cap)[finding.frame - 1]["spiscope.finding.text"])
    assert sum(f"0x{spi:08x}" in text for spi in spis) == 2


def test_a_rekeyed_ike_sa_names_its_predecessor(spiscope, ike):
    cap = ike["ike2_ike_rekey"]
    rows = spiscope.rows(cap.name, ("frame.number", "spiscope.ike", "spiscope.ike.replaces"), passes=2)
    seen = {(*row["spiscope.ike"], *row["spiscope.ike.replaces"]) for row in rows if row["spiscope.ike"]}
    assert seen == {("0",), ("1", "0")}


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("nat_three_peers")])
def test_three_peers_behind_one_nat(spiscope, ike, name):
    """The ESP of each is in the tunnel of its IKE SA."""
    cap, rows = ike[name], rows_of(spiscope, ike[name])
    tunnels = {message.tunnel: rows[frame - 1]["spiscope.tunnel"] for frame, message in cap.messages.items()}
    seen = 0
    for row in rows:
        for spi in row["esp.spi"]:
            assert row["spiscope.tunnel"] == tunnels[cap.esp_tunnels[int(spi, 0)]]
            seen += 1
    assert seen == 3 * 2 * 58


@pytest.mark.parametrize("name", ("ike1_expected_lifetimes_met", "ike1_churn_before_half", "ike1_no_churn_after_half"))
def test_negotiated_lifetime_is_on_esp(spiscope, ike, name):
    cap = ike[name]
    esp = [row for row in rows_of(spiscope, cap) if row["esp.spi"]]
    assert esp and all(float(row["spiscope.sa.negotiated_lifetime"][0]) == cap.negotiated[int(row["esp.spi"][0], 0)] for row in esp)


@pytest.mark.parametrize("name", ("ike1_delete_then_esp", "ike2_delete_then_esp", "ike2_decrypted_before"))
def test_an_spi_is_listed_from_birth_to_death(spiscope, ike, name):
    """spiscope.sa.spi == X: the negotiation, the ESP packets, the Delete; nothing else."""
    cap, rows = ike[name], rows_of(spiscope, ike[name])
    spi = next(spi for message in cap.messages.values() for spi in sorted(message.spis or ()))
    listed = {int(row["frame.number"][0]) for row in
              spiscope.rows(name, ("frame.number",), display_filter=f"spiscope.sa.spi == {spi:#x}")}
    meant = {frame for frame, message in cap.messages.items() if spi in message.spis}
    meant |= {int(row["frame.number"][0]) for row in rows if spi in [int(value, 0) for value in row["esp.spi"]]}
    assert listed == meant and len(meant) > 10


def test_captures_are_the_same_every_time(tmp_path, spiscope, ike):
    make_ike.main(tmp_path, "ike2_collision_twice", "ike_hostile_random")
    for name in ("ike2_collision_twice", "ike_hostile_random"):
        assert (tmp_path / f"{name}.pcap").read_bytes() == spiscope.path(name).read_bytes()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which findings about IKE each lab capture must give, with keys, and which it must not; where they stand and what they say.

Expectations come from the configurations (NAME.A.conf, NAME.B.conf) and the daemons' logs (NAME.truth.txt)."""
import re

import pytest
from harness import FINDING_FIELDS, LAB, MIN_10, quoted
from test_ike_log import CREATED, NEAR, log_of

A, B = "192.0.2.1", "192.0.2.2"

# key -> captures that must have it; no other lab capture may
MUST = {
    # 'received TS_UNACCEPTABLE notify', 'received INVALID_ID_INFORMATION error notify': B has 10.22.0.0/24 for A's 10.2.0.0/24
    "proxy_id_mismatch": {"v2_ts_mismatch", "v1_ts_mismatch"},
    # A offers /16 (A.conf), B has /24, the children are established with /24
    "proxy_id_narrowed": {"v2_ts_narrowed"},
    # 'no CHILD_SA built', or an 'error notify' after the IKE SA was established
    "child_refused": {"v2_ts_mismatch", "v1_ts_mismatch", "v2_esp_noprop", "v1_esp_noprop", "v1_pfs_mismatch", "v2_pfs_flap"},
    # rekey_time + over_time: 3600 and 28800 s; 31680 and 45 s. In the others only one peer ever begins, or lifetimes are not negotiated
    "phase1_lifetime_mismatch": {"v1_life_mismatch", "v1_life_short_responder"},
    # life_time: 3600 and 28800 s ('received 3600s lifetime, configured 28800s'); 28800 and 25 s
    "phase2_lifetime_mismatch": {"v1_life_mismatch", "v1_life_short_responder", "v1_life_ends"},
    # IKEv1 says: 3600/3600 and 28800/28800, 31680/28800 and 45/25, 55/30, 15840/3960 s: phase 1 is nowhere the shorter one
    "lifetime_order": set(),
    # 'detected CHILD_REKEY collision with CHILD_REKEY' is in no other log
    "rekey_collision": {"v2_dup"},
    # unique = never and both start: two IKE SAs, each with a child for 10.1.0.0/24 === 10.2.0.0/24, to the end
    "duplicate_sa": {"v2_dup"},
    # nobody sends on an SPI 10 s after its Delete: see test_no_traffic_long_after_a_delete
    "stale_spi": set(),
    # 'retransmit N of request'
    "ike_retransmission": {"v2_dpd", "v1_dpd", "v1_psk_mismatch", "v2_dup", "k_v2_nat_rebind"},
    # 'giving up after 3 retransmits'
    "ike_no_response": {"v2_dpd", "v1_dpd"},
    # dpd_delay = 5s, B is killed: 'sending DPD request', no answer, then a new IKE SA
    "dpd_failure": {"v2_dpd", "v1_dpd"},
    # the only daemon that restarts (B in *_dpd) does not begin: A does, when it has given up the old IKE SA
    "peer_restart": set(),
    # secrets differ (A.conf, B.conf): 'received AUTHENTICATION_FAILED notify error'; IKEv1: 'could not decrypt payloads', and Main
    # Mode's message 5 gets an Informational each time in place of message 6
    "auth_failed": {"v2_psk_mismatch", "v1_psk_mismatch"},
    # 'received NO_PROPOSAL_CHOSEN'
    "no_proposal": {"v2_esp_noprop", "v1_esp_noprop", "v2_ike_noprop", "v1_ike_noprop", "v1_pfs_mismatch", "v2_pfs_flap"},
    # esp_proposals modp2048 and modp3072; IKE_AUTH has no key exchange, so its child works. In v1_pfs_mismatch no child ever does
    "pfs_mismatch": {"v2_pfs_flap"},
    # no daemon has or sends an unknown SPI
    "invalid_spi": set(),
    # every rekey_time is above 10 s, and IKEv1's life_time is never twice the age of three rekeys in a row by one peer: in
    # v1_life_short_responder only the first SA has 28800 s, the next have 25 s and are renewed after 20 s
    "early_rekey": set(),
    # both have rekey_time = 20s, and 'creating rekey job' for one SA comes at both ends within 2 s, again and again
    "synchronised_timers": {"v2_dup"},
    # rekey_bytes = 7000
    "volume_rekey": {"v2_volume", "k_v2_volume"},
}
# What else a healthy capture shows: its renewals
# Each ends with a Delete: the daemons were stopped. A of v2_gcm_reauth has reauth_time, no rekey_time
HEALTHY = {name: {"rekey", "deleted"} for name in ("v2_healthy", "v1_healthy", "v1_aggressive", "k_v2_healthy", "k_v2_parallel", "k_v2_ipv6",
                                                  "k_v2_transport", "k_v2_ah")}
HEALTHY |= {"v2_gcm_reauth": {"rekey", "reestablished", "deleted"}, "v2_idle": {"deleted"}}


def judged(spiscope, capture, key=None):
    """(frame, time, key, confidence) of each finding, with keys and min_sa_lifetime 10."""
    found = []
    for row in spiscope.judged(capture):
        frame, time = int(row["frame.number"][0]), float(row["frame.time_epoch"][0])
        found += [(frame, time, *each) for each in zip(row["spiscope.finding"], row["spiscope.confidence"], strict=True)]
    return [each for each in found if key in (None, each[2])]


def texts(spiscope, capture, frame):
    """The texts of the findings on a frame."""
    return next(row["spiscope.finding.text"] for row in spiscope.judged(capture) if row["frame.number"] == [str(frame)])


@pytest.mark.parametrize("key", MUST)
def test_a_finding_is_where_it_must_be_and_nowhere_else(spiscope, key):
    found = {}
    for capture in LAB:
        frames = [frame for frame, _, _, _ in judged(spiscope, capture, key)]
        if frames:
            found[capture] = frames
    missing, extra = MUST[key] - set(found), {name: frames for name, frames in found.items() if name not in MUST[key]}
    assert not missing and not extra, f"{key} is missing in {sorted(missing)}; it is on frames {extra}"


@pytest.mark.parametrize("capture", HEALTHY)
def test_healthy_captures(spiscope, capture):
    """Nothing above note."""
    assert {key for _, _, key, _ in judged(spiscope, capture)} == HEALTHY[capture]


def test_no_traffic_long_after_a_delete(spiscope):
    """Why stale_spi must be nowhere: by stock tshark, no SPI carries a packet 10 s after its Delete."""
    deletes = 0
    for capture in LAB:
        deleted = {}
        for row in spiscope.isakmp(capture):
            time = float(row["frame.time_epoch"][0])
            for spi in row["isakmp.delete.spi"]:
                deletes += len(spi) == 8
                deleted.setdefault(int(spi, 16), time)
            if not quoted(row):
                for spi in row["esp.spi"] + row["ah.spi"]:
                    assert time - deleted.get(int(spi, 16), time) < 10, f"{capture}, frame {row['frame.number'][0]}"
    assert deletes > 150


# --- on which frame -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture", sorted(MUST["ike_no_response"]))
def test_no_response_is_said_where_the_next_negotiation_begins(spiscope, capture):
    """Once for each 'giving up after 3 retransmits' after which the daemon tried again."""
    log = log_of(capture)
    begun = [time for time, _, _, _ in log.events(CREATED)]
    expected = []
    for time, _, _, _ in log.events("giving up after"):
        later = [start for start in begun if start >= time - 0.001]
        if later:
            expected.append(min(later))
    found = [time for _, time, _, _ in judged(spiscope, capture, "ike_no_response")]
    assert len(found) == len(expected) > 0, f"at {found}, log {expected}"
    assert all(abs(a - b) < NEAR for a, b in zip(found, expected)), f"at {found}, log {expected}"


@pytest.mark.parametrize("capture", sorted(MUST["ike_no_response"]))
def test_no_response_names_the_frame_that_was_sent_again(spiscope, capture):
    """Its text: the message that got no answer is the one that ike.retransmission_of names."""
    originals = {value for row in spiscope.judged(capture) for value in row["spiscope.ike.retransmission_of"]}
    for frame, _, _, _ in judged(spiscope, capture, "ike_no_response"):
        text = next(text for text in texts(spiscope, capture, frame) if "not answered" in text)
        assert re.search(r"\(frame (\d+)\)", text)[1] in originals, text


@pytest.mark.parametrize("capture", sorted(MUST["dpd_failure"]))
def test_dpd_failure_is_said_where_the_new_negotiation_begins(spiscope, capture):
    """A's second IKE SA."""
    log = log_of(capture)
    expected = [time for time, peer, _, match in log.events(CREATED) if peer == "A" and match[2] == "2"][0]
    found = judged(spiscope, capture, "dpd_failure")
    assert len(found) == 1 and abs(found[0][1] - expected) < NEAR, found


def test_rekey_collisions_are_those_of_the_log(spiscope):
    """Each is logged by both ends, within milliseconds of the requests."""
    logged = [time for time, peer, _, _ in log_of("v2_dup").events("detected CHILD_REKEY collision with CHILD_REKEY") if peer == "A"]
    found = [time for _, time, _, _ in judged(spiscope, "v2_dup", "rekey_collision")]
    assert len(found) == len(logged) == 2
    assert all(abs(a - b) < NEAR for a, b in zip(found, logged))


def test_retransmission_counts(spiscope):
    for capture, count in {"v2_dpd": 6, "v1_dpd": 6, "v1_psk_mismatch": 9, "v2_dup": 2, "k_v2_nat_rebind": 1}.items():
        assert len(judged(spiscope, capture, "ike_retransmission")) == count, capture


@pytest.mark.parametrize("capture", sorted(MUST["ike_retransmission"]))
def test_a_retransmission_names_the_frame_that_it_repeats(spiscope, capture):
    """Text, evidence and field agree; the field is checked against the bytes in test_ike_log.py."""
    for row in spiscope.judged(capture):
        if "ike_retransmission" in row["spiscope.finding"]:
            text = next(text for text in row["spiscope.finding.text"] if "sent again" in text)
            assert re.search(r"frame (\d+)", text)[1] == row["spiscope.ike.retransmission_of"][0], f"frame {row['frame.number'][0]}: {text}"
            assert row["spiscope.ike.retransmission_of"][0] in row["spiscope.evidence"]


# --- what is said -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("capture, notify", [("v2_ts_mismatch", "TS_UNACCEPTABLE"), ("v1_ts_mismatch", "INVALID-ID-INFORMATION")])
def test_proxy_id_mismatch_stands_on_the_refusal_with_the_pair(spiscope, capture, notify):
    """B's address on each refusing frame, proven; the offer as firewalls print it. What B wants instead is never on the wire."""
    sources = {int(row["frame.number"][0]): row["ip.src"] for row in spiscope.judged(capture)}
    found = judged(spiscope, capture, "proxy_id_mismatch")
    assert len(found) == 6
    for frame, _, _, confidence in found:
        assert sources[frame] == [B] and confidence == "proven"
        text = next(text for text in texts(spiscope, capture, frame) if "Proxy IDs" in text)
        assert "10.1.0.0/24 ↔ 10.2.0.0/24" in text and notify in text and A in text and B in text, text
        assert "10.22." not in text
        assert any("refused" in text and notify in text for text in texts(spiscope, capture, frame))


def test_narrowed_selectors_are_a_note_with_both_pairs(spiscope):
    assert {key for _, _, key, _ in judged(spiscope, "v2_ts_narrowed")} == {"rekey", "proxy_id_narrowed", "deleted"}
    found = judged(spiscope, "v2_ts_narrowed", "proxy_id_narrowed")
    assert found[0][0] == 4, "IKE_AUTH's answer"
    for frame, _, _, _ in found:
        text = next(text for text in texts(spiscope, "v2_ts_narrowed", frame) if "Proxy IDs" in text)
        assert "10.1.0.0/16 ↔ 10.2.0.0/16" in text and "10.1.0.0/24 ↔ 10.2.0.0/24" in text, text


@pytest.mark.parametrize("capture, phase1, phase2", [("v1_life_mismatch", (3600, 28800), (3600, 28800)),
                                                     ("v1_life_short_responder", (31680, 45), (28800, 25))])
def test_lifetime_mismatches_give_both_values_and_both_peers(spiscope, capture, phase1, phase2):
    """A's value beside A's address, B's beside B's."""
    for phase, values in ((1, phase1), (2, phase2)):
        found = judged(spiscope, capture, f"phase{phase}_lifetime_mismatch")
        assert found
        for frame, _, _, _ in found:
            text = next(text for text in texts(spiscope, capture, frame) if f"Phase {phase} lifetime" in text)
            said = dict(re.findall(r"(192\.0\.2\.\d) \D*?(\d+) s", text))
            assert said == {A: str(values[0]), B: str(values[1])}, text


def test_lifetime_mismatch_rests_on_the_first_offer(spiscope):
    """v1_life_mismatch: A's Main Mode is frame 1, its Quick Mode frame 7."""
    for row in spiscope.judged("v1_life_mismatch"):
        for key, first in (("phase1_lifetime_mismatch", "1"), ("phase2_lifetime_mismatch", "7")):
            if key in row["spiscope.finding"]:
                assert first in row["spiscope.evidence"]


@pytest.mark.parametrize("capture, phase, offer", [
    ("v2_esp_noprop", "Phase 2", ("AES", "256", "SHA2_256")), ("v1_esp_noprop", "Phase 2", ("AES", "256", "SHA2_256", "MODP_2048")),
    ("v2_ike_noprop", "Phase 1", ("AES", "256", "SHA2_256", "MODP_2048")), ("v1_ike_noprop", "Phase 1", ("AES", "256", "SHA2_256", "MODP_2048")),
    ("v1_pfs_mismatch", "Phase 2", ("MODP_2048",)), ("v2_pfs_flap", "Phase 2", ("MODP_2048",))])
def test_no_proposal_names_the_phase_and_the_offer(spiscope, capture, phase, offer):
    """A.conf: aes256-sha256-modp2048 for both phases."""
    for frame, _, _, _ in judged(spiscope, capture, "no_proposal"):
        text = next(text for text in texts(spiscope, capture, frame) if "proposal" in text)
        assert text.startswith(phase) and all(part in text for part in offer) and A in text and B in text, text


def test_early_rekey_by_age_in_ikev2(spiscope):
    """v2_life_short_responder with the preferences' default of 300 s: B, whose rekey_time is 20 s, asks each time; A has 28000 s.
    IKEv2 negotiates nothing, so the word is inferred, and the third in a row is the proof."""
    found = [f for f in spiscope.findings("v2_life_short_responder", passes=2, keys=True) if f.key == "early_rekey"]
    assert found and all(f.confidence == "inferred" for f in found)
    asked = [row for row in spiscope.isakmp("v2_life_short_responder") if row["isakmp.exchangetype"] == ["36"] and row["isakmp.spi"]]
    rekeys = [int(row["frame.number"][0]) for row in asked if row["ip.src"] == [B] and row["isakmp.flag_r"][0] in ("0", "False")
              and all(len(spi) == 8 for spi in row["isakmp.spi"])]
    assert len(rekeys) == 5
    assert rekeys[2] <= found[0].frame < rekeys[3]


# --- preferences --------------------------------------------------------------------------------------------------------

def lifetime_findings(spiscope, capture, phase1=0, phase2=0):
    """(frame, phase, text) with the lifetimes that the gateways are expected to have."""
    options = (f"spiscope.expected_phase1_lifetime:{phase1}", f"spiscope.expected_phase2_lifetime:{phase2}")
    rows = spiscope.rows(capture, ("frame.number", *FINDING_FIELDS, "spiscope.finding.text"), options, keys=True)
    return [(int(row["frame.number"][0]), int(match[1]), text) for row in rows if any("lifetime_mismatch" in key for key in row["spiscope.finding"])
            for text in row["spiscope.finding.text"] for match in [re.match(r"Phase (\d) lifetime", text)] if match]


def test_expected_lifetimes_that_are_met_say_nothing(spiscope):
    """k_v1_flap: only A begins, with rekey_time's default of 4 h and 1 h, each and 10 %."""
    assert lifetime_findings(spiscope, "k_v1_flap", 15840, 3960) == []


def test_expected_lifetimes_that_are_missed(spiscope):
    found = lifetime_findings(spiscope, "k_v1_flap", 28800, 3600)
    assert {phase for _, phase, _ in found} == {1, 2}
    assert [frame for frame, phase, _ in found if phase == 1][0] == 1, "A's first offer"
    for _, phase, text in found:
        assert A in text and str({1: 28800, 2: 3600}[phase]) in text and str({1: 15840, 2: 3960}[phase]) in text, text


@pytest.mark.parametrize("expected, at_fault", [(3600, B), (28800, A), (7200, None)])
def test_expected_lifetimes_name_the_peer_that_misses_them(spiscope, expected, at_fault):
    """v1_life_mismatch: A has 3600 s in both phases, B 28800 s."""
    for phase in (1, 2):
        found = lifetime_findings(spiscope, "v1_life_mismatch", **{f"phase{phase}": expected})
        compared = [text for _, at, text in found if at == phase and "expected" in text]
        said = {address for text in compared for address in (A, B) if address in text}
        assert said == ({at_fault} if at_fault else {A, B}), compared
        assert all(str(expected) in text for text in compared)
        assert any("expected" not in text for _, at, text in found if at == phase), "what the peers differ about is said all the same"


def test_expected_lifetimes_mean_nothing_in_ikev2(spiscope):
    """They are never sent there."""
    assert lifetime_findings(spiscope, "v2_flap", 100, 100) == []


# --- however it is read -------------------------------------------------------------------------------------------------

FIELDS = ("frame.number", *FINDING_FIELDS)


@pytest.mark.parametrize("capture", ["v1_life_mismatch", "v1_dpd", "v2_dpd", "v2_dup", "v1_psk_mismatch", "v2_pfs_flap", "v2_ts_narrowed"])
def test_findings_do_not_depend_on_how_the_capture_is_read(spiscope, capture):
    """One pass, two, and with filters that show other frames as well; with keys."""
    def read(passes, display_filter=None):
        return [row for row in spiscope.rows(capture, FIELDS, (MIN_10,), passes, display_filter, True) if row["spiscope.finding"]]
    expected = [{name: row[name] for name in FIELDS} for row in spiscope.judged(capture) if row["spiscope.finding"]]
    assert expected
    assert read(1) == expected, "one pass"
    assert read(1, "spiscope.finding") == expected, "one pass with a filter"
    assert read(2, "isakmp || esp") == expected, "two passes with a filter"


FILTERED = [(key, sorted(captures)[0]) for key, captures in MUST.items() if captures]


@pytest.mark.parametrize("key, capture", FILTERED, ids=[key for key, _ in FILTERED])
def test_each_finding_is_a_filter_of_its_own(spiscope, key, capture):
    rows = spiscope.rows(capture, ("frame.number",), (MIN_10,), 1, f"spiscope.{key}", True)
    frames = [int(row["frame.number"][0]) for row in rows]
    assert frames == sorted({frame for frame, _, _, _ in judged(spiscope, capture, key)}) and frames

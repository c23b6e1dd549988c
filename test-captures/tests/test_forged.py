# SPDX-License-Identifier: GPL-2.0-or-later
"""What anybody on the way can send changes no verdict: forge.py tries all of it, here a seeded sample, and all kinds at once."""
import forge
import pytest

SEED = 1
RUNS = 40               # together with the captures that get all kinds at once, some 40 s of two processors
ALL_AT_ONCE = ("v2_flap",)      # the others of TABLE: by command; several healthy ones are not "none" any more when 87 kinds come together


@pytest.fixture(scope="module")
def forger(spiscope):
    return forge.Forger(spiscope)


def told(wrong):
    return "\n".join(f"{forge.name_of(forgery)}: {'; '.join(faults)}" for forgery, faults in wrong)


def test_there_are_forty_kinds_and_more():
    assert len(forge.KINDS) >= 40


def test_a_healthy_tunnel_stays_stable(forger):
    wrong, tried = forger.try_all(forge.sample(forge.HEALTHY, SEED, RUNS))
    assert tried > RUNS // 3        # some kinds are of one version of IKE, or need ESP
    assert not wrong, told(wrong)


def test_the_cause_of_a_broken_tunnel_stays(forger):
    wrong, tried = forger.try_all(forge.sample(forge.BROKEN, SEED, RUNS))
    assert tried > RUNS // 3
    assert not wrong, told(wrong)


def test_the_rebuilt_reports_stay_what_they_are(spiscope):
    """Healthy and broken ones, without keys."""
    rows = forge.report_rows(spiscope.readable_copy_dir("forged-reports"))
    assert sum(row.causes == {"none"} for row in rows) > 10 and sum("none" not in row.causes for row in rows) > 20
    wrong, tried = forge.Forger(spiscope, rows).try_all(forge.sample(rows, SEED, RUNS))
    assert tried > RUNS // 3
    assert not wrong, told(wrong)


def test_all_kinds_at_once(forger):
    rows = [row for row in forge.HEALTHY + forge.BROKEN if row.capture in ALL_AT_ONCE]
    wrong, tried = forger.try_all(forge.together(rows, SEED))
    assert tried == 2 * len(rows)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("capture, keys, kind, place, side", (
    ("v2_gcm_reauth", False, "sealed_small_answer", "start", "A"),
    ("k_v2_healthy", True, "sealed_create_child", "end", "B"),              # its traffic ends at the same time
    ("v2_healthy", False, "esp_made_up_spis", "start", "A"),                # while IKE_AUTH is to make SPIs
    ("v2_flap", False, "esp_made_up_spis", "midst", "B"),
    ("k_v2_parallel", False, "esp_made_up_spis", "start", "A"),             # ahead of two children
    ("v2_healthy", False, "sealed_small_answer", "start", "A"),             # to what can't have been asked yet
    ("v2_dpd", False, "sealed_small_answer", "start", "A"),
    ("v2_gcm_reauth", True, "sealed_small_answer", "midst", "B"),           # with other keys than the IKE SA's
    ("k_v2_healthy", True, "sealed_informational", "end", "A"),
    ("k_v2_healthy", False, "sealed_informational", "end", "A"),            # with a message ID that the peer uses later
    ("k_v2_healthy", False, "sealed_fragments", "end", "B"),                # a Delete needs no fragments
    ("v2_psk_mismatch", False, "refused_init", "midst", "A"),               # a single one among set-ups that come further
    ("v2_ts_mismatch", False, "refused_init", "end", "B"),
    ("v2_dpd", True, "refused_init", "midst", "B"),
    ("v2_ike_noprop", True, "auth_failed_of_nothing", "start", "A"),        # on an IKE SA of which the tunnel shows no set-up
))
def test_what_was_believed_once(forger, capture, keys, kind, place, side):
    wrong, tried = forger.try_all([forge.Forgery(capture, keys, (kind,), place, side, SEED)])
    assert tried == 1
    assert not wrong, told(wrong)


@pytest.mark.parametrize("keys", (True, False))
def test_what_has_other_keys_is_told_where_those_are_known(forger, keys):
    document = forger.document(forge.Forgery("v2_healthy", keys, ("sealed_informational",), "midst", "A", SEED))
    assert document
    told = [finding["severity"] for tunnel in document["tunnels"] for finding in tunnel["findings"] if finding["key"] == "unprotected"]
    assert told == (["note"] if keys else [])


REPORTS_BELIEVED_ONCE = (
    "reauth_mbb:unanswered_init_again:midst:B", "split_brain:unanswered_init:start:B",      # beside a tunnel that carries its traffic
    "certificate_ran_out:esp_made_up:end:A", "certificate_ran_out:ah_made_up:end:B",        # a packet of nothing brings nothing back
    "laptop_at_night:esp_replays:midst:B",                                                  # what a receiver drops wants no answer
    "ts_equal:clear_invalid_spi:start:B", "laptop_at_night:clear_auth_failed:start:B",      # with a message ID that the peer uses later
    "pmtu_blackhole:invalid_spi_outside:midst:A",                                           # the tunnel goes on
    "policy_not_installed:auth_failed_of_nothing:start:A",                                  # an IKE SA of one message is no successor
    "stampede_silent:esp_made_up:midst:A",                                                  # one packet uses no set-up
    "policy_not_installed:esp_from_a_stranger:end:B", "certificate_ran_out:esp_million_ahead:end:A",    # nor brings it back, long after a Delete
    "vpn_monitor:half_message:start:B",                                                     # nor is it ESP on IKE's port
    "crash_loop:unanswered_inits:start:A", "v1_child_lost_at_reauth:unanswered_inits:midst:A",
    "asa_idle_timeout:unanswered_init:midst:B", "phone_on_demand:sealed_create_child:midst:B",      # for which nobody waited
    "phase1_on_demand:v1_sealed_quick_mode:midst:B",
    "auth_once_then_one_dpd:refused_init:midst:A",                                          # long before the outage
    "daemon_hangs:clear_no_proposal_child:end:B", "tempfail_retry_ok:clear_delete_ike:start:B",     # on an IKE SA that never came up
    "v1_life_240:v1_clear_invalid_spi:end:B",                                               # in clear behind a protected main mode
    "certificate_ran_out:sealed_informational_again:midst:A",                               # with a message ID that the peer uses later
    "mostly_syslog:clear_auth_ts_unacceptable:start:B",
    "office_hours:esp_made_up_spis:midst:B",                                                # SPIs by the dozen want no answer
    "seen_in_the_middle:clear_delete_esp:start:A",                                          # of an SA that goes on, before the peers' own messages
    "certificate_ran_out:sealed_fragments:end:A",                                           # a fragment alone says nothing of a refusal
    "auth_once_then_dpd:esp_made_up_spis:start:A",                                          # behind an IKE_AUTH that was refused
    "attempt_7489:v1_clear_invalid_id:end:B",                                               # of an identity that nobody sent yet
    "three_nets_and_a_new_parent:esp_made_up_spis:start:B",                                 # ahead of three children
    "mostly_syslog:refused_init:end:B",                                                     # before the slow direction's next packet is due
    "attempt_7489:v1_clear_auth_failed:end:B", "attempt_7489:v1_clear_no_proposal:end:B",   # of what was sent eight times, long after the last time
)


def test_what_was_believed_of_the_rebuilt_reports_once(spiscope):
    rows = forge.report_rows(spiscope.readable_copy_dir("believed-reports"))
    forgeries = [forge.Forgery(capture, False, (kind,), place, side, SEED)
                 for capture, kind, place, side in (case.split(":") for case in REPORTS_BELIEVED_ONCE)]
    wrong, tried = forge.Forger(spiscope, rows).try_all(forgeries)
    assert tried == len(REPORTS_BELIEVED_ONCE)
    assert not wrong, told(wrong)

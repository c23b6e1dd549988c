# SPDX-License-Identifier: GPL-2.0-or-later
"""A seeded sample of what degrade.py tries: sampled, cut, filtered and disordered captures have no cause that the whole one does not have."""
import degrade
import pytest
from test_json import raw_tshark

RUNS = 120              # some 30 s of two processors; 1,000 and more by command
SEED = 1


@pytest.fixture(scope="module")
def all_sources(spiscope):
    return degrade.sources(spiscope)


def test_no_cause_appears_that_the_whole_capture_does_not_have(spiscope):
    found, tried = degrade.try_all(spiscope, degrade.sample(spiscope, SEED, RUNS))
    print(f"\n{tried.total()} degraded captures: {dict(tried)}")
    assert set(tried) == set(degrade.WAYS) and tried.total() > RUNS // 2
    assert not found, "\n".join(f"{degrade.name_of(case)}: {'; '.join(some)}" for case, some in found)


@pytest.mark.parametrize("name, form, way, seed", (
    ("reauth_break_before_make", "keyless", "first_of_each_flow", 4219),    # who deletes sets up anew at once: it waited for no traffic
    ("reauth_break_before_make", "readable", "first_of_each_flow", 48415),
    ("vpn_monitor", "readable", "first_of_each_flow", 5162),
    ("v2_flap", "keyless", "first_of_each_flow", 1003),                     # IKE_AUTH went to port 4500, whose packets are used up: it was not left out
    ("dpd_answers_rate_limited", "keyless", "first_of_each_flow", 1000),    # both fell silent long before one was asked
    ("v1_child_lost_at_reauth", "keyless", "first_of_each_flow", 1004),     # what is not answered is asked on an IKE SA that came up since
    ("dpd_is_never_answered", "readable", "first_of_each_flow", 1000),      # each SA ends with the same number
    ("mostly_syslog", "readable", "first_of_each_flow", 1003),              # as do both directions, though one is silent long before
    ("crash_loop", "keyless", "only_ike", 1000),                            # ESP is not captured at all
    ("vpn_monitor", "readable", "clock_steps_back", 1002),                  # an age of 0 s, and one as long as others
    ("k_v2_flap", "keyless", "clock_steps_back", 1000),                     # the pauses are behind the time that was there already
    ("vpn_monitor", "keyless", "lost", 1002),                               # Quick Mode goes on: its answer is what is missing
    ("a_parent_for_each_net", "keyless", "lost", 1001),                     # asked once, and not again
    ("reauth_each_four_minutes", "readable", "lost", 1001),                 # who deletes asks for new ones: most of them are seen
    ("one_pair_only", "keyless", "snapped", 12914),                         # who was asked deletes, as behind no rekey: RFC 7296 section 2.8
    ("one_pair_only", "readable", "snapped", 13090),
    ("v1_one_pair_only", "keyless", "lost", 13105),                         # but behind one of them, where it is missing
    ("v1_one_pair_only", "readable", "snapped", 14342),                     # the Delete is read, and what it is behind is not
    ("v1_one_pair_only", "readable", "one_side", 46893),                    # new SAs are used on and on: they were negotiated
    ("v1_pfs_mismatch", "keyless", "lost", 11930),                          # who asks for phase 2 has got phase 1's last answer
    ("crash_loop", "readable", "lost", 14148),                              # INITIAL_CONTACT says why SAs go
    ("child_each_minute", "readable", "only_ike", 14160),                   # children are handed over: their ESP is not captured
    ("eap_mistyped_once", "readable", "only_ike", 14050),                   # the set-up behind it came to a child
    ("laptop_at_night", "keyless", "snapped", 46828),                       # the last liveness check is no Delete: the cipher is cut off
    ("v2_dpd", "keyless", "snapped", 1001),                                 # nothing listens there, says the host
    ("v2_dpd", "keyless", "lost", 1002),
    ("crash_loop", "readable", "first_of_each_flow", 47550),                # INITIAL_CONTACT again: it re-authenticates nothing
    ("laptop_at_night", "readable", "every_nth", 48195),                    # answers that nobody is seen to ask for
    ("backup_uses_up_the_volume", "readable", "every_nth", 13774),          # more than half is missing of one direction, and the other lacks packets
    ("child_kept_by_one", "keyless", "every_nth", 14444),
    ("sso_seq_back", "readable", "every_nth", 1006),                        # each second number is missing
    ("k_v2_nat_rebind", "keyed", "every_nth", 1003),                        # first one direction is taken, then the other
    ("v2_healthy", "keyless", "every_nth", 36625),                          # each fifth: all of one direction, and a single packet of the other
    ("two_phones_behind_a_nat", "readable", "every_nth", 6831),             # numbers are missing, but maybe in the capture alone: no proof of a loss
    ("uniqueness_every_10s", "readable", "first_of_each_flow", 54460),      # IKE is cut off: nobody deletes, as far as it is captured
    ("v1_child_lost_at_reauth", "keyless", "lost", 1000),                   # the peer answers on and on, and nothing is carried
))
def test_what_was_wrong_once(spiscope, all_sources, name, form, way, seed):
    source = next(source for source in all_sources if (source.name, source.form) == (name, form))
    found, tried = degrade.try_all(spiscope, [degrade.Degraded(source, way, seed)])
    assert tried.total() == 1 and not found, found


def test_each_way_takes_something_away(spiscope):
    """Of a capture with both directions, IKE and ESP; but what only disorders."""
    source = next(source for source in degrade.lab_sources() if source.name == "v2_healthy")
    whole = list(degrade.read(source.path.read_bytes()))
    for way in degrade.WAYS:
        kept = degrade.degraded(degrade.Degraded(source, way, SEED))
        assert kept != whole, way
        assert degrade.read(degrade.write(kept)) and [packet.time for packet in degrade.read(degrade.write(kept))] == [packet.time for packet in kept]


@pytest.mark.parametrize("words", (("-M", "100"), ("-qM100",)))
@pytest.mark.parametrize("output", ("report", "json"))
def test_sessions_are_said_to_be_unsupported(spiscope, words, output):
    """tshark -M forgets all after so many packets."""
    done = raw_tshark(spiscope, "-n", "-q", "-r", spiscope.path("v2_healthy"), *words, "-z", f"spiscope,{output}")
    assert done.returncode == 1 and "tshark -M forgets what came before" in done.stderr and not done.stdout

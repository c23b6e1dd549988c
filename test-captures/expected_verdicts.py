# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong in each lab capture, by how the lab set it up: NAME.A.conf, NAME.B.conf, NAME.truth.txt, lab/CAPTURES.md.

cause: the verdict with keys; for a capture with several tunnels, that of each.
keyless: SAME, where the clear headers, the ESP and the sizes are enough: the same cause is demanded without keys too.
    WEAKER, where the cause is inside of encrypted messages: the same cause is then allowed as a suspicion or an inference, never as
    proven, and else not_enough_data. Nothing else: above all not "stable", and no other cause.
lab: what the lab did, in the words of README.md. why: where that stands, and why this cause and no other.

Lab SAs live some 20 s, so all run with min_sa_lifetime 10, unless options say otherwise.
"""
from collections import namedtuple

SAME, WEAKER = "same", "weaker"
MIN_10 = ("spiscope.min_sa_lifetime:10",)
DEFAULTS = ()

Expected = namedtuple("Expected", "capture cause keyless lab why options", defaults=(MIN_10,))

TABLE = [
    # --- nothing wrong ---------------------------------------------------------------------------------------------------
    Expected("v2_healthy", "stable", SAME, "child SA rekeyed every 20 s, IKE SA every 45 s, as configured",
             "rekey_time = 20s and 45s; every rekey of the log succeeds"),
    Expected("v1_healthy", "stable", SAME, "the same in IKEv1", "rekey_time = 20s and 45s; every Quick Mode succeeds"),
    Expected("v1_aggressive", "stable", SAME, "the same in aggressive mode", "aggressive = yes; rekey_time = 20s and 45s"),
    Expected("v2_gcm_reauth", "stable", SAME, "AES-GCM; IKE SA re-authenticated every 30 s",
             "reauth_time = 30s: each new initial exchange is followed by the Delete of the old IKE SA"),
    Expected("v2_ts_narrowed", "stable", SAME, "/16 offered, /24 answered, and it works",
             "10.1.0.0/16 against 10.1.0.0/24; every child is established: a note, no fault"),
    Expected("v2_nat3", "stable", SAME, "three peers behind one NAT address", "three IKE SAs, 3 rekeys each, all succeed: three tunnels"),
    Expected("v2_nat_rebind", "stable", SAME, "the NAT gives the peer a new port, twice",
             "B follows, moves its SAs and rekeys: nothing that a lifetime or a proxy ID could mend; min_sa_lifetime 10 is met"),
    Expected("v2_life_short_responder", "stable", SAME, "IKEv2, responder rekeys after 20 s and 40 s, initiator would after 8 h",
             "in IKEv2 lifetimes are each peer's own (RFC 7296 section 2.8), so these work; nothing is early for min_sa_lifetime 10"),
    Expected("v2_life_short_responder", "phase2_lifetime_mismatch", WEAKER, "the same, for gateways that should rekey after 300 s or more",
             "A: rekey_time = 28000s, B: 20s; who asks for each rekey, and at what age, is in the headers, which SA it renews is not",
             DEFAULTS),
    Expected("k_v2_healthy", "stable", SAME, "as v2_healthy, kernel IPsec", "rekey_time = 20s and 45s"),
    Expected("k_v2_parallel", "stable", SAME, "two child SAs side by side, each rekeyed every 20 s", "net1 and net2, rekey_time = 20s each"),
    Expected("k_v2_ipv6", "stable", SAME, "rekeys every 20 s, over IPv6", "rekey_time = 20s"),
    Expected("k_v2_ah", "stable", SAME, "rekeys every 20 s, AH", "ah_proposals, rekey_time = 20s"),
    Expected("k_v2_transport", "stable", SAME, "rekeys every 20 s, transport mode", "mode = transport, rekey_time = 20s"),
    Expected("k_v2_nat_rebind", "stable", SAME, "the NAT gives the peer a new port, twice", "one child for the whole capture"),
    # --- too little ------------------------------------------------------------------------------------------------------
    Expected("v2_idle", "not_enough_data", SAME, "tunnel up for 60 s, no traffic, liveness checks answered",
             "no ESP at all: nobody can say that traffic passes, and nothing is wrong"),
    # --- SPIs come and go, and the two configurations are each other's mirror image ---------------------------------------
    Expected("v2_flap", "unexplained_churn", WEAKER, "12 times up and down by hand, configurations agree",
             "A.conf mirrors B.conf; each end is a Delete by A 5 s after the beginning"),
    Expected("v1_flap", "unexplained_churn", WEAKER, "the same in IKEv1", "as v2_flap"),
    Expected("k_v2_flap", "unexplained_churn", WEAKER, "as v2_flap, kernel IPsec", "as v2_flap"),
    Expected("k_v1_flap", "unexplained_churn", WEAKER, "as v1_flap, kernel IPsec", "as v1_flap"),
    # --- faults ----------------------------------------------------------------------------------------------------------
    Expected("v2_ts_mismatch", "proxy_id_mismatch", WEAKER, "proxy IDs differ: 10.2.0.0/24 and 10.22.0.0/24",
             "remote_ts of A, local_ts of B; TS_UNACCEPTABLE is encrypted"),
    Expected("v1_ts_mismatch", "proxy_id_mismatch", WEAKER, "the same in IKEv1", "INVALID_ID_INFORMATION is encrypted"),
    Expected("v2_esp_noprop", "proposal_mismatch", WEAKER, "phase 2 ciphers differ", "aes256-sha256, aes128-sha1; NO_PROPOSAL_CHOSEN is encrypted"),
    Expected("v1_esp_noprop", "proposal_mismatch", WEAKER, "the same in IKEv1", "as v2_esp_noprop"),
    Expected("v2_ike_noprop", "proposal_mismatch", SAME, "phase 1 ciphers differ", "NO_PROPOSAL_CHOSEN of IKE_SA_INIT is in clear"),
    Expected("v1_ike_noprop", "proposal_mismatch", SAME, "the same in IKEv1", "NO_PROPOSAL_CHOSEN of Main Mode is in clear"),
    Expected("v1_pfs_mismatch", "proposal_mismatch", WEAKER, "IKEv1, PFS groups differ: no phase 2 ever comes up",
             "modp2048 against modp3072; B answers the very first Quick Mode with NO_PROPOSAL_CHOSEN, and it may mean any transform: no child "
             "ever works without PFS, so the packets cannot tell the group from a cipher"),
    Expected("v2_pfs_flap", "pfs_mismatch", WEAKER, "IKEv2, PFS groups differ: first child works, every rekey is refused",
             "modp2048 against modp3072; IKE_AUTH's child has no key exchange"),
    Expected("v2_psk_mismatch", "authentication", WEAKER, "pre-shared keys differ", "secrets differ; AUTHENTICATION_FAILED is encrypted"),
    Expected("v1_psk_mismatch", "authentication", WEAKER, "the same in IKEv1",
             "secrets differ; Main Mode comes as far as message 5, three times"),
    Expected("v1_life_mismatch", "phase1_lifetime_mismatch", SAME, "lifetimes differ: 3600 s and 28800 s, both phases",
             "rekey_time of both phases; phase 1 stands first in the order of verdicts, and its offers are in clear"),
    Expected("v1_life_short_responder", "phase1_lifetime_mismatch", SAME, "lifetimes differ: 28800 s, and 40 s and 20 s",
             "31680 s and 45 s are offered in Main Mode, in clear"),
    Expected("v2_dpd", "peer_unreachable", SAME, "one peer is killed, the other finds out by DPD",
             "B is killed at 20 s: liveness checks unanswered, retransmissions are seen without keys; only later does B begin anew, as A asks"),
    Expected("v1_dpd", "peer_unreachable", SAME, "the same in IKEv1", "as v2_dpd; A's new Main Modes stay unanswered, in clear"),
    Expected("v2_one_way", "one_way", SAME, "one peer stops answering for 60 s", "A to B 158 packets, B to A 40, the last after 20 s"),
    Expected("v2_one_way_rekey", "one_way", SAME, "the same, with rekeys", "three generations without a packet from B"),
    Expected("v2_dup", "rekey_collision", WEAKER, "both peers start and rekey at the same moments",
             "rekey_time = 20s, unique = never at both; CHILD_REKEY collisions in the log. Which SA a request renews is encrypted"),
    Expected("v2_volume", "volume_rekey", SAME, "rekey after 7000 bytes, at varying ages", "rekey_bytes = 7000, rekey_time = 1h; ESP shows bytes and ages"),
    Expected("k_v2_volume", "volume_rekey", SAME, "as v2_volume, kernel IPsec", "as v2_volume"),
]


def allowed_without_keys(expected):
    """(cause, confidences) pairs."""
    if expected.keyless == SAME:
        return {expected.cause: {"proven", "inferred", "suspected"}}
    causes = {"not_enough_data": {"inferred", "suspected"}}
    if expected.cause != "unexplained_churn":       # needs lifetimes and proxy IDs that were read
        causes[expected.cause] = {"inferred", "suspected"}
    return causes

# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong in each lab capture, by how the lab set it up: NAME.A.conf, NAME.B.conf, NAME.truth.txt, lab/CAPTURES.md.

state, cause, by: the verdict with keys, of each tunnel where there are several; where a row names several words, each of them is true of what the
    lab did. by: the peer who acts, by the daemons' logs.
keyless: SAME, where the clear headers, the ESP and the sizes are enough: the same is demanded without keys too. Else the causes that are honest
    without keys beside the one with keys, which is then an inference or a suspicion, never proven. No other cause; above all never "none", unless
    that is right with keys.
keyless_states: the states that are honest without keys beside the one with keys.
lab: what the lab did, in the words of README.md. why: where that stands, and why this cause and no other.

Lab SAs live some 20 s, so all run with min_sa_lifetime 10, unless options say otherwise.
"""
from collections import namedtuple

SAME = "same"
MIN_10 = ("spiscope.min_sa_lifetime:10",)
DEFAULTS = ()

Expected = namedtuple("Expected", "capture state cause by keyless lab why options keyless_states", defaults=(MIN_10, ""))


def well(capture, lab, why, **more):
    """Nothing is wrong, and nothing looks wrong."""
    return Expected(capture, "stable", "none", "none", SAME, lab, why, **more)


def refused(capture, cause, lab, why, keyless="refused unknown"):
    """The tunnel never comes up, as B says no."""
    return Expected(capture, "down", cause, "B", keyless, lab, why)


TABLE = [
    # --- nothing wrong ---------------------------------------------------------------------------------------------------
    well("v2_healthy", "child SA rekeyed every 20 s, IKE SA every 45 s, as configured", "rekey_time = 20s and 45s; every rekey of the log succeeds"),
    well("v1_healthy", "the same in IKEv1", "rekey_time = 20s and 45s; every Quick Mode succeeds"),
    well("v1_aggressive", "the same in aggressive mode", "aggressive = yes; rekey_time = 20s and 45s"),
    well("v2_gcm_reauth", "AES-GCM; IKE SA re-authenticated every 30 s",
         "reauth_time = 30s: each new initial exchange is followed by the Delete of the old IKE SA; make before break"),
    well("v2_ts_narrowed", "/16 offered, /24 answered, and it works",
         "10.1.0.0/16 against 10.1.0.0/24; every child is established: a note, no fault"),
    well("v2_nat3", "three peers behind one NAT address", "three IKE SAs, 3 rekeys each, all succeed: three tunnels"),
    Expected("v2_nat_rebind", "stable interrupted flapping degraded", "none nat_mapping", "none B", SAME, "the NAT gives the peer a new port, twice",
             "B sends to the dead port for some 10 s each time, as ICMP says, then follows, moves its SAs and rekeys"),
    well("v2_life_short_responder", "IKEv2, responder rekeys after 20 s and 40 s, initiator would after 8 h",
         "in IKEv2 lifetimes are each peer's own (RFC 7296 section 2.8), so these work; nothing is early for min_sa_lifetime 10"),
    Expected("v2_life_short_responder", "churning", "early_rekey", "B", "unknown", "the same, for gateways that should rekey after 300 s or more",
             "A: rekey_time = 28000s, B: 20s; who asks for each rekey, and at what age, is in the headers, which SA it renews is not; "
             "IKEv2 has no lifetimes to read, so this is no mismatch that was seen", DEFAULTS),
    well("k_v2_healthy", "as v2_healthy, kernel IPsec", "rekey_time = 20s and 45s"),
    well("k_v2_parallel", "two child SAs side by side, each rekeyed every 20 s", "net1 and net2, rekey_time = 20s each"),
    well("k_v2_ipv6", "rekeys every 20 s, over IPv6", "rekey_time = 20s"),
    well("k_v2_ah", "rekeys every 20 s, AH", "ah_proposals, rekey_time = 20s"),
    well("k_v2_transport", "rekeys every 20 s, transport mode", "mode = transport, rekey_time = 20s"),
    well("k_v2_nat_rebind", "the NAT gives the peer a new port, twice", "one child for the whole capture; B follows after one packet"),
    Expected("v2_idle", "idle", "none", "none", "none unknown", "tunnel up for 60 s, no traffic, liveness checks answered",
             "12 checks, all answered, one child, no ESP; without keys that child cannot be seen", keyless_states="unknown"),
    # --- SPIs come and go, and nothing is felt ---------------------------------------------------------------------------
    Expected("v2_dup", "stable", "none rekey_collision", "none both", "none rekey_collision unknown", "both peers start and rekey at the same moments",
             "rekey_time = 20s, unique = never at both; SAs last 17 s and the redundant ones are deleted as RFC 7296 section 2.8.1 says: no packet is lost. "
             "Without keys SPIs are seen to take turns within 10 s", keyless_states="churning unknown"),
    Expected("v2_volume", "stable", "none volume_rekey", "none A", SAME, "rekey after 7000 bytes, at varying ages",
             "rekey_bytes = 7000, rekey_time = 1h: no SA is younger than 12 s when A replaces it; ESP shows bytes and ages"),
    Expected("v2_volume", "churning", "volume_rekey", "A none", SAME, "the same, for gateways that should rekey after 300 s or more", "as before",
             DEFAULTS),
    Expected("k_v2_volume", "stable", "none volume_rekey", "none A", SAME, "as v2_volume, kernel IPsec", "as v2_volume"),
    Expected("k_v2_volume", "churning", "volume_rekey", "A none", SAME, "the same, for gateways that should rekey after 300 s or more", "as before",
             DEFAULTS),
    Expected("v1_life_short_responder", "stable churning", "phase2_lifetime_mismatch phase1_lifetime_mismatch", "B none", "phase1_lifetime_mismatch",
             "lifetimes differ: 28800 s, and 40 s and 20 s",
             "31680 s and 45 s are offered in Main Mode, in clear, 28800 s and 25 s in Quick Mode: B renews both long before A would. No packet is lost"),
    # --- up and down -----------------------------------------------------------------------------------------------------
    Expected("v2_flap", "flapping", "deleted_by_peer", "A", "unknown", "12 times up and down by hand, configurations agree",
             "A.conf mirrors B.conf; each end is a Delete by A 5 s after the beginning"),
    Expected("v1_flap", "flapping", "deleted_by_peer", "A", "unknown", "the same in IKEv1", "as v2_flap"),
    Expected("k_v2_flap", "flapping", "deleted_by_peer", "A", "unknown", "as v2_flap, kernel IPsec", "as v2_flap"),
    Expected("k_v1_flap", "flapping", "deleted_by_peer", "A", "unknown", "as v1_flap, kernel IPsec", "as v1_flap"),
    Expected("v1_life_mismatch", "flapping", "deleted_by_peer", "both", "unknown", "lifetimes differ, 3600 s and 28800 s; A and B take turns to delete",
             "rekey_time of both phases; each tunnel is deleted 9 s after it came up, by A, B, A, B: what lives for an hour explains no end after 9 s"),
    Expected("v1_life_ends", "flapping", "phase2_lifetime_mismatch", "A", "lifetime_expired deleted_by_peer",
             "phase 2 lives 360 s at A, who does not renew it, and 3600 s at B",
             "life_time = 360s and rekey_time = 0, life_time = 3600s: A closes each expired child after 360 s, in the midst of B's answers. Quick Mode is encrypted"),
    Expected("v2_pfs_flap", "flapping down", "pfs_mismatch", "B", "refused unknown",
             "IKEv2, PFS groups differ: first child works, every rekey is refused",
             "modp2048 against modp3072; IKE_AUTH's child has no key exchange. Each of three IKE SAs loses its child after 30 s; the fourth carries nothing"),
    Expected("v2_dpd", "interrupted", "port_unreachable peer_unreachable", "B none", SAME, "one peer is killed, the other finds out by DPD",
             "B is killed at 20 s, and its host says so (ICMP type 3 code 3 from frame 86 on): liveness checks unanswered, retransmissions are seen without keys; only later does B begin anew, as A asks"),
    Expected("v1_dpd", "interrupted", "port_unreachable peer_unreachable", "B none", SAME, "the same in IKEv1", "as v2_dpd; A's new Main Modes stay unanswered, in clear"),
    Expected("v2_one_way", "one_way", "one_way", "B", SAME, "one peer stops answering for 60 s", "A to B 158 packets, B to A 40, the last after 20 s"),
    Expected("v2_one_way_rekey", "one_way", "one_way", "B", SAME, "the same, with rekeys",
             "three generations without a packet from B, whose last one is in the midst of the second"),
    Expected("v2_pair_down", "degraded", "deleted_by_peer", "A", SAME, "of two child SAs, A deletes one in mid-ping, twice; the other goes on",
             "A closes CHILD_SA net2 30 s and 80 s after the beginning; net1 carries its ping to the end"),
    well("v2_pair_idle", "of two applications in child SAs of their own, one stops for 45 s", "no child is closed before the end"),
    # --- never up --------------------------------------------------------------------------------------------------------
    refused("v2_ts_mismatch", "proxy_id_mismatch", "proxy IDs differ: 10.2.0.0/24 and 10.22.0.0/24",
            "remote_ts of A, local_ts of B; TS_UNACCEPTABLE is encrypted"),
    refused("v1_ts_mismatch", "proxy_id_mismatch", "the same in IKEv1", "INVALID_ID_INFORMATION is encrypted"),
    refused("v2_esp_noprop", "proposal_mismatch", "phase 2 ciphers differ", "aes256-sha256, aes128-sha1; NO_PROPOSAL_CHOSEN is encrypted"),
    refused("v1_esp_noprop", "proposal_mismatch", "the same in IKEv1", "as v2_esp_noprop"),
    refused("v2_ike_noprop", "proposal_mismatch", "phase 1 ciphers differ", "NO_PROPOSAL_CHOSEN of IKE_SA_INIT is in clear", SAME),
    refused("v1_ike_noprop", "proposal_mismatch", "the same in IKEv1", "NO_PROPOSAL_CHOSEN of Main Mode is in clear", SAME),
    refused("v1_pfs_mismatch", "proposal_mismatch", "IKEv1, PFS groups differ: no phase 2 ever comes up",
            "modp2048 against modp3072; B answers the very first Quick Mode with NO_PROPOSAL_CHOSEN, and it may mean any transform: no child "
            "ever works without PFS, so the packets cannot tell the group from a cipher"),
    refused("v2_psk_mismatch", "authentication", "pre-shared keys differ", "secrets differ; AUTHENTICATION_FAILED is encrypted"),
    Expected("v1_psk_mismatch", "down", "authentication", "B none", "unknown", "the same in IKEv1",
             "secrets differ; Main Mode comes as far as message 5, three times"),
]


def allowed_states(expected, keys):
    states = set(expected.state.split())
    return states if keys else states | set(expected.keyless_states.split())


def allowed_causes(expected, keys):
    """cause -> confidences."""
    sure = {"proven", "inferred", "suspected"}
    if keys or expected.keyless == SAME:
        return dict.fromkeys(expected.cause.split(), sure)
    return {**dict.fromkeys(expected.cause.split(), {"inferred", "suspected"}), **dict.fromkeys(expected.keyless.split(), sure)}


def allowed_by(expected, keys):
    peers = set(expected.by.split())
    return peers if keys else peers | {"none"}

# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong in each scenario of lab/uml, by how it is made: guest/scenarios, and NAME.truth.txt, which tells what the scenario did and when, what the
kernels had, what the users saw, and what the daemons logged. As expected_verdicts.py; all with default preferences, as lifetimes are of real size.

Where neither gateway is strongSwan, no key of IKE is known: the form with keys has ESP's, and no more is demanded of it than without.
SCENARIOS: all of them. TABLE: those whose captures are in uml/; the others run in the lab, and are too many to keep.
SEVERAL: how many tunnels a capture has, where that is not one; each is judged alike.
"""
from functools import partial
from pathlib import Path

import expected_verdicts
from expected_verdicts import DEFAULTS, SAME, Expected as Row

Expected = partial(Row, options=DEFAULTS)
well = partial(expected_verdicts.well, options=DEFAULTS)
UP_AND_DOWN = "flapping interrupted"
ANY = "A B both none"


def refused(capture, cause, by, lab, why, keyless="refused unknown", **more):
    """The tunnel never comes up."""
    return Expected(capture, "down", cause, by, keyless, lab, why, **more)


SCENARIOS = [
    # --- nothing wrong ---------------------------------------------------------------------------------------------------
    well("ss_v2_healthy", "four hours, AES-GCM; A rekeys its child every 45 min, the IKE SA every 100 min", "rekey_time; each rekey of the logs succeeds"),
    well("sl_v2_healthy", "four hours, the child every 50 min, the IKE SA every 100 min", "as configured; each rekey of the logs succeeds"),
    well("so_v2_healthy", "four hours, the child every 45 min, the IKE SA every 100 min", "as before"),
    well("ll_v2_healthy", "four hours, the child every 50 min at A, every hour at B", "as before"),
    well("lo_v2_healthy", "four hours, the child every 45 min at A, every hour at B", "as before"),
    well("ol_v2_healthy", "four hours, the child every 45 min at A, every hour at B", "as before"),
    well("oo_v2_healthy", "four hours, the child every 40 min at A, every hour at B", "as before"),
    well("ss_v1_healthy", "four hours, phase 2 of an hour", "as before"),
    well("sl_v1_healthy", "four hours, phase 1 of two hours, phase 2 of one, at both", "as before"),
    well("ll_v1_healthy", "four hours, phase 1 of two hours, phase 2 of one, at both", "as before"),
    Expected("so_v2_idle", "idle", "none", "none", "none unknown", "nobody sends for three hours; A asks whether B is there, once a minute, and it is",
             "no user; rekeys each hour succeed", keyless_states="unknown stable"),
    Expected("ss_v1_idle", "idle", "none", "none", "none unknown", "the same in IKEv1 (DPD), for two hours", "no user", keyless_states="unknown stable"),
    Expected("sl_v2_ondemand", "stable idle", "idle_timeout none", "A none", "idle_timeout none deleted_by_peer",
             "users come every half an hour; A deletes the child 10 min after the last packet, and the next packet makes a new one",
             "inactivity = 600s, start_action = trap; no user is without an answer for two intervals"),
    well("sl_v2_second", "a second child joins the first for half an hour, and is deleted when its users are gone", "what the scenario did"),
    well("ss_v2_cookie", "B asks for a COOKIE, A brings it", "cookie_threshold = 0"),
    well("ss_v2_eap", "EAP-MSCHAPv2 with the right password, and a virtual address", "the secrets of both"),
    Expected("ss_v2_collision", "stable", "none rekey_collision", "none both", SAME, "both ask for each rekey in the same moment, every 20 min",
             "rand_time = 0 at both; RFC 7296 section 2.8.1 keeps one of both, and no user misses an answer"),
    well("so_v2_reauth_mbb", "re-authentication every 30 min, make before break", "reauth_time = 30m; no user misses an answer"),
    well("ss_v2_reauth_bbm", "the same, break before make: the tunnel is away for a tenth of a second", "reauth_time = 30m; no user misses an answer"),
    Expected("sl_v2_volume", "stable", "none volume_rekey", "none A", SAME, "A rekeys after 60 kB, at ages of 6 to 25 min", "rekey_bytes, and users of several paces"),
    # --- lifetimes ---------------------------------------------------------------------------------------------------------
    Expected("sl_v1_life2_b", UP_AND_DOWN, "phase2_lifetime_mismatch lifetime_expired", "B", "lifetime_expired phase2_lifetime_mismatch",
             "IKEv1: phase 2 lives 20 min at B, who does not renew it, and an hour at A; a minute later it is set up again", "salifetime=20m, rekey=no; life_time=1h"),
    Expected("sl_v1_life2_trap", "flapping interrupted churning stable", "phase2_lifetime_mismatch lifetime_expired", "B", "lifetime_expired phase2_lifetime_mismatch none",
             "the same, and A's trap policy brings it back with the next packet", "as before; the user misses that one packet's answer, four times"),
    Expected("ls_v1_life2_a", "flapping interrupted churning stable", "phase2_lifetime_mismatch lifetime_expired none", "A none",
             "lifetime_expired phase2_lifetime_mismatch none", "the same, and it is A who ends it, and whose next packet brings it back",
             "salifetime=20m, rekey=no; life_time=1h. The user misses one answer each time"),
    Expected("sl_v1_life1_b", "stable", "none phase1_lifetime_mismatch lifetime_expired", "B none", SAME,
             "IKEv1: phase 1 lives 30 min at B, who does not renew it, and 8 h at A; phase 2 goes on", "ikelifetime=30m, rekey=no; rekey_time=8h. No user misses an answer"),
    Expected("sl_v2_rekeyno_b", UP_AND_DOWN, "lifetime_expired", "B", SAME, "IKEv2: B deletes the IKE SA after 30 min; A would rekey it after 8 h",
             "ikelifetime=30m, rekey=no"),
    Expected("sl_v2_rekeyno_trap", "flapping interrupted stable", "lifetime_expired none", "B none", SAME, "the same, and A's trap policy brings it back with the next packet",
             "as before; the user misses that one packet's answer, twice"),
    Expected("ls_v2_rekeyno_a", "flapping interrupted stable", "lifetime_expired none", "A none", SAME,
             "IKEv2: A deletes its child after 20 min and does not rekey it; its next packet brings it back", "salifetime=20m, rekey=no. The user misses one answer each time"),
    Expected("ss_v2_rekeyno_both", UP_AND_DOWN, "lifetime_expired", ANY, SAME, "IKEv2: the child expires after 25 min at both in the same moment; neither rekeys",
             "rekey_time = 0, life_time = 25m at both"),
    Expected("ol_v2_early", "churning", "early_rekey", "A", "early_rekey unknown", "A rekeys every 4 min what would live for an hour at B", "lifetime 240; salifetime=1h"),
    Expected("ll_v1_short", "churning", "lifetime_too_short", ANY, "lifetime_too_short unknown", "IKEv1: both agree on 4 min for phase 2, and renew it after 3",
             "salifetime=240s at both"),
    Expected("ss_v1_short", "churning", "lifetime_too_short", ANY, "lifetime_too_short unknown", "IKEv1: both agree on 200 s for phase 2, and renew it in time",
             "life_time=200s at both"),
    Expected("os_v2_bytes", "churning", "volume_rekey", "A none", SAME, "A rekeys after 2 kB, at ages of 2 to 5 min", "bytes 2000"),
    Expected("ss_v2_bytes", "churning", "volume_rekey", "A none", SAME, "A rekeys after 1700 bytes, at ages of 2 to 5 min", "rekey_bytes = 1700"),
    Expected("ss_v2_reauth_2min", "churning", "early_reauth", "A", SAME, "A re-authenticates every 2 min", "reauth_time = 2m; no user misses an answer"),
    # --- refusals ----------------------------------------------------------------------------------------------------------
    refused("so_v2_psk", "authentication", "B", "pre-shared keys differ", "secrets", "authentication unknown"),
    refused("os_v2_psk", "authentication", "B", "pre-shared keys differ", "secrets", "authentication unknown"),
    refused("sl_v1_psk", "authentication", "B none", "the same in IKEv1", "secrets", "authentication unknown"),
    refused("ls_v1_psk", "authentication", "B none", "the same in IKEv1", "secrets", "authentication unknown"),
    refused("ls_v2_id", "authentication", "B", "B knows nobody of A's identity", "rightid, remote id", "authentication unknown"),
    refused("so_v2_id", "authentication", "B", "B knows nobody of A's identity", "dstid, local id", "authentication unknown"),
    refused("sl_v2_id_a", "authentication", ANY, "B is not who A wants", "leftid, remote id", "authentication setup_abandoned unknown"),
    refused("ls_v2_ikeprop", "proposal_mismatch", "B", "phase 1 ciphers differ", "aes128-sha1, aes256-sha256; NO_PROPOSAL_CHOSEN is in clear", SAME),
    refused("so_v2_ikeprop", "proposal_mismatch", "B", "phase 1 ciphers and groups differ", "aes128-sha1-modp1536, aes256-sha256-modp2048", SAME),
    refused("sl_v2_espprop", "proposal_mismatch", "B", "phase 2 ciphers differ", "aes256-sha256, aes128-sha1"),
    refused("ls_v1_espprop", "proposal_mismatch", "B", "the same in IKEv1", "aes256-sha256, aes128-sha1"),
    refused("sl_v1_ts", "proxy_id_mismatch", "B", "IKEv1: proxy IDs differ, 10.2.0.0/24 and 10.22.0.0/24", "remote_ts, leftsubnet"),
    refused("ol_v2_ts", "proxy_id_mismatch", "B", "IKEv2: proxy IDs differ, 10.2.0.0/24 and 10.22.0.0/24", "to, leftsubnet"),
    Expected("so_v2_pfs", "flapping down", "pfs_mismatch", "B", "refused", "PFS groups differ: the child of IKE_AUTH works, A's rekey after 15 min is refused",
             "modp2048, modp3072"),
    Expected("os_v2_pfs", "flapping down interrupted churning", "pfs_mismatch", "B", "refused", "PFS groups differ: the child of IKE_AUTH works, A's rekey is refused",
             "modp3072, modp2048"),
    Expected("ss_v2_second_refused", "degraded stable", "proxy_id_mismatch none", "B none", "refused none", "the first child works, a second one is refused, six times",
             "remote_ts = 10.2.0.2/32, which B does not have; the first child's user misses no answer"),
    well("ss_v1_xauth", "IKEv1 with XAuth and the right password", "the secrets of both"),
    refused("ss_v1_xauth_refused", "authentication", "B", "IKEv1 with XAuth and a wrong password", "the secrets", "authentication setup_abandoned unknown"),
    refused("ss_v2_cert_refused", "authentication", "B", "A's certificate is of an authority that B does not know", "another-a.pem", "authentication unknown"),
    refused("ss_v2_cert_fragments", "fragments_lost", ANY, "certificates make a message of two IP fragments, and no fragment gets to B", "the firewall's rule", SAME),
    well("ss_v2_cert_ikefrag", "the same with IKE's own fragments", "fragmentation=yes; no user misses an answer"),
    # --- paths -------------------------------------------------------------------------------------------------------------
    Expected("so_v2_cut", "interrupted", "peer_unreachable", "none", SAME, "the path is cut for 5 min; A asks whether B is there, gives up, and sets up anew", "dpd_delay=30s"),
    Expected("ll_v2_cut", "interrupted", "peer_unreachable", "none", SAME, "the path is cut for 5 min; both ask whether the other is there; seen at B", "dpddelay=30"),
    Expected("ss_v1_cut", "interrupted", "peer_unreachable", "none", SAME, "the same in IKEv1, seen at both gateways", "dpd_delay=30s"),
    Expected("sl_v1_cut", "interrupted", "peer_unreachable", "none", SAME, "the same in IKEv1", "dpd_delay=30s"),
    Expected("sl_v2_cut40", "interrupted degraded", "peer_unreachable one_way loss unknown", "none B", SAME, "the path is cut for 40 s, and nobody's liveness finds out", "dpd_delay=60s"),
    Expected("sl_v2_way_to_b", "one_way", "one_way loss peer_unreachable", "none B", SAME, "nothing arrives at B any more; seen at both gateways", "what the scenario did"),
    Expected("ls_v2_way_to_a", "one_way", "one_way loss peer_unreachable", "none B", SAME, "nothing arrives at A any more; seen at A", "what the scenario did"),
    Expected("so_v2_way_to_a", "interrupted", "peer_unreachable loss one_way", "none B", SAME,
             "nothing arrives at A for 400 s; A gives up and sets up anew; seen at both gateways", "what the scenario did; dpd_delay=30s"),
    Expected("sl_v2_loss30", "degraded", "loss", "none", SAME, "30 % of all packets are lost for 10 min, each way; seen at B", "what the scenario did"),
    Expected("ss_v2_loss30", "degraded", "loss", "none", SAME, "the same, seen at both gateways", "what the scenario did"),
    Expected("ss_v2_reorder", "degraded stable", "replay_drops none", "A none B", SAME, "a fifth of A's packets comes 5 s late for 18 s, 100 packets behind the others",
             "what the scenario did"),
    Expected("ls_v2_no_ike", UP_AND_DOWN, "ike_unanswered", ANY, SAME, "a firewall drops IKE for 25 min, not ESP: A's rekey stays unanswered, and its child expires", "what the scenario did"),
    Expected("ss_v2_no_ike", UP_AND_DOWN, "ike_unanswered", ANY, SAME, "a firewall drops IKE for 25 min, not ESP: A's rekey stays unanswered, and it gives up", "what the scenario did"),
    Expected("os_v2_no_ike", "interrupted degraded stable", "ike_unanswered peer_restart none unknown", ANY, SAME,
             "a firewall drops IKE for 25 min, not ESP: A's rekey stays unanswered, and it gives up; seen at B, where nothing comes for 22 min", "what the scenario did"),
    Expected("sl_v2_no_esp", "one_way", "one_way", ANY, SAME, "a firewall drops ESP both ways; IKE works; users of both sides send", "what the scenario did"),
    Expected("so_v2_no_esp_later", "stable idle interrupted", "none peer_unreachable one_way unknown", "none A", SAME,
             "a firewall drops ESP for 10 min; seen at B, where nothing comes meanwhile but liveness checks", "what the scenario did"),
    Expected("sl_v2_mtu_told", "degraded", "path_mtu", ANY, SAME, "packets of 1400 bytes do not pass a link of 1300: its router says so, and A goes on", "A drops ICMP"),
    Expected("ss_v2_mtu_silent", "degraded", "loss path_mtu one_way unknown", ANY, SAME, "the same, and the router says nothing; seen at both gateways", "M sends no ICMP"),
    well("so_v2_mtu_heard", "the same; A hears the router, and its users' packets become smaller", "PMTU of A's kernel; one ping is lost"),
    Expected("sl_v2_link_down", "interrupted", "peer_unreachable", "none", SAME, "the router says for 400 s that B cannot be reached", "what the scenario did"),
    Expected("so_v2_b_restarts", "flapping", "peer_restart peer_unreachable", "B none", SAME, "B loses its power for a minute, twice; A finds out by its liveness checks, and sets up anew",
             "what the scenario did; dpd_delay=30s"),
    Expected("sl_v1_b_restarts", "flapping", "peer_restart peer_unreachable", "B none", SAME, "the same in IKEv1", "what the scenario did"),
    Expected("ls_v2_a_restarts", "flapping", "peer_restart", "A", SAME, "A loses its power for a minute, twice, and sets up anew", "what the scenario did"),
    Expected("lo_v2_a_restarts", "flapping", "peer_restart", "A", SAME, "A loses its power for a minute, twice, and sets up anew", "what the scenario did"),
    Expected("sl_v2_daemon_dies", "degraded interrupted down", "port_unreachable", "B", SAME, "B's daemon dies, its kernel goes on until A's rekey was not answered; A gives up, and nobody sends any more",
             "what the scenario did; ICMP of B; the user of A has no answer from A's end of the IKE SA on, 75 s after the capture's last packet"),
    Expected("sl_v2_sas_lost", "one_way", "one_way spi_unknown", "B", SAME, "B's kernel loses its SAs, its daemon does not know; seen at B", "what the scenario did"),
    Expected("so_v2_sas_lost", "interrupted", "one_way spi_unknown unknown", "B none", SAME, "the same, until A rekeys", "what the scenario did"),
    # --- identities --------------------------------------------------------------------------------------------------------
    Expected("ss_v2_two_clients", "flapping interrupted churning down degraded", "identity_conflict", ANY, SAME, "A and C say that they are the same; B keeps the newer one, and the other begins anew",
             "unique=replace; close_action=start"),
    Expected("ls_v2_two_clients", "flapping interrupted churning down degraded", "identity_conflict", ANY, SAME, "A and C say that they are the same; B keeps the newer one, and the other begins anew", "unique=replace"),
    Expected("sl_v2_two_clients", "flapping interrupted churning down degraded", "identity_conflict", ANY, SAME, "the same, and B is libreswan", "uniqueids=yes"),
    Expected("ss_v1_two_clients", "flapping interrupted churning down degraded", "identity_conflict", ANY, SAME, "the same in IKEv1", "unique=replace"),
    well("ss_v2_two_clients_kept", "two clients of one identity, and B keeps both", "unique=never; nobody misses an answer"),
    Expected("ss_v2_unique_close", "flapping churning", "deleted_by_peer", "B", SAME, "A has two IKE SAs of one identity, of which B deletes the older; A begins each again that is deleted, without end",
             "unique=replace; close_action=start"),
    Expected("so_v2_admin", UP_AND_DOWN, "deleted_by_peer", "A", SAME, "somebody at A ends the tunnel three times in mid-traffic, for a minute", "swanctl --terminate"),
    Expected("so_v2_admin_trap", "flapping interrupted stable", "deleted_by_peer none", "A none", SAME, "the same, and A's trap policy brings it back with the next packet",
             "as before; the user misses that one packet's answer, three times"),
    Expected("ls_v1_admin_b", "churning stable", "deleted_by_peer none", "B none", SAME, "IKEv1: somebody at B ends the tunnel three times in mid-traffic; A sets it up again at once",
             "swanctl --terminate at B. No user misses an answer"),
    Expected("ss_v2_idle_b", "stable idle", "idle_timeout none", "B none", "idle_timeout none deleted_by_peer", "users come every 20 min; B deletes the child 5 min after the last packet",
             "inactivity=300s; start_action = trap"),
    # --- NAT ---------------------------------------------------------------------------------------------------------------
    well("sl_v2_nat_keepalive", "behind a NAT that forgets after a minute; A keeps the mapping alive", "keep_alive = 20s; no user misses an answer"),
    Expected("sl_v2_nat_lapse", "one_way flapping interrupted degraded", "one_way nat_mapping loss unknown", ANY, SAME, "the same without keepalives: what B sends is lost until A sends",
             "keep_alive = 0; the user of B has no answers but in the minute after A sent"),
    Expected("ss_v2_nat_lapse_dpd", "down one_way", "peer_unreachable spi_unknown one_way", "none A B", SAME,
             "the same, and B asks whether A is there, which A does not hear: B gives up, and does not know what A sends", "dpd_delay=200s at B; B's user has no answer after the first"),
    Expected("sl_v2_nat_ports", "one_way flapping interrupted", "nat_mapping", "B none", SAME, "the NAT gives other ports every 10 min, and B goes on sending to the first ones", "what the scenario did; the silences of A's user"),
    Expected("so_v2_nat_ports", "down one_way", "nat_mapping", "B none", SAME, "the NAT gives other ports every 10 min, and B goes on sending to the first ones", "what the scenario did; no answer from then on"),
    well("ls_v2_nat_ports", "the NAT gives other ports every 10 min, and B follows", "no user misses more than one answer"),
    refused("ss_v2_no_4500", "ike_unanswered", ANY, "a firewall drops all for port 4500: IKE_SA_INIT is answered, IKE_AUTH never", "what the scenario did", SAME),
    refused("ls_v1_no_4500", "ike_unanswered", ANY, "IKEv1: a firewall drops all for port 4500, where Main Mode goes on", "what the scenario did", SAME),
    well("os_v2_nat", "OpenIKED behind a NAT, seen on both sides of it", "each rekey of the logs succeeds"),
]

TABLE = [row for row in SCENARIOS if (Path(__file__).parent / "uml" / f"{row.capture}.pcap").exists()]

SEVERAL = {name: 2 for name in ("ss_v2_two_clients", "ls_v2_two_clients", "sl_v2_two_clients", "ss_v1_two_clients", "ss_v2_two_clients_kept")}

# What SPIscope says of these is not right yet: capture -> of what (state, cause, by; :keys or :keyless where only that form is wrong), and what it says. The
# tests expect it, and fail when it becomes right, so that its line goes
WRONG = {
}

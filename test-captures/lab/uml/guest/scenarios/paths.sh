# SPDX-License-Identifier: GPL-2.0-or-later
# The way between the gateways, and gateways that die.
LONG='rekey_time=8h'
# a path that is cut for five minutes in the midst of half an hour
cut_once() { users A 10.1.0.1 10.2.0.1 10; sleep 900; cut_path 300; sleep 900; }
s_so_v2_cut() { begin; MODE=passive openiked B; IX="$LONG; dpd_delay=30s; keyingtries=0" CX='rekey_time=8h; start_action=start; dpd_action=restart' ESPP=aes256-sha1-modp2048 strongswan A; cut_once; }
s_ll_v2_cut() { begin switch mB; for g in B A; do LX='salifetime=8h; ikelifetime=8h; dpddelay=30; dpdtimeout=120; dpdaction=restart; keyingtries=0' libreswan $g; done; initiate A; sleep 5; cut_once; }
s_ss_v1_cut() { V=1; begin switch mA mB; IX="$LONG; dpd_delay=30s; dpd_timeout=120s" CX='rekey_time=7h; dpd_action=clear' strongswan B
  IX="$LONG; dpd_delay=30s; dpd_timeout=120s; keyingtries=0" CX='rekey_time=7h; start_action=start; dpd_action=restart' strongswan A; cut_once; }
s_sl_v1_cut() { V=1; begin; LX='salifetime=8h; ikelifetime=8h; dpddelay=30; dpdtimeout=120; dpdaction=clear' libreswan B
  IX="$LONG; dpd_delay=30s; dpd_timeout=120s; keyingtries=0" CX='rekey_time=7h; start_action=start; dpd_action=restart' strongswan A; cut_once; }
# the same for 40 s, which nobody's liveness finds out
s_sl_v2_cut40() { begin; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX="$LONG; dpd_delay=60s" CX='rekey_time=8h' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 5; sleep 600; cut_path 40; sleep 600; }
# one way only
s_sl_v2_way_to_b() { begin switch mA mB; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX=$LONG CX='rekey_time=8h' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 600; cut_way_to B 1200; }
s_ls_v2_way_to_a() { begin; IX=$LONG CX='rekey_time=8h' strongswan B; LX='salifetime=8h; ikelifetime=8h' libreswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 600; cut_way_to A 1200; }
s_so_v2_way_to_a() { begin switch mA mB; MODE=passive openiked B; IX="$LONG; dpd_delay=30s; keyingtries=0" CX='rekey_time=8h; start_action=start; dpd_action=restart' ESPP=aes256-sha1-modp2048 strongswan A
  users A 10.1.0.1 10.2.0.1 10; sleep 600; cut_way_to A 400; sleep 600; }
# a third of all packets is lost for ten minutes
s_sl_v2_loss30() { begin switch mB; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX=$LONG CX='rekey_time=20m' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 5; sleep 600; lose 30 600; sleep 600; }
s_ss_v2_loss30() { begin switch mA mB; IX=$LONG CX='rekey_time=8h' strongswan B; IX=$LONG CX='rekey_time=20m' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 5; sleep 250; lose 30 500; sleep 200; }
# packets that overtake each other, by up to 3 s: more than the window of 32 at ten a second
s_ss_v2_reorder() { begin switch mB; IX=$LONG CX='rekey_time=8h; replay_window=32' strongswan B; IX=$LONG CX='rekey_time=8h; replay_window=32' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 20; sleep 300; note "packets overtake each other"; path B delay 5s reorder 80%; users A 10.1.0.2 10.2.0.2 0.05; sleep 18; stop_users; users A 10.1.0.1 10.2.0.1 20; path B delay 8ms; sleep 300; }

# firewalls on the switch: no IKE, and ESP goes on; no ESP, and IKE goes on; in both, from 5 min on, or from the beginning
s_ls_v2_no_ike() { begin; IX=$LONG CX='rekey_time=8h' strongswan B; LX='salifetime=15m; ikelifetime=8h' libreswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 300; firewall 'udp dport 500'; sleep 1500; firewall_off; sleep 600; }
s_ss_v2_no_ike() { begin; IX=$LONG CX='rekey_time=8h' strongswan B; IX="$LONG; keyingtries=0" CX='rekey_time=10m; life_time=15m; start_action=trap; close_action=start' strongswan A
  users A 10.1.0.1 10.2.0.1 10; sleep 300; firewall 'udp dport 500'; sleep 1500; firewall_off; sleep 600; }
s_os_v2_no_ike() { begin switch mB; IX=$LONG CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan B; LIFE=600 openiked A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 300; firewall 'udp dport 500'; sleep 1500; firewall_off; sleep 600; }
s_sl_v2_no_esp() { begin; firewall 'ip protocol esp'; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX="$LONG; dpd_delay=60s" CX='rekey_time=8h' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; users B 10.2.0.2 10.1.0.2 10; sleep 1200; }
s_so_v2_no_esp_later() { begin switch mB; MODE=passive openiked B; IX="$LONG; dpd_delay=60s" CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 600; firewall 'ip protocol esp'; sleep 600; firewall_off; sleep 600; }

# a link of 1300 bytes behind the router. A does not hear what the router says of it; or the router says nothing
large_pings() { sleep 5; users A 10.1.0.1 10.2.0.1 15; sleep 120; users A 10.1.0.2 10.2.0.2 45 1350 -M do; sleep 1200; }
narrow() { ip -n M link set mB mtu 1300; ip -n B link set vB mtu 1300; }
s_sl_v2_mtu_told() { begin router mA; narrow; ip netns exec A nft -f - <<< 'table ip deaf { chain in { type filter hook prerouting priority -450; icmp type destination-unreachable drop; }; }'
  LX='salifetime=8h; ikelifetime=8h' libreswan B; IX=$LONG CX='rekey_time=8h' strongswan A; initiate A; large_pings; }
s_ss_v2_mtu_silent() { begin router mA mB; narrow; ip netns exec M nft -f - <<< 'table ip mute { chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }; }'
  IX=$LONG CX='rekey_time=8h' strongswan B; IX=$LONG CX='rekey_time=8h' strongswan A; initiate A; large_pings; }
# A hears it, and says so to its users: they send smaller ones
s_so_v2_mtu_heard() { begin router mA; narrow; MODE=passive openiked B; IX=$LONG CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 15; sleep 120; users A 10.1.0.2 10.2.0.2 45 1350 -M want; sleep 1200; }
# B's link is down for five minutes, and the router says that B cannot be reached
s_sl_v2_link_down() { begin router mA; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX="$LONG; dpd_delay=30s; keyingtries=0" CX='rekey_time=8h; start_action=start; dpd_action=restart' strongswan A
  users A 10.1.0.1 10.2.0.1 10; sleep 600; note "B's link goes down"; ip -n M route replace unreachable 192.0.2.2/32; sleep 400; ip -n M route del unreachable 192.0.2.2/32; ip -n M route replace 192.0.2.2/32 dev mB; note "B's link is up"; sleep 600; }

# gateways that lose their power for a minute in the midst of traffic
s_so_v2_b_restarts() { begin; MODE=passive openiked B; IX="$LONG; dpd_delay=30s; keyingtries=0" CX='rekey_time=8h; start_action=start; dpd_action=restart' ESPP=aes256-sha1-modp2048 strongswan A
  users A 10.1.0.1 10.2.0.1 10; for i in 1 2; do sleep 600; lose_power B; sleep 60; restart B; done; sleep 600; }
s_sl_v1_b_restarts() { V=1; begin; LX='salifetime=8h; ikelifetime=8h; dpddelay=30; dpdtimeout=120; dpdaction=clear' libreswan B
  IX="$LONG; dpd_delay=30s; dpd_timeout=120s; keyingtries=0" CX='rekey_time=7h; start_action=start; dpd_action=restart' strongswan A
  users A 10.1.0.1 10.2.0.1 10; for i in 1 2; do sleep 600; lose_power B; sleep 60; restart B; done; sleep 600; }
s_ls_v2_a_restarts() { begin switch mB; IX="$LONG; dpd_delay=60s" CX='rekey_time=8h' strongswan B; AUTO=start LX='salifetime=8h; ikelifetime=8h' libreswan A; sleep 5
  users A 10.1.0.1 10.2.0.1 6; for i in 1 2; do sleep 500; lose_power A; sleep 60; restart A; done; sleep 500; }
s_lo_v2_a_restarts() { begin; MODE=passive openiked B; AUTO=start ESPP='aes256-sha1;modp2048' LX='salifetime=8h; ikelifetime=8h' libreswan A; sleep 5
  users A 10.1.0.1 10.2.0.1 6; for i in 1 2; do sleep 500; lose_power A; sleep 60; restart A; done; sleep 500; }
# B's daemon dies, and its kernel goes on with the SAs that it has, until A finds out by an unanswered rekey
s_sl_v2_daemon_dies() { begin; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX="$LONG; keyingtries=0" CX='rekey_time=15m; rand_time=0; start_action=start; close_action=start' strongswan A
  users A 10.1.0.1 10.2.0.1 10; sleep 300; note "B's daemon dies"; kill_daemon B KILL; sleep 1500; start_daemon B; sleep 600; }
# B's kernel loses the SAs, its daemon does not know: A sends what nobody can read
s_sl_v2_sas_lost() { begin switch mB; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX="$LONG; dpd_delay=30s" CX='rekey_time=8h' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 600; forget_sas B; sleep 900; }
s_so_v2_sas_lost() { begin; MODE=passive openiked B; IX=$LONG CX='rekey_time=20m; rand_time=0' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; sleep 600; forget_sas B; sleep 1200; }

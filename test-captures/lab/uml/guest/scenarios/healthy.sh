# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing is wrong: pairs of daemons for four hours, with lifetimes of real size; and what looks like a fault and is none.
four_hours() { sleep 5; users A 10.1.0.1 10.2.0.1 60; sleep 14400; }

s_ss_v2_healthy() { begin; IX='rekey_time=2h' CX='rekey_time=1h' ESPP=aes256gcm16-modp2048 strongswan B
  IX='rekey_time=100m' CX='rekey_time=45m' ESPP=aes256gcm16-modp2048 strongswan A; initiate A; four_hours; }
s_sl_v2_healthy() { begin switch mB; LX='salifetime=1h; ikelifetime=3h' libreswan B; IX='rekey_time=100m' CX='rekey_time=50m' strongswan A; initiate A; four_hours; }
s_so_v2_healthy() { begin; MODE=passive LIFE=3600 openiked B; IX='rekey_time=100m' CX='rekey_time=45m' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; four_hours; }
s_ll_v2_healthy() { begin; LX='salifetime=1h; ikelifetime=3h' libreswan B; LX='salifetime=50m; ikelifetime=2h' libreswan A; initiate A; four_hours; }
s_lo_v2_healthy() { begin; MODE=passive LIFE=3600 openiked B; ESPP='aes256-sha1;modp2048' LX='salifetime=45m; ikelifetime=2h' libreswan A; initiate A; four_hours; }
s_ol_v2_healthy() { begin switch mB; ESPP='aes256-sha1;modp2048' LX='salifetime=1h; ikelifetime=3h' libreswan B; LIFE=2700 openiked A; four_hours; }
s_oo_v2_healthy() { begin; MODE=passive LIFE=3600 openiked B; LIFE=2400 ILIFE=7200 openiked A; four_hours; }
s_ss_v1_healthy() { V=1; begin; IX='rekey_time=2h' CX='rekey_time=55m; life_time=1h' strongswan B
  IX='rekey_time=100m' CX='rekey_time=55m; life_time=1h' strongswan A; initiate A; four_hours; }
s_sl_v1_healthy() { V=1; begin; LX='salifetime=1h; ikelifetime=2h' libreswan B
  IX='rekey_time=115m; over_time=5m; rand_time=3m' CX='rekey_time=55m; life_time=1h; rand_time=3m' strongswan A; initiate A; four_hours; }
s_ll_v1_healthy() { V=1; begin switch mB; LX='salifetime=1h; ikelifetime=2h' libreswan B; LX='salifetime=1h; ikelifetime=2h' libreswan A; initiate A; four_hours; }

# nobody sends for hours; liveness is asked for
s_so_v2_idle() { begin; MODE=passive openiked B; IX='rekey_time=4h; dpd_delay=60s' CX='rekey_time=1h' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; sleep 10000; }
s_ss_v1_idle() { V=1; begin; IX='rekey_time=4h' CX='rekey_time=3h' strongswan B; IX='rekey_time=4h; dpd_delay=60s; dpd_timeout=180s' CX='rekey_time=3h' strongswan A
  initiate A; sleep 7200; }

# the SAs come when a packet needs them, and go when none did for ten minutes, which B watches
s_sl_v2_ondemand() { begin; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX='rekey_time=8h' CX='rekey_time=8h; start_action=trap; inactivity=600s' strongswan A
  for i in 1 2 3 4; do users A 10.1.0.1 10.2.0.1 10; sleep 300; stop_users; sleep 1500; done; }

# a second child joins the first after half an hour, and is deleted after another one, when nobody uses it any more
s_sl_v2_second() { begin; L=192.0.2.2 R=192.0.2.1 LTS=10.2.0.1/32 RTS=10.1.0.1/32
  MORE=$(LTS=10.2.0.2/32 RTS=10.1.0.2/32 LX='salifetime=8h; ikelifetime=8h' show_libreswan second) LX='salifetime=8h; ikelifetime=8h' libreswan B
  L=192.0.2.1 R=192.0.2.2 LTS=10.1.0.1/32 RTS=10.2.0.1/32 IX='rekey_time=8h' CX='rekey_time=25m' \
  CHILDREN='children { second { local_ts = 10.1.0.2/32
 remote_ts = 10.2.0.2/32
 esp_proposals = aes256-sha256-modp2048
 rekey_time = 20m } }' strongswan A
  initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 30; sleep 1800; initiate A second; users A 10.1.0.2 10.2.0.2 20; sleep 1800
  stop_users; sleep 60; note "A terminates second"; control A --terminate --child second; users A 10.1.0.1 10.2.0.1 30; sleep 1800; }

# B asks for a COOKIE before it does any work, and A brings it
s_ss_v2_cookie() { begin switch mB; CHARON='cookie_threshold = 0' IX='rekey_time=4h' CX='rekey_time=1h' strongswan B
  IX='rekey_time=4h' CX='rekey_time=20m' strongswan A; initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 20; sleep 3600; }

# EAP that works, and a virtual address
s_ss_v2_eap() { begin; IX='pools=clients; rekey_time=4h' RAUTH='auth = eap-mschapv2
 eap_id = %any' R=%any RID=%any RTS=host MORE='pools { clients { addrs = 10.1.0.4/32 } }' SECRETS='secrets { eap-1 { id = alice
 secret = right } }' CX='rekey_time=1h' strongswan B
  IX='vips=0.0.0.0; rekey_time=4h' LAUTH='auth = eap-mschapv2
 eap_id = alice' LID=alice LTS=host SECRETS='secrets { eap-1 { id = alice
 secret = right } }' CX='rekey_time=25m' strongswan A
  initiate A; sleep 5; users A 10.1.0.4 10.2.0.1 20; sleep 3600; }

# both ask for each rekey in the same moment
s_ss_v2_collision() { begin; for g in B A; do IX='rekey_time=8h' CX='rekey_time=20m; rand_time=0; life_time=30m' strongswan $g; done; initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 20; sleep 7200; }

# re-authentication, make before break and break before make, with OpenIKED and with strongSwan
s_so_v2_reauth_mbb() { begin; MODE=passive openiked B; CHARON='make_before_break = yes' IX='reauth_time=30m; rekey_time=0' CX='rekey_time=4h' ESPP=aes256-sha1-modp2048 strongswan A
  initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 20; sleep 7200; }
s_ss_v2_reauth_bbm() { begin switch mB; IX='rekey_time=8h' CX='rekey_time=8h' strongswan B; CHARON='make_before_break = no' IX='reauth_time=30m; rekey_time=0' CX='rekey_time=4h' strongswan A
  initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 20; sleep 7200; }

# both ends rekey by volume, a megabyte; at ages of more than ten minutes
s_sl_v2_volume() { begin; LX='salifetime=8h; ikelifetime=8h' libreswan B; IX='rekey_time=8h' CX='rekey_time=8h; rekey_bytes=60000; life_bytes=100000; rand_bytes=0' strongswan A
  initiate A; sleep 5; for every in 12 20 9 25; do users A 10.1.0.1 10.2.0.1 $every 1000; sleep 1200; stop_users; done; }

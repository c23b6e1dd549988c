# SPDX-License-Identifier: GPL-2.0-or-later
# Lifetimes that differ, that nobody renews in time, that are too short; volumes; and re-authentication without end.
LONG='rekey_time=8h'

# used SECONDS [ROUNDS]: A's users, and somebody who sets the tunnel up again a minute after its lifetime
used() { local i; initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 15; for i in $(seq ${2:-3}); do sleep $(($1 + 60)); initiate A; done; sleep 600; }
# IKEv1, phase 2: 20 min at B, who does not renew it and deletes it, an hour at A
s_sl_v1_life2_b() { V=1; begin; LX='salifetime=20m; ikelifetime=8h; rekey=no' libreswan B; IX=$LONG CX='rekey_time=55m; life_time=1h' strongswan A; used 1200; }
# the same with a trap policy at A: the next packet brings it back
s_sl_v1_life2_trap() { V=1; begin; LX='salifetime=20m; ikelifetime=8h; rekey=no' libreswan B; IX=$LONG CX='rekey_time=55m; life_time=1h; start_action=trap' strongswan A
  users A 10.1.0.1 10.2.0.1 15; sleep 4500; }
# the same the other way round: A began and ends it, and its next packet brings it back
s_ls_v1_life2_a() { V=1; begin; IX=$LONG CX='rekey_time=55m; life_time=1h' strongswan B; LX='salifetime=20m; ikelifetime=8h; rekey=no' libreswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 15; sleep 4500; }
# IKEv1, phase 1: half an hour at B, who does not renew it, 8 h at A; phase 2 goes on
s_sl_v1_life1_b() { V=1; begin; LX='salifetime=8h; ikelifetime=30m; rekey=no' libreswan B; IX=$LONG CX='rekey_time=7h' strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 15; sleep 4500; }
# IKEv2: B, rekey=no, deletes its IKE SA after half an hour; A would rekey after 8 h. A notices after a minute, or with the next packet
s_sl_v2_rekeyno_b() { begin; LX='salifetime=8h; ikelifetime=30m; rekey=no' libreswan B; IX=$LONG CX='rekey_time=8h' strongswan A; used 1800; }
s_sl_v2_rekeyno_trap() { begin; LX='salifetime=8h; ikelifetime=30m; rekey=no' libreswan B; IX=$LONG CX='rekey_time=8h; start_action=trap' strongswan A
  users A 10.1.0.1 10.2.0.1 15; sleep 5400; }
# IKEv2: A, rekey=no, ends its child after 20 min, and its next packet brings it back
s_ls_v2_rekeyno_a() { begin switch mB; IX=$LONG CX='rekey_time=8h; life_time=9h' strongswan B; LX='salifetime=20m; ikelifetime=8h; rekey=no' libreswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 15; sleep 4500; }
# neither of both rekeys: the child expires after 25 min at both, in the same moment
s_ss_v2_rekeyno_both() { begin; IX=$LONG CX='rekey_time=0; life_time=25m' strongswan B; IX=$LONG CX='rekey_time=0; life_time=25m' strongswan A; used 1500; }
# OpenIKED renews its child every 4 min, libreswan would after an hour
s_ol_v2_early() { begin; ESPP='aes256-sha1;modp2048' LX='salifetime=1h; ikelifetime=8h' libreswan B; LIFE=240 openiked A; sleep 5; users A 10.1.0.1 10.2.0.1 15; sleep 3600; }
# both agree on 4 min, and keep it
s_ll_v1_short() { V=1; begin; for g in B A; do LX='salifetime=240s; ikelifetime=1h; rekeymargin=60s; rekeyfuzz=0%' libreswan $g; done; initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 15; sleep 3600; }
s_ss_v1_short() { V=1; begin; for g in B A; do IX=$LONG CX='rekey_time=170s; life_time=200s; rand_time=20s' strongswan $g; done; initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 15; sleep 3600; }
# 2 kB and the SA is over, after two to five minutes
s_os_v2_bytes() { begin; IX=$LONG CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan B; BYTES=2000 openiked A; sleep 5
  for every in 5 8 4 10; do users A 10.1.0.1 10.2.0.1 $every; sleep 600; stop_users; done; }
s_ss_v2_bytes() { begin; IX=$LONG CX='rekey_time=8h' strongswan B; IX=$LONG CX='rekey_time=8h; rekey_bytes=1700; life_bytes=5000; rand_bytes=0' strongswan A; initiate A; sleep 5
  for every in 5 8 4 10; do users A 10.1.0.1 10.2.0.1 $every; sleep 600; stop_users; done; }
# A authenticates anew every two minutes
s_ss_v2_reauth_2min() { begin; IX=$LONG CX='rekey_time=8h' strongswan B; IX='reauth_time=2m; rekey_time=0; over_time=20s; rand_time=0' CX='rekey_time=8h' strongswan A
  initiate A; sleep 5; users A 10.1.0.1 10.2.0.1 10; sleep 2400; }

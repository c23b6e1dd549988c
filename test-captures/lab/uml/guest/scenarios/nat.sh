# SPDX-License-Identifier: GPL-2.0-or-later
# A, and in one C too, behind a NAT that is 192.0.2.1 to B. Captured outside of it, or on both sides.
LONG='rekey_time=8h'
# client DAEMON, server DAEMON: A and B, with what is the same in all of these
client() { L=10.77.0.1 LID=rw@lab RID=192.0.2.2 $1 A; }
server() { R=${ANY:-%any} RID=rw@lab $1 B; }
# A, strongSwan, behind NAT for two hours, with keepalives, and nothing else most of the time
s_sl_v2_nat_keepalive() { begin nat mB; nat_timeout 60; LX='salifetime=8h; ikelifetime=8h' server libreswan
  CHARON='keep_alive = 20s' IX=$LONG CX='rekey_time=40m' client strongswan; initiate A; sleep 5; users B 10.2.0.1 10.1.0.1 240; sleep 7200; }
# no keepalives, and the mapping is gone after a minute: what B sends every 100 s is lost until A sends again
nat_lapse() { initiate A; sleep 5; users B 10.2.0.1 10.1.0.1 100; for i in 1 2 3 4; do sleep 900; note "A sends"; ip netns exec A ping -n -c 1 -I 10.1.0.1 10.2.0.1 > /dev/null; done; }
s_sl_v2_nat_lapse() { begin nat mB; nat_timeout 60; LX='salifetime=8h; ikelifetime=8h' server libreswan
  CHARON='keep_alive = 0' IX=$LONG CX='rekey_time=8h' client strongswan; nat_lapse; }
s_ss_v2_nat_lapse_dpd() { begin nat mA mB; nat_timeout 60; IX="$LONG; dpd_delay=200s" CX='rekey_time=8h' server strongswan
  CHARON='keep_alive = 0' IX=$LONG CX='rekey_time=8h; start_action=trap' client strongswan; nat_lapse; }
# the NAT forgets its mappings every ten minutes, and gives other ports
nat_forgets() { users A 10.1.0.1 10.2.0.1 10; for i in 1 2 3; do sleep 600; note "the NAT gives other ports"; nat_rules "to :$((20000 + 10000 * i))-$((20999 + 10000 * i))"; ip netns exec M conntrack -F; done; sleep 600; }
s_sl_v2_nat_ports() { begin nat mB; LX='salifetime=8h; ikelifetime=8h' server libreswan
  IX=$LONG CX='rekey_time=25m' client strongswan; initiate A; sleep 5; nat_forgets; }
s_so_v2_nat_ports() { begin nat mB; ANY=any MODE=passive server openiked
  IX=$LONG CX='rekey_time=25m' ESPP=aes256-sha1-modp2048 client strongswan; initiate A; sleep 5; nat_forgets; }
s_ls_v2_nat_ports() { begin nat mB; IX=$LONG CX='rekey_time=8h' server strongswan
  LX='salifetime=8h; ikelifetime=8h' client libreswan; initiate A; sleep 5; nat_forgets; }
# nothing gets through to port 4500: the first exchange is answered, the second one never
s_ss_v2_no_4500() { begin nat mA; IX=$LONG CX='rekey_time=8h' server strongswan; firewall 'udp dport 4500'
  IX="$LONG; keyingtries=0" CX='rekey_time=8h; start_action=trap' client strongswan; users A 10.1.0.1 10.2.0.1 15; sleep 900; }
s_ls_v1_no_4500() { V=1; begin nat mA; IX=$LONG CX='rekey_time=7h' server strongswan; firewall 'udp dport 4500'
  AUTO=ondemand client libreswan; users A 10.1.0.1 10.2.0.1 15; sleep 900; }
# OpenIKED behind a NAT, healthy
s_os_v2_nat() { begin nat mA mB; IX='rekey_time=1h' CX='rekey_time=40m' ESPP=aes256-sha1-modp2048 server strongswan
  LIFE=1500 client openiked; sleep 5; users A 10.1.0.1 10.2.0.1 50; sleep 5400; }

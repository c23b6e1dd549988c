# SPDX-License-Identifier: GPL-2.0-or-later
# Who may be there twice, and who ends what works.
LONG='rekey_time=8h'
# A and C say that they are rw@lab, and C comes two minutes later. B keeps one of them
member() { # DAEMON GATEWAY
  local l=192.0.2.${NUMBER[$2]}
  case $1 in
    strongswan) L=$l R=192.0.2.2 LID=rw@lab LTS=host RTS=10.2.0.0/24 IX="$LONG; keyingtries=0; dpd_delay=30s" CX='rekey_time=8h; start_action=start; close_action=start; dpd_action=restart' strongswan $2;;
    libreswan) L=$l R=192.0.2.2 LID=rw@lab LTS=host RTS=10.2.0.0/24 AUTO=start LX='salifetime=8h; ikelifetime=8h; dpddelay=30; dpdtimeout=120; dpdaction=restart; keyingtries=0' libreswan $2;;
  esac
  users $2 $l 10.2.0.1 10; }
server_strongswan() { begin switch br0; L=192.0.2.2 R=%any RID=rw@lab LTS=10.2.0.0/24 RTS=host IX="$LONG; unique=replace" CX='rekey_time=8h' strongswan B; }
server_libreswan() { begin switch br0; L=192.0.2.2 R=%any RID=rw@lab LTS=10.2.0.0/24 RTS=host LX='salifetime=8h; ikelifetime=8h' libreswan B; }
two() { member $1 A; sleep 120; member $2 C; sleep 1200; }
s_ss_v2_two_clients() { server_strongswan; two strongswan strongswan; }
s_ls_v2_two_clients() { server_strongswan; two libreswan strongswan; }
s_sl_v2_two_clients() { server_libreswan; two strongswan strongswan; }
s_ss_v1_two_clients() { V=1; server_strongswan; two strongswan strongswan; }
# both may be there: B keeps both
s_ss_v2_two_clients_kept() { begin switch br0; L=192.0.2.2 R=%any RID=rw@lab LTS=10.2.0.0/24 RTS=host IX="$LONG; unique=never" CX='rekey_time=8h' strongswan B; two strongswan strongswan; }
# A has two connections of one identity to B, who allows one and replaces the older: and A begins each again that is closed
s_ss_v2_unique_close() { begin; LTS=10.2.0.0/24 RTS=10.1.0.0/24 IKEP=aes256-sha256-modp2048,aes256-sha512-modp2048 IX="$LONG; unique=replace" CX='rekey_time=8h' strongswan B
  L=192.0.2.1 R=192.0.2.2
  MORE=$(IKEP=aes256-sha512-modp2048 LTS=10.1.0.2/32 RTS=10.2.0.2/32 CHILD=second IX="$LONG; unique=never" CX='rekey_time=8h; start_action=start; close_action=start' show_strongswan second)
  LTS=10.1.0.1/32 RTS=10.2.0.1/32 IX="$LONG; unique=never" CX='rekey_time=8h; start_action=start; close_action=start' strongswan A
  users A 10.1.0.1 10.2.0.1 10; users A 10.1.0.2 10.2.0.2 10; sleep 300; }
# somebody at A, or at B, ends the tunnel every 10 min in the midst of traffic, and it is set up again after a minute, by a trap policy, or by the other one at once
s_so_v2_admin() { begin; MODE=passive openiked B; IX=$LONG CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; for pause in 600 750 500; do sleep $pause; terminate A; sleep 60; initiate A; done; sleep 600; }
s_so_v2_admin_trap() { begin; MODE=passive openiked B; IX=$LONG CX='rekey_time=8h; start_action=trap' ESPP=aes256-sha1-modp2048 strongswan A
  users A 10.1.0.1 10.2.0.1 10; for i in 1 2 3; do sleep 600; terminate A; done; sleep 600; }
s_ls_v1_admin_b() { V=1; begin; IX=$LONG CX='rekey_time=7h' strongswan B; LX='salifetime=8h; ikelifetime=8h' libreswan A; initiate A; sleep 5
  users A 10.1.0.1 10.2.0.1 10; for pause in 500 900 700; do sleep $pause; terminate B; done; sleep 600; }
# B's user is away for half an hour; B ends what nobody used for five minutes, A needs it again
s_ss_v2_idle_b() { begin; IX=$LONG CX='rekey_time=8h; inactivity=300s' strongswan B; IX=$LONG CX='rekey_time=8h; start_action=trap' strongswan A
  for i in 1 2 3; do users A 10.1.0.1 10.2.0.1 10; sleep 400; stop_users; sleep 900; done; users A 10.1.0.1 10.2.0.1 10; sleep 300; }

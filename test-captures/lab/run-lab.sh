#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real IKEv1/IKEv2 + UDP-encapsulated ESP captures from two strongSwan 5.9.8 charon daemons in two
# network namespaces (userspace ESP: kernel-libipsec over TUN).  root, Debian 12, charon-systemd,
# strongswan-swanctl, libcharon-extra-plugins, libstrongswan-extra-plugins, iproute2, tcpdump, tshark, python3.
# LAB (default ./lab-work) is where everything is downloaded, run and written.
#   run-lab.sh prepare          fetch ping + gcm plugin (apt-get download, unpacked under $LAB/deb)
#   run-lab.sh list             names of the scenarios
#   run-lab.sh one NAME         run one scenario      -> $LAB/out/NAME.pcap, NAME.prof/, NAME.{A,B}.log
#   run-lab.sh all              run every scenario, all in parallel (each has its own two namespaces)
#   run-lab.sh verify [NAME..]  decrypt with tshark + count what is still encrypted
#   run-lab.sh deliver DIR NAME.. copy the results there as NAME.pcap NAME.keys/ NAME.truth.txt NAME.A.conf NAME.B.conf
# Scenarios whose name begins with k_ want the kernel's own ESP/AH: run-uml.sh runs them in its guest ('all' leaves them out here).
SELF=$(readlink -f "$0"); HERE=$(dirname "$SELF")
LAB=${LAB:-$PWD/lab-work}; OUT=${OUT:-$LAB/out}; RUN=${RUN:-$LAB/run}; LIBIPSEC=${LIBIPSEC-kernel-libipsec}  # LIBIPSEC= : kernel ESP
PING=$LAB/deb/root/bin/ping; NAT=$LAB/deb/nat      # NAT: iptables-legacy and conntrack with their libraries

prepare() {
  mkdir -p $LAB/deb $OUT; cd $LAB/deb || exit 1
  [ -x $PING ] || { apt-get download iputils-ping 2>/dev/null && dpkg -x iputils-ping_*.deb root; }
  [ -d std ] || { apt-get download libstrongswan-standard-plugins 2>/dev/null && dpkg -x libstrongswan-standard-plugins_*.deb std; }
  [ -d nat ] || for p in iptables libip4tc2 libip6tc2 libxtables12 conntrack libnetfilter-conntrack3 libmnl0 libnfnetlink0; do
    apt-get download $p 2>/dev/null && dpkg -x ${p}_*.deb nat; done
  rm -rf $LAB/plugins; mkdir $LAB/plugins       # installed plugins + gcm, bind-mounted inside each namespace only
  cp -a /usr/lib/ipsec/plugins/. $LAB/plugins/; cp std/usr/lib/ipsec/plugins/* $LAB/plugins/
}
# ---------------------------------------------------------------- plumbing
OA=192.0.2.1; OB=192.0.2.2                    # the gateways' outer addresses
net_up() {
  ip netns add $NA; ip netns add $NB
  ip -n $NA link add vA type veth peer name vB netns $NB
  for x in "A $NA $OA 10.1.0 fd00:1" "B $NB $OB 10.2.0 fd00:2"; do set -- $x
    case $3 in *:*) l=64;; *) l=24
      ip netns exec $2 sh -c 'cd /proc/sys/net/ipv6/conf 2>/dev/null && echo 1 > all/disable_ipv6';; esac
    ip -n $2 link set lo up; ip -n $2 addr add $3/$l dev v$1 ${V6:+nodad}; ip -n $2 link set v$1 up
    for h in 1 2 3; do ip -n $2 addr add $4.$h/32 dev lo; [ -z "$V6" ] || ip -n $2 addr add $5::$h/128 dev lo; done
  done
  ip -n $NB addr add 10.22.0.1/32 dev lo
}
# A, A2, A3 (192.168.1.2, .2.2, .3.2) behind the NAT N (192.0.2.1), B outside. 
net_up_nat() { local k=0 g n
  ip netns add $NN; ip netns add $NB
  ip -n $NN link add vO type veth peer name vB netns $NB; ip -n $NN addr add 192.0.2.1/24 dev vO; ip -n $NB addr add $OB/24 dev vB
  for g in ${HOSTS% B}; do k=$((k+1)); n=$(ns $g); ip netns add $n
    ip -n $n link add vA type veth peer name vI$k netns $NN
    ip -n $n addr add 192.168.$k.2/24 dev vA; ip -n $NN addr add 192.168.$k.1/24 dev vI$k; ip -n $NN link set vI$k up
    ip -n $n link set lo up; ip -n $n link set vA up; ip -n $n route add default via 192.168.$k.1; ip -n $n addr add 10.1.$k.1/32 dev lo
  done
  for n in $NN $NB; do ip -n $n link set lo up; done; ip -n $NN link set vO up; ip -n $NB link set vB up; ip -n $NB addr add 10.2.0.1/32 dev lo
  for n in $(netns_of); do ip netns exec $n sh -c 'cd /proc/sys/net/ipv6/conf 2>/dev/null && echo 1 > all/disable_ipv6'; done
  ip netns exec $NN sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
}
nat_tool() { local t=$1; shift; LD_LIBRARY_PATH=$NAT/usr/lib/x86_64-linux-gnu XTABLES_LIBDIR=$NAT/usr/lib/x86_64-linux-gnu/xtables ip netns exec $NN $NAT/usr/sbin/$t "$@"; }
# nat_rules [LOW-HIGH]   masquerade everything that leaves by vO, with source ports from that range; forget the flows there were
nat_rules() { printf '*nat\n-A POSTROUTING -o vO -p udp -j MASQUERADE %s\nCOMMIT\n' "${1:+--to-ports $1}" | nat_tool iptables-legacy-restore -w   # all at once
  nat_tool conntrack -F >/dev/null 2>&1; }
netns_of() { ip netns list 2>/dev/null | sed -n "s/^\(lab-$NAME-[A-Z0-9]*\).*/\1/p"; }
net_down() { local n; for n in $(netns_of); do ip netns del $n 2>/dev/null; done; true; }
strongswan_conf() { # A|B, reads CHARON (extra charon options)
cat > $W/$1/strongswan.conf <<E
charon-systemd {
  load = random nonce aes sha1 sha2 md5 hmac kdf xcbc ctr ccm gcm gmp curve25519 drbg $LIBIPSEC kernel-netlink socket-default vici
  retransmit_timeout = 2
  retransmit_tries = 3
  retransmit_base = 1.5
  half_open_timeout = 20
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  ${CHARON:-}
  plugins { vici { socket = unix://$W/$1/vici.sock } }
  filelog { log { path = $W/$1/charon.log
      time_format = %s
      time_add_ms = yes
      ike_name = yes
      flush_line = yes
      append = yes
      default = 1
      ike = 4
      chd = 4
      cfg = 2
      mgr = 2 } }
  syslog { daemon { default = -1 } }
}
E
}
ns() { echo lab-$NAME-$1; }
charon_up() {
  strongswan_conf $1; rm -f $W/$1/vici.sock
  STRONGSWAN_CONF=$W/$1/strongswan.conf ip netns exec $(ns $1) sh -c \
    "mount --bind $LAB/plugins /usr/lib/ipsec/plugins; exec /usr/sbin/charon-systemd" >>$W/$1/stdout.log 2>&1 &
  eval "PID$1=$!"
  for i in $(seq 100); do [ -S $W/$1/vici.sock ] && return 0; sleep 0.1; done; echo "$NAME: charon $1 not up"; return 1
}
charon_down() { local p; eval "p=\$PID$1"; kill -${2:-TERM} $p 2>/dev/null; wait $p 2>/dev/null; }
sw() { local g=$1; shift; local c=$1; shift
  STRONGSWAN_CONF=$W/$g/strongswan.conf SWANCTL_DIR=$W/$g/swanctl timeout 40 \
    ip netns exec $(ns $g) swanctl $c --uri unix://$W/$g/vici.sock "$@" >>$W/$g/swanctl.log 2>&1; }
kids() { # the children of a connection: KIDS (lines: name local_ts remote_ts), or else one called net
  local n l r; echo "${KIDS:-net $LTS $RTS}" | while read -r n l r; do cat <<E
  children { $n {
    local_ts = $l
    remote_ts = $r
    ${PROP:-esp_proposals = ${ESPP:-aes256-sha256-modp2048}}
    ${CH:-}
  } }
E
  done; }
conn() { # name, local address, remote address, local id, remote id
cat <<E
connections { $1 {
  version = $V
  local_addrs = $2
  remote_addrs = $3
  proposals = ${IKEP:-aes256-sha256-modp2048}
  mobike = no
  ${IKE:-}
  local  { auth = psk
           id = $4 }
  remote { auth = psk
           id = $5 }
$(kids)
} }
E
}
secret() { echo "secrets { ike-1 { secret = \"${PSK:-lab-psk-not-a-secret}\" } }"; }
peer() { # A|B ; reads V(version) IKEP ESPP|PROP PSK ; LTS RTS (traffic selectors) or KIDS ; IKE CH (extra lines)
  local l=$OA r=$OB; [ $1 = B ] && { l=$OB; r=$OA; }
  mkdir -p $W/$1/swanctl; { conn site $l $r $l $r; secret; } > $W/$1/swanctl/swanctl.conf
}
N1=10.1.0.0/24; N2=10.2.0.0/24
A() { LTS=${LTS:-$N1} RTS=${RTS:-$N2} peer A; }      # usage:  IKE=.. CH=.. A
B() { LTS=${LTS:-$N2} RTS=${RTS:-$N1} peer B; }
# what is on the wire: with the kernel's ESP the interface also shows each packet that came in once more, decrypted
WIRE='not arp and not net 10.0.0.0/8 and not ip6 net fd00::/16'
capture() { rm -f $OUT/$NAME.pcap; ip netns exec $1 tcpdump -Z root -U -i $2 -w $OUT/$NAME.pcap "$WIRE" 2>/dev/null & CAP=$!; sleep 1; }
start() { net_up; capture $NA vA; charon_up A; charon_up B; sw B --load-all; sw A --load-all; }
start_nat() { local g; net_up_nat; nat_rules $1; capture $NN vO; for g in $HOSTS; do charon_up $g; done; sw B --load-all; for g in ${HOSTS% B}; do sw $g --load-all; done; }
up()   { sw A --initiate --child net --timeout 20; }
down() { sw A --terminate --ike site --timeout 10; }
# ping_for SECONDS   along every line of PINGS (source, destination[, host]), every I seconds, S bytes
ping_for() { local end=$((SECONDS+$1)) p s d g; while [ $SECONDS -lt $end ]; do p=
    while read -r s d g; do
      ip netns exec $(ns ${g:-A}) $PING -q -i ${I:-0.5} -s ${S:-120} -w $((end-SECONDS)) -I $s $d >>$W/ping.log 2>&1 & p="$p $!"; sleep 0.1
    done <<< "${PINGS:-10.1.0.1 10.2.0.1}"; wait $p; sleep 1; done; }
finish() { local g l=; for g in $HOSTS; do sw $g --list-sas; done; for g in $HOSTS; do charon_down $g; done; sleep 1; kill -INT $CAP; wait $CAP 2>/dev/null
  for g in $HOSTS; do cp $W/$g/charon.log $OUT/$NAME.$g.log; cp $W/$g/swanctl/swanctl.conf $OUT/$NAME.$g.swanctl.conf; l="$l $OUT/$NAME.$g.log"; done
  python3 $HERE/keys2uat.py $OUT/$NAME.prof $l; net_down; }
# ---------------------------------------------------------------- scenarios
R1='rekey_time = 45s
 over_time = 10s
 rand_time = 3s'
C1='rekey_time = 20s
 life_time = 30s
 rand_time = 2s'
LONG='rekey_time = 4h'
s_v2_healthy()     { V=2; IKE=$R1 CH=$C1 A; IKE=$LONG CH='rekey_time = 1h' B; start; up; ping_for 120; finish; }
s_v1_healthy()     { V=1; IKE=$R1 CH=$C1 A; IKE=$LONG CH='rekey_time = 1h' B; start; up; ping_for 120; finish; }
s_v2_gcm_reauth()  { V=2; IKEP=aes256gcm16-prfsha256-modp2048; ESPP=aes256gcm16-modp2048
  IKE='reauth_time = 30s
 rekey_time = 0
 over_time = 10s
 rand_time = 2s' CH=$C1 A; IKE=$LONG CH='rekey_time = 1h' B; start; up; ping_for 100; finish; }
s_v1_aggressive()  { V=1; IKE="aggressive = yes
 $R1" CH=$C1 A; IKE="aggressive = yes
 $LONG" CH='rekey_time = 1h' B; start; up; ping_for 60; finish; }
tsm() { A; LTS=10.22.0.0/24 B; start; for i in 1 2 3 4 5 6; do up; sleep 6; done; finish; }
s_v2_ts_mismatch() { V=2; tsm; }
s_v1_ts_mismatch() { V=1; tsm; }
s_v2_ts_narrowed() { V=2; LTS=10.1.0.0/16 RTS=10.2.0.0/16 CH=$C1 A; B; start; up; ping_for 40; finish; }
espm() { ESPP=aes256-sha256-modp2048 A; ESPP=aes128-sha1-modp2048 B; start; for i in 1 2 3 4 5; do up; sleep 6; done; finish; }
s_v2_esp_noprop()  { V=2; espm; }
s_v1_esp_noprop()  { V=1; espm; }
ikem() { IKEP=aes256-sha256-modp2048 A; IKEP=aes128-sha1-modp1536 B; start; for i in 1 2 3 4 5; do up; sleep 5; done; finish; }
s_v2_ike_noprop()  { V=2; ikem; }
s_v1_ike_noprop()  { V=1; ikem; }
pskm() { A; PSK=another-lab-psk B; start; for i in 1 2 3; do up; sleep 5; done; finish; }
s_v2_psk_mismatch(){ V=2; pskm; }
s_v1_psk_mismatch(){ V=1; pskm; }
# phase 1 / phase 2 lifetimes 3600 (initiator) against 28800 (responder); four rounds of up/down,
# initiated by A, B, A, B (a strongSwan responder echoes the initiator's lifetime)
s_v1_life_mismatch() { V=1; IKE='rekey_time = 3600s
 over_time = 0
 rand_time = 0' CH='rekey_time = 3500s
 life_time = 3600s' A; IKE='rekey_time = 28800s
 over_time = 0
 rand_time = 0' CH='rekey_time = 28000s
 life_time = 28800s' B; start; for g in A B A B; do sw $g --initiate --child net; ping_for 8; sw $g --terminate --ike site; sleep 2; done; finish; }
# the side with the long lifetime initiates, the responder (25 s) has to rekey / expire it
life_short() { IKE='rekey_time = 28800s' CH='rekey_time = 28000s
 life_time = 28800s' A; IKE='rekey_time = 40s
 over_time = 5s
 rand_time = 0' CH='rekey_time = 20s
 life_time = 25s
 rand_time = 0' B; start; up; ping_for 100; finish; }
s_v1_life_short_responder() { V=1; life_short; }
s_v2_life_short_responder() { V=2; life_short; }
# phase 2 lives for 6 minutes at A, who does not renew it, and for an hour at B, who sees no reason to; whoever notices sets it up again
s_v1_life_ends() { V=1; IKE=$LONG CH='rekey_time = 0
 life_time = 360s' A; IKE=$LONG CH='rekey_time = 3500s
 life_time = 3600s' B; start; for g in 'A 370' 'B 370' 'A 370' 'B 60'; do set -- $g; sw $1 --initiate --child net --timeout 20; I=3 S=32 ping_for $2; done; finish; }
# PFS group differs: first CHILD_SA comes up (no DH in IKE_AUTH), every rekey is refused, SA expires, restarted
pfs() { IKE=$LONG ESPP=aes256-sha256-modp2048 CH="$C1
 start_action = start
 close_action = start
" A; IKE=$LONG ESPP=aes256-sha256-modp3072 CH='rekey_time = 1h' B; start; for i in 1 2 3; do ping_for 34; down; sleep 2; up; done; finish; }
s_v2_pfs_flap()    { V=2; pfs; }
s_v1_pfs_mismatch(){ V=1; pfs; }
flap() { A; B; start; for i in $(seq 12); do up; ping_for 3; down; sleep 1; done; finish; }
s_v2_flap()        { V=2; flap; }
s_v1_flap()        { V=1; flap; }
# both ends initiate at once and again; unique = never keeps duplicate IKE_SAs and CHILD_SAs
s_v2_dup()         { V=2; IKE="unique = never
 $R1" CH=$C1 A; IKE="unique = never
 $R1" CH=$C1 B; start; for i in 1 2 3; do sw A --initiate --child net & p=$!; sw B --initiate --child net; wait $p; sleep 3; done; ping_for 60; finish; }
# peer dies (SIGKILL), DPD, then comes back with fresh state
dpd() { IKE='keyingtries = 0
 dpd_delay = 5s
 dpd_timeout = 15s' CH='dpd_action = restart
 start_action = start' A; IKE='dpd_delay = 5s' B; start; ping_for 20; charon_down B KILL; ip -n $NB link del ipsec0 2>/dev/null
  ping_for 35; charon_up B; sw B --load-all; ping_for 35; finish; }
s_v2_dpd()         { V=2; dpd; }
s_v1_dpd()         { V=1; dpd; }
# the same with the kernel's ESP
s_k_v2_healthy()   { s_v2_healthy; }
s_k_v2_flap()      { V=2; flap; }
s_k_v1_flap()      { V=1; flap; }
# two children side by side in one IKE_SA, each rekeyed every 20 s by A
parallel() { KIDS='net1 10.1.0.1/32 10.2.0.1/32
net2 10.1.0.2/32 10.2.0.2/32' IKE=$LONG CH=$C1 A; KIDS='net1 10.2.0.1/32 10.1.0.1/32
net2 10.2.0.2/32 10.1.0.2/32' IKE=$LONG CH='rekey_time = 1h' B; start; for c in net1 net2; do sw A --initiate --child $c --timeout 20; done
  PINGS='10.1.0.1 10.2.0.1
10.1.0.2 10.2.0.2' ping_for 70; finish; }
s_k_v2_parallel()  { V=2; parallel; }
# of two children, A deletes one in mid-ping, twice, and sets it up again once; the other goes on
pair() { local two='10.1.0.1 10.2.0.1
10.1.0.2 10.2.0.2'; KIDS='net1 10.1.0.1/32 10.2.0.1/32
net2 10.1.0.2/32 10.2.0.2/32' IKE=$LONG CH='rekey_time = 1h' A; KIDS='net1 10.2.0.1/32 10.1.0.1/32
net2 10.2.0.2/32 10.1.0.2/32' IKE=$LONG CH='rekey_time = 1h' B; start; for c in net1 net2; do sw A --initiate --child $c --timeout 20; done; PINGS=$two; "$@"; finish; }
die_twice() { (sleep 30; sw A --terminate --child net2; sleep 25; sw A --initiate --child net2; sleep 25; sw A --terminate --child net2) & ping_for 110; }
# the same, but it is the application that stops; its SAs stay
stop_once() { ping_for 30; PINGS='10.1.0.1 10.2.0.1' ping_for 45; ping_for 20; }
s_v2_pair_down()   { V=2; pair die_twice; }
s_v2_pair_idle()   { V=2; pair stop_once; }
s_k_v2_ipv6()      { V=2 V6=1 OA=2001:db8::1 OB=2001:db8::2; LTS=fd00:1::/64 RTS=fd00:2::/64 CH=$C1 A; LTS=fd00:2::/64 RTS=fd00:1::/64 CH='rekey_time = 1h' B
  start; up; PINGS='fd00:1::1 fd00:2::1' ping_for 40; finish; }
s_k_v2_ah()        { V=2 PROP='ah_proposals = sha256-modp2048'; CH=$C1 A; CH='rekey_time = 1h' B; start; up; ping_for 40; finish; }
s_k_v2_transport() { V=2 LTS=dynamic RTS=dynamic; CH="mode = transport
 $C1" A; CH='mode = transport
 rekey_time = 1h' B; start; up; PINGS="$OA $OB" ping_for 40; finish; }
# generations end when A has counted 7000 bytes; the pace of the ping changes
volume() { IKE=$LONG CH='rekey_time = 1h
 rekey_bytes = 7000
 life_bytes = 30000
 rand_bytes = 0' A; IKE=$LONG CH='rekey_time = 1h' B; start; up
  for p in "0.5 30" "0.15 10" "0.9 50" "0.25 20" "0.5 20"; do set -- $p; I=$1 ping_for $2; done; finish; }
s_k_v2_volume()    { V=2; volume; }
s_v2_volume()      { V=2; volume; }
# nothing but liveness checks
s_v2_idle()        { V=2; IKE="dpd_delay = 5s
 $LONG" CH='rekey_time = 1h' A; IKE=$LONG CH='rekey_time = 1h' B; start; up; sleep 60; finish; }
# after 20 s B still gets and decrypts every ping, but answers none
oneway() { start; up; ping_for 20; ip netns exec $NB sh -c 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all'; ping_for 60; finish; }
s_v2_one_way()       { V=2; IKE=$LONG CH='rekey_time = 1h' A; IKE=$LONG CH='rekey_time = 1h' B; oneway; }
s_v2_one_way_rekey() { V=2; IKE=$LONG CH=$C1 A; IKE=$LONG CH='rekey_time = 1h' B; oneway; }
# three initiators behind one NAT address; the capture is outside of the NAT
nat_a() { local k=${1#A}; k=${k:-1}; mkdir -p $W/$1/swanctl; { KIDS="net 10.1.$k.0/24 10.2.0.0/24" conn site 192.168.$k.2 $OB site$k.example gw.example; secret; } > $W/$1/swanctl/swanctl.conf; }
nat_b() { local g k; mkdir -p $W/B/swanctl; { for g in ${HOSTS% B}; do k=${g#A}; k=${k:-1}
    KIDS="net 10.2.0.0/24 10.1.$k.0/24" conn site$k $OB %any gw.example site$k.example; done; secret; } > $W/B/swanctl/swanctl.conf; }
s_v2_nat3()        { V=2 HOSTS='A A2 A3 B'; for g in A A2 A3; do IKE=$LONG CH=$C1 nat_a $g; done; IKE=$LONG CH='rekey_time = 1h' nat_b
  start_nat; for g in A A2 A3; do sw $g --initiate --child net --timeout 20; sleep 1; done
  I=0.8 PINGS='10.1.1.1 10.2.0.1 A
10.1.2.1 10.2.0.1 A2
10.1.3.1 10.2.0.1 A3' ping_for 60; finish; }
# the NAT forgets the flows in mid-traffic and takes another source port, twice; A finds out with a DPD after 10 s
rebind() { HOSTS='A B'; IKE="dpd_delay = 10s
 $LONG" CH='rekey_time = 1h' nat_a A; IKE=$LONG CH='rekey_time = 1h' nat_b; PINGS='10.1.1.1 10.2.0.1'
  start_nat 20000-20999; up; ping_for 25; for r in 30000-30999 40000-40999; do (sleep 5; nat_rules $r) & p=$!; ping_for 35; wait $p; done; finish; }
s_v2_nat_rebind()  { V=2; rebind; }
s_k_v2_nat_rebind() { V=2; rebind; }
# ----------------------------------------------------------------
scen() { declare -F | sed -n 's/^declare -f s_//p'; }
one() { NAME=$1; W=$RUN/$NAME; HOSTS='A B'; NA=$(ns A) NB=$(ns B) NN=$(ns N); rm -rf $W; mkdir -p $W/A $W/B; net_down
  local t0=$SECONDS; s_$NAME; echo "$NAME: $((SECONDS-t0)) s"; }
deliver() { local d=$1 n g l; shift; for n in "$@"; do cp $OUT/$n.pcap $d/; rm -rf $d/$n.keys; cp -r $OUT/$n.prof $d/$n.keys
  for g in A A2 A3 B; do [ -f $OUT/$n.$g.log ] && cp $OUT/$n.$g.swanctl.conf $d/$n.$g.conf; done; bash $HERE/make-truth.sh $OUT $n > $d/$n.truth.txt; done; }
verify() { cd $OUT; for n in "$@"; do export WIRESHARK_CONFIG_DIR=$OUT/$n.prof
  q() { tshark -r $n.pcap -Y "$1" 2>/dev/null | wc -l; }
  printf '%-24s %7d B  ike %3d (enc. payload %3d, decrypted %3d)  esp %4d (icv good %4d, bad %d, inner decoded %4d) delete %d  TS/ID-clear %d\n' $n $(stat -c %s $n.pcap) \
   $(q isakmp) $(q 'isakmp.enc.data || isakmp.flag_e==1') $(q 'isakmp.enc.decrypted || (isakmp.flag_e==1 && (isakmp.typepayload==8 || isakmp.typepayload==5))') \
   $(q esp) $(q 'esp.icv_good==1') $(q 'esp.icv_bad==1') $(q 'esp && icmp') $(q 'isakmp.typepayload==42 || isakmp.typepayload==12') $(q 'isakmp.ts.type || (isakmp.exchangetype==32 && isakmp.typepayload==5)'); done; }
case ${1:-all} in
  prepare) prepare;;
  list) scen;;
  one) [ -d $LAB/plugins ] || prepare; one $2;;
  all) [ -d $LAB/plugins ] || prepare; for s in $(scen | grep -v ^k_); do bash $SELF one $s & done; wait;;
  deliver) shift; deliver "$@";;
  verify) shift; verify ${@:-$(cd $OUT; ls *.prof -d | sed 's/.prof//')};;
esac

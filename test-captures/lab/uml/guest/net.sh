# SPDX-License-Identifier: GPL-2.0-or-later
# The network: gateways A (192.0.2.1), B (192.0.2.2), C (192.0.2.3), each a network namespace, with 10.1.0.1 to .4, 10.2.0.1 to .4, 10.3.0.1 to .4 of their
# users on lo. M, between them, is a switch or a router; its interfaces mA, mB, mC are where captures are made, and where 8 ms pass each way.
# A gateway's packets come to a capture before M does anything to them; what M drops on the way to a gateway is not in that gateway's capture.
declare -A NUMBER=([A]=1 [B]=2 [C]=3)

# Users' packets that no SA protects are lost in M, as on the internet, and in no capture
USERS=10.0.0.0/14
nothing_plain() {
  echo "table $1 plain { chain forward { type filter hook forward priority 10; ip saddr $USERS drop; }; }" | ip netns exec M nft -f - 2>> $T/done
}

namespace() {
  ip netns add $1
  ip -n $1 link set lo up
  ip netns exec $1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
}

gateway() { # NAME ADDRESS: with its link to M
  local h
  namespace $1
  ip -n $1 link add v$1 type veth peer name m$1 netns M
  ip -n $1 addr add $2 dev v$1
  ip -n $1 link set v$1 up
  ip -n M link set m$1 up
  for h in 1 2 3 4; do ip -n $1 addr add 10.${NUMBER[$1]}.0.$h/32 dev lo; done
  tc -n M qdisc add dev m$1 root netem delay 8ms limit 10000
}

switch_up() { # A, B and C on one switch. Nobody asks for MAC addresses: that would lie in the captures
  local a b
  namespace M
  ip -n M link add br0 type bridge
  ip -n M link set br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0
  ip -n M link set br0 up
  for a in A B C; do
    gateway $a 192.0.2.${NUMBER[$a]}/24
    ip -n M link set m$a master br0
  done
  for a in A B C; do
    for b in A B C; do
      [ $a = $b ] && continue
      ip -n $a neigh replace 192.0.2.${NUMBER[$b]} lladdr $(ip netns exec $b cat /sys/class/net/v$b/address) dev v$a nud permanent
      ip -n $a route add 10.${NUMBER[$b]}.0.0/16 via 192.0.2.${NUMBER[$b]}
    done
  done
  nothing_plain bridge
}

router_up() { # A and B on links of their own to M, which routes
  local g
  namespace M
  for g in A B; do
    gateway $g 192.0.2.${NUMBER[$g]}/32
    ip -n M addr add 192.0.2.254/32 dev m$g
    ip -n M route add 192.0.2.${NUMBER[$g]}/32 dev m$g
    ip -n $g route add 192.0.2.254/32 dev v$g
    ip -n $g route add default via 192.0.2.254 src 192.0.2.${NUMBER[$g]}
  done
  ip netns exec M sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
  nothing_plain ip
}

# nat_up [OPTIONS]: A (10.77.0.1) and C (10.78.0.1) behind M, which is 192.0.2.1 to B and drops what comes to it unasked. OPTIONS are masquerade's
nat_up() {
  local g
  namespace M
  gateway A 10.77.0.1/24
  gateway C 10.78.0.1/24
  gateway B 192.0.2.2/24
  ip -n M addr add 10.77.0.254/24 dev mA
  ip -n M addr add 10.78.0.254/24 dev mC
  ip -n M addr add 192.0.2.1/24 dev mB
  ip -n A route add default via 10.77.0.254
  ip -n C route add default via 10.78.0.254
  ip -n B route add default via 192.0.2.1
  ip netns exec M sysctl -qw net.ipv4.ip_forward=1
  nothing_plain ip
  nat_rules "$@"
}

nat_rules() {
  ip netns exec M nft -f - <<RULES
table ip nat
delete table ip nat
table ip nat {
 chain after {
  type nat hook postrouting priority 100;
  oifname "mB" meta l4proto udp masquerade ${1:-}
  oifname "mB" masquerade
 }
 chain unasked {
  type filter hook input priority 0;
  iifname "mB" udp dport { 1-65535 } drop
 }
}
RULES
}

# nat_timeout SECONDS: how long M keeps a UDP mapping that nobody uses
nat_timeout() { ip netns exec M sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$1 net.netfilter.nf_conntrack_udp_timeout_stream=$1; }

capture() { # POINT..: interfaces of M
  local point
  for point in "$@"; do
    ip netns exec M tcpdump -Z root -U -s 0 -i $point -w $OUT/$NAME.$point.pcap "(udp or esp or ah or icmp or (ip[6:2] & 0x1fff != 0)) and not net $USERS" 2>/dev/null &
    CAPTURES="$CAPTURES $!"
  done
  sleep 1
}

watch_kernels() { # what each kernel has of SAs, and when
  local g
  for g in A B C; do
    [ -e /run/netns/$g ] || continue
    ip -n $g -ts xfrm monitor SA expire > $T/$g.xfrm 2>/dev/null &
    MONITORS="$MONITORS $!"
  done
}

begin() { # [TOPOLOGY [POINT..]]: the network, and all that watches it
  local topology=${1:-switch}
  ${topology}_up
  shift
  watch_kernels
  capture ${@:-mA}
}

# users GATEWAY SOURCE DESTINATION SECONDS [BYTES [PING'S OPTIONS]]: a user who sends a ping every so many seconds, to the end; his own log
# (ping.NAME.GATEWAY.SOURCE.DESTINATION.SECONDS) tells when he was answered
users() {
  local g=$1 source=$2 destination=$3 every=$4 bytes=${5:-32}
  shift $(($# > 5 ? 5 : $#))
  (while :; do
    ip netns exec $g ping -n -D -O -i $every -s $bytes "$@" -I $source $destination >> $T/ping.$NAME.$g.$source.$destination.$every 2>&1
    sleep 1
  done) &
  TRAFFIC="$TRAFFIC $!"
}

end_users() {
  local p
  for p in $(ip netns pids $1 2>/dev/null); do
    case $(cat /proc/$p/comm) in ping) kill -INT $p;; esac
  done
}

stop_users() { # all of them, until users is called anew
  local p
  for p in $TRAFFIC; do kill $p; done
  TRAFFIC=''
  for p in A B C; do end_users $p; done
}

net_down() {
  local n p
  for n in A B C M; do
    [ -e /run/netns/$n ] || continue
    for p in $(ip netns pids $n); do kill -9 $p; done
    ip netns del $n
  done
}

# note TEXT: what the scenario does, when it does it
note() { echo "$(date +%s.%3N) $*" >> $T/done; }

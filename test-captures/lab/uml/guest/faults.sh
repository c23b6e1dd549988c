# SPDX-License-Identifier: GPL-2.0-or-later
# What goes wrong on the way. Each fault notes when it begins and when it is over.

path() { # TO WORDS..: what netem does to all that M sends to a gateway
  local g=$1
  shift
  tc -n M qdisc replace dev m$g root netem limit 10000 "$@"
}

cut_path() { # SECONDS: nothing arrives anywhere
  note "path cut"
  path A loss 100%; path B loss 100%
  sleep $1
  path A delay 8ms; path B delay 8ms
  note "path whole"
}

cut_way_to() { # GATEWAY SECONDS: nothing arrives there; what that gateway sends does
  note "nothing arrives at $1"
  path $1 loss 100%
  sleep $2
  path $1 delay 8ms
  note "all arrives at $1"
}

lose() { # PERCENT SECONDS, both ways
  note "$1 % of all packets lost, each way"
  path A loss $1% delay 8ms; path B loss $1% delay 8ms
  sleep $2
  path A delay 8ms; path B delay 8ms
  note "no loss"
}

# firewall RULE..: the switch, or the router, drops what a rule of nft's matches
firewall() {
  local family=ip rule
  ip netns exec M test -e /sys/class/net/br0 && family=bridge
  note "firewall drops: $*"
  { echo "table $family firewall { chain forward { type filter hook forward priority 0;"
    for rule in "$@"; do echo "$rule drop"; done
    printf '}\n}\n'; } | ip netns exec M nft -f - 2>> $T/done
}

firewall_off() {
  local family=ip
  ip netns exec M test -e /sys/class/net/br0 && family=bridge
  ip netns exec M nft delete table $family firewall
  note "firewall drops nothing"
}

forget_sas() { # GATEWAY: its kernel does, as after a restart
  note "$1's kernel loses its SAs"
  ip -n $1 xfrm state flush
}

lose_power() { # GATEWAY: its daemon says nothing more, its kernel has neither SAs nor policies, and nothing gets to it
  note "$1 loses its power"
  path $1 loss 100%
  kill_daemon $1 KILL
  sleep 0.2
  ip -n $1 xfrm state flush
  ip -n $1 xfrm policy flush
}

restart() { # GATEWAY
  path $1 delay 8ms
  start_daemon $1
}

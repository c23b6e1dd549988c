# SPDX-License-Identifier: GPL-2.0-or-later
# The three daemons. strongswan, libreswan, openiked GATEWAY write a configuration and start; what it says comes from these variables, all with defaults:
# all:        V 1 or 2 (IKE); L, R addresses; LID, RID identities; LTS, RTS selectors; KEY the pre-shared one; IKEP, ESPP proposals in the daemon's words
# strongSwan: IX, CX lines on the IKE SA and on the child; LAUTH, RAUTH, ROUND2 authentication; CHILD its name, CHILDREN more of them; SECRETS; CHARON options
# libreswan:  LX lines on the connection; AUTO; UNIQUE
# OpenIKED:   ENC, AUTH, GROUP of the child; IENC, IGROUP of the IKE SA; LIFE, BYTES, ILIFE; MODE active or passive
# Lines are name=value, with semicolons between them. MORE is another connection, as show_strongswan or show_libreswan print it.
declare -A KIND
PSK=lab-psk-not-a-secret
PLUGINS="random nonce aes des sha1 sha2 md4 md5 hmac kdf xcbc ctr ccm gcm gmp curve25519 drbg pem pkcs1 pkcs8 x509 pubkey constraints openssl kernel-netlink socket-default vici eap-identity eap-mschapv2 eap-md5 xauth-generic"

sides() { # GATEWAY: fills in what was not given of addresses and selectors, of which "host" is the gateways' own addresses. Callers have them as locals
  local other=B
  [ $1 = B ] && other=A
  L=${L:-192.0.2.${NUMBER[$1]}}
  R=${R:-192.0.2.${NUMBER[$other]}}
  LTS=${LTS:-10.${NUMBER[$1]}.0.0/24}
  RTS=${RTS:-10.${NUMBER[$other]}.0.0/24}
}

lines() { echo "$1" | sed 's/; */\n/g' | sed "s/^/$2/"; }

# --- strongSwan ---------------------------------------------------------------------------------------------------------------

show_strongswan() { # [NAME]
  cat <<CONFIG
connections { ${1:-site} {
    version = ${V:-2}
    local_addrs = $L
    remote_addrs = $R
    proposals = ${IKEP:-aes256-sha256-modp2048}
    mobike = no
$(lines "${IX:-}" '    ')
    local {
        ${LAUTH:-auth = psk}
        id = ${LID:-$L}
    }
    remote {
        ${RAUTH:-auth = psk}
        id = ${RID:-$R}
    }
    ${ROUND2:-}
    children { ${CHILD:-net} {
        local_ts = ${LTS/host/dynamic}
        remote_ts = ${RTS/host/dynamic}
        esp_proposals = ${ESPP:-aes256-sha256-modp2048}
$(lines "${CX:-}" '        ')
    } }
    ${CHILDREN:-}
} }
CONFIG
}

strongswan() {
  local L=$L R=$R LTS=$LTS RTS=$RTS
  sides $1
  mkdir -p $T/$1/swanctl/{x509,x509ca,private}
  { show_strongswan ${CONN:-site}; echo "${MORE:-}"
    echo "secrets { ike-1 { secret = \"${KEY:-$PSK}\" } }"; echo "${SECRETS:-}"; } > $T/$1/swanctl/swanctl.conf
  cp $T/$1/swanctl/swanctl.conf $T/$1/config
  cat > $T/$1/strongswan.conf <<CONFIG
charon-systemd {
  load = $PLUGINS
  install_routes = no
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  ${CHARON:-}
  plugins { vici { socket = unix://$T/$1/vici.sock } }
  filelog { log {
    path = $T/$1/charon.log
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
CONFIG
  KIND[$1]=strongswan
  start_daemon $1
}

start_strongswan() {
  rm -f $T/$1/vici.sock
  STRONGSWAN_CONF=$T/$1/strongswan.conf ip netns exec $1 charon-systemd > $T/$1/stdout 2>&1 &
  for i in $(seq 100); do [ -S $T/$1/vici.sock ] && break; sleep 0.1; done
  control $1 --load-all
}

control() { # GATEWAY COMMAND..: strongSwan's swanctl
  local g=$1 command=$2
  shift 2
  STRONGSWAN_CONF=$T/$g/strongswan.conf SWANCTL_DIR=$T/$g/swanctl timeout 300 ip netns exec $g swanctl $command --uri unix://$T/$g/vici.sock "$@" >> $T/$g/swanctl.log 2>&1
}

# --- libreswan ----------------------------------------------------------------------------------------------------------------

show_libreswan() { # [NAME]
  cat <<CONFIG
conn ${1:-site}
	ikev2=$([ "${V:-2}" = 1 ] && echo no || echo yes)
	authby=${AUTHBY:-secret}
	left=$L
	right=$R
	leftid=${LID:-$L}
	rightid=${RID:-$R}
	$([ $LTS = host ] || echo leftsubnet=$LTS)
	$([ $RTS = host ] || echo rightsubnet=$RTS)
	ike=${IKEP:-aes256-sha2_256;modp2048}
	phase2alg=${ESPP:-aes256-sha2_256;modp2048}
	auto=${AUTO:-add}
$(lines "${LX:-}" '	')

CONFIG
}

libreswan() {
  local L=$L R=$R LTS=$LTS RTS=$RTS
  sides $1
  mkdir -p $T/$1/{nss,run}
  cp /guest/nss/* $T/$1/nss/
  { printf 'config setup\n\tuniqueids=%s\n\tikev1-policy=accept\n\n' ${UNIQUE:-yes}; show_libreswan; echo "${MORE:-}"; } > $T/$1/ipsec.conf
  cp $T/$1/ipsec.conf $T/$1/config
  echo ": PSK \"${KEY:-$PSK}\"" > $T/$1/ipsec.secrets
  KIND[$1]=libreswan
  start_daemon $1
}

start_libreswan() {
  rm -f $T/$1/run/*
  ip netns exec $1 /usr/libexec/ipsec/pluto --nofork --config $T/$1/ipsec.conf --secretsfile $T/$1/ipsec.secrets --rundir $T/$1/run --nssdir $T/$1/nss \
    --logfile $T/$1/pluto.log --no-dnssec --virtual-private "" > $T/$1/stdout 2>&1 &
  for i in $(seq 100); do [ -S $T/$1/run/pluto.ctl ] && break; sleep 0.1; done
  sleep 1     # it loads its connections by itself, and begins what auto=start or ondemand says
}

whack() { # GATEWAY OPTIONS..: libreswan's control
  local g=$1
  shift
  timeout 100 ip netns exec $g /usr/libexec/ipsec/whack --ctlsocket $T/$g/run/pluto.ctl "$@" >> $T/$g/whack.log 2>&1
}

# --- OpenIKED -----------------------------------------------------------------------------------------------------------------
# Its HMAC-SHA-256 is cut to 96 bits in Linux's kernel: with the other daemons HMAC-SHA-1 is what works

openiked() {
  local L=$L R=$R LTS=$LTS RTS=$RTS
  sides $1
  mkdir -p $T/$1
  cat > $T/$1/config <<CONFIG
ikev2 "site" ${MODE:-active} esp from $LTS to $RTS local $L peer $R \\
 ikesa enc ${IENC:-aes-256} prf hmac-sha2-256 auth hmac-sha2-256 group ${IGROUP:-modp2048} \\
 childsa enc ${ENC:-aes-256} auth ${AUTH:-hmac-sha1} group ${GROUP:-modp2048} noesn \\
 srcid ${LID:-$L} dstid ${RID:-$R} ikelifetime ${ILIFE:-0} lifetime ${LIFE:-3600} bytes ${BYTES:-4G} psk "${KEY:-$PSK}"
CONFIG
  cp $T/$1/config $T/$1/iked.conf
  chmod 600 $T/$1/iked.conf
  KIND[$1]=openiked
  start_daemon $1
}

start_openiked() {
  ip netns exec $1 iked -d -v -v -v -f $T/$1/iked.conf -s $T/$1/iked.sock 2>&1 | while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done >> $T/$1/iked.log &
  sleep 2
}

# --- all ----------------------------------------------------------------------------------------------------------------------

start_daemon() {
  note "$1: ${KIND[$1]} starts"
  start_${KIND[$1]} $1
}

kill_daemon() { # GATEWAY SIGNAL
  local p
  for p in $(ip netns pids $1 2>/dev/null); do
    case $(cat /proc/$p/comm 2>/dev/null) in charon*|pluto|iked|addconn) kill -$2 $p;; esac
  done
}

initiate() { # GATEWAY [CHILD or connection]
  note "$1 initiates ${2:-}"
  case ${KIND[$1]} in
    strongswan) control $1 --initiate --child ${2:-net} --timeout 60;;
    libreswan) whack $1 --name ${2:-site} --initiate --asynchronous;;
  esac
}

terminate() { # GATEWAY [connection]
  note "$1 terminates ${2:-}"
  case ${KIND[$1]} in
    strongswan) control $1 --terminate --ike ${2:-site} --timeout 60;;
    libreswan) whack $1 --name ${2:-site} --terminate;;
  esac
}

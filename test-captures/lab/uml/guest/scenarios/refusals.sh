# SPDX-License-Identifier: GPL-2.0-or-later
# The peers do not agree: keys, identities, proposals, selectors, groups, certificates, passwords. A tries for 15 min.
TRY='keyingtries=0'
users_of_a() { users A 10.1.0.1 10.2.0.1 15; sleep ${1:-900}; }

s_so_v2_psk() { begin; MODE=passive openiked B; KEY=another IX=$TRY CX='start_action=trap' ESPP=aes256-sha1-modp2048 strongswan A; users_of_a; }
s_os_v2_psk() { begin; ESPP=aes256-sha1-modp2048 strongswan B; KEY=another openiked A; users_of_a; }
s_sl_v1_psk() { V=1; begin; libreswan B; KEY=another IX=$TRY CX='start_action=trap' strongswan A; users_of_a; }
s_ls_v1_psk() { V=1; begin; strongswan B; KEY=another AUTO=ondemand libreswan A; users_of_a; }
# B expects another name of A
s_ls_v2_id() { begin; RID=a.example strongswan B; AUTO=ondemand LID=@a.lab libreswan A; users_of_a; }
s_so_v2_id() { begin; MODE=passive RID=a.example openiked B; LID=a.lab IX=$TRY CX='start_action=trap' ESPP=aes256-sha1-modp2048 strongswan A; users_of_a; }
# A expects another name of B: A, who began, says no
s_sl_v2_id_a() { begin; LID=@b.lab libreswan B; RID=b.example IX=$TRY CX='start_action=trap' strongswan A; users_of_a; }
s_ls_v2_ikeprop() { begin; strongswan B; IKEP='aes128-sha1;modp2048' AUTO=ondemand libreswan A; users_of_a; }
s_so_v2_ikeprop() { begin; MODE=passive openiked B; IKEP=aes128-sha1-modp1536 IX=$TRY CX='start_action=trap' ESPP=aes256-sha1-modp2048 strongswan A; users_of_a; }
s_sl_v2_espprop() { begin; ESPP='aes128-sha1;modp2048' libreswan B; IX=$TRY CX='start_action=trap' strongswan A; users_of_a; }
s_ls_v1_espprop() { V=1; begin; ESPP=aes128-sha1-modp2048 strongswan B; AUTO=ondemand libreswan A; users_of_a; }
s_sl_v1_ts() { V=1; begin; LTS=10.22.0.0/24 libreswan B; IX=$TRY CX='start_action=trap' strongswan A; users_of_a; }
s_ol_v2_ts() { begin; LTS=10.22.0.0/24 ESPP='aes256-sha1;modp2048' libreswan B; openiked A; users_of_a; }
# groups differ, which only a rekey shows: the child of IKE_AUTH brings no key exchange
s_so_v2_pfs() { begin; MODE=passive GROUP=modp3072 openiked B; IX=$LONG CX='rekey_time=15m; life_time=20m; start_action=trap' ESPP=aes256-sha1-modp2048 strongswan A; users_of_a 4500; }
s_os_v2_pfs() { begin; IX=$LONG CX='rekey_time=8h' ESPP=aes256-sha1-modp2048 strongswan B; GROUP=modp3072 LIFE=900 openiked A; users_of_a 4500; }
# the first child works, a second one is refused again and again
s_ss_v2_second_refused() { begin; LTS=10.2.0.1/32 RTS=10.1.0.1/32 IX=$LONG CX='rekey_time=8h' strongswan B
  LTS=10.1.0.1/32 RTS=10.2.0.1/32 IX=$LONG CX='rekey_time=8h; start_action=trap' CHILDREN='children { second { local_ts = 10.1.0.2/32
 remote_ts = 10.2.0.2/32
 esp_proposals = aes256-sha256-modp2048 } }' strongswan A
  users A 10.1.0.1 10.2.0.1 15; sleep 300; for i in 1 2 3 4 5 6; do initiate A second; sleep 200; done; }
xauth() { # PASSWORD
  V=1; begin; IX=$LONG R=%any RID=192.0.2.1 RAUTH='auth = psk' ROUND2='remote-2 { auth = xauth }' SECRETS='secrets { xauth-1 { id = alice
 secret = right } }' CX='rekey_time=7h' strongswan B
  IX="$LONG" ROUND2='local-2 { auth = xauth
 xauth_id = alice }' SECRETS="secrets { xauth-1 { id = alice
 secret = $1 } }" CX='rekey_time=7h' strongswan A; }
s_ss_v1_xauth() { xauth right; initiate A; sleep 5; users_of_a 1800; }
s_ss_v1_xauth_refused() { xauth wrong; for i in 1 2 3 4 5; do initiate A; sleep 60; done; }
certificates() { # GATEWAY CERTIFICATE
  mkdir -p $T/$1/swanctl/{x509,x509ca,private}
  cp /guest/pki/$2.pem $T/$1/swanctl/x509/; cp /guest/pki/$2-key.pem $T/$1/swanctl/private/; cp /guest/pki/ca.pem $T/$1/swanctl/x509ca/; }
certified() { # CERTIFICATE of A's
  begin; certificates B b; certificates A $1
  LAUTH='auth = pubkey
 certs = b.pem' RAUTH='auth = pubkey' LID=b.lab RID=a.lab IX="$LONG; send_cert=always; $2" CX='rekey_time=8h' strongswan B
  LAUTH="auth = pubkey
 certs = $1.pem" RAUTH='auth = pubkey' LID=a.lab RID=b.lab IX="$LONG; send_cert=always; $TRY; $2" CX='rekey_time=8h; start_action=trap' strongswan A; }
s_ss_v2_cert_refused() { certified another-a; users_of_a; }
# certificates make a message of two IP fragments, and a switch on the way lets no fragment through; with IKE's own fragments it works
s_ss_v2_cert_fragments() { certified a 'fragmentation=no'; firewall 'ip frag-off & 0x3fff != 0'; users_of_a; }
s_ss_v2_cert_ikefrag() { certified a 'fragmentation=yes'; firewall 'ip frag-off & 0x3fff != 0'; users_of_a 1800; }

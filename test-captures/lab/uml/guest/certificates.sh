#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes into the current folder: ca.pem, and other-ca.pem, whom nobody trusts; for a.lab and b.lab a certificate, and another-a.pem of the other authority.
# RSA of 4096 bits makes messages that one packet does not hold.
set -e
authority() { pki --gen --type rsa --size 2048 --outform pem > $1-key.pem; pki --self --ca --lifetime 7300 --in $1-key.pem --dn "CN=$1.lab" --outform pem > $1.pem; }
certificate() { # NAME HOST AUTHORITY
  pki --gen --type rsa --size 4096 --outform pem > $1-key.pem
  pki --pub --in $1-key.pem | pki --issue --lifetime 7300 --cacert $3.pem --cakey $3-key.pem --dn "CN=$2" --san $2 --outform pem > $1.pem; }
authority ca
authority other-ca
certificate a a.lab ca
certificate b b.lab ca
certificate another-a a.lab other-ca

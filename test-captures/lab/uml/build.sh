#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh [FOLDER]   makes, from Debian 12's packages, what run.sh needs: FOLDER/linux, a User-Mode Linux with simulated time, and FOLDER/root, its file
# system with the three IKE daemons. FOLDER is lab-uml in the current folder, or what UML names. As root, about 20 minutes of one processor.
# What is there is not made again: remove FOLDER/linux or FOLDER/root to have it anew.
set -e
HERE=$(dirname "$(readlink -f "$0")")
UML=$(readlink -f "${1:-${UML:-$PWD/lab-uml}}")
mkdir -p "$UML"/{work/out,deb}
cd "$UML"

packages() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; }

kernel() { # Debian's own user-mode-linux has no simulated time
  packages linux-source-6.1 gcc patch make flex bison bc xz-utils libelf-dev
  tar xf /usr/src/linux-source-6.1.tar.xz
  cd linux-source-6.1
  patch -p1 < "$HERE/large-fp-state.patch"
  make ARCH=um defconfig >/dev/null
  cat "$HERE/kernel.config" >> .config
  make ARCH=um olddefconfig >/dev/null
  nice make ARCH=um -j2 CC="${CC:-gcc}" linux >"$UML/kernel.log" 2>&1
  cd ..
  mv linux-source-6.1/linux linux
  rm -rf linux-source-6.1
}

root() { # strongSwan's packages and libreswan's exclude each other: the latter is unpacked beside them
  packages debootstrap
  debootstrap --variant=minbase --include=charon-systemd,strongswan-swanctl,strongswan-pki,libstrongswan-standard-plugins,libstrongswan-extra-plugins,libcharon-extauth-plugins,libcharon-extra-plugins,openiked,libnss3-tools,conntrack,tcpdump,iproute2,iputils-ping,nftables,procps,kmod \
    bookworm root.new "${MIRROR:-http://deb.debian.org/debian}" >root.log
  needed=$(chroot root.new apt-cache depends libreswan | sed -n 's/^ *|\?Depends: \([a-z0-9.+-]*\)$/\1/p' | grep -v -e debconf -e lsb-base)
  chroot root.new apt-get install -y --no-install-recommends $needed >>root.log
  chroot root.new sh -c 'cd /tmp && apt-get download libreswan && dpkg --fsys-tarfile libreswan_*.deb | tar x -C / --keep-directory-symlink ./usr && rm libreswan_*.deb' >>root.log 2>&1
  mkdir -p root.new/guest
  mv root.new root
}

secrets() { # an empty NSS database for libreswan, and certificates of one authority for a.lab and b.lab, of another for a.lab
  mkdir -p work/nss
  certutil_in() { chroot root certutil -d sql:/tmp/nss "$@"; }
  rm -rf root/tmp/nss
  mkdir -p root/tmp/nss
  certutil_in -N --empty-password
  cp root/tmp/nss/* work/nss/
  rm -rf root/tmp/pki
  mkdir -p root/tmp/pki work/pki
  cp "$HERE/guest/certificates.sh" root/tmp/pki/
  chroot root bash -c 'cd /tmp/pki && bash certificates.sh 2>/dev/null'
  cp root/tmp/pki/*.pem work/pki/
}

apt-get update -qq
if [ ! -x linux ]; then (kernel); fi
if [ ! -d root ]; then root; fi
if [ ! -d work/pki ]; then secrets; fi
echo "$UML is ready: $(./linux --version), $(chroot root dpkg-query -W -f '${Package} ${Version}, ' charon-systemd openiked)$(chroot root /usr/sbin/ipsec --version 2>/dev/null)"

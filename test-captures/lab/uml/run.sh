#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh NAME[,NAME..]   runs scenarios of guest/scenarios, one after another, in a guest that build.sh made; run.sh list names them. What comes out is in
# $UML/work/out (UML: as for build.sh): NAME.POINT.pcap, NAME.GATEWAY.*, ping.NAME.*. Several run.sh may run at once; LIMIT: seconds of the host's clock.
HERE=$(dirname "$(readlink -f "$0")")
UML=$(readlink -f "${UML:-$PWD/lab-uml}")
if [ "$1" = list ]; then
  cat "$HERE"/guest/scenarios/*.sh | sed -n 's/^s_\([a-z0-9_]*\)().*/\1/p'
  exit
fi
cp "$HERE/guest/init.sh" "$UML/root/guest-init" && chmod +x "$UML/root/guest-init"
cp -r "$HERE/guest" "$UML/work/lab.$$"    # the guest sees work/ as /guest
timeout "${LIMIT:-1500}" "$UML/linux" mem=1G rootfstype=hostfs rootflags="$UML/root" ro init=/guest-init "SCENARIOS=$1" "WORK=$UML/work" "LAB=/guest/lab.$$" \
  time-travel=inf-cpu time-travel-start="$(date +%s)000000000" \
  con=null con0=fd:0,fd:1 umid=lab-$$ uml_dir="$UML/umldir.$$/" random.trust_cpu=on </dev/null 2>&1 | sed -n '/^GUEST/,$p'
rm -rf "$UML/umldir.$$" "$UML/work/lab.$$"

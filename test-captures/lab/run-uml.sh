#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-uml.sh SCEN[,SCEN..]   the same scenarios with the kernel's own ESP (IP protocol 50), inside a User-Mode
# Linux guest -> $LAB/out-kernel. Run scenarios one after another, never in parallel. Needs a first 'run-lab.sh prepare'.
HERE=$(dirname "$(readlink -f "$0")"); export LAB=${LAB:-$PWD/lab-work}; D=$LAB/deb; mkdir -p "$D" && cd "$D" || exit 1
if [ ! -d mods/lib/modules ] || [ ! -x uml/usr/bin/linux.uml ] || [ ! -x root/bin/kmod ]; then
  apt-get download user-mode-linux kmod 2>/dev/null; dpkg -x user-mode-linux_*.deb uml; dpkg -x kmod_*.deb root
  ln -sf bin/kmod root/modprobe; ln -sf bin/kmod root/lsmod; mkdir -p mods/lib/modules; cp -a uml/usr/lib/uml/modules/* mods/lib/modules/
fi
rm -rf "$LAB/umldir"
timeout ${LIMIT:-550} "$D/uml/usr/bin/linux.uml" mem=2G rootfstype=hostfs rootflags=/ ro init="$HERE/uml-init.sh" "SCEN=$1" "LAB=$LAB" "HERE=$HERE" \
  con=null con0=fd:0,fd:1 umid=lab1 uml_dir="$LAB/umldir/" random.trust_cpu=on </dev/null 2>&1 | sed -n '/GUEST up/,$p'

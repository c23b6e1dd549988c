#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's init; build.sh makes it /guest-init. The root is read-only; $WORK of the host is /guest. SCENARIOS, WORK and LAB are run.sh's.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run LAB
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/lab /run/netns /run/lock /run/pluto
mount -t devtmpfs dev /dev
ln -sf /proc/self/fd /dev/fd
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var/tmp
mount -t hostfs -o "$WORK" none /guest
echo "GUEST up: $(uname -r), $(date -u)"
echo 3 > /proc/sys/kernel/printk
ip link set lo up
for name in ${SCENARIOS//,/ }; do
  timeout -k 5 40000 bash "$LAB/scenario.sh" "$name"
done
echo "GUEST down: $(date -u)"
sync
echo o > /proc/sysrq-trigger
sleep 5

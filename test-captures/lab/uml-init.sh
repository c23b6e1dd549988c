#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# init of the guest that run-uml.sh starts. Root is the host's / read-only, $LAB is read-write.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LAB HERE RUN=/run/lab OUT=$LAB/out-kernel LIBIPSEC= HOME=/run
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; mkdir -p /run/lab /run/netns
mount -t devtmpfs dev /dev 2>/dev/null; mkdir -p /dev/pts; ln -s /proc/self/fd /dev/fd 2>/dev/null
mount -t hostfs -o "$LAB" none "$LAB" || echo "hostfs rw failed"
echo "GUEST up: $(uname -r) $(cut -d' ' -f1 /proc/uptime)"
# finds a module and its dependencies in the unpacked .deb of the running kernel
printf '#!/bin/bash\nexec %s/deb/root/modprobe -q -d %s/deb/mods "${@: -1}"\n' "$LAB" "$LAB" > /run/modprobe; chmod +x /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
for m in af_key xfrm_user xfrm_algo esp4 esp6 ah4 veth authenc cbc gcm ctr echainiv seqiv ip_tables iptable_nat xt_MASQUERADE nf_conntrack_netlink; do /run/modprobe $m || echo "no $m"; done
ip link set lo up; mkdir -p $OUT
cd $LAB; for s in ${SCEN//,/ }; do bash "$HERE/run-lab.sh" one $s; done
echo "GUEST done $(cut -d' ' -f1 /proc/uptime)"
sync; echo o > /proc/sysrq-trigger; sleep 5

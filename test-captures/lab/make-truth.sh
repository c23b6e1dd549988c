#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make-truth.sh OUTDIR NAME > NAME.truth.txt
# The events that the daemons themselves logged (OUTDIR/NAME.A.log, NAME.B.log, in NAT scenarios also NAME.A2.log, NAME.A3.log),
# one a line: which daemon, epoch time, thread[group], <connection|IKE_SA>, the event. Nothing is added or reworded.
O=$1; N=$2
KEEP='IKE_SA .* state change: |(IKE_SA|CHILD_SA) .* (established|rekeyed|reauthenticated) |closing (expired )?CHILD_SA |CHILD_SA .* state change: DELET|DELETE|^deleting |^CHILD_SA .*collision|^detected (re|[A-Z_]+ collision)'
KEEP+='|^(scheduling|maximum IKE_SA lifetime|creating (rekey|delete) job)|lifetime, configured|^(adding|registering) (in|out)bound |^reauthenticating'
KEEP+='|retransmit|giving up|not responding|DPD request|_DPD task|received [A-Z_]+ (error notify|notify error|notify, no)|unacceptable|MAC mismatched|could not decrypt'
KEEP+='|^NAT mappings of |remote endpoint changed from [1-9].*\\[[0-9]+\\] to'      # NAT rebinding, and the float to port 4500
DROP='queueing|activating [A-Z_]+ task' ACT='activating (CHILD_DELETE|IKE_DELETE|QUICK_DELETE|ISAKMP_DELETE|IKE_DPD|ISAKMP_DPD) task'
who=; for g in A A2 A3 B; do [ -f $O/$N.$g.log ] && a=$(sed -n 's/ *local_addrs = //p' $O/$N.$g.swanctl.conf | head -1) && who="${who:+$who, }$g = $a"; done
echo "# events each IKE daemon logged ($who); column 1 is the epoch time"
for g in A A2 A3 B; do [ -f $O/$N.$g.log ] || continue
  # time thread[group] <id> message: the choice is made on the message alone
  awk -v keep="$KEEP" -v drop="$DROP" -v act="$ACT" -v nat=$([[ $N = *nat* ]]; echo $?) -v g=$g '{ m = $0; sub(/^[^ ]+ [0-9]+\[[A-Z]+\] (<[^>]*> )?/, "", m) }
    m ~ drop && m !~ act { next }
    m ~ /endpoint changed/ && nat { next }
    /^[0-9.]+ [0-9]+\[(IKE|CHD|KNL|ENC)\]/ && m ~ keep { print g, $0 }' $O/$N.$g.log
done

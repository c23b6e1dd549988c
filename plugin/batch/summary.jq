# SPDX-License-Identifier: GPL-2.0-or-later
# The summary at the end of spiscope-batch, from all results: how many tunnels in which state, the worst ones, what was not read.
include "words";

def worst_shown: 20;
def bad_shown: 100;
def pad($width): . + (" " * ([$width - length, 0] | max));

[inputs] as $results
| [$results[] | select(.capture) | .capture.file as $file | .tunnels[]? | { file: $file, tunnel: . }] as $tunnels
| [$results[] | select(.batch.status != 0 or (.capture | not))] as $bad
| [$results[] | select(.capture.frames == 0)] as $empty
| "\($results | length | counted("capture")), \($tunnels | length | counted("tunnel"))",
  "",
  (states[] as $state | [$tunnels[] | select(.tunnel.verdict.state == $state)] | select(length > 0)
   | "  \($state | pad(12)) \(length | tostring | pad(7)) \([.[].tunnel.verdict.cause] | group_by(.) | sort_by(-length)
        | map("\(.[0]) \(length)") | .[0:5] | join(", "))"),
  ([$tunnels[] | select(.tunnel.verdict.state | is_troubled)]
   | sort_by((.tunnel.verdict.state | rank), -(.tunnel.outages | length), -(.tunnel | seconds))
   | if length > 0 then "", "The worst tunnels", "" else empty end,
     (.[0:worst_shown][]
      | "  \(.tunnel.verdict.state | pad(12)) \(.tunnel.verdict.cause | pad(26)) by \(.tunnel.verdict.by // "-" | pad(5)) " +
        "\(.tunnel.outages | length | counted("outage")), \(.tunnel | seconds) s  \(.tunnel.name // (.tunnel.peers | join(" - ")) | printable)  \(.file | printable)"),
     (if length > worst_shown then "  and \(length - worst_shown) more: index.html" else empty end)),
  (if $bad != [] then "", "Not read, or not to the end", "" else empty end),
  ($bad[0:bad_shown][] | "  \(.batch.file | printable): \(.batch | trouble)"),
  (if ($bad | length) > bad_shown then "  and \(($bad | length) - bad_shown) more: jobs.tsv" else empty end),
  (if $empty != [] then "", "Without a frame", "", ($empty[0:bad_shown][] | "  \(.capture.file | printable)") else empty end)

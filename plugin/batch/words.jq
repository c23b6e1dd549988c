# SPDX-License-Identifier: GPL-2.0-or-later
# What the summary and the index page of spiscope-batch share.

# The worst first; what was not seen well enough comes before what is well.
def states: ["down", "flapping", "interrupted", "one_way", "degraded", "churning", "unknown", "idle", "stable"];
def rank: . as $state | states | index($state) // 99;
def is_troubled: IN("down", "flapping", "interrupted", "one_way", "degraded", "churning");
def counted($noun): "\(.) \($noun)\(if . == 1 then "" else "s" end)";
def seconds: [.outages[].seconds // 0] | add // 0 | floor;
# Without what a terminal takes for a command, or a reader for another text: control characters, line ends, and characters that turn the direction
# of the writing or have no width
def printable:
    explode | map(if . < 32 or (. >= 127 and . < 160) or (. >= 8203 and . <= 8207) or (. >= 8232 and . <= 8238) or (. >= 8288 and . <= 8303) or . == 65279
                  then 63 else . end) | implode;
# What tshark said last
def trouble: .errors | split("\n") | map(select(. != "")) | last // "status \(.status)" | printable;

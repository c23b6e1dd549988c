#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deliver.sh FOLDER NAME..   makes of what run.sh left the files that test-captures/uml has: NAME.pcap, NAME.keys, NAME.truth.txt, NAME.GATEWAY.conf.
# What was captured at two points becomes one file, with an interface for each.
HERE=$(dirname "$(readlink -f "$0")")
OUT=$(readlink -f "${UML:-$PWD/lab-uml}")/work/out
FOLDER=$1
shift
for name in "$@"; do
  points=("$OUT/$name".m?.pcap "$OUT/$name".br0.pcap)
  existing=()
  for file in "${points[@]}"; do [ -f "$file" ] && existing+=("$file"); done
  rm -rf "$FOLDER/$name".*
  if [ ${#existing[@]} -gt 1 ]; then
    mergecap -F pcapng -I none -w "$FOLDER/$name.pcap" "${existing[@]}"
  else
    cp "${existing[0]}" "$FOLDER/$name.pcap"
  fi
  python3 "$HERE/keys.py" "$FOLDER/$name.keys" "$OUT" "$name"
  python3 "$HERE/truth.py" "$OUT" "$name" > "$FOLDER/$name.truth.txt"
  for file in "$OUT/$name".?.conf; do sed 's/[ \t]*$//; /^$/d' "$file" > "$FOLDER/$(basename "$file")"; done
done

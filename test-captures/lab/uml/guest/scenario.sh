#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scenario.sh NAME   runs one scenario in the guest, and leaves what came out in /guest/out.
OUT=/guest/out T=/run/lab NAME=$1
CAPTURES='' MONITORS='' TRAFFIC=''
for file in "$LAB"/{net,faults,daemons}.sh "$LAB"/scenarios/*.sh; do
  . "$file"
done

finish() { # nobody looks any more, and what was seen and logged is kept. How daemons end is no part of the scenario
  local p g file
  kill -INT $CAPTURES
  kill $MONITORS
  sleep 1
  for p in $TRAFFIC; do kill $p 2>/dev/null; done
  for g in A B C; do end_users $g; kill_daemon $g KILL; done
  sleep 1
  for g in A B C; do
    for file in charon pluto iked; do [ -f $T/$g/$file.log ] && cp $T/$g/$file.log $OUT/$NAME.$g.$file.log; done
    [ -s $T/$g/config ] && cp $T/$g/config $OUT/$NAME.$g.conf
    [ -f $T/$g.xfrm ] && cp $T/$g.xfrm $OUT/$NAME.$g.xfrm
  done
  cp $T/ping.* $OUT/ 2>/dev/null
  cp $T/done $OUT/$NAME.done
  net_down
  rm -rf ${T:?}/*
}

mkdir -p $T
rm -f $OUT/$NAME.* $OUT/ping.$NAME.*
began=$SECONDS
s_$NAME
finish
echo "$NAME: $((SECONDS - began)) s"

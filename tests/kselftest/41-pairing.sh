#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Meeting, and meeting again, with a man in the middle who holds, drops, repeats,
# changes and forges frames; either end restarts between any two frames. He sees
# to it that no octet of key ever seals two different frames.
#
#	  a  10.0.1.1          m                10.0.1.2  b
#	  1:1 to-m ----- to-a     to-b ----- to-m 1:2
#	                  middle.py

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a m b
veth a m 10.0.1.1/24 ""
veth m b "" 10.0.1.2/24
node a 1:1
node b 1:2
emu_link ab rate 1M block 1024

in_ns m python3 "$top/tests/guest/meet.py" 2>"$work/err" | tee "$work/log"
status=${PIPESTATUS[0]}
tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/log")))
if [ -s "$work/err" ]; then
	sed 's/^/#   /' "$work/err"
	fail pairing "$(tail -n 1 "$work/err")"
elif [ "$status" -gt 1 ]; then
	fail pairing "exit status $status"
fi
books a b

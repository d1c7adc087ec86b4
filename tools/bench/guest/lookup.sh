#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of lookup.sh that runs in User-mode Linux: lookup.sh RUNS

. "${BASH_SOURCE[0]%/*}/lib.sh"

runs=$1
: >"$QKDNF_RESULTS/runs"
for ((run = 0; run < runs; run++)); do
	dmesg -C
	insmod "$top/build/traffic-test/$(uname -r)/traffic_test.ko" || die "the module does not load"
	rmmod traffic_test
	times=$(dmesg | sed -nE 's/.*look-ups: ([0-9]+) us of 100 routes, ([0-9]+) us of 100,000.*/\1 \2/p')
	[ -n "$times" ] || die "the module tells no times"
	note "microseconds of 100 routes, of 100,000: $times"
	echo "$times" >>"$QKDNF_RESULTS/runs"
done

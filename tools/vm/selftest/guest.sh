#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in a guest for tools/vm/selftest/run.sh: one way to end.

module=$QKDNF_TOP/build/vm-selftest/$(uname -r)/planted.ko
what=$1
shift

case $what in
pass)
	# a clean module, words that quoting must keep, both outputs
	insmod "$module" && rmmod planted || exit 1
	[ "$1" = "two words" ] || exit 1
	echo "out $2"
	echo err >&2
	# what is written stays in the two directories that are for it
	echo written >"$QKDNF_RESULTS/file" && echo shared >"$3/file" &&
		echo lost >"$QKDNF_TOP/build/vm-selftest/lost"
	;;
status) exit 7 ;;
hang) sleep 1000 ;;
warn | oops | print) insmod "$module" fault="$what" ;;
leak) insmod "$module" fault=leak && rmmod planted ;;
esac

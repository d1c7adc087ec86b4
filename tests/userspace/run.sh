#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [--suffix S] PROGRAM...: run all of them; one that dies has failed.

suffix=
[ "$1" != --suffix ] || { suffix=$2; shift 2; }
status=0

# A race that the sanitizer reports is a failure even if the test passed.
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 ${TSAN_OPTIONS:-}"
export ASAN_OPTIONS="detect_stack_use_after_return=1 ${ASAN_OPTIONS:-}"

for program; do
	name=${program##*/}
	log=$program.log
	timeout 1200 "$program" >"$log.out" 2>"$log"
	code=$?
	if [ -n "$suffix" ]; then
		sed "s/^\(ok\|not ok\) \([^ ]*\)/\1 \2$suffix/" "$log.out"
	else
		cat "$log.out"
	fi
	head -n 60 "$log" >&2
	[ $code = 0 ] || status=1
	case $code in
	0 | 1) ;;
	66) echo "not ok $name$suffix - the sanitizer reports (build/user-tests, $name.log)" ;;
	124) echo "not ok $name$suffix - it hangs" ;;
	*) echo "not ok $name$suffix - it died, exit status $code" ;;
	esac
done
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Does the guest harness tell a good run from a bad one? Plants faults and looks
# at the exit status of run.sh. Prints a line for each test.

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
kernels=${K:-6.1 6.12}
out=$top/build/vm-selftest
share=$out/share
mkdir -p "$share"
rm -rf "${share:?}"/*

# try NAME KERNEL STATUS PATTERN COMMAND...: the run must end with this status
# and print something that matches.
try() {
	local name=$1-$2 kernel=$2 want=$3 pattern=$4 output status=0
	shift 4

	output=$("$top/tools/vm/run.sh" --kernel "$kernel" --timeout "${limit:-120}" \
		--results "$out/$name" "${options[@]}" "$here/guest.sh" "$@" 2>&1) || status=$?
	if [ "$status" != "$want" ]; then
		printf '%s\n' "$output" | tail -n 20 | sed 's/^/#   /'
		echo "not ok $name - exit status $status, expected $want"
	elif ! grep -qE -- "$pattern" <<<"$output"; then
		printf '%s\n' "$output" | tail -n 20 | sed 's/^/#   /'
		echo "not ok $name - '$pattern' is not in its output"
	else
		echo "ok $name"
	fi
}

for kernel in $kernels; do
	options=()
	QKDNF_WERROR=y QKDNF_SOURCES=$here QKDNF_OUTPUT=vm-selftest \
		"$top/tools/setup/build-modules.sh" "$top/build/kernels/$kernel/headers" modules W=1 >"$out/build.log" 2>&1 ||
		{ cat "$out/build.log"; echo "not ok vm-planted-$kernel - does not build"; continue; }

	try vm-pass "$kernel" 0 '^out \$HOME;x$' pass "two words" "\$HOME;x"
	try vm-exit-status "$kernel" 7 '' status
	try vm-warning-is-caught "$kernel" 98 'WARNING: CPU' warn
	# The rest is the harness's own, whatever the kernel.
	[ "$kernel" = "${kernels##* }" ] || continue
	try vm-print-is-caught "$kernel" 97 'kernel log: .*BUG: planted' print
	try vm-clean-module "$kernel" 0 '' none
	try vm-oops-is-caught "$kernel" 98 'Oops|NULL pointer' oops
	try vm-leaked-object-is-caught "$kernel" 98 'BUG planted .*Objects remaining' leak
	options=(--share "$share")
	try vm-share "$kernel" 0 '' share "$share"
	if [ "$(cat "$share/file" 2>/dev/null)" = shared ]; then echo "ok vm-share-arrives"; else echo "not ok vm-share-arrives - nothing in $share"; fi
	options=()
	try vm-results "$kernel" 0 '' results
	if [ "$(cat "$out/vm-results-$kernel/file" 2>/dev/null)" = written ] && [ ! -e "$top/COPYING.selftest" ]; then
		echo "ok vm-results-arrive-and-nothing-else"
	else
		echo "not ok vm-results-arrive-and-nothing-else - see $out/vm-results-$kernel"
	fi
	limit=12 try vm-time-out "$kernel" 124 'time out after 12 s' hang
done

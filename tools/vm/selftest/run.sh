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

# try NAME KERNEL STATUS PATTERN ARGUMENT...: the run must end with this status
# and print something that matches.
try() {
	local name=$1-$2 kernel=$2 want=$3 pattern=$4 output status=0
	shift 4

	output=$("$top/tools/vm/run.sh" --kernel "$kernel" --timeout "${limit:-600}" \
		--results "$out/$name" --share "$share" "$here/guest.sh" "$@" 2>&1) || status=$?
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

# holds NAME FILE TEXT: the file's content, "" if it must not exist.
holds() {
	if [ "$(cat "$2" 2>/dev/null)" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1 - $2 holds '$(cat "$2" 2>/dev/null)', expected '$3'"
	fi
}

for kernel in $kernels; do
	rm -rf "${out:?}"/*-"$kernel" "${share:?}" "$out/lost"
	mkdir -p "$share"
	if ! QKDNF_WERROR=y QKDNF_SOURCES=$here QKDNF_OUTPUT=vm-selftest "$top/tools/setup/build-modules.sh" \
		"$top/build/kernels/$kernel/headers" modules W=1 >"$out/build.log" 2>&1; then
		sed 's/^/#   /' "$out/build.log"
		echo "not ok vm-planted-$kernel - does not build"
		continue
	fi

	try vm-pass "$kernel" 0 '^out \$HOME;x$' pass "two words" "\$HOME;x" "$share"
	holds "vm-results-arrive-$kernel" "$out/vm-pass-$kernel/file" written
	holds "vm-share-arrives-$kernel" "$share/file" shared
	holds "vm-nothing-else-stays-$kernel" "$out/lost" ''
	try vm-warning-is-caught "$kernel" 98 'WARNING: CPU' warn

	# The rest is the harness's own, whatever the kernel.
	[ "$kernel" = "${kernels##* }" ] || continue
	try vm-exit-status "$kernel" 7 '' status
	try vm-print-is-caught "$kernel" 97 'kernel log: .*BUG: planted' print
	try vm-oops-is-caught "$kernel" 98 'Oops|NULL pointer' oops
	try vm-leaked-object-is-caught "$kernel" 98 'BUG planted .*Objects remaining' leak
	limit=15 try vm-time-out "$kernel" 124 'time out after 15 s' hang
done

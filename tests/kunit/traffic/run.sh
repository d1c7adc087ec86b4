#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Routes, contracts and flows in the kernel, without the rooms around them:
# builds a module of their sources and tests for each guest kernel, loads it
# there, and prints a line for each test. K="6.1 6.12".

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=$top/build/traffic-test
tests=14
mkdir -p "$out"

for kernel in ${K:-6.1 6.12}; do
	QKDNF_WERROR=y QKDNF_SOURCES=$here QKDNF_OUTPUT=traffic-test \
		"$top/tools/setup/build-modules.sh" "$top/build/kernels/$kernel/headers" modules >"$out/build.log" 2>&1 ||
		{ tail -n 30 "$out/build.log"; echo "not ok traffic-$kernel - does not build"; continue; }
	output=$("$top/tools/vm/run.sh" --kernel "$kernel" --timeout 600 \
		--results "$out/guest-$kernel" "$here/guest.sh" 2>&1) || {
		printf '%s\n' "$output" | tail -n 40 | sed 's/^/#   /'
		echo "not ok traffic-$kernel - the guest failed"
	}
	printf '%s\n' "$output" | tr -d '\r' | sed -nE "s/^(ok|not ok) test_([^ ]*)/\1 traffic-\2-$kernel/p"
	seen=$(grep -cE '^(ok|not ok) test_' <<<"$output")
	[ "$seen" = $tests ] || echo "not ok traffic-$kernel - $seen of $tests tests spoke"
done

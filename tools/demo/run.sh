#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make demo: three providers in one guest, and what happens between them. The
# modules and commands are built by then. KEEP=1 leaves a shell in the guest.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
results=$top/build/demo
begin=$SECONDS
. "$top/tools/vm/fault.sh"

die() { printf 'demo: error: %s\n' "$*" >&2; exit 1; }

for file in build/user/qkdnfctl tools/decode/qkdnf_decode.py; do
	[ -x "$top/$file" ] || die "$file is not there: start the demo with 'make demo'"
done
case ${KEEP:-} in
'' | 0) keep=0 ;;
*)
	keep=1
	[ -t 0 ] || die "KEEP=1 leaves a shell, which needs a terminal"
	;;
esac
# The captures are verified out here: what takes a second here takes half a
# minute in an emulated guest.
verify() {
	until [ -e "$results/wire.json" ]; do
		sleep 1
	done
	exec "$here/wire.py" "$results"
}

verifier=
stop_verifier() {
	[ -z "$verifier" ] || kill "$verifier" 2>/dev/null || :
}
trap stop_verifier EXIT

# once: all of it, in a guest of its own
once() {
	local status=0

	stop_verifier
	rm -rf "$results"
	mkdir -p "$results"
	# Seeds stand for the key of the emulated links: nobody else's business.
	chmod 700 "$results"
	verify &
	verifier=$!
	if [ $keep = 1 ]; then
		"$top/tools/vm/run.sh" --kernel 6.12 --timeout 0 --no-verdict --interactive \
			--results "$results" "$here/guest.sh" || status=$?
	else
		"$top/tools/vm/run.sh" --kernel 6.12 --timeout 900 --results "$results" \
			"$here/guest.sh" || status=$?
	fi
	return $status
}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	export QKDNF_DEMO_TERMINAL=1
fi
if [ $keep = 1 ]; then
	read -r LINES COLUMNS < <(stty size)
	export LINES COLUMNS QKDNF_DEMO_KEEP=1
fi
status=0
once || status=$?
for ((faults = 0; status && faults < emulator_faults_max; faults++)); do
	emulator_fault "$results/console.log" || break
	printf 'demo: the emulator missed that code was patched: once more\n' >&2
	status=0
	once || status=$?
done
if [ "$status" != 0 ]; then
	printf 'demo: it did not hold (status %s); logs and captures are in build/demo\n' "$status" >&2
	exit "$status"
fi
printf 'The demo took %d s, its guest and all. Captures and logs: build/demo\n' $((SECONDS - begin))

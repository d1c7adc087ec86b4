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
rm -rf "$results"
mkdir -p "$results"

# Seeds stand for the key of the emulated links: nobody else's business.
chmod 700 "$results"

# The captures are verified out here: what takes a second here takes half a
# minute in an emulated guest.
decode() {
	local arguments status=0

	until [ -e "$results/decode.ready" ]; do
		sleep 1
	done
	mapfile -t arguments <"$results/decode.ready"
	"$top/tools/decode/qkdnf_decode.py" verify "${arguments[@]}" \
		>"$results/decode.report" 2>&1 || status=$?
	echo "$status" >"$results/decode.status.new"
	mv "$results/decode.status.new" "$results/decode.status"
}
decode &
decoder=$!
trap 'kill "$decoder" 2>/dev/null || :' EXIT

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	export QKDNF_DEMO_TERMINAL=1
fi
status=0
if [ $keep = 1 ]; then
	read -r LINES COLUMNS < <(stty size)
	export LINES COLUMNS QKDNF_DEMO_KEEP=1
	"$top/tools/vm/run.sh" --kernel 6.12 --timeout 0 --no-verdict --interactive \
		--results "$results" "$here/guest.sh" || status=$?
else
	"$top/tools/vm/run.sh" --kernel 6.12 --timeout 600 --results "$results" \
		"$here/guest.sh" || status=$?
fi
if [ "$status" != 0 ]; then
	printf 'demo: it did not hold (status %s); logs and captures are in build/demo\n' "$status" >&2
	exit "$status"
fi
printf 'The demo took %d s, its guest and all. Captures and logs: build/demo\n' $((SECONDS - begin))

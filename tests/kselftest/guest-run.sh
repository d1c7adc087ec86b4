#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in a guest: the given test scripts one after the other, each under its
# own time limit, each followed by the verdict on the kernel. tests/run.sh reads
# what this prints, and the file "progress" should the guest die.

set -u

top=$QKDNF_TOP
# shellcheck source=tools/vm/verdict.sh
. "$top/tools/vm/verdict.sh"

limit_of() { sed -n '1,20s/^# timeout: *\([0-9]*\).*/\1/p' "$1" | head -n 1; }

stray() {
	local found

	found=$(ip netns list | awk '{ print $1 }' | tr '\n' ' ')
	[ -z "$found" ] || { echo "left network namespaces behind: $found"; ip -all netns delete; return 1; }
}

for script in "$@"; do
	name=$(basename "$script" .sh)
	limit=$(limit_of "$script")
	limit=${limit:-120}
	log=/tmp/test-log
	started=$SECONDS

	echo "$name" >>"$QKDNF_RESULTS/progress"
	printf '# begin %s\n' "$name"
	verdict_begin
	timeout -k 5 "$limit" bash "$script" </dev/null 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}

	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		printf 'not ok %s - still at work after its %s s\n' "$name" "$limit"
	elif ! grep -q "^# end of $name\$" "$log"; then
		printf 'not ok %s - broke off with exit status %s\n' "$name" "$status"
	elif [ "$status" != 0 ] && ! grep -q '^not ok ' "$log"; then
		printf 'not ok %s - exit status %s without a failed test\n' "$name" "$status"
	elif ! grep -qE '^(ok|not ok|skip) ' "$log"; then
		printf 'not ok %s - tested nothing\n' "$name"
	fi

	why=$(stray 2>&1 && verdict 2>&1)
	if [ $? = 0 ]; then
		printf 'ok %s-kernel\n' "$name"
	else
		printf '%s\n' "$why" | sed 's/^/#   /'
		printf 'not ok %s-kernel - %s\n' "$name" "$(printf '%s' "$why" | head -n 1)"
	fi
	printf '# %s took %s s\n' "$name" $((SECONDS - started))
	echo "$name done" >>"$QKDNF_RESULTS/progress"
done
exit 0

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Have a guest stand still now and then, as on a host that others use, too: every
# 2 to 8 seconds for 1 to 3 seconds, while its clock goes on. Ends with PROCESS.
#
#	tools/vm/stall.sh PROCESS RESULTS	RESULTS: the directory of the run

set -u

process=$1 results=$2 count=0 stopped=
trap '[ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null' EXIT
trap 'exit 143' INT TERM HUP

# A search of its memory has it stand still, and go on, by itself.
searched() { [ -e "$results/search/request" ] || pgrep -f "$results/search/request.taken" >/dev/null; }

while kill -0 "$process" 2>/dev/null; do
	sleep $((RANDOM % 6 + 2)).$((RANDOM % 10))
	guest=$(cat "$results/qemu.pid" 2>/dev/null) || continue
	! searched || continue
	stopped=$guest
	kill -STOP "$guest" 2>/dev/null || break
	sleep $((RANDOM % 2 + 1)).$((RANDOM % 10))
	kill -CONT "$guest" 2>/dev/null || break
	stopped=
	count=$((count + 1))
done
echo "vm: the guest stood still $count times" >&2

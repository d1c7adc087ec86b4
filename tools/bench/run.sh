#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench: run every figure's script, tools/bench/NAME.sh, and merge what they
# write, build/bench/NAME.json, into build/bench.json: an array of objects with
# name, value, unit, min, max, runs, against. Then print the table.
#
#	tools/bench/run.sh [NAME...]	some of them; the others' last figures stay
#
# A script that fails takes its figures with it and the exit status is 1; a
# figure below its minimum (tools/bench/targets) is said to be, and likewise.

set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 1
out=build/bench
mkdir -p "$out"
failed=0

if [ -t 1 ]; then
	green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' bold=$'\e[1m' plain=$'\e[0m'
else
	green='' red='' yellow='' bold='' plain=''
fi

tools/setup/setup.sh host || exit 1

scripts=()
if [ $# -gt 0 ]; then
	for name; do
		if [ "$name" = run ] || [ ! -x "tools/bench/$name.sh" ]; then
			all=(tools/bench/*.sh)
			all=("${all[@]##*/}")
			echo "bench: error: no benchmark '$name': there are ${all[*]/run.sh/}" >&2
			exit 2
		fi
		scripts+=("tools/bench/$name.sh")
	done
else
	for script in tools/bench/*.sh; do
		[ "$script" = tools/bench/run.sh ] || scripts+=("$script")
	done
fi

for script in "${scripts[@]}"; do
	name=$(basename "$script" .sh)
	printf '%s== %s%s (%s s)\n' "$bold" "$name" "$plain" "$SECONDS"
	rm -f "$out/$name.json"
	"$script"
	status=$?
	if [ $status != 0 ]; then
		echo "bench: error: $name: exit status $status" >&2
		failed=1
		rm -f "$out/$name.json"
	elif ! jq -e 'type == "array" and length > 0 and all(.[]; has("name") and
			has("value") and has("unit") and has("min") and has("max") and
			has("runs") and has("against"))' "$out/$name.json" >/dev/null 2>&1; then
		echo "bench: error: $name wrote no figures, or not in the form that run.sh says" >&2
		failed=1
		rm -f "$out/$name.json"
	fi
done

files=("$out"/*.json)
if [ ! -f "${files[0]}" ]; then
	echo "bench: error: no figures" >&2
	exit 1
fi
jq -s 'add | unique_by(.name)' "${files[@]}" >build/bench.json.new || exit 1
mv build/bench.json.new build/bench.json

# --- the table ------------------------------------------------------------------

printf '%s%-26s %14s %-6s %14s %14s  %s%s\n' "$bold" figure value unit minimum aim verdict "$plain"
while read -r name sense least aim; do
	case $name in '' | '#'*) continue ;; esac
	row=$(jq -r --arg n "$name" '.[] | select(.name == $n) | "\(.value) \(.unit)"' build/bench.json)
	if [ -z "$row" ]; then
		printf '%-26s %14s %-6s %14s %14s  %snot measured%s\n' "$name" - - "$least" "$aim" "$yellow" "$plain"
		continue
	fi
	read -r value unit <<<"$row"
	reached() { # LIMIT
		awk -v v="$value" -v l="$1" -v s="$sense" 'BEGIN { exit !(s == "up" ? v >= l : v <= l) }'
	}
	if reached "$aim"; then
		verdict=${green}aim$plain
	elif reached "$least"; then
		verdict=${green}minimum$plain
	else
		verdict=${red}missed$plain
		failed=1
	fi
	printf '%-26s %14s %-6s %14s %14s  %s\n' "$name" "$value" "$unit" "$least" "$aim" "$verdict"
done <tools/bench/targets

jq -r '.[] | "\(.name)\t\(.value)\t\(.unit)"' build/bench.json |
	while IFS=$'\t' read -r name value unit; do
		grep -q "^${name}[[:space:]]" tools/bench/targets ||
			printf '%-26s %14s %-6s\n' "$name" "$value" "$unit"
	done
echo "build/bench.json: $(jq length build/bench.json) figures"
exit $failed

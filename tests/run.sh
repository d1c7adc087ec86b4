#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make check: build, guest harness, user-space tests, lint, and the test scripts
# of tests/kselftest in a guest of each kernel. The last line it prints is
#
#	N passed, N failed[, N skipped]
#
# and the exit status is 0 only if nothing failed, and nothing was skipped when
# CI=true. Environment: K="6.1 6.12" kernels, T="10-emu lint" tests; the names
# in T are build, vm, search, traffic, userspace, model, lint, uml, long, or the beginning
# of a script's name.

set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
. tools/vm/fault.sh
kernels=${K:-6.1 6.12}
only=${T:-}
out=$top/build/check
boot_limit=120
slow=1700 # seconds of a clean clone's way to the guests, where machines are fast enough

case " $kernels " in
*[!0-9.\ ]*) echo "check: error: K='$kernels': say 6.1, 6.12 or both" >&2; exit 2 ;;
esac

mkdir -p "$out"
exec 8>"$out/.lock"
flock -n 8 || { echo "check: another run is at work in this tree, waiting for it"; flock 8; }
tally=$out/results
: >"$tally"

if [ -t 1 ]; then
	green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' bold=$'\e[1m' plain=$'\e[0m'
else
	green='' red='' yellow='' bold='' plain=''
fi

# count STAGE: pass lines through, coloured, and note the verdicts among them.
count() {
	local line

	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		'ok '*) printf '%s\n' "$1 $line" >>"$tally"; printf '%sok%s %s\n' "$green" "$plain" "${line#ok }" ;;
		'not ok '*) printf '%s\n' "$1 $line" >>"$tally"; printf '%snot ok%s %s\n' "$red" "$plain" "${line#not ok }" ;;
		'skip '*) printf '%s\n' "$1 $line" >>"$tally"; printf '%sskip%s %s\n' "$yellow" "$plain" "${line#skip }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

heading() { printf '%s== %s%s (%s s)\n' "$bold" "$*" "$plain" "$SECONDS"; }

# stage NAME COMMAND...: its lines count; if it fails without a line that says
# so, or says nothing at all, that counts as well.
stage() {
	local name=$1 status before failed
	shift

	heading "$name"
	before=$(wc -l <"$tally")
	"$@" 2>&1 | tee "$out/$name.log" | count "$name"
	status=${PIPESTATUS[0]}
	failed=$(tail -n "+$((before + 1))" "$tally" | grep -c "^$name not ok ")
	if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
		echo "not ok $name - exit status $status" | count "$name"
	elif [ "$(wc -l <"$tally")" = "$before" ]; then
		echo "not ok $name - it tested nothing" | count "$name"
	fi
}

# aside NAME COMMAND...: begin a stage's command beside what comes next; the stage is
# then "stage NAME follow NAME".
aside_pids=()
aside() {
	local name=$1
	shift

	: >"$out/$name.aside"
	set -m
	{
		"$@" >"$out/$name.aside" 2>&1
		echo $? >"$out/$name.status"
	} </dev/null &
	set +m
	aside_pids+=($!)
	echo $! >"$out/$name.pid"
}
trap '[ ${#aside_pids[@]} = 0 ] || kill -- "${aside_pids[@]/#/-}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

follow() {
	tail -n +1 --follow --pid="$(cat "$out/$1.pid")" "$out/$1.aside"
	return "$(cat "$out/$1.status")"
}

# room_for GUESTS: are there processors and memory for so many guests at once?
room_for() {
	local free

	free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
	[ "$(nproc)" -ge "$1" ] && [ "$free" -ge $(($1 * 2560)) ]
}

# wanted NAME: is it among T?
wanted() {
	local word

	[ -n "$only" ] || return 0
	for word in $only; do
		case $1 in "$word"*) return 0 ;; esac
	done
	return 1
}

# --- stages -----------------------------------------------------------------

build_one() {
	local name=$1
	shift

	if "$@"; then echo "ok build-$name"; else echo "not ok build-$name - see above"; fi
}

# MAKEFLAGS of the calling make would hand K= and T= down as overrides.
run_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u K -u T make --no-print-directory "$@"; }

build() {
	local kernel

	for kernel in $kernels; do
		build_one "modules-$kernel" run_make "modules-$kernel"
	done
	build_one userspace run_make userspace
	# Once, before those that need it, which may be at work side by side.
	if wanted uml || wanted long; then build_one modules-uml run_make modules-uml; fi
}

limit_of() { sed -n '1,20s/^# timeout: *\([0-9]*\).*/\1/p' "$1" | head -n 1; }

# guest KERNEL SCRIPT...: all in one boot; should the guest die, the script that
# was at work has failed and the others get another boot.
guest() {
	local kernel=$1 results=$out/guest-$1 limit script status running again faults=0
	local -a rest
	shift
	rest=("$@")

	while [ ${#rest[@]} -gt 0 ]; do
		limit=$boot_limit
		for script in "${rest[@]}"; do
			status=$(limit_of "$script")
			limit=$((limit + ${status:-120} + 15))
		done
		mkdir -p "$results"
		rm -f "$results/progress"
		tools/vm/run.sh --kernel "$kernel" --timeout "$limit" \
			--results "$results" --no-verdict tests/kselftest/guest-run.sh "${rest[@]}"
		status=$?
		[ $status != 0 ] || break
		running=$(tail -n 1 "$results/progress" 2>/dev/null)
		if [ $faults -lt $emulator_faults_max ] && emulator_fault "$results/console.log"; then
			faults=$((faults + 1))
			again=${running% done}
			echo "# the emulator missed that code was patched: ${again:-the guest} once more"
			while [ -n "$again" ] && [ ${#rest[@]} -gt 1 ] &&
				[ "$(basename "${rest[0]}" .sh)" != "$again" ]; do
				rest=("${rest[@]:1}")
			done
			continue
		fi
		case $running in
		'') echo "not ok guest-$kernel - it did not come up (exit status $status)"; return 1 ;;
		*' done') echo "not ok guest-$kernel - it died after ${running% done} (exit status $status)"; running=${running% done} ;;
		*) echo "not ok $running - the guest died (exit status $status)" ;;
		esac
		cp "$results/console.log" "$results/console-$running.log"
		while [ ${#rest[@]} -gt 0 ]; do
			script=${rest[0]}
			rest=("${rest[@]:1}")
			[ "$(basename "$script" .sh)" != "$running" ] || break
		done
	done
}

# What an emulated guest has time for a part of only, or for which it takes much longer,
# whole and at native speed.
uml() {
	local name status=0

	for name in 42-restarts 54-liars 61-ipsec-faults 62-ipsec-restarts 64-ipsec-neighbour \
			90-qkdnfd; do
		tools/uml/run.sh --timeout 900 "tests/kselftest/$name.sh" || status=1
	done
	return $status
}

# Two hours of a network's life, in User-mode Linux.
long() {
	tools/uml/run.sh --timeout 1800 --append time-travel=inf-cpu tests/kselftest/long.sh 2
}

# --- all of it ----------------------------------------------------------------

setup_parts=(host source)
for kernel in $kernels; do
	setup_parts+=("kernel-$kernel")
done
if wanted userspace; then setup_parts+=(postgresql); fi
if wanted uml || wanted 64-ipsec-neighbour; then setup_parts+=(strongswan); fi
tools/setup/setup.sh "${setup_parts[@]}" || exit 1

# Run in guests only when T names them, and else by uml(): see tests/README.md.
by_request=" 54-liars 61-ipsec-faults 64-ipsec-neighbour 90-qkdnfd "

scripts=()
for script in tests/kselftest/[0-9][0-9]-*.sh; do
	name=$(basename "$script" .sh)
	case $by_request in *" $name "*) [ -n "$only" ] || continue ;; esac
	if wanted "$name"; then scripts+=("$script"); fi
done

for word in $only; do
	known=0
	for name in build vm search traffic userspace model lint uml long "${scripts[@]##*/}"; do
		case $name in "$word"*) known=1 ;; esac
	done
	[ $known = 1 ] || { echo "check: error: T='$word' is no test: build, vm, search, traffic, userspace, model, lint, uml, long, or a script of tests/kselftest" >&2; exit 2; }
done

# Nothing below means anything without a build.
stage build build
if wanted vm; then stage vm tools/vm/selftest/run.sh; fi
if wanted search; then stage search tests/leak/search.sh self-test; fi
if wanted traffic; then stage traffic tests/kunit/traffic/run.sh; fi
if wanted userspace && [ -f tests/userspace/Makefile ]; then
	stage userspace run_make -C tests/userspace check
fi
if wanted model; then stage model tests/model/run.sh; fi
if wanted lint; then stage lint tools/lint/lint.sh; fi
# Each keeps one processor busy at the most, and has the kernel to itself.
if wanted uml && wanted long && room_for 2; then
	aside long long
	stage uml uml
	stage long follow long
	aside_pids=()
else
	if wanted uml; then stage uml uml; fi
	if wanted long; then stage long long; fi
fi
if [ ${#scripts[@]} -gt 0 ]; then
	# A guest waits much, for seconds of its links' lives: two together take little
	# longer than one. One after the other is quieter and tells more of the code: CI has
	# the time for that, unless its machine is so slow that its limit might come first.
	beside=''
	# shellcheck disable=SC2086
	set -- $kernels
	if [ $# = 2 ] && { [ "${CI:-}" != true ] || [ $SECONDS -gt $slow ]; } && room_for 2; then
		beside=$2
		aside "guest-$beside" guest "$beside" "${scripts[@]}"
	fi
	for kernel in $kernels; do
		if [ "$kernel" = "$beside" ]; then
			stage "guest-$kernel" follow "guest-$kernel"
			aside_pids=()
		else
			stage "guest-$kernel" guest "$kernel" "${scripts[@]}"
		fi
	done
fi

# --- the end ------------------------------------------------------------------

passed=$(grep -cE '^[^ ]+ ok ' "$tally")
failed=$(grep -cE '^[^ ]+ not ok ' "$tally")
skipped=$(grep -cE '^[^ ]+ skip ' "$tally")

printf '%s== %s s%s\n' "$bold" "$SECONDS" "$plain"
grep -E '^[^ ]+ (not ok|skip) ' "$tally"
line="$passed passed, $failed failed"
[ "$skipped" = 0 ] || line+=", $skipped skipped"
printf '%s\n' "$line"
[ "$failed" = 0 ] || exit 1
[ "${CI:-}" != true ] || [ "$skipped" = 0 ] || exit 1

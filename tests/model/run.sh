#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Explore the models exhaustively within bounds:
#
#	tests/model/run.sh		what make check runs: the bounds of README.md
#	tests/model/run.sh --deep	larger bounds: half an hour, 8 GB of memory
#	tests/model/run.sh --trace NAME	the steps that lead to a violation
#
# One line each: "ok NAME" or "not ok NAME - why". A rule that is left out (mutant)
# must be found as a violation, or the model shows nothing.

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${here%/tests/model}/build/model
jobs=2
memory_kb=4000000
seconds=1200

# NAME MODEL holds|fails FLAG...: what is explored.
checks() {
	safety="-DSEGMENTS=5 -DUNITS=1 -DRESTARTS=2"
	calm="-DCALM -DSEGMENTS=4 -DUNITS=1 -DRESTARTS=1"
	cpus="-DCPUS=2 -DUNITS=1"
	cat <<-END
	safety			pairing holds $safety
	safety-units		pairing holds -DSEGMENTS=4 -DUNITS=2 -DRESTARTS=2
	safety-parts		pairing holds -DSEGMENTS=4 -DUNITS=1 -DRESTARTS=2 -DPARTS
	calm			pairing holds $calm
	calm-restarts		pairing holds -DCALM -DSEGMENTS=4 -DUNITS=1 -DRESTARTS=2
	calm-holes		pairing holds $calm -DHOLES
	can-meet		pairing fails $safety -DUNREACHED
	can-source-repeats	pairing fails $safety -DMUTANT_SOURCE_REPEATS
	can-barrier-not-frozen	pairing fails $safety -DMUTANT_NOT_FROZEN
	can-barrier-of-one	pairing fails $safety -DMUTANT_OWN_BARRIER
	can-old-incarnation	pairing fails $safety -DMUTANT_ANY_ORDER
	can-echo-not-looked-at	pairing fails $safety -DMUTANT_ANY_ECHO
	can-below-kept		pairing fails $safety -DMUTANT_NOT_ERASED
	can-below-refilled	pairing fails $safety -DMUTANT_NO_FLOOR
	can-stays-paired	pairing fails $safety -DMUTANT_STAYS_PAIRED
	can-not-claimed		pairing fails $safety -DMUTANT_NOT_CLAIMED
	can-same-key		pairing fails -DSEGMENTS=4 -DUNITS=2 -DRESTARTS=1 -DMUTANT_SAME_KEY
	can-erased-first	pairing fails $calm -DMUTANT_ERASED_FIRST
	can-below-alone		pairing fails $calm -DMUTANT_BELOW_ALONE
	can-below-first		pairing fails $calm -DMUTANT_BELOW_FIRST
	grant			grant holds
	grant-cpus		grant holds $cpus
	can-grant		grant fails -DUNREACHED
	can-grant-two-steps	grant fails -DMUTANT_GRANT_TWO_STEPS
	can-grant-touched	grant fails -DMUTANT_GRANT_TOUCHED
	can-grant-taken-back	grant fails -DMUTANT_TAKEN_BACK
	can-grant-given-back	grant fails -DMUTANT_GRANTED_BACK
	can-alloc-two-steps	grant fails -DMUTANT_ALLOC_TWO_STEPS
	can-alloc-not-claimed	grant fails -DMUTANT_NOT_CLAIMED
	can-claim-two-steps	grant fails $cpus -DMUTANT_CLAIM_TWO_STEPS
	can-claim-unverified	grant fails -DMUTANT_CLAIMED_FIRST
	can-erase-unclaimed	grant fails -DMUTANT_ERASED_FIRST
	END
}

deep_checks() {
	cat <<-END
	deep-safety		pairing holds -DSEGMENTS=6 -DUNITS=1 -DRESTARTS=2
	deep-safety-restarts	pairing holds -DSEGMENTS=5 -DUNITS=1 -DRESTARTS=3
	deep-calm-holes		pairing holds -DCALM -DSEGMENTS=4 -DUNITS=1 -DRESTARTS=2 -DHOLES
	END
}

# explore NAME MODEL EXPECTED FLAG...
explore() {
	local name=$1 model=$2 expected=$3 dir=$out/$1 states took=$SECONDS fast=-O0
	shift 3

	rm -rf "$dir"
	mkdir -p "$dir"
	cd "$dir" || return 1
	# A violation is found soon: there the compiler would take longest. The
	# checker that spin writes provokes warnings of newer compilers.
	[ "$expected" = fails ] || fast=-O2
	if ! spin -a "$@" "$here/$model.pml" >spin.log 2>&1 ||
	   ! gcc $fast -w -DSAFETY -DNOCLAIM -o pan pan.c >>spin.log 2>&1; then
		echo "not ok model-$name - it does not build: $(head -n 1 spin.log)"
		return 1
	fi
	(ulimit -v $memory_kb; timeout "$seconds" ./pan -m1000000 -w22 -E) >pan.log 2>&1
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
	if grep -q 'assertion violated' pan.log; then
		[ "$expected" = fails ] || { echo "not ok model-$name - violated: tests/model/run.sh --trace $name"; return 1; }
	elif ! grep -q 'errors: 0$' pan.log || grep -qE '^error:|too small|out of memory' pan.log; then
		echo "not ok model-$name - not explored to the end ($seconds s, $memory_kb kB): $(grep -m 1 -E '^(pan|error):' pan.log)"
		return 1
	elif [ "$expected" = fails ]; then
		echo "not ok model-$name - no violation found in $states states"
		return 1
	fi
	echo "# model-$name: $states states, $((SECONDS - took)) s"
	echo "ok model-$name"
}

trace() {
	local name model expected flags

	read -r name model expected flags <<<"$(grep -h "^$1[[:space:]]" <(checks; deep_checks))"
	[ -n "$name" ] || { echo "run.sh: error: no check '$1'; the names are: $(checks | cut -f 1 | xargs)" >&2; exit 2; }
	# shellcheck disable=SC2086
	explore "$name" "$model" "$expected" $flags >/dev/null
	cd "$out/$name" || exit
	[ -f "$model.pml.trail" ] || { echo "run.sh: $name: no violation, nothing to trace" >&2; exit 1; }
	# shellcheck disable=SC2086
	exec spin -T -B $flags -k "$model.pml.trail" "$here/$model.pml"
}

command -v spin >/dev/null || { echo "not ok model - spin is missing: run make setup"; exit 1; }
case ${1:-} in
'') list=$(checks) ;;
--deep) list=$(deep_checks) memory_kb=12000000 seconds=3600 jobs=1 ;;
--trace) trace "${2:-}" ;;
*) echo "run.sh: error: '$1': say --deep, --trace NAME, or nothing" >&2; exit 2 ;;
esac

status=0
while read -r name model expected flags; do
	while [ "$(jobs -rp | wc -l)" -ge $jobs ]; do wait -n || status=1; done
	# shellcheck disable=SC2086
	explore "$name" "$model" "$expected" $flags &
done <<<"$list"
while [ -n "$(jobs -p)" ]; do wait -n || status=1; done
exit $status

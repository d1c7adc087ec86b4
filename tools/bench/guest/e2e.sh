#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of e2e.sh that runs in User-mode Linux: e2e.sh RUNS

. "${BASH_SOURCE[0]%/*}/lib.sh"

runs=$1
segment=65536
pool=$((1024 * segment))
lane=$((3 * pool / 8))
# What one run agrees: when a lane is down to three eighths of what it can hold,
# its streams are held to the link's income, which is none here.
octets=$((150 * segment))

load_modules qkdnf
nodes=(n1 n2 n3 n4 n5)
namespaces "${nodes[@]}"
for i in 1 2 3 4; do
	cable "n$i" "n$((i + 1))" "$i"
done
for i in 1 2 3 4 5; do
	km "n$i" node set "1:$i" memory 1Gi
done
# Links are made anew for each run, so that every run finds the same.
preload=()
links() {
	local i j

	preload=()
	for i in 1 2 3 4; do
		j=$((i + 1))
		km "n$i" peer add "1:$j" address "10.0.$i.2" pool $pool
		km "n$j" peer add "1:$i" address "10.0.$i.1" pool $pool
		km "n$i" source add "1:$j" push
		km "n$j" source add "1:$i" push
		preload+=("$i" "n$i" "1:$j" "n$j" "1:$i")
	done
	for i in 1 2 3 4 5; do
		for j in 1 2 3 4 5; do
			[ $j -le $i ] || km "n$i" route add "1:$j" via "1:$((i + 1))"
			[ $j -ge $i ] || km "n$i" route add "1:$j" via "1:$((i - 1))"
		done
	done
	fill_links "${preload[@]}"
}

: >"$QKDNF_RESULTS/runs"
for ((run = 1; run <= runs; run++)); do
	links
	for i in 1 2 3 4; do
		wait_for 20 pool_has "n$i" "1:$((i + 1))" $((lane - lane / 16)) ||
			die "n$i has not the key: $(qkdnfctl -n "n$i" pool show)"
	done
	# n5 only listens; n1 fills its lane, which is half, as fast as it can.
	km n5 peer add 1:1 kind remote pool $pool low 0 high 0
	km n1 peer add 1:5 kind remote pool $pool low $((3 * pool / 4)) high $((3 * pool / 4))
	read -r got ns < <(ip netns exec n1 "$bin/confirmed" 1:5 $octets)
	[ -n "${ns:-}" ] || die "no key came to be: $(qkdnfctl -n n1 relay show)"
	note "run $run: $((got / 32)) keys in $((ns / 1000000)) ms: $((got * 31250 / (ns / 1000)))/s," \
		"$(qkdnfctl -j -n n1 relay show 1:5 | jq .retransmits) frames repeated"
	echo "$got $ns" >>"$QKDNF_RESULTS/runs"
	books "${nodes[@]}"
	km n1 peer del 1:5
	km n5 peer del 1:1
	for i in 1 2 3 4; do
		km "n$i" peer del "1:$((i + 1))"
		km "n$((i + 1))" peer del "1:$i"
	done
done

jq -Rs '[split("\n")[] | select(. != "") | split(" ") | map(tonumber) | .[0] / 32 / .[1] * 1e9 | floor] | sort |
	[{name: "e2e_keys_per_s", value: .[length / 2 | floor], unit: "1/s", min: .[0], max: .[-1], runs: length,
	against: "4 links over 3 relays, streams preloaded at both ends, User-mode Linux, one processor"}]' \
	"$QKDNF_RESULTS/runs" >"$QKDNF_RESULTS/figures.json"
for n in "${nodes[@]}"; do
	ip netns del "$n"
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of peers.sh that runs in User-mode Linux: peers.sh RUNS

. "${BASH_SOURCE[0]%/*}/lib.sh"

runs=$1
peers=10000
stream=$((2 * 8 * 8 * 2)) # ring and answers of eight segments

load_modules qkdnf
namespaces p
ip -n p link add d0 type dummy
ip -n p addr add 10.7.255.254/16 dev d0
ip -n p link set d0 up
km p node set 1:1

kernel_octets() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '/^(Slab|VmallocUsed|Percpu):/ { kb += $2 } END { print kb * 1024 }' /proc/meminfo
}

# The first ones bring what is there once: caches, workers, modules' own.
ip netns exec p "$bin/peers" add 1 || die "no peer"
before=$(kernel_octets)
km p peer del 7:1
ip netns exec p "$bin/peers" add $((peers + 1)) || die "no peers"
each=$((($(kernel_octets) - before) / peers - stream))
note "$each octets for each idle peer, and $stream for the ring of its stream"

: >"$QKDNF_RESULTS/runs"
for ((run = 0; run < runs; run++)); do
	read -r n ns < <(ip netns exec p "$bin/peers" dump)
	[ "${n:-0}" = $((peers + 1)) ] || die "${n:-0} peers in a dump of $((peers + 1))"
	note "dump of $n peers: $((ns / 1000)) us"
	echo "$ns" >>"$QKDNF_RESULTS/runs"
done

jq -Rs --argjson each "$each" '[split("\n")[] | select(. != "") | tonumber / 1e9] | sort |
	[{name: "peer_bytes", value: $each, unit: "B", min: $each, max: $each, runs: 1,
	  against: "10,000 idle link peers, slab, vmalloc and per-CPU memory less the rings of their streams, User-mode Linux"},
	 {name: "dump_10k_s", value: .[length / 2 | floor], unit: "s", min: .[0], max: .[-1], runs: length,
	  against: "10,000 idle link peers dumped with all attributes, User-mode Linux"}]' \
	"$QKDNF_RESULTS/runs" >"$QKDNF_RESULTS/figures.json"
ip netns del p

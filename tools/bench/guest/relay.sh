#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of relay.sh that runs in User-mode Linux: relay.sh RUNS

. "${BASH_SOURCE[0]%/*}/lib.sh"

runs=$1
segment=65536
pool=$((1024 * segment))
bursts=12
lane=$((3 * pool / 8))

load_modules qkdnf
namespaces n1 n2 n3
cable n1 n2 1
cable n2 n3 2
ip netns exec n2 sysctl -qw net.ipv4.ip_forward=1
ip -n n1 route add 10.0.2.0/24 via 10.0.1.2
# A burst is longer than the queue between softirqs usually is.
sysctl -qw net.core.netdev_max_backlog=200000
sysctl -qw net.core.message_cost=0
for i in 1 2 3; do
	km "n$i" node set "1:$i"
done

# Two tunnels, n1-n2 and n2-n3, 10.9.1.0/24 and 10.9.2.0/24 inside.
tunnel() { # NAMESPACE DEVICE PORT KEY-FILE ADDRESS PEER-PUBLIC PEER-ADDRESS:PORT ALLOWED
	ip -n "$1" link add "$2" type wireguard || die "no WireGuard"
	ip netns exec "$1" wg set "$2" listen-port "$3" private-key "$4" \
		peer "$6" endpoint "$7" allowed-ips "$8" || die "wg set $2"
	ip -n "$1" addr add "$5" dev "$2"
	ip -n "$1" link set "$2" mtu 1420 up
}
keys=$(mktemp -d)
for k in a b c d; do
	(umask 077 && wg genkey >"$keys/$k") || die "wg genkey"
done
public() { wg pubkey <"$keys/$1"; }
tunnel n1 wg1 5001 "$keys/a" 10.9.1.1/24 "$(public b)" 10.0.1.2:5001 0.0.0.0/0
tunnel n2 wg1 5001 "$keys/b" 10.9.1.2/24 "$(public a)" 10.0.1.1:5001 10.9.1.0/24
tunnel n2 wg2 5002 "$keys/c" 10.9.2.1/24 "$(public d)" 10.0.2.2:5002 10.9.2.0/24
tunnel n3 wg2 5002 "$keys/d" 10.9.2.2/24 "$(public c)" 10.0.2.1:5002 0.0.0.0/0
ip -n n1 route add 10.9.2.0/24 dev wg1
ip netns exec n1 ping -q -c 2 -W 2 10.9.1.2 >/dev/null || die "the first tunnel does not work"
ip netns exec n2 ping -q -c 2 -W 2 10.9.2.2 >/dev/null || die "the second tunnel does not work"

held_at=(n1 n1-n2) left_by=(n2 n2-n3) dropped_at=(n3 n3-n2)

links() {
	km n1 peer add 1:2 address 10.0.1.2 pool $pool
	km n2 peer add 1:1 address 10.0.1.1 pool $pool
	km n2 peer add 1:3 address 10.0.2.2 pool $pool
	km n3 peer add 1:2 address 10.0.2.1 pool $pool
	km n1 source add 1:2 push
	km n2 source add 1:1 push
	km n2 source add 1:3 push
	km n3 source add 1:2 push
	km n2 route add 1:1 via 1:1
	km n2 route add 1:3 via 1:3
	preload=(1 n1 1:2 n2 1:1 2 n2 1:3 n3 1:2)
	fill_links "${preload[@]}"
	wait_for 20 pool_has n1 1:2 $((lane - lane / 16)) || die "n1 has not the key"
	wait_for 20 pool_has n2 1:3 $((lane - lane / 16)) || die "n2 has not the key"
}

counter() { qkdnfctl -j -n n2 peer show "$1" | jq ".counters.$2"; }

: >"$QKDNF_RESULTS/runs"
for ((run = 1; run <= runs; run++)); do
	links
	was=$(counter 1:1 relay_forwarded)
	hash=$(qkdnfctl -j -n n1 peer show 1:2 | jq .hash_offset)
	plug
	# The newest segments, that n1 itself is far from; 16 of its lane each time.
	# Twelve thousand frames: at three eighths of a lane n2 would begin to ration.
	for ((k = 1; k <= bursts; k++)); do
		burst forward 3000 "$bin/frames" plain 3000 10.0.2.2
		burst relay 1000 "$bin/frames" 1 "$hash" $((next - 32 * k)) 1000 1:1 10.0.1.2 1:3
		burst wireguard 900 "$bin/frames" plain 900 10.9.2.2
	done
	unplug
	relayed=$(($(counter 1:1 relay_forwarded) - was))
	[ "$relayed" = 12000 ] || die "$relayed frames of 12000 were relayed: $(qkdnfctl -n n2 stats)"
	qkdnfctl -j -n n2 peer show 1:1 | jq -e '[.counters | to_entries[] |
		select(.key | test("drop_(tag|claimed|binding|rate|key|route)")) | .value] | add == 0' >/dev/null ||
		die "frames were dropped: $(qkdnfctl -n n2 stats)"
	books n1 n2 n3
	for p in 1:1 1:3; do km n2 peer del $p; done
	km n1 peer del 1:2
	km n3 peer del 1:2

	note "run $run of $runs"
done
rm -r "$keys"

# Of the bursts of a run the third fastest stands for the way: what else the
# machine does only slows, and a burst is shorter than the scheduler's turns.
jq -Rs --argjson bursts $bursts '[split("\n")[] | select(. != "") | split(" ") | {way: .[0], pps: ((.[1] | tonumber) / (.[2] | tonumber) * 1e9)}] |
	[range(0; length; 3 * $bursts) as $i | .[$i:$i + 3 * $bursts] | group_by(.way) |
		map({(.[0].way): (map(.pps) | sort | .[-3])}) | add] as $runs |
	def middle: sort | .[length / 2 | floor];
	def figure($name; $other; $against):
		[$runs[] | .relay / .[$other]] | sort | map(. * 1000 | round / 1000) |
		{name: $name, value: middle, unit: "x", min: .[0], max: .[-1], runs: length, against: $against};
	($runs | {r: map(.relay) | middle | round, f: map(.forward) | middle | round, w: map(.wireguard) | middle | round}) as $m |
	"bursts of packets of 1,072 octets, streams preloaded at both ends, User-mode Linux, one processor" as $how |
	[figure("relay_pps_vs_forward"; "forward"; "UDP forwarding, \($m.r) packets/s against \($m.f); \($how)"),
	 figure("relay_pps_vs_wireguard"; "wireguard"; "a WireGuard hop, \($m.r) packets/s against \($m.w); \($how)")]' \
	"$QKDNF_RESULTS/runs" >"$QKDNF_RESULTS/figures.json"
for n in n1 n2 n3; do
	ip netns del "$n"
done

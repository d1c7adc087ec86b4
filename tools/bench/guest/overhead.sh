#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of overhead.sh that runs in User-mode Linux.

. "${BASH_SOURCE[0]%/*}/lib.sh"

segment=65536
rate=2000000 # bit/s of each link
seconds=200

load_modules qkdemu qkdnf
nodes=(n1 n2 n3 n4)
namespaces "${nodes[@]}"
for i in 1 2 3; do
	cable "n$i" "n$((i + 1))" "$i"
	qkdnfctl emu add "l$i" rate $rate block 4096 || die "no link"
done
for i in 1 2 3 4; do
	km "n$i" node set "1:$i"
done
for i in 1 2 3; do
	j=$((i + 1))
	km "n$i" peer add "1:$j" address "10.0.$i.2"
	km "n$j" peer add "1:$i" address "10.0.$i.1"
	km "n$i" source add "1:$j" fd "/dev/qkdemu/l$i.a"
	km "n$j" source add "1:$i" fd "/dev/qkdemu/l$i.b"
done
for i in 1 2 3 4; do
	for j in 1 2 3 4; do
		[ $j -le $i ] || km "n$i" route add "1:$j" via "1:$((i + 1))"
		[ $j -ge $i ] || km "n$i" route add "1:$j" via "1:$((i - 1))"
	done
done
for i in 1 2 3; do
	wait_for 60 link_up "n$i" "1:$((i + 1))" || die "n$i and n$((i + 1)) do not meet"
done
# More than two megabits a second can fill in the time.
want=$((1024 * segment))
km n1 peer add 1:4 kind remote pool $want low $want high $want
km n4 peer add 1:1 kind remote pool $want low $want high $want

# used: octets delivered less held, all links, mean of both ends.
used() {
	local i

	for i in 1 2 3; do
		qkdnfctl -j -n "n$i" peer show "1:$((i + 1))"
		qkdnfctl -j -n "n$((i + 1))" peer show "1:$i"
	done | jq -s 'map(.books.in - .books.held) | add / 2 | floor'
}

# made: octets that can be allocated, of both directions.
made() {
	{
		qkdnfctl -j -n n1 relay show 1:4
		qkdnfctl -j -n n4 relay show 1:1
	} | jq -s "map(.confirmed) | add * ($segment - 32)"
}

sleep 20
used=$(used) made=$(made)
sleep $seconds
used=$(($(used) - used)) made=$(($(made) - made))
[ "$made" -gt 0 ] || die "no key came to be: $(qkdnfctl -n n1 relay show)"
for n in "${nodes[@]}"; do
	qkdnfctl -n "$n" pool show
done
qkdnfctl -n n1 relay show
books "${nodes[@]}"
note "$used octets of link key for $made octets over three hops; the links bring $((rate * seconds * 3 / 8))"
jq -n --argjson used "$used" --argjson made "$made" '($used / $made / 3 * 10000 | round / 10000) as $v |
	[{name: "key_overhead", value: $v, unit: "x", min: $v, max: $v, runs: 1,
	  against: "three emulated links of 2 Mb/s, both directions, 200 s, User-mode Linux with time travel"}]' \
	>"$QKDNF_RESULTS/figures.json"
for n in "${nodes[@]}"; do
	ip netns del "$n"
done
for i in 1 2 3; do
	qkdnfctl emu del "l$i"
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The part of fairness.sh that runs in User-mode Linux.

. "${BASH_SOURCE[0]%/*}/lib.sh"

rates=(0 2000000 1500000 2500000)	# bit/s of the links c1-c2, c2-c3, c3-c4
wide=2500000				# of the ends' links
settle=60 seconds=240

# Streams that cross the links from c(first) to c(last), how many of each kind:
# FIRST LAST COUNT. The nine pairs of ends are the most there can be.
kinds=("1 4 8" "1 3 7" "2 4 8" "1 2 9" "2 3 9" "3 4 9")
limited=2000				# octets/s, of a stream in some kinds

load_modules qkdemu qkdnf
ends=() cores=(c1 c2 c3 c4)
for i in 1 2 3 4; do
	for k in 1 2 3; do
		ends+=("e$i$k")
	done
done
namespaces "${cores[@]}" "${ends[@]}"
id() { echo "1:${1#[ce]}"; }
for n in "${cores[@]}" "${ends[@]}"; do
	km "$n" node set "$(id "$n")" memory 1Gi
done

number=0
# link A B RATE POOL
link() {
	number=$((number + 1))
	cable "$1" "$2" $number
	qkdnfctl emu add "$1$2" rate "$3" block 4096 || die "no link $1 $2"
	km "$1" peer add "$(id "$2")" address "10.0.$number.2" pool "$4"
	km "$2" peer add "$(id "$1")" address "10.0.$number.1" pool "$4"
	km "$1" source add "$(id "$2")" fd "/dev/qkdemu/$1$2.a"
	km "$2" source add "$(id "$1")" fd "/dev/qkdemu/$1$2.b"
}
for i in 1 2 3; do
	link "c$i" "c$((i + 1))" "${rates[i]}" 16Mi
done
for e in "${ends[@]}"; do
	link "c${e:1:1}" "$e" $wide 8Mi
	km "$e" route add '1:*' via "1:${e:1:1}"
	for i in 1 2 3 4; do
		if [ "$i" -lt "${e:1:1}" ]; then
			km "c$i" route add "$(id "$e")" via "1:$((i + 1))"
		elif [ "$i" -gt "${e:1:1}" ]; then
			km "c$i" route add "$(id "$e")" via "1:$((i - 1))"
		else
			km "c$i" route add "$(id "$e")" via "$(id "$e")"
		fi
	done
done
for e in "${ends[@]}"; do
	wait_for 60 link_up "$e" "1:${e:1:1}" || die "$e and its node do not meet"
done
for i in 1 2 3; do
	wait_for 60 link_up "c$i" "1:$((i + 1))" || die "c$i and c$((i + 1)) do not meet"
done

# The far end first, which only listens.
streams=$QKDNF_RESULTS/streams
: >"$streams"
count=0
for kind in "${kinds[@]}"; do
	read -r first last n <<<"$kind"
	for ((j = 0; j < n; j++)); do
		from=e$first$((j % 3 + 1)) to=e$last$((j / 3 + 1))
		weight=$((1 + count % 4)) limit=0
		[ "$j" != 5 ] || [ $((last - first)) != 1 ] || limit=$limited
		echo "$from $to $first $last $weight $limit" >>"$streams"
		count=$((count + 1))
	done
done
note "$count streams"
pool="kind remote pool 64Mi"
while read -r from to _ _ weight limit; do
	# shellcheck disable=SC2086
	{
		km "$to" peer add "$(id "$from")" $pool low 0 high 0
		km "$from" peer add "$(id "$to")" $pool low 64Mi high 64Mi weight "$weight" max-rate "$limit"
	}
done <"$streams"

# reading FILE: what each stream and link has come to
reading() {
	local from to e i

	while read -r from to _; do
		qkdnfctl -j -n "$to" relay show "$(id "$from")" |
			jq -c --arg s "$from $to" '{stream: $s, chunks, confirmed: .confirmed_in}'
	done <"$streams" >"$1" || die "no reading of the streams"
	for i in 1 2 3; do
		qkdnfctl -j -n "c$i" peer show "1:$((i + 1))"
		qkdnfctl -j -n "c$((i + 1))" peer show "1:$i"
	done | jq -c '{in: .books.in, spent: .books.spent, held: .books.held}' >"$1.links"
}

sleep $settle
reading "$QKDNF_RESULTS/before"
sleep $seconds
reading "$QKDNF_RESULTS/after"
for n in "${cores[@]}"; do
	qkdnfctl -n "$n" pool show
	qkdnfctl -n "$n" flow show
done >"$QKDNF_RESULTS/cores"
while read -r from to _; do
	qkdnfctl -j -n "$from" relay show "$(id "$to")" | jq -c .
done <"$streams" >"$QKDNF_RESULTS/generators"
books "${cores[@]}" "${ends[@]}"
python3 "$top/tools/bench/guest/fairness.py" "$QKDNF_RESULTS" $seconds "${rates[@]:1}" || exit 1
for n in "${cores[@]}" "${ends[@]}"; do
	ip netns del "$n"
done
for i in 1 2 3; do
	qkdnfctl emu del "c${i}c$((i + 1))"
done
for e in "${ends[@]}"; do
	qkdnfctl emu del "c${e:1:1}$e"
done

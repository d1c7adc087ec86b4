#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hours of a chain of three links with all that befalls one, in minutes:
#
#	tools/uml/run.sh --timeout 0 --append time-travel=inf-cpu tests/kselftest/long.sh [HOURS]
#
#	a 1:1 ===== b 1:2 ===== c 1:3 ===== d 1:4	a-d: a remote stream, both directions
#
# Key for applications is taken at both ends as fast as it comes. Each hour has
# loss, repetition and reordering, two cut links, a link without key, restarts of
# an end, of a remote stream and of a relay, and a quiet time. After each the
# books balance; the hours are to be alike, in key that came and in memory.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

hours=${1:-2}
grep -q time-travel /proc/cmdline ||
	bail long-time-travel "this takes $hours hours: tools/uml/run.sh --append time-travel=inf-cpu"

rate=50000 # bit/s of each link
link="segment 4Ki pool 1Mi"
end="kind remote segment 64Ki pool 2Mi low 1536Ki high 2Mi"

octets=60000 # of key that is taken at once

# Time that is waited costs nothing, a look does.
wait_for() {
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 4
	done
}

# --- the network -----------------------------------------------------------------------

# The file of a source that just went away may still be on its way out.
source_of() {
	for _ in 1 2 3 4 5; do
		ctl "$1" source add "$2" fd "/dev/qkdemu/$3" 2>"$work/err" && return
		sleep 0.5
	done
	bail long-source "$(cat "$work/err")"
}

# up_end NS: the remote stream of an end
up_end() {
	# shellcheck disable=SC2086
	case $1 in
	a) ctl a peer add 1:4 $end address 10.0.3.2 local 10.0.1.1 ;;
	d) ctl d peer add 1:1 $end address 10.0.1.1 local 10.0.3.2 ;;
	esac
}

# up NS: the node and all that it has
up() {
	# shellcheck disable=SC2086
	case $1 in
	a)
		node a 1:1
		ctl a peer add 1:2 address 10.0.1.2 $link
		ctl a route add '1:*' via 1:2
		source_of a 1:2 ab.a
		;;
	b)
		node b 1:2
		ctl b peer add 1:1 address 10.0.1.1 $link
		ctl b peer add 1:3 address 10.0.2.2 $link
		ctl b route add '1:*' via 1:3
		ctl b route add 1:1 via 1:1
		source_of b 1:1 ab.b
		source_of b 1:3 bc.a
		;;
	c)
		node c 1:3
		ctl c peer add 1:2 address 10.0.2.1 $link
		ctl c peer add 1:4 address 10.0.3.2 $link
		ctl c route add '1:*' via 1:2
		ctl c route add 1:4 via 1:4
		source_of c 1:2 bc.b
		source_of c 1:4 cd.a
		;;
	d)
		node d 1:4
		ctl d peer add 1:3 address 10.0.3.1 $link
		ctl d route add '1:*' via 1:3
		source_of d 1:3 cd.b
		;;
	esac
	up_end "$1"
}

network_up() {
	local n

	ns_list=()
	ns_add a b c d
	chain 10.0 a b c d
	for n in b c; do
		in_ns $n sysctl -qw net.ipv4.ip_forward=1
	done
	ip -n a route add default via 10.0.1.2
	ip -n b route add 10.0.3.0/24 via 10.0.2.2
	ip -n c route add 10.0.1.0/24 via 10.0.2.1
	ip -n d route add default via 10.0.3.1
	for n in a b c d; do
		up $n
	done
}

network_down() {
	ns_del a b c d
	ns_list=()
}

kernel_octets() {
	sleep 5
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 5
	awk '/^(Slab|VmallocUsed|Percpu):/ { kb += $2 } END { print kb * 1024 }' /proc/meminfo
}

# --- applications ------------------------------------------------------------------------

# consume A ID-A B ID-B: all that A's lane has, until the file "stop" is there. A
# line for each take: same, differ, or lost, whose key was never fetched.
consume() {
	local n=0 taken fetched offset digest

	while [ ! -e "$work/stop" ]; do
		n=$((n + 1))
		if ! taken=$(ctl "$1" -j key take "$4" --octets $octets --label "$n" --digest sha256 2>/dev/null); then
			sleep 30
			continue
		fi
		# Not by jq: a process costs more here than all the network does meanwhile.
		[[ $taken =~ \"offset\":\ *([0-9]+).*\"sha256\":\ *\"([0-9a-f]{64})\" ]] || break
		offset=${BASH_REMATCH[1]} digest=${BASH_REMATCH[2]}
		fetched=
		for _ in 1 2 3 4 5; do
			fetched=$(ctl "$3" -j key fetch "$2" --offset "$offset" --octets $octets --label "$n" \
				--digest sha256 2>/dev/null) && break
			sleep 2
		done
		if [ -z "$fetched" ]; then
			echo lost
		elif [[ $fetched == *"\"$digest\""* ]]; then
			echo same
		else
			echo "differ $offset"
		fi
	done >>"$work/keys-$1"
}

keys() { grep -c same "$work/keys-$1"; }

# lives NAME: both directions bring key again
lives() {
	local was_a was_d
	was_a=$(keys a) was_d=$(keys d)

	more_keys() { [ "$(keys a)" -gt "$was_a" ] && [ "$(keys d)" -gt "$was_d" ]; }
	if wait_for 400 more_keys; then
		pass "$1"
	else
		fail "$1" "$(ctl a -j relay show 1:4 | jq -c .) $(ctl d -j relay show 1:1 | jq -c .)"
	fi
}

# --- readings of a quiet time ----------------------------------------------------------------

# reading FILE: what must grow, by name, and what must not
reading() {
	local n

	for n in a b c d; do
		ctl $n -j peer show | jq -r --arg n $n '.[] | select(.kind == "link") | .id as $id |
			"\($n)-\(.id)-in \(.books.in)", "\($n)-\(.id)-spent \(.books.spent)",
			(.counters | "\(.hello_rx // 0) \(.hello_tx // 0) \(.rx_frames // 0) \(.tx_frames // 0)" |
				split(" ") | to_entries[] | "\($n)-\($id)-counter\(.key) \(.value)"),
			"\($n)-\(.id)-drops \([.counters | to_entries[] |
				select(.key | test("drop_(form|address|segment|owner|claimed|tag|binding|route|memory)")) |
				.value] | add // 0)"'
	done >"$1"
	ctl a -j relay show 1:4 | jq -r '"a-confirmed \(.confirmed)", "a-confirmed-in \(.confirmed_in)"' >>"$1"
	ctl d -j relay show 1:1 | jq -r '"d-confirmed \(.confirmed)", "d-confirmed-in \(.confirmed_in)"' >>"$1"
}

# Six ends of links, seven readings each, and four of the remote streams.
readings=46

# grown BEFORE AFTER: prints what is not as it should be
grown() {
	paste -d ' ' "$1" "$2" | awk -v readings=$readings '
		$1 ~ /drops$/ { if ($4 != $2) print $1, "grew from", $2, "to", $4; next }
		$4 <= $2 { print $1, "stays at", $2 }
		{ gain[$1] = $4 - $2 }
		END {
			if (NR != readings)
				print NR, "readings, not", readings
			if (gain["a-confirmed"] - gain["d-confirmed-in"] > 3 || gain["d-confirmed-in"] - gain["a-confirmed"] > 3)
				print "a confirmed", gain["a-confirmed"], "d", gain["d-confirmed-in"]
			if (gain["d-confirmed"] - gain["a-confirmed-in"] > 3 || gain["a-confirmed-in"] - gain["d-confirmed"] > 3)
				print "d confirmed", gain["d-confirmed"], "a", gain["a-confirmed-in"]
		}'
}

# --- an hour -------------------------------------------------------------------------------------

interfaces="a:to-b b:to-a b:to-c c:to-b c:to-d d:to-c"

hour() {
	local h=$1 i began=$SECONDS

	for i in $interfaces; do
		impair "${i%:*}" "${i#*:}" loss 2% duplicate 2% delay 5ms reorder 5% ||
			fail "long-$h-netem" "$i"
	done
	sleep 600
	for i in $interfaces; do
		in_ns "${i%:*}" tc qdisc del dev "${i#*:}" root
	done
	lives "long-$h-after-loss"

	ip -n b link set to-c down
	sleep 40
	ip -n b link set to-c up
	ip -n b route add 10.0.3.0/24 via 10.0.2.2
	lives "long-$h-after-short-cut"
	ip -n b link set to-a down
	sleep 400
	ip -n b link set to-a up
	lives "long-$h-after-long-cut"

	ctl a node del
	up a
	lives "long-$h-after-restart-of-end"
	ctl d peer del 1:1
	up_end d
	lives "long-$h-after-restart-of-stream"
	ctl b node del
	up b
	lives "long-$h-after-restart-of-relay"
	qkdnfctl emu down cd
	sleep 150
	qkdnfctl emu up cd
	lives "long-$h-after-outage"
	for i in a b c d; do
		wait_for 5 balanced $i || fail "long-$h-books-$i" "$(ctl $i -j peer show | jq -c '[.[].books]')"
	done

	i=$((began + 3600 - 300 - SECONDS))
	[ $i -le 0 ] || sleep $i
	reading "$work/quiet-before"
	sleep 300
	reading "$work/quiet-after"
	check_equal "long-$h-counters" '' "$(grown "$work/quiet-before" "$work/quiet-after" | tr '\n' ';')"
}

# --- all of it --------------------------------------------------------------------------------------

for l in ab bc cd; do
	emu_link $l rate $rate block 1024
done

# What is made once and stays, as caches, is made before memory is looked at.
network_up
becomes long-first-up 100 a 1:4 '.state == "up"'
network_down
base=$(kernel_octets)

network_up
becomes long-up 100 a 1:4 '.state == "up"'
consume a 1:1 d 1:4 &
consume d 1:4 a 1:1 &
sleep 300
was=0
for ((h = 1; h <= hours; h++)); do
	hour $h
	got=$(($(keys a) + $(keys d)))
	memory=$(kernel_octets)
	note "hour $h: $((got - was)) keys of $octets octets, $((memory - base)) octets of kernel memory"
	if [ "$h" = 1 ]; then
		first=$((got - was)) first_memory=$memory
		# Of what a link brings in the hour, a quarter at the least.
		check long-1-key-came [ "$first" -ge $((rate / 8 * 3600 / octets / 4)) ]
		was=$got
		continue
	fi
	check_range "long-$h-key-as-in-the-first-hour" $((first * 85 / 100)) $((first * 115 / 100)) $((got - was))
	# What the stores hold at the moment is in it.
	check_range "long-$h-memory-as-in-the-first-hour" 0 $((first_memory + 3145728)) "$memory"
	was=$got
done
touch "$work/stop"
sleep 40
check long-keys-agree sh -c "! grep -h differ $work/keys-a $work/keys-d"
note "$(cat "$work"/keys-? | cut -d' ' -f1 | sort | uniq -c | tr -s ' \n' ' ')"

# c and d never began anew: their ends of a link have taken in the same.
c=$(member c 1:4 '.books | .in + (.refused // 0)') d=$(member d 1:3 '.books | .in + (.refused // 0)')
note "c has taken in $c octets of the link to d, d $d"
check_range long-ends-took-the-same $((c - 8192)) $((c + 8192)) "$d"
books a b c d
network_down
check_range long-memory-is-given-back 0 $((base + 524288)) "$(kernel_octets)"

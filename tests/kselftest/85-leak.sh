#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Invariant 4: used key is gone. The guest's physical memory is searched from
# outside (tests/leak/search.py) for all key that its links ever delivered and that
# its relays ever agreed. What is held must be found, each octet as often as the
# books say; what was used must not be found at all.
#
#	      b 1:2 --- c 1:3		a-d	two shares: over b and c, and over e
#	     /              \		b-e	XOR relay over three hops: c, d
#	a 1:1 ----- e 1:5 --- d 1:4	c-e	hop-by-hop one-time pad over d

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

if [ ! -e "${QKDNF_RESULTS:-}/qemu.pid" ]; then
	skip leak "only the memory of a guest of tools/vm can be searched"
	exit 0
fi
# The host reads these while the script runs.
out=$QKDNF_RESULTS/search
mkdir -p "$out"
rm -f "$out"/*

nodes="a b c d e"
# its links
ring="ab bc cd de ae"

# shellcheck disable=SC2086
ns_add $nodes
veth a b 10.0.1.1/24 10.0.1.2/24
veth b c 10.0.2.1/24 10.0.2.2/24
veth c d 10.0.3.1/24 10.0.3.2/24
veth d e 10.0.4.1/24 10.0.4.2/24
veth a e 10.0.5.1/24 10.0.5.2/24
# What ends of streams say to each other goes round the ring.
via=(10.0.1.2 10.0.2.2 10.0.3.2 10.0.4.2 10.0.5.1)
i=0
for n in $nodes; do
	addr $n lo 10.9.0.$((i + 1))/32
	in_ns $n sysctl -qw net.ipv4.ip_forward=1
	ip -n $n route add default via ${via[i]}
	i=$((i + 1))
done

# --- captures: every link at one of its ends ------------------------------------------

captures=()
capture() { # NAMESPACE INTERFACE
	ip netns exec "$1" tcpdump -Z root -q -U -s 0 -B 4096 -i "$2" -w "$out/$1-$2.pcap" \
		udp port 17717 or udp port 9 2>"$work/$1-$2.log" &
	captures+=($!)
}
stop_captures() {
	[ ${#captures[@]} = 0 ] || { kill "${captures[@]}"; wait "${captures[@]}"; captures=(); } 2>/dev/null
}
at_end stop_captures
capture b any
capture d any
capture a to-e
listening() { [ "$(cat "$work"/*.log | grep -c 'listening on')" = 3 ]; }
wait_for 60 listening || bail capture "tcpdump did not begin: $(head -n 1 "$work"/*.log)"

# --- links, whose key the search computes from their seeds ------------------------------

declare -A begun blocks
for l in $ring; do
	qkdnfctl emu seed "$out/$l.seed" || bail "seed-$l" "cannot make it"
	begun[$l]=$(date +%s%N)
	emu_link $l rate 500k block 4096 depth 64 seed-file "$out/$l.seed" start "${begun[$l]}"
done

# blocks_of LINK: that have come into being
blocks_of() { qkdnfctl -j emu show "$1" | jq -r .index; }

# drained LINK: all that it delivered was read, at each end that has a reader
drained() { qkdnfctl -j emu show "$1" | jq -e 'all(.end_a, .end_b; .open == false or .buffered == 0)' >/dev/null; }

# No more key comes, and what came is in the streams. What was delivered since the
# last time is noted.
links_down() {
	local l

	for l in $ring; do
		qkdnfctl emu down "$l"
		blocks[$l]+="[${from[$l]:-0},$(blocks_of "$l")],"
	done
	for l in $ring; do
		wait_for 60 drained "$l" || fail "leak-drained-$l" "its readers do not take what is there"
	done
	# What was read last is on its way from the device to the stream.
	pause 1
}
links_up() {
	local l

	for l in $ring; do
		from[$l]=$(blocks_of "$l")
		qkdnfctl emu up "$l"
	done
}
declare -A from

# --- nodes --------------------------------------------------------------------------------

link_key="segment: 4Ki, pool: 128Ki"
stream="kind: remote, segment: 4Ki, pool: 64Ki, low: 16Ki, high: 32Ki"
cat >"$work/a.yaml" <<-END
	node: { id: 1:1 }
	peers:
	  - { id: 1:2, address: 10.0.1.2, source: /dev/qkdemu/ab.a, $link_key }
	  - { id: 1:5, address: 10.0.5.2, source: /dev/qkdemu/ae.a, $link_key }
	  - { id: 1:4, address: 10.9.0.4, local: 10.9.0.1, shares: 2, $stream }
	routes:
	  - { to: 1:4, share: 0, via: 1:2 }
	  - { to: 1:4, share: 1, via: 1:5 }
END
cat >"$work/b.yaml" <<-END
	node: { id: 1:2 }
	peers:
	  - { id: 1:1, address: 10.0.1.1, source: /dev/qkdemu/ab.b, $link_key }
	  - { id: 1:3, address: 10.0.2.2, source: /dev/qkdemu/bc.a, $link_key }
	  - { id: 1:5, address: 10.9.0.5, local: 10.9.0.2, $stream }
	routes:
	  - { to: 1:1, via: 1:1 }
	  - { to: 1:4, via: 1:3 }
	  - { to: 1:5, via: 1:3 }
END
cat >"$work/c.yaml" <<-END
	node: { id: 1:3 }
	peers:
	  - { id: 1:2, address: 10.0.2.1, source: /dev/qkdemu/bc.b, $link_key }
	  - { id: 1:4, address: 10.0.3.2, source: /dev/qkdemu/cd.a, $link_key }
	  - { id: 1:5, address: 10.9.0.5, local: 10.9.0.3, scheme: otp, $stream }
	routes:
	  - { to: 1:1, via: 1:2 }
	  - { to: 1:2, via: 1:2 }
	  - { to: 1:4, via: 1:4 }
	  - { to: 1:5, via: 1:4 }
END
cat >"$work/d.yaml" <<-END
	node: { id: 1:4 }
	peers:
	  - { id: 1:3, address: 10.0.3.1, source: /dev/qkdemu/cd.b, $link_key }
	  - { id: 1:5, address: 10.0.4.2, source: /dev/qkdemu/de.a, $link_key }
	  - { id: 1:1, address: 10.9.0.1, local: 10.9.0.4, shares: 2, $stream }
	routes:
	  - { to: 1:1, share: 0, via: 1:3 }
	  - { to: 1:1, share: 1, via: 1:5 }
	  - { to: 1:2, via: 1:3 }
	  - { to: 1:3, via: 1:3 }
	  - { to: 1:5, via: 1:5 }
END
cat >"$work/e.yaml" <<-END
	node: { id: 1:5 }
	peers:
	  - { id: 1:4, address: 10.0.4.1, source: /dev/qkdemu/de.b, $link_key }
	  - { id: 1:1, address: 10.0.5.1, source: /dev/qkdemu/ae.b, $link_key }
	  - { id: 1:2, address: 10.9.0.2, local: 10.9.0.5, $stream }
	  - { id: 1:3, address: 10.9.0.3, local: 10.9.0.5, scheme: otp, $stream }
	routes:
	  - { to: 1:1, via: 1:1 }
	  - { to: 1:2, via: 1:4 }
	  - { to: 1:3, via: 1:4 }
	  - { to: 1:4, via: 1:4 }
END
for n in $nodes; do
	ctl $n apply "$work/$n.yaml" >/dev/null || bail "apply-$n" "see above"
done

# --- the search -------------------------------------------------------------------------------

ranges=
# range CLASS STREAM OFFSET OCTETS: key of which the search shall speak apart
range() { ranges+="{\"class\":\"$1\",\"stream\":\"$2\",\"offset\":$3,\"octets\":$4},"; }

# search NAME: ask the host, and wait for its answer
search() {
	local l links='' asked=$SECONDS

	[ ! -e /run/netns/b ] || captured a 10.0.1.255 "$out/b-any.pcap"
	captured c 10.0.3.255 "$out/d-any.pcap"
	captured a 10.0.5.255 "$out/a-to-e.pcap"
	for l in $ring; do
		links+="{\"name\":\"$l\",\"seed\":\"$l.seed\",\"start\":${begun[$l]},\"block\":4096,"
		links+="\"ends\":\"${ends[$l]}\",\"blocks\":[${blocks[$l]%,}]},"
	done
	printf '{"time_ns":%s,"captures":["b-any.pcap","d-any.pcap","a-to-e.pcap"],"links":[%s],"ranges":[%s]}\n' \
		"$(date +%s%N)" "${links%,}" "${ranges%,}" >"$out/request.new"
	rm -f "$out/answer"
	mv "$out/request.new" "$out/request"
	wait_for 200 [ -e "$out/answer" ] || bail "leak-$1" "the host did not search: see its output"
	answer=$out/$1.json
	mv "$out/answer" "$answer"
	[ "$(jq -r 'has("error")' "$answer")" = false ] || bail "leak-$1" "$(jq -r .error "$answer")"
	note "$1: $(searched .) octets of key searched for in $(jq .memory "$answer") of memory, $((SECONDS - asked)) s"
	jq -r '.classes | to_entries[] | select(.value.found > 0) | "#   \(.key): \(.value.found) octets found"' "$answer"
}
declare -A ends=([ab]=1:1-1:2 [bc]=1:2-1:3 [cd]=1:3-1:4 [de]=1:4-1:5 [ae]=1:1-1:5)

# Octets of the classes that match a pattern: searched for, found, found in whole
# granules.
sum() { jq "[.classes | to_entries[] | select(.key | test(\"$1\")) | .value.$2] | add // 0" "$answer"; }
searched() { sum "$1" searched; }
found() { sum "$1" found; }
whole() { sum "$1" whole; }

# gone NAME PATTERN: key of these classes was searched for, and is nowhere
gone() {
	check_range "$1-searched" 32 $((1 << 40)) "$(searched "$2")"
	if [ "$(found "$2")" = 0 ]; then
		pass "$1"
	else
		jq -c ".hits[] | select(.class | test(\"$2\"))" "$answer" | head -n 5 | sed 's/^/#   /'
		fail "$1" "$(found "$2") octets of it are in memory"
	fi
}

# held KIND NODE...: octets in the books of the nodes' peers
held() {
	local kind=$1 n sum=0
	shift

	for n in "$@"; do
		sum=$((sum + $(ctl "$n" -j peer show | jq "[.[] | select(.kind == \"$kind\") | .books.held] | add // 0")))
	done
	echo $sum
}

# --- traffic -------------------------------------------------------------------------------------

filled() {
	is a 1:4 ".own_level >= $1 and .other_level >= $1" &&
		is b 1:5 ".own_level >= $1 and .other_level >= $1" &&
		is c 1:5 ".own_level >= $1 and .other_level >= $1"
}
check leak-streams-fill wait_for 200 filled 12000

# take NAME NODE PEER OCTETS OPTION...: sets offset
take() {
	local name=$1 ns=$2 peer=$3 octets=$4 taken
	shift 4

	key_taken() { taken=$(ctl "$ns" -j key take "$peer" --octets "$octets" --label "$name" --ttl 1h "$@" 2>&1); }
	wait_for 40 key_taken "$@"
	offset=$(jq -r .offset <<<"$taken") || fail "$name" "take at $ns: $taken"
}
fetch() { # NAME NODE PEER OCTETS
	wait_for 10 ctl "$2" key fetch "$3" --offset "$offset" --octets "$4" --label "$1" --digest sha256 ||
		fail "$1" "$2 cannot fetch it"
}

take both a 1:4 1504 --digest sha256
fetch both d 1:1 1504
range taken 1:1-1:4 "$offset" 1504
take back e 1:2 1504 --digest sha256
fetch back b 1:5 1504
range taken 1:2-1:5 "$offset" 1504
take one c 1:5 1504 --digest sha256
range announced 1:3-1:5 "$offset" 1504
# An application that keeps its key: memory of processes is searched, too.
take kept a 1:4 1504 --out "$work/key"
fetch kept d 1:1 1504
range kept 1:1-1:4 "$offset" 1504

# --- quiet -----------------------------------------------------------------------------------------

# What is on its way would be in no books: streams come to rest while there is key.
idle() {
	local n

	for n in $nodes; do
		ctl "$n" -j relay show | jq -e 'all(.[]; .state == "idle")' >/dev/null || return 1
	done
}
check leak-streams-rest wait_for 120 idle
links_down
note "quiet after $SECONDS s"

# The hash keys in use: a named exception. Each end of a link keeps each once.
hash_keys=0
id_of() { printf '1:%d' $(($(printf %d "'$1") - 96)); }
note_hash_keys() { # NODE ID PEER
	local own

	wait_for 60 is "$1" "$3" '.hash_offset != null' ||
		{ fail "leak-hash-key-$1-$3" "there is none"; return; }
	own=$(member "$1" "$3" .hash_offset)
	range hash "$([[ $2 < $3 ]] && echo "$2-$3" || echo "$3-$2")" "$own" 1072
	hash_keys=$((hash_keys + 1072))
}
for l in $ring; do
	one=${l:0:1} other=${l:1:1}
	note_hash_keys "$one" "$(id_of "$one")" "$(id_of "$other")"
	note_hash_keys "$other" "$(id_of "$other")" "$(id_of "$one")"
done

# shellcheck disable=SC2086
compare() { # NAME NODE...: what is found is what the books of the nodes hold
	local name=$1 link stream
	shift

	link=$(held link "$@") stream=$(held remote "$@")
	search "$name"
	# HELLOs have spent a little meanwhile. These claims are that the search is not blind:
	# once in many runs it found a granule less than the books held, so far unexplained.
	check_range "leak-$name-held-key-of-links-is-found" $(($(held link "$@") - 64)) "$link" \
		"$(whole '^link ')"
	check_range "leak-$name-held-key-of-streams-is-found" $(($(held remote "$@") - 64)) "$stream" \
		"$(whole '^stream |^announced$')"
}
# shellcheck disable=SC2086
compare used $nodes
for kind in 'link PROBE' 'link HELLO' 'link GRANT' 'link RELAY' 'link RELAY_ACK' 'stream SUPPLY'; do
	[ "$(searched "^$kind\$")" -gt 0 ] || fail leak-traffic "no $kind was seen"
done
gone leak-invariant-4-link-key-of-frames '^link (PROBE|HELLO|GRANT|SUPPLY|RELAY)'
gone leak-invariant-4-stream-key-of-frames '^stream (HELLO|SUPPLY)'
gone leak-invariant-4-shares '^shares$'
gone leak-invariant-4-confirmation-keys '^confirmation$'
gone leak-invariant-4-authentication-keys '^clamped$'
gone leak-invariant-4-taken-and-fetched-key '^taken$'
check_equal leak-hash-keys-are-at-both-ends-once $((2 * hash_keys)) "$(whole '^hash$')"
check_equal leak-announced-key-waits-at-one-end 1504 "$(whole '^announced$')"
check_equal leak-key-that-an-application-keeps-is-found 1504 "$(whole '^kept$')"

# --- a namespace is deleted ---------------------------------------------------------------------------

lost=$(($(held link b) + $(held remote b)))
check_range leak-namespace-held-key 4096 $((1 << 30)) $lost
# A program that runs in it, here tcpdump, would keep it. Its cables go last.
kill "${captures[0]}"
wait "${captures[0]}" 2>/dev/null
captures=("${captures[@]:1}")
ip netns del b
no_cable() { ! ip -n a link show to-b; }
check leak-namespace-goes wait_for 60 no_cable
# What its peers hold of b's key they hold on.
compare namespace a c d e

# --- suspend ---------------------------------------------------------------------------------------------

everything='^link |^stream |^shares$|^confirmation$|^clamped$|^taken$|^announced$|^hash$'
echo 1 >/sys/module/suspend/parameters/pm_test_delay
echo 120000 >/sys/power/pm_freeze_timeout
echo freezer >/sys/power/pm_test && echo freeze >/sys/power/state || fail leak-suspend "it did not"
echo none >/sys/power/pm_test
search suspend
gone leak-invariant-4-suspend "$everything"

# --- the modules go ----------------------------------------------------------------------------------------

links_up
check leak-streams-fill-again wait_for 240 is d 1:5 '.own_level >= 8192 and .other_level >= 8192'
links_down
check_range leak-held-key-before-unload 16384 $((1 << 30)) "$(held link a c d e)"
drop_module qkdnf || fail leak-unload "qkdnf stays"
search unload
gone leak-invariant-4-unload "$everything"
check_equal leak-key-that-an-application-keeps-is-still-found 1504 "$(whole '^kept$')"

# --- the search can fail -------------------------------------------------------------------------------

# A copy of what one link delivered, most of it used, that a process keeps.
/usr/bin/python3 "$top/tests/guest/keep.py" "$out/ab.seed" "${begun[ab]}" 4096 "$(blocks_of ab)" \
	>"$work/planted" 2>&1 &
at_end stop $!
wait_for 120 grep -q ^kept "$work/planted" || bail leak-planted "$(tail -n 1 "$work/planted")"
search planted
used='^link (PROBE|HELLO|GRANT|RELAY)'
verdict=$(gone leak-planted "$used")
note "$(grep '^not ok' <<<"$verdict" | sed 's/^not ok/it would say:/')"
if [[ $verdict = *"not ok leak-planted - "* ]] && jq -e "[.hits[] | select(.class | test(\"$used\"))] |
	length > 0 and all(.name == \"ab\")" "$answer" >/dev/null; then
	pass leak-planted-found
else
	fail leak-planted-found "a process keeps used key of the link ab, and the search does not say so"
fi

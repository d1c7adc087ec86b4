# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # top and work are lib.sh's
#
# Sourced after lib.sh by the tests of streams and relay: nodes, links and what
# is asked of them. A node is a network namespace.

# not a version manager's python, which an emulated guest waits for
PATH=$work/bin:$top/build/user:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONDONTWRITEBYTECODE=1

ctl() { qkdnfctl -n "$@"; }

# node NS ID
node() { ctl "$1" node set "$2" || bail "node-$1" "cannot make it"; }

# link_ends A ID-A ADDRESS-A B ID-B ADDRESS-B [SETTING VALUE]...: the peers of a
# QKD link, without sources
link_ends() {
	local a=$1 ida=$2 ada=$3 b=$4 idb=$5 adb=$6
	shift 6

	ctl "$a" peer add "$idb" address "$adb" "$@" && ctl "$b" peer add "$ida" address "$ada" "$@" ||
		bail "peers-$a-$b" "cannot make them"
}

# link A ID-A ADDRESS-A B ID-B ADDRESS-B RATE [SETTING VALUE]...: the same with
# an emulated QKD link, named as A and B together, feeding both ends
link() {
	local a=$1 ida=$2 ada=$3 b=$4 idb=$5 adb=$6 rate=$7
	shift 7

	emu_link "$a$b" rate "$rate" block 4096
	link_ends "$a" "$ida" "$ada" "$b" "$idb" "$adb" "$@"
	ctl "$a" source add "$idb" fd "/dev/qkdemu/$a$b.a" &&
		ctl "$b" source add "$ida" fd "/dev/qkdemu/$a$b.b" ||
		bail "sources-$a-$b" "cannot add them"
}

# source_on NS PEER DEVICE: also if somebody else had it just now and has not let go
source_on() {
	wait_for 60 ctl "$1" source add "$2" fd "/dev/qkdemu/$3" ||
		bail "source-$1-$2" "$(ctl "$1" source add "$2" fd "/dev/qkdemu/$3" 2>&1)"
}

emu_links=()
emu_link() {
	qkdnfctl emu add "$@" || bail "emu-$1" "cannot make it"
	emu_links+=("$1")
}

# member NS PEER FILTER: of one peer, by a jq filter, as in .counters.drop_tag
member() { ctl "$1" -j peer show "$2" | jq -r "$3"; }

# is NS PEER CONDITION: of one peer, as in '.state == "up"'
is() { ctl "$1" -j peer show "$2" | jq -e "$3" >/dev/null; }

# becomes NAME SECONDS NS PEER CONDITION
becomes() {
	if wait_for "$2" is "$3" "$4" "$5"; then
		pass "$1"
	else
		fail "$1" "after $2 s not $5 at $3: $(member "$3" "$4" '{state, own_level, other_level, held, barrier} | tostring')"
		return 1
	fi
}

# met NS PEER NS PEER: the two ends are up in one pairing, of these very lives
met() {
	jq -en --argjson a "$(ctl "$1" -j peer show "$2")" --argjson b "$(ctl "$3" -j peer show "$4")" \
		'$a.state == "up" and $b.state == "up" and $a.barrier == $b.barrier and
		$a.incarnation == $b.peer_incarnation and $b.incarnation == $a.peer_incarnation' >/dev/null
}

# events_begin NS, saw NAME SECONDS NS TYPE: what qkdnfctl monitor tells
events_begin() {
	# the process itself, not a shell around it, is what stop is about
	qkdnfctl -n "$1" -j monitor >"$work/events-$1" 2>&1 &
	eval "monitor_$1=\$!"
	at_end stop $!
	wait_for 60 subscribed $! || bail "events-$1" "$(cat "$work/events-$1")"
}

saw() {
	if wait_for "$2" grep -qa "\"$4\"" "$work/events-$3"; then
		pass "$1"
	else
		fail "$1" "no event $4 at $3 within $2 s"
		return 1
	fi
}

# same_key NAME A ID-A B ID-B [OCTETS]: key that A takes is what B fetches
same_key() {
	local name=$1 a=$2 ida=$3 b=$4 idb=$5 octets=${6:-256} taken fetched offset

	# There may be no segment to spare just now.
	key_taken() {
		taken=$(ctl "$a" -j key take "$idb" --octets "$octets" --label "$name" --ttl 10m \
			--digest sha256 2>&1)
	}
	wait_for 40 key_taken || {
		fail "$name" "take at $a: $taken"
		return 1
	}
	offset=$(jq -r .offset <<<"$taken")
	# The announcement is a frame of its own, repeated each second till heard.
	key_fetched() {
		fetched=$(ctl "$b" -j key fetch "$ida" --offset "$offset" --octets "$octets" \
			--label "$name" --digest sha256 2>&1)
	}
	wait_for 40 key_fetched
	check_equal "$name" "$(jq -r .sha256 <<<"$taken")" \
		"$(jq -r .sha256 <<<"$fetched" 2>/dev/null || printf '%s' "$fetched")"
}

balanced() {
	ctl "$1" -j stats | jq -e '.books | .in == .spent + .held + .erased' >/dev/null &&
		ctl "$1" -j peer show |
		jq -e 'all(.[]; .books | .in == .spent + .held + .erased)' >/dev/null
}

# books NS...: invariant 9, of the node and of each peer. Counters that move
# while they are read may need another look.
books() {
	local ns

	for ns in "$@"; do
		if wait_for 5 balanced "$ns"; then
			pass "books-balance-$ns"
		else
			fail "books-balance-$ns" "$(ctl "$ns" -j stats | jq -c .books) $(ctl "$ns" -j peer show | jq -c '[.[].books]')"
		fi
	done
}

drop_emu_links() {
	local l

	for l in "${emu_links[@]}"; do
		qkdnfctl emu del "$l" 2>/dev/null
	done
}
at_end drop_emu_links

need_module qkdemu
need_module qkdnf

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# One QKD link at a time: two nodes meet, show each other what they hold, spend
# only what both hold, and go on through all that a source can do to them.
#
#	  a                            b
#	  1:1 -------- veth ---------- 1:2      and pairs c-d, e-f, g-h, i-j
#	  source <- emulated link -> source

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a b c d e f g h i j
veth a b 10.0.1.1/24 10.0.1.2/24
veth c d fd00:1::1/64 fd00:1::2/64
veth e f 10.0.3.1/24 10.0.3.2/24
veth g h 10.0.4.1/24 10.0.4.2/24
veth i j 10.0.5.1/24 10.0.5.2/24
for n in a c e g i; do node $n 1:1; done
for n in b d f h j; do node $n 1:2; done
small="pool 256Ki segment 4Ki hello 500ms"

# --- more arrive at once than may wait for their work ---------------------------------

# 900 datagrams that are no frames, held by a plug and let go together: each is seen.
burst() {
	in_ns a ping -nq -c 1 -W 10 10.0.1.2 || return 1	# the plug holds ARP as well
	ip netns exec a tc qdisc add dev to-b root plug limit 10000000 &&
		ip netns exec a tc qdisc change dev to-b root plug block &&
		in_ns a python3 - <<-'EOF' || return 1
			import socket
			for _ in range(9):
			    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
			    for _ in range(100):
			        s.sendto(b"short", ("10.0.1.2", 17717))
		EOF
	[ "$(ip netns exec a tc -s -j qdisc show dev to-b | jq '.[0].qlen')" -ge 900 ] &&
		ip netns exec a tc qdisc change dev to-b root plug release_indefinite &&
		wait_for 20 seen 900
}
seen() { [ "$(ctl b -j stats | jq .unclaimed.short)" = "$1" ]; }
weight=$(sysctl -n net.core.dev_weight)
sysctl -qw net.core.dev_weight=1000
check a-burst-is-seen-whole burst
sysctl -qw net.core.dev_weight="$weight"
ip netns exec a tc qdisc del dev to-b root

# --- all of them meet ---------------------------------------------------------------

# shellcheck disable=SC2086
{
	events_begin a
	link a 1:1 10.0.1.1 b 1:2 10.0.1.2 2M $small
	link c 1:1 fd00:1::1 d 1:2 fd00:1::2 2M $small
	# every tenth block is lost at each end, another one at the other
	link e 1:1 10.0.3.1 f 1:2 10.0.3.2 2M $small
	qkdnfctl emu set ef loss-a 10% loss-b 10%
	# g has read a while, and its store is full, before h begins
	emu_link gh rate 2M block 4096 depth 16
	link_ends g 1:1 10.0.4.1 h 1:2 10.0.4.2 $small
	ctl g source add 1:2 fd /dev/qkdemu/gh.a
	# i has a store of eight segments, and so reads far ahead of what it keeps
	emu_link ij rate 200k block 1024
	ctl i peer add 1:2 address 10.0.5.2 pool 32Ki segment 4Ki hello 500ms
	ctl j peer add 1:1 address 10.0.5.1 $small
	ctl i source add 1:2 fd /dev/qkdemu/ij.a
	ctl j source add 1:1 fd /dev/qkdemu/ij.b
}

becomes link-ipv4-up 20 a 1:2 '.state == "up"'
becomes link-ipv4-key 20 a 1:2 '.own_level >= 32768'
becomes link-ipv4-key-other-end 20 b 1:1 '.own_level >= 32768'
saw link-event-pairing-made 5 a pairing-made
saw link-event-peer-up 5 a peer-up
check_equal link-one-barrier "$(member a 1:2 .barrier)" "$(member b 1:1 .barrier)"
# Each end holds the hash key of what the other sends.
hash_keys() {
	[ "$(member a 1:2 '"\(.hash_offset) \(.other_hash_offset)"')" = \
		"$(member b 1:1 '"\(.other_hash_offset) \(.hash_offset)"')" ]
}
check link-hash-keys wait_for 60 hash_keys
check_equal link-incarnations "$(member a 1:2 '.incarnation + " " + .peer_incarnation')" \
	"$(member b 1:1 '.peer_incarnation + " " + .incarnation')"
same_key link-ipv4-same-key a 1:1 b 1:2
same_key link-ipv4-same-key-back b 1:2 a 1:1

becomes link-ipv6-up 20 c 1:2 '.state == "up"'
becomes link-ipv6-key 20 c 1:2 '.own_level >= 32768'
same_key link-ipv6-same-key c 1:1 d 1:2
same_key link-ipv6-same-key-back d 1:2 c 1:1

# Holes: a segment counts only if both ends got it, which four of five do.
becomes link-loss-up 40 e 1:2 '.state == "up"'
becomes link-loss-key 40 e 1:2 '.own_level >= 32768'
becomes link-loss-key-other-end 40 f 1:1 '.own_level >= 32768'
same_key link-loss-same-key e 1:1 f 1:2
same_key link-loss-same-key-back f 1:2 e 1:1
for n in e f; do
	[ $n = e ] && self=1:1 peer=1:2 other=f || self=1:2 peer=1:1 other=e
	check link-loss-blocks-were-lost-$n wait_for 60 sh -c \
		"qkdnfctl -n $n -j source show $peer | jq -e '.gaps > 0 and .octets < 4096 * .next_index'"
	check_equal link-loss-nothing-forged-$n 0 "$(member $n $peer .counters.drop_tag)"
	# A PROBE that was heard comes again if its answer lay in what was lost.
	check_range link-loss-nothing-twice-$n 0 "$(member $other $self .counters.probe_tx)" \
		"$(member $n $peer .counters.drop_claimed)"
done

becomes link-small-store-key 60 i 1:2 '.own_level >= 8192'
becomes link-small-store-key-other-end 60 j 1:1 '.own_level >= 8192'
check link-small-store-bounded is i 1:2 '.held <= 32768'
same_key link-small-store-same-key i 1:1 j 1:2

# --- another start, with a full store at one end only ---------------------------------

becomes link-late-store-full 20 g 1:2 '.held >= 192 * 1024'
check link-late-not-up-alone is g 1:2 '.state != "up"'
ctl h source add 1:1 fd /dev/qkdemu/gh.b
becomes link-late-up 40 g 1:2 '.state == "up"'
becomes link-late-key 30 g 1:2 '.own_level >= 32768'
becomes link-late-key-other-end 30 h 1:1 '.own_level >= 32768'
same_key link-late-same-key g 1:1 h 1:2
same_key link-late-same-key-back h 1:2 g 1:1

# --- levels, once nothing comes any more -----------------------------------------------

qkdnfctl emu down cd
quiet() {
	[ "$(member c 1:2 '"\(.own_level / 4096 | floor) \(.other_level / 4096 | floor)"')" = \
		"$(member d 1:1 '"\(.other_level / 4096 | floor) \(.own_level / 4096 | floor)"')" ]
}
if wait_for 20 quiet; then
	pass link-levels-told
else
	fail link-levels-told "c $(member c 1:2 '"\(.own_level) \(.other_level)"') d $(member d 1:1 '"\(.own_level) \(.other_level)"')"
fi
note "held: c $(member c 1:2 .held) d $(member d 1:1 .held)"
qkdnfctl emu up cd

# --- one-sided demand moves key ------------------------------------------------------------

# Only a spends. Its own by birth are the even segments: a take from an odd one
# is of key that was b's.
# So little comes that a spends more than that, be the machine ever so slow.
qkdnfctl emu set ab rate 40k
granted=
until_granted() {
	local end=$((SECONDS + $1)) offset

	while [ $SECONDS -lt $end ]; do
		offset=$(ctl a -j key take 1:2 --octets 4Ki --label granted --ttl 5m --digest sha256 \
			2>/dev/null >"$work/granted" && jq .offset "$work/granted")
		[ $((${offset:-0} / 4096 % 2)) = 0 ] || { granted=$offset; return 0; }
	done
	return 1
}
if until_granted 120; then
	pass link-grant-moves-key
	fetch_granted() {
		ctl b -j key fetch 1:1 --offset "$granted" --octets 4Ki --label granted --digest sha256 \
			>"$work/granted-b"
	}
	wait_for 5 fetch_granted
	check_equal link-grant-same-key "$(jq -r .sha256 "$work/granted")" "$(jq -r .sha256 "$work/granted-b")"
else
	fail link-grant-moves-key "$(member a 1:2 '{own_level, other_level, held, g: .counters.grant_in} | tostring')"
fi
check link-grant-counted is b 1:1 '.counters.grant_out > 0'
qkdnfctl emu set ab rate 2M

# A source that is cut off: no key, and both ends say so.
: >"$work/events-a"
qkdnfctl emu down ab

# --- what a source can do ------------------------------------------------------------------------

saw link-source-silent-event 10 a source-silent
qkdnfctl emu up ab
becomes link-source-back 10 a 1:2 '.own_level > 0'
saw link-source-resumed-event 10 a source-resumed

: >"$work/events-a"
qkdnfctl emu eavesdrop ab on
saw link-eavesdropper-event 10 a source-eavesdropping
stopped() { [ "$(ctl "$1" -j source show "$2" | jq -r .state)" = stopped ]; }
check link-eavesdropper-state wait_for 60 stopped a 1:2
check link-eavesdropper-other-end wait_for 60 stopped b 1:1
before=$(member a 1:2 .books.in)
sleep 2
check_equal link-eavesdropper-no-key "$before" "$(member a 1:2 .books.in)"
qkdnfctl emu eavesdrop ab off
saw link-eavesdropper-gone-event 10 a source-resumed
more() { is a 1:2 ".books.in > $before"; }
check link-eavesdropper-gone wait_for 10 more
same_key link-same-key-after a 1:1 b 1:2

# --- what is no source ---------------------------------------------------------------------------

mkfifo "$work/pipe"
exec 9<>"$work/pipe"
ctl e source del 1:2
for file in /dev/null /dev/zero /dev/urandom "$work/pipe" /etc/hostname /proc/version /dev/qkdnf; do
	check_fails "link-no-source${file//\//-}" 'not a character device|no key device|already|No such|refused' \
		timeout 60 qkdnfctl -n e source add 1:2 fd "$file"
	ctl e source del 1:2 2>/dev/null
done
exec 9>&-
check_fails link-one-reader 'busy|Busy|other reader' ctl e source add 1:2 fd /dev/qkdemu/ab.a

# --- blocks that do not fit ------------------------------------------------------------------------

# The pairs that have done their part need not fill on.
for l in cd ef ij; do qkdnfctl emu down $l; done
ctl g peer add 1:9 address 10.0.4.9 segment 4Ki pool 64Ki
while read -r verdict name why; do
	case $verdict in
	ok) pass "$name" ;;
	*) fail "$name" "$why" ;;
	esac
done < <(in_ns g python3 "$top/tests/guest/blocks.py" 1:9 2>&1)

books a b c d e f g h i j

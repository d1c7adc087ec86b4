#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Key across a border, under contracts: provider-wide routes, meters that agree at
# both sides, volume and time used up, a contract that only one side has.
#
#	a 1:1 ---- b 1:2 ==== c 2:1 ---- d 2:2
#	            id 7: 1:* to 2:*   (b out, c in)
#	            id 8: 2:* to 1:*   (c out, b in)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

ns_add a b c d
chain 10.0 a b c d
veth a d 10.0.9.1/24 10.0.9.2/24
node a 1:1
node b 1:2
node c 2:1
node d 2:2
settings="pool 256Ki segment 4Ki hello 300ms"
# shellcheck disable=SC2086
{
	link a 1:1 10.0.1.1 b 1:2 10.0.1.2 1M $settings
	link b 1:2 10.0.2.1 c 2:1 10.0.2.2 1M $settings
	link c 2:1 10.0.3.1 d 2:2 10.0.3.2 1M $settings
}
ctl a route add '2:*' via 1:2
ctl b route add '2:*' via 2:1
ctl b route add 1:1 via 1:1
ctl c route add '1:*' via 1:2
ctl c route add 2:2 via 2:2
ctl d route add '1:*' via 2:1
terms() { ctl "$1" contract add "$2" "$3" "$4" from "$5" to "$6" rate 1M; }
check contracts-out terms b 2:1 7 out '1:*' '2:*'
check contracts-back-out terms c 1:2 8 out '2:*' '1:*'
check contracts-back-in terms b 2:1 8 in '2:*' '1:*'
ends="kind remote segment 4Ki pool 1Mi low 24Ki high 32Ki"
events_begin a
# shellcheck disable=SC2086
{
	ctl a peer add 2:2 address 10.0.9.2 $ends
	ctl d peer add 1:1 address 10.0.9.1 $ends
}

# contract NS PEER ID DIRECTION FILTER
contract() { ctl "$1" -j contract show "$2" "$3" "$4" | jq -r "$5"; }
relayed() { ctl a -j relay show 2:2 | jq -r ".$1"; }

# --- c has no such contract yet --------------------------------------------------------------

becomes contracts-back-first 90 d 1:1 '.own_level >= 8192'
saw contracts-unknown-event 60 a nak
check_equal contracts-unknown-no-key 0 "$(relayed confirmed)"
check contracts-in terms c 1:2 7 in '1:*' '2:*'
becomes contracts-key 90 a 2:2 '.own_level >= 8192'
same_key contracts-same-key a 1:1 d 2:2
same_key contracts-same-key-back d 2:2 a 1:1

# --- meters ------------------------------------------------------------------------------------

# Once both are full nothing moves, and HELLO has told all.
meters_agree() {
	[ "$(contract b 2:1 7 out .sent)" = "$(contract c 1:2 7 in .accepted)" ] &&
		[ "$(contract b 2:1 7 out .peer_accepted)" = "$(contract c 1:2 7 in .accepted)" ] &&
		[ "$(contract c 1:2 8 out .sent)" = "$(contract b 2:1 8 in .accepted)" ]
}
if wait_for 60 meters_agree; then pass contracts-meters-agree; else
	fail contracts-meters-agree "$(contract b 2:1 7 out tostring) $(contract c 1:2 7 in tostring)"
fi
check contracts-meters-moved [ "$(contract c 1:2 7 in .accepted)" -gt 8192 ]
# They agree for moments on the way there, too.
moved() { contract c 1:2 7 in .accepted; contract c 1:2 8 out .sent; }
check contracts-come-to-rest settled 3 moved
check contracts-meters-agree-at-rest wait_for 10 meters_agree
check contracts-mark-in ctl c contract mark 1:2 7 in 1
# The sender hears of the carrier's mark by HELLO.
marked() {
	[ "$(contract b 2:1 7 out '"\(.mark) \(.mark_sent) \(.mark_peer_accepted)"')" = \
		"$(contract c 1:2 7 in '"\(.mark) \(.mark_accepted) \(.mark_accepted)"')" ]
}
if wait_for 30 marked; then pass contracts-mark-agrees; else
	fail contracts-mark-agrees "$(contract b 2:1 7 out tostring) $(contract c 1:2 7 in tostring)"
fi
check_fails contracts-mark-order 'one more than the last' ctl c contract mark 1:2 7 in 9

# --- volume and time -----------------------------------------------------------------------------

# stalls NAME, resumes NAME: what a makes
hungry() {
	local mark

	# half of what a peer is to hold is for each direction
	mark=$((2 * ($(member a 2:2 .own_level) + 32768)))
	ctl a peer set 2:2 low $((mark - 8192)) high $mark
}
stalls() {
	local before

	settled 3 relayed confirmed
	before=$(relayed confirmed)
	hungry
	sleep 4
	check_equal "$1" "$before" "$(relayed confirmed)"
}
resumes() {
	local before

	before=$(relayed confirmed)
	# What was wanted may have come before the question.
	more() { [ "$(relayed confirmed)" -gt "$before" ] || { hungry; false; }; }
	check "$1" wait_for 60 more
}
ctl c contract set 1:2 7 in volume "$(contract c 1:2 7 in .accepted)"
hungry
stalls contracts-volume-used-up
check_equal contracts-volume-held "$(contract c 1:2 7 in .volume)" "$(contract c 1:2 7 in .accepted)"
ctl c contract set 1:2 7 in volume 0
resumes contracts-volume-more
ctl b contract set 2:1 7 out expiry +1s
sleep 2
stalls contracts-expired
ctl b contract set 2:1 7 out expiry +1d
resumes contracts-renewed
ctl c contract del 1:2 7 in
stalls contracts-taken-away
terms c 1:2 7 in '1:*' '2:*'
resumes contracts-made-anew
same_key contracts-same-key-at-last a 1:1 d 2:2
books a b c d

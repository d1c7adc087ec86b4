#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# IPsec beside other people's: strongSwan, and associations set by hand, between the
# same two outer addresses, all with live traffic.
#
#	a 1:1 10.0.1.1 ------ 10.0.1.2 1:2 b
#
#	reqid 7    bindings, by xfrm interfaces	192.168.7.1 - 192.168.7.2
#	reqid 8    bindings, by plain policies	192.168.8.1 - 192.168.8.2
#	charon's   CHILD_SA "net"		192.168.9.1 - 192.168.9.2
#	reqid 77   ip xfrm			192.168.10.1 - 192.168.10.2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"
. "$top/tools/vm/strongswan.sh"

ns_add a b
veth a b 10.0.1.1/24 10.0.1.2/24
node a 1:1
node b 1:2
link a 1:1 10.0.1.1 b 1:2 10.0.1.2 1M segment 4Ki pool 256Ki hello 500ms

# --- all four -------------------------------------------------------------------

# route NS NUMBER OWN FAR: to the other end's inner address, by a plain policy
route() {
	ip -n "$1" addr add "192.168.$2.$3/32" dev lo &&
		ip -n "$1" route add "192.168.$2.$4/32" via "10.0.1.$4" src "192.168.$2.$3"
}

# plain NS REQID NUMBER OWN FAR: its policies
plain() {
	local ns=$1 reqid=$2 out="192.168.$3.$4" in="192.168.$3.$5" own="10.0.1.$4" far="10.0.1.$5"

	ip -n "$ns" xfrm policy add src "$out" dst "$in" dir out \
		tmpl src "$own" dst "$far" proto esp mode tunnel reqid "$reqid" &&
		ip -n "$ns" xfrm policy add src "$in" dst "$out" dir in \
			tmpl src "$far" dst "$own" proto esp mode tunnel reqid "$reqid"
}

# state NS FROM TO SPI REQID DIGIT: an association by hand
state() {
	ip -n "$1" xfrm state add src "10.0.1.$2" dst "10.0.1.$3" proto esp spi "$4" reqid "$5" \
		mode tunnel aead 'rfc4106(gcm(aes))' "0x$(printf "$6%x" {0..15} {0..15} {0..3})" 128
}
hand() {
	local ns

	for ns in a b; do
		state $ns 1 2 0x7701 77 a || return
		state $ns 2 1 0x7702 77 b || return
	done
}

bind7() { # NS OWN FAR
	ctl "$1" ipsec add 7 peer "1:$3" address "10.0.1.$3" local "10.0.1.$2" if-id 7 soft-seconds 0
}
bind8() {
	ctl "$1" ipsec add 8 peer "1:$3" address "10.0.1.$3" local "10.0.1.$2" soft-seconds 0
}

# did NAME COMMAND...: check in this very shell, whose children charons are
did() {
	local name=$1
	shift

	if "$@" >"$work/did" 2>&1; then
		pass "$name"
	else
		sed 's/^/#   /' "$work/did"
		fail "$name"
		return 1
	fi
}

swan_start='trap'
at_end swan_end
did strongswan-there swan_begin "$work/swan" || exit 1
for ns in a b; do
	own=1 far=2 other=b
	[ $ns = a ] || own=2 far=1 other=a
	route $ns 9 $own $far
	route $ns 10 $own $far
	route $ns 8 $own $far
	plain $ns 77 10 $own $far
	plain $ns 8 8 $own $far
	swan_config $ns 10.0.1.$own 10.0.1.$far $other 1 \
		"net=192.168.9.$own/32=192.168.9.$far/32" "clash=192.168.11.$own/32=192.168.11.$far/32=8"
	did "strongswan-$ns" swan_start $ns || exit 1
done
check by-hand hand
becomes link-ab 60 a 1:2 '.state == "up" and .own_level > 16384'
becomes link-ba 60 b 1:1 '.state == "up" and .own_level > 16384'
events_begin a
for ns in a b; do
	own=1 far=2
	[ $ns = a ] || own=2 far=1
	check add-7$ns bind7 $ns $own $far
	check add-8$ns bind8 $ns $own $far
	ctl $ns ipsec interface 7 add ipsec7 &&
		ctl $ns ipsec policy 7 add 192.168.7.$own 192.168.7.$far/32 &&
		ip -n $ns addr add 192.168.7.$own/32 dev ipsec7 &&
		ip -n $ns route add 192.168.7.$far/32 dev ipsec7 || bail gateway-$ns "cannot make it"
done
for n in 7 8; do
	gets up-a$n 30 a $n '.state == "up" and .reason == null'
	gets up-b$n 30 b $n '.state == "up" and .reason == null'
done
check initiate swan a --initiate --child net

# traffic NAME COUNT NUMBER...: every echo is answered on all of these ways at once
traffic() {
	local name=$1 count=$2 n i=0
	local -a jobs=()
	shift 2

	for n in "$@"; do
		in_ns a python3 "$top/tests/guest/echo.py" 192.168."$n".2 "$count" 0.02 >"$work/echo-$n" 2>&1 &
		jobs+=($!)
	done
	for n in "$@"; do
		if wait "${jobs[i++]}"; then
			pass "$name-$n"
		else
			fail "$name-$n" "$(tail -n 1 "$work/echo-$n")"
		fi
	done
}
traffic all 20 7 8 9 10

# Whose is what: xfrm's policies and states as they are listed, of reqids 7 and 8 or of
# all others. Where a state is in its sequence is not shown: that goes on.
listed() { # NS KIND ours|others
	ip -n "$1" xfrm "$2" | awk -v whose="$3" '
		function tell() { if (entry != "" && (ours ? "ours" : "others") == whose) printf "%s", entry }
		/^[^ \t]/ { tell(); entry = ""; ours = 0 }
		/anti-replay|^\t (seq-hi|replay_window|[0-9a-f]+ )|lastused/ { next }
		{ entry = entry $0 "\n" }
		/reqid [78]( |$)/ { ours = 1 }
		END { tell() }'
}
all_of() { # ours|others
	local ns

	for ns in a b; do
		echo "== $ns"
		listed $ns policy "$1"
		[ "$1" = ours ] || listed $ns state "$1"
	done
}
# our own account: what a neighbour's doings must leave as it is
account() {
	local ns n

	for ns in a b; do
		for n in 7 8; do
			ctl $ns -j ipsec show $n | jq -c '[.reqid, .state, .reason, .out_spi, .in_spi, .rekeys_out,
				.rekeys_in, .failed, .acquired, .key_octets]'
		done
	done
	grep -c '"sa-' "$work/events-a"
}
# same NAME BEFORE AFTER
same() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed 's/^/#   /'
		fail "$1" "it changed"
		return 1
	fi
}

# --- all of them rekeyed, under traffic --------------------------------------------

established() { grep -o 'CHILD_SA net{[0-9]*} established' "$work/swan/$1.log" | sort -u | wc -l; }
storm() {
	local i

	for i in 1 2 3; do
		ctl a ipsec rekey 7
		swan a --rekey --child net
		ctl b ipsec rekey 8
		pause 0.4
		ctl b ipsec rekey 7
		swan b --rekey --child net
		ctl a ipsec rekey 8
		pause 0.4
	done
}
theirs=$(established a) n7=$(of a 7 .rekeys_out) n8=$(of a 8 .rekeys_out)
storm >"$work/storm" 2>&1 &
job=$!
traffic rekeyed 250 7 8 9 10
wait $job
check_range strongswan-rekeys $((theirs + 6)) $((theirs + 8)) "$(established a)"
check_range rekeys-7 $((n7 + 3)) $((n7 + 12)) "$(of a 7 .rekeys_out)"
check_range rekeys-8 $((n8 + 3)) $((n8 + 12)) "$(of a 8 .rekeys_out)"
check spis-agree-7 wait_for 30 agreed a 7 b 7
check spis-agree-8 wait_for 30 agreed a 8 b 8
check_equal forged "0 0" "$(forged a) $(forged b)"

# What was replaced on either side has gone.
at_rest() {
	local ns

	for ns in a b; do
		[ "$(ip -n $ns xfrm state | grep -c '^src')" = 8 ] || return
	done
}
check at-rest wait_for 60 at_rest

# --- what they do leaves ours as it is ----------------------------------------------

# again NUMBER: answered, sooner or later: what is asked for by traffic costs it packets
again() { wait_for 60 in_ns a ping -q -c 1 -W 2 "192.168.$1.2"; }

theirs() {
	swan a --rekey --child net
	swan b --terminate --child net
	# the trap: traffic asks charon, and xfrm asks the key manager beside it as well
	again 9 || return
	swan a --terminate --ike site0
	again 9 || return
	swan_stop b
	swan_start b
	swan a --terminate --ike site0 --force
	swan a --initiate --child net || return
	ip -n a xfrm state delete src 10.0.1.1 dst 10.0.1.2 proto esp spi 0x7701
	state a 1 2 0x7701 77 a
}
ours=$(all_of ours) account=$(account)
traffic beside-theirs 400 7 8 >"$work/beside" 2>&1 &
job=$!
did theirs theirs
wait $job
cat "$work/beside"
tests_failed=$((tests_failed + $(grep -c '^not ok' "$work/beside")))
same ours-policies "$ours" "$(all_of ours)"
same ours-account "$account" "$(account)"
check foreign-acquire grep -q 'creating acquire job for policy 192.168.9.1' "$work/swan/a.log"

# --- and what we do leaves theirs ----------------------------------------------------

at_home() { # charon's old ones have gone, so what is there stays
	[ "$(listed a state others | grep -c '^src')" = 4 ] && [ "$(listed b state others | grep -c '^src')" = 4 ]
}
check at-home wait_for 60 at_home

ours() {
	local ns

	ctl a ipsec rekey 7
	ctl a ipsec policy 7 add 192.168.70.0/24 192.168.71.0/24 &&
		ctl a ipsec policy 7 del 192.168.70.0/24 192.168.71.0/24 || return
	ctl a ipsec del 7
	wait_for 30 has b 7 '.state == "waiting"' || return
	bind7 a 1 2
	wait_for 30 has a 7 '.state == "up"' || return
	# the other end begins anew: all that the two have is agreed again
	ctl b peer del 1:1
	ctl b peer add 1:1 address 10.0.1.1 segment 4Ki pool 256Ki hello 500ms
	source_on b 1:1 ab.b
	wait_for 90 agreed a 7 b 7 && wait_for 90 agreed a 8 b 8 || return
	for ns in a b; do
		wait_for 90 has $ns 7 '.state == "up"' && wait_for 90 has $ns 8 '.state == "up"' || return
	done
}
others=$(all_of others)
check_range others-listed 30 200 "$(wc -l <<<"$others")"
log=$(established a)
traffic beside-ours 400 9 10 >"$work/beside" 2>&1 &
job=$!
did ours ours
wait $job
cat "$work/beside"
tests_failed=$((tests_failed + $(grep -c '^not ok' "$work/beside")))
same others-untouched "$others" "$(all_of others)"
check_equal strongswan-did-nothing "$log" "$(established a)"
traffic ours-again 10 7 8

# Traffic that finds no association of ours has xfrm ask charon, too.
ctl b ipsec del 8
gets alone 30 a 8 '.state == "waiting"'
n=$(of a 8 .acquired)
check_fails alone-stops '100% packet loss' in_ns a ping -q -c 2 -i 0.2 -W 1 192.168.8.2
gets acquired 30 a 8 ".acquired > $n"
check strongswan-asked wait_for 30 grep -q 'trap not found, unable to acquire reqid 8' "$work/swan/a.log"
check_equal strongswan-ignores "$log" "$(established a)"
bind8 b 2 1
gets alone-no-more 60 a 8 '.state == "up" and .reason == null'
check again-8 again 8

# --- all associations flushed ---------------------------------------------------------

n7=$(of a 7 .rekeys_out) n8=$(of a 8 .rekeys_out)
in_ns a ip xfrm state flush
gets flushed-7 30 a 7 ".state == \"up\" and .rekeys_out > $n7"
gets flushed-8 30 a 8 ".state == \"up\" and .rekeys_out > $n8"
check flushed-again-7 again 7
check flushed-again-8 again 8
# charon is not told, takes what it had for good, and refuses another: its people have
# to say so. What was set by hand is for hands.
check_fails flushed-strongswan '100% packet loss' in_ns a ping -q -c 2 -i 0.2 -W 1 192.168.9.2
check strongswan-refuses wait_for 30 grep -q 'not establishing CHILD_SA .* due to existing duplicate' "$work/swan/a.log"
check strongswan-terminate swan a --terminate --child net
check strongswan-anew swan a --initiate --child net
check_equal flushed-hand 0 "$(listed a state others | grep -c 'reqid 77')"
state a 1 2 0x7701 77 a
state a 2 1 0x7702 77 b
traffic flushed 20 7 8 9 10

# --- one reqid for two ------------------------------------------------------------------

taken='somebody else has this reqid'
ctl a ipsec del 8
state a 1 2 0x8801 8 b
check_fails reqid-taken "$taken" bind8 a 1 2
check reqid-other-interface ctl a ipsec add 8 peer 1:2 address 10.0.1.2 local 10.0.1.1 if-id 8
ctl a ipsec del 8
ip -n a xfrm state delete src 10.0.1.1 dst 10.0.1.2 proto esp spi 0x8801
check reqid-free bind8 a 1 2
gets reqid-up 60 a 8 '.state == "up" and .reason == null'
state a 1 2 0x8801 8 b
gets reqid-told 30 a 8 ".reason != null and (.reason | test(\"$taken\"))"
saw reqid-event 10 a sa-failed
ip -n a xfrm state delete src 10.0.1.1 dst 10.0.1.2 proto esp spi 0x8801
gets reqid-over 30 a 8 '.state == "up" and .reason == null'
check clash swan a --initiate --child clash
gets clash-told 30 a 8 ".reason != null and (.reason | test(\"$taken\"))"
gets clash-told-there 30 b 8 ".reason != null and (.reason | test(\"$taken\"))"
check clash-ends swan a --terminate --child clash
gets clash-over 30 a 8 '.state == "up" and .reason == null'
check again-8-alone again 8

# --- without them -----------------------------------------------------------------------

account=$(account) ours=$(all_of ours)
swan_stop a
swan_stop b
check_equal strongswan-gone 0 "$(for ns in a b; do listed $ns policy others; done | grep -c '192.168.9.')"
same ours-stay "$ours" "$(all_of ours)"
same account-stays "$account" "$(account)"
traffic alone 20 7 8 10
books a b

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# IPsec under key of a stream, from files, and what can go amiss: limits, no key,
# frames lost and doubled, xfrm flushed, nodes suspended, the module taken out.
#
# shellcheck disable=SC2016 # jq's variables, not the shell's
#
#	a 1:1 ---- b 1:2
#
#	reqid 7	  tunnel, IPv4 outside, xfrm interface: 192.168.7.1 - 192.168.7.2
#	reqid 8	  transport, IPv6, chacha20-poly1305, TCP and pings: fd00:8::1 - fd00:8::2
#	reqid 9	  tunnel, IPv6 outside and inside: fd00:9::1 - fd00:9::2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"

ns_add a b
veth a b 10.0.1.1/24 10.0.1.2/24
addr a to-b fd00:1::1/64
addr b to-a fd00:1::2/64
addr a to-b fd00:8::1/64
addr b to-a fd00:8::2/64

# --- files ------------------------------------------------------------------------

# file NS OWN FAR N M [LINE]...: bindings as the lines say
file() {
	local ns=$1 own=$2 far=$3 n=$4 m=$5
	shift 5

	cat <<-END
		emu:
		  - {name: ab, rate: 1M, block: 4Ki}
		node: {id: 1:$n}
		peers:
		  - {id: 1:$m, address: $far, segment: 4Ki, pool: 256Ki, hello: 500ms, source: /dev/qkdemu/ab.$ns}
		ipsec:
	END
	printf '  - {%s}\n' "$@"
}
write() { # LIMITS of reqid 7
	file a 10.0.1.1 10.0.1.2 1 2 \
		"reqid: 7, peer: 1:2, address: 10.0.1.2, local: 10.0.1.1, if-id: 7$1" \
		"reqid: 8, peer: 1:2, address: 'fd00:8::2', local: 'fd00:8::1', mode: transport, algorithm: chacha20-poly1305" \
		"reqid: 9, peer: 1:2, address: 'fd00:1::2', local: 'fd00:1::1', esn: no" >"$work/a.yaml"
	file b 10.0.1.2 10.0.1.1 2 1 \
		"reqid: 7, peer: 1:1, address: 10.0.1.1, local: 10.0.1.2, if-id: 7$1" \
		"reqid: 8, peer: 1:1, address: 'fd00:8::1', local: 'fd00:8::2', mode: transport, algorithm: chacha20-poly1305" \
		"reqid: 9, peer: 1:1, address: 'fd00:1::1', local: 'fd00:1::2', esn: no" >"$work/b.yaml"
}
emu_links+=(ab)
nothing="nothing to do: what runs is what the file says"
write ''
check dry-run ctl a apply "$work/a.yaml" --dry-run
for ns in a b; do
	check apply-$ns ctl $ns apply "$work/$ns.yaml"
	check_equal apply-$ns-twice "$nothing" "$(ctl $ns apply "$work/$ns.yaml")"
done
check_equal bindings-shown '7 8 9' "$(ctl a -j show | jq -r '[.bindings[].reqid] | join(" ")')"
check page-shows-ipsec grep -q '^IPSEC' <(ctl a show)

# gateway NS N M: an xfrm interface and its policies; and those of the other two
gateway() {
	local ns=$1 n=$2 m=$3 d

	ip -n "$ns" link add ipsec7 type xfrm dev lo if_id 7 || return
	ip -n "$ns" addr add "192.168.7.$n/32" dev ipsec7
	ip -n "$ns" link set ipsec7 up
	ip -n "$ns" route add "192.168.7.$m/32" dev ipsec7
	policy "$ns" 7 "192.168.7.$n" "192.168.7.$m" "10.0.1.$n" "10.0.1.$m" if_id 7
	ip -n "$ns" addr add "fd00:9::$n/128" dev lo nodad
	ip -n "$ns" -6 route add "fd00:9::$m/128" via "fd00:1::$m" src "fd00:9::$n"
	policy "$ns" 9 "fd00:9::$n" "fd00:9::$m" "fd00:1::$n" "fd00:1::$m"
	for d in ipv6-icmp tcp; do
		ip -n "$ns" xfrm policy add src "fd00:8::$n" dst "fd00:8::$m" proto $d type 128 dir out \
			tmpl proto esp mode transport reqid 8 2>/dev/null ||
			ip -n "$ns" xfrm policy add src "fd00:8::$n" dst "fd00:8::$m" proto $d dir out \
				tmpl proto esp mode transport reqid 8 || return
	done
}
# policy NS REQID INNER-OWN INNER-FAR OWN FAR [IF-ID]
policy() {
	local ns=$1 reqid=$2 in=$3 out=$4 own=$5 far=$6
	shift 6

	ip -n "$ns" xfrm policy add src "$in" dst "$out" dir out "$@" \
		tmpl src "$own" dst "$far" proto esp mode tunnel reqid "$reqid" &&
		ip -n "$ns" xfrm policy add src "$out" dst "$in" dir in "$@" \
			tmpl src "$far" dst "$own" proto esp mode tunnel reqid "$reqid"
}
check gateway-a gateway a 1 2
check gateway-b gateway b 2 1
for r in 7 8 9; do
	gets up-$r-a 60 a $r '.state == "up"'
	gets up-$r-b 20 b $r '.state == "up"'
done

# --- modes and families -------------------------------------------------------------

# ping with a policy for echo requests alone would be no proof of the answer
packets() { of "$1" "$2" .out_packets; }
through() { # NAME REQID NS TARGET
	local n

	n=$(packets "$3" "$2")
	lossless "$1" "$3" "$4" 20
	check_range "$1-by-esp" $((n + 20)) $((n + 60)) "$(packets "$3" "$2")"
}
through tunnel-4 7 a 192.168.7.2
through transport-6 8 a fd00:8::2
through tunnel-6 9 b fd00:9::1
rekey_all() {
	local i

	for ((i = 0; i < 4; i++)); do
		ctl a ipsec rekey "$1" && ctl b ipsec rekey "$1"
		pause 0.5
	done
}
for r in 8 9; do
	rekey_all $r &
	job=$!
	case $r in 8) to=fd00:8::2 ;; 9) to=fd00:9::2 ;; esac
	lossless rekey-lossless-$r a $to 120
	wait $job
	check agreed-$r wait_for 10 agreed a $r b $r
done

# What 'show' of one tells of each association is what xfrm has.
spis() { ctl "$1" -j ipsec show "$2" | jq -r '.association[] | select(.valid) | .spi' | sort -n; }
in_xfrm() {
	local spi

	for spi in $(ip -n "$1" xfrm state | awk -v r="reqid $2 " '/proto esp/ && index($0, r) { print $4 }'); do
		echo $((spi))
	done | sort -n
}
listed() { [ "$(spis a 7)" = "$(in_xfrm a 7)" ]; }
check associations-listed wait_for 10 listed
has_old() { ctl a -j ipsec show 7 | jq -e 'any(.association[]; .leaves_ms > 0 and .direction == "out")' >/dev/null; }
ctl a ipsec rekey 7
check association-leaves wait_for 5 has_old

# --- addresses that move ----------------------------------------------------------------

# A session in the tunnel, and pings beside it, all the while.
outer() { in_xfrm_states "$1" "$2" | sort -u | tr '\n' ' '; }
in_xfrm_states() { ip -n "$1" xfrm state | awk -v r="reqid $2 " '/^src/ { ends = $2 " " $4 } /proto esp/ && index($0, r) { print ends }'; }
templates() { ip -n "$1" xfrm policy | awk -v r="reqid $2 " '/tmpl/ { ends = $3 " " $5 } /proto esp/ && index($0, r) { print ends }' | sort -u | tr '\n' ' '; }
moved() { # NS REQID ONE OTHER: states and templates are there, and nowhere else
	local want="$3 $4 $4 $3 "
	[[ $4 > $3 ]] || want="$4 $3 $3 $4 "
	[ "$(outer "$1" "$2")" = "$want" ] && [ "$(templates "$1" "$2")" = "$want" ]
}
check_fails move-nowhere 'where to' ctl a ipsec move 7
check_fails move-family 'stays in its family' ctl a ipsec move 7 local fd00:1::11
check_fails move-transport 'only tunnel mode' ctl a ipsec move 8 local fd00:8::11
check_fails move-else "'mode' cannot move" ctl a ipsec move 7 mode transport
addr a to-b 10.0.1.11/24
addr b to-a 10.0.1.12/24
in_ns b timeout 60 socat -u TCP-LISTEN:5000,reuseaddr "CREATE:$work/session" &
server=$!
pause 1
for ((i = 0; i < 60; i++)); do echo "line $i"; pause 0.1; done |
	in_ns a timeout 60 socat -u - TCP:192.168.7.2:5000 &
session=$!
in_ns a ping -q -c 300 -i 0.02 -W 5 192.168.7.2 >"$work/pings" 2>&1 &
pings=$!
pause 0.5
check move-a ctl a ipsec move 7 local 10.0.1.11
gets move-told 10 b 7 '.addr4 == "10.0.1.11"'
pause 1
check move-b ctl b ipsec move 7 local 10.0.1.12
gets move-told-back 10 a 7 '.addr4 == "10.0.1.12" and .local_addr4 == "10.0.1.11"'
wait $pings
check move-lossless grep -q ' 0% packet loss' "$work/pings"
wait $session $server
check_equal move-session-lives 60 "$(grep -c line "$work/session")"
check move-settled-a wait_for 20 moved a 7 10.0.1.11 10.0.1.12
check move-settled-b wait_for 20 moved b 7 10.0.1.11 10.0.1.12
check move-agreed wait_for 10 agreed a 7 b 7
lossless move-after a 192.168.7.2 20
# Both at once; and what the files say is where it was.
addr a to-b fd00:1::11/64
addr b to-a fd00:1::12/64
ctl a ipsec move 9 local fd00:1::11 &
ctl b ipsec move 9 local fd00:1::12
wait $!
check move-both-a wait_for 20 moved a 9 fd00:1::11 fd00:1::12
check move-both-b wait_for 20 moved b 9 fd00:1::11 fd00:1::12
lossless move-both a fd00:9::2 20
check_equal move-back "~ binding of reqid 7: addr4 10.0.1.12 -> 10.0.1.2, local-addr4 10.0.1.11 -> 10.0.1.1
~ binding of reqid 9: addr6 fd00:1::12 -> fd00:1::2, local-addr6 fd00:1::11 -> fd00:1::1" \
	"$(ctl a apply "$work/a.yaml")"
check move-back-b ctl b apply "$work/b.yaml"
for ns in a b; do
	check move-home-$ns wait_for 20 moved $ns 7 10.0.1.1 10.0.1.2
	check move-home-9-$ns wait_for 20 moved $ns 9 fd00:1::1 fd00:1::2
done
lossless move-home a 192.168.7.2 10

# --- frames lost, doubled and out of order --------------------------------------------

worse() { # NAME NETEM...
	local name=$1 n
	shift

	n=$(of a 7 .rekeys_out)
	impair a to-b "$@"
	impair b to-a "$@"
	ip netns exec a ping -q -i 0.05 -w 300 192.168.7.2 >/dev/null &
	job=$!
	rekey_all 7
	rekey_all 9
	gets "$name-rekeys" 40 a 7 ".rekeys_out > $n + 1"
	stop $job
	tc -n a qdisc del dev to-b root
	tc -n b qdisc del dev to-a root
	gets "$name-up-a" 40 a 7 '.state == "up" and .reason == null'
	gets "$name-up-b" 40 b 7 '.state == "up" and .reason == null'
	check "$name-agreed" wait_for 40 agreed a 7 b 7
	check "$name-agreed-9" wait_for 40 agreed a 9 b 9
	# One key for one SPI at both ends: never a packet that does not verify.
	check_equal "$name-no-wrong-key" "0 0" "$(forged a) $(forged b)"
	lossless "$name-ping" a 192.168.7.2 20
}
worse netem-5 loss 5% duplicate 5% delay 3ms 2ms reorder 10%
worse netem-25 loss 25% duplicate 15% delay 5ms 4ms reorder 25%

# --- flushed under traffic --------------------------------------------------------------

ip netns exec a ping -q -i 0.05 -w 300 192.168.7.2 >/dev/null &
job=$!
for ns in a b; do
	check flush-$ns in_ns $ns ip xfrm state flush
	gets flushed-$ns-a 30 a 7 '.state == "up"'
	gets flushed-$ns-b 30 b 7 '.state == "up"'
done
stop $job
check flushed-agreed wait_for 30 agreed a 7 b 7
lossless flushed-ping a 192.168.7.2 10

# --- suspend ----------------------------------------------------------------------------

suspend() { echo freezer >/sys/power/pm_test && echo freeze >/sys/power/state && echo none >/sys/power/pm_test; }
if [ -e /sys/power/pm_test ]; then
	old=$(in_xfrm a 7)
	check suspend suspend
	kept() { comm -12 <(echo "$old") <(in_xfrm a 7); }
	check_equal suspended-associations-gone '' "$(kept)"
	gets resumed-a 90 a 7 '.state == "up"'
	gets resumed-b 30 b 7 '.state == "up"'
	check resumed-agreed wait_for 30 agreed a 7 b 7
	lossless resumed-ping a 192.168.7.2 10
fi

# --- hard limits ------------------------------------------------------------------------

# What is limited by octets and by seconds comes back by itself, since traffic asks.
never=", soft-octets: 0, soft-packets: 0, soft-seconds: 0"
limited() { # NAME LIMIT
	write "$never, $2"
	for ns in a b; do
		check "$1-apply-$ns" ctl $ns apply "$work/$ns.yaml"
	done
	gets "$1-up" 30 a 7 '.state == "up"'
	gets "$1-up-b" 30 b 7 '.state == "up"'
	n=$(of a 7 .rekeys_out)
	in_ns a ping -q -c 60 -i 0.1 -s 400 -W 1 192.168.7.2 >/dev/null
	gets "$1-again" 20 a 7 ".rekeys_out > $n"
	gets "$1-up-again" 20 a 7 '.state == "up"'
	check "$1-ping" wait_for 20 in_ns a ping -q -c 1 -W 2 192.168.7.2
}
limited hard-octets 'hard-octets: 8k'
limited hard-seconds 'hard-seconds: 3s'

# --- no key ------------------------------------------------------------------------------

write ', soft-seconds: 2s, hard-seconds: 8s'
for ns in a b; do ctl $ns apply "$work/$ns.yaml" >/dev/null; done
gets starve-up 30 a 7 '.state == "up"'
check cut qkdnfctl emu down ab
# Applications take what they can get; the last of it goes to rekeys.
starved() {
	while ctl "$1" key take "$2" --octets 4Ki --label rest --digest sha256 >/dev/null 2>&1; do :; done
	for _ in {1..10}; do
		ctl "$1" ipsec rekey 7
		pause 0.05
	done
	has "$1" 7 '(.reason // "") | test("no key")'
}
check starved-a wait_for 60 starved a 1:2
# The other one may have none to seal a request with, and then just waits. With some
# left it would go on for as long as that lasts.
spent() { starved b 1:1 || has b 7 '.state == "waiting"'; }
wait_for 60 spent
gets starved-stops 30 a 7 '.state == "waiting"'
gets starved-stops-b 30 b 7 '.state == "waiting"'
clear_seen() {
	in_ns b awk '/^Icmp: In/ { for (i = 2; i <= NF; i++) if ($i == "InEchos") n = i; next }
		/^Icmp:/ { print $n }' /proc/net/snmp
}
before=$(clear_seen)
check_fails starved-fails-closed '100% packet loss|nreachable' in_ns a ping -q -c 5 -i 0.2 -W 1 192.168.7.2
check_equal starved-nothing-in-clear "$before" "$(clear_seen)"
check page-says-so grep -q 'IPsec of reqid 7 .* has no associations' <(ctl a show)
check mended qkdnfctl emu up ab
gets resumes-a 60 a 7 '.state == "up"'
gets resumes-b 60 b 7 '.state == "up"'
check resumes-agreed wait_for 30 agreed a 7 b 7
check resumes-ping wait_for 20 in_ns a ping -q -c 1 -W 2 192.168.7.2
lossless resumes-lossless a 192.168.7.2 10
books a b

# --- the module goes away under traffic ---------------------------------------------------

ip netns exec a ping -q -i 0.01 -w 300 192.168.7.2 >/dev/null &
one=$!
ip netns exec b ping -q -i 0.01 -w 300 fd00:9::1 >/dev/null &
two=$!
drop_emu_links
check module-out drop_module qkdnf
check_equal no-states-left '0 0' "$(states a) $(states b)"
stop $one
stop $two
check_fails closed-without-module '100% packet loss|nreachable' in_ns a ping -q -c 3 -i 0.2 -W 1 192.168.7.2

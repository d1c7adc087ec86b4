#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# IPsec under key of a stream.
#
# shellcheck disable=SC2016 # jq's and awk's variables, not the shell's
#
#	a 1:1 ---- b 1:2 ---- c 1:3       links; a-c: remote stream by way of b
#
#	reqid 7   a-b over the link, by xfrm interfaces: 192.168.7.1 - 192.168.7.2
#	reqid 8   a-c over the remote stream, by plain policies: 192.168.8.1 - 192.168.8.3

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"

ns_add a b c
veth a b 10.0.1.1/24 10.0.1.2/24
veth b c 10.0.2.2/24 10.0.2.3/24
ip -n a route add 10.0.2.0/24 via 10.0.1.2
ip -n c route add 10.0.1.0/24 via 10.0.2.2
in_ns b sysctl -qw net.ipv4.ip_forward=1
node a 1:1
node b 1:2
node c 1:3
settings="segment 4Ki pool 256Ki hello 500ms"
# shellcheck disable=SC2086
{
	link a 1:1 10.0.1.1 b 1:2 10.0.1.2 1M $settings
	link b 1:2 10.0.2.2 c 1:3 10.0.2.3 1M $settings
}

# --- bad input ----------------------------------------------------------------

add="ipsec add 7 peer 1:2 address 10.0.1.2 local 10.0.1.1"
check_fails bad-peer 'no such peer' ctl a ipsec add 7 peer 1:9 address 10.0.1.2 local 10.0.1.1
check_fails bad-no-peer 'needs a peer' ctl a ipsec add 7 address 10.0.1.2 local 10.0.1.1
check_fails bad-no-address 'outer address' ctl a ipsec add 7 peer 1:2
check_fails bad-no-local 'own outer address' ctl a ipsec add 7 peer 1:2 address 10.0.1.2
check_fails bad-families 'one family' ctl a ipsec add 7 peer 1:2 address 10.0.1.2 local fd00::1
check_fails bad-same 'are the same' ctl a ipsec add 7 peer 1:2 address 10.0.1.2 local 10.0.1.2
check_fails bad-any 'real one' ctl a ipsec add 7 peer 1:2 address 0.0.0.0 local 10.0.1.2
# shellcheck disable=SC2086
{
	check_fails bad-limits 'below its hard limit' ctl a $add soft-seconds 60s hard-seconds 30s
	check_fails bad-window 'window' ctl a $add window 5000
	check_fails bad-algorithm 'algorithm' ctl a $add algorithm rot13
}
check_fails bad-reqid 'reqid' ctl a ipsec add 0 peer 1:2 address 10.0.1.2 local 10.0.1.1
check_fails unknown 'no binding with this reqid' ctl a ipsec rekey 99
check_fails unknown-del 'no binding with this reqid' ctl a ipsec del 99

# --- over a link, by xfrm interfaces --------------------------------------------

# gateway NS NUMBER-OWN NUMBER-FAR: an xfrm interface and its policies
gateway() {
	ctl "$1" ipsec interface 7 add ipsec7 &&
		ctl "$1" ipsec policy 7 add "192.168.7.$2" "192.168.7.$3/32" || return
	ip -n "$1" addr add "192.168.7.$2/32" dev ipsec7
	ip -n "$1" route add "192.168.7.$3/32" dev ipsec7
}

# by_hand NS OWN FAR NUMBER-OWN NUMBER-FAR: the same as an administrator makes it
by_hand() {
	local ns=$1 own=$2 far=$3 n=$4 m=$5 d

	ip -n "$ns" link add ipsec7 type xfrm dev lo if_id 7 || return
	ip -n "$ns" addr add "192.168.7.$n/32" dev ipsec7
	ip -n "$ns" link set ipsec7 up
	ip -n "$ns" route add "192.168.7.$m/32" dev ipsec7
	for d in in fwd; do
		ip -n "$ns" xfrm policy add src "192.168.7.$m" dst "192.168.7.$n" dir $d if_id 7 \
			tmpl src "$far" dst "$own" proto esp mode tunnel reqid 7 || return
	done
	ip -n "$ns" xfrm policy add src "192.168.7.$n" dst "192.168.7.$m" dir out if_id 7 \
		tmpl src "$own" dst "$far" proto esp mode tunnel reqid 7
}

becomes link-ab 60 a 1:2 '.state == "up" and .own_level > 16384'
becomes link-ba 60 b 1:1 '.state == "up" and .own_level > 16384'
events_begin a

# One end alone says what it waits for; the other end's binding mends it.
# shellcheck disable=SC2086
check add-a ctl a $add if-id 7
gets waits 20 a 7 '.state == "waiting" and (.reason | test("other end has no binding"))'
saw event-failed 10 a sa-failed
# shellcheck disable=SC2086
check_fails add-twice 'there is a binding' ctl a $add
check add-b ctl b ipsec add 7 peer 1:1 address 10.0.1.1 local 10.0.1.2 if-id 7
check gateway-a gateway a 1 2
check gateway-b gateway b 2 1
gets up-a 20 a 7 '.state == "up"'
gets up-b 20 b 7 '.state == "up"'
saw event-rekeyed 10 a sa-rekeyed
crossed() { agreed a 7 b 7; }
check spis-agree wait_for 10 crossed
check ping in_ns a ping -q -c 20 -i 0.05 -W 30 192.168.7.2

# The helpers touch nothing of others.
check_fails interface-twice 'a device of this name' ctl a ipsec interface 7 add ipsec7
check_fails interface-of-others 'no xfrm interface of if-id 7' ctl a ipsec interface 7 del to-b
check_fails interface-unbound 'no binding with this reqid' ctl a ipsec interface 9 add ipsec9
check_fails policy-twice 'there is a policy' ctl a ipsec policy 7 add 192.168.7.1 192.168.7.2
check_fails policy-bits 'bits behind the prefix' ctl a ipsec policy 7 add 192.168.7.1/24 192.168.8.0/24
check_fails policy-families 'one IP version' ctl a ipsec policy 7 add 192.168.7.0/24 fd00::/64
policies() { ip -n a xfrm policy | grep -c '^src'; }
ours=$(policies)
check_equal policies-made 3 "$ours"
ip -n a xfrm policy add src 192.168.9.0/24 dst 192.168.10.0/24 dir in if_id 7 \
	tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel reqid 99
check_fails policy-not-ours 'there is a policy' ctl a ipsec policy 7 add 192.168.10.0/24 192.168.9.0/24
check_fails policy-not-ours-del 'no policy of reqid 7' ctl a ipsec policy 7 del 192.168.10.0/24 192.168.9.0/24
check_equal policy-of-others-stays $((ours + 1)) "$(policies)"
in_ns a ip xfrm policy del src 192.168.9.0/24 dst 192.168.10.0/24 dir in if_id 7
check policy-6 ctl a ipsec policy 7 add 2001:db8:1::/48 2001:db8:2::/48
check_equal policies-6 $((ours + 3)) "$(policies)"
check policy-6-del ctl a ipsec policy 7 del 2001:db8:1::/48 2001:db8:2::/48
check_equal policies-left "$ours" "$(policies)"

# No reader of xfrm sees key, and none can put the state in again.
no_key() {
	# aead NAME KEY ICV: the key is empty, or 0x with nothing behind
	! ip -n a xfrm state | grep 'aead' | grep -vqE '\)\)? +(0x)? *128$'
}
check key-not-shown no_key
note "$(ip -n a xfrm state | grep -m 1 aead)"
check_range states-shown 2 4 "$(states a)"

# rekeyed N times by one end, by the other, and by both at once, under traffic; a
# request that meets another one under way is one with it
rekeys() {
	local i n

	next() {
		for _ in {1..30}; do
			! has a 7 ".rekeys_out > $n" || break
			pause 0.3
		done
		pause 0.4
		n=$(of a 7 .rekeys_out)
	}
	n=$(of a 7 .rekeys_out)
	for ((i = 0; i < $1; i++)); do
		ctl a ipsec rekey 7
		next
		ctl b ipsec rekey 7
		next
		ctl a ipsec rekey 7 &
		ctl b ipsec rekey 7
		wait $!
		next
	done
}
before=$(of a 7 .rekeys_out)
rekeys 3 &
job=$!
lossless rekey-lossless a 192.168.7.2 300
wait $job
check_range rekeys-out $((before + 7)) $((before + 20)) "$(of a 7 .rekeys_out)"
check spis-agree-after wait_for 10 crossed
old_ones_gone() { counted a 2 && counted b 2; }
check old-ones-gone wait_for 30 old_ones_gone
# 48 octets for each association, in both directions; and for requests in vain
check key-spent has a 7 '(48 * (.rekeys_out + .rekeys_in)) as $n |
	.key_octets >= $n and .key_octets <= $n + 48 * .failed'

# Somebody flushes xfrm: it returns by itself, at both ends.
n=$(of a 7 .rekeys_out) m=$(of a 7 .rekeys_in)
check flush in_ns a ip xfrm state flush
gets flushed-a 30 a 7 ".state == \"up\" and .rekeys_out > $n and .rekeys_in > $m"
check spis-agree-flushed wait_for 30 crossed
lossless ping-flushed a 192.168.7.2 10

# Policies are flushed: nothing leaves in clear.
clear_seen() {
	in_ns b awk '/^Icmp: In/ { for (i = 2; i <= NF; i++) if ($i == "InEchos") n = i; next }
		/^Icmp:/ { print $n }' /proc/net/snmp
}
clear_before=$(clear_seen)
in_ns a ip xfrm policy flush
check_fails fails-closed '100% packet loss|nreachable' in_ns a ping -q -c 3 -i 0.2 -W 1 192.168.7.2
check_range echoes-were-counted 1 100000 "$clear_before"
check_equal nothing-in-clear "$clear_before" "$(clear_seen)"

# --- limits -----------------------------------------------------------------------

ctl a ipsec del 7
gets told 20 b 7 '.state == "waiting" and (.reason | test("other end"))'
check no-states wait_for 20 counted b 0
in_ns a ip xfrm policy flush
ip -n a link del ipsec7
check gateway-again by_hand a 10.0.1.1 10.0.1.2 1 2

# limited SETTING VALUE COMMAND...: a soft limit has it rekeyed
limited() {
	local name=$1 value=$2 n s none=''
	shift 2

	for s in octets packets seconds; do
		[ "soft-$s" = "$name" ] || none+=" soft-$s 0"
	done
	# shellcheck disable=SC2086
	check "$name-add" ctl a $add if-id 7 $none "$name" "$value"
	wait_for 30 has a 7 '.state == "up"'
	n=$(of a 7 .rekeys_out)
	"$@" >/dev/null 2>&1
	gets "$name" 15 a 7 ".rekeys_out > $n and .state == \"up\""
	ctl a ipsec del 7
	wait_for 20 counted b 0
}
limited soft-packets 10 in_ns a ping -q -c 15 -i 0.02 -W 30 192.168.7.2
limited soft-octets 10k in_ns a ping -q -c 15 -i 0.02 -s 1000 -W 30 192.168.7.2
limited soft-seconds 2s pause 2

# Traffic meets nothing and asks: hard limits end it, packets bring it back.
# shellcheck disable=SC2086
check add-hard ctl a $add if-id 7 soft-octets 0 soft-packets 0 soft-seconds 0 hard-packets 5
gets hard-up 30 a 7 '.state == "up"'
n=$(of a 7 .rekeys_out)
in_ns a ping -q -c 20 -i 0.05 -W 30 192.168.7.2 >/dev/null
gets hard-packets 20 a 7 ".rekeys_out > $n"
check ping-after-hard wait_for 20 in_ns a ping -q -c 1 -W 2 192.168.7.2

ctl a ipsec del 7
wait_for 20 counted b 0
# shellcheck disable=SC2086
check add-again ctl a $add if-id 7
gets up-again 30 a 7 '.state == "up"'

# --- restarts ----------------------------------------------------------------------

# The other end's peer begins a new incarnation, with its stream empty.
restart() {
	ctl b peer del 1:1 &&
		ctl b peer add 1:1 address 10.0.1.1 segment 4Ki pool 256Ki hello 500ms &&
		source_on b 1:1 ab.b
}
n=$(of a 7 .rekeys_out)
check restart-b restart
gets resynchronised-a 90 a 7 ".rekeys_out > $n and .state == \"up\""
gets resynchronised-b 30 b 7 '.state == "up"'
check spis-agree-restarted wait_for 30 crossed
lossless ping-restarted a 192.168.7.2 10

# The other end loses all: node and bindings.
check node-del ctl b node del
check node-gone wait_for 10 counted b 0
node b 1:2
ctl b peer add 1:1 address 10.0.1.1 segment 4Ki pool 256Ki hello 500ms
source_on b 1:1 ab.b
check binding-again ctl b ipsec add 7 peer 1:1 address 10.0.1.1 local 10.0.1.2 if-id 7
gets node-again-a 90 a 7 '.state == "up" and .reason == null'
check spis-agree-again wait_for 60 crossed
check ping-again wait_for 20 in_ns a ping -q -c 3 -i 0.1 -W 2 192.168.7.2

# --- over a remote stream -------------------------------------------------------------

ctl b peer add 1:3 address 10.0.2.3 segment 4Ki pool 256Ki hello 500ms
source_on b 1:3 bc.a
ctl a route add 1:3 via 1:2
ctl c route add 1:1 via 1:2
ctl b route add 1:1 via 1:1
ctl b route add 1:3 via 1:3
remote="kind remote segment 4Ki pool 256Ki low 8Ki high 16Ki"
# shellcheck disable=SC2086
{
	check remote-a ctl a peer add 1:3 address 10.0.2.3 local 10.0.1.1 $remote
	check remote-c ctl c peer add 1:1 address 10.0.1.1 local 10.0.2.3 $remote
}
becomes link-bc 90 b 1:3 '.state == "up"'
becomes stream-a 90 a 1:3 '.own_level >= 8192'
becomes stream-c 90 c 1:1 '.own_level >= 8192'

# plain NS OWN FAR NUMBER-OWN NUMBER-FAR
plain() {
	local ns=$1 own=$2 far=$3 n=$4 m=$5 via=$6

	ip -n "$ns" addr add "192.168.8.$n/32" dev lo
	ip -n "$ns" route add "192.168.8.$m/32" via "$via" src "192.168.8.$n"
	ip -n "$ns" xfrm policy add src "192.168.8.$m" dst "192.168.8.$n" dir in \
		tmpl src "$far" dst "$own" proto esp mode tunnel reqid 8 &&
		ip -n "$ns" xfrm policy add src "192.168.8.$n" dst "192.168.8.$m" dir out \
			tmpl src "$own" dst "$far" proto esp mode tunnel reqid 8
}
check plain-a plain a 10.0.1.1 10.0.2.3 1 3 10.0.1.2
check plain-c plain c 10.0.2.3 10.0.1.1 3 1 10.0.2.2
check add-8a ctl a ipsec add 8 peer 1:3 address 10.0.2.3 local 10.0.1.1 algorithm chacha20-poly1305 soft-seconds 2s
check add-8c ctl c ipsec add 8 peer 1:1 address 10.0.1.1 local 10.0.2.3 algorithm chacha20-poly1305
gets remote-up-a 30 a 8 '.state == "up"'
gets remote-up-c 30 c 8 '.state == "up"'
check remote-spis-agree wait_for 30 agreed a 8 c 8
n=$(of a 8 .rekeys_out)
began=$SECONDS
lossless remote-lossless a 192.168.8.3 300
# every two seconds, for as long as that took
check_range remote-rekeys $((n + 1)) $((n + 10 + SECONDS - began)) "$(of a 8 .rekeys_out)"

# Alike at both ends, or not at all.
ctl c ipsec del 8
check add-other ctl c ipsec add 8 peer 1:1 address 10.0.1.1 local 10.0.2.3 algorithm aes-gcm
gets mismatch 20 c 8 '.reason | test("differ at the other end")'

check_equal list 2 "$(ctl a -j ipsec show | jq length)"
books a b c

# The runner takes the module out now, under traffic.
ctl c ipsec del 8

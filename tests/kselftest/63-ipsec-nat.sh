#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# ESP in UDP: by IPv4 and IPv6, through a NAT whose mapping changes, beside a program
# that has the port.
#
#	a 1:1 --- m --- b 1:2		m: NAT, what a sends from 10.0.1.1 port 4600
#					reqid 7: 192.168.7.1 - 192.168.7.2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"

ns_add a b m
for ns in a b; do
	n=1
	[ $ns = a ] || n=2
	ip link add to-$ns netns m type veth peer name to-m netns $ns &&
		veth_end m to-$ns && veth_end $ns to-m 10.0.1.$n/24 || bail "wire-$ns" "cannot make it"
	addr $ns to-m fd00:1::$n/64
	# m answers for the address that the NAT gives a
done
addr a to-m 10.0.1.11/24
ip netns exec m python3 "$top/tests/guest/nat.py" "$work/outside" 10.0.1.1:4600 >"$work/seen" 2>"$work/err" &
nat=$!
at_end stop $nat
node a 1:1
node b 1:2
link a 1:1 10.0.1.1 b 1:2 10.0.1.2 2M segment 4Ki pool 256Ki hello 200ms

# gateway NS OWN FAR NUMBER-OWN NUMBER-FAR
gateway() {
	local ns=$1 own=$2 far=$3 n=$4 m=$5

	ip -n "$ns" xfrm policy add src "192.168.7.$m" dst "192.168.7.$n" dir in if_id 7 \
		tmpl src "$far" dst "$own" proto esp mode tunnel reqid 7 &&
		ip -n "$ns" xfrm policy add src "192.168.7.$n" dst "192.168.7.$m" dir out if_id 7 \
			tmpl src "$own" dst "$far" proto esp mode tunnel reqid 7
}
interface() { # NS NUMBER-OWN NUMBER-FAR
	ip -n "$1" link add ipsec7 type xfrm dev lo if_id 7 || return
	ip -n "$1" addr add "192.168.7.$2/32" dev ipsec7
	ip -n "$1" link set ipsec7 up
	ip -n "$1" route add "192.168.7.$3/32" dev ipsec7
}
ping_works() { in_ns a ping -q -c 2 -i 0.2 -W 2 192.168.7.2; }
check interface-a interface a 1 2
check interface-b interface b 2 1
check policies-a gateway a 10.0.1.1 10.0.1.2 1 2
check policies-b gateway b 10.0.1.2 10.0.1.1 2 1
becomes link-ab 60 a 1:2 '.state == "up" and .own_level > 8192'
becomes link-ba 60 b 1:1 '.state == "up" and .own_level > 8192'

# --- bad input, and somebody else's port --------------------------------------------

a4="7 peer 1:2 address 10.0.1.2 local 10.0.1.1 if-id 7"
b4="7 peer 1:1 address 10.0.1.1 local 10.0.1.2 if-id 7"
# shellcheck disable=SC2086
{
	check_fails bad-to-alone 'goes with encap' ctl a ipsec add $a4 encap-to 4500
	check_fails bad-port 'encap' ctl a ipsec add $a4 encap 70000
	check_fails bad-port-to 'encap-to' ctl a ipsec add $a4 encap 4500 encap-to 0
}
# the process itself, not a shell around it, is what stop is about
ip netns exec a python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 4600)); time.sleep(600)' &
holder=$!
at_end stop $holder
held() { in_ns a ss -Hlun sport = :4600 | grep -q 4600; }
check somebody-has-it wait_for 10 held
# shellcheck disable=SC2086
check_fails port-taken 'another program has this UDP port' ctl a ipsec add $a4 encap 4600 encap-to 4500
check_equal none-left 0 "$(ctl a -j ipsec show | jq length)"
stop $holder

# --- IPv4 -----------------------------------------------------------------------------

# Plain at one end, in UDP at the other: both say so.
# shellcheck disable=SC2086
{
	check add-a ctl a ipsec add $a4 encap 4600 encap-to 4500
	check add-b-plain ctl b ipsec add $b4
}
gets differs 20 a 7 '.reason | test("encap differ")'
check del-b ctl b ipsec del 7
# shellcheck disable=SC2086
check add-b ctl b ipsec add $b4 encap 4500
# It cannot know of 4600 but from what comes.
gets up-a 60 a 7 '.state == "up"'
gets up-b 60 b 7 '.state == "up"'
check ping wait_for 30 ping_works
gets port-learnt 30 b 7 '.encap_to == 4600 and .mapped and .addr4 == "10.0.1.1"'

# A NAT begins to map, and changes its mind.
mapped() { # NAME ADDRESS PORT
	echo "$2:$3" >"$work/outside"
	ip netns exec a ping -q -i 0.1 192.168.7.2 >/dev/null &
	job=$!
	gets "$1" 60 b 7 ".addr4 == \"$2\" and .encap_to == $3 and .mapped and .state == \"up\""
	stop $job
	check "$1-ping" wait_for 30 ping_works
}
mapped nat-address 10.0.1.11 4700
mapped nat-port 10.0.1.11 4711
check policy-follows wait_for 30 eval "ip -n b xfrm policy | grep -q 'dst 10.0.1.11'"
check agreed wait_for 30 agreed a 7 b 7
check rekey ctl b ipsec rekey 7
lossless lossless a 192.168.7.2 100
check_equal forged 0 $(($(forged a) + $(forged b)))

# A file that says what was configured finds nothing to do.
cat >"$work/b.yaml" <<-END
	node: {id: 1:2}
	peers:
	  - {id: 1:1, address: 10.0.1.1, segment: 4Ki, pool: 256Ki, hello: 200ms, source: /dev/qkdemu/ab.b}
	ipsec:
	  - {reqid: 7, peer: 1:1, address: 10.0.1.1, local: 10.0.1.2, if-id: 7, encap: 4500}
END
check_equal apply-none 'nothing to do: what runs is what the file says' "$(ctl b apply "$work/b.yaml")"

# --- IPv6 -----------------------------------------------------------------------------

: >"$work/outside"
check del-4a ctl a ipsec del 7
gets told 20 b 7 '.state == "waiting"'
check del-4b ctl b ipsec del 7
port_free() { ! in_ns b ss -Hlun sport = :4500 | grep -q 4500; }
check port-free wait_for 10 port_free
ip -n a xfrm policy flush
ip -n b xfrm policy flush
check policies-6a gateway a fd00:1::1 fd00:1::2 1 2
check policies-6b gateway b fd00:1::2 fd00:1::1 2 1
check add-6a ctl a ipsec add 7 peer 1:2 address fd00:1::2 local fd00:1::1 if-id 7 encap 4500
check add-6b ctl b ipsec add 7 peer 1:1 address fd00:1::1 local fd00:1::2 if-id 7 encap 4500
gets up-6a 60 a 7 '.state == "up"'
gets up-6b 60 b 7 '.state == "up" and (.mapped | not)'
check ping-6 wait_for 30 ping_works

# --- what was on the wire ---------------------------------------------------------------

sleep 0.3
stop $nat
note "$(cat "$work/seen" "$work/err")"
check wire-udp jq -e '.["esp-in-udp"] > 100 and .["esp-in-udp6"] > 3 and .mapped > 50 and .keepalive >= 2' "$work/seen"
check wire-no-esp jq -e '.esp == null and .other == null' "$work/seen"

books a b

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 500
#
# IPsec while either end begins anew between any two SA frames.
# A man in the middle of the link stops everything there; frames of before come at
# once, or late. Both ends hold one key for one SPI, and no octet seals two frames.
#
#	  a 1:1 --- m --- b 1:2		reqid 7: 192.168.7.1 - 192.168.7.2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"
. "$(dirname "$0")/ipsec.sh"

ns_add a b m
for ns in a b; do
	n=1
	[ $ns = a ] || n=2
	ip link add to-$ns netns m type veth peer name to-m netns $ns &&
		veth_end m to-$ns && veth_end $ns to-m 10.0.1.$n/24 || bail "wire-$ns" "cannot make it"
done
emu_link ab rate 2M block 4096
# file N M LETTER-OF-LINK
file() {
	cat <<-END
		node: {id: 1:$1}
		peers:
		  - {id: 1:$2, address: 10.0.1.$2, segment: 4Ki, pool: 256Ki, hello: 200ms, source: /dev/qkdemu/ab.$3}
		ipsec:
		  - {reqid: 7, peer: 1:$2, address: 10.0.1.$2, local: 10.0.1.$1, if-id: 7}
	END
}
file 1 2 a >"$work/a.yaml"
file 2 1 b >"$work/b.yaml"

gateway() { # NS N M
	local ns=$1 n=$2 m=$3

	ip -n "$ns" link add ipsec7 type xfrm dev lo if_id 7 || return
	ip -n "$ns" addr add "192.168.7.$n/32" dev ipsec7
	ip -n "$ns" link set ipsec7 up
	ip -n "$ns" route add "192.168.7.$m/32" dev ipsec7
	ip -n "$ns" xfrm policy add src "192.168.7.$n" dst "192.168.7.$m" dir out if_id 7 \
		tmpl src "10.0.1.$n" dst "10.0.1.$m" proto esp mode tunnel reqid 7 &&
		ip -n "$ns" xfrm policy add src "192.168.7.$m" dst "192.168.7.$n" dir in if_id 7 \
			tmpl src "10.0.1.$m" dst "10.0.1.$n" proto esp mode tunnel reqid 7
}
check gateway-a gateway a 1 2
check gateway-b gateway b 2 1

# Waiting is most of it, but an emulated guest is at work all the time.
enough=60
[[ $(uname -r) != *-uml ]] || enough=150
in_ns m python3 "$top/tests/guest/rekeys.py" "$work" $enough >"$work/log" 2>"$work/err" &
man=$!
at_end stop $man
wait $man
status=$?
cat "$work/log"
tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/log")))
if [ -s "$work/err" ]; then
	sed 's/^/#   /' "$work/err"
	fail rekeys "$(tail -n 1 "$work/err")"
elif [ $status -gt 1 ]; then
	fail rekeys "exit status $status"
fi
books a b

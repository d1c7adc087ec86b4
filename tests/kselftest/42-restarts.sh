#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# A remote stream while the origin, the relay or the far end begins anew between
# any two frames that carry a segment or acknowledge it. A man in the middle of
# each link stops everything there; frames of the old life come at once, or late.
# Each of the three has a chain of nodes to itself, all at the same time:
#
#	  a 1:1 --- m --- b 1:2 --- m --- d 1:4
#	      \____________ m ____________/     what a and d say under their own key
#
# No octet of key may ever seal two frames, and key of the two ends is the same.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

# wire NS INTERFACE ADDRESS INTERFACE-OF-M: a cable from a node to the man
wire() {
	ip link add "$4" netns "$who-m" type veth peer name "$2" netns "$1" &&
		veth_end "$who-m" "$4" && veth_end "$1" "$2" "$3" || bail "wire-$1-$4" "cannot make it"
}

# remote NODE PEER: the file of a node with this peer, too
remote() { { cat "$work/$1-links.yaml"; echo "  - $2"; } >"$work/$1.yaml"; }

settings="segment: 4Ki, hello: 200ms"
link="pool: 256Ki, $settings"
remote="kind: remote, pool: 512Ki, low: 16Ki, high: 24Ki, $settings"
everyone=()

for who in origin relay far; do
	a=$who-a b=$who-b d=$who-d
	ns_add $a $b $d $who-m
	everyone+=("$a" "$b" "$d")
	wire $a to-b 10.0.1.1/24 to-a
	wire $b to-a 10.0.1.2/24 b-to-a
	wire $b to-d 10.0.2.1/24 b-to-d
	wire $d to-b 10.0.2.2/24 to-d
	wire $a to-d 10.0.9.1/24 direct-a
	wire $d to-a 10.0.9.2/24 direct-d
	emu_link $who-ab rate 500k block 4096
	emu_link $who-bd rate 500k block 4096
	cat >"$work/$a-links.yaml" <<-END
		node: {id: 1:1}
		routes:
		  - {to: 1:4, via: 1:2}
		peers:
		  - {id: 1:2, address: 10.0.1.2, $link, source: /dev/qkdemu/$who-ab.a}
	END
	cat >"$work/$b.yaml" <<-END
		node: {id: 1:2}
		peers:
		  - {id: 1:1, address: 10.0.1.1, $link, source: /dev/qkdemu/$who-ab.b}
		  - {id: 1:4, address: 10.0.2.2, $link, source: /dev/qkdemu/$who-bd.a}
		routes:
		  - {to: 1:1, via: 1:1}
		  - {to: 1:4, via: 1:4}
	END
	cat >"$work/$d-links.yaml" <<-END
		node: {id: 1:4}
		routes:
		  - {to: 1:1, via: 1:2}
		peers:
		  - {id: 1:2, address: 10.0.2.1, $link, source: /dev/qkdemu/$who-bd.b}
	END
	remote $a "{id: 1:4, address: 10.0.9.2, $remote}"
	remote $d "{id: 1:1, address: 10.0.9.1, $remote}"
done

# An emulated guest has time for some of the points; all of them are for User-mode
# Linux: the stage "uml" of make check.
enough=30
[[ $(uname -r) != *-uml ]] || enough=10000
chains=()
for who in origin relay far; do
	ip netns exec $who-m python3 "$top/tests/guest/chain.py" $who "$work" $enough \
		>"$work/$who.log" 2>"$work/$who.err" &
	chains+=($!)
done
stop_chains() { kill "${chains[@]}" 2>/dev/null; wait "${chains[@]}" 2>/dev/null; }
at_end stop_chains
i=0
for who in origin relay far; do
	wait "${chains[i]}"
	status=$?
	cat "$work/$who.log"
	tests_failed=$((tests_failed + $(grep -c '^not ok ' "$work/$who.log")))
	if [ -s "$work/$who.err" ]; then
		sed 's/^/#   /' "$work/$who.err"
		fail "restarts-$who" "$(tail -n 1 "$work/$who.err")"
	elif [ "$status" -gt 1 ]; then
		fail "restarts-$who" "exit status $status"
	fi
	i=$((i + 1))
done
books "${everyone[@]}"

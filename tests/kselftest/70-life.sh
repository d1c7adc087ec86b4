#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Under full traffic: objects, namespaces and the module itself go away; memory
# stays within what the node may have.
#
#	a 1:1 ===== b 1:2 ===== c 1:3		a-c: remote stream via b, kept hungry

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/km.sh"

# What a node is: applied whole at first, and by its lines again later.
cat >"$work/a.yaml" <<END
node: {id: 1:1}
peers:
  - {id: 1:2, address: 10.0.1.2, segment: 4Ki, pool: 512Ki, hello: 200ms, source: /dev/qkdemu/ab.a}
  - {id: 1:3, kind: remote, address: 10.0.2.2, segment: 4Ki, pool: 4Mi, low: 3Mi, high: 4Mi}
routes:
  - {to: 1:3, via: 1:2}
END
cat >"$work/b.yaml" <<END
node: {id: 1:2}
peers:
  - {id: 1:1, address: 10.0.1.1, segment: 4Ki, pool: 512Ki, hello: 200ms, source: /dev/qkdemu/ab.b}
  - {id: 1:3, address: 10.0.2.2, segment: 4Ki, pool: 512Ki, hello: 200ms, source: /dev/qkdemu/bc.a}
routes:
  - {to: 1:1, via: 1:1}
  - {to: 1:3, via: 1:3}
END
cat >"$work/c.yaml" <<END
node: {id: 1:3}
peers:
  - {id: 1:2, address: 10.0.2.1, segment: 4Ki, pool: 512Ki, hello: 200ms, source: /dev/qkdemu/bc.b}
  - {id: 1:1, kind: remote, address: 10.0.1.1, segment: 4Ki, pool: 4Mi, low: 3Mi, high: 4Mi}
routes:
  - {to: 1:1, via: 1:2}
END

# whole NS...: each runs what its file says. The device of a source that just went
# away may still be on its way out.
whole() {
	local n

	for n in "$@"; do
		wait_for 60 ctl "$n" apply "$work/$n.yaml" ||
			bail "life-apply-$n" "$(ctl "$n" apply "$work/$n.yaml" 2>&1)"
	done
}

build() {
	for n in a b c; do
		ip netns add $n && ip -n $n link set lo up
	done
	chain 10.0 a b c
	in_ns b sysctl -qw net.ipv4.ip_forward=1
	ip -n a route add default via 10.0.1.2
	ip -n c route add default via 10.0.2.1
	whole a b c
}

traffic() { is c 1:1 ".own_level >= $1"; }

# flows NAME [OCTETS]: c gets key that it agrees with a
flows() {
	if wait_for 200 traffic "${2:-16384}"; then
		pass "$1"
		return
	fi
	for n in a b c; do
		note "$n: $(ctl $n -j peer show | jq -c '[.[] | {id, state, own_level, other_level, held,
			counters: .counters | with_entries(select(.value > 0))}]')"
		note "$n: $(ctl $n -j relay show | tr -d '\n')"
	done
	fail "$1" "no key at c after 200 s"
}

del_all() {
	local pids=()

	for n in a b c; do
		ip netns del $n &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# gone: a namespace's name goes at once and the rest of it later, when its sources
# let go of their devices: then others may have them.
gone() {
	local device

	[ -z "$(ip netns list)" ] || return 1
	for device in ab.a ab.b bc.a bc.b; do
		true <"/dev/qkdemu/$device" || return 1
	done
}

# made and deleted here; the rest is for a script that was broken off
ns_list=(a b c)
emu_link ab rate 2M block 4096
emu_link bc rate 2M block 4096

# --- the module, then the namespaces, in the midst of it -----------------------------------------

for i in 1 2; do
	need_module qkdnf
	build
	flows life-traffic-before-unload-$i
	check life-unload-under-traffic-$i drop_module qkdnf
	need_module qkdnf
	check_fails life-unloaded-forgot-$i 'qkdnfctl node set' ctl b node show
	del_all
	wait_for 60 gone || bail life-gone-$i "namespaces or devices stay"
done

for i in 1 2 3; do
	build
	flows life-traffic-before-netns-$i
	check life-netns-under-traffic-$i del_all
	check life-netns-gone-$i wait_for 60 gone
done

# --- objects, in the midst of it ------------------------------------------------------------------

build
flows life-traffic
for i in 1 2; do
	ctl b route del 1:3
	ctl b route del 1:1
	ctl a peer del 1:3
	ctl c peer del 1:1
	whole a b c
	flows life-after-remotes-$i 8192
	ctl b source del 1:1
	ctl b source del 1:3
	ctl c node del
	whole b c
	flows life-after-node-$i 8192
	ctl b peer del 1:1
	whole b
	becomes life-after-relay-peer-$i 200 b 1:1 '.state == "up"'
done
books a b c

# --- memory ------------------------------------------------------------------------------------------

# The peer may have more than the node: the node's limit is what stops it. It is
# told, and the newest key stays, so that the ends meet all the same.
ctl a peer del 1:3
ctl a peer del 1:2
ctl a node set 1:1 memory 256Ki
ctl a peer add 1:2 address 10.0.1.2 segment 4Ki pool 2Mi hello 200ms
events_begin a
check life-memory-source wait_for 60 ctl a source add 1:2 fd /dev/qkdemu/ab.a
saw life-memory-is-told 120 a memory-limit
becomes life-memory-meets 120 a 1:2 '.state == "up" and .own_level > 0'
bounded() {
	for _ in {1..10}; do
		ctl a -j stats | jq -e '.mem_max == 262144 and .mem_used <= .mem_max' || return 1
	done
}
check life-memory-bounded bounded
check life-memory-still-fills wait_for 30 is a 1:2 '.held > 131072 and .held <= 262144'
books a

# A program that runs in a namespace keeps it.
# shellcheck disable=SC2154 # set by events_begin
stop "$monitor_a"
del_all
check life-end wait_for 60 gone
